"""DaskSoftmaxMLPClassifier: the classifier whose rows are on a cluster."""

from __future__ import annotations

import copy
import inspect
from dataclasses import replace
from functools import partial, wraps

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._classifier import SoftmaxMLPClassifier
from .._columns import dtype_of
from .._docstrings import docstring_like
from .._reading import Reading
from .._threads import effective_n_jobs
from . import _worker
from ._rows import spread
from ._table import ClusterTable, distributed_library

_SAMPLE = 20_000_000  # values of the table that come to the client for an encoder to be learnt


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
            table = ClusterTable(client, X, y, sample_weight)
            return super().fit(
                table,
                table.y,
                table.sample_weight,
                X_val=X_val,
                y_val=y_val,
                sample_weight_val=sample_weight_val,
                groups=groups,
            )

    def _read_rows(self, call, X, targets, weights, settings):
        """Learn the table from a sample of its rows, and have the workers encode theirs."""
        rows = np.arange(1) if call.previous is not None else self._sample(X)
        sample = X.take(rows)
        sampled = None if weights.samples is None else weights.samples[rows]
        reader, seen = self._reader(
            call, sample, replace(targets, codes=targets.codes[rows]), sampled, settings
        )
        first = reader.compact(self, X.take(np.array([0]))).inputs()
        face = SoftmaxMLPClassifier()
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(face, name, getattr(self, name))
        shared = spread(
            X,
            _worker.Preparation(face, reader, targets.outputs, settings.label_smoothing),
            n_features=first.n_features,
            by_blocks=settings.full_batch,
            factors=weights.factors,
            out_of_fold=(rows, seen.statistics) if seen and seen.statistics else None,
            n_threads=None if settings.n_jobs is None else effective_n_jobs(settings.n_jobs),
        )
        return Reading(reader, shared), settings

    def _sample(self, X):
        """Numbers of the rows that an encoder is learnt from: all, or as many as may come here."""
        learns = self.encoder == "auto" if isinstance(self.encoder, str) else True
        if not learns or hasattr(self.encoder, "n_features_in_"):
            return np.arange(min(len(X), 100))
        n = max(_SAMPLE // X.shape[1], 1)
        if len(X) <= n:
            return np.arange(len(X))
        return np.sort(np.random.default_rng(0).choice(len(X), n, replace=False, shuffle=False))

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
        if not hasattr(type(X), "to_delayed"):
            return getattr(super(), method)(X)
        check_is_fitted(self)
        import dask

        dtype = np.dtype(np.float32 if dtype_of(X) == np.float32 else np.float64)
        shape: tuple[int, ...] = (len(self.classes_),)
        if method == "predict":
            dtype, shape = self.classes_.dtype, ()
        elif method == "decision_function" and self.n_outputs_ == 1:
            shape = ()
        empty = np.empty((0, *shape), dtype=dtype)
        local = self.to_local()
        if not hasattr(type(X), "map_blocks"):
            # Dask 2026.8 cannot fuse what reads one file with a task that makes the model
            predicted = partial(_worker.predicted, model=local, method=method, empty=empty)
            return X.map_partitions(predicted, meta=empty)
        model = dask.delayed(local)  # one task, however many chunks
        X = X.rechunk({1: -1})
        chunks = (X.chunks[0], *((n,) for n in shape))
        dropped = [] if shape else [1]
        return X.map_blocks(
            _worker.predicted, model, method, empty, chunks=chunks, drop_axis=dropped, meta=empty
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
        distributed = distributed_library()
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


DaskSoftmaxMLPClassifier.__doc__ = docstring_like(
    SoftmaxMLPClassifier.__doc__,
    head="""SoftmaxMLPClassifier for rows that are spread over a Dask cluster.

    Takes Dask Arrays, DataFrames and Series in any partitions, and predicts lazily. Everything else
    is as in :class:`skxent.SoftmaxMLPClassifier`, under the conventions of lightgbm's
    ``DaskLGBMClassifier``. Full-batch solvers come to **the same solution as one process, whatever
    the partitions and workers**; mini-batch solvers train in rounds, which differs from training in
    one process: :ref:`the page on clusters <cluster>` says how, and what a round costs. It needs
    ``skxent[dask]``.
    """,
    parameters="""
    client : dask.distributed.Client or None, default=None
        The cluster; None for the client made last. It is not stored with the estimator.
    """,
    changes={  # there are no races
        ' "auto": a race on\n    rows held out may make it a tenth, or three times, of what the '
        "number of rows suggests.": "",
        ', and with ``solver="auto"`` drops its bins, or\n    what standardised columns repeat, '
        "where rows held out say so": "",
    },
    tail="""See Also
    --------
    skxent.SoftmaxMLPClassifier : For rows in one process.

    References
    ----------
    .. [1] McMahan, B., et al. (2017). "Communication-efficient learning of deep networks from
       decentralized data." AISTATS.
    .. [2] LightGBM's ``DaskLGBMClassifier``, for the conventions.
    """,
)
