"""Columns of a sparse matrix: the scale of their nonzero entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .numbers import SMALLEST


@dataclass(frozen=True, eq=False)
class SparseScale:
    """The root mean square of the nonzero entries of each column."""

    scale: NDArray

    def read(self, X: Any, dtype: str, infinite: Callable[[int], ValueError]) -> Any:
        """Return a CSR matrix, scaled and clipped."""
        X = _finite(X, infinite)
        with np.errstate(over="ignore"):
            x = _bent(X.data / self.scale[X.indices]).astype(dtype)
        return type(X)((x, X.indices, X.indptr), shape=X.shape)


def learn_sparse(
    X: Any, weights: NDArray | None, infinite: Callable[[int], ValueError]
) -> SparseScale:
    """Learn the scales of the columns of a CSR matrix."""
    X = _finite(X, infinite)
    x = np.abs(X.data)
    counts = (x > 0).astype(float)
    if weights is not None:
        counts *= np.repeat(weights, np.diff(X.indptr))
    peaks = np.zeros(X.shape[1])
    np.maximum.at(peaks, X.indices, x)
    peaks[peaks == 0] = 1.0
    squares = np.bincount(X.indices, counts * (x / peaks[X.indices]) ** 2, len(peaks))
    totals = np.bincount(X.indices, counts, len(peaks))
    scale = np.where(totals > 0, peaks * np.sqrt(squares / np.maximum(totals, 1e-300)), 1)
    return SparseScale(np.maximum(scale, SMALLEST))


def _finite(X, infinite):
    """Return X in canonical format and float64, with zeros for missing entries."""
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    x = X.data.astype(np.float64)
    if np.isinf(x).any():
        raise infinite(int(X.indices[np.isinf(x).argmax()]))
    x[np.isnan(x)] = 0.0
    return type(X)((x, X.indices, X.indptr), shape=X.shape)


def _bent(z):
    """Bend z smoothly into (-3, 3)."""
    z = z.clip(-1e6, 1e6)
    return z / np.sqrt(1.0 + (z / 3.0) ** 2)
