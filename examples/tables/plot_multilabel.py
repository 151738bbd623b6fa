"""
Several labels at once: which digits are in the picture?
========================================================

Two scanned digits side by side make one picture, and the question is which of the ten
digits occur in it. Several answers are true at once, so the outputs have to be
independent: :class:`~skxent.SigmoidMLPClassifier` instead of a softmax.
"""

# %%
# A row of ``Y`` has a 1 for every digit that is in the picture: two of them, or one where a
# digit happens to be paired with itself. No scan of the training pictures is used again for
# the test pictures.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import train_test_split

from skxent import SigmoidMLPClassifier


def pairs(images, digits, n, seed):
    """Draw n pairs of digits: the pictures side by side, and what is in them."""
    left, right = np.random.default_rng(seed).integers(len(images), size=(2, n))
    Y = np.zeros((n, 10), dtype=int)
    Y[np.arange(n), digits[left]] = 1
    Y[np.arange(n), digits[right]] = 1
    return np.hstack([images[left], images[right]]), Y


images, digits = load_digits(return_X_y=True)
A, B, a, b = train_test_split(images / 16, digits, stratify=digits, random_state=0)
X_train, Y_train = pairs(A, a, 4000, seed=1)
X_test, Y_test = pairs(B, b, 1000, seed=2)

classifier = SigmoidMLPClassifier(
    128,
    solver="adam",
    learning_rate_init=3e-3,
    early_stopping=True,
    max_iter=500,
    encoder="passthrough",
    random_state=0,
).fit(X_train, Y_train)

# %%
# Each output is a probability of its own. The rows of a softmax would sum to 1; these sum
# to 1.9 on average, without having been told so: two digits a picture, and in one of ten
# the same digit twice.

p = classifier.predict_proba(X_test)
print("sum of a row, mean:", p.sum(axis=1).mean().round(2))
print("F1 of the ten outputs, mean:", round(f1_score(Y_test, p > 0.5, average="macro"), 3))
print("all ten right:", round(classifier.score(X_test, Y_test), 3))

# %%
# Some test pictures, and their ten outputs. Dark bars are the digits that are there.

figure, axes = plt.subplots(2, 4, figsize=(9, 3.8), height_ratios=[1, 1.2], layout="constrained")
for i, (picture, bars) in enumerate(axes.T):
    picture.imshow(np.hstack(X_test[i].reshape(2, 8, 8)), cmap="gray_r")
    picture.set_axis_off()
    bars.bar(range(10), p[i], color=np.where(Y_test[i] == 1, "tab:blue", "lightgray"))
    bars.set(xticks=range(10), ylim=(0, 1), xlabel="digit")
axes[1, 0].set_ylabel("probability")

# %%
# How well each digit is found: the average precision of each output.

figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.bar(range(10), average_precision_score(Y_test, p, average=None))
ax.set(xticks=range(10), xlabel="digit", ylabel="average precision", ylim=(0.5, 1))
plt.show()
