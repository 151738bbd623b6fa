#!/usr/bin/env bash
# In CatBoostClassifier(class_weights={1: 1, 0: 1}) the order of the dictionary becomes that of the
# classes: `classes_` is [1, 0], and the columns of predict_proba are swapped. Of two classes, that
# written last is the positive one. With the same weights as {0: 1, 1: 1} nothing of this happens.
#
# Expected: a dictionary says which class has which weight, and `classes_` is sorted, as in every
# classifier of scikit-learn and as without class_weights.
# Seen (1.2.10 with scikit-learn 1.9.1, Python 3.11), on new rows of breast_cancer, weights all 1:
#                           {0: 1, 1: 1}   {1: 1, 0: 1}
#   accuracy                       .94            .94
#   scorer "roc_auc"               .99            .01
#   scorer "neg_log_loss"         -.13          -4.50
#   eval_metrics, "Recall"         .97            .89   (of class 0)
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q catboost==1.2.10 scikit-learn==1.9.1 numpy==2.4.6
cd -- "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import catboost
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import get_scorer

X, y = load_breast_cancer(return_X_y=True)
found = []
for weights in ({0: 1, 1: 1}, {1: 1, 0: 1}):
    model = catboost.CatBoostClassifier(
        class_weights=dict(weights), iterations=50, thread_count=1, random_seed=0, verbose=False,
        allow_writing_files=False,
    ).fit(X[::2], y[::2])
    scores = [get_scorer(name)(model, X[1::2], y[1::2])
              for name in ("accuracy", "roc_auc", "neg_log_loss")]
    recall = model.eval_metrics(catboost.Pool(X[1::2], y[1::2]), ["Recall"])["Recall"][-1]
    print(f"catboost {catboost.__version__}  {weights}  classes_ {model.classes_}, "
          f"accuracy {scores[0]:.2f}, AUC {scores[1]:.2f}, minus log loss {scores[2]:.2f}, "
          f"Recall {recall:.2f}")
    found.append((model.classes_.tolist(), scores, model.predict_proba(X)))
(sorted_classes, sorted_scores, p), (classes, scores, q) = found
assert sorted_classes == [0, 1] and classes == [1, 0]
assert np.allclose(p, q[:, ::-1], atol=1e-6), "the models differ by more than the order"
assert abs(sorted_scores[0] - scores[0]) < 1e-9
assert sorted_scores[1] > 0.95 and scores[1] < 0.05 and scores[2] < -3, "it is not so any more"
PY
