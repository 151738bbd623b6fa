"""All that a TableEncoder has learnt, as one frozen value that reads tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._columns import Column, columns_of, is_numeric
from .categories import Categories, learn_categories
from .checks import weighted_rows
from .compact import ONE_HOT, PIECEWISE_LINEAR, SparseRows, TableRows
from .dates import PARTS, all_date_parts, date_names
from .log_odds import LogOdds, learn_log_odds
from .numbers import Numbers, learn_numbers
from .schema import Schema, learn_schema
from .sparse import SparseScale, learn_sparse


@dataclass(frozen=True, eq=False)
class Encoding:
    """What each column is, and what has been learnt of numbers, categories and their log-odds.

    Of a sparse matrix only `sparse` is known. `dtype` is that of the encoded table.
    """

    schema: Schema
    numbers: Numbers
    categories: Categories
    log_odds: LogOdds
    sparse: SparseScale | None
    dtype: str
    # fields are bins first, then categories: the number of their columns, what a position means
    widths: NDArray = field(init=False)
    kinds: NDArray = field(init=False)
    # whether all columns are numbers, so that a matrix needs no look at its columns
    is_plain: bool = field(init=False)

    def __post_init__(self):
        bins, levels = self.numbers.widths, self.categories.widths
        kinds = np.repeat([PIECEWISE_LINEAR, ONE_HOT], [len(bins), len(levels)])
        only_numbers = set(self.schema.families) == {"number"} and not len(levels)
        for name, value in {
            "widths": np.append(bins, levels),
            "kinds": kinds,
            "is_plain": only_numbers and not self.log_odds.tables,
        }.items():
            object.__setattr__(self, name, value)

    @property
    def n_columns(self) -> int:
        """Number of columns of the encoded table."""
        if self.sparse is not None:
            return len(self.sparse.scale)
        return self.numbers.n_dense + int(self.widths.sum())

    @property
    def numeric_sources(self) -> NDArray:
        """Number of the table's column that each numeric one is made of: itself, or it is part."""
        dates = [i for i in self.schema.dates for _ in PARTS]
        every = [*range(len(self.schema.families)), *self.log_odds.sources, *dates]
        return np.array(every, dtype=int)[self.numbers.columns]

    @property
    def sources(self) -> NDArray:
        """Number of the table's column that each encoded column is made of."""
        if self.sparse is not None:
            return np.arange(len(self.schema.families))
        dense, fields = self.origins
        return np.concatenate([dense, np.repeat(fields, self.widths)])

    @property
    def blocks(self) -> NDArray:
        """Number of the block of each encoded column: levels of a category are of one block."""
        if self.sparse is not None:
            return np.arange(len(self.schema.families))
        n_own = len(self.sources) - int(self.categories.widths.sum())
        levels = np.repeat(np.arange(len(self.categories.widths)), self.categories.widths)
        return np.concatenate([np.arange(n_own), n_own + levels])

    def read(self, X: Any, seen: Seen | None = None, n_threads: int = 1) -> TableRows | SparseRows:
        """Return the rows of a table that has been checked, as the kernel reads them.

        `seen` is what was learnt of the very same rows.
        """
        if self.sparse is not None:
            X = X if sp.issparse(X) else self._as_sparse(X)
            return SparseRows(self.sparse.read(X, self.dtype, self.schema.infinite))
        X = X.toarray() if sp.issparse(X) else X
        n, n_bins = X.shape[0], len(self.numbers.binned)
        dense = np.empty((n, self.numbers.n_dense), dtype=self.dtype)
        positions = np.empty((n, len(self.widths)), dtype=np.float32)
        if self.is_plain and is_numeric(X):
            columns: Sequence[Column] = ()
            chunk = _chunks_of_matrix(X, self.numbers.columns)
        else:
            columns = self.columns_of(X) if seen is None else seen.columns
            statistics = self.log_odds.look_up(columns) if seen is None else seen.statistics
            parts = all_date_parts(columns, self.schema.dates)
            arrays = self._arrays(columns, [*statistics, *parts])
            chunk = _chunks_of_columns(arrays)
        if len(self.numbers.columns):
            places, infinite = positions[:, :n_bins], self.schema.infinite
            self.numbers.read(chunk, dense, places, infinite, n_threads)
        self.categories.read(columns, positions[:, n_bins:])
        return TableRows(dense, positions, self.kinds, self.widths)

    def columns_of(self, X: Any) -> list[Column]:
        """Return the columns of a table; ValueError if one is not what it was in fit."""
        return self.schema.check(columns_of(X))

    def _arrays(self, columns, more):
        n = len(columns)
        return [
            _numbers_of(columns[i]) if i < n else more[i - n] for i in self.numbers.columns.tolist()
        ]

    def _as_sparse(self, X):
        columns = self.columns_of(X)
        return sp.csr_array(np.column_stack([_numbers_of(c).astype(float) for c in columns]))

    @property
    def origins(self) -> tuple[NDArray, NDArray]:
        """Which column of the table the dense columns, and the fields, are made of."""
        numbers, numeric = self.numbers, self.numeric_sources
        dense = np.concatenate([numbers.linear, numbers.gaps, numbers.plain])
        fields = [*numeric[numbers.binned], *self.categories.columns]
        return numeric[dense], np.array(fields, dtype=int)

    def names(self, names: Sequence[str]) -> NDArray:
        """Return the names of the encoded columns; those of the table's columns are given."""
        numbers, categories = self.numbers, self.categories
        dates = date_names(names, self.schema.dates)
        every = np.array([*names, *self.log_odds.names(names), *dates], dtype=object)
        numeric = every[numbers.columns]
        out = [*numeric[numbers.linear], *(f"{name}_missing" for name in numeric[numbers.gaps])]
        out += [f"{name}_standard" for name in numeric[numbers.plain]]
        for name, width in zip(numeric[numbers.binned], numbers.widths, strict=True):
            out += [f"{name}_bin{b}" for b in range(width)]
        for f, i in enumerate(categories.columns):
            out += [f"{names[i]}_{level}" for level in categories.names(f)]
        taken: set[str] = set()
        for j in range(len(out)):  # a level may be called "missing", or as another column is
            while out[j] in taken:
                out[j] += "_"
            taken.add(out[j])
        return np.array(out, dtype=object)


@dataclass(frozen=True, eq=False)
class Seen:
    """What was learnt of the rows of fit that a look at them later would not find.

    Their columns, already read, and the statistics of y of every row, from other rows.
    """

    columns: Sequence[Column]
    statistics: Sequence[NDArray]


def learn_encoding(
    X: Any,
    y: Any,
    sample_weight: Any,
    names: Sequence[str] | None,
    *,
    categorical_features: Any,
    n_bins: int | str,
    dtype: str,
    keep_constants: bool,
    n_threads: int,
) -> tuple[Encoding, Seen]:
    """Learn from a table that has been checked.

    With `keep_constants` these are the first rows of many: what is constant so far may vary.
    """
    rows, weights, n_rows, kept = weighted_rows(X, sample_weight)
    columns = columns_of(rows)
    sparse = sp.issparse(X)
    schema = learn_schema(
        columns, categorical_features, names, sparse=sparse, first_of_many=keep_constants
    )
    log_odds, out_of_fold = learn_log_odds(columns, schema.categorical, y, kept, weights)
    # scaled as they will be at prediction: those of other rows have another spread
    statistics = log_odds.look_up(columns)
    plain = [] if sparse else schema.plain
    parts = all_date_parts(columns, schema.dates)
    arrays = [*(_numbers_of(columns[i]) for i in plain), *statistics, *parts]
    first = len(columns) + len(statistics)  # number of the first part of a date
    last = first + len(parts)
    numbers = learn_numbers(
        arrays,
        [*plain, *range(len(columns), last)],
        weights,
        n_rows,
        n_columns=len(columns),
        n_bins=0 if sparse else n_bins,
        keep_constants=keep_constants,
        gaps_told={*range(first, last)} - {*range(first, last, len(PARTS))},
        infinite=schema.infinite,
        n_threads=n_threads,
    )
    categories = learn_categories(
        columns, schema.categorical, weights, n_rows, keep_constants=keep_constants
    )
    if dtype == "auto" and sparse:
        dtype = X.dtype.name
    elif dtype == "auto":
        given = [*arrays[: len(plain)], *parts]  # log-odds are not numbers of the table
        single = np.result_type(np.float32, *(array.dtype for array in given)) == np.float32
        dtype = "float32" if single else "float64"
    scale = learn_sparse(rows, weights, schema.infinite) if sparse else None
    encoding = Encoding(schema, numbers, categories, log_odds, scale, dtype)
    if kept is None:
        return encoding, Seen(columns, out_of_fold)
    return encoding, Seen(columns_of(X), [_spread(values, kept) for values in out_of_fold])


def _numbers_of(column):
    """Return the numbers of a column; none where it had no value in fit and now has text."""
    if column.is_numeric or column.family in ("number", "bool", "empty", "duration"):
        return column.numbers
    return np.full(len(column.values), np.nan)


def _spread(values, kept):
    """Return the statistics of all rows: a row of no weight gets none."""
    whole = np.zeros(len(kept))
    whole[kept] = values
    return whole


def _chunks_of_matrix(X, numbers):
    def chunk(rows):
        x = X[rows] if len(numbers) == X.shape[1] else X[rows][:, numbers]
        return x if x.dtype in (np.float32, np.float64) else x.astype(np.float64)

    return chunk


def _chunks_of_columns(arrays):
    def chunk(rows):
        x = np.empty((len(arrays[0][rows]), len(arrays)))
        for j, array in enumerate(arrays):
            x[:, j] = array[rows]
        return x

    return chunk
