"""
A bad start, with either loss
=============================

The same network, the same wrong start, the same learning rate: once trained on
cross-entropy and once on the squared error. The start is certain, and wrong.
"""

# %%
# ``init`` takes weights as they are. The hidden layer is drawn at random as usual, but the
# biases of the last layer say "setosa" with odds of :math:`e^7` to 1, whatever the flower;
# and the flowers to be told apart are the other two, with a few setosas among them.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from skxent import SoftmaxMLPClassifier

X, y = load_iris(return_X_y=True)
X, y = StandardScaler().fit_transform(X)[40:], y[40:]

rng = np.random.default_rng(0)
coefs = [rng.normal(0, 0.5, (4, 8)), rng.normal(0, 0.5, (8, 3))]
intercepts = [np.zeros(8), np.array([7.0, 0.0, 0.0])]


def train(loss, epochs):
    """Full-batch gradient descent from the bad start."""
    classifier = SoftmaxMLPClassifier(
        8,
        loss=loss,
        init=(coefs, intercepts),
        solver="gradient_descent",
        learning_rate_init=0.2,
        max_iter=epochs,
        n_iter_no_change=epochs,  # a plateau is not the end
        tol=0.0,
        alpha=0.0,
        encoder="passthrough",
    )
    return classifier.fit(X, y)


# %%
# Cost against epoch
# ------------------
# Cross-entropy begins with an enormous cost and an enormous slope, and has forgotten its
# start after a few steps. The squared error begins on a plateau where hardly anything moves,
# for some hundred epochs; it gets there in the end.

EPOCHS = 1000
figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for ax, loss in zip(axes, ("cross_entropy", "squared_error"), strict=True):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # we mean to stop at max_iter
        classifier = train(loss, EPOCHS)
    ax.plot(classifier.history_["epoch"], classifier.loss_curve_)
    ax.set(xlabel="epoch", ylabel=loss.replace("_", "-"), ylim=(0, None))
    ax.set_title(f"accuracy {classifier.score(X, y):.2f} after {EPOCHS} epochs")
    gradient = classifier.history_["gradient_norm"]
    print(f"{loss:13}  length of the gradient after the first step: {gradient[0]:.5f}")
plt.show()
