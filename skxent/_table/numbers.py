"""Columns of numbers: their centre, scale, gaps and bins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._kernels import NumberReader
from .._products import dot
from .checks import rare_below

_OWN_EDGES = 128  # values of a mostly constant column that may each be an edge of a bin ...
_ROWS_PER_EDGE = 20  # ... and the rows there must be for each
_BLOCK = 1 << 17  # numbers read at a time, so that copies stay small
_LARGE = 1 << 20  # numbers that are worth threads to learn of
_ROWS_PER_COLUMN = 5  # rows there must be for each column, for columns to be given twice ...
_MOST_TWICE = 500  # ... and how many of them there may be, as it takes twice the time
FARTHEST = 10.0  # standard deviations from the mean at which a standardised column is clipped
LARGEST, SMALLEST = np.finfo(np.float64).max, np.finfo(np.float64).tiny


def auto_n_bins(n_rows: int, n_numeric: int) -> int:
    """Bins for each numeric column: none for few rows (noise) or many columns (cost)."""
    return 16 if n_rows >= 1000 and n_numeric <= 200 else 0


@dataclass(frozen=True, eq=False)
class Numbers:
    """What is known of the numeric columns that are used.

    Parameters
    ----------
    columns : ndarray of int
        Their numbers; those of statistics and of parts of dates come after those of the table.
    center, scale : ndarray of float
        Of each of them.
    linear, gaps, binned : ndarray of int
        Which of them give a column of their own, an indicator of gaps, and bins.
    edges : ndarray of shape (n_edges, n_binned)
        Edges of the bins, one column for each binned column, filled up with infinities.
    n_bins : int
        The largest number of bins between quantiles.
    plain, mean, std : ndarray
        Which of them give a standardised column more, with the mean and the standard deviation.
    flags : ndarray of int
        Which of them hold nothing but 0 and 1.

    `reader` is the kernel's, made of the rest.
    """

    columns: NDArray
    center: NDArray
    scale: NDArray
    linear: NDArray
    gaps: NDArray
    binned: NDArray
    edges: NDArray
    n_bins: int
    plain: NDArray
    mean: NDArray
    std: NDArray
    flags: NDArray
    widths: NDArray = field(init=False)  # number of bins of each binned column
    reader: NumberReader = field(init=False, repr=False)

    def __post_init__(self):
        widths = np.isfinite(self.edges).sum(axis=0) - 1
        vectors = self.center, self.scale, self.mean, self.std
        center, scale, mean, std = (np.ascontiguousarray(v, dtype=np.float64) for v in vectors)
        picks = self.linear, self.gaps, self.plain, self.binned, widths
        reader = NumberReader(
            *(center, scale, mean, std),
            *(np.ascontiguousarray(p, dtype=np.intp) for p in picks),
            edges=self.edges.astype(np.float64, copy=False),
            farthest=FARTHEST,
        )
        for name, value in {"widths": widths, "reader": reader}.items():
            object.__setattr__(self, name, value)

    def without_bins(self) -> Numbers:
        """Return the same without any bins."""
        return replace(self, binned=self.binned[:0], edges=self.edges[:0, :0], n_bins=0)

    @property
    def repeats(self) -> NDArray:
        """Which of the standardised columns are of few values, each of which is an edge of bins."""
        few = self.binned[self.widths < self.n_bins]
        return np.flatnonzero(np.isin(self.plain, few))

    def without_repeats(self) -> Numbers:
        """Return the same with those standardised columns only that say more than bins do."""
        plain, mean, std = (np.delete(x, self.repeats) for x in (self.plain, self.mean, self.std))
        return replace(self, plain=plain, mean=mean, std=std)

    @property
    def n_dense(self) -> int:
        """Number of columns before the bins."""
        return len(self.linear) + len(self.gaps) + len(self.plain)

    def read(
        self,
        chunk: Callable[[slice], NDArray],
        dense: NDArray,
        positions: NDArray,
        infinite: Callable[[int], ValueError],
        n_threads: int,
    ) -> None:
        """Scale the numbers and place them along their bins, a block of rows at a time.

        `chunk` gives rows of the columns as they are, or in float64, where large integers stay
        distinct until they are centred. `dense` and `positions` are filled; `infinite` makes the
        error of a column that holds an infinite value.
        """
        step = max(_BLOCK // len(self.columns), 1024)
        for start in range(0, len(dense), step):
            rows = slice(start, start + step)
            wrong = self.reader.read(chunk(rows), dense[rows], positions[rows], n_threads)
            if wrong >= 0:
                raise infinite(int(self.columns[wrong]))


def learn_numbers(
    arrays: Sequence[NDArray],
    numbers: Sequence[int],
    weights: NDArray | None,
    n_rows: int,
    *,
    n_columns: int,
    n_bins: int | str,
    keep_constants: bool,
    gaps_told: Collection[int],
    infinite: Callable[[int], ValueError],
    n_threads: int,
) -> Numbers:
    """Learn centre, scale and bins of each column, and whether it has gaps.

    `arrays` are the columns whose `numbers` are given, of which those from `n_columns` on are
    statistics or parts of dates; another one tells of the gaps of `gaps_told`. With
    `keep_constants` these are the first rows of many: what is constant so far may vary.
    """
    used, varies, gaps, rare = [], [], [], rare_below(n_rows)
    for j, (i, x) in enumerate(zip(numbers, arrays, strict=True)):
        missing = np.isnan(x)
        n_missing = missing.sum() if weights is None else weights[missing].sum()
        x = x[~missing]
        if np.isinf(x).any():
            raise infinite(i)
        has_gaps = n_missing >= rare and i not in gaps_told  # as of levels: rare ones say nothing
        varied = keep_constants or _varies(x)
        if varied or (has_gaps and x.size):
            used.append(j)
            varies.append(varied)
            gaps.append(has_gaps)
    most = auto_n_bins(n_rows, sum(varies)) if isinstance(n_bins, str) else n_bins
    twice = sum(varies) <= min(n_rows / _ROWS_PER_COLUMN, _MOST_TWICE)
    auto = isinstance(n_bins, str)

    def learn(j):
        return _learn_column(arrays[j], weights, most, auto, numbers[j] < n_columns, twice)

    if len(arrays) and arrays[0].size * len(used) >= _LARGE and n_threads > 1:
        with ThreadPoolExecutor(n_threads) as pool:  # sorting lets other threads go on
            learnt = list(pool.map(learn, used))
    else:
        learnt = list(map(learn, used))
    plain = [k for k, column in enumerate(learnt) if column.moments is not None]
    binned = [k for k, column in enumerate(learnt) if column.edges is not None]
    return Numbers(
        np.array([numbers[j] for j in used], dtype=int),
        np.array([column.center for column in learnt]),
        np.array([column.scale for column in learnt]),
        np.flatnonzero(varies),
        np.flatnonzero(gaps),
        np.array(binned, dtype=int),
        _side_by_side([learnt[k].edges for k in binned]),
        most,
        np.array(plain, dtype=int),
        np.array([learnt[k].moments[0] for k in plain]),
        np.array([learnt[k].moments[1] for k in plain]),
        np.flatnonzero([column.is_flag for column in learnt]),
    )


class _Learnt(NamedTuple):
    """What is learnt of a column: also its mean and standard deviation, and edges, if any."""

    center: float = 0.0
    scale: float = 1.0
    moments: tuple[float, float] | None = None
    edges: NDArray | None = None
    is_flag: bool = False


def _learn_column(x, weights, most, auto, of_table, twice):
    """Learn centre, scale and bins of a column, and its moments if such are given `twice`.

    What is not a column of the table is given once; with `auto` each value may be an edge.
    """
    values, totals = distribution(x, weights)
    if not len(values):  # gaps only so far
        return _Learnt()
    low, center, high = quantiles(values, totals, [1, 2, 3], 4)
    if len(values) == 1:
        return _Learnt(center)
    scale = _scale(values, totals, low, center, high)
    if len(values) == 2:  # standardised it would be the same again
        return _Learnt(center, scale, is_flag=of_table and bool((values == (0, 1)).all()))
    edges = None
    if most:
        own = auto and high == low and _each_an_edge(values, totals)
        edges = values if own else bin_edges(values, totals, most)
    return _Learnt(center, scale, _moments(values, totals) if twice and of_table else None, edges)


def _varies(x):
    """Whether there are two values; as float64, where some large integers are the same number."""
    return x.size > 0 and float(x.min()) < float(x.max())


def _side_by_side(edges):
    """Return one column for each list of edges, filled up with infinities."""
    table = np.full((max(map(len, edges), default=0), len(edges)), np.inf)
    for k, e in enumerate(edges):
        table[: len(e), k] = e
    return table


def _scale(values, totals, low, center, high):
    with np.errstate(over="ignore"):
        spread = high - low or _typical_distance(values, totals, center)
    return min(max(spread, SMALLEST), LARGEST)


def _moments(values, totals):
    """Return mean and standard deviation, from distinct values and the weights up to each."""
    mass, peak = np.diff(totals, prepend=0.0), np.abs(values).max()  # squares stay finite
    x = values / peak
    mean = dot(x, mass) / totals[-1]
    std = np.sqrt(dot((x - mean) ** 2, mass) / totals[-1])
    return mean * peak, min(max(std * peak, SMALLEST), LARGEST)


def _each_an_edge(values, totals):
    """Whether each value of a column that is mostly one value is to be an edge.

    Quantiles see little of such a column, and the other rows may share values too (amounts that a
    rule sets).
    """
    return len(values) <= min(_OWN_EDGES, totals[-1] / _ROWS_PER_EDGE)


def distribution(x, weights):
    """Return the distinct values of x, ascending, and the weight of all rows up to each."""
    present = ~np.isnan(x)
    x = x[present]
    if weights is None:
        x = np.sort(x)  # single ones as they are, in half the time
        last = _ends_of_runs(x if x.dtype == np.float32 else x.astype(np.float64, copy=False))
        return x[last].astype(np.float64), last + 1.0
    x = x.astype(np.float64)
    order = np.argsort(x)
    x, totals = x[order], np.cumsum(weights[present][order])
    last = _ends_of_runs(x)
    return x[last], totals[last]


def _ends_of_runs(x):
    """Return where each run of equal values ends."""
    return np.flatnonzero(np.append(x[1:] != x[:-1], True))[: len(x)]


def quantiles(values, totals, numerators, denominator):
    """Quantiles by the inverse of the distribution function; exact for whole weights."""
    return values[np.searchsorted(denominator * totals, np.multiply(numerators, totals[-1]))]


def _typical_distance(values, totals, center):
    """Return the median distance from `center` of the rows that are elsewhere."""
    elsewhere = values != center
    distances = np.abs(values[elsewhere] - center)
    order = np.argsort(distances, kind="stable")
    totals = np.cumsum(np.diff(totals, prepend=0.0)[elsewhere][order])
    return quantiles(distances[order], totals, [1], 2)[0]


def bin_edges(values, totals, n_bins):
    """Edges at quantiles of the rows and, in between, at quantiles of the distinct values."""
    if len(values) <= n_bins + 1:
        return values
    ranks = np.arange(1.0, len(values) + 1)
    by_row = quantiles(values, totals, np.arange(0, n_bins + 1, 2), n_bins)
    by_value = quantiles(values, ranks, np.arange(1, n_bins + 1, 2), n_bins)
    return np.unique(np.concatenate([by_row, by_value, values[-1:]]))
