"""
How deep, how wide? A grid search
=================================

Depth and width are parameters like others. A grid search with scikit-learn's tools, scored
by log loss.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skxent import SoftmaxMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

# %%
# Every network is one plain network with early stopping, so that none is judged by an
# unlucky number of epochs. ``n_jobs=2`` trains two at a time.

depths, widths = (0, 1, 2, 3), (16, 32, 64, 128)
search = GridSearchCV(
    SoftmaxMLPClassifier(
        solver="adam",
        learning_rate_init=0.005,
        early_stopping=True,
        n_iter_no_change=5,
        encoder="passthrough",
        random_state=0,
    ),
    {"hidden_layer_sizes": [(width,) * depth for depth in depths for width in widths]},
    scoring="neg_log_loss",
    cv=3,
    n_jobs=2,
).fit(X_train, y_train)

# %%
# The first row has no hidden layer, so the width plays no part in it: logistic regression.

loss = -search.cv_results_["mean_test_score"].reshape(len(depths), len(widths))
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
image = ax.imshow(loss, cmap="viridis_r", origin="lower")
for (row, column), value in np.ndenumerate(loss):
    color = "white" if value > loss.mean() else "black"
    ax.text(column, row, f"{value:.3f}", ha="center", va="center", color=color)
ax.set(xticks=range(len(widths)), xticklabels=widths, xlabel="units in each hidden layer")
ax.set(yticks=range(len(depths)), yticklabels=depths, ylabel="hidden layers")
figure.colorbar(image, label="log loss, mean of 3 folds")

print("best:", search.best_params_)
print(f"log loss on test rows: {-search.score(X_test, y_test):.3f}")

# %%
# Before the best cell is taken at its word, see how much one fold differs from the next. Where
# the runners-up are within that distance, the smallest of them is the better choice.

spread = search.cv_results_["std_test_score"][search.best_index_]
within = np.array(search.cv_results_["params"])[loss.ravel() < loss.min() + spread]
print(f"standard deviation over the folds, at the best: {spread:.3f}")
print("within that distance:", [p["hidden_layer_sizes"] for p in within])
plt.show()
