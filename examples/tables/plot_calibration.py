"""
Calibration, before and after a temperature
===========================================

Of all rows that were given a probability of 0.8, eight in ten should belong to the class.
A network trained for too long promises more than it keeps. Dividing its logits by one
number, the temperature, mends most of that.
"""

# %%
# The same network twice: as it is, and with the temperature learnt on the rows held out.
# To have something to mend, it is stopped by accuracy, which goes on rising a little when
# the probabilities are long past their best, and the table is small and hard.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier

X, y = make_classification(
    5000,
    n_features=20,
    n_informative=10,
    n_clusters_per_class=4,
    flip_y=0.1,
    class_sep=0.7,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=3000, random_state=0)

settings = {
    "hidden_layer_sizes": (128, 128),
    "solver": "adam",
    "encoder": "passthrough",
    "early_stopping": True,
    "validation_fraction": 0.2,
    "scoring": "accuracy",
    "n_iter_no_change": 30,
    "random_state": 0,
}
before = SoftmaxMLPClassifier(calibration=None, **settings).fit(X_train, y_train)
after = SoftmaxMLPClassifier(calibration="temperature", **settings).fit(X_train, y_train)


def calibration_error(y, p, n_bins=15):
    """Mean distance, over the rows, between the probability and the share in its bin."""
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    return np.abs(np.bincount(bins, weights=p - y, minlength=n_bins)).sum() / len(y)


def report(name, classifier):
    """Print how good the probabilities are, and return them."""
    p = classifier.predict_proba(X_test)
    print(
        f"{name:20} temperature {classifier.temperature_:.2f}  log loss {log_loss(y_test, p):.3f}"
        f"  calibration error {calibration_error(y_test, p[:, 1]):.3f}"
        f"  accuracy {classifier.score(X_test, y_test):.3f}"
    )
    return p[:, 1]


# %%
# Left: what was promised against what was kept, in fifteen bins; dots on the dashed line are
# right. Before, they are below it at the right and above it at the left, too sure on both
# sides; after, they are near it. Right: how far off, in each bin. Below: where the rows are;
# before, every third is given less than 0.05 or more than 0.95; after, one in thirteen.

figure, axes = plt.subplot_mosaic(
    [["curve", "gap"], ["rows", "rows"]],
    figsize=(9.5, 6.5),
    height_ratios=[3, 2],
    layout="constrained",
)
edges = np.linspace(0, 1, 16)
for i, (name, classifier) in enumerate({"before": before, "after": after}.items()):
    p = report(name, classifier)
    display = CalibrationDisplay.from_predictions(
        y_test, p, n_bins=15, name=name, ax=axes["curve"], color=f"C{i}"
    )
    gap = display.prob_true - display.prob_pred
    axes["gap"].plot(display.prob_pred, gap, "s-", color=f"C{i}", label=name)
    axes["rows"].hist(p, bins=edges, histtype="step", linewidth=2, color=f"C{i}", label=name)
axes["gap"].axhline(0, color="gray", linestyle=":")
axes["gap"].set(xlabel="predicted probability of class 1", ylabel="share in the bin - predicted")
axes["rows"].set(xlabel="predicted probability of class 1", ylabel="test rows")
axes["rows"].legend(loc="upper center")

# %%
# The accuracy is the same to the last row, since dividing all logits by one positive number
# moves none of them across 0. Had the network been stopped by its log loss, as it is by
# default, there would have been less to mend in the first place.

settings.pop("scoring")
by_log_loss = SoftmaxMLPClassifier(calibration="temperature", **settings).fit(X_train, y_train)
report("stopped by log loss", by_log_loss)
plt.show()
