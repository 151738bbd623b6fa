"""The client's view of a table: partitions on workers, with labels and weights here."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError, wait
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._worker import concat, cut, length, same

_PATIENCE = 30.0  # seconds between two looks at the workers; idle at both, a fit gives up


def distributed_library():
    """Import what this module is for."""
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            "skxent.dask needs Dask and its scheduler: pip install 'skxent[dask]'."
        ) from error
    return distributed


class _Column(NamedTuple):
    """Partitions of one of X, y and sample_weight, and the row that each begins with."""

    parts: list
    starts: NDArray

    def spans(self):
        return zip(self.parts, self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)

    def pieces(self, rows):
        """Yield, of all partitions, what is among the rows of a slice: (part, slice, first row)."""
        for part, start, stop in self.spans():
            first = max(rows.start, start)
            first += (rows.start - first) % rows.step
            last = min(rows.stop, stop)
            if first < last:
                yield part, slice(first - start, last - start, rows.step), first


class ClusterTable:
    """A table whose partitions are on workers, with its labels and weights here."""

    def __init__(self, client, X, y, sample_weight):
        self.client = client
        given = {"X": X, "y": y, "sample_weight": sample_weight}
        columns = {name: _partitions(name, c) for name, c in given.items() if c is not None}
        self.partitions = {}
        for name, parts in columns.items():
            parts = client.compute(parts)
            lengths = self.results([self.submit(length, part) for part in parts])
            self.partitions[name] = _Column(parts, np.cumsum([0, *lengths]))
        self.shape = (int(self.partitions["X"].starts[-1]), X.shape[1])
        if not self.shape[0]:
            raise ValueError("X has no rows: all of its partitions are empty.")
        self.y = self._here("y")
        self.sample_weight = None if sample_weight is None else self._here("sample_weight")

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, key):
        raise TypeError(
            "Held-out rows of a Dask collection are judged by the log loss only. Give rows of your "
            "own as X_val and y_val (arrays or a DataFrame) for `scoring`, or set scoring=None."
        )

    def _here(self, name):
        parts = self.partitions[name]
        return concat(self.results([part for part, start, stop in parts.spans() if start < stop]))

    def submit(self, task, *args, worker=None):
        """Begin a task, on a given worker as long as that is alive."""
        where = {} if worker is None else {"workers": [worker], "allow_other_workers": True}
        return self.client.submit(task, *args, pure=False, **where)

    def results(self, futures):
        """Wait for tasks, as long as the cluster is at work; return what they came to."""
        distributed = distributed_library()
        lost = (distributed.KilledWorker, CancelledError, distributed.comm.CommClosedError)
        # gathering includes waiting, and goes back to it where a worker dies with the result
        gathering = asyncio.run_coroutine_threadsafe(
            self.client.gather(futures, asynchronous=True), self.client.loop.asyncio_loop
        )
        try:
            n_idle = 0
            while not wait([gathering], timeout=_PATIENCE).done:
                n_idle = 0 if any(self.client.processing().values()) else n_idle + 1
                if n_idle == 2:
                    raise CancelledError("there is no worker that takes a task")
            return gathering.result()
        except lost as error:
            raise RuntimeError(
                "The cluster lost rows or workers that it could not replace, and the fit was "
                f"given up ({error}); what was fitted before is kept. Rows are read again where "
                "they come from files or from functions of Dask, not where they were scattered. A "
                "worker that is killed again and again most often lacks memory."
            ) from error
        finally:
            gathering.cancel()

    def take(self, rows):
        """Bring rows of X here, given by their numbers in ascending order."""
        futures = []
        for part, start, stop in self.partitions["X"].spans():
            inside = rows[slice(*np.searchsorted(rows, [start, stop]))] - start
            if len(inside):
                whole = len(inside) == stop - start
                futures.append(part if whole else self.submit(cut, part, inside))
        return concat(self.results(futures))

    def workers(self):
        """Workers with their threads, in the order of the rows that they have: few need to move."""
        while not (threads := self.client.nthreads()):
            self.results([self.submit(same, None)])  # until there is a worker, or no hope of one
        where = self.client.who_has(self.partitions["X"].parts)
        middles: dict[str, list] = {worker: [] for worker in threads}
        for part, start, stop in self.partitions["X"].spans():
            for worker in set(where.get(part.key, ())) & set(threads):
                middles[worker].append((start + stop) / 2)
        centres = {w: np.mean(rows) if rows else np.inf for w, rows in middles.items()}
        return {w: threads[w] for w in sorted(threads, key=lambda w: (centres[w], w))}


def _partitions(name, collection):
    """Return the partitions of a Dask Array, DataFrame or Series, with all of its columns."""
    if not hasattr(type(collection), "to_delayed"):
        raise TypeError(
            f"{name} must be a Dask Array, DataFrame or Series, got {type(collection).__name__}. "
            "dask.array.from_array or dask.dataframe.from_pandas makes one; data that is all here "
            "is SoftmaxMLPClassifier's."
        )
    if not hasattr(type(collection), "columns") and len(getattr(collection, "numblocks", ())) > 1:
        collection = collection.rechunk({1: -1})
    return np.ravel(collection.to_delayed()).tolist()
