"""Checks an encoding that was saved: a file may be damaged, or made to do harm."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._persistence import require
from .categories import Categories
from .dates import PARTS
from .encoding import Encoding
from .log_odds import LogOdds
from .numbers import Numbers

_MOST_EDGES = 256  # of the 255 bins that there may be


def check_encoding(encoding: Encoding) -> None:
    """Raise if what an encoding holds does not fit together, or no fit leads there."""
    schema, n = encoding.schema, len(encoding.schema.families)
    require(_is_array(schema.is_categorical, "b", (n,)), "is_categorical_ is not one bool a column")
    require(schema.names is None or len(schema.names) == n, "it has not one name for each column")
    require(encoding.dtype in ("float32", "float64"), f"the encoder's dtype_ is {encoding.dtype!r}")
    if encoding.sparse is not None:
        require(_positive(encoding.sparse.scale, n), "_scale is not one positive number a column")
        used = (*encoding.numbers.columns, *encoding.categories.columns, *encoding.log_odds.tables)
        require(not used, "a sparse matrix has nothing but scales")
        return
    n_more = _check_log_odds(encoding.log_odds, schema.categorical)
    n_more += len(PARTS) * len(schema.dates)
    _check_numbers(encoding.numbers, [*schema.plain, *range(n, n + n_more)])
    _check_categories(encoding.categories, schema.categorical)


def _check_numbers(numbers: Numbers, among: Sequence[int]) -> None:
    n, edges = len(numbers.columns), numbers.edges
    require(
        _is_array(numbers.columns, "iu", (n,))
        and _ascends(numbers.columns)
        and set(numbers.columns.tolist()) <= set(among),
        "_numeric does not number columns of numbers",
    )
    for center, scale, length in (
        (numbers.center, numbers.scale, n),
        (numbers.mean, numbers.std, len(numbers.plain)),
    ):
        known = _is_array(center, "f", (length,)) and bool(np.isfinite(center).all())
        require(known, "_center or _mean is not one finite number a column")
        require(_positive(scale, length), "_scale or _std is not one positive number a column")
    for name, places in (
        ("_linear", numbers.linear),
        ("_gaps", numbers.gaps),
        ("_binned", numbers.binned),
        ("_standard", numbers.plain),
        ("_flags", numbers.flags),
    ):
        known = _is_array(places, "iu") and _ascends(places) and not (places >= n).any()
        require(known, f"{name} does not number columns of numbers")
    more = {*numbers.binned.tolist(), *numbers.plain.tolist()}
    require(more.isdisjoint(numbers.flags.tolist()), "_flags numbers columns of more than 0 and 1")
    require(
        isinstance(numbers.n_bins, Integral) and 0 <= numbers.n_bins <= 255,
        "n_bins_ is not in 0..255",
    )
    require(
        _is_array(edges, "f")
        and edges.ndim == 2
        and edges.shape[1] == len(numbers.binned)
        and len(edges) <= _MOST_EDGES,
        "_edges is not one column for each column of bins",
    )
    for column in edges.T:
        own = column[: np.isfinite(column).sum()]
        rises = len(own) > 1 and _ascends(own, from_zero=False)
        require(rises and bool((column[len(own) :] == np.inf).all()), "_edges does not ascend")


def _check_categories(categories: Categories, among: Sequence[int]) -> None:
    columns, n = categories.columns, len(categories.columns)
    require(
        all(isinstance(i, Integral) for i in columns)
        and _ascends(np.array(columns, dtype=object))
        and set(columns) <= set(among),
        "_categorical does not number columns of categories",
    )
    left_out = categories.identifiers or ()
    require(
        all(isinstance(i, Integral) for i in left_out)
        and _ascends(np.array(left_out, dtype=object))
        and set(left_out) <= set(among) - set(columns),
        "_identifiers does not number columns of categories that are not used",
    )
    require(len(categories.levels) == n, "_levels is not one list for each column of categories")
    for name, codes in (
        ("_gap_codes", categories.gap_codes),
        ("_rare_codes", categories.rare_codes),
    ):
        require(_is_array(codes, "iuf", (n,)), f"{name} is not one code for each of these columns")
    require(_is_array(categories.widths, "iu", (n,)), "_widths is not one number for each field")
    for levels, gap, rare, width in zip(
        categories.levels,
        categories.gap_codes.tolist(),
        categories.rare_codes.tolist(),
        categories.widths.tolist(),
        strict=True,
    ):
        n_own, has_rare = len(levels), rare == rare
        require([*levels.values()] == [*range(n_own)], "_levels names a level twice")
        # a gap is a level of its own, after the others, or one of the rare ones, or unknown
        require(gap != gap or gap == n_own, "_gap_codes is not a code of its column")
        n_own += gap == n_own and rare != n_own
        require(not has_rare or rare == n_own, "_rare_codes is not a code of its column")
        require(width == n_own + has_rare > 0, "_widths is not the number of the levels")


def _check_log_odds(log_odds: LogOdds, among: Sequence[int]) -> int:
    """Return the number of the statistics."""
    tables = log_odds.tables
    require(
        set(tables) <= set(among) and _ascends(np.array([*tables], dtype=object)),
        "_statistics does not number columns of categories",
    )
    n_statistics = 0
    for table in tables.values():
        odds = np.array([*table.values()], dtype=np.float64)
        sound = odds.ndim == 2 and odds.size > 0 and bool(np.isfinite(odds).all())
        require(sound, "_statistics is not a row of finite numbers for each level")
        n_statistics += odds.shape[1]
    return n_statistics


def _is_array(value: Any, kinds: str, shape: tuple[int, ...] | None = None) -> bool:
    """Whether this is an array with a dtype of these kinds, and of this shape where that is set."""
    known = isinstance(value, np.ndarray) and value.dtype.kind in kinds
    return known and (shape is None or value.shape == shape)


def _positive(value: Any, n: int) -> bool:
    return _is_array(value, "f", (n,)) and bool((np.isfinite(value) & (value > 0)).all())


def _ascends(values: NDArray, *, from_zero: bool = True) -> bool:
    """Whether the values of a vector rise, from 0 or more where they are numbers of columns."""
    rises = values.ndim == 1 and bool((values[1:] > values[:-1]).all())
    return rises and not (from_zero and len(values) and values[0] < 0)
