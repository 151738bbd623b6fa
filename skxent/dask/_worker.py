"""What runs on workers: encoding rows, sums over them, descents along them, predictions."""

from __future__ import annotations

import copy
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .._outputs import Outputs
from .._table.checks import checked_table
from .._table.compact import CompactRows
from .._table.compact import concat as concat_rows
from .._table.encoder import encoding_of
from .._table.encoding import Seen
from .._table.reader import Reader
from .._targets import Expected, read_targets
from .._training.mini_batch import MiniBatch
from .._training.objective import Node, Objective


@dataclass(frozen=True, eq=False)
class Preparation:
    """How a worker makes rows of partitions into a shard.

    `face` is an estimator in whose name tables are checked.
    """

    face: Any
    reader: Reader
    outputs: Outputs
    label_smoothing: float

    def encoded(self, part: Any, rows: slice, out_of_fold: Any) -> CompactRows:
        """Rows of a partition through the encoder, with statistics of y where there are any."""
        X = cut(part, rows)
        if out_of_fold is None:
            return self.reader.compact(self.face, X)
        places, values = out_of_fold
        encoding = encoding_of(self.reader.encoder)  # type: ignore[union-attr]
        columns = encoding.columns_of(checked_table(self.face, X))
        statistics = encoding.log_odds.look_up(columns)
        for statistic, value in zip(statistics, values, strict=True):
            statistic[places] = value
        return self.reader.compact(self.face, X, Seen(columns, statistics))

    def targets(self, parts: list) -> tuple[NDArray, NDArray]:
        """Targets as the kernel reads them, and class numbers."""
        expected = Expected(self.outputs.exclusive, known=self.outputs)
        targets = read_targets(concat(parts), type(self.face).__name__, expected)
        dtype = np.dtype(self.reader.dtype)
        values = self.outputs.kernel_targets(targets.values, self.label_smoothing, dtype)
        return values, targets.codes


@dataclass(frozen=True, eq=False)
class Kept:
    """What a worker keeps: encoded rows, targets and weights."""

    rows: CompactRows
    targets: NDArray
    weights: NDArray | None

    @property
    def arrays(self) -> list[NDArray]:
        """All arrays, those of sparse matrices taken apart."""
        given = [*self.rows.arrays, self.targets, self.weights]
        return [part for array in given if array is not None for part in _parts(array)]


def _parts(array):
    return (array.data, array.indices, array.indptr) if sp.issparse(array) else (array,)


def same(value, beside=None):
    """Keep a value, on the worker that has what it is beside of."""
    return value


def length(part):
    return part.shape[0]


def cut(part, rows):
    return part.iloc[rows] if hasattr(part, "iloc") else part[rows]


def concat(parts):
    """Put pieces of one table below each other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if hasattr(first, "iloc"):
        from dask.dataframe.dispatch import concat  # unites the levels of categories

        return concat(parts)
    return sp.vstack(parts, format="csr") if sp.issparse(first) else np.concatenate(parts)


def encoded(preparation, part, rows, out_of_fold):
    """Rows of a partition, encoded."""
    return preparation.encoded(part, rows, out_of_fold)


def put_together(preparation, pieces, y, sample_weight, factors) -> Kept:
    """Put together what a worker keeps."""
    targets, codes = preparation.targets(y)
    weights = None
    if sample_weight:
        weights = np.asarray(concat(sample_weight), dtype=np.float64)
    if factors is not None:
        weights = factors[codes] * (1.0 if weights is None else weights)
    return Kept(concat_rows(pieces), targets, weights)


def check_sum(kept: Kept) -> int:
    """Return a number that rows which differ do not share."""
    sums = [zlib.crc32(np.ascontiguousarray(array).reshape(-1).data) for array in kept.arrays]
    return zlib.crc32(repr(sums).encode())


def aligned(value):
    """Copy what does not lie in memory as the kernel needs it: what was sent may lie anywhere."""
    if sp.issparse(value):
        parts = tuple(map(aligned, _parts(value)))
        return type(value)(parts, shape=value.shape)
    return np.require(value, requirements="A") if isinstance(value, np.ndarray) else value


class WorkerObjective:
    """One network's objective on a shard; it is made where it is needed, and stays there."""

    def __init__(self, rows, check_sum, settings):
        self.rows, self.check_sum, self.settings = rows, check_sum, settings
        self._made: dict[Any, Objective] = {}

    def on(self, kept: Kept, dtype=None) -> Objective:
        """Return the objective on the rows that are kept here."""
        own = self.settings["dtype"]
        if own not in self._made:
            self._made[own] = self._make(kept)
        if dtype is not None and dtype not in self._made:
            self._made[dtype] = self._made[own].in_single()
        return self._made[own if dtype is None else dtype]

    def _make(self, kept):
        if check_sum(kept) != self.check_sum:
            raise RuntimeError(
                "Rows that were lost with a worker were read again and are not what they were. "
                "Fit a table that stays as it is while it is read: files that nobody writes "
                "to, random numbers with a seed, or a copy that is stored first."
            )
        rows = self.rows
        if rows is not None:
            rows = np.flatnonzero(np.unpackbits(rows, count=len(kept.targets)))
        compact = kept.rows.with_arrays([aligned(array) for array in kept.rows.arrays])
        return Objective(
            inputs=compact.inputs(),
            targets=aligned(kept.targets),
            weights=aligned(kept.weights),
            rows=rows,
            **self.settings,
        )

    def __getstate__(self):
        return vars(self) | {"_made": {}}


def objective_beside(prepared, rows, check_sum, settings) -> WorkerObjective:
    """Return an objective; what it is beside of keeps the task alive where a worker is gone."""
    return WorkerObjective(rows, check_sum, settings)


def sums(kept, member, params) -> list[Node]:
    """Value and gradient over a shard's rows, as nodes of a tree."""
    return member.on(kept, params.dtype).sums(aligned(params))


def logits(kept, member, rows, params) -> NDArray:
    """Logits of some of a shard's rows."""
    return member.on(kept).logits(aligned(params), rows=aligned(rows))


def descend(kept, member, state, rate, schedule, n_steps):
    """Go through a shard's rows once, from a state to a state."""
    path = MiniBatch(member.on(kept), **copy.deepcopy(state))  # what arrives may be read-only
    epoch = path.epoch(rate, schedule, n_steps, lambda: False)
    return {name: getattr(path, name) for name in ("params", "slots", "average", "step")} | {
        "generator": path.generator,
        "epoch": epoch,
    }


def predicted(part, model, method, empty):
    """Predictions of a partition."""
    return getattr(model, method)(part) if part.shape[0] else empty
