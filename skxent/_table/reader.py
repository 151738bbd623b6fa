"""What reads the table of a classifier: a TableEncoder, or nothing where rows are passed through.

Both have one interface; which of them it is, is decided once, in ``learn_reader``.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._persistence import require
from .checks import checked_numbers, checked_table, plain_rows
from .compact import CompactRows, DenseRows, TableRows, rows_of
from .encoder import (
    TableEncoder,
    encoding_of,
    learn_encoder,
    pack_encoder,
    summary_of,
    unpack_encoder,
    with_numbers,
)
from .encoding import Seen
from .summary import ColumnSummary, TableSummary

_LONG = 10_000  # rows from where on a column of few values is not standardised without a race


@dataclass(frozen=True, eq=False)
class TableReader:
    """Reads any table through an encoder; `dtype` is that of the network's arithmetic."""

    passes_through: ClassVar[bool] = False

    encoder: TableEncoder
    dtype: str

    def compact(
        self, estimator: Any, X: Any, seen: Seen | None = None, n_threads: int = 1
    ) -> CompactRows:
        """Return the rows of a table; names and shape are checked on behalf of the estimator.

        `seen` is what the encoder has learnt of these very rows.
        """
        return encoding_of(self.encoder).read(checked_table(estimator, X), seen, n_threads)

    @property
    def n_bins(self) -> int:
        """Largest number of bins of a column."""
        return encoding_of(self.encoder).numbers.n_bins

    def ways(self, rows: CompactRows) -> dict[str, tuple[Reader, CompactRows]]:
        """Return ways to read rows that this has read, by what is said of them; the usual first.

        There are no bins; and in long tables, columns of few values, each an edge of bins, are
        standardised only where that helps: the fewer the rows, the more a straight line is worth.
        """
        numbers = encoding_of(self.encoder).numbers
        bins, as_learnt = "with bins", (self, rows)
        if self.encoder.n_bins != "auto" or not len(numbers.binned):
            return {bins: as_learnt}
        assert isinstance(rows, TableRows)
        none = self._with(numbers.without_bins()), rows.without_bins()
        if rows.inputs().n_rows < _LONG or not len(numbers.repeats):
            return {bins: as_learnt, "without bins": none}
        places = len(numbers.linear) + len(numbers.gaps) + numbers.repeats
        fewer = self._with(numbers.without_repeats()), rows.without_dense(places)
        both = "with few values standardised"
        return {bins: fewer, both: as_learnt, "without bins": none}

    def _with(self, numbers):
        return TableReader(with_numbers(self.encoder, numbers), self.dtype)

    def origins(self, n_features: int) -> Sequence[NDArray]:
        """Return which column of a table of so many the columns of the rows' arrays are made of."""
        return encoding_of(self.encoder).origins

    def n_encoded(self, n_features: int) -> int:
        """Return the number of columns that a table of so many becomes; it must be that of fit."""
        encoding = encoding_of(self.encoder)
        n = len(encoding.schema.families)
        require(n == n_features, f"n_features_in_ is {n_features}, but the encoder has {n} columns")
        return encoding.n_columns

    def sources(self, n_features: int) -> NDArray:
        """Return the number of the table's column that each encoded column is made of."""
        return encoding_of(self.encoder).sources

    def blocks(self, n_encoded: int) -> NDArray:
        """Return the number of the block that each encoded column is of, as a category's levels."""
        return encoding_of(self.encoder).blocks

    def summary(self, names: Sequence[str]) -> TableSummary:
        """Return what became of the columns with these names."""
        return summary_of(self.encoder, names)

    def pack(self) -> dict[str, Any]:
        """Return the encoder as it is saved."""
        return pack_encoder(self.encoder)


@dataclass(frozen=True, eq=False)
class PassThrough:
    """Hands rows of finite numbers on as they are."""

    passes_through: ClassVar[bool] = True
    n_bins: ClassVar[int] = 0
    dtype: str

    def compact(
        self, estimator: Any, X: Any, seen: Seen | None = None, n_threads: int = 1
    ) -> CompactRows:
        """Return the rows of a table; names and shape are checked on behalf of the estimator."""
        plain = plain_rows(estimator, X)
        if plain is not None:
            return DenseRows(plain)
        X = checked_numbers(estimator, X)
        values = X.data if sp.issparse(X) else X
        if values.size and np.isnan(values.min()):  # not isnan(values): that takes memory
            raise ValueError(
                "Input X contains NaN, which no network can compute with, and "
                "encoder='passthrough' hands X on as it is. Leave encoder='auto', which learns "
                "what gaps mean, or impute them first."
            )
        return rows_of(X)

    def ways(self, rows: CompactRows) -> dict[str, tuple[Reader, CompactRows]]:
        """Return the ways to read rows: there is one."""
        return {"": (self, rows)}

    def origins(self, n_features: int) -> Sequence[NDArray]:
        """Return which column of a table of so many the columns of the rows are: the same."""
        return [np.arange(n_features)]

    def n_encoded(self, n_features: int) -> int:
        """Return the number of columns that a table of so many becomes: the same."""
        return n_features

    def sources(self, n_features: int) -> NDArray:
        """Return the number of the table's column that each encoded column is: its own."""
        return np.arange(n_features)

    def blocks(self, n_encoded: int) -> NDArray:
        """Return the number of the block that each encoded column is of: one of its own."""
        return np.arange(n_encoded)

    def summary(self, names: Sequence[str]) -> TableSummary:
        """Return what became of the columns with these names: numbers, handed on."""
        return TableSummary(tuple(map(ColumnSummary, names)))

    def pack(self) -> None:
        """Return what is saved instead of an encoder: nothing."""
        return None


Reader = TableReader | PassThrough


def learn_reader(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    encoder: Any,
    categorical_features: Any,
    dtype: str,
    keep_constants: bool,
    n_threads: int,
) -> tuple[Reader, Seen | None]:
    """Learn names, dtype and encoder from a table; return what reads it and what it has seen.

    `y` is a class number for each row, or None. The names and the number of the columns become
    attributes of the estimator. With `keep_constants` these are the first rows of many.
    """
    named = isinstance(encoder, str)
    passes_through = named and encoder == "passthrough"
    if (passes_through or not named) and not isinstance(categorical_features, str | None):
        raise ValueError(
            f"categorical_features={categorical_features!r} is for encoder='auto'; got "
            f"encoder={encoder!r}. Give it to that TableEncoder, or leave one of them out."
        )
    if passes_through:
        X = checked_numbers(estimator, X, reset=True)
        return PassThrough(X.dtype.name if dtype == "auto" else dtype), None
    if named:
        encoder = TableEncoder(categorical_features, dtype=dtype)
    elif not isinstance(encoder, TableEncoder):
        raise ValueError(
            f"encoder must be 'auto', 'passthrough' or a TableEncoder, got {encoder!r}."
        )
    else:
        encoder._validate_params()  # what its own fit does, and not within another's
    seen = None
    if not encoder.__sklearn_is_fitted__():
        encoder, seen = learn_encoder(
            encoder, X, y, sample_weight, n_threads=n_threads, keep_constants=keep_constants
        )
    else:
        encoder = copy.copy(encoder)  # whoever fits theirs anew leaves the classifier's alone
    vars(estimator).pop("feature_names_in_", None)
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(encoder, name):
            setattr(estimator, name, getattr(encoder, name))
    return TableReader(encoder, dtype), seen


def unpack_reader(packed: dict[str, Any] | None, dtype: str) -> Reader:
    """Return the reader whose encoder was packed."""
    return PassThrough(dtype) if packed is None else TableReader(unpack_encoder(packed), dtype)
