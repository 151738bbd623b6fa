"""
A network you can check by hand
===============================

Two inputs, two hidden units, three classes: small enough to draw with every number in
it. The weights are given; the example follows a flower through the network to its
probabilities, and measures the answers by their cross-entropy.
"""

# %%
# The inputs are petal width and sepal width of an iris flower, scaled to 0..1, the hidden
# units use ReLU. One line per layer computes everything.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skxent import NetworkDisplay
from skxent.losses import cross_entropy, softmax

species = np.array(["setosa", "versicolor", "virginica"])
W_1, b_1 = np.array([[-2.5, -1.5], [0.6, 0.4]]), np.array([1.6, 0.7])
W_2, b_2 = np.array([[-0.1, 2.4, -2.2], [1.5, -5.2, 3.7]]), np.array([0.0, 0.0, 1.0])

X = np.array([[0.04, 0.42], [1.0, 0.54], [0.5, 0.37]])
y = np.array([0, 2, 1])  # setosa, virginica, versicolor

A_1 = np.maximum(X @ W_1 + b_1, 0.0)
z = A_1 @ W_2 + b_2
p = softmax(z)

# %%
# Forward pass of one flower
# --------------------------
# Blue lines are positive weights, orange ones negative, and the width is their size. Above
# each unit stands its bias, inside it its value for the first flower: the inputs, what the
# hidden units make of them, and the probability of each species.

display = NetworkDisplay(
    coefs=[W_1, W_2],
    intercepts=[b_1, b_2],
    input_names=["petal width", "sepal width"],
    output_names=species,
)
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
display.plot(ax, values=[X[0], A_1[0], p[0]], annotate=True)
ax.set_title("A setosa goes through the network")

# %%
# Probabilities and cross-entropies
# ---------------------------------
# For each flower, only the probability of its true species counts: its cross-entropy is
# minus the logarithm of that.

table = pd.DataFrame(p, columns=species).round(2)
table.insert(0, "true species", species[y])
p_true = p[np.arange(3), y]
table["p of the true one"] = p_true.round(2)
table["cross-entropy"] = (-np.log(p_true)).round(2)
print(table.to_string(index=False))
print(f"total {-np.log(p_true).sum():.4f} = 3 x mean {cross_entropy(z, y)[0]:.4f}")

# %%
# All inputs at once
# ------------------
# Each hidden unit is a ramp over the plane of inputs, and the logits add such ramps; so
# the probability of a species is a bent surface, with a plateau at the right, where both
# units are off.

grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 101)] * 2), axis=-1)
surface = softmax(np.maximum(grid @ W_1 + b_1, 0.0) @ W_2 + b_2)
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharey=True, layout="constrained")
for c, ax in enumerate(axes):
    image = ax.contourf(*np.moveaxis(grid, -1, 0), surface[..., c], np.linspace(0, 1, 11))
    ax.plot(*X[y == c].T, "o", color="white", markeredgecolor="black", clip_on=False)
    ax.set(title=f"p({species[c]})", xlabel="petal width")
axes[0].set_ylabel("sepal width")
figure.colorbar(image, ax=axes)
plt.show()
