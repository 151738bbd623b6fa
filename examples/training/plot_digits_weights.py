"""
What hidden units look for: weights as pictures
===============================================

Each hidden unit has one weight per pixel of a scanned digit. Put back in the places of the
pixels, a unit's weights are a picture of what it responds to.
"""

# %%
# One hidden layer of 16 units, full-batch L-BFGS, and a penalty, without which the pictures
# would be mostly noise.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
classifier = SoftmaxMLPClassifier(
    16,
    activation="tanh",
    solver="lbfgs",
    alpha=3.0,
    max_iter=1000,
    encoder="passthrough",
    random_state=0,
).fit(X_train, y_train)
print(f"accuracy on test rows: {classifier.score(X_test, y_test):.3f}")

# %%
# Ink on blue pixels turns the unit on, ink on red ones turns it off. The margins, where there
# never is any ink, are blank: the penalty leaves no weight that is not worth its square.

W_1, W_2 = classifier.coefs_
size = np.abs(W_1).max()
figure, axes = plt.subplots(2, 8, figsize=(9, 2.6), layout="constrained")
for unit, ax in enumerate(axes.flat):
    ax.imshow(W_1[:, unit].reshape(8, 8), cmap="RdBu", vmin=-size, vmax=size)
    ax.set_title(unit, fontsize=8)
    ax.set_axis_off()

# %%
# The second layer says which units speak for which digit. A column of this table and the
# pictures above, read together, are how the network recognises that digit.

figure, ax = plt.subplots(figsize=(5, 5.5), layout="constrained")
size = np.abs(W_2).max()
image = ax.imshow(W_2, cmap="RdBu", vmin=-size, vmax=size)
ax.set(xticks=range(10), xlabel="digit", yticks=range(16), ylabel="hidden unit")
figure.colorbar(image, label="weight")

# %%
# The other way round: from a digit back to the pixels. Near 0, tanh has a slope of 1; there
# the product of both layers' weights says how much each pixel adds to the logit of a digit.
# Look at the hole in the middle of the 0.

figure, axes = plt.subplots(2, 5, figsize=(7, 3), layout="constrained")
for digit, (ax, picture) in enumerate(zip(axes.flat, (W_1 @ W_2).T, strict=True)):
    ax.imshow(picture.reshape(8, 8), cmap="RdBu", vmin=-abs(picture).max(), vmax=abs(picture).max())
    ax.set_title(digit, fontsize=8)
    ax.set_axis_off()
plt.show()
