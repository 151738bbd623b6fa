#!/usr/bin/env bash
# LightGBM 4.7.0 deprecates eval_set of LGBMClassifier.fit in favour of eval_X and eval_y, whose labels
# it does not encode: classes that are not 0, 1, ... silently give other validation figures.
#
# Expected: the two spellings of the same validation rows give the same curve.
# Seen (4.7.0, Python 3.11), classes 3 and 7, five rounds of binary_logloss:
#   eval_set         falls to 0.35
#   eval_X, eval_y   rises to 0.93, for a model that predicts the same
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q lightgbm==4.7.0 scikit-learn==1.9.1 numpy==2.4.6
cd -- "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'PY'
import lightgbm
import numpy as np

X = np.random.default_rng(0).normal(size=(300, 3))
y = np.where(X[:, 0] > 0, 7, 3)
rows, held_out = slice(200), slice(200, 300)
spellings = {
    "eval_set": {"eval_set": [(X[held_out], y[held_out])]},
    "eval_X, eval_y": {"eval_X": X[held_out], "eval_y": y[held_out]},
}
curves, predictions = {}, {}
for name, given in spellings.items():
    model = lightgbm.LGBMClassifier(n_estimators=5, random_state=0, verbose=-1)
    model.fit(X[rows], y[rows], **given)
    curves[name] = model.evals_result_["valid_0"]["binary_logloss"]
    predictions[name] = model.predict_proba(X[held_out])
    print(f"lightgbm {lightgbm.__version__}  {name:15}", np.round(curves[name], 2))
old, new = curves.values()
assert np.array_equal(*predictions.values()), "the models differ"
assert old[-1] < old[0] < new[0] < new[-1], "the two spellings agree now"
PY
