"""Rows of a table as the kernel reads them, and the matrix that they stand for.

An encoded table keeps one number per column instead of a block of columns: the position in a list
of levels or along a row of bins. Its product with a matrix of weights is a matter of looking up
rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._kernels import Inputs

ONE_HOT, PIECEWISE_LINEAR = 0, 1  # what a position means: a level, a place along the bins
_LARGE = 1 << 22  # bytes


@dataclass(frozen=True, eq=False)
class TableRows:
    """Dense columns, and the positions of fields, each of a kind and a number of columns.

    In the matrix the dense columns are followed by a block of ``widths[f]`` columns for each field
    f. In a one-hot block, column ``position`` is 1. In a piecewise-linear block, column b is
    ``clip(position - b, 0, 1)``. A position of NaN is a block of zeros.
    """

    dense: NDArray
    positions: NDArray
    kinds: NDArray
    widths: NDArray

    def inputs(self) -> Inputs:
        """Return the rows as the kernel reads them."""
        return Inputs.table(self.dense, self.positions, self.kinds, self.widths)

    def expand(self, n_threads: int = 1) -> NDArray:
        """Return the matrix; a large one is written by threads, each of which waits for memory."""
        inputs = self.inputs()
        out = np.empty(inputs.shape, dtype=self.dense.dtype)
        inputs.expand(out, n_threads if out.nbytes > _LARGE else 1)
        return out

    def without_bins(self) -> TableRows:
        """Return the same rows without the fields that are bins."""
        kept = self.kinds != PIECEWISE_LINEAR
        positions = np.ascontiguousarray(self.positions[:, kept])
        return TableRows(self.dense, positions, self.kinds[kept], self.widths[kept])

    def without_dense(self, columns: NDArray) -> TableRows:
        """Return the same rows without some of the dense columns."""
        dense = np.delete(self.dense, columns, axis=1)
        return TableRows(dense, self.positions, self.kinds, self.widths)

    @property
    def arrays(self) -> tuple[NDArray, ...]:
        """What differs from row to row."""
        return self.dense, self.positions

    def with_arrays(self, arrays: Sequence[NDArray]) -> TableRows:
        """Return other rows of the same columns."""
        dense, positions = arrays
        return TableRows(dense, positions, self.kinds, self.widths)


@dataclass(frozen=True, eq=False)
class DenseRows:
    """Rows of numbers as they are."""

    X: NDArray

    def inputs(self) -> Inputs:
        """Return the rows as the kernel reads them."""
        return Inputs.dense(self.X)

    def expand(self, n_threads: int = 1) -> NDArray:
        """Return the matrix."""
        return self.X

    def without_bins(self) -> DenseRows:
        """Return the same rows: there are no bins."""
        return self

    @property
    def arrays(self) -> tuple[NDArray, ...]:
        """What differs from row to row."""
        return (self.X,)

    def with_arrays(self, arrays: Sequence[NDArray]) -> DenseRows:
        """Return other rows of the same columns."""
        return DenseRows(*arrays)


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of a CSR matrix."""

    X: Any

    def inputs(self) -> Inputs:
        """Return the rows as the kernel reads them."""
        return Inputs.sparse(self.X.indptr, self.X.indices, self.X.data, self.X.shape[1])

    def expand(self, n_threads: int = 1) -> Any:
        """Return the matrix, which stays sparse."""
        return self.X

    def without_bins(self) -> SparseRows:
        """Return the same rows: there are no bins."""
        return self

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What differs from row to row."""
        return (self.X,)

    def with_arrays(self, arrays: Sequence[Any]) -> SparseRows:
        """Return other rows of the same columns."""
        return SparseRows(*arrays)


CompactRows = TableRows | DenseRows | SparseRows


def rows_of(X: Any) -> DenseRows | SparseRows:
    """Return the rows of a matrix."""
    return SparseRows(X) if sp.issparse(X) else DenseRows(X)


def concat(parts: Sequence[CompactRows]) -> CompactRows:
    """Return the rows of all parts below each other."""
    first, *others = parts
    if not others:
        return first
    columns = zip(*(part.arrays for part in parts), strict=True)
    return first.with_arrays(
        [
            sp.vstack(pieces, format="csr") if sp.issparse(pieces[0]) else np.concatenate(pieces)
            for pieces in columns
        ]
    )
