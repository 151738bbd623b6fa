#!/bin/sh
# skl2onnx 1.20.0 converts these without warning or error, and the ONNX model answers otherwise than
# scikit-learn 1.9.1 does:
#  - TunedThresholdClassifierCV: its threshold is left out, labels are those of 0.5;
#  - CalibratedClassifierCV of a pipeline: other probabilities than of the same without a pipeline
#    (the calibrators were fitted on decision_function; they are given probabilities);
#  - CalibratedClassifierCV(method="isotonic"): the nearest point instead of an interpolation;
#  - LinearDiscriminantAnalysis of two classes: other probabilities;
#  - GaussianNB, and others, with integer labels beyond 2**31: other labels.
# Seen: each line below with "labels equal" under 1 or "probabilities differ by" above 0.01; the two
# controls at the end with 1 and 0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q numpy==2.4.6 scikit-learn==1.9.1 onnx==1.23.2 \
    onnxruntime==1.32.0 skl2onnx==1.20.0
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = make_classification(600, weights=[0.8], flip_y=0.2, random_state=0)
linear = LogisticRegression()
scaled = make_pipeline(StandardScaler(), LogisticRegression())


def compare(model, y=y):
    """Share of equal labels, and the largest difference of a probability, on all rows."""
    model.fit(X, y)
    types = [("X", DoubleTensorType([None, X.shape[1]]))]
    graph = convert_sklearn(model, initial_types=types, options={id(model): {"zipmap": False}})
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    labels, probabilities = session.run(None, {"X": X})[:2]
    return (labels == model.predict(X)).mean(), abs(probabilities - model.predict_proba(X)).max()


wrong = {
    "TunedThresholdClassifierCV": compare(TunedThresholdClassifierCV(linear)),
    "CalibratedClassifierCV of a pipeline": compare(CalibratedClassifierCV(scaled)),
    "CalibratedClassifierCV, isotonic": compare(CalibratedClassifierCV(linear, method="isotonic")),
    "LinearDiscriminantAnalysis": compare(LinearDiscriminantAnalysis()),
    "GaussianNB, labels 0 and 10**12": compare(GaussianNB(), 10**12 * y),
}
right = {
    "CalibratedClassifierCV": compare(CalibratedClassifierCV(linear)),
    "GaussianNB, labels 0 and 1": compare(GaussianNB()),
}
for name, (labels, difference) in {**wrong, **right}.items():
    print(f"{name}: labels equal {labels:.3f}, probabilities differ by {difference:.3f}")
assert all(labels < 1 or difference > 0.01 for labels, difference in wrong.values()), "changed"
assert all(labels == 1 and difference < 1e-6 for labels, difference in right.values()), "changed"
PYTHON
