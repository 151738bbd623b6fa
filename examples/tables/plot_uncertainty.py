"""
How sure, and how sure of that
==============================

A probability of 1/2 can mean that the classes overlap here, or that nothing is known of rows like
this one. The members of a committee tell the two apart: of the first they are all in the same
doubt, of the second each has an opinion of its own.
"""

# %%
# Two half-moons, from which the rows in the middle were taken out before training.
# :func:`~skxent.uncertainty` splits the entropy of every point of the plane.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier, uncertainty

X, y = make_moons(800, noise=0.15, random_state=0)
middle = (X[:, 0] > 0) & (X[:, 0] < 1)
classifier = SoftmaxMLPClassifier(random_state=0).fit(X[~middle], y[~middle])

across, up = np.meshgrid(np.linspace(-2, 3, 200), np.linspace(-1.5, 2, 200))
plane = uncertainty(classifier, np.column_stack([across.ravel(), up.ravel()]))

figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.6), sharey=True, layout="constrained")
levels = [0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.7]
colors = plt.get_cmap("magma_r")(np.linspace(0, 1, len(levels) - 1))
for ax, name in zip(axes, ("aleatoric", "epistemic"), strict=True):
    values = getattr(plane, name).reshape(across.shape)
    shown = ax.contourf(across, up, values, levels, colors=colors)
    ax.scatter(*X[~middle].T, c=y[~middle], cmap="RdBu", edgecolor="white", s=18, linewidth=0.5)
    ax.set(title=name, xlabel="first feature")
axes[0].set_ylabel("second feature")
figure.colorbar(shown, ax=axes, label="nats")

# %%
# At the left the doubt that all members share, along the boundary between the classes. At the right
# their disagreement: where the boundary leaves the rows, each member has drawn it elsewhere. In the
# gap they differ a little, since the rows at both sides leave it few ways to run; beyond the rows
# they differ a lot. It is the smaller part by far, and what counts is where it is large:

for name, rows in {
    "rows like those of training": X[~middle],
    "the rows that were taken out": X[middle],
    "all rows, moved up by 10": X + [0, 10],
}.items():
    parts = uncertainty(classifier, rows)
    print(
        f"{name:29} aleatoric {parts.aleatoric.mean():.4f}   epistemic {parts.epistemic.mean():.4f}"
    )

# %%
# The last line is a warning. Far away from all rows, and from the boundary, every member is sure,
# and all are sure of the same: to agree is not to know. Whether a row lies within the ranges of
# training is to be asked of the ranges.

# %%
# Digits that were never shown
# ----------------------------
# Trained without any 2 and 7, then asked about them. There is no right answer among the eight
# classes, and the members' answers differ.

X, y = load_digits(return_X_y=True)
never = np.isin(y, [2, 7])
X_train, X_test, y_train, _ = train_test_split(X[~never], y[~never], random_state=0)
classifier = SoftmaxMLPClassifier(64, encoder="passthrough", random_state=0)
classifier.fit(X_train / 16, y_train)
known, unknown = uncertainty(classifier, X_test / 16), uncertainty(classifier, X[never] / 16)

figure, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
bins = np.geomspace(1e-4, 1, 41)
for name, parts in {"digits of training": known, "2 and 7": unknown}.items():
    ax.hist(parts.epistemic.clip(1e-4), bins, histtype="step", label=name)
ax.set(xscale="log", xlabel="epistemic entropy in nats", ylabel="test rows")
ax.legend(loc="upper center")

is_new = np.repeat([0, 1], [len(known.total), len(unknown.total)])
for name in ("total", "aleatoric", "epistemic"):
    values = np.concatenate([getattr(known, name), getattr(unknown, name)])
    print(f"{name:9} tells new digits from known ones: ROC AUC {roc_auc_score(is_new, values):.3f}")

# %%
# All three parts rise. Members that have never seen a 7 share their doubt of it, too, so the
# aleatoric part is not free of what a lack of rows does: the split is the members' view.
plt.show()
