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
# the probabilities are long past their best.

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier

X, y = make_classification(
    6000, n_features=20, n_informative=10, flip_y=0.2, class_sep=0.7, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)

settings = {
    "hidden_layer_sizes": (128, 128),
    "solver": "adam",
    "encoder": "passthrough",
    "early_stopping": True,
    "validation_fraction": 0.2,
    "scoring": "accuracy",
    "n_iter_no_change": 20,
    "random_state": 0,
}
before = SoftmaxMLPClassifier(calibration=None, **settings).fit(X_train, y_train)
after = SoftmaxMLPClassifier(calibration="temperature", **settings).fit(X_train, y_train)

# %%
# Below the diagonal at the right and above it at the left: too sure on both sides. With the
# temperature the curve comes close to the diagonal. What remains at the very ends is more
# than one number can mend: a tenth of the labels are wrong whatever the features say.

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
for name, classifier in (("before", before), ("after", after)):
    CalibrationDisplay.from_estimator(
        classifier, X_test, y_test, n_bins=10, strategy="quantile", name=name, ax=left
    )
    p = classifier.predict_proba(X_test)
    right.hist(p[:, 1], bins=25, histtype="step", label=name)
    print(
        f"{name:7} T = {classifier.temperature_:.2f}   log loss {log_loss(y_test, p):.3f}", end=""
    )
    print(f"   accuracy {classifier.score(X_test, y_test):.3f}")
right.set(xlabel="predicted probability of class 1", ylabel="test rows")
right.legend(loc="upper center")

# %%
# The accuracy is the same to the last row, since dividing all logits by one positive number
# moves none of them across 0. Had the network been stopped by its log loss, as it is by
# default, there would have been little to mend in the first place.

settings.pop("scoring")
default = SoftmaxMLPClassifier(calibration="temperature", **settings).fit(X_train, y_train)
p = default.predict_proba(X_test)
print(f"stopped by log loss: T = {default.temperature_:.2f}   log loss {log_loss(y_test, p):.3f}")
plt.show()
