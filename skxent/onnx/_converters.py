"""The converters of this package's estimators, which skl2onnx calls once they are registered."""

from __future__ import annotations

import numpy as np
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from skl2onnx.common.utils_classifier import get_label_classes

from .._classifier import SigmoidMLPClassifier, SoftmaxMLPClassifier
from .._model import fitted_model
from .._table import TableEncoder
from .._table.encoder import encoding_of
from ._encoder import encoded
from ._graph import Columns, Graph
from ._network import logits, sigmoid


def _classes(scope, estimator):
    """Return the class labels as ONNX has them, whole numbers of 64 bits or texts."""
    labels = np.asarray(get_label_classes(scope, estimator)).tolist()
    if all(isinstance(label, str) for label in labels):
        return np.array(labels, dtype=object)
    if all(_is_int64(label) for label in labels):
        return np.array([int(label) for label in labels], dtype=np.int64)
    raise ValueError(
        f"Labels in ONNX are whole numbers or texts, and these are {labels}: fit on such labels, "
        "for example on y.astype(str). (A whole number has 64 bits, one of them for the sign.)"
    )


def _is_int64(label):
    return isinstance(label, int | float) and label == label // 1 and -(2**63) <= label < 2**63


def _convert_classifier(scope, operator, container):
    estimator = operator.raw_operator
    model = fitted_model(estimator)
    outputs = model.outputs
    g = Graph(scope, container)
    z = logits(g, model, Columns(g, operator.inputs, estimator.n_features_in_))
    label, probabilities = operator.outputs
    scores = g("Concat", g("Neg", z), z, axis=1) if outputs.n_outputs == 1 else z
    if container.get_options(estimator, {"raw_scores": False})["raw_scores"]:
        g.end(scores, probabilities)
    elif outputs.softmax:
        g.end(g("Softmax", scores, axis=1), probabilities)
    else:
        g.end(sigmoid(g, scores), probabilities)
    if outputs.n_outputs == 1:
        codes = g("Reshape", g.cast(_is_positive(g, z), np.int64), g.constant([-1]))
    elif outputs.softmax:
        codes = g("ArgMax", z, axis=1, keepdims=0)
    else:
        g.end(_is_positive(g, z), label)
        return
    g.end(g("Gather", g.constant(_classes(scope, estimator)), codes), label)


def _is_positive(g, z):
    return g("Greater", z, g.constant(0.0))


def _classifier_shapes(operator):
    model = operator.raw_operator
    n = operator.inputs[0].get_first_dimension()
    label, probabilities = operator.outputs
    if len(model.classes_) == model.n_outputs_ and model.out_activation_ == "logistic":
        label.set_type(Int64TensorType([n, model.n_outputs_]))
    else:
        texts = _classes(operator.scope_inst, model).dtype.kind == "O"
        label.set_type(StringTensorType([n]) if texts else Int64TensorType([n]))
    probabilities.type.shape = [n, len(model.classes_)]  # of the type that skl2onnx expects


def _convert_encoder(scope, operator, container):
    encoder = operator.raw_operator
    g = Graph(scope, container)
    columns = Columns(g, operator.inputs, encoder.n_features_in_)
    matrix, fields = encoded(g, encoding_of(encoder), columns)
    parts = [] if matrix is None else [matrix]
    for codes, width in fields:
        parts.append(g("Gather", g.constant(np.eye(width + 1, width)), codes, axis=0))
    parts = parts or [columns.zeros(0)]
    g.end(parts[0] if len(parts) == 1 else g("Concat", *parts, axis=1), operator.outputs[0])


def _encoder_shapes(operator):
    encoder = operator.raw_operator
    n = operator.inputs[0].get_first_dimension()
    shape = [n, len(encoder.get_feature_names_out())]
    kind = DoubleTensorType if encoder.dtype_ == "float64" else FloatTensorType
    operator.outputs[0].set_type(kind(shape))


def register() -> None:
    """Make the estimators known to skl2onnx."""
    for kind in (SoftmaxMLPClassifier, SigmoidMLPClassifier):
        update_registered_converter(
            kind,
            f"Skxent{kind.__name__}",
            _classifier_shapes,
            _convert_classifier,
            options={
                "zipmap": [True, False, "columns"],
                "output_class_labels": [False, True],
                "nocl": [True, False],
                "raw_scores": [True, False],
            },
        )
    update_registered_converter(
        TableEncoder, "SkxentTableEncoder", _encoder_shapes, _convert_encoder
    )
