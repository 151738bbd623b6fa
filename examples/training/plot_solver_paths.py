"""
Four solvers on one loss surface
================================

A network with one weight and one bias has an objective that can be drawn. L-BFGS, gradient
descent, SGD and Adam set out from the same point of it.
"""

# %%
# One feature, two classes, no hidden layer: the logit is :math:`z = w x + b`. The feature
# is off centre, which makes the valley long and narrow: a change of :math:`w` can be
# undone by one of :math:`b`.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxMLPClassifier
from skxent.losses import binary_cross_entropy

rng = np.random.default_rng(0)
y = np.repeat([0, 1], 50)
X = (1.5 + y + rng.normal(0, 0.8, 100))[:, None]
ALPHA, START = 1.0, (-1.0, 1.5)


def objective(w, b):
    """Objective: mean cross-entropy and the penalty."""
    return binary_cross_entropy(w * X[:, 0] + b, y)[0] + ALPHA / (2 * len(y)) * w**2


def path(solver, steps, **settings):
    """Weight and bias after 0, 1, ..., steps iterations: fits that end after each."""
    start = ([[[START[0]]]], [[START[1]]])
    settings |= {"alpha": ALPHA, "encoder": "passthrough", "random_state": 0}
    points = [START]
    for n in range(1, steps + 1):
        classifier = SoftmaxMLPClassifier((), solver=solver, init=start, max_iter=n, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # we mean to stop early
            classifier.fit(X, y)
        points.append((classifier.coefs_[0][0, 0], classifier.intercepts_[0][0]))
    return np.array(points)


never = {"tol": 0.0, "n_iter_no_change": np.inf}  # stop for no other reason than max_iter
paths = {
    "lbfgs": path("lbfgs", 9),
    "gradient_descent": path("gradient_descent", 30, learning_rate_init=0.3, **never),
    "sgd, batches of 10": path("sgd", 25, learning_rate_init=0.05, batch_size=10, **never),
    "adam, batches of 10": path("adam", 25, learning_rate_init=0.2, batch_size=10, **never),
}

# %%
# Every point is an iteration, or an epoch of ten steps for the mini-batch solvers. Gradient
# descent falls into the valley and then creeps along it. L-BFGS learns the curvature from
# the gradients it has seen and is there in a few iterations. SGD with momentum and Adam see
# ten rows at a time: they get near quickly, and keep jittering there.

w, b = np.meshgrid(np.linspace(-1.6, 2.4, 121), np.linspace(-5, 2.5, 121))
surface = np.vectorize(objective)(w, b)
heights = np.log(surface - surface.min() + 0.01)
figure, axes = plt.subplots(2, 2, figsize=(9, 7.5), sharex=True, sharey=True, layout="constrained")
for ax, (name, points) in zip(axes.flat, paths.items(), strict=True):
    ax.contour(w, b, heights, 14, colors="gray", linestyles="solid", linewidths=0.6)
    ax.plot(*points.T, "o-", markersize=3)
    ax.plot(*points[-1], "o", color="tab:orange")
    ax.set_title(f"{name}: J = {objective(*points[-1]):.4f} after {len(points) - 1}")
for ax in axes[1]:
    ax.set_xlabel("weight w")
for ax in axes[:, 0]:
    ax.set_ylabel("bias b")
plt.show()
