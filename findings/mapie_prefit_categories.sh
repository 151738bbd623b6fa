#!/usr/bin/env bash
# MAPIE 1.6.0 takes a fitted classifier (prefit=True) for one that is not fitted if it was fitted on a
# table with a category: it has it predict a row of zeros without names, and calls any error a lack
# of fit. Its error is a UserWarning that is raised.
#
# Expected: SplitConformalClassifier(model, prefit=True) works with every fitted classifier of
# scikit-learn, such as HistGradientBoostingClassifier on a DataFrame with a categorical column.
# Seen (1.6.0 with scikit-learn 1.9.1, Python 3.11): conformalize raises UserWarning "Estimator does not
# appear fitted ...", while the model predicts the very rows; without the category it works.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mapie==1.6.0 scikit-learn==1.9.1 numpy==2.4.6 pandas==2.3.3
cd -- "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import pandas as pd
from mapie.classification import SplitConformalClassifier
from sklearn.datasets import load_wine
from sklearn.ensemble import HistGradientBoostingClassifier

X, y = load_wine(return_X_y=True, as_frame=True)
X = X.iloc[:, :5]
with_category = X.assign(colour=pd.cut(X["ash"], 3, labels=["a", "b", "c"]))


def outcome(table):
    model = HistGradientBoostingClassifier(max_iter=5).fit(table[::2], y[::2])
    assert model.predict(table[1::2]).shape == (89,)
    try:
        SplitConformalClassifier(model, prefit=True).conformalize(table[1::2], y[1::2])
    except UserWarning as error:
        return str(error.args[0])[:80]
    return "works"


found = {"numbers only": outcome(X), "with a category": outcome(with_category)}
for name, text in found.items():
    print(f"mapie {version('mapie')}  {name:16} {text}")
assert found["numbers only"] == "works"
assert "does not appear fitted" in found["with a category"]
PY
