"""
The decision boundary as training goes on
=========================================

Two interleaved half-moons, one small network, and its probability over the plane after
1, 5, 20 and 100 passes through the data.
"""

# %%
# ``partial_fit`` is one pass. It goes on exactly where the last one ended, optimiser
# included, so the network can be looked at in between. The features are on one scale
# already: ``encoder="passthrough"`` hands them to the network as they are.

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss

from skxent import SoftmaxMLPClassifier

X, y = make_moons(300, noise=0.2, random_state=0)
classifier = SoftmaxMLPClassifier(
    (32, 32),
    activation="tanh",
    solver="adam",
    learning_rate_init=0.01,
    batch_size=32,
    encoder="passthrough",
    random_state=0,
)

figure, axes = plt.subplots(2, 2, figsize=(8, 6.5), sharex=True, sharey=True, layout="constrained")
looks = dict(zip((1, 5, 20, 100), axes.flat, strict=True))
for epoch in range(1, 101):
    classifier.partial_fit(X, y, classes=[0, 1])
    if epoch in looks:
        ax = looks[epoch]
        display = DecisionBoundaryDisplay.from_estimator(
            classifier,
            X,
            response_method="predict_proba",
            plot_method="contourf",
            levels=[0, 0.1, 0.3, 0.5, 0.7, 0.9, 1],
            cmap="RdBu",
            alpha=0.5,
            ax=ax,
        )
        ax.scatter(*X.T, c=y, cmap="RdBu", edgecolor="white", s=22, linewidth=0.6)
        loss = log_loss(y, classifier.predict_proba(X))
        ax.set(title=f"epoch {epoch}: cross-entropy {loss:.3f}", xlabel="", ylabel="")
figure.colorbar(display.surface_, ax=axes, label="probability of class 1")

# %%
# The boundary begins as a nearly straight line, which is the best that nearly linear units
# can do, and bends as their weights grow. The pale bands are where the network is undecided:
# they become narrow as it grows sure.

plt.show()
