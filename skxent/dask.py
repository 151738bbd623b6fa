"""Fitting and prediction where the rows are on a Dask cluster and the decisions are made here.

A fit is that of :class:`skxent.SoftmaxMLPClassifier`, which is handed a table, an objective and a
path of descent that live on workers: `_Table`, `_SpreadObjective` and `_Rounds`. Labels and weights
come to the client; features never do, but for the rows an encoder is learnt from. Each worker keeps
a *shard*: its rows, encoded, with their targets and weights. It is the result of a task, so that
Dask makes a lost one again from where the data came from; and what is asked of it is a task without
a memory, which another worker answers with the same bits.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import zlib
from concurrent.futures import CancelledError, wait
from dataclasses import fields
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ._classifier import SoftmaxMLPClassifier
from ._frames import checked_table, columns_of
from ._labels import class_factors
from ._objective import BLOCK, Node, Objective
from ._solvers import FULL_BATCH, MiniBatch
from ._stopping import Epoch

__all__ = ["DaskSoftmaxMLPClassifier"]

_SAMPLE = 20_000_000  # values of the table that come to the client for an encoder to be learnt
_PATIENCE = 30.0  # seconds between two looks at the workers; idle at both, a fit gives up


def _distributed():
    """Import what this module is for."""
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            "skxent.dask needs Dask and its scheduler: pip install 'skxent[dask]'."
        ) from error
    return distributed


# ---- what runs on workers --------------------------------------------------------------------


def _same(value, beside=None):
    """Keep a value, on the worker that has what it is beside of."""
    return value


def _length(part):
    return part.shape[0]


def _cut(part, rows):
    return part.iloc[rows] if hasattr(part, "iloc") else part[rows]


def _concat(parts):
    """Put pieces of one table, or of its encoded form, below each other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, tuple):
        return tuple(_concat(field) for field in zip(*parts, strict=True))
    if hasattr(first, "iloc"):
        from dask.dataframe.dispatch import concat  # unites the levels of categories

        return concat(parts)
    return sp.vstack(parts, format="csr") if sp.issparse(first) else np.concatenate(parts)


def _aligned(value):
    """Copy what does not lie in memory as the kernel needs it: what was sent may lie anywhere."""
    if isinstance(value, tuple | list):
        return type(value)(map(_aligned, value))
    if sp.issparse(value):
        parts = _aligned((value.data, value.indices, value.indptr))
        return type(value)(parts, shape=value.shape)
    return np.require(value, requirements="A") if isinstance(value, np.ndarray) else value


def _encoded(model, part, rows, out_of_fold):
    """Rows of a partition through the encoder, with these statistics of y where there are any."""
    X = _cut(part, rows)
    if out_of_fold is None:
        return model._compact(X)
    places, values = out_of_fold
    statistics = model.encoder_._look_up(columns_of(checked_table(model, X)))
    for statistic, value in zip(statistics, values, strict=True):
        statistic[places] = value
    return model._compact(X, statistics)


def _put_together(model, pieces, y, sample_weight, factors):
    """Put together what a worker keeps: encoded rows, targets and weights."""
    targets, codes = model._read_targets(None, _concat(y), True, True, None)
    weights = None
    if sample_weight:
        weights = np.asarray(_concat(sample_weight), dtype=np.float64)
    if factors is not None:
        weights = factors[codes] * (1.0 if weights is None else weights)
    return _concat(pieces), model._kernel_targets(targets, np.dtype(model._dtype)), weights


def _check_sum(value) -> int:
    """Return a number that rows which differ do not share."""
    if isinstance(value, tuple | list):
        return zlib.crc32(repr([_check_sum(part) for part in value]).encode())
    if sp.issparse(value):
        return _check_sum((value.data, value.indices, value.indptr))
    return 0 if value is None else zlib.crc32(np.ascontiguousarray(value).reshape(-1).data)


class _Member:
    """One network's objective on a shard; it is made where it is needed, and stays there."""

    def __init__(self, model, rows, check_sum, settings):
        self.model, self.rows, self.check_sum, self.settings = model, rows, check_sum, settings
        self._made: dict[Any, Objective] = {}

    def on(self, shard, dtype=None) -> Objective:
        own = self.settings["dtype"]
        if own not in self._made:
            if _check_sum(shard) != self.check_sum:
                raise RuntimeError(
                    "Rows that were lost with a worker were read again and are not what they were. "
                    "Fit a table that stays as it is while it is read: files that nobody writes "
                    "to, random numbers with a seed, or a copy that is stored first."
                )
            compact, targets, weights = _aligned(shard)
            rows = self.rows
            if rows is not None:
                rows = np.flatnonzero(np.unpackbits(rows, count=len(targets)))
            inputs = self.model._inputs_of(compact)
            self._made[own] = Objective(
                inputs=inputs, targets=targets, weights=weights, rows=rows, **self.settings
            )
        if dtype is not None and dtype not in self._made:
            self._made[dtype] = self._made[own].in_single()
        return self._made[own if dtype is None else dtype]

    def __getstate__(self):
        return vars(self) | {"_made": {}}


def _sums(shard, member, params) -> list[Node]:
    return member.on(shard, params.dtype).sums(_aligned(params))


def _logits(shard, member, rows, params) -> NDArray:
    return member.on(shard).logits(_aligned(params), rows=_aligned(rows))


def _descend(shard, member, state, rate, schedule, n_steps):
    """Go through a shard's rows once, from a state to a state."""
    path = MiniBatch(member.on(shard), **copy.deepcopy(state))  # what arrives may be read-only
    epoch = path.epoch(rate, schedule, n_steps, lambda: False)
    return {name: getattr(path, name) for name in ("params", "slots", "average", "step")} | {
        "generator": path.generator,
        "epoch": epoch,
    }


def _predicted(part, model, method, empty):
    return getattr(model, method)(part) if part.shape[0] else empty


# ---- what stands in for them here ------------------------------------------------------------


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


class _Table:
    """A table whose partitions are on workers, with its labels and weights here."""

    def __init__(self, client, X, y, sample_weight):
        self.client = client
        given = {"X": X, "y": y, "sample_weight": sample_weight}
        columns = {name: _partitions(name, c) for name, c in given.items() if c is not None}
        self._columns = {}
        for name, parts in columns.items():
            parts = client.compute(parts)
            lengths = self.results([self.submit(_length, part) for part in parts])
            self._columns[name] = _Column(parts, np.cumsum([0, *lengths]))
        self.shape = (int(self._columns["X"].starts[-1]), X.shape[1])
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
        parts = self._columns[name]
        return _concat(self.results([part for part, start, stop in parts.spans() if start < stop]))

    def submit(self, task, *args, worker=None):
        """Begin a task, on a given worker as long as that is alive."""
        where = {} if worker is None else {"workers": [worker], "allow_other_workers": True}
        return self.client.submit(task, *args, pure=False, **where)

    def results(self, futures):
        """Wait for tasks, as long as the cluster is at work; return what they came to."""
        distributed = _distributed()
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
        for part, start, stop in self._columns["X"].spans():
            inside = rows[slice(*np.searchsorted(rows, [start, stop]))] - start
            if len(inside):
                whole = len(inside) == stop - start
                futures.append(part if whole else self.submit(_cut, part, inside))
        return _concat(self.results(futures))

    def workers(self):
        """Workers with their threads, in the order of the rows that they have: few need to move."""
        while not (threads := self.client.nthreads()):
            self.results([self.submit(_same, None)])  # until there is a worker, or no hope of one
        where = self.client.who_has(self._columns["X"].parts)
        middles: dict[str, list] = {worker: [] for worker in threads}
        for part, start, stop in self._columns["X"].spans():
            for worker in set(where.get(part.key, ())) & set(threads):
                middles[worker].append((start + stop) / 2)
        centres = {w: np.mean(rows) if rows else np.inf for w, rows in middles.items()}
        return {w: threads[w] for w in sorted(threads, key=lambda w: (centres[w], w))}

    def spread(self, model, n_features, by_blocks, factors, out_of_fold):
        """Deal the rows to the workers and have them encoded."""
        workers = self.workers()
        n = len(self)
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
        model = self.submit(_same, model)
        pairs = [
            (rows, w) for rows, w in zip(dealt, workers, strict=True) if rows.start < rows.stop
        ]
        futures = [self._shard(model, *pair, factors, out_of_fold) for pair in pairs]
        check_sums = self.results([self.submit(_check_sum, future) for future in futures])
        shards = [
            _Shard(future, *pair, check_sum)
            for future, pair, check_sum in zip(futures, pairs, check_sums, strict=True)
        ]
        self._columns.clear()  # what is encoded need not be there twice
        return _Spread(self, model, shards, n, n_features, min(workers.values()))

    def _shard(self, model, rows, worker, factors, out_of_fold):
        pieces = [
            self.submit(_encoded, model, part, cut, _of_piece(out_of_fold, first, cut))
            for part, cut, first in self._columns["X"].pieces(rows)
        ]
        y, weights = (
            [self.submit(_cut, part, cut) for part, cut, _ in column.pieces(rows)] if column else []
            for column in map(self._columns.get, ("y", "sample_weight"))
        )
        return self.submit(_put_together, model, pieces, y, weights, factors, worker=worker)


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


def _partitions(name, collection):
    """Return the partitions of a Dask Array, DataFrame or Series, with all of its columns."""
    if not hasattr(collection, "to_delayed"):
        raise TypeError(
            f"{name} must be a Dask Array, DataFrame or Series, got {type(collection).__name__}. "
            "dask.array.from_array or dask.dataframe.from_pandas makes one; data that is all here "
            "is SoftmaxMLPClassifier's."
        )
    if len(getattr(collection, "numblocks", ())) > 1:
        collection = collection.rechunk({1: -1})
    return np.ravel(collection.to_delayed()).tolist()


class _Shard(NamedTuple):
    """Rows that are kept on a worker."""

    future: Any
    rows: slice
    worker: str
    check_sum: int


class _Spread:
    """Rows of features on workers, which an objective here has in the place of `Inputs`."""

    def __init__(self, table, model, shards, n_rows, n_features, n_threads):
        self._table, self._model, self.shards = table, model, shards
        self.n_rows, self.n_features, self.n_threads = n_rows, n_features, n_threads
        self._places: dict[int, tuple] = {}

    def members(self, rows, settings):
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
            members.append(self._table.submit(_Member, self._model, *mine, worker=shard.worker))
        return members, counts

    def run(self, task, members, *args):
        """Have every shard do a task, with arguments that are lists by shard; return the results.

        A first argument of None leaves a shard out.
        """
        futures = [
            self._table.submit(task, shard.future, member, *own, worker=shard.worker)
            for shard, member, *own in zip(self.shards, members, *args, strict=True)
            if own[0] is not None
        ]
        return self._table.results(futures)

    def places(self, rows):
        """Return where each shard's rows stand among the given ones, and their numbers there.

        The numbers stay with the shard; None stands for none.
        """
        if id(rows) not in self._places:
            where, ids = [], []
            for shard in self.shards:
                _, inside, own = _inside(shard.rows, self.n_rows, rows)
                where.append(inside)
                # Dask forgets a task for a worker that is gone, unless it depends on another
                ids.append(
                    self._table.submit(_same, own, shard.future, worker=shard.worker)
                    if len(own)
                    else None
                )
            self._places[id(rows)] = rows, where, ids  # kept: so that the id stays its own
        return self._places[id(rows)][1:]


def _inside(own, n_rows, rows):
    """Return the length of a shard, which of the rows are in it, and their numbers there."""
    length = len(range(*own.indices(n_rows)))
    if rows is None:
        return length, slice(None), np.arange(length)
    places, rest = np.divmod(rows - own.start, own.step)
    inside = np.flatnonzero((rest == 0) & (places >= 0) & (places < length))
    return length, inside, places[inside]


class _SpreadObjective(Objective):
    """J for one network on rows that are on workers, to the bit that of `Objective`."""

    inputs: Any

    def __init__(self, network, loss, alpha, inputs, targets, weights=None, rows=None, **settings):
        super().__init__(network, loss, alpha, inputs, targets, weights, rows, **settings)
        shared = {"network": network, "loss": loss, "alpha": alpha}
        self.members, self.rows_by_shard = inputs.members(
            rows, shared | settings | {"total_weight": self.total_weight}
        )

    def sums(self, params):
        """Value and gradient, added up by every worker as far as its blocks go."""
        params = np.asarray(params, dtype=self.dtype)
        by_shard = self.inputs.run(_sums, self.members, [params] * len(self.members))
        return [node for nodes in by_shard for node in nodes]

    def logits(self, params, inputs=None, rows=None):
        """Logits of `rows` of the training inputs, or of other inputs, which are here."""
        if inputs is not None:
            return super().logits(params, inputs)
        where, ids = self.inputs.places(rows)
        out = np.empty((len(rows), self.network.sizes[-1]), dtype=self.dtype)
        parts = iter(self.inputs.run(_logits, self.members, ids, [params] * len(self.members)))
        for places in where:
            if len(places):
                out[places] = next(parts)
        return out


class _Rounds(MiniBatch):
    """One network on its way down on many workers: a round is an epoch of each, then the mean.

    That is federated averaging (McMahan et al., 2017) with the state of the optimiser averaged as
    well. A single worker does what `MiniBatch` does, bit for bit.
    """

    @property
    def steps_per_epoch(self):
        """Number of batches in the longest of the workers' epochs."""
        return -(-max(self.objective.rows_by_shard) // self.batch_size)

    def epoch(self, rate, schedule, n_steps, stop):
        """One pass over all rows: every worker over its own, all at once."""
        counts = self.objective.rows_by_shard
        seeds = self.generator.integers(2**32, size=len(counts) - 1).tolist()
        generators = [self.generator, *(np.random.Generator(np.random.SFC64(s)) for s in seeds)]
        state = {f.name: getattr(self, f.name) for f in fields(MiniBatch) if f.name != "objective"}
        starts = [
            state | {"generator": generator, "seed": (self.seed + i) % 2**32} if count else None
            for i, (generator, count) in enumerate(zip(generators, counts, strict=True))
        ]
        each = [len(counts) * [argument] for argument in (rate, schedule, n_steps)]
        ends = self.objective.inputs.run(_descend, self.objective.members, starts, *each)
        shares = [count / sum(counts) for count in counts if count]

        def mean(values):
            with np.errstate(over="ignore", invalid="ignore"):  # the monitor says so, once
                return sum(share * value for share, value in zip(shares, values, strict=True))

        self.params = mean([end["params"] for end in ends])
        slots = zip(*(end["slots"] for end in ends), strict=True)
        self.slots = [mean(vectors) for vectors in slots]
        if self.average is not None:
            self.average = mean([end["average"] for end in ends])
        self.step = max(end["step"] for end in ends)
        if counts[0]:
            self.generator = ends[0]["generator"]
        epochs = [end["epoch"] for end in ends]
        return Epoch(
            float(mean([epoch.loss for epoch in epochs])),
            float(np.sqrt(mean([epoch.gradient_norm**2 for epoch in epochs]))),
            epochs[0].learning_rate,
            sum(epoch.n_rows for epoch in epochs),
        )


# ---- the estimator ---------------------------------------------------------------------------


def _with_client(init):
    """Give an estimator's `__init__` one more parameter, without naming all of the others."""

    @wraps(init)
    def __init__(self, *args, client=None, **params):  # noqa: N807
        init(self, *args, **params)
        self.client = client

    signature = inspect.signature(init)
    client = inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, default=None)
    parameters = [*signature.parameters.values(), client]
    __init__.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return __init__


class DaskSoftmaxMLPClassifier(SoftmaxMLPClassifier):  # noqa: D101 - below
    _objective = _SpreadObjective
    _path = _Rounds
    _parameter_constraints = SoftmaxMLPClassifier._parameter_constraints | {
        "client": "no_validation"
    }

    __init__ = _with_client(SoftmaxMLPClassifier.__init__)

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        groups=None,
    ):
        """Learn from a table on the cluster and its labels.

        Parameters
        ----------
        X : Dask Array or DataFrame of shape (n_samples, n_features)
            The table, in any partitions.
        y : Dask Array, Series or DataFrame of shape (n_samples,) or (n_samples, n_classes)
            The targets, in any partitions; the client keeps a copy while it fits.
        sample_weight : Dask Array or Series of shape (n_samples,), default=None
            Weights, not negative; the client keeps a copy while it fits.
        X_val : DataFrame or array-like, default=None
            Validation rows of your own, here and not on the cluster.
        y_val : array-like, default=None
            Their targets.
        sample_weight_val : array-like, default=None
            Their weights.
        groups : array-like of shape (n_samples,), default=None
            Groups for a group-aware splitter given as `cv`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        RuntimeError
            If rows were lost with a worker and cannot be read again, or no worker is left.
        """
        self._validate_params()
        client = self.client_
        import dask

        # parameters are sent with the tasks: a large network is no reason for a warning
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            table = _Table(client, X, y, sample_weight)
            return super().fit(
                table,
                table.y,
                table.sample_weight,
                X_val=X_val,
                y_val=y_val,
                sample_weight_val=sample_weight_val,
                groups=groups,
            )

    def _read_table(self, X, codes, weights, plan, reset):
        """Learn the table from a sample of its rows, and have the workers encode theirs."""
        out_of_fold = None
        if reset:
            rows = self._sample(X)
            sampled = None if weights is None else weights[rows]
            statistics = self._learn_table(X.take(rows), codes[rows], sampled, plan)
            out_of_fold = (rows, statistics) if statistics else None
        factors = None
        if self.class_weight is not None:
            w = np.ones(len(codes)) if weights is None else weights
            factors = class_factors(self.class_weight, self.classes_, codes, w)
        n_features = self._encode(X.take(np.array([0]))).n_features
        model = self.to_local()
        for name in ("_params", "_states", "_rng", "history_"):
            vars(model).pop(name, None)
        by_blocks = plan.solver in FULL_BATCH
        return X.spread(model, n_features, by_blocks, factors, out_of_fold), np.dtype(self._dtype)

    def _sample(self, X):
        """Numbers of the rows that an encoder is learnt from: all, or as many as may come here."""
        learns = self.encoder == "auto" if isinstance(self.encoder, str) else True
        if not learns or hasattr(self.encoder, "n_features_in_"):
            return np.arange(min(len(X), 100))
        n = max(_SAMPLE // X.shape[1], 1)
        if len(X) <= n:
            return np.arange(len(X))
        return np.sort(np.random.default_rng(0).choice(len(X), n, replace=False, shuffle=False))

    def _n_threads(self, inputs):
        return inputs.n_threads if self.n_jobs is None else super()._n_threads(inputs)

    def _has_partial_fit(self):
        raise AttributeError(
            "DaskSoftmaxMLPClassifier has no partial_fit: fit sees all rows. Use "
            "to_local().partial_fit for rows that come one batch after another."
        )

    def predict(self, X):
        """Most probable class of every row.

        Parameters
        ----------
        X : Dask Array or DataFrame, or like X in SoftmaxMLPClassifier
            Rows.

        Returns
        -------
        y : Dask Array of shape (n_samples,), or ndarray
            Labels, not yet computed where X is a Dask collection.
        """
        return self._lazily("predict", X)

    def decision_function(self, X):
        """Logits: ``softmax(logits)``, or the sigmoid for two classes, are the probabilities.

        Parameters
        ----------
        X : Dask Array or DataFrame, or like X in SoftmaxMLPClassifier
            Rows.

        Returns
        -------
        z : Dask Array of shape (n_samples, n_classes), or (n_samples,) for two classes, or ndarray
            Logits, not yet computed where X is a Dask collection.
        """
        return self._lazily("decision_function", X)

    def predict_proba(self, X):
        """Probability of every class.

        Parameters
        ----------
        X : Dask Array or DataFrame, or like X in SoftmaxMLPClassifier
            Rows.

        Returns
        -------
        p : Dask Array of shape (n_samples, n_classes), or ndarray
            Probabilities in the order of `classes_`, not yet computed where X is a Dask collection.
        """
        return self._lazily("predict_proba", X)

    def predict_log_proba(self, X):
        """Logarithm of the probability of every class, finite also where that underflows.

        Parameters
        ----------
        X : Dask Array or DataFrame, or like X in SoftmaxMLPClassifier
            Rows.

        Returns
        -------
        log_p : Dask Array of shape (n_samples, n_classes), or ndarray
            Log-probabilities, not yet computed where X is a Dask collection.
        """
        return self._lazily("predict_log_proba", X)

    def _lazily(self, method, X):
        if not hasattr(X, "to_delayed"):
            return getattr(super(), method)(X)
        check_is_fitted(self)
        import dask

        dtype = np.dtype(np.float32 if getattr(X, "dtype", None) == np.float32 else np.float64)
        shape: tuple[int, ...] = (len(self.classes_),)
        if method == "predict":
            dtype, shape = self.classes_.dtype, ()
        elif method == "decision_function" and self.n_outputs_ == 1:
            shape = ()
        empty = np.empty((0, *shape), dtype=dtype)
        model = dask.delayed(self.to_local())
        if not hasattr(X, "map_blocks"):
            return X.map_partitions(_predicted, model, method, empty, meta=empty)
        X = X.rechunk({1: -1})
        chunks = (X.chunks[0], *((n,) for n in shape))
        dropped = [] if shape else [1]
        return X.map_blocks(
            _predicted, model, method, empty, chunks=chunks, drop_axis=dropped, meta=empty
        )

    def score(self, X, y, sample_weight=None):
        """Accuracy of :meth:`predict`.

        Parameters
        ----------
        X : Dask Array or DataFrame, or like X in SoftmaxMLPClassifier
            Rows.
        y : Dask Array or Series, or array-like of shape (n_samples,)
            Their labels.
        sample_weight : Dask Array or Series, or array-like of shape (n_samples,), default=None
            Their weights.

        Returns
        -------
        score : float
            Share of rows whose label is the one predicted.
        """
        import dask
        from sklearn.metrics import accuracy_score

        # one by one: Dask does not like to compute arrays and frames together
        truth, predicted, weights = (
            dask.compute(values)[0] for values in (y, self.predict(X), sample_weight)
        )
        return accuracy_score(truth, predicted, sample_weight=weights)

    def to_local(self):
        """Return a classifier that needs no cluster.

        Returns
        -------
        model : SoftmaxMLPClassifier
            With the same parameters and, if this is fitted, the same networks.
        """
        local = SoftmaxMLPClassifier()
        vars(local).update({k: v for k, v in vars(self).items() if k != "client"})
        return local

    @property
    def client_(self):
        """The client that `fit` uses: `client`, or else the one that was made last."""
        distributed = _distributed()
        if self.client is not None:
            if not isinstance(self.client, distributed.Client):
                raise TypeError(
                    "client must be a dask.distributed.Client, or None for the one made last; got "
                    f"{self.client!r}. Client(address) makes one."
                )
            return self.client
        try:
            return distributed.default_client()
        except ValueError as error:
            raise ValueError(
                "There is no Dask client: start one, such as dask.distributed.Client(), or pass "
                "one as `client`."
            ) from error

    def __copy__(self):
        """Keep the client, which `__getstate__` leaves out."""
        new = type(self).__new__(type(self))
        vars(new).update(vars(self))
        return new

    def __getstate__(self):
        """Leave out the client: a connection cannot be stored."""
        return super().__getstate__() | {"client": None}

    def __sklearn_clone__(self):
        """Clone all parameters but the client, which is shared."""
        bare = copy.copy(self).set_params(client=None)
        new = super(DaskSoftmaxMLPClassifier, bare).__sklearn_clone__()
        return new.set_params(client=self.client)


_doc = inspect.cleandoc(str(SoftmaxMLPClassifier.__doc__))
_parameters, _attributes = _doc.split("Parameters\n", 1)[1].split("Attributes\n", 1)
DaskSoftmaxMLPClassifier.__doc__ = (
    inspect.cleandoc("""SoftmaxMLPClassifier for rows that are spread over a Dask cluster.

    Takes Dask Arrays, DataFrames and Series in any partitions, and predicts lazily. Everything else
    is as in :class:`skxent.SoftmaxMLPClassifier`, under the conventions of lightgbm's
    ``DaskLGBMClassifier``. Full-batch solvers come to **the same solution as one process, whatever
    the partitions and workers**; mini-batch solvers train in rounds, which differs from training in
    one process: :ref:`the page on clusters <cluster>` says how, and what a round costs. It needs
    ``skxent[dask]``.
    """)
    + "\n\nParameters\n"
    + _parameters.rstrip()
    + "\n"
    + "client : dask.distributed.Client or None, default=None\n"
    + "    The cluster; None for the client made last. It is not stored with the estimator."
    + "\n\nAttributes\n"
    + _attributes.split("See Also\n", 1)[0]
    + inspect.cleandoc("""See Also
    --------
    skxent.SoftmaxMLPClassifier : For rows in one process.

    References
    ----------
    .. [1] McMahan, B., et al. (2017). "Communication-efficient learning of deep networks from
       decentralized data." AISTATS.
    .. [2] LightGBM's ``DaskLGBMClassifier``, for the conventions.
    """)
)
del _doc, _parameters, _attributes
