#!/usr/bin/env bash
# CalibratedClassifierCV(method="temperature") of scikit-learn 1.9.1 takes integer labels for
# columns: only texts are encoded before the temperature is fitted, so the loss of a row of class 2
# of (1, 2) is taken from the third of two columns, which is in the row after. No error, and no
# warning.
#
# Expected: probabilities do not depend on how the classes are called, as with method="sigmoid".
# Seen (1.9.1, Python 3.11), log loss of one model on the same new rows, by the classes' names:
#                  sigmoid   temperature   largest probability
#   0 and 1           .490          .491                  .998
#   "no" and "yes"    .490          .491                  .998
#   1 and 2           .490          .693                  .500
#   -1 and 1          .490          .568                  .890
# All that method="temperature" still gives for classes 1 and 2 is one half; the labels of `predict`
# are right, so that accuracy does not tell.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
cd -- "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W error - <<'PY'
import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

X, y = make_classification(4000, n_features=8, flip_y=0.2, random_state=0)
known, new = np.arange(2000), np.arange(2000, 4000)
# The first and the last row are of the second and the first class: what the others read in their
# neighbours' places is inside the table, and the figures are the same each time.
first, last = known[y[known] == 1][0], known[y[known] == 0][-1]
known = np.r_[first, np.setdiff1d(known, [first, last]), last]

losses = {}
names = {"0 and 1": [0, 1], '"no" and "yes"': ["no", "yes"], "1 and 2": [1, 2], "-1 and 1": [-1, 1]}
for name, classes in names.items():
    labels = np.array(classes)[y]
    for method in ("sigmoid", "temperature"):
        model = CalibratedClassifierCV(LogisticRegression(), method=method, ensemble=False)
        p = model.fit(X[known], labels[known]).predict_proba(X[new])
        losses[name, method] = log_loss(labels[new], p)
        print(
            f"scikit-learn {sklearn.__version__}  {name:15} {method:12}"
            f" log loss {losses[name, method]:.3f}, largest probability {p.max():.3f},"
            f" accuracy {model.score(X[new], labels[new]):.3f}"
        )
for name in names:
    assert abs(losses[name, "sigmoid"] - losses["0 and 1", "sigmoid"]) < 1e-9
    excess = losses[name, "temperature"] - losses["0 and 1", "temperature"]
    assert (excess > 0.01) == (name in ("1 and 2", "-1 and 1")), "it is not so any more"
PY
