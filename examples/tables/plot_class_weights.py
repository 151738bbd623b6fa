"""
Class weights on an imbalanced set
==================================

One row in twenty is positive. ``class_weight="balanced"`` makes both classes weigh the
same in the objective, and more of the positives are found. The price is that the
probabilities no longer are probabilities.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier

X, y = make_classification(
    5000, n_features=10, n_informative=6, weights=[0.95], class_sep=0.8, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)


def fit(class_weight):
    """Train one small network with given class weights."""
    return SoftmaxMLPClassifier(
        32,
        activation="tanh",
        solver="lbfgs",
        alpha=20.0,
        max_iter=1000,
        tol=1e-3,
        class_weight=class_weight,
        random_state=0,
    ).fit(X_train, y_train)


# %%
# What is found, and at what price. "Threshold" is the plain network again, with the
# threshold put where it picks as many rows as the balanced one does. It finds nearly as many
# of the positives, and its probabilities are intact.

plain, balanced = fit(None), fit("balanced")
p = {"plain": plain.predict_proba(X_test)[:, 1], "balanced": balanced.predict_proba(X_test)[:, 1]}
print(f"{'':10} recall  precision  AUC    log loss  mean probability (share: {y_test.mean():.3f})")
picked = np.sum(p["balanced"] >= 0.5)
for name, q, threshold in (
    ("plain", p["plain"], 0.5),
    ("balanced", p["balanced"], 0.5),
    ("threshold", p["plain"], np.sort(p["plain"])[-picked]),
):
    found = q >= threshold
    print(
        f"{name:10} {recall_score(y_test, found):.3f}   {precision_score(y_test, found):.3f}"
        f"      {roc_auc_score(y_test, q):.3f}  {log_loss(y_test, q):.3f}     {q.mean():.3f}"
    )

# %%
# The calibration curves say it in a picture: far fewer rows are positive than the balanced
# network says.

figure, ax = plt.subplots(figsize=(6, 5), layout="constrained")
for name, q in p.items():
    CalibrationDisplay.from_predictions(y_test, q, n_bins=10, strategy="quantile", name=name, ax=ax)

# %%
# They can be had back, for the weights are known. Balanced weights multiply the odds
# of the positives by :math:`(1 - s) / s`, with :math:`s` their share; taking the logarithm of
# that off the logits undoes it.

share = y_train.mean()
back = balanced.decision_function(X_test) - np.log((1 - share) / share)
print(f"balanced, taken back: log loss {log_loss(y_test, 1 / (1 + np.exp(-back))):.3f}")
plt.show()
