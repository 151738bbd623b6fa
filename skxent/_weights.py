"""Weights of rows: those of samples, times those of their classes."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._compat import _check_sample_weight
from ._outputs import Outputs


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights of samples as given, factors of classes, and their product by row; None for 1."""

    samples: NDArray | None
    factors: NDArray | None
    rows: NDArray | None


def read_weights(
    sample_weight: ArrayLike | None, class_weight: Any, outputs: Outputs, codes: NDArray
) -> Weights:
    """Return the weights of rows whose class numbers are `codes`."""
    if class_weight is not None and outputs.multilabel:
        raise ValueError(
            "class_weight is for one class per row, and the rows of a multilabel y have "
            f"several; got {class_weight!r}. Set it to None, and weight rows by sample_weight."
        )
    samples = _samples(sample_weight, codes)
    factors = None
    if class_weight is not None:
        given = np.ones(len(codes)) if samples is None else samples
        factors = class_factors(class_weight, outputs.classes, codes, given)
    return Weights(samples, factors, row_weights(samples, factors, codes))


def weights_beside(other: Weights, sample_weight: ArrayLike | None, codes: NDArray) -> Weights:
    """Return the weights of more rows, whose classes have the factors of other rows."""
    samples = _samples(sample_weight, codes)
    return Weights(samples, other.factors, row_weights(samples, other.factors, codes))


def _samples(sample_weight, codes):
    if sample_weight is None:
        return None
    return _check_sample_weight(sample_weight, codes, dtype=np.float64, ensure_non_negative=True)


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
    named: list[Any] = [class_weight.get(label, 1.0) for label in labels]
    if not all(isinstance(factor, Real) and float(factor) >= 0 for factor in named):
        raise ValueError(f"class_weight must be numbers of 0 or more, got {class_weight}.")
    return np.array(named, dtype=float)


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
