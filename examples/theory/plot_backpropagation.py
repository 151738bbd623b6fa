"""
Backpropagation on a network you can see
========================================

One forward pass, one backward pass, every derivative drawn on the line it belongs to and
checked against a difference. The network is that of
:ref:`sphx_glr_auto_examples_theory_plot_iris_network.py`.
"""

# %%
# Forward: what every unit says to three flowers. Backward: ``Delta`` is the derivative of
# the total cross-entropy by every unit's input. It begins as :math:`p - y` and goes down
# through the weights and the slope of ReLU.

import matplotlib.pyplot as plt
import numpy as np

from skxent import NetworkDisplay
from skxent.losses import cross_entropy, softmax

W_1, b_1 = np.array([[-2.5, -1.5], [0.6, 0.4]]), np.array([1.6, 0.7])
W_2, b_2 = np.array([[-0.1, 2.4, -2.2], [1.5, -5.2, 3.7]]), np.array([0.0, 0.0, 1.0])
params = [W_1, b_1, W_2, b_2]
X = np.array([[0.04, 0.42], [1.0, 0.54], [0.5, 0.37]])
Y = np.eye(3)[[0, 2, 1]]  # setosa, virginica, versicolor


def forward(W_1, b_1, W_2, b_2):
    """Inputs of the hidden units, their outputs, and the logits."""
    Z_1 = X @ W_1 + b_1
    A_1 = np.maximum(Z_1, 0.0)
    return Z_1, A_1, A_1 @ W_2 + b_2


def total(params):
    """Total cross-entropy of the three flowers."""
    return len(X) * cross_entropy(forward(*params)[-1], Y)[0]


Z_1, A_1, z = forward(*params)
Delta_2 = softmax(z) - Y
Delta_1 = (Delta_2 @ W_2.T) * (Z_1 > 0)
gradient = [X.T @ Delta_1, Delta_1.sum(axis=0), A_1.T @ Delta_2, Delta_2.sum(axis=0)]

# %%
# The two passes, drawn
# ---------------------
# Above, the weights, with the activations of the third flower in the units. Below, on every
# line the derivative of the total by that weight, above every unit that by its bias, and in
# the unit that flower's ``Delta``; the inputs have one too. The widest line is the weight
# that matters most just now.

names = {"input_names": ["petal", "sepal"], "output_names": ["setosa", "versic.", "virgin."]}
figure, axes = plt.subplots(2, 1, figsize=(7.5, 8), layout="constrained")
values = [X[2], A_1[2], softmax(z)[2]]
NetworkDisplay(coefs=[W_1, W_2], intercepts=[b_1, b_2], **names).plot(
    axes[0], values=values, annotate=True
)
axes[0].set_title("forward: weights and activations")
deltas = [Delta_1[2] @ W_1.T, Delta_1[2], Delta_2[2]]
NetworkDisplay(coefs=gradient[::2], intercepts=gradient[1::2], **names).plot(
    axes[1], values=deltas, annotate=True
)
axes[1].set_title("backward: derivatives")

# %%
# Checked against differences
# ---------------------------

h = 1e-6
for name, block, slope in zip(("W_1", "b_1", "W_2", "b_2"), params, gradient, strict=True):
    errors = []
    for i in np.ndindex(block.shape):
        block[i] += h
        up = total(params)
        block[i] -= 2 * h
        errors.append(abs((up - total(params)) / (2 * h) - slope[i]))
        block[i] += h
    print(f"{name}: largest difference {max(errors):.1e}")
plt.show()
