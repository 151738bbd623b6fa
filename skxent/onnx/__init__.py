"""Fitted models as ONNX graphs, which run wherever ONNX runs, without Python.

Importing this module also registers the converters with skl2onnx, so that its
``convert_sklearn`` knows the estimators of this package, alone or in a pipeline.

The graph computes in float64, whatever the types of its inputs: a number is as large as it was in
``fit`` until it is centred, and sums are rounded less than in the kernel they are compared with.
Weights are stored in the precision they were learnt in. Probabilities come out as float64 where the
first input is that, and else as float32: the rule of skl2onnx, which other converters build on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

try:
    from onnx import ModelProto
    from skl2onnx import convert_sklearn
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"skxent.onnx needs skl2onnx ({error}). Install it with: pip install 'skxent[onnx]'"
    ) from error

from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from .._columns import columns_of
from . import _converters
from ._inputs import NOTES, arrays_of, as_table, input_types, is_frame, names_in, notes_of
from ._others import check_known, known_contents, prepared

__all__ = ["feed", "to_onnx"]

_converters.register()


def to_onnx(estimator: Any, X: Any = None, *, target_opset: int | dict | None = None) -> ModelProto:
    """Convert a fitted estimator to an ONNX model.

    Labels are the same as those of ``predict``, and probabilities equal those of ``predict_proba``
    to 1e-6.

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`~skxent.SoftmaxMLPClassifier`, :class:`~skxent.SigmoidMLPClassifier` or
        :class:`~skxent.TableEncoder`, or an estimator of scikit-learn's with one of them inside,
        such as a :class:`~sklearn.pipeline.Pipeline`, that skl2onnx is known to convert rightly.
    X : DataFrame or array-like of shape (n_samples, n_features) or None, default=None
        Some rows of the table, for the names of the inputs: one input of shape (n, 1) for each
        column of a DataFrame, with its name and in the order of ``fit``, or one matrix named "X".
        Any table that ``fit`` takes, except sparse matrices. None takes names and kinds of the
        columns from what the estimator saw in ``fit``. It is not enough where another estimator
        reads the table, such as a scaler at the head of a pipeline.
    target_opset : int, dict or None, default=None
        The version of ONNX operators to keep to, as in skl2onnx.

    Returns
    -------
    model : onnx.ModelProto
        Its outputs are "label" and "probabilities", or "variable" for an encoder.

    Raises
    ------
    ValueError
        If a type of X, or of the class labels, does not exist in ONNX, X lacks columns of fit, a
        column has the name of an output, X is None and the columns are not known, or skl2onnx is
        not known to convert the estimator rightly (:ref:`deployment` says what it does).

    See Also
    --------
    feed : For a table as the inputs of such a model.

    Notes
    -----
    ``onnx.save(to_onnx(model), "model.onnx")`` writes a file.

    The types of the inputs hold what the columns can, by what the estimator saw in ``fit``, and not
    by the rows of X: float64 for numbers, or float32 if the column of X is that; booleans if there
    are no gaps among them; texts for all else. Numbers that are categories are texts where float64
    cannot hold a level.

    ONNX knows no missing text. In a column of texts, "" stands for a missing value, and so do
    "nan", "None" and "<NA>", which is what missing values become if they are converted by
    ``str``; each unless it was a level of that column in ``fit``. A note in the model's metadata
    tells :func:`feed` which of them to write. Numbers among texts are written as ``"1"`` rather
    than ``"1.0"``. An infinite number, an error in ``predict``, is clipped.

    Examples
    --------
    >>> from onnxruntime import InferenceSession
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxMLPClassifier
    >>> from skxent.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxMLPClassifier(random_state=0).fit(X, y)
    >>> session = InferenceSession(to_onnx(model).SerializeToString())
    >>> labels, probabilities = session.run(None, {"X": X})
    >>> bool((abs(probabilities - model.predict_proba(X)) < 1e-6).all())
    True
    """
    check_is_fitted(estimator)
    estimator = prepared(estimator)
    check_known(estimator)
    if X is None:
        names, columns = _seen_in_fit(estimator)
    else:
        X = _in_order(estimator, as_table(X))
        names, columns = names_in(X), columns_of(X)
    contents = known_contents(estimator, columns)
    if X is None and contents is None:
        raise ValueError(
            f"This {type(estimator).__name__} does not know what the columns of its table are: no "
            "estimator of skxent's inside reads it. Give some rows: to_onnx(estimator, X)."
        )
    types = input_types(names, columns, contents)
    options = {id(estimator): {"zipmap": False}} if is_classifier(estimator) else None
    model = convert_sklearn(
        estimator, initial_types=types, options=options, target_opset=target_opset
    )
    _rename_inputs(model.graph, [name for name, _ in types])
    if contents is not None:
        model.metadata_props.add(key=NOTES, value=notes_of(types, contents))
    return model


def _seen_in_fit(estimator):
    """Return the names of the columns of fit, or None, and columns that have no rows."""
    names = getattr(estimator, "feature_names_in_", None)
    columns = columns_of(np.empty((0, estimator.n_features_in_)))
    return None if names is None else list(names), columns


def _in_order(estimator, X):
    """Return the columns of fit, in their order there, if X and they have names."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None or not is_frame(X):
        return X
    given = list(X.columns)
    if lacking := [name for name in names if name not in given]:
        raise ValueError(
            f"X lacks the columns {lacking}, which the estimator was fitted on; it has {given}."
        )
    return X[list(names)]


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
        The table; of a DataFrame the columns that the model knows, in any order. Any table that
        ``fit`` takes, except sparse matrices.

    Returns
    -------
    inputs : dict of ndarray
        What ``session.run`` takes as its second argument.

    Raises
    ------
    ValueError
        If a column is missing, or holds a value that the type of its input cannot hold: gaps or
        fractions where the model takes whole numbers, 300 where it takes uint8.
    TypeError
        If session is something else, such as the estimator.

    Notes
    -----
    No value is changed: what its input cannot hold exactly is an error. This includes rounding to
    float32, which moves a number by less than 1e-7 of it. That much is another level where the
    column is one of categories, and another place in the table where numbers are far from 0 and
    close to each other, such as times in seconds. Convert X to float32 where it may be rounded.
    To float64 alone numbers are rounded, as ``predict`` does, unless they are categories.

    Examples
    --------
    >>> import pandas as pd
    >>> from onnxruntime import InferenceSession
    >>> from skxent import TableEncoder
    >>> from skxent.onnx import feed, to_onnx
    >>> X = pd.DataFrame({"age": [20.0, None, 40.0], "town": ["Bonn", "Ulm", None]})
    >>> encoder = TableEncoder().fit(X)
    >>> session = InferenceSession(to_onnx(encoder).SerializeToString())
    >>> feed(session, X)["town"].ravel()
    array(['Bonn', 'Ulm', ''], dtype=object)
    """
    if not hasattr(session, "get_inputs"):
        raise TypeError(
            f"session must be the loaded model, an onnxruntime.InferenceSession, got "
            f"{type(session).__name__}: InferenceSession(to_onnx(estimator).SerializeToString())"
        )
    return arrays_of(as_table(X), session)
