"""Labels as numbers, and the weights of their classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from ._frames import MISSING


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
    check_present(y)
    check_classification_targets(y)
    labels, codes = np.unique(y, return_inverse=True)
    return labels, codes.astype(_code_dtype(labels))


def check_present(y: NDArray) -> None:
    """Raise if a label is missing; scikit-learn's own check knows NaN only."""
    is_date = y.dtype.kind in "Mm" and np.isnat(y).any()
    if is_date or y.dtype.kind == "O" and any(type(label).__name__ in MISSING for label in y.flat):
        raise ValueError(
            "Input y contains missing values (None, NA or NaT): leave out rows without a label."
        )
    assert_all_finite(y, input_name="y")


def class_factors(class_weight: Any, classes: NDArray, codes: NDArray, weights: NDArray) -> NDArray:
    """Return the factor on the weights of every class's rows.

    "balanced" gives all classes that are there the same total weight; otherwise `class_weight`
    names factors, and classes it does not name have 1. It may name more where it names all: a fold
    may lack a class.
    """
    if class_weight == "balanced":
        mass = np.bincount(codes, weights=weights, minlength=len(classes))
        present = mass > 0
        factors = np.zeros(len(mass))
        factors[present] = mass.sum() / (present.sum() * mass[present])
        return factors
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown and not set(labels) <= set(class_weight):
        raise ValueError(f"class_weight names {unknown}, which are not among the classes {labels}.")
    factors = np.array([class_weight.get(label, 1.0) for label in labels], dtype=float)
    if not (factors >= 0).all():
        raise ValueError(f"class_weight must be numbers of 0 or more, got {class_weight}.")
    return factors


def row_weights(
    sample_weight: NDArray | None, factors: NDArray | None, codes: NDArray
) -> NDArray | None:
    """Sample weights times the factors of the rows' classes; None where all are 1."""
    if sample_weight is None and factors is None:
        return None
    w = np.ones(len(codes)) if sample_weight is None else sample_weight
    with np.errstate(over="ignore"):
        w = w if factors is None else w * factors[codes]
        total = w.sum()
    if not 0 < total < np.inf:
        raise ValueError(
            f"The sample weights, times the class weights, sum to {total}: at least one "
            "row must have a positive weight, and the sum must be finite."
        )
    return w


def _code_dtype(classes):
    return np.uint8 if len(classes) <= 256 else np.int32
