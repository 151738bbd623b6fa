#!/bin/sh
# skl2onnx 1.20.0: a scaler that reads an int64 column and a float64 column gives both the type of
# the first, so the fractions of the second are cut off. With the columns the other way round the
# results are right. No warning is given, and no error.
# Seen: largest difference of probabilities int64 first: 0.999, float64 first: 0.000
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1 onnx==1.23.2 \
    onnxruntime==1.32.0 skl2onnx==1.20.0
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)
X = pd.DataFrame({"whole": rng.integers(0, 9, 200), "share": rng.random(200)})
y = X["share"] > 0.5
TYPES = {"whole": Int64TensorType, "share": DoubleTensorType}


def difference(names):
    """Largest difference of a probability between scikit-learn and onnxruntime."""
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[names], y)
    types = [(name, TYPES[name]([None, 1])) for name in names]
    graph = convert_sklearn(model, initial_types=types, options={id(model): {"zipmap": False}})
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    got = session.run(None, {name: X[[name]].to_numpy() for name in names})[1]
    return abs(got - model.predict_proba(X[names])).max()


integers_first, floats_first = difference(["whole", "share"]), difference(["share", "whole"])
print(f"int64 first: {integers_first:.3f}, float64 first: {floats_first:.3f}")
assert integers_first > 0.5 and floats_first < 1e-6, "the behaviour has changed"
PYTHON
