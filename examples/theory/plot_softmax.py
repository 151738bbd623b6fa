"""
Softmax, as scores are shifted and scaled
=========================================

Softmax turns the scores of a network into probabilities. Two experiments show how:
adding a number to all scores changes nothing, multiplying them changes how sure the
answer is.
"""

# %%
# Shift one score, shift all
# --------------------------
# In the left picture, one score moves while the two others stay where they are. Its
# probability rises from 0 to 1 along an S: for three classes, softmax is to scores what
# the sigmoid is for two. In the right picture, all three scores move together: the curves
# are flat, for only differences count.

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np

from skxent.losses import softmax

scores = np.array([2.0, 1.0, -1.0])
shift = np.linspace(-8, 8, 201)
one = scores + shift[:, None] * np.array([1.0, 0.0, 0.0])
every = scores + shift[:, None]

figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharey=True, layout="constrained")
for ax, z, title in zip(axes, (one, every), ("score of class 0", "all scores"), strict=True):
    ax.plot(shift, softmax(z), label=[f"class {c}" for c in range(3)])
    ax.set(xlabel=f"added to {title}", title=f"Shift {title}")
axes[0].set_ylabel("probability")
axes[0].legend()

# %%
# Scale them: the temperature
# ---------------------------
# Dividing all scores by a temperature :math:`T` keeps their order and changes the
# confidence. Small temperatures give everything to the first class, large ones give every
# class a third. Fitting this one number on held-out data is how a network's probabilities
# are calibrated.

temperature = np.logspace(-1.5, 1.5, 201)
figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
ax.plot(temperature, softmax(scores / temperature[:, None]))
ax.axhline(1 / 3, color="gray", linestyle=":")
ax.set(xscale="log", xlabel="temperature T", ylabel="probability", title="softmax(z / T)")
ax.legend([f"class {c}, z = {z:g}" for c, z in enumerate(scores)])

# %%
# Enormous scores are no trouble: the largest is subtracted first, so that no exponential
# overflows.

print(softmax([[1000.0, 999.0, 0.0]]))
plt.show()
