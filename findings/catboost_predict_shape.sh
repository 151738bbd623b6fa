#!/usr/bin/env bash
# CatBoostClassifier.predict returns a column, shape (n, 1), for three classes or more and a vector for
# two, so that `model.predict(X) == y` is an n x n matrix and its mean no accuracy.
#
# Expected: a vector of n labels, as of every classifier of scikit-learn and as for two classes.
# Seen (1.2.10, Python 3.11): 2 classes (150,), 3 classes (150, 1); the mean of the comparison with y is
# about a third where the accuracy is above 0.9.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q catboost==1.2.10 scikit-learn==1.9.1 numpy==2.4.6
cd -- "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import catboost
from sklearn.datasets import load_iris

X, y = load_iris(return_X_y=True)
shapes = {}
for n_classes, labels in ((2, (y > 0).astype(int)), (3, y)):
    model = catboost.CatBoostClassifier(
        iterations=20, thread_count=1, random_seed=0, verbose=False, allow_writing_files=False
    ).fit(X, labels)
    found = model.predict(X)
    shapes[n_classes] = found.shape
    print(
        f"catboost {catboost.__version__}  {n_classes} classes: shape {found.shape}, "
        f"mean of predict == y {(found == labels).mean():.2f}, accuracy {model.score(X, labels):.2f}"
    )
assert shapes == {2: (150,), 3: (150, 1)}
PY
