"""
Why this answer?
================

One row, one answer, and what each column added to it. :func:`~skxent.attributions` shares out the
log-odds among the columns, so that nothing is left over.
"""

# %%
# A tumour that the network is most wrong about: the test row whose true class has the lowest
# probability.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier, attributions

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
classifier = SoftmaxMLPClassifier(random_state=0).fit(X_train, y_train)
p = classifier.predict_proba(X_test)
row = np.argmin(p[np.arange(len(p)), y_test])
true = ["malignant", "benign"][y_test.iloc[row]]
print(f"probability of benign {p[row, 1]:.3f}, true class {true}")

# %%
# Compared with the average row of training, each column moves the log-odds of "benign" up or down.
# Added to what the network says of that average row they are its answer to this row.

values, base, names = attributions(classifier, X_test.iloc[[row]], background=X_train)
values, base = values[0], base[0]
logit = classifier.decision_function(X_test.iloc[[row]])[0]
print(f"average row {base:+.3f}  columns {values.sum():+.3f}  together {base + values.sum():+.3f}")
print(f"decision_function                                {logit:+.3f}")

order = np.argsort(np.abs(values))[::-1]
shown, rest = order[:10], order[10:]
labels = [f"{names[j]} = {X_test.iloc[row, j]:.4g}" for j in shown] + [f"{len(rest)} others"]
parts = np.append(values[shown], values[rest].sum())
ends = base + np.cumsum(parts)
figure, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
ax.barh(labels, parts, left=ends - parts, color=np.where(parts > 0, "tab:blue", "tab:orange"))
ax.axvline(base, color="gray", linestyle=":", label="the average row")
ax.axvline(ends[-1], color="black", linewidth=1, label="this row")
ax.set(xlabel="log-odds of benign")
ax.use_sticky_edges = False
ax.autoscale_view()
ax.invert_yaxis()
ax.legend(loc="lower left")

# %%
# A part of +0.7 doubles the odds, wherever they stand, since :math:`e^{0.7} \approx 2`. What it
# does to a probability depends on where that stands: much at 1/2, little near 0 and 1.
#
# Why this rather than that?
# --------------------------
# With one row as the background the question is another one: what makes the answer differ from the
# answer to that row? Here the row that is most like the first among those surely benign.

benign = X_train[classifier.predict_proba(X_train)[:, 1] > 0.95]
distance = (((benign - X_test.iloc[row]) / X_train.std()) ** 2).sum(axis=1)
other = benign.loc[[distance.idxmin()]]
between = attributions(classifier, X_test.iloc[[row]], background=other).values[0]
for j in np.argsort(np.abs(between))[::-1][:4]:
    print(f"{names[j]:24}{other.iloc[0, j]:9.4g} -> {X_test.iloc[row, j]:9.4g}  {between[j]:+.2f}")

# %%
# More than two classes
# ---------------------
# Every class has its own attributions, and over the classes those of a column sum to 0: what speaks
# for one speaks against the others. The pixels of a digit, as they speak for (purple) and against
# (orange) three of the ten classes:

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
classifier = SoftmaxMLPClassifier(64, encoder="passthrough", random_state=0).fit(X_train, y_train)
row = np.flatnonzero(y_test == 8)[0]
explained = attributions(classifier, X_test[[row]], background=X_train)
values, p = explained.values[0], classifier.predict_proba(X_test[[row]])[0]

figure, axes = plt.subplots(1, 4, figsize=(9.5, 2.8), layout="constrained")
axes[0].imshow(X_test[row].reshape(8, 8), cmap="gray_r")
axes[0].set_title("the picture")
largest = np.abs(values).max()
for ax, digit in zip(axes[1:], (8, 3, 1), strict=True):
    ax.imshow(values[:, digit].reshape(8, 8), cmap="PuOr", vmin=-largest, vmax=largest)
    ax.set_title(f"{digit}: probability {p[digit]:.3f}")
for ax in axes:
    ax.set_axis_off()
print("sum over the classes, largest:", np.abs(values.sum(axis=1)).max().round(12))
plt.show()
