"""What both classifiers share: parameters, the walk of fit, and the fitted attributes.

A fit works on a copy of the estimator and hands its state over at the very end, so that a fit that
fails, or is interrupted before there is a model, leaves what was fitted before.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ._callbacks import callbacks_of
from ._columns import labels_of, table_of
from ._compat import CallbackSupportMixin, _check_feature_names_in, _fit_context, _num_samples
from ._model import Model, pack_model, unpack_model
from ._outputs import Outputs
from ._parameters import Checked, points_to_ours, warn_of_unused
from ._persistence import Versioned, pack_names, unpack_names
from ._reading import (
    Given,
    Reading,
    at_fault,
    choose,
    read_as_before,
    read_problem,
    with_earlier_penalty,
)
from ._settings import MINI_BATCH, Settings, is_passthrough, resolve
from ._summary import Summary, summarize
from ._table.encoding import Seen
from ._table.reader import Reader, learn_reader
from ._table.summary import SummaryText
from ._targets import Expected, Targets, read_targets
from ._threads import effective_n_jobs
from ._training.blas import products_on_one_thread
from ._training.history import validation_scores
from ._training.problem import LocalRows
from ._training.train import Call, train
from ._weights import Weights, read_weights


class BaseMLP(Versioned, Checked, ClassifierMixin, CallbackSupportMixin, BaseEstimator):
    """Fitting and persistence of a committee of one or more networks.

    A subclass says whether a row has one class (`_exclusive`) or its outputs are independent. All
    that is fitted is one value, `_model`, beside the names and the number of columns.
    """

    _exclusive: ClassVar[bool]
    _model: Model

    # what other classifiers do not have is not asked for unless somebody says so
    __metadata_request__fit: ClassVar = dict.fromkeys(
        ["X_val", "y_val", "sample_weight_val", "groups"], False
    )

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

    @points_to_ours
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
            Weights, not negative. In the encoder and the objective an integer weight equals that
            many equal rows; batches and held-out rows count rows.
        X_val : like X, default=None
            Validation rows of your own, encoded as X is; no rows of X are then held out. With
            ``early_stopping=False`` they decide nothing but the temperature.
        y_val : like y, default=None
            Their targets.
        sample_weight_val : array-like, default=None
            Their weights.
        groups : array-like of shape (n_samples,), default=None
            Groups for a group-aware splitter given as `cv`. Beside `X_val` there is nothing to
            split by them.

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
        previous = self._model.trained if self.warm_start and self._is_fitted else None
        call = Call(previous=previous, validation=validation, groups=groups)
        return self._fit(call, X, y, sample_weight)

    @available_if(lambda self: self._has_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Go through the given rows once, from where training stands.

        The encoder is learnt on the first call, unless a fitted one is given as `encoder`: give
        that call rows enough to tell scales and levels by. A column that is constant in them stays,
        unscaled.

        Calls from several threads must wait for each other, as by a lock around them: each goes on
        from the state it finds, so that of two at once the one that ends last is kept and the rows
        of the other are lost. Predictions may be made meanwhile.

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
        if not self._is_fitted and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        previous = self._model.trained if self._is_fitted else None
        call = Call(incremental=True, previous=previous, classes=classes)
        return self._fit(call, X, y, sample_weight)

    def _has_partial_fit(self):
        if self.solver not in ("auto", *MINI_BATCH):
            raise AttributeError(
                "partial_fit is only available for mini-batch solvers "
                f"{('auto', *MINI_BATCH)}; {self.solver!r} works on all rows at once."
            )
        return True

    def _fit(self, call: Call, X, y, sample_weight):
        X, y = table_of(X), labels_of(y)
        callbacks = callbacks_of(self, X, y)
        new: Any = copy.copy(self)
        with products_on_one_thread():
            new._learn(replace(call, callbacks=callbacks), X, y, sample_weight)
        self.__dict__ = vars(new)  # at once: Ctrl-C finds the old state or the new one
        if callbacks is not None:
            callbacks.end()
        return self

    def _learn(self, call: Call, X, y, sample_weight):
        """Walk through fit; what this sets on a copy of the estimator is the fitted state."""
        targets = self._read_targets(call, X, y)
        settings = self._resolve(call, len(targets))
        weights = read_weights(sample_weight, settings.class_weight, targets.outputs, targets.codes)
        reading, settings = self._read_rows(call, X, targets, weights, settings)
        given = Given(X, y, reading, targets, weights)
        trained = train(read_problem(self, given, settings, call), settings, call)
        auto, reasons = settings.auto | reading.chosen, settings.reasons | reading.reasons
        if settings.is_open("n_members"):
            auto["n_members"] = len(trained.params)
        if trained.why_members:
            reasons["n_members"] = trained.why_members
        self._model = Model(reading.reader, targets.outputs, trained, auto, reasons)

    def _read_targets(self, call: Call, X, y) -> Targets:
        if y is not None:
            check_consistent_length(X, y)
            with at_fault("groups"):
                check_consistent_length(X, call.groups)
            if not _num_samples(y):
                raise ValueError("X is empty: found 0 sample(s), while a minimum of 1 is required.")
        known = None if call.previous is None else self._model.outputs
        expected = Expected(self._exclusive, known, call.classes, all_present=call.again)
        return read_targets(y, type(self).__name__, expected)

    def _resolve(self, call: Call, n_rows: int) -> Settings:
        given = self.get_params(deep=False)
        shape = None
        if call.previous is not None:
            self._model.check_goes_on(given, is_passthrough(self.encoder))
            shape = len(self._model.params), list(self._model.network.sizes[1:-1])
        settings = resolve(
            given,
            n_rows,
            incremental=call.incremental,
            own_validation=call.validation is not None,
            shape=shape,
        )
        if call.previous is None:
            warn_of_unused(given, settings, BaseMLP.__init__)
        return with_earlier_penalty(settings, self._model) if call.again else settings

    def _read_rows(
        self, call: Call, X, targets: Targets, weights: Weights, settings: Settings
    ) -> tuple[Reading, Settings]:
        """Return what reads the table, its rows as they are trained on, and with what settings."""
        reader, seen = self._reader(call, X, targets, weights.samples, settings)
        n_jobs = effective_n_jobs(settings.n_jobs)
        compact = reader.compact(self, X, seen, n_jobs)
        races = settings.races and call.previous is None
        open_ = races and isinstance(settings.encoder, str)
        either = reader.ways(compact) if open_ else {"": (reader, compact)}
        ways = {
            how: Reading(way, LocalRows(rows.inputs(), n_jobs))
            for how, (way, rows) in either.items()
        }
        if call.previous is not None:
            return read_as_before(ways[""], self._model), settings
        if not races:
            return ways[""], settings
        return choose(ways, X, targets, weights, settings, call)

    def _reader(
        self, call: Call, X, targets: Targets, sample_weight, settings: Settings
    ) -> tuple[Reader, Seen | None]:
        """Return what reads the table, and what it has seen of these rows."""
        if call.previous is not None:
            return self._model.reader, None
        return learn_reader(
            self,
            X,
            targets.codes if targets.outputs.one_class_per_row else None,
            sample_weight,
            encoder=settings.encoder,
            categorical_features=settings.categorical_features,
            dtype=settings.dtype_of(X),
            keep_constants=call.incremental,
            n_threads=effective_n_jobs(settings.n_jobs),
        )

    # ---------------------------------------------------------------- prediction

    def _predicted(self, formula: Callable[[Outputs, NDArray], NDArray], X) -> NDArray:
        """Return what a formula makes of the logits of rows.

        All is read from one snapshot: another thread may fit this estimator anew meanwhile.
        """
        if not self._is_fitted:  # the check itself takes as long as a small network
            check_is_fitted(self)
        fitted = object.__new__(type(self))
        fitted.__dict__ = self.__dict__  # which fit replaces by another
        return formula(fitted._model.outputs, fitted._model.logits(X, fitted))

    # ---------------------------------------------------------------- fitted attributes, derived

    @property
    def _is_fitted(self) -> bool:
        return "_model" in vars(self)

    def _fitted(self, name: str) -> Model:
        """Return the model, for an attribute that only a fitted estimator has."""
        if not self._is_fitted:
            raise AttributeError(f"{type(self).__name__} is not fitted yet: no {name}.")
        return self._model

    @property
    def classes_(self):
        """Class labels."""
        return self._fitted("classes_").outputs.classes

    @property
    def n_outputs_(self):
        """Number of outputs."""
        return self._fitted("n_outputs_").outputs.n_outputs

    @property
    def out_activation_(self):
        """Activation of the outputs."""
        return self._fitted("out_activation_").outputs.activation

    @property
    def n_layers_(self):
        """Number of layers, inputs and outputs included."""
        return len(self._fitted("n_layers_").network.sizes)

    @property
    def coefs_(self):
        """Weight matrix of every layer; with several members one more axis in front."""
        return self._views("coefs_")[0]

    @property
    def intercepts_(self):
        """Bias vector of every layer; with several members one more axis in front."""
        return self._views("intercepts_")[1]

    def _views(self, name):
        model = self._fitted(name)
        params = model.params
        return model.network.views(params[0] if len(params) == 1 else params)

    @property
    def temperature_(self):
        """What logits are divided by."""
        return self._fitted("temperature_").temperature

    @property
    def encoder_(self):
        """The fitted TableEncoder; None with ``encoder="passthrough"``."""
        reader = self._fitted("encoder_").reader
        return None if reader.passes_through else copy.copy(reader.encoder)

    @property
    def auto_(self):
        """What became of every parameter that was "auto"."""
        return self._fitted("auto_").auto

    @property
    def history_(self):
        """One row of figures per epoch."""
        return self._fitted("history_").trained.history

    @property
    def loss_curve_(self):
        """The objective of every epoch."""
        return self._fitted("loss_curve_").trained.history["loss"]

    @property
    def validation_scores_(self):
        """Score of every epoch on held-out rows: of `scoring`, else the negative log loss."""
        return validation_scores(self._fitted("validation_scores_").trained.history)

    @property
    def loss_(self):
        """The objective of the last epoch."""
        return self._fitted("loss_").trained.history["loss"][-1]

    @property
    def best_loss_(self):
        """Smallest objective of an epoch; None where held-out rows decided."""
        return self._fitted("best_loss_").trained.best_loss

    @property
    def best_validation_score_(self):
        """Score of the best epoch on held-out rows; None where none decided."""
        return self._fitted("best_validation_score_").trained.best_score

    @property
    def best_epoch_(self):
        """Epoch of the parameters that were kept."""
        return self._fitted("best_epoch_").trained.best_epoch

    @property
    def n_iter_(self):
        """Number of epochs of the last call."""
        return self._fitted("n_iter_").trained.n_iter

    @property
    def t_(self):
        """Number of rows trained on so far."""
        return self._fitted("t_").trained.state.t

    def summary(self) -> SummaryText:
        """Tell what became of the columns, what was fitted, and what every "auto" chose and why.

        Returns
        -------
        text : SummaryText
            Lines to print, a text like any other. First the table, as
            :meth:`skxent.TableEncoder.summary` tells of it; ``text.to_frame()`` is a DataFrame of a
            row for each column, with its :ref:`relevance <relevance>` where there is one. Then the
            networks, and one line for each reason to choose parameters. With
            ``encoder="passthrough"`` columns are numbers that are handed on, and of a sparse matrix
            they are numbers that are scaled: nothing else is told of them.
        """
        check_is_fitted(self)
        return self._summary().text()

    def _summary(self) -> Summary:
        columns = [str(name) for name in _check_feature_names_in(self)]
        return summarize(type(self).__name__, self._model, columns)

    def _get_params_html(self, *args, **kwargs):
        """Table of the parameters in a notebook; once fitted, followed by what they led to.

        scikit-learn asks for it (1.7 to 1.9) wherever it draws the estimator, be it alone or as a
        step of a pipeline.
        """
        tables = super()._get_params_html(*args, **kwargs)
        if self._is_fitted:
            parameters = tables._html_repr
            tables._html_repr = lambda: parameters() + self._summary().html()
        return tables

    # ---------------------------------------------------------------- saving

    def _pack(self, state):
        """Return the state as it is saved."""
        if "_model" not in state:
            return state
        model = state.pop("_model")
        return pack_names(state) | pack_model(model)

    def _unpack(self, state):
        if "_params" not in state:
            return state
        model, rest = unpack_model(state, exclusive=self._exclusive)
        return unpack_names(rest) | {"_model": model}

    def __sklearn_is_fitted__(self):
        return self._is_fitted

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        reads_tables = not is_passthrough(self.encoder)
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = reads_tables
        tags.input_tags.categorical = reads_tables
        tags.input_tags.string = reads_tables
        return tags
