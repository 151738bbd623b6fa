"""
The learning slowdown of one sigmoid neuron
===========================================

One neuron, one input of 1, one target of 0: the output :math:`a = \\sigma(w + b)` should
fall to 0. The example and its starts are from M. Nielsen's *Neural Networks and Deep
Learning* (2015), chapter 3. The second start is further off; does it learn faster, as a
badly wrong learner should?
"""

# %%
# With the quadratic cost :math:`(y - a)^2 / 2` the slope is :math:`(a - y)\, a (1 - a)`,
# and where the output is nearly 1 the last factor is nearly 0. With cross-entropy that
# factor cancels and the slope is :math:`a - y`, the error itself. Here are both, 300 steps
# of gradient descent with a rate of 0.15.

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np

from skxent.losses import binary_cross_entropy, sigmoid

STEPS, RATE, TARGET = 300, 0.15, 0.0


def quadratic(z):
    """Slope of (y - a)^2 / 2 at the logit."""
    a = sigmoid(z)
    return (a - TARGET) * a * (1 - a)


def cross_entropy(z):
    """Slope of the cross-entropy at the logit, from the library."""
    return binary_cross_entropy([z], [TARGET])[1][0]


def outputs(w, b, slope):
    """Output of the neuron before each step; x = 1, so w and b have the same slope."""
    trace = []
    for _ in range(STEPS + 1):
        trace.append(sigmoid(w + b))
        step = RATE * slope(w + b)
        w, b = w - step, b - step
    return np.array(trace)


figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True, layout="constrained")
for ax, (w, b) in zip(axes, ((0.6, 0.9), (2.0, 2.0)), strict=True):
    for slope in (quadratic, cross_entropy):
        a = outputs(w, b, slope)
        ax.plot(a, label=slope.__name__.replace("_", "-"))
        print(f"start w={w} b={b}  {slope.__name__:13}", a[[0, 50, 100, 150, 300]].round(4))
    ax.set(title=f"start: w = {w}, b = {b}, output {a[0]:.2f}", xlabel="step")
axes[0].set_ylabel("output (target: 0)")
axes[0].legend()

# %%
# Why: the slopes
# ---------------
# The quadratic cost has its steepest slope at an output of 2/3, and none at 1.

a = np.linspace(0.001, 0.999, 200)
z = np.log(a / (1 - a))
figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
ax.plot(a, quadratic(z), label="quadratic")
ax.plot(a, a - TARGET, label="cross-entropy")
for output in (sigmoid(1.5), sigmoid(4.0)):
    ax.axvline(output, color="gray", linestyle=":")
ax.set(xlabel="output (target: 0); dotted: the two starts", ylabel="slope at the logit")
ax.legend()
plt.show()
