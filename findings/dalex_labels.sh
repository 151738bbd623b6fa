#!/usr/bin/env bash
# dalex computes figures of a classifier from its labels as if they were 0 and 1, and does not look
# whether they are: with classes -1 and 1, 1 and 2, or three classes it gives accuracies that are
# none, areas under curves above 1, losses below 0, and importances of features by them. With more
# than two classes, the probability of the second is held against the number of the class. Not a
# word of it, with verbose=True either.
#
# Expected: figures of one model do not depend on how its classes are called, or there is an error
# as for labels that are text.
# Seen (1.8.0 with scikit-learn 1.9.1, Python 3.11), the same logistic regression each time:
#                                     accuracy    AUC   loss of model_parts   by scikit-learn
#   breast_cancer, classes 0 and 1       .93      .98           .02              .93,  .98
#   breast_cancer, classes -1 and 1      .96     1.69          -.69              .93,  .98
#   breast_cancer, classes 1 and 2       .11      .39           .61              .93,  .98
#   wine, three classes                 1.00      .89           .11             1.00, 1.00
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q dalex==1.8.0 scikit-learn==1.9.1 numpy==2.4.6 pandas==2.3.3
cd -- "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import dalex
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

found = {}
cancer, cancer_y = load_breast_cancer(return_X_y=True, as_frame=True)
wine, wine_y = load_wine(return_X_y=True, as_frame=True)
for name, X, y in (
    ("classes 0 and 1", cancer.iloc[:, :5], cancer_y),
    ("classes -1 and 1", cancer.iloc[:, :5], 2 * cancer_y - 1),
    ("classes 1 and 2", cancer.iloc[:, :5], cancer_y + 1),
    ("three classes", wine, wine_y),
):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    explainer = dalex.Explainer(model, X, y, verbose=False)
    assert explainer.model_type == "classification"
    figures = explainer.model_performance().result.iloc[0]
    parts = explainer.model_parts(random_state=0, B=2).result.set_index("variable")["dropout_loss"]
    found[name] = figures["accuracy"], figures["auc"], parts["_full_model_"]
    p = model.predict_proba(X)
    area = roc_auc_score(y, p if p.shape[1] > 2 else p[:, 1], multi_class="ovr")
    assert model.score(X, y) > 0.9 and area > 0.95
    print(f"dalex {version('dalex')}  {name:16}  accuracy {found[name][0]:.2f}, "
          f"AUC {found[name][1]:.2f}, loss {found[name][2]:.2f}; "
          f"by scikit-learn {model.score(X, y):.2f}, {area:.2f}")
assert 0.9 < found["classes 0 and 1"][1] < 1 and found["classes 0 and 1"][2] > 0
assert found["classes -1 and 1"][1] > 1.5 and found["classes -1 and 1"][2] < 0, "changed"
assert found["classes 1 and 2"][0] < 0.2 and found["classes 1 and 2"][1] < 0.5, "changed"
assert found["three classes"][1] < 0.95, "changed"
PY
