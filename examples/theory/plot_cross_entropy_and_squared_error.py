"""
Cross-entropy against the squared residual
==========================================

How bad is it to have given the true class the probability :math:`p`? Cross-entropy says
:math:`-\\ln p`, the squared residual :math:`(1 - p)^2`. What matters for learning is not
the height of these curves but their slope.
"""

# %%
# The curves and their slopes
# ---------------------------
# Both are 0 at :math:`p = 1`. Towards :math:`p = 0` the squared residual levels off at 1,
# while cross-entropy has no limit. The right picture has the slopes: at :math:`p = 0.01`
# cross-entropy is fifty times steeper.

import matplotlib.pyplot as plt
import numpy as np

from skxent.losses import cross_entropy, squared_error

p = np.linspace(0.005, 1, 400)
marks = np.array([0.01, 0.1, 0.5, 0.9])
curves = {
    "cross-entropy": (lambda p: -np.log(p), lambda p: -1 / p),
    "squared residual": (lambda p: (1 - p) ** 2, lambda p: -2 * (1 - p)),
}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for name, (loss, slope) in curves.items():
    (line,) = left.plot(p, loss(p), label=name)
    left.plot(marks, loss(marks), "o", color=line.get_color())
    right.plot(p, -slope(p), color=line.get_color())
    right.plot(marks, -slope(marks), "o", color=line.get_color())
left.set(xlabel="probability p of the true class", ylabel="loss", title="Loss")
left.legend()
right.set(xlabel="probability p of the true class", yscale="log", ylim=(0.01, 300))
right.set_title("Size of its slope")

# %%
# The same at the logits
# ----------------------
# A network does not move :math:`p` itself; it moves the logits, and softmax is flat where
# it is sure. Let the logit of the true class run from hopeless to certain, with the other
# two at 0. The slope of cross-entropy is :math:`p - 1`: it tends to -1 where the answer is
# worst. The slope of the squared error *vanishes* there, and with it all learning.

logit = np.linspace(-10, 6, 200)
z = np.column_stack([logit, np.zeros_like(logit), np.zeros_like(logit)])
truth = np.zeros(len(z), dtype=int)

figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for name, loss in (("cross-entropy", cross_entropy), ("squared error", squared_error)):
    gradient = len(z) * loss(z, truth)[1]  # the functions average over the rows
    ax.plot(logit, gradient[:, 0], label=f"{name}, softmax")
ax.axhline(0, color="gray", linewidth=0.5)
ax.set(xlabel="logit of the true class", ylabel="slope", title="What the logit is told")
ax.legend()
plt.show()
