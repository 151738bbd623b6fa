"""Fitted models as ONNX graphs, which run wherever ONNX runs, without Python.

Importing this module also registers the converters with skl2onnx, so that its
``convert_sklearn`` knows the estimators of this package, alone or in a pipeline.

The graph computes in float64, whatever the types of its inputs: a number is as large as it was in
``fit`` until it is centred, and sums are rounded less than in the kernel they are compared with.
Weights are stored in the precision they were learnt in. Probabilities come out as float64 where the
first input is that, and else as float32: the rule of skl2onnx, which other converters build on.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np

try:
    from onnx import ModelProto, TensorProto, numpy_helper
    from skl2onnx import convert_sklearn, update_registered_converter
    from skl2onnx.common.data_types import (
        BooleanTensorType,
        DoubleTensorType,
        FloatTensorType,
        Int8TensorType,
        Int32TensorType,
        Int64TensorType,
        StringTensorType,
        UInt8TensorType,
        guess_proto_type,
    )
    from skl2onnx.common.utils_classifier import get_label_classes
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"skxent.onnx needs skl2onnx ({error}). Install it with: pip install 'skxent[onnx]'"
    ) from error

from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from ._classifier import SigmoidMLPClassifier, SoftmaxMLPClassifier
from ._columns import columns_of, text_of
from ._model import fitted_model
from ._table import TableEncoder
from ._table.encoder import encoding_of
from ._table.numbers import FARTHEST, LARGEST

__all__ = ["feed", "to_onnx"]

_MISSING_TEXTS = ("", "nan", "None", "<NA>")  # what gaps among texts become on the way in
_NUMPY_TYPES = {
    "tensor(string)": np.dtype(object),
    "tensor(double)": np.dtype(np.float64),
    "tensor(float)": np.dtype(np.float32),
    "tensor(int64)": np.dtype(np.int64),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(int8)": np.dtype(np.int8),
    "tensor(uint8)": np.dtype(np.uint8),
    "tensor(bool)": np.dtype(bool),
}
_WHOLE_TYPES = {
    "bool": BooleanTensorType,
    "int8": Int8TensorType,
    "uint8": UInt8TensorType,
    "int32": Int32TensorType,
}


def to_onnx(estimator: Any, X: Any, *, target_opset: int | dict | None = None) -> ModelProto:
    """Convert a fitted estimator to an ONNX model.

    Labels are the same as those of ``predict``, and probabilities equal those of ``predict_proba``
    to 1e-6.

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`~skxent.SoftmaxMLPClassifier`, :class:`~skxent.SigmoidMLPClassifier` or
        :class:`~skxent.TableEncoder`, or anything else that skl2onnx converts, such as a
        :class:`~sklearn.pipeline.Pipeline`, with one of them inside.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Some rows of the table, for the names and types of the inputs: one input of shape
        (n, 1) for each column of a DataFrame, with its name and in the order of ``fit``, or one
        matrix named "X".
    target_opset : int, dict or None, default=None
        The version of ONNX operators to keep to, as in skl2onnx.

    Returns
    -------
    model : onnx.ModelProto
        Its outputs are "label" and "probabilities", or "variable" for an encoder.

    Raises
    ------
    ValueError
        If a type of X, or of the class labels, does not exist in ONNX, X lacks columns of fit, or a
        column has the name of an output.

    See Also
    --------
    feed : For a table as the inputs of such a model.

    Notes
    -----
    ONNX knows no missing text. In a column of texts, "" stands for a missing value, and so do
    "nan", "None" and "<NA>", which is what missing values become if they are converted by
    ``str``; each unless it was a level of that column in ``fit``. Numbers among texts are written
    as ``"1"`` rather than ``"1.0"``. An infinite number, an error in ``predict``, is clipped.

    Examples
    --------
    >>> from onnxruntime import InferenceSession
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxMLPClassifier
    >>> from skxent.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxMLPClassifier(random_state=0).fit(X, y)
    >>> session = InferenceSession(to_onnx(model, X).SerializeToString())
    >>> labels, probabilities = session.run(None, {"X": X})
    >>> bool((abs(probabilities - model.predict_proba(X)) < 1e-6).all())
    True
    """
    check_is_fitted(estimator)
    options = {id(estimator): {"zipmap": False}} if is_classifier(estimator) else None
    types = _input_types(X)
    if hasattr(X, "columns"):
        types = _in_order(estimator, types)
    model = convert_sklearn(
        estimator, initial_types=types, options=options, target_opset=target_opset
    )
    _rename_inputs(model.graph, [name for name, _ in types])
    return model


def _in_order(estimator, types):
    """Return the inputs in the order of the columns in fit: those of X are known by name."""
    by_name = dict(types)
    names = [str(name) for name in getattr(estimator, "feature_names_in_", by_name)]
    if lacking := [name for name in names if name not in by_name]:
        raise ValueError(
            f"X lacks the columns {lacking}, which the estimator was fitted on; it has "
            f"{list(by_name)}."
        )
    return [(name, by_name[name]) for name in names]


def _rename_inputs(graph, names):
    """Give the inputs the names of the columns, which skl2onnx has made identifiers."""
    if taken := {output.name for output in graph.output}.intersection(names):
        raise ValueError(
            f"Columns are named {sorted(taken)}, which are names of outputs of the model: fit on "
            "a table with other names."
        )
    renamed = {given.name: name for given, name in zip(graph.input, names, strict=True)}
    for given in graph.input:
        given.name = renamed[given.name]
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]


def feed(session: Any, X: Any) -> dict[str, np.ndarray]:
    """Return a table as the inputs of a model that ``to_onnx`` made.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The model, loaded; of the inputs it has, names and types are used.
    X : DataFrame or array-like of shape (n_samples, n_features)
        The table; of a DataFrame the columns that the model knows, in any order.

    Returns
    -------
    inputs : dict of ndarray
        What ``session.run`` takes as its second argument.

    Raises
    ------
    ValueError
        If a column is missing, or has gaps where the model takes whole numbers or booleans.

    Examples
    --------
    >>> import pandas as pd
    >>> from onnxruntime import InferenceSession
    >>> from skxent import TableEncoder
    >>> from skxent.onnx import feed, to_onnx
    >>> X = pd.DataFrame({"age": [20.0, None, 40.0], "town": ["Bonn", "Ulm", None]})
    >>> encoder = TableEncoder().fit(X)
    >>> session = InferenceSession(to_onnx(encoder, X).SerializeToString())
    >>> feed(session, X)["town"].ravel()
    array(['Bonn', 'Ulm', ''], dtype=object)
    """
    wanted = {i.name: _NUMPY_TYPES[i.type] for i in session.get_inputs()}
    if not hasattr(X, "columns"):
        (name,) = wanted
        X = np.asarray(X)
        (column,) = columns_of(X.reshape(-1, 1))
        return {name: _values(column, wanted[name], name).reshape(X.shape)}
    columns = dict(zip(map(str, X.columns), columns_of(X), strict=True))
    if lacking := [name for name in wanted if name not in columns]:
        raise ValueError(f"X lacks the columns {lacking}; it has {list(columns)}.")
    return {name: _values(columns[name], dtype, name)[:, None] for name, dtype in wanted.items()}


def _values(column, dtype, name):
    """Return a column as an array of the given type."""
    if dtype.kind == "O":
        codes, values = column.coded
        texts = np.array([text_of(value) or "" for value in values], dtype=object)
        return texts[np.asarray(codes, dtype=np.intp)]
    numbers = column.numbers
    if dtype.kind in "ib" and numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        raise ValueError(
            f"Column {name!r} has gaps, but the model takes {dtype.name} there, which has no "
            "missing value. Convert the estimator again, with an X that has gaps in that column."
        )
    return numbers.astype(dtype)


def _input_types(X):
    """Return the name and type of every input."""
    if hasattr(X, "columns"):
        names = [str(name) for name in X.columns]
        kinds = [_column_type(*pair) for pair in zip(names, columns_of(X), strict=True)]
        return [(name, kind([None, 1])) for name, kind in zip(names, kinds, strict=True)]
    if hasattr(X, "toarray"):
        raise ValueError(
            "X is a sparse matrix, which ONNX does not have: give dense rows, X[:5].toarray(), "
            "here and to the model."
        )
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(f"X must be a table of rows and columns, got an array of shape {X.shape}.")
    (column,) = columns_of(X.reshape(-1, 1))
    return [("X", _column_type("X", column)([None, X.shape[1]]))]


def _column_type(name, column):
    """Return the type of ONNX tensor for a column."""
    family = column.family
    if family in ("text", "mixed", "empty"):
        return StringTensorType
    if family not in ("number", "bool"):
        raise ValueError(f"Column {name!r} holds {family} values, which no model here reads.")
    dtype = (column.categories if column.is_categorical else column).values.dtype
    kind = getattr(dtype, "kind", "O")
    if kind in "iub" and not _has_gaps(column):
        return _WHOLE_TYPES.get(dtype.name, Int64TensorType)
    if family == "bool":
        return StringTensorType
    return FloatTensorType if dtype == np.float32 else DoubleTensorType


def _has_gaps(column):
    codes, values = column.coded
    if column.is_categorical:
        return bool((np.asarray(codes) < 0).any()) or None in values[:-1]
    return any(text_of(value) is None for value in values)


# ---- the graph


class _Graph:
    """Adds nodes and constants to a graph, each under a new name, which it returns."""

    def __init__(self, scope, container):
        self._scope, self._container = scope, container

    def __call__(self, op, *inputs, domain="", **attributes):
        output = self._scope.get_unique_variable_name(op.lower())
        self._container.add_node(
            op,
            list(inputs),
            [output],
            op_domain=domain,
            name=self._scope.get_unique_operator_name(op),
            **attributes,
        )
        return output

    def constant(self, values):
        """Add an array of numbers or texts."""
        values = np.asarray(values)
        name = self._scope.get_unique_variable_name("constant")
        if values.dtype.kind in "OU":
            texts = [str(text).encode() for text in values.ravel()]
            self._container.add_initializer(name, TensorProto.STRING, values.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(values))
            self._container.add_initializer(name, None, None, tensor)
        return name

    def numbers(self, values):
        """Add an array of floats as it is, and make it float64 when the graph runs."""
        return self.cast(self.constant(values), np.float64)

    def cast(self, x, dtype):
        """Convert to another type."""
        return self("Cast", x, to=_TENSOR_TYPES[np.dtype(dtype).name])

    def end(self, x, output):
        """Let the graph end with x in an output variable, in the type that it has."""
        self._container.add_node(
            "Cast", [x], [output.full_name], to=guess_proto_type(output.type),
            name=self._scope.get_unique_operator_name("Cast"),
        )  # fmt: skip


_TENSOR_TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}


class _Columns:
    """The columns of a table among the inputs of an operator, whether it has one or many."""

    def __init__(self, graph, inputs, n_columns):
        self._graph = graph
        self._of = []  # the input of each column, the place therein, the width of the input
        for variable in inputs:
            shape = variable.type.shape
            width = shape[1] if len(shape) > 1 else 1
            if width is None:  # unknown: then it is the only one
                width = n_columns
            self._of += [(variable, place, width) for place in range(width)]
        if len(self._of) != n_columns:
            raise ValueError(
                f"The inputs have {len(self._of)} columns, but the estimator was fitted on "
                f"{n_columns}: give an X like that of fit."
            )

    def type_of(self, i):
        """Return the type of a column's input."""
        return type(self._of[i][0].type)

    def column(self, i):
        """Return one column, of shape (n, 1)."""
        variable, place, width = self._of[i]
        if width == 1:
            return variable.full_name
        return self._graph("Gather", variable.full_name, self._graph.constant([place]), axis=1)

    def numbers(self, chosen):
        """Return the chosen columns as one matrix of float64."""
        g, inputs, places, width = self._graph, [], [], 0
        for i in chosen:
            variable, place, _ = self._of[i]
            if isinstance(variable.type, StringTensorType):
                raise ValueError(
                    f"Input {variable.raw_name!r} holds text, but the estimator was fitted on "
                    "numbers there. Give X as a DataFrame: each column is an input of its own type."
                )
            if not inputs or inputs[-1] is not variable:
                inputs.append(variable)
                width += self._of[i][2]
            places.append(width - self._of[i][2] + place)
        parts = []
        for _, alike in groupby(inputs, key=lambda variable: type(variable.type)):
            x = self._joined([variable.full_name for variable in alike])
            parts.append(g.cast(x, np.float64))  # one for all: a table may have many columns
        x = self._joined(parts)
        return x if places == list(range(width)) else _pick(g, x, places)

    def _joined(self, parts):
        return parts[0] if len(parts) == 1 else self._graph("Concat", *parts, axis=1)

    def codes(self, i, codes, missing, unknown):
        """Look up a column in a dictionary of codes by text; return an int64 vector."""
        g, column, kind = self._graph, self.column(i), self.type_of(i)
        if kind is BooleanTensorType:
            pair = [codes.get(text, unknown) for text in ("False", "True")]
            found = g("Gather", g.constant(pair), g.cast(column, np.int64))
        elif kind is StringTensorType:
            keys = dict.fromkeys(_MISSING_TEXTS, missing) | codes
            found = self._look_up(column, keys, unknown, "keys_strings")
        elif kind in (FloatTensorType, DoubleTensorType):
            found = self._codes_of_floats(g.cast(column, np.float64), codes, missing, unknown)
        else:
            found = self._codes_of_integers(g.cast(column, np.int64), codes, unknown)
        return g("Reshape", found, g.constant([-1]))

    def _codes_of_integers(self, x, codes, unknown):
        keys = {n: code for n, code in _by_number(int, codes).items() if abs(n) < 2**63}
        # an encoder of no keys is not allowed
        return self._look_up(x, keys or {0: unknown}, unknown, "keys_int64s")

    def _codes_of_floats(self, x, codes, missing, unknown):
        """Look whole numbers up as integers, and compare with every other level."""
        g = self._graph
        found = self._codes_of_integers(g.cast(x, np.int64), codes, unknown)
        found = g("Where", g("Equal", x, g("Floor", x)), found, g.constant([unknown]))
        others = _by_number(float, codes)
        others = {n: c for n, c in others.items() if n != np.floor(n) or abs(n) >= 2.0**63}
        if others:
            matches = g.cast(g("Equal", x, g.constant(np.array([[*others]]))), np.float64)
            steps = np.array([[code - unknown] for code in others.values()], dtype=np.float64)
            step = g.cast(g("MatMul", matches, g.constant(steps)), np.int64)
            found = g("Add", found, step)
        return g("Where", g("IsNaN", x), g.constant([missing]), found)

    def _look_up(self, column, keys, unknown, kind):
        return self._graph(
            "LabelEncoder",
            column,
            domain="ai.onnx.ml",
            op_version=2,
            **{kind: list(keys), "values_int64s": list(keys.values()), "default_int64": unknown},
        )


def _by_number(number, codes):
    """Return codes by number, of those levels that are the text of a number."""
    found = {}
    for text, code in codes.items():
        try:
            value = number(text)
        except ValueError:
            continue
        if text_of(value) == text:
            found[value] = code
    return found


def _encoded(g, encoding, columns):
    """Return what the encoder makes of the columns.

    This is a matrix, of the numbers and their bins, and for each field of categories a vector of
    codes with the number of its columns; the code after the last stands for zeros.
    """
    if encoding.sparse is not None:
        x = columns.numbers(range(len(encoding.sparse.scale)))
        x = g("Where", g("IsNaN", x), g.constant(0.0), x)
        scaled = g("Div", x, g.constant(encoding.sparse.scale))
        return _rounded(g, encoding, _smooth_clip(g, scaled)), []
    parts, numbers = [], encoding.numbers
    if len(numbers.columns):
        x = _numbers_and_statistics(g, encoding, columns)
        missing = g("IsNaN", x)
        x = g("Where", missing, g.constant(numbers.center), x)
        z = g("Div", g("Sub", x, g.constant(numbers.center)), g.constant(numbers.scale))
        if len(numbers.linear):
            parts.append(_rounded(g, encoding, _pick(g, _smooth_clip(g, z), numbers.linear)))
        if len(numbers.gaps):
            parts.append(g.cast(_pick(g, missing, numbers.gaps), np.float64))
        if len(numbers.plain):
            parts.append(_rounded(g, encoding, _standard(g, numbers, x, missing)))
        if len(numbers.binned):
            parts.append(_bins(g, numbers, x))
    fields, categories = [], encoding.categories
    widths = categories.widths.tolist()
    for f, i in enumerate(categories.columns):
        gap, rare = (
            widths[f] if np.isnan(code) else int(code)
            for code in (categories.gap_codes[f], categories.rare_codes[f])
        )
        fields.append((columns.codes(i, categories.levels[f], gap, rare), widths[f]))
    if not parts:
        return None, fields
    return (parts[0] if len(parts) == 1 else g("Concat", *parts, axis=1)), fields


def _numbers_and_statistics(g, encoding, columns):
    """Return the numeric columns, and after them the log-odds by level."""
    n = len(encoding.schema.families)
    own = [i for i in encoding.numbers.columns if i < n]
    parts = [columns.numbers(own)] if own else []
    first = n
    for i, table in encoding.log_odds.tables.items():
        codes = {text: code for code, text in enumerate(table)}
        codes = columns.codes(i, codes, codes.get("", len(table)), len(table))
        odds = np.array([*table.values()])
        last = first + odds.shape[1]
        chosen = [j - first for j in encoding.numbers.columns if first <= j < last]
        first = last
        if chosen:
            odds = np.vstack([odds, np.zeros(odds.shape[1])])[:, chosen]
            parts.append(g("Gather", g.constant(odds), codes, axis=0))
    return parts[0] if len(parts) == 1 else g("Concat", *parts, axis=1)


def _smooth_clip(g, z):
    """Bend z smoothly into (-3, 3)."""
    z = g("Clip", z, g.constant(-1e6), g.constant(1e6))
    third = g("Div", z, g.constant(3.0))
    root = g("Sqrt", g("Add", g("Mul", third, third), g.constant(1.0)))
    return g("Div", z, root)


def _standard(g, numbers, x, missing):
    """Return the standardised columns; a gap is the mean."""
    z = g("Sub", _pick(g, x, numbers.plain), g.constant(numbers.mean))
    z = g("Div", z, g.constant(numbers.std))
    z = g("Clip", z, g.constant(-FARTHEST), g.constant(FARTHEST))
    return g("Where", _pick(g, missing, numbers.plain), g.constant(0.0), z)


def _bins(g, numbers, x):
    """Return the piecewise-linear encoding: how far x has come through each bin, from 0 to 1."""
    edges, n_bins = numbers.edges, numbers.widths
    low = np.concatenate([edges[:n, j] for j, n in enumerate(n_bins)])
    high = np.concatenate([edges[1 : n + 1, j] for j, n in enumerate(n_bins)])
    x = _pick(g, x, np.repeat(numbers.binned, n_bins))
    with np.errstate(over="ignore"):
        width = np.minimum(high - low, LARGEST)
    share = g("Div", g("Sub", x, g.constant(low)), g.constant(width))
    share = g("Clip", share, g.constant(0.0), g.constant(1.0))
    # the encoder keeps the place along all bins of a column in float32: rounded alike here
    before = g.constant(np.concatenate([np.arange(n, dtype=float) for n in n_bins]))
    place = g.cast(g.cast(g("Add", share, before), np.float32), np.float64)
    return g("Sub", place, before)


def _rounded(g, encoding, x):
    """Round to the precision of the encoder."""
    return x if encoding.dtype == "float64" else g.cast(g.cast(x, np.float32), np.float64)


def _pick(g, x, columns):
    return g("Gather", x, g.constant(np.asarray(columns, dtype=np.int64)), axis=1)


# ---- activations of the hidden layers


def _gelu(g, z):
    """Return z Phi(z); onnxruntime has erf for float32 only, which is exact enough."""
    erf = g.cast(g("Erf", g.cast(g("Mul", z, g.constant(0.5**0.5)), np.float32)), np.float64)
    return g("Mul", z, g("Mul", g.constant(0.5), g("Add", erf, g.constant(1.0))))


def _selu(g, z):
    above = g("Mul", g.constant(1.0507009873554805), g("Relu", z))
    below = g("Sub", g("Exp", g("Min", z, g.constant(0.0))), g.constant(1.0))
    return g("Add", above, g("Mul", g.constant(1.7580993408473769), below))


def _elu(g, z):
    below = g("Sub", g("Exp", g("Min", z, g.constant(0.0))), g.constant(1.0))
    return g("Add", g("Relu", z), below)


def _softplus(g, z):
    """Return log(1 + exp(z)); the operator itself is for float32 only in most versions."""
    small = g("Exp", g("Neg", g("Abs", z)))
    return g("Add", g("Relu", z), g("Log", g("Add", g.constant(1.0), small)))


def _silu(g, z):
    """Return z / (1 + exp(-z)): z times a sigmoid is what onnxruntime fuses, for float32 only."""
    return g("Div", z, g("Add", g.constant(1.0), g("Exp", g("Neg", z))))


_ACTIVATIONS: dict[str, Callable[[_Graph, str], str]] = {
    "identity": lambda g, z: z,
    "logistic": lambda g, z: g("Sigmoid", z),
    "tanh": lambda g, z: g("Tanh", z),
    "relu": lambda g, z: g("Relu", z),
    "leaky_relu": lambda g, z: g("Max", z, g("Mul", z, g.constant(0.01))),
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "mish": lambda g, z: g("Mul", z, g("Tanh", _softplus(g, z))),
    "softplus": _softplus,
}


# ---- the networks


def _first_products(g, model, columns, W):
    """Return the rows of a table times the first weights W; the codes look up rows of it."""
    if model.reader.passes_through:
        matrix, fields = columns.numbers(range(len(W))), []
    else:
        matrix, fields = _encoded(g, encoding_of(model.reader.encoder), columns)
    stop = len(W) - sum(width for _, width in fields)
    terms = [] if matrix is None else [g("MatMul", matrix, g.numbers(W[:stop]))]
    for codes, width in fields:
        start, stop = stop, stop + width
        rows = np.vstack([W[start:stop], np.zeros((1, W.shape[1]), W.dtype)])
        terms.append(g("Gather", g.numbers(rows), codes, axis=0))
    return terms


def _logits(g, model, columns):
    """Return the mean of the members' logits over the temperature.

    All members go through the graph at once: side by side in the first layer, then as a stack.
    """
    weights, biases = model.network.views(model.params)
    n_members = len(model.params)
    W = weights[0].transpose(1, 0, 2).reshape(weights[0].shape[1], -1)
    z = g.numbers(biases[0].reshape(1, -1))
    for term in _first_products(g, model, columns, W):
        z = g("Add", term, z)
    if n_members > 1:
        z = g("Reshape", z, g.constant([-1, n_members, weights[0].shape[2]]))
        z = g("Transpose", z, perm=[1, 0, 2])
    for layer, name in enumerate(model.network.activations, start=1):
        W, b = weights[layer], biases[layer][:, None, :]
        W, b = (W, b) if n_members > 1 else (W[0], b[0])
        z = g("Add", g("MatMul", _ACTIVATIONS[name](g, z), g.numbers(W)), g.numbers(b))
    if n_members > 1:
        z = g("ReduceSum", z, g.constant([0]), keepdims=0)
    return g("Div", z, g.constant(float(n_members * model.temperature)))


def _classes(scope, model):
    """Return the class labels as ONNX has them, whole numbers or texts."""
    classes = np.asarray(get_label_classes(scope, model))
    if classes.dtype.kind in "iub":
        return classes.astype(np.int64)
    if classes.dtype.kind == "f" and (classes == np.floor(classes)).all():
        return classes.astype(np.int64)
    if all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object)
    raise ValueError(
        f"Labels in ONNX are whole numbers or texts, and these are {classes.tolist()}: fit on "
        "such labels, for example on y.astype(str)."
    )


def _convert_classifier(scope, operator, container):
    estimator = operator.raw_operator
    model = fitted_model(estimator)
    outputs = model.outputs
    g = _Graph(scope, container)
    z = _logits(g, model, _Columns(g, operator.inputs, estimator.n_features_in_))
    label, probabilities = operator.outputs
    scores = g("Concat", g("Neg", z), z, axis=1) if outputs.n_outputs == 1 else z
    if container.get_options(estimator, {"raw_scores": False})["raw_scores"]:
        g.end(scores, probabilities)
    elif outputs.softmax:
        g.end(g("Softmax", scores, axis=1), probabilities)
    else:
        g.end(g("Sigmoid", scores), probabilities)
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
    g = _Graph(scope, container)
    columns = _Columns(g, operator.inputs, encoder.n_features_in_)
    matrix, fields = _encoded(g, encoding_of(encoder), columns)
    parts = [] if matrix is None else [matrix]
    for codes, width in fields:
        parts.append(g("Gather", g.constant(np.eye(width + 1, width)), codes, axis=0))
    g.end(parts[0] if len(parts) == 1 else g("Concat", *parts, axis=1), operator.outputs[0])


def _encoder_shapes(operator):
    encoder = operator.raw_operator
    n = operator.inputs[0].get_first_dimension()
    shape = [n, len(encoder.get_feature_names_out())]
    kind = DoubleTensorType if encoder.dtype_ == "float64" else FloatTensorType
    operator.outputs[0].set_type(kind(shape))


for _class in (SoftmaxMLPClassifier, SigmoidMLPClassifier):
    update_registered_converter(
        _class,
        f"Skxent{_class.__name__}",
        _classifier_shapes,
        _convert_classifier,
        options={
            "zipmap": [True, False, "columns"],
            "output_class_labels": [False, True],
            "nocl": [True, False],
            "raw_scores": [True, False],
        },
    )
update_registered_converter(TableEncoder, "SkxentTableEncoder", _encoder_shapes, _convert_encoder)
del _class
