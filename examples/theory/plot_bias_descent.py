"""
Gradient descent on one bias, step by step
==========================================

In the network of :ref:`sphx_glr_auto_examples_theory_plot_iris_network.py` everything is given
but one number: :math:`b_3`, the bias of setosa's logit. Then the total cross-entropy is
a curve, and gradient descent can be watched on it.
"""

# %%
# The derivative of the total by a bias of the last layer is the sum of :math:`p - y` of
# its class over the rows.

import matplotlib.pyplot as plt
import numpy as np

from skxent.losses import cross_entropy, softmax

W_1, b_1 = np.array([[-2.5, -1.5], [0.6, 0.4]]), np.array([1.6, 0.7])
W_2, b_2 = np.array([[-0.1, 2.4, -2.2], [1.5, -5.2, 3.7]]), np.array([0.0, 0.0, 1.0])
X = np.array([[0.04, 0.42], [1.0, 0.54], [0.5, 0.37]])
Y = np.eye(3)[[0, 2, 1]]  # setosa, virginica, versicolor


def total_and_slope(name, value):
    """Total cross-entropy with one bias set to a value, and its derivative by that bias."""
    b = {"b1": b_1.copy(), "b2": b_2.copy()}
    layer, unit = name
    b[layer][unit] = value
    Z_1 = X @ W_1 + b["b1"]
    z = np.maximum(Z_1, 0.0) @ W_2 + b["b2"]
    Delta = softmax(z) - Y
    if layer == "b1":  # one layer further down
        Delta = (Delta @ W_2.T) * (Z_1 > 0)
    return len(X) * cross_entropy(z, Y)[0], Delta[:, unit].sum()


def draw(ax, name, start, rate, steps, values, title):
    """Draw the curve of a bias, and the descent on it with its tangents."""
    curve = [total_and_slope(name, v)[0] for v in values]
    ax.plot(values, curve, color="gray")
    b = start
    for step in range(steps + 1):
        total, slope = total_and_slope(name, b)
        length = 0.12 * np.ptp(values) / np.hypot(1, slope * np.ptp(values) / np.ptp(curve))
        reach = np.array([-length, length])  # tangents of one length on paper
        ax.plot(b + reach, total + slope * reach, color="tab:orange", linewidth=1)
        ax.plot(b, total, "o", color="tab:blue", markersize=5)
        if name == ("b2", 0):
            print(f"step {step}: b3 = {b:7.4f}, total = {total:.4f}, slope = {slope:7.4f}")
        b -= rate * slope
    ax.set(xlabel=title, title=f"{title}: from {start:g} to {b:.2f}")


# %%
# From :math:`b_3 = -2`, with a learning rate of 1. Orange: the tangents, whose slope times
# the rate is the next step. The steps grow shorter by themselves, since the curve flattens.

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
draw(ax, ("b2", 0), -2.0, 1.0, 7, np.linspace(-2.4, 2.0, 101), "b3")
ax.set_ylabel("total cross-entropy")

# %%
# The other biases, each moved alone, with the rest as given. Those of the last layer have
# the same kind of curve, convex. Those of the hidden layer act through ReLU: where a unit
# is off for a row the bias has no effect on it, and the curve has kinks.

figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained")
draw(axes[0, 0], ("b1", 0), 3.5, 0.2, 6, np.linspace(-1, 4, 201), "b1")
draw(axes[0, 1], ("b1", 1), 2.2, 0.04, 6, np.linspace(-1, 2.5, 201), "b2")
draw(axes[1, 0], ("b2", 1), -2.0, 1.0, 6, np.linspace(-2.4, 2, 101), "b4")
draw(axes[1, 1], ("b2", 2), 3.0, 1.0, 6, np.linspace(-1.4, 3.4, 101), "b5")
for ax in axes[:, 0]:
    ax.set_ylabel("total cross-entropy")
plt.show()
