"""What both classifiers share: from validated parameters and data to a fitted state, and back out.

A fit works on a copy of the estimator and hands its state over at the very end, so that a fit that
fails, or is interrupted before there is a model, leaves what was fitted before.
"""

from __future__ import annotations

import copy
import inspect
import math
import time
from collections.abc import Callable
from functools import cache, partial
from numbers import Integral, Real
from typing import Any

import joblib
import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from . import _optimizers, _schedules
from ._activations import ACTIVATIONS
from ._auto import Plan, resolve
from ._committee import descend_together, minimize_each
from ._decisions import Decisions
from ._encoding import TableEncoder
from ._frames import checked_numbers, plain_rows
from ._held_out import HeldOut, random_splits, splits_of, told_classes
from ._history import new_history
from ._kernels import Inputs, Kernel
from ._labels import class_factors, row_weights, unique_labels
from ._network import INIT_SCHEMES, Network
from ._objective import Objective
from ._persistence import (
    Versioned,
    pack_history,
    pack_names,
    pack_plain,
    pack_rng,
    unpack_history,
    unpack_names,
    unpack_plain,
    unpack_rng,
)
from ._reporting import closing_line, last_line, warn_of_ending, warn_of_spent_schedule
from ._solvers import FULL_BATCH, MINI_BATCH, SCIPY_METHODS, MiniBatch
from ._stopping import Monitor, Patience, together
from ._summary import Choice, Layer, Summary
from ._threads import effective_n_jobs, one_blas_thread
from .losses import KERNEL_LOSSES

try:  # scikit-learn 1.9 and later
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # pragma: no cover

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""


_AUTO = StrOptions({"auto"})

# logits beyond are set to it: their sums, differences and quotients stay finite in float32
_LARGEST_LOGIT = 1e30

# rows times weights from where on L-BFGS has something to gain from a start in float32
_LARGE = 1 << 20


class BaseMLP(Versioned, ClassifierMixin, CallbackSupportMixin, BaseEstimator):
    """Fitting, prediction and persistence of a committee of one or more networks.

    A subclass says what its targets are: `_read_targets`, `_out_activation` and `predict`.
    """

    # what ties a network to rows, and what goes down along batches: elsewhere for rows elsewhere
    _objective: Any = Objective
    _path: Any = MiniBatch

    _parameter_constraints: dict = {
        "hidden_layer_sizes": [_AUTO, "array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
        "solver": [StrOptions({"auto", *FULL_BATCH, *MINI_BATCH})],
        "alpha": [_AUTO, Interval(Real, 0, None, closed="left")],
        "batch_size": [_AUTO, Interval(Integral, 1, None, closed="left")],
        "learning_rate": [
            StrOptions({"auto", "invscaling", "adaptive", *_schedules.SCHEDULES}),
            callable,
        ],
        "learning_rate_init": [_AUTO, Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [_AUTO, Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": [_AUTO, "boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [_AUTO, Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            _AUTO,
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "loss": [StrOptions({"cross_entropy", "squared_error"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "init": [StrOptions({"auto", *INIT_SCHEMES}), tuple, list],
        "dropout": [_AUTO, Interval(Real, 0, 1, closed="left"), "array-like"],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [_AUTO, Interval(Real, 0, None, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "averaging": [_AUTO, Interval(Real, 0, 1, closed="left")],
        "scoring": [str, callable, None],
        "cv": ["cv_object"],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "encoder": [StrOptions({"auto", "passthrough"}), HasMethods(["fit", "transform"])],
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "n_members": [_AUTO, Interval(Integral, 1, None, closed="left")],
        "calibration": [StrOptions({"auto", "temperature"}), None],
        "n_jobs": [Integral, None],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    def __init__(
        self,
        hidden_layer_sizes="auto",
        activation="relu",
        *,
        solver="auto",
        alpha="auto",
        batch_size="auto",
        learning_rate="auto",
        learning_rate_init="auto",
        power_t=0.5,
        max_iter="auto",
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping="auto",
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2="auto",
        epsilon=1e-8,
        n_iter_no_change="auto",
        max_fun=15000,
        loss="cross_entropy",
        class_weight=None,
        init="auto",
        dropout="auto",
        label_smoothing=0.0,
        weight_decay="auto",
        max_grad_norm=None,
        averaging="auto",
        scoring=None,
        cv=None,
        max_time=None,
        encoder="auto",
        categorical_features="from_dtype",
        n_members="auto",
        calibration="auto",
        n_jobs=None,
        dtype="auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.class_weight = class_weight
        self.init = init
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.averaging = averaging
        self.scoring = scoring
        self.cv = cv
        self.max_time = max_time
        self.encoder = encoder
        self.categorical_features = categorical_features
        self.n_members = n_members
        self.calibration = calibration
        self.n_jobs = n_jobs
        self.dtype = dtype

    @classmethod
    @cache
    def _get_param_names(cls):  # scikit-learn reads the signature twice a fit, 100 µs each time
        return super()._get_param_names()

    # ---------------------------------------------------------------- fitting

    @_fit_context(prefer_skip_nested_validation=True)
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
        """Learn from a table and its labels.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            The table. With ``encoder="passthrough"`` it holds finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative; an integer weight equals that many equal rows.
        X_val : like X, default=None
            Validation rows of your own, encoded as X is; no rows of X are then held out. With
            ``early_stopping=False`` they decide nothing but the temperature.
        y_val : like y, default=None
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
        ValueError
            If data or parameters do not fit each other, or training diverged before it had any
            finite parameters. What was fitted before stays as it was.
        """
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together: give both or none.")
        if groups is not None and self.cv is None:
            raise ValueError(
                "groups are for a splitter, and cv=None splits at random. Set cv to one that heeds "
                "groups, such as GroupKFold()."
            )
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val are the weights of X_val: give that too.")
        validation = None if X_val is None else (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation, groups)

    @available_if(lambda self: self._has_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Go through the given rows once, from where training stands.

        The encoder is learnt on the first call, unless a fitted one is given as `encoder`: give
        that call rows enough to tell scales and levels by. A column that is constant in them stays,
        unscaled.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever come; required in the first call only.

        Returns
        -------
        self : object
            The estimator, one epoch further.

        Raises
        ------
        ValueError
            If `classes` is missing in the first call or differs later, `y` has a class that was
            not declared, or ``early_stopping=True``.
        """
        if self.early_stopping is True:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it holds no rows out. Set "
                "early_stopping=False, or hold rows out yourself and score after each call."
            )
        if not hasattr(self, "classes_") and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def _has_partial_fit(self):
        if self.solver not in ("auto", *MINI_BATCH):
            raise AttributeError(
                "partial_fit is only available for mini-batch solvers "
                f"{('auto', *MINI_BATCH)}; {self.solver!r} works on all rows at once."
            )
        return True

    def _fit(
        self,
        X,
        y,
        sample_weight,
        validation=None,
        groups=None,
        *,
        incremental=False,
        classes=None,
    ):
        start = time.perf_counter()
        context = tell = None
        if getattr(self, "_skl_callbacks", None) or hasattr(self, "_parent_callback_ctx"):
            context = self._init_callback_context(max_subtasks=None)
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
            tell = partial(self._tell_callbacks, context, X, y)
        new = copy.copy(self)
        with one_blas_thread():
            new._learn(X, y, sample_weight, validation, groups, classes, incremental, tell, start)
        self.__dict__ = vars(new)  # at once: Ctrl-C finds the old state or the new one
        if context is not None:
            context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _learn(self, X, y, sample_weight, validation, groups, classes, incremental, tell, start):
        """Walk through fit; what this sets on a copy of the estimator is the fitted state."""
        warm = (incremental or self.warm_start) and hasattr(self, "_params")
        if y is not None:
            check_consistent_length(X, y)
        targets, codes = self._read_targets(X, y, warm, incremental, classes)
        if warm:
            self._check_goes_on()
        plan = self._resolve(len(codes), validation, incremental, warm)
        sample_weight, factors = self._weights(sample_weight, codes)
        weights = row_weights(sample_weight, factors, codes)
        inputs, dtype = self._read_table(X, codes, sample_weight, plan, reset=not warm)
        network = self._network(plan, inputs.n_features)
        truth, targets = targets, self._kernel_targets(targets, dtype)

        rng = copy.deepcopy(self._rng) if warm else check_random_state(self.random_state)
        splits = self._splits(plan, X, codes, groups, validation, warm, rng)
        n_jobs = self._n_threads(inputs)
        objectives = [
            self._objective(
                network,
                self._kernel_loss,
                plan.alpha,
                inputs,
                targets,
                weights,
                rows,
                dtype=dtype,
                # two classes have two equal squared residuals, one output has one
                loss_scale=2.0 if self._is_binary_softmax and self.loss != "cross_entropy" else 1.0,
                dropout=self._per_layer(plan.dropout, "dropout", network),
                clip=self.max_grad_norm or 0.0,
                n_threads=n_jobs if len(splits) == 1 else 1,
            )
            for rows, _ in splits
        ]
        held_out = self._held_out(objectives, splits, validation, X, y, truth, weights, factors)
        if warm:
            starts = list(self._params)
        else:
            starts = [self._start(plan, network, rng, dtype) for _ in splits]
        self._network_shape = [list(network.sizes), list(network.activations)]
        self.auto_ = {"solver": plan.solver} | {k: plan.settings[k] for k in plan.reasons}
        self._reasons = dict(plan.reasons)
        self.n_layers_ = len(network.sizes)

        past = copy.deepcopy(self.history_) if warm else new_history()
        decides = "score" if self.scoring is not None else "validation_loss"
        if held_out is None or not plan.early_stopping:
            decides = "loss"
        # SciPy's methods know their minimum; patience is for held-out rows and plain descent
        by_gradient = decides == "loss" and plan.solver in SCIPY_METHODS
        limit = math.inf if by_gradient else plan.n_iter_no_change
        # the same rows judge what was and what comes
        judges = None if held_out is None or not self.warm_start else joblib.hash(splits)
        same_judges = validation is not None or judges == self._judges if warm else False
        self._judges = judges

        monitors: list[Monitor] = []

        def monitor(member=None):
            # members that wait for each other share the time
            turns = -(-len(splits) // n_jobs)
            share = 1.0 if member is None else (member // n_jobs + 1) / turns
            watch = Monitor(
                Patience(self.tol, limit, *self._patience_so_far(incremental)),
                held_out
                and partial(held_out.validate, members=None if member is None else [member]),
                decides,
                report=self._report(tell, member, monitors),
                max_time=share * ((self.max_time or math.inf) - (time.perf_counter() - start)),
                epochs_before=len(past["epoch"]),
                seconds_before=max(past["seconds"][-1:], default=0.0),
            )
            if same_judges and decides != "loss":
                kept = self._params if member is None else self._params[member]
                watch.begin_with(kept, self.best_epoch_)
            return watch

        if plan.solver in FULL_BATCH:
            monitors.extend(monitor(m) for m in range(len(splits)))
            self._params, members = minimize_each(
                objectives,
                starts,
                monitors,
                plan.solver,
                learning_rate=plan.learning_rate_init,
                max_iter=plan.max_iter,
                max_fun=self.max_fun,
                tol=self.tol,
                single_first=isinstance(self.dtype, str)
                and self.dtype == "auto"
                and len(codes) * network.n_params > _LARGE,
                n_jobs=n_jobs,
            )
            self._states = None
            watch, worst = together([monitors[m] for m in members])
        else:
            watch = worst = monitor()
            members = list(range(len(splits)))
            paths = self._paths(plan, objectives, starts, rng, warm, incremental)
            self._params, self._rate = descend_together(
                paths,
                watch,
                *self._rates(plan, paths[0], warm, incremental),
                adaptive=plan.learning_rate == "adaptive",
                rate_of_epoch=self._inverse_scaling(plan, objectives[0].n_rows, warm),
                n_jobs=n_jobs,
            )
            keep = (incremental or self.warm_start) and not (
                watch.ending == "diverged" or watch.lost
            )
            self._states = [path.state(watch.keeps_best) for path in paths] if keep else None
        self._take(watch, plan, past, warm)
        self._rng = rng
        if held_out is not None and plan.calibration is not None:
            self.temperature_ = held_out.temperature(self._params, members)
        elif not (incremental and warm and self.calibration is not None):
            self.temperature_ = 1.0  # partial_fit holds nothing out: it keeps what fit has learnt
        # a schedule that ends with max_iter is meant to
        scheduled = plan.solver in MINI_BATCH and _schedule(plan) is not _schedules.constant
        runs_out = self.solver != "auto" and not scheduled and not incremental
        warn_of_ending(worst, plan, self.tol, self.max_fun, runs_out)
        if self.verbose > 1 and not incremental:
            print(closing_line(watch, self.temperature_))

    # ---- reading what was given

    def _read_codes(self, y, warm, incremental, classes):
        """Class numbers of 1-D labels; declares the classes unless training goes on."""
        found, codes = unique_labels(y)
        if not warm:
            declared = found if classes is None or not incremental else np.unique(classes)
            self._set_classes(declared)
        else:
            self._check_declared(classes)
        if self.warm_start and not incremental and not np.array_equal(found, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {found}"
            )
        if found is not self.classes_:
            if not np.isin(found, self.classes_).all():
                raise ValueError(
                    f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                    f"'y' has {found}."
                )
            codes = np.searchsorted(self.classes_, found).astype(codes.dtype)[codes]
        return codes, codes

    def _check_declared(self, classes):
        """Raise if the classes given to a later call of partial_fit are others."""
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{self.classes_!r}"
            )

    def _kernel_targets(self, targets, dtype):
        """Targets as the kernel reads them, smoothed where that is asked for."""
        if self.label_smoothing:
            targets = self._decisions.smooth(targets, self.label_smoothing)
        return np.ascontiguousarray(targets, dtype=dtype) if targets.ndim == 2 else targets

    def _check_goes_on(self):
        """Raise an error if a setting that the parameters to go on from depend on was changed."""
        hidden = self.hidden_layer_sizes
        was_passthrough = self._encoder_state is None
        kept_and_given = {
            "hidden_layer_sizes": (
                self._network_shape[0][1:-1],
                hidden if isinstance(hidden, str) else np.atleast_1d(hidden).tolist(),
            ),
            "n_members": (len(self._params), self.n_members),
            "dtype": (self._params.dtype.name, self.dtype),
            "encoder": (
                "passthrough" if was_passthrough else "the fitted TableEncoder",
                "auto" if self._passes_through == was_passthrough else self.encoder,
            ),
        }
        for name, (kept, given) in kept_and_given.items():
            if not (isinstance(given, str) and given == "auto") and given != kept:
                raise ValueError(
                    f"Training goes on with {name}={kept!r}, but {name}={given!r} is set. Set it "
                    "back, or start afresh by fit with warm_start=False."
                )

    def _resolve(self, n_rows, validation, incremental, warm) -> Plan:
        calibrated = self.calibration == "temperature" and not incremental
        asked = validation is not None or self.cv is not None or calibrated
        plan = resolve(self.get_params(deep=False), n_rows, incremental, asked)
        if calibrated and validation is None and not plan.early_stopping:
            raise ValueError(
                "calibration='temperature' needs rows that are not trained on: set "
                "early_stopping=True, give X_val and y_val, or set calibration='auto'."
            )
        if warm:  # the shape of the network and its committee stay
            kept: dict[str, Any] = {"n_members": len(self._params)}
            if isinstance(self.hidden_layer_sizes, str):
                kept["hidden_layer_sizes"] = tuple(self._network_shape[0][1:-1])
            for name, value in kept.items():
                if plan.settings[name] != value and name in plan.reasons:
                    plan.reasons[name] = "as it was, since training goes on"
            plan.settings.update(kept)
        if incremental:
            plan.settings["early_stopping"] = False
            plan.settings["max_iter"] = 1
            if not warm and self.n_members == "auto":
                plan.settings["n_members"] = 1
        return plan

    def _weights(self, sample_weight, codes):
        """Return the sample weights as given, and the factors of the classes; None for 1."""
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, codes, dtype=np.float64, ensure_non_negative=True
            )
        if self.class_weight is None:
            return sample_weight, None
        given = np.ones(len(codes)) if sample_weight is None else sample_weight
        return sample_weight, class_factors(self.class_weight, self.classes_, codes, given)

    def _read_table(self, X, codes, weights, plan, reset) -> tuple[Inputs, Any]:
        """Return the rows as the kernel reads them, and the dtype of the arithmetic."""
        statistics = self._learn_table(X, codes, weights, plan) if reset else None
        return self._encode(X, statistics), np.dtype(self._dtype)

    @property
    def _passes_through(self) -> bool:
        """Whether the network is to get rows as they are given."""
        return isinstance(self.encoder, str) and self.encoder == "passthrough"

    def _learn_table(self, X, codes, weights, plan):
        """Learn names, dtype and encoder; return the encoder's out-of-fold statistics of y."""
        self._dtype = self.dtype
        auto = isinstance(self.encoder, str) and not self._passes_through
        if not auto and not isinstance(self.categorical_features, str | None):
            raise ValueError(
                f"categorical_features={self.categorical_features!r} is for encoder='auto'; got "
                f"encoder={self.encoder!r}. Give it to that TableEncoder, or leave one of them out."
            )
        if self._passes_through:
            self._encoder_state = None
            X = checked_numbers(self, X, reset=True)
            if self.dtype == "auto":
                self._dtype = X.dtype.name
            return None
        if self.dtype == "auto":
            batches = self.solver == "auto" and plan.solver not in FULL_BATCH
            single = batches or getattr(X, "dtype", None) == np.float32
            self._dtype = "float32" if single else "float64"
        encoder, statistics = self.encoder, None
        if isinstance(encoder, str):
            encoder = TableEncoder(self.categorical_features, dtype=self._dtype)
        elif not isinstance(encoder, TableEncoder):
            raise ValueError(
                f"encoder must be 'auto', 'passthrough' or a TableEncoder, got {encoder!r}."
            )
        if not hasattr(encoder, "n_features_in_"):
            encoder = copy.copy(encoder)
            several = self.out_activation_ == "logistic" and self.n_outputs_ > 1
            y = None if several else codes
            statistics = encoder._learn(X, y, weights, keep_constants=plan.incremental)
        self.__dict__.pop("feature_names_in_", None)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(encoder, name):
                setattr(self, name, getattr(encoder, name))
        self._encoder_state = encoder._state()
        return statistics

    def _encode(self, X, statistics=None) -> Inputs:
        """Rows of a table, as the kernel reads them."""
        return self._inputs_of(self._compact(X, statistics))

    def _compact(self, X, statistics=None):
        """Rows of a table, through the fitted encoder or as they are."""
        if self._encoder_state is not None:
            return self.encoder_._compact(X, self, statistics)
        plain = plain_rows(self, X)
        if plain is not None:
            return plain
        X = checked_numbers(self, X)
        values = X.data if sp.issparse(X) else X
        if values.size and np.isnan(values.min()):  # not isnan(values): that takes memory
            raise ValueError(
                "Input X contains NaN, which no network can compute with, and "
                "encoder='passthrough' hands X on as it is. Leave encoder='auto', which learns "
                "what gaps mean, or impute them first."
            )
        return X

    def _inputs_of(self, compact) -> Inputs:
        if isinstance(compact, tuple):
            dense, positions = compact
            state = self._encoder_state
            return Inputs.table(dense, positions, state["_kinds"], state["_widths"])
        if sp.issparse(compact):
            return Inputs.sparse(compact.indptr, compact.indices, compact.data, compact.shape[1])
        return Inputs.dense(compact)

    def _n_threads(self, inputs) -> int:
        return effective_n_jobs(self.n_jobs)

    def _network(self, plan, n_features) -> Network:
        hidden = plan.hidden_layer_sizes
        hidden = [hidden] if isinstance(hidden, Integral) else list(hidden)
        if any(not isinstance(size, Integral) or size <= 0 for size in hidden):
            raise ValueError(f"hidden_layer_sizes must be integers > 0, got {hidden}.")
        names = self.activation
        names = [names] * len(hidden) if isinstance(names, str) else list(names)
        unknown = sorted({str(name) for name in names} - set(ACTIVATIONS))
        if unknown or len(names) != len(hidden):
            raise ValueError(
                f"activation must be one name, or one for each of the {len(hidden)} hidden layers, "
                f"of {sorted(ACTIVATIONS)}; got {self.activation!r}."
            )
        sizes = (n_features, *(int(size) for size in hidden), self.n_outputs_)
        return Network(sizes, tuple(names))

    def _per_layer(self, value, name, network):
        n_hidden = len(network.activations)
        values = [value] * n_hidden if isinstance(value, Real) else list(value)
        if len(values) != n_hidden or not all(isinstance(v, Real) and 0 <= v < 1 for v in values):
            raise ValueError(
                f"{name} must be one number, or one for each of the {n_hidden} hidden layers, from "
                f"0 to below 1; got {value!r}."
            )
        return values

    def _start(self, plan, network, rng, dtype):
        if isinstance(plan.init, str):
            return network.initialize(plan.init, rng, dtype)
        try:
            coefs, intercepts = plan.init
        except ValueError:
            raise ValueError(
                "init must be the name of a scheme, or a pair (coefs, intercepts) with one array "
                f"for each layer; got {len(plan.init)} items."
            ) from None
        return network.pack(coefs, intercepts, dtype)

    # ---- what is held out

    def _splits(self, plan, X, codes, groups, validation, warm, rng):
        """(training rows, held-out rows) of every member; None stands for all, or for no rows."""
        n_members = int(plan.n_members)
        self._split_rng = self._split_rng if warm else None
        if not plan.early_stopping or validation is not None:
            return [(None, None)] * n_members
        if self.cv is not None:
            every = splits_of(self.cv, X, codes, groups)
            if n_members == 1:  # of splits in the order of time the last has the longest past
                return every[-1:]
            if self.n_members == "auto":
                return every
            return [every[i % len(every)] for i in range(n_members)]
        if self._split_rng is None:
            self._split_rng = copy.deepcopy(rng)
        else:  # rows of the same table that were trained on must not judge now
            rng = copy.deepcopy(self._split_rng)
        return random_splits(codes, n_members, self.validation_fraction, rng)

    def _held_out(self, objectives, splits, validation, X, y, targets, weights, factors):
        """Return what judges the members while they train; None if no rows are held out."""
        scorer = None if self.scoring is None else self._scorer()
        if validation is None and splits[0][1] is None:
            return None
        own, parts = None, [rows for _, rows in splits]
        if validation is not None:
            X, y, sample_weight = validation
            check_consistent_length(X, y)
            targets, codes = self._read_targets(X, y, True, True, None)
            sample_weight, _ = self._weights(sample_weight, codes)
            weights = row_weights(sample_weight, factors, codes)
            own, parts = self._encode(X), [np.arange(len(codes))]
        elif weights is not None and not any(weights[rows].sum() > 0 for rows in parts):
            raise ValueError(
                "The rows held out have no weight, so nothing can be judged by them. Give X_val "
                "and y_val or cv with rows of positive weight, or set early_stopping=False."
            )
        held_out = HeldOut(objectives, splits, self._decisions, targets, weights, own)
        if scorer is not None:
            one_of_several = self.n_outputs_ == 1 or self._decisions.softmax
            if isinstance(self.scoring, str) and one_of_several and targets.dtype.kind == "f":
                raise ValueError(
                    f"scoring={self.scoring!r} judges labels, but the rows to judge by have "
                    "probabilities. Set scoring=None (the log loss), give a callable, or give "
                    "X_val and y_val with labels."
                )
            held_out.score = self._scores(scorer, X, y, parts, weights, whole=own is not None)
        return held_out

    def _scorer(self):
        from sklearn.metrics import check_scoring  # costs time at import, and few need it

        scorer = check_scoring(self, scoring=self.scoring)
        single = self.n_outputs_ == 1 or self.out_activation_ == "softmax"
        return told_classes(scorer, self.classes_) if single else scorer

    def _scores(self, scorer, X, y, parts, weights, whole):
        """Return the function that scores members on their `parts` of the rows, or as a whole."""
        weighted = "sample_weight" in inspect.signature(scorer).parameters and weights is not None
        tables = [(_safe_indexing(X, rows), _safe_indexing(y, rows)) for rows in parts]

        def one(params, m):
            judged = copy.copy(self)
            judged._params, judged.temperature_ = params, 1.0
            given = {"sample_weight": weights[parts[m]]} if weighted else {}
            return float(scorer(judged, *tables[m], **given))

        def score(stack, members):
            if whole:
                return one(stack, 0)
            pairs = zip(stack, members, strict=True)
            scores = [one(params[None], m) for params, m in pairs if len(parts[m])]
            return float(np.mean(scores)) if scores else math.nan  # more members than rows

        return score

    # ---- training

    def _patience_so_far(self, incremental):
        return getattr(self, "_patience", ()) if incremental else ()

    def _paths(self, plan, objectives, starts, rng, warm, incremental):
        """Every member's way down, taken up where it was left if its state was kept."""
        if plan.solver == "sgd":
            optimizer = _optimizers.sgd(self.momentum, self.nesterovs_momentum)
        else:
            optimizer = _optimizers.adam(self.beta_1, plan.beta_2, self.epsilon)
        states = (warm and self._states) or [{}] * len(starts)
        paths = []
        for objective, start, state in zip(objectives, starts, states, strict=True):
            state = {"params": start, "generator": None} | copy.deepcopy(state)
            if len(state.get("slots", ())) != optimizer.n_slots:  # another rule: it begins anew
                state |= {"slots": [], "step": 0}
            if state["generator"] is None:
                state["generator"] = np.random.Generator(np.random.SFC64(rng.randint(2**31)))
            path = self._path(
                objective,
                optimizer=optimizer,
                batch_size=min(plan.batch_size, objective.n_rows),
                shuffle=self.shuffle,
                weight_decay=plan.weight_decay if plan.solver == "adamw" else 0.0,
                average_decay=plan.averaging,
                # every fit runs through its schedule; calls of partial_fit share one
                first_step=0 if incremental else state.get("step", 0),
                **state,
            )
            paths.append(path)
        return paths

    def _rates(self, plan, path, warm, incremental):
        """Rate, schedule, epochs of this call, and steps of the whole run."""
        rate, schedule = plan.learning_rate_init, _schedule(plan)
        if plan.learning_rate == "adaptive" and warm:
            rate = getattr(self, "_rate", rate)
        run = self.max_iter if incremental and self.max_iter != "auto" else plan.max_iter
        n_steps = run * path.steps_per_epoch
        if incremental and schedule is not _schedules.constant and path.step >= n_steps:
            warn_of_spent_schedule(plan.learning_rate, run)
        return rate, schedule, plan.max_iter, n_steps

    def _inverse_scaling(self, plan, n_rows, warm):
        """Return the rate of an epoch under "invscaling": init / (rows seen + 1)^power_t."""
        if plan.learning_rate != "invscaling":
            return None
        seen = self.t_ if warm else 0
        # a large power_t leads to 0, where the power itself would overflow
        return lambda epoch: plan.learning_rate_init * (seen + epoch * n_rows + 1) ** -self.power_t

    def _take(self, watch, plan, past, warm):
        """Turn the end of a run into fitted attributes."""
        if watch.ending == "interrupted" and watch.n_epochs == 0:
            raise KeyboardInterrupt
        with np.errstate(over="ignore", invalid="ignore"):
            limit = np.finfo(self._params.dtype).max / 1e8
            overflows = not self._fitted_network.stays_below(limit, self._params, 3.0)
        if overflows or watch.ending == "diverged" and not watch.n_epochs:
            raise ValueError(
                "Training diverged in its first epoch: the loss or the outputs are not finite, so "
                "there are no parameters to keep. Scale the features (encoder='auto' does), or "
                f"lower learning_rate_init (now {plan.learning_rate_init})."
            )
        for column, values in watch.history.items():
            past[column].extend(values[: watch.n_epochs])  # Ctrl-C may leave half a row
        self.history_ = past
        self.n_iter_ = watch.n_epochs
        self.t_ = (self.t_ if warm else 0) + watch.n_rows
        losses = self.history_["loss"]
        self.loss_ = losses[-1]
        self.best_loss_ = min(losses) if watch.decides == "loss" else None
        self.best_epoch_ = watch.best_epoch if watch.keeps_best else len(losses)
        scores = self.validation_scores_
        judged = scores and watch.decides != "loss"
        self.best_validation_score_ = scores[self.best_epoch_ - 1] if judged else None
        self._patience = [watch.patience.best, watch.patience.stale]

    def _tell_callbacks(self, context, X, y, reconstruction):
        """Tell scikit-learn's callbacks of an epoch; return whether one of them wants to stop."""
        task = context.subcontext(task_name="epoch")
        task.call_on_fit_task_begin(estimator=self, X=X, y=y)
        return task.call_on_fit_task_end(
            estimator=self, X=X, y=y, reconstruction_attributes=reconstruction
        )

    def _report(self, tell, member, monitors) -> Callable | None:
        """Who watches training: the printed lines, and scikit-learn's callbacks.

        Callbacks are told of one run of epochs: of members that train by themselves, of the first,
        and where they stop that they stop all.
        """
        verbose = int(self.verbose)
        if not verbose and tell is None:
            return None

        def report(history, params):
            if verbose:
                number = member + 1 if len(monitors) > 1 else None
                print(last_line(history, verbose > 1, number))
            if member:
                return monitors[0].ending == "callback"
            if tell is None:
                return False
            return tell(lambda: self._reconstruction(np.atleast_2d(params).copy(), history))

        return report

    def _reconstruction(self, params, history):
        state = {k: v for k, v in self.__dict__.items() if k not in self.get_params(deep=False)}
        state.pop("_skl_callbacks", None)
        return state | {
            "_params": params,
            "temperature_": 1.0,
            "history_": history,
            "n_iter_": len(history["epoch"]),
        }

    # ---------------------------------------------------------------- outputs

    @property
    def _decisions(self):
        return Decisions(self.n_outputs_, self.out_activation_ == "softmax")

    @property
    def _kernel_loss(self):
        return KERNEL_LOSSES[self.loss, self.out_activation_]

    @property
    def _is_binary_softmax(self):
        return self.out_activation_ == "logistic"

    # ---------------------------------------------------------------- prediction

    def _raw_logits(self, X):
        """Logits of shape (n, n_outputs), averaged over members, at temperature 1."""
        if "_params" not in vars(self):  # the check itself takes as long as a small network
            check_is_fitted(self)
        inputs = self._encode(X)
        params = self._params
        sizes, activations = self._network_shape
        n = inputs.n_rows
        work = n * params.shape[1]
        threads = effective_n_jobs(self.n_jobs) if work > 1 << 24 else 1
        kernel = Kernel(
            tuple(sizes),
            tuple(activations),
            self._kernel_loss,
            params.dtype,
            n_threads=threads,
        )
        out = np.empty((n, sizes[-1]), dtype=params.dtype)
        # a DataFrame would look for a column of that name
        single = hasattr(type(X), "dtype") and X.dtype == np.float32
        dtype = np.float32 if single else np.float64
        kernel.logits(params[0], inputs, None, out)
        _bound(out)
        if len(params) == 1:
            return out.astype(dtype, copy=False)
        total = out.astype(dtype)
        for vector in params[1:]:
            kernel.logits(vector, inputs, None, out)
            _bound(out)
            total += out
        return total / len(params)

    def _logits(self, X):
        z = self._raw_logits(X)
        return z if self.temperature_ == 1.0 else z / z.dtype.type(self.temperature_)

    # ---------------------------------------------------------------- fitted attributes, derived

    def _fitted(self, name):
        if "_params" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} is not fitted yet: no {name}.")

    @property
    def _fitted_network(self) -> Network:
        sizes, activations = self._network_shape
        return Network(tuple(sizes), tuple(activations))

    @property
    def coefs_(self):
        """Weight matrix of every layer; with several members one more axis in front."""
        self._fitted("coefs_")
        return self._fitted_network.views(self._plain_params)[0]

    @property
    def intercepts_(self):
        """Bias vector of every layer; with several members one more axis in front."""
        self._fitted("intercepts_")
        return self._fitted_network.views(self._plain_params)[1]

    @property
    def _plain_params(self):
        return self._params[0] if len(self._params) == 1 else self._params

    @property
    def loss_curve_(self):
        """Training loss of every epoch."""
        self._fitted("loss_curve_")
        return self.history_["loss"]

    @property
    def validation_scores_(self):
        """Score of every epoch on held-out rows: of `scoring`, else the negative log loss."""
        if "history_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} is not fitted yet.")
        scores, losses = self.history_["score"], self.history_["validation_loss"]
        if all(math.isnan(loss) for loss in losses):
            return None
        return [-v for v in losses] if all(map(math.isnan, scores)) else scores

    @property
    def encoder_(self):
        """The fitted TableEncoder; None with ``encoder="passthrough"``."""
        self._fitted_encoder()
        if self._encoder_state is None:
            return None
        return TableEncoder._from_state(self._encoder_state)

    def _fitted_encoder(self):
        if "_encoder_state" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} is not fitted yet: no encoder_.")

    def summary(self) -> str:
        """Tell what was fitted, and what every "auto" was resolved to and why.

        Returns
        -------
        text : str
            A few lines to print.
        """
        check_is_fitted(self, "_params")
        return self._summary.text()

    @property
    def _summary(self) -> Summary:
        network = self._fitted_network
        activations = (*network.activations, self.out_activation_)
        return Summary(
            name=type(self).__name__,
            n_members=len(self._params),
            layers=tuple(
                Layer(*shape, activation)
                for shape, activation in zip(network.shapes, activations, strict=True)
            ),
            temperature=self.temperature_,
            choices=tuple(
                Choice(name, value, self._reasons.get(name, "as given"))
                for name, value in self.auto_.items()
            ),
        )

    def _get_params_html(self, *args, **kwargs):
        """Table of the parameters in a notebook; once fitted, followed by what they led to.

        scikit-learn asks for it (1.7 to 1.9) wherever it draws the estimator, be it alone or as a
        step of a pipeline.
        """
        tables = super()._get_params_html(*args, **kwargs)
        if self.__sklearn_is_fitted__():
            parameters = tables._html_repr
            tables._html_repr = lambda: parameters() + self._summary.html()
        return tables

    # ---------------------------------------------------------------- saving

    @staticmethod
    def _pack(state):
        """Return the state as it is saved; that of the encoder is packed as its own would be."""
        if "_params" not in state:
            return state
        state = pack_names(state) | {
            "history_": pack_history(state["history_"]),
            "_rng": pack_rng(state["_rng"]),
            "_split_rng": pack_rng(state["_split_rng"]),
        }
        if state["_encoder_state"] is not None:
            state["_encoder_state"] = pack_plain(TableEncoder._pack(state["_encoder_state"]))
        return state

    @staticmethod
    def _unpack(state):
        if "_params" not in state:
            return state
        state = unpack_names(state) | {
            "history_": unpack_history(state["history_"]),
            "_rng": unpack_rng(state["_rng"]),
            "_split_rng": unpack_rng(state["_split_rng"]),
        }
        if state["_encoder_state"] is not None:
            state["_encoder_state"] = TableEncoder._unpack(unpack_plain(state["_encoder_state"]))
        return state

    def __sklearn_is_fitted__(self):
        return "_params" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = not self._passes_through
        tags.input_tags.categorical = not self._passes_through
        tags.input_tags.string = not self._passes_through
        return tags


def _schedule(plan):
    """Return the multiplier of the learning rate; what follows no fraction of the run has 1."""
    if isinstance(plan.learning_rate, str):
        return _schedules.SCHEDULES.get(plan.learning_rate, _schedules.constant)
    return plan.learning_rate


def _bound(logits):
    """Put infinite logits within bounds, in place; ValueError where there are none.

    Only rows far from those of training, not encoded, lead so far.
    """
    if np.vdot(logits, logits) < _LARGEST_LOGIT:  # the usual case, at the least cost
        return
    if np.isnan(logits).any():
        row = np.flatnonzero(np.isnan(logits).any(axis=1))[0]
        raise ValueError(
            f"The network's outputs for row {row} are not finite: its numbers are too large for "
            "these weights. Scale the features as in training (encoder='auto' bounds them)."
        )
    np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT, out=logits)
