"""Rows of features on workers, and the objective on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._training.mini_batch import MiniBatch
from .._training.objective import BLOCK, Objective
from . import _worker
from ._descent import FederatedDescent
from ._table import ClusterTable


class _Shard(NamedTuple):
    """Rows that are kept on a worker."""

    future: Any
    rows: slice
    worker: str
    check_sum: int


@dataclass(frozen=True, eq=False)
class ClusterRows:
    """Rows of features on workers: they make what training needs, as `Rows` says."""

    are_here: ClassVar[bool] = False

    table: ClusterTable
    prepared: Any
    shards: list[_Shard]
    n_rows: int
    n_features: int
    n_threads: int

    def objective(self, network, loss, alpha, targets, weights, rows, **settings) -> Objective:
        """Return J for a network on the rows with these numbers; None means all."""
        return ClusterObjective(network, loss, alpha, self, targets, weights, rows, **settings)

    def descent(self, objective: Objective, **settings: Any) -> MiniBatch:
        """Return a way down along batches."""
        return FederatedDescent(objective, **settings)

    def members(self, rows: NDArray | None, settings: dict[str, Any]) -> tuple[list, list[int]]:
        """Make an objective on each shard that has some of the rows; return them, and how many."""
        members, counts = [], []
        for shard in self.shards:
            own, _, ids = _inside(shard.rows, self.n_rows, rows)
            counts.append(len(ids))
            bits = None
            if rows is not None:
                mask = np.zeros(own, dtype=bool)
                mask[ids] = True
                if mask.sum() < len(ids):
                    raise ValueError("cv repeats rows, which the rows of a cluster cannot be.")
                bits = np.packbits(mask)
            first_block = shard.rows.start // BLOCK
            mine = bits, shard.check_sum, settings | {"first_block": first_block}
            # Dask forgets a task for a worker that is gone, unless it depends on another
            task = _worker.objective_beside, self.prepared, *mine
            members.append(self.table.submit(*task, worker=shard.worker))
        return members, counts

    def run(self, task: Any, members: list, *args: list) -> list:
        """Have every shard do a task, with arguments that are lists by shard; return the results.

        A first argument of None leaves a shard out.
        """
        futures = [
            self.table.submit(task, shard.future, member, *own, worker=shard.worker)
            for shard, member, *own in zip(self.shards, members, *args, strict=True)
            if own[0] is not None
        ]
        return self.table.results(futures)

    def places(self, rows: NDArray) -> tuple[list, list]:
        """Return where each shard's rows stand among the given ones, and their numbers there.

        The numbers stay with the shard; None stands for none.
        """
        where, ids = [], []
        for shard in self.shards:
            _, inside, own = _inside(shard.rows, self.n_rows, rows)
            where.append(inside)
            task = _worker.same, own, shard.future  # beside the shard, as a member is
            ids.append(self.table.submit(*task, worker=shard.worker) if len(own) else None)
        return where, ids


def _inside(own, n_rows, rows):
    """Return the length of a shard, which of the rows are in it, and their numbers there."""
    length = len(range(*own.indices(n_rows)))
    if rows is None:
        return length, slice(None), np.arange(length)
    places, rest = np.divmod(rows - own.start, own.step)
    inside = np.flatnonzero((rest == 0) & (places >= 0) & (places < length))
    return length, inside, places[inside]


class ClusterObjective(Objective):
    """J for one network on rows that are on workers, to the bit that of `Objective`."""

    inputs: Any

    def __init__(self, network, loss, alpha, inputs, targets, weights=None, rows=None, **settings):
        super().__init__(network, loss, alpha, inputs, targets, weights, rows, **settings)
        shared = {"network": network, "loss": loss, "alpha": alpha}
        self.members, self.rows_by_shard = inputs.members(
            rows, shared | settings | {"total_weight": self.total_weight}
        )
        self._judged = None, None  # rows whose logits were asked for last, and their places

    def sums(self, params):
        """Value and gradient, added up by every worker as far as its blocks go."""
        params = np.asarray(params, dtype=self.dtype)
        by_shard = self.inputs.run(_worker.sums, self.members, [params] * len(self.members))
        return [node for nodes in by_shard for node in nodes]

    def logits(self, params, inputs=None, rows=None):
        """Logits of `rows` of the training inputs, or of other inputs, which are here."""
        if inputs is not None:
            return super().logits(params, inputs)
        if self._judged[0] is not rows:
            self._judged = rows, self.inputs.places(rows)
        where, ids = self._judged[1]
        out = np.empty((len(rows), self.network.sizes[-1]), dtype=self.dtype)
        every = [params] * len(self.members)
        parts = iter(self.inputs.run(_worker.logits, self.members, ids, every))
        for places in where:
            if len(places):
                out[places] = next(parts)
        return out


# ---- spreading


def spread(
    table: ClusterTable,
    preparation: _worker.Preparation,
    *,
    n_features: int,
    by_blocks: bool,
    factors: NDArray | None,
    out_of_fold: tuple | None,
    n_threads: int | None,
) -> ClusterRows:
    """Deal the rows to the workers and have them encoded; what was read of the table is let go."""
    workers = table.workers()
    n = len(table)
    if by_blocks:  # neighbouring ones, in proportion to the threads
        n_blocks = -(-n // BLOCK)
        shares = np.cumsum([0, *workers.values()]) / sum(workers.values())
        bounds = np.round(shares * n_blocks).astype(int).tolist()
        dealt = [
            slice(a * BLOCK, min(b * BLOCK, n), 1)
            for a, b in zip(bounds[:-1], bounds[1:], strict=True)
        ]
    else:  # every worker some from everywhere, however they are sorted
        dealt = [slice(w, n, len(workers)) for w in range(len(workers))]
    prepared = table.submit(_worker.same, preparation)
    pairs = [(rows, w) for rows, w in zip(dealt, workers, strict=True) if rows.start < rows.stop]
    futures = [_shard(table, prepared, *pair, factors, out_of_fold) for pair in pairs]
    sums = table.results([table.submit(_worker.check_sum, future) for future in futures])
    shards = [
        _Shard(future, *pair, check_sum)
        for future, pair, check_sum in zip(futures, pairs, sums, strict=True)
    ]
    table.partitions.clear()  # what is encoded need not be there twice
    threads = min(workers.values()) if n_threads is None else n_threads
    return ClusterRows(table, prepared, shards, n, n_features, threads)


def _shard(table, prepared, rows, worker, factors, out_of_fold):
    pieces = [
        table.submit(_worker.encoded, prepared, part, cut, _of_piece(out_of_fold, first, cut))
        for part, cut, first in table.partitions["X"].pieces(rows)
    ]
    y, weights = (
        [table.submit(_worker.cut, part, cut) for part, cut, _ in column.pieces(rows)]
        if column
        else []
        for column in map(table.partitions.get, ("y", "sample_weight"))
    )
    return table.submit(_worker.put_together, prepared, pieces, y, weights, factors, worker=worker)


def _of_piece(out_of_fold, first, cut):
    """Return which rows of a piece have out-of-fold statistics, and these."""
    if out_of_fold is None:
        return None
    rows, statistics = out_of_fold
    stop = first + cut.stop - cut.start
    low, high = np.searchsorted(rows, [first, stop])
    places, step = np.divmod(rows[low:high] - first, cut.step)
    inside = step == 0
    return places[inside], [statistic[low:high][inside] for statistic in statistics]
