"""Targets: y becomes class numbers or a matrix of probabilities, and says what the outputs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import assert_all_finite, check_array, column_or_1d

from ._columns import MISSING, columns_of, labels_of
from ._outputs import Outputs


@dataclass(frozen=True, eq=False)
class Targets:
    """What is to be predicted: outputs, their targets by row, and one class number per row.

    `values` are class numbers, or a matrix of probabilities or indicators.
    """

    outputs: Outputs
    values: NDArray
    codes: NDArray

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, eq=False)
class Expected:
    """What is known of the targets before y is read.

    `exclusive` tells whether a row has one class, `known` are the outputs of a network that exists,
    `declared` the classes that partial_fit was told of. Where `all_present`, y must hold every one
    of the known classes.
    """

    exclusive: bool
    known: Outputs | None = None
    declared: ArrayLike | None = None
    all_present: bool = False


def read_targets(y: Any, name: str, expected: Expected) -> Targets:
    """Read the targets of an estimator that is called `name`."""
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    read = _exclusive_targets if expected.exclusive else _independent_targets
    return read(y, expected)


def _exclusive_targets(y, expected):
    """Read targets of one class per row.

    A 2-D float y whose rows are probabilities is a soft target; its classes are the columns of a
    DataFrame, or 0, 1, ...
    """
    soft = _soft_targets(y)
    if soft is not None:
        return _probabilities(*soft, expected)
    if np.asarray(y).ndim == 2 and type_of_target(y) == "multilabel-indicator":
        raise ValueError(
            "y is a multilabel indicator: several classes may be true of one row. The outputs "
            "of a softmax sum to 1 and cannot say that; use SigmoidMLPClassifier, whose "
            "outputs are independent. (One class per row as an indicator: pass "
            "y.argmax(axis=1); rows of probabilities: pass them as floats.)"
        )
    return _codes(column_or_1d(y, warn=True), _exclusive, expected)


def _independent_targets(y, expected):
    """Read targets of outputs that are independent: a multilabel indicator, or two classes."""
    if not sp.issparse(y):
        _check_labels(np.asarray(y))
    kind = type_of_target(y)
    known = expected.known
    if kind != "multilabel-indicator" and not (known is not None and known.n_outputs > 1):
        if kind.endswith("multioutput"):
            raise ValueError(
                f"A 2-D y is a multilabel indicator, which holds 0 and 1 only; got {kind} "
                "values. Probabilities as targets are SoftmaxMLPClassifier's."
            )
        y = column_or_1d(y, warn=True)
        if kind == "multiclass":
            raise ValueError(
                "Only binary classification is supported. The type of the target is "
                "multiclass. One of several classes per row is SoftmaxMLPClassifier's task."
            )
        return _codes(y, _independent, expected)
    matrix = check_array(y, accept_sparse=True, dtype=np.float64, input_name="y")
    matrix = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    if not np.isin(matrix, (0, 1)).all():
        raise ValueError("A multilabel y holds 0 and 1 only.")
    n_outputs = matrix.shape[1]
    if known is not None and n_outputs != known.n_outputs:
        raise ValueError(
            f"y has {n_outputs} outputs, but the network was made for {known.n_outputs}."
        )
    outputs = known or Outputs(np.arange(n_outputs), n_outputs, exclusive=False)
    return Targets(outputs, matrix, np.zeros(len(matrix), dtype=np.intp))


# ---- outputs, from classes


def _exclusive(classes):
    if len(classes) < 2:
        raise ValueError(f"y has {_count(classes)}; a classifier needs rows of at least 2 classes.")
    return Outputs(classes, 1 if len(classes) == 2 else len(classes), exclusive=True)


def _independent(classes):
    if len(classes) != 2:
        raise ValueError(
            f"y has {_count(classes)}; binary targets have two, several labels per row are a "
            "multilabel indicator matrix."
        )
    return Outputs(classes, 1, exclusive=False)


def _count(classes):
    return f"one class only, {classes.tolist()}" if len(classes) == 1 else f"{len(classes)} classes"


# ---- labels


def _codes(y, outputs_of, expected):
    """Class numbers of 1-D labels; declares the classes unless training goes on."""
    found, codes = unique_labels(y)
    outputs = expected.known
    if outputs is None:
        declared = expected.declared
        outputs = outputs_of(found if declared is None else _declared(declared))
    else:
        _check_declared(expected)
    classes = outputs.classes
    if expected.all_present and not np.array_equal(found, classes):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the previous "
            f"call to fit. Previously got {classes}, `y` has {found}"
        )
    if found is not classes:
        if not np.isin(found, classes).all():
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. "
                f"'y' has {found}."
            )
        codes = np.searchsorted(classes, found).astype(codes.dtype)[codes]
    return Targets(outputs, codes, codes)


def _declared(classes):
    return np.unique(labels_of(classes, "classes"))


def _check_declared(expected):
    """Raise if the classes given to a later call of partial_fit are others."""
    declared, known = expected.declared, expected.known.classes
    declared = labels_of(declared, "classes")
    if declared is not None and not np.array_equal(np.unique(declared), known):
        raise ValueError(
            f"`classes={declared!r}` is not the same as on last call to partial_fit, was: {known!r}"
        )


def unique_labels(y: NDArray) -> tuple[NDArray, NDArray]:
    """Return the sorted labels of y, and every row's place among them, in little memory.

    Integers in a narrow range are looked up piece by piece, so that ten million labels need ten
    megabytes; all else is sorted.
    """
    if y.dtype.kind in "iu" and len(y):
        low, high = int(y.min()), int(y.max())
        if high - low < 1 << 16 and high < 1 << 63:
            pieces = [slice(i, i + (1 << 20)) for i in range(0, len(y), 1 << 20)]
            present = np.zeros(high - low + 1, dtype=bool)
            for piece in pieces:
                present[y[piece].astype(np.int64) - low] = True
            labels = (np.flatnonzero(present) + low).astype(y.dtype)
            place = np.maximum(np.cumsum(present) - 1, 0).astype(_code_dtype(labels))
            codes = np.empty(len(y), dtype=place.dtype)
            for piece in pieces:
                codes[piece] = place[y[piece].astype(np.int64) - low]
            return labels, codes
    _check_labels(y)
    check_classification_targets(y)
    labels, codes = np.unique(y, return_inverse=True)
    return labels, codes.astype(_code_dtype(labels))


def _check_labels(y):
    """Raise if a label is missing, or labels cannot be compared; scikit-learn knows NaN only."""
    is_date = y.dtype.kind in "Mm" and np.isnat(y).any()
    if is_date or y.dtype.kind == "O" and any(type(label).__name__ in MISSING for label in y.flat):
        raise ValueError(
            "Input y contains missing values (None, NA or NaT): leave out rows without a label."
        )
    assert_all_finite(y, input_name="y")
    if y.dtype.kind == "O" and len(y):
        kinds = {"text" if isinstance(label, str) else type(label).__name__ for label in y.flat}
        numbers = {k for k in kinds if k.rstrip("0123456789_") in ("bool", "int", "uint", "float")}
        if len(kinds) > 1 and kinds != numbers:
            raise ValueError(
                f"y holds labels of mixed types: {', '.join(sorted(kinds))}. Make them all text, "
                "for example by y.astype(str)."
            )
        if kinds & {"date", "datetime", "Timestamp"}:
            raise ValueError(
                f"y holds objects of type {kinds.pop()}, whose scores scikit-learn cannot "
                "compute. Make them dates of NumPy: np.asarray(y, dtype='datetime64[s]')."
            )
        if numbers:
            dtype = next(k for k in ("float", "int", "bool") if any(k in kind for kind in kinds))
            raise ValueError(
                f"y holds numbers as objects ({', '.join(sorted(kinds))}), which scikit-learn "
                f"does not take as labels. Make an array of numbers of them: y.astype({dtype}). "
                "Unknown label type: unknown."
            )
        if kinds != {"text"}:
            raise ValueError(
                f"y holds objects of type {kinds.pop()}: labels are text, numbers, booleans or "
                "dates of NumPy. Make text of them, for example by y.astype(str). "
                "Unknown label type: unknown."
            )


def _code_dtype(classes):
    return np.uint8 if len(classes) <= 256 else np.int32


# ---- probabilities


def _probabilities(matrix, labels, expected):
    """Rows of probabilities, whose columns must be those of the classes."""
    outputs = expected.known
    if outputs is None:
        found = np.arange(matrix.shape[1]) if labels is None else labels
        outputs = _exclusive(found if expected.declared is None else _declared(expected.declared))
    else:
        _check_declared(expected)
    classes = outputs.classes
    if matrix.shape[1] != len(classes):
        raise ValueError(
            f"y has {matrix.shape[1]} columns of probabilities, but there are {len(classes)} "
            f"classes: {classes}."
        )
    if labels is not None and not np.array_equal(labels, classes):
        raise ValueError(
            f"y has the columns {labels}, but the classes are {classes}: name the columns of "
            "probabilities after the classes."
        )
    values = matrix if outputs.n_outputs > 1 else matrix[:, 1:].copy()
    return Targets(outputs, values, matrix.argmax(axis=1))


def _soft_targets(y: Any) -> tuple[NDArray, NDArray | None] | None:
    """Return rows of probabilities and the sorted labels, if that is what y is, else None.

    The columns of a DataFrame are put into the order of their labels; those of an array have none.
    """
    labels = None
    if hasattr(y, "columns"):
        columns = columns_of(y)
        if len(columns) < 2 or not all(column.is_floating for column in columns):
            return None
        labels, order = np.unique(np.asarray(y.columns), return_index=True)
        if len(labels) < len(columns):
            raise ValueError(f"y has several columns of one name among {list(y.columns)}.")
        values = np.column_stack([columns[i].numbers for i in order])
    else:
        if getattr(y, "ndim", 1) != 2 and not isinstance(y, list):
            return None
        values = np.asarray(y)
        if values.ndim != 2 or values.dtype.kind != "f" or values.shape[1] < 2:
            return None
    values = check_array(values, dtype=np.float64, input_name="y")
    if (values < 0).any() or not np.allclose(values.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            "A 2-D float y holds rows of class probabilities: not negative, each row with the sum "
            "1. Got rows that are not; for one label per row pass a 1-D y."
        )
    return values, labels
