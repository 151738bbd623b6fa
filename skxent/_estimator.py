"""What both classifiers share: from validated parameters and data to a fitted state, and back out.

A fit works on a copy of the estimator and hands its state over at the very end, so that a fit that
fails, or is interrupted before there is a model, leaves what was fitted before.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    assert_all_finite,
    check_is_fitted,
    validate_data,
)

from . import _optimizers, _schedules
from ._activations import ACTIVATIONS
from ._auto import Plan, resolve
from ._committee import (
    descend_together,
    fit_temperature,
    pooled_log_proba,
    stratified_folds,
    stratified_holdout,
)
from ._encoding import TableEncoder
from ._history import last_line, new_history
from ._kernels import Inputs, Kernel
from ._network import INIT_SCHEMES, Network
from ._objective import Objective
from ._solvers import FULL_BATCH, MINI_BATCH, MiniBatch, gradient_descent, minimize_scipy
from ._stopping import Monitor, Patience
from ._threads import effective_n_jobs
from .losses import KERNEL_LOSSES

try:  # scikit-learn 1.9 and later
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # pragma: no cover

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""


_AUTO = StrOptions({"auto"})


class BaseMLP(ClassifierMixin, CallbackSupportMixin, BaseEstimator):
    """Fitting, prediction and persistence of a committee of one or more networks.

    A subclass says what its targets are: `_read_targets`, `_out_activation` and `predict`.
    """

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
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
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
            Validation rows of your own, encoded as X is; no rows of X are then held out.
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
        validation = None if X_val is None else (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation, groups)

    @available_if(lambda self: self._has_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Go through the given rows once, from where training stands.

        The encoder is learnt on the first call, unless a fitted one is given as `encoder`.

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
        context = None
        if hasattr(self, "_init_callback_context") and getattr(self, "_skl_callbacks", None):
            context = self._init_callback_context(max_subtasks=None)
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        new = copy.copy(self)
        warm = (incremental or self.warm_start) and hasattr(self, "_params")
        new._learn(
            X, y, sample_weight, validation, groups, classes, warm, incremental, context, start
        )
        self.__dict__.update(new.__dict__)
        if context is not None:
            context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _learn(
        self,
        X,
        y,
        sample_weight,
        validation,
        groups,
        classes,
        warm,
        incremental,
        context,
        start,
    ):
        """The walk of fit; everything it sets on this copy becomes the fitted state."""
        targets, codes = self._read_targets(X, y, warm, incremental, classes)
        n_rows = len(codes)
        # without a fitted past, the width of the table is a first guess for the plan
        plan = self._resolve(n_rows, incremental, warm)
        raw, (row_weights, weights) = X, self._weights(sample_weight, codes)
        inputs, dtype = self._read_table(X, codes, row_weights, plan, reset=not warm)
        network = self._network(plan, inputs.n_features)
        rng = self._rng if warm else check_random_state(self.random_state)

        splits = self._splits(plan, raw, codes, groups, validation, incremental, rng)
        if self.label_smoothing:
            targets = self._smooth(self._target_matrix(targets), self.label_smoothing)
        if targets.ndim == 2:
            targets = np.ascontiguousarray(targets, dtype=dtype)
        settings = dict(
            dtype=dtype,
            loss_scale=2.0 if self._is_binary_softmax and self.loss == "squared_error" else 1.0,
            dropout=self._per_layer(plan.dropout, "dropout", network),
            clip=self.max_grad_norm or 0.0,
        )
        n_jobs = effective_n_jobs(self.n_jobs)
        objectives = [
            Objective(
                network,
                KERNEL_LOSSES[self.loss, self.out_activation_],
                plan.alpha,
                inputs,
                targets,
                weights,
                rows,
                n_threads=n_jobs if len(splits) == 1 else 1,
                **settings,
            )
            for rows, _ in splits
        ]
        if warm:
            starts = list(self._params)
        else:
            starts = [self._start(plan, network, rng, dtype) for _ in splits]

        if validation is not None:
            held_out = self._read_validation(validation, plan, dtype)
        else:
            held_out = None
        validator = self._validator(objectives, splits, held_out, raw, y, targets, weights)
        history = copy.deepcopy(self.history_) if warm else new_history()
        if not incremental or not hasattr(self, "_patience"):
            patience = Patience(self.tol, plan.n_iter_no_change)
        else:
            patience = Patience(self.tol, plan.n_iter_no_change, *self._patience)

        def monitor(validate, report=True):
            return Monitor(
                copy.copy(patience),
                validate,
                score_decides=self.scoring is not None,
                report=self._report(context, raw, y, plan) if report else None,
                max_time=math.inf
                if self.max_time is None
                else self.max_time - (time.perf_counter() - start),
                history=history,
            )

        self._network_shape = (list(network.sizes), list(network.activations))
        self.n_layers_ = len(network.sizes)
        if plan.solver in FULL_BATCH:
            watch = self._minimise(plan, objectives, starts, validator, monitor)
        else:
            watch = self._descend(
                plan, objectives, starts, validator, monitor, rng, warm, incremental, n_jobs
            )
        self._take(watch, plan, n_rows, incremental, patience, rng)
        self._calibrate(plan, objectives, splits, held_out, targets, weights)
        self._warn(watch, plan, incremental)

    # ---- reading what was given

    def _read_codes(self, y, warm, incremental, classes):
        """Class numbers of 1-D labels; declares the classes unless training goes on."""
        found, codes = _unique_labels(y)
        if not warm:
            declared = found if classes is None or not incremental else np.unique(classes)
            self._set_classes(declared)
        elif incremental and classes is not None:
            if not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                    f"{self.classes_!r}"
                )
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

    def _resolve(self, n_rows, incremental, warm) -> Plan:
        plan = resolve(
            self.get_params(deep=False),
            n_rows,
            getattr(self, "n_features_in_", 1),
            max(len(self.classes_), 2),
            incremental,
        )
        if warm:  # the shape of the network and its committee stay
            plan.settings["n_members"] = len(self._params)
            if plan.hidden_layer_sizes == "auto" or self.hidden_layer_sizes == "auto":
                plan.settings["hidden_layer_sizes"] = tuple(self._network_shape[0][1:-1])
        if incremental:
            plan.settings["early_stopping"] = False
            plan.settings["max_iter"] = 1
            if not warm and self.n_members == "auto":
                plan.settings["n_members"] = 1
        return plan

    def _weights(self, sample_weight, codes):
        """Sample weights, and these times class weights; None where all are 1."""
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, codes, dtype=np.float64)
            if sample_weight.min(initial=0) < 0:
                raise ValueError("Negative values in data passed to `sample_weight`.")
        elif self.class_weight is None:
            return None, None
        w = np.ones(len(codes)) if sample_weight is None else sample_weight
        if self.class_weight is not None:
            mass = np.bincount(codes, weights=w, minlength=len(self.classes_))
            if self.class_weight == "balanced":
                present = mass > 0
                factors = np.zeros(len(mass))
                factors[present] = mass.sum() / (present.sum() * mass[present])
            else:
                labels = self.classes_.tolist()
                unknown = [label for label in self.class_weight if label not in labels]
                if unknown:
                    raise ValueError(
                        f"class_weight names {unknown}, which are not among the classes {labels}."
                    )
                factors = np.array([self.class_weight.get(label, 1.0) for label in labels], float)
            w = w * factors[codes]
        if not w.sum() > 0 or not np.isfinite(w.sum()):
            raise ValueError(
                "The sample weights, times the class weights, sum to "
                f"{w.sum()}; at least one row must have a positive weight."
            )
        return sample_weight, w

    def _read_table(self, X, codes, weights, plan, reset) -> tuple[Inputs, Any]:
        """The rows as the kernel reads them, and the dtype of the arithmetic."""
        if isinstance(self.encoder, str) and self.encoder == "passthrough":
            self._encoder_state = None
            X = validate_data(
                self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=reset
            )
            dtype = X.dtype if self.dtype == "auto" else np.dtype(self.dtype)
            return _inputs(X), self._params.dtype if not reset else dtype
        if reset:
            dtype = self.dtype
            if dtype == "auto":
                batches = self.solver == "auto" and plan.solver not in FULL_BATCH
                single = batches or getattr(X, "dtype", None) == np.float32
                dtype = "float32" if single else "float64"
            self._dtype = dtype
            encoder = self.encoder
            if isinstance(encoder, str):
                encoder = TableEncoder(self.categorical_features, dtype=dtype)
            elif not isinstance(encoder, TableEncoder):
                raise ValueError(
                    f"encoder must be 'auto', 'passthrough' or a TableEncoder, got {encoder!r}."
                )
            compact = None
            if not hasattr(encoder, "n_features_in_"):
                encoder = copy.copy(encoder)
                several = self.out_activation_ == "logistic" and self.n_outputs_ > 1
                compact = encoder._fit_compact(X, None if several else codes, weights)
            self.__dict__.pop("feature_names_in_", None)
            for name in ("n_features_in_", "feature_names_in_"):
                if hasattr(encoder, name):
                    setattr(self, name, getattr(encoder, name))
            self._encoder_state = encoder._state()
            if compact is not None:
                return _table_inputs(encoder, compact), np.dtype(dtype)
        return self._encode(X), np.dtype(self._dtype)

    def _encode(self, X) -> Inputs:
        """Rows of a table, through the fitted encoder or as they are."""
        if self._encoder_state is None:
            X = validate_data(
                self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False
            )
            return _inputs(X)
        encoder = self.encoder_
        return _table_inputs(encoder, encoder._compact(X, self))

    def _read_validation(self, validation, plan, dtype):
        X, y, weight = validation
        targets, codes = self._read_targets(X, y, True, True, None)
        if weight is not None:
            weight = _check_sample_weight(weight, codes, dtype=np.float64)
        inputs = self._encode(X)
        return X, y, inputs, targets, weight

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
        if len(values) != n_hidden or not all(0 <= v < 1 for v in values):
            raise ValueError(
                f"{name} must be one number, or one for each of the {n_hidden} hidden layers, from "
                f"0 to below 1; got {value!r}."
            )
        return values

    def _start(self, plan, network, rng, dtype):
        if isinstance(plan.init, str):
            return network.initialize(plan.init, rng, dtype)
        coefs, intercepts = plan.init
        return network.pack(coefs, intercepts, dtype)

    # ---- what is held out

    def _splits(self, plan, X, codes, groups, validation, incremental, rng):
        """(training rows, held-out rows) of every member; None stands for all, or for no rows."""
        n_members = int(plan.n_members)
        if incremental or validation is not None:
            return [(None, None)] * n_members
        if self.cv is not None:
            splitter = check_cv(self.cv, codes, classifier=True)
            splits = [
                (np.asarray(train), np.asarray(test))
                for train, test in splitter.split(X, codes, groups)
            ]
            if self.n_members == "auto" or n_members == 1:
                return splits[: len(splits) if plan.n_members > 1 else 1]
            return [splits[i % len(splits)] for i in range(n_members)]
        if not plan.early_stopping:
            return [(None, None)] * n_members
        if n_members == 1:
            held_out = stratified_holdout(codes, self.validation_fraction, rng)
            if held_out.sum() < 2:
                raise ValueError(
                    "The validation set is too small. Increase 'validation_fraction' or the size "
                    "of your dataset."
                )
            return [(np.flatnonzero(~held_out), np.flatnonzero(held_out))]
        folds = stratified_folds(codes, n_members, rng)
        return [(np.flatnonzero(folds != m), np.flatnonzero(folds == m)) for m in range(n_members)]

    def _validator(self, objectives, splits, held_out, X, y, targets, weights):
        """The function (member parameters) -> (validation loss, score); None if nothing is out."""
        if held_out is None and splits[0][1] is None:
            return None
        score = self._scorer(splits, held_out, X, y, weights)
        matrix = self._target_matrix(targets if held_out is None else held_out[3])

        def validate(params, members=None):
            members = range(len(objectives)) if members is None else members
            stack = np.atleast_2d(params)
            log_p, rows = self._held_out_log_proba(objectives, splits, held_out, stack, members)
            w = weights if held_out is None else held_out[4]
            loss = -(matrix[rows] * log_p).sum(axis=1)
            mean = np.average(loss, weights=None if w is None else w[rows])
            # several outputs in one row count with their sum
            return float(mean) * self._rows_per_sample, score(stack, members)

        return validate

    def _held_out_log_proba(self, objectives, splits, held_out, stack, members):
        """Log-probabilities, in softmax form, of the rows that members have not seen."""
        if held_out is not None:
            inputs = held_out[2]
            parts = [objectives[m].logits(p, inputs) for m, p in zip(members, stack, strict=True)]
            z = np.mean([np.asarray(part, dtype=np.float64) for part in parts], axis=0)
            return _log_proba(self._softmax_form(z)), slice(None)
        parts = []
        for m, p in zip(members, stack, strict=True):
            rows = splits[m][1]
            z = objectives[m].logits(p, rows=rows).astype(np.float64)
            parts.append((_log_proba(self._softmax_form(z)), self._softmax_rows(rows)))
        n = objectives[0].inputs.n_rows * self._rows_per_sample
        return pooled_log_proba(parts, n, parts[0][0].shape[1])

    def _scorer(self, splits, held_out, X, y, weights):
        if self.scoring is None:
            return lambda stack, members: math.nan
        scorer = check_scoring(self, scoring=self.scoring)

        def one(params, X, y, w):
            judged = copy.copy(self)
            judged._params, judged.temperature_ = params, 1.0
            return float(scorer(judged, X, y, **({} if w is None else {"sample_weight": w})))

        if held_out is not None:
            X_val, y_val, _, _, w = held_out
            return lambda stack, members: one(stack, X_val, y_val, w)
        parts = [
            (
                _safe_indexing(X, rows),
                _safe_indexing(y, rows),
                None if weights is None else weights[rows],
            )
            for _, rows in splits
        ]
        return lambda stack, members: float(
            np.mean([one(p[None], *parts[m]) for p, m in zip(stack, members, strict=True)])
        )

    # ---- training

    def _minimise(self, plan, objectives, starts, validator, monitor):
        """Full-batch methods: every member by itself, the committee's history is their mean."""
        watches = []
        for m, (objective, start) in enumerate(zip(objectives, starts, strict=True)):
            validate = validator and (lambda params, m=m: validator(params, [m]))
            watch = monitor(validate, report=m == 0)
            if m:
                watch.history = new_history()
            params = start
            try:
                if plan.solver == "gradient_descent":
                    params = gradient_descent(
                        objective, start, watch, plan.learning_rate_init, plan.max_iter
                    )
                else:
                    params = minimize_scipy(
                        objective, start, watch, plan.solver, plan.max_iter, self.max_fun, self.tol
                    )
            except KeyboardInterrupt:
                watch.ending = "interrupted"
            watch.last = params
            watches.append(watch)
            if watch.ending == "interrupted":
                break
        first = watches[0]
        if first.n_epochs == 0 and first.ending != "interrupted":
            # the start is a minimum already: one row says so
            value, gradient = objectives[0].value_and_gradient(first.last)
            from ._stopping import Epoch

            ending = first.ending
            first.observe(first.last, Epoch(value, float(np.linalg.norm(gradient))))
            first.ending = "diverged" if not np.isfinite(value) else ending
        chosen = []
        for watch in watches:
            use_best = watch.best_params is not None and (
                validator or not np.isfinite(watch.last).all() or watch.ending == "interrupted"
                or watch.ending == "diverged"
            )
            chosen.append(watch.best_params if use_best else watch.last)
        first.chosen = np.stack(chosen)
        first.paths = None
        return first

    def _descend(
        self, plan, objectives, starts, validator, monitor, rng, warm, incremental, n_jobs
    ):
        """Mini-batch solvers: all members together, epoch by epoch."""
        if plan.solver == "sgd":
            optimizer = _optimizers.sgd(self.momentum, self.nesterovs_momentum)
        else:
            optimizer = _optimizers.adam(self.beta_1, plan.beta_2, self.epsilon)
        states = getattr(self, "_states", None) if warm else None
        paths = []
        for m, (objective, start) in enumerate(zip(objectives, starts, strict=True)):
            state = {} if states is None else copy.deepcopy(states[m])
            params = state.pop("raw", start).copy()
            generator = state.pop("generator", None)
            if generator is None:
                generator = np.random.Generator(np.random.SFC64(rng.randint(2**31)))
            paths.append(
                MiniBatch(
                    objective,
                    params,
                    optimizer,
                    generator,
                    batch_size=min(plan.batch_size, objective.n_rows),
                    shuffle=self.shuffle,
                    weight_decay=plan.weight_decay if plan.solver == "adamw" else 0.0,
                    average_decay=plan.averaging,
                    **state,
                )
            )
        watch = monitor(validator)
        schedule, adaptive, rate_of_epoch = plan.learning_rate, False, None
        rate = plan.learning_rate_init
        if schedule == "adaptive":
            schedule, adaptive = "constant", True
            rate = getattr(self, "_rate", rate) if warm else rate
        elif schedule == "invscaling":
            schedule, seen = "constant", getattr(self, "t_", 0) if warm else 0
            per_epoch = objectives[0].n_rows

            def rate_of_epoch(epoch):
                return plan.learning_rate_init / (seen + epoch * per_epoch + 1) ** self.power_t

        n_steps = plan.max_iter * paths[0].steps_per_epoch
        if incremental or warm:
            given = self.max_iter if self.max_iter != "auto" else plan.max_iter
            n_steps = max(given, plan.max_iter) * paths[0].steps_per_epoch
        self._rate = descend_together(
            paths,
            watch,
            rate,
            _schedules.SCHEDULES[schedule] if isinstance(schedule, str) else schedule,
            plan.max_iter,
            n_steps,
            adaptive=adaptive,
            rate_of_epoch=rate_of_epoch,
            n_jobs=n_jobs,
        )
        last = np.stack([path.current for path in paths])
        finite = np.isfinite(last).all() and watch.ending != "diverged"
        use_best = watch.best_params is not None and (validator is not None or not finite)
        watch.chosen = watch.best_params if use_best else last
        watch.paths = paths
        return watch

    def _take(self, watch, plan, n_rows, incremental, patience, rng):
        """Turn the end of a run into fitted attributes."""
        if not np.isfinite(watch.chosen).all():
            raise ValueError(
                "Training diverged in its first epoch: the loss is not finite, so there are no "
                "parameters to keep. Scale the features (encoder='auto' does), or lower "
                f"learning_rate_init (now {plan.learning_rate_init})."
            )
        if watch.ending == "interrupted" and watch.n_epochs == 0 and not incremental:
            raise KeyboardInterrupt
        self._params = watch.chosen
        self.history_ = watch.history
        self.n_iter_ = watch.n_epochs
        self.t_ = (self.t_ if incremental and hasattr(self, "t_") else 0) + n_rows * self.n_iter_
        self.loss_ = self.history_["loss"][-1] if self.history_["loss"] else math.nan
        held_out = watch.validate is not None
        self.best_loss_ = None if held_out else min(self.history_["loss"], default=math.nan)
        self.best_epoch_ = watch.best_epoch or len(self.history_["epoch"])
        scores = self.validation_scores_
        finite = [] if scores is None else [s for s in scores if not math.isnan(s)]
        self.best_validation_score_ = max(finite) if finite else None
        self.temperature_ = 1.0
        self.auto_ = {k: _plain(plan.settings[k]) for k in plan.reasons} | {
            "solver": plan.solver
        }
        self._reasons = dict(plan.reasons)
        self._rng = rng
        keep = (incremental or self.warm_start) and watch.paths is not None
        self._states = [path.state() for path in watch.paths] if keep else None
        self._patience = [watch.patience.best, watch.patience.stale]

    def _calibrate(self, plan, objectives, splits, held_out, targets, weights):
        if plan.calibration is None or (held_out is None and splits[0][1] is None):
            return
        members = range(len(self._params))
        log_p, rows = self._held_out_log_proba(objectives, splits, held_out, self._params, members)
        matrix = self._target_matrix(targets if held_out is None else held_out[3])[rows]
        w = weights if held_out is None else held_out[4]
        self.temperature_ = fit_temperature(log_p, matrix, None if w is None else w[rows])

    def _report(self, context, X, y, plan) -> Callable | None:
        """Who watches training: the printed lines, and scikit-learn's callbacks."""
        verbose = int(self.verbose)
        if not verbose and context is None:
            return None

        def report(history, params):
            if verbose:
                print(last_line(history))
            if context is None:
                return False
            task = context.subcontext(task_name="epoch")

            def attributes():
                return self._reconstruction(np.atleast_2d(params).copy(), history)

            task.call_on_fit_task_begin(estimator=self, X=X, y=y)
            return task.call_on_fit_task_end(
                estimator=self, X=X, y=y, reconstruction_attributes=attributes
            )

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

    def _warn(self, watch, plan, incremental):
        if watch.ending == "interrupted":
            warnings.warn(
                f"Training interrupted by user after {watch.n_epochs} epochs; the parameters of "
                "the best epoch are kept.",
                stacklevel=4,
            )
        elif watch.ending == "diverged":
            warnings.warn(
                f"Training diverged in epoch {watch.n_epochs + 1}: the loss is not finite. The "
                f"parameters of epoch {watch.best_epoch} are kept. Lower learning_rate_init (now "
                f"{plan.learning_rate_init}), scale the features, or set max_grad_norm.",
                ConvergenceWarning,
                stacklevel=4,
            )
        elif watch.ending == "max_iter" and not incremental and "max_iter" not in plan.reasons:
            warnings.warn(
                f"The {plan.solver} solver reached max_iter={plan.max_iter} iterations (or "
                f"max_fun={self.max_fun} function calls) before it converged. Raise max_iter, or "
                "tol if this is good enough.",
                ConvergenceWarning,
                stacklevel=4,
            )

    # ---------------------------------------------------------------- targets in softmax form

    @property
    def _is_binary_softmax(self):
        return self.out_activation_ == "logistic" and self.n_outputs_ == 1

    @property
    def _rows_per_sample(self):
        """Independent decisions per row: 1, or the number of sigmoid outputs."""
        return 1 if self.out_activation_ == "softmax" else self.n_outputs_

    def _softmax_form(self, z):
        """Logits of independent binary outputs as rows of two softmax logits each."""
        if self.out_activation_ == "softmax":
            return z
        flat = z.reshape(-1)
        return np.stack([np.zeros_like(flat), flat], axis=1)

    def _softmax_rows(self, rows):
        k = self._rows_per_sample
        return rows if k == 1 else (rows[:, None] * k + np.arange(k)).ravel()

    def _target_matrix(self, targets):
        """Target probabilities, one row per decision."""
        if self.out_activation_ == "softmax":
            if targets.ndim == 2:
                return np.asarray(targets, dtype=np.float64)
            return np.eye(self.n_outputs_)[targets]
        flat = np.asarray(targets, dtype=np.float64).reshape(-1)
        return np.stack([1 - flat, flat], axis=1)

    def _smooth(self, matrix, smoothing):
        """Label smoothing (Szegedy et al., 2016), back in the shape of the network's outputs."""
        k = matrix.shape[1]
        matrix = (1 - smoothing) * matrix + smoothing / k
        if self.out_activation_ == "softmax":
            return matrix
        return matrix[:, 1].reshape(-1, self.n_outputs_)

    # ---------------------------------------------------------------- prediction

    def _raw_logits(self, X):
        """Logits of shape (n, n_outputs), averaged over members, at temperature 1."""
        check_is_fitted(self, "_params")
        inputs = self._encode(X)
        params = self._params
        sizes, activations = self._network_shape
        n = inputs.n_rows
        work = n * params.shape[1]
        threads = effective_n_jobs(self.n_jobs) if work > 1 << 24 else 1
        kernel = Kernel(
            tuple(sizes),
            tuple(activations),
            KERNEL_LOSSES[self.loss, self.out_activation_],
            params.dtype,
            n_threads=threads,
        )
        out = np.empty((n, sizes[-1]), dtype=params.dtype)
        single = getattr(X, "dtype", None) == np.float32
        total = None
        for vector in params:
            kernel.logits(vector, inputs, None, out)
            part = out.astype(np.float32 if single else np.float64)
            total = part if total is None else total + part
        return total / len(params) if len(params) > 1 else total

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
        return [-v if math.isnan(s) else s for s, v in zip(scores, losses, strict=True)]

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
        """What was fitted, and what every "auto" was resolved to and why.

        Returns
        -------
        text : str
            A few lines to print.
        """
        check_is_fitted(self, "_params")
        sizes, activations = self._network_shape
        layers = " -> ".join(map(str, sizes))
        lines = [
            f"{type(self).__name__}: {len(self._params)} member(s), {layers}, "
            f"{self._params.size} parameters, temperature {self.temperature_:.3f}"
        ]
        lines += [
            f"  {name} = {value!r}  ({self._reasons.get(name, 'as given')})"
            for name, value in self.auto_.items()
        ]
        return "\n".join(lines)

    def __sklearn_is_fitted__(self):
        return "_params" in self.__dict__

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        as_given = isinstance(self.encoder, str) and self.encoder == "passthrough"
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = not as_given
        tags.input_tags.categorical = not as_given
        tags.input_tags.string = not as_given
        return tags


def _log_proba(z):
    """Log-softmax over the last axis."""
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def _inputs(X) -> Inputs:
    if sp.issparse(X):
        return Inputs.sparse(X.indptr, X.indices, X.data, X.shape[1])
    return Inputs.dense(X)


def _table_inputs(encoder, compact) -> Inputs:
    if not isinstance(compact, tuple):
        return _inputs(compact)
    dense, positions = compact
    return Inputs.table(dense, positions, encoder._kinds, encoder._widths)


def _plain(value):
    return tuple(value) if isinstance(value, list) else value


def _unique_labels(y):
    """The sorted labels of y and every row's place among them, in little memory where that can be.

    Integers in a narrow range are looked up piece by piece, so that ten million labels need ten
    megabytes; all else is sorted.
    """
    if y.dtype.kind in "iu" and len(y):
        low, high = int(y.min()), int(y.max())
        if high - low < 1 << 16:
            pieces = [slice(i, i + (1 << 20)) for i in range(0, len(y), 1 << 20)]
            present = np.zeros(high - low + 1, dtype=bool)
            for piece in pieces:
                present[y[piece].astype(np.int64) - low] = True
            labels = (np.flatnonzero(present) + low).astype(y.dtype)
            place = np.maximum(np.cumsum(present) - 1, 0).astype(_code_dtype(labels))
            codes = np.empty(len(y), dtype=place.dtype)
            for piece in pieces:
                codes[piece] = place[y[piece].astype(np.int64) - low]
            return labels, codes
    check_classification_targets(y)
    assert_all_finite(y, input_name="y")
    labels, codes = np.unique(y, return_inverse=True)
    return labels, codes.astype(_code_dtype(labels))


def _code_dtype(classes):
    return np.uint8 if len(classes) <= 256 else np.int32
