"""
What the network goes by
========================

Three looks at one network: how much worse it does without a column (permutation importance), how
much a column moves its answers (attributions), and which way (partial dependence). On columns that
say nearly the same, the first two differ, and it is worth knowing why.
"""

# %%
# Measurements of cell nuclei, 30 columns: ten quantities, of each the mean, the standard error and
# the worst. The class is whether the tumour is benign. Rows that were not trained on are looked at:
# on rows of training, a column is important for what was learnt by heart, too.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier, attributions

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
classifier = SoftmaxMLPClassifier(random_state=0).fit(X_train, y_train)
loss = log_loss(y_test, classifier.predict_proba(X_test))
print(f"test log loss {loss:.3f}, accuracy {classifier.score(X_test, y_test):.3f}")

# %%
# Permutation importance shuffles one column at a time and asks how much worse the log loss becomes.
# Attributions share out each row's log-odds among the columns; their mean absolute value over the
# rows is an importance as well, for the price of one pass.

permuted = permutation_importance(
    classifier, X_test, y_test, scoring="neg_log_loss", n_repeats=5, random_state=0
)
explained = attributions(classifier, X_test, background=X_train)
importance = np.abs(explained.values).mean(axis=0)

order = np.argsort(importance)[::-1][:12]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
left.barh(X.columns[order], importance[order])
left.set(xlabel="mean |attribution|, nats of log-odds", title="moves the answers")
left.invert_yaxis()
spread = permuted.importances_std[order]
right.barh(X.columns[order], permuted.importances_mean[order], xerr=spread, color="tab:orange")
right.set(xlabel="rise of the log loss", title="is missed when shuffled")
agreement = spearmanr(importance, permuted.importances_mean).statistic
print(f"rank correlation of the two over all 30 columns: {agreement:.2f}")

# %%
# Hardly any column is missed by itself, and which of them is more so is mostly chance. The radius,
# the perimeter and the area of a nucleus say the same thing, so with one of them shuffled the
# others still tell. All that measure size, shuffled together (whole rows of them, so that they go
# on agreeing with each other), are missed:

size = [name for name in X if name.split()[-1] in ("radius", "perimeter", "area")]
rng = np.random.default_rng(0)


def loss_without(columns):
    """Rise of the log loss when the rows of these columns change places, mean of five times."""
    risen = []
    for _ in range(5):
        shuffled = X_test.copy()
        shuffled[columns] = X_test[columns].to_numpy()[rng.permutation(len(X_test))]
        risen.append(log_loss(y_test, classifier.predict_proba(shuffled)) - loss)
    return np.mean(risen)


alone = [loss_without([name]) for name in size]
print(f"each of {len(size)} columns of size alone, summed {sum(alone):.3f}, most {max(alone):.3f}")
print(f"all of them together            {loss_without(size):.3f}")

# %%
# Partial dependence sets a column to one value in all rows and averages the answers. Thin lines are
# single rows. On the scale of log-odds (the decision function) they are nearly parallel: this
# column adds much the same whatever the others say. On the scale of probabilities the same lines
# fan out, because a sure answer stays sure.

figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
scales = {"log-odds of benign": "decision_function", "probability of benign": "predict_proba"}
for ax, (name, scale) in zip(axes, scales.items(), strict=True):
    display = PartialDependenceDisplay.from_estimator(
        classifier,
        X_test,
        ["worst texture"],
        kind="both",
        subsample=40,
        grid_resolution=25,
        response_method=scale,
        random_state=0,
        ax=ax,
    )
    display.axes_[0, 0].set_ylabel(name)

# %%
# Beware of columns that move together: a nucleus with the largest radius and the smallest area does
# not exist, but partial dependence asks about it, and the network has to make something up. Texture
# is not free of that either: its mean stayed as it was while its worst moved, so the lines show
# only a part of what texture does.

correlation = X_test.drop(columns="worst texture").corrwith(
    X_test["worst texture"], method="spearman"
)
print(f"largest rank correlation with {correlation.idxmax()}: {correlation.max():.2f}")
plt.show()
