"""What each parameter may be, as scikit-learn checks it, and whether it has a use."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from functools import cache, wraps
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._compat import HasMethods, Interval, InvalidParameterError, Options, StrOptions, warn_user
from ._settings import CONDITIONS, FULL_BATCH, MINI_BATCH, USERS, Settings
from ._training.activations import ACTIVATIONS
from ._training.network import INIT_SCHEMES
from ._training.schedules import ENDLESS, SHAPES


class _Names(StrOptions):
    """Names to choose from, which messages list in the order given, "auto" first."""

    def __init__(self, *names: str):
        super().__init__(set(names))
        self.names = sorted(names, key="auto".__ne__)

    def __str__(self) -> str:
        return f"a str among {', '.join(map(repr, self.names))}"


_AUTO = _Names("auto")

CONSTRAINTS: dict = {
    "hidden_layer_sizes": [_AUTO, "array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [_Names(*ACTIVATIONS), "array-like"],
    "solver": [_Names("auto", *FULL_BATCH, *MINI_BATCH)],
    "alpha": [_AUTO, Interval(Real, 0, None, closed="left")],
    "batch_size": [_AUTO, Interval(Integral, 1, None, closed="left")],
    "learning_rate": [
        _Names("auto", *ENDLESS, *SHAPES, "invscaling", "adaptive"),
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
    "max_fun": [Interval(Integral, 1, 2**31 - 1, closed="both")],  # an int of C, in SciPy
    "loss": [_Names("cross_entropy", "squared_error")],
    "class_weight": [dict, _Names("balanced"), None],
    "init": [_Names("auto", *INIT_SCHEMES), tuple, list],
    "dropout": [_AUTO, Interval(Real, 0, 1, closed="left"), "array-like"],
    "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    "weight_decay": [_AUTO, Interval(Real, 0, None, closed="left")],
    "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
    "averaging": [_AUTO, Interval(Real, 0, 1, closed="left")],
    "scoring": [str, callable, None],
    "cv": ["cv_object"],
    "max_time": [Interval(Real, 0, None, closed="neither"), None],
    "encoder": [_Names("auto", "passthrough"), HasMethods(["fit", "transform"])],
    "categorical_features": ["array-like", _Names("from_dtype"), None],
    "n_members": [_AUTO, Interval(Integral, 1, None, closed="left")],
    "calibration": [_Names("auto", "temperature"), None],
    "n_jobs": [Integral, None],
    "dtype": [_Names("auto", "float32", "float64")],
}


class Checked:
    """Checks parameters as scikit-learn does, and says what else may have been meant."""

    _parameter_constraints: dict = CONSTRAINTS

    def _validate_params(self):
        try:
            super()._validate_params()  # type: ignore[misc]
        except InvalidParameterError as error:
            given = self.get_params(deep=False)  # type: ignore[attr-defined]
            raise InvalidParameterError(f"{error}{_hint(given)}") from None


# what other packages call what a parameter may be
_SYNONYMS = {
    "sigmoid": "logistic",
    "swish": "silu",
    "linear": "identity",
    "log_loss": "cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "mse": "squared_error",
    "brier": "squared_error",
    "xavier": "glorot_uniform",
    "kaiming": "he_uniform",
}


def _hint(given: dict[str, Any]) -> str:
    """Return what else to say of parameters that were refused: what may have been meant."""
    rate = given["learning_rate"]
    if isinstance(rate, Real):
        return (
            f" A learning rate is learning_rate_init={rate!r}; learning_rate is its schedule, such "
            "as 'constant'."
        )
    for name, constraints in CONSTRAINTS.items():
        names = [n for c in constraints if isinstance(c, _Names) for n in c.names]
        value = given[name]
        if isinstance(value, str) and value not in names:
            plain = value.lower().replace("-", "_").replace(" ", "_")
            same = [_SYNONYMS[plain]] if _SYNONYMS.get(plain) in names else []
            for close in same or difflib.get_close_matches(plain, names, n=1):
                return f" Did you mean {name}={close!r}?"
    return ""


# what other packages call the rows to judge by, and parameters of the classifier
_ELSEWHERE = {"eval_set", "validation_data", "eval_sample_weight", "X_valid", "y_valid"}
_OURS = {
    "epochs": "max_iter",
    "n_epochs": "max_iter",
    "cat_features": "categorical_features",
    "categorical_feature": "categorical_features",
    "early_stopping_rounds": "n_iter_no_change",
}


def points_to_ours(fit: Callable) -> Callable:
    """Let a fit that is given a parameter of another package's say what it is called here."""
    own = [name for name in inspect.signature(fit).parameters if name != "self"]

    @wraps(fit)
    def checked(self, *args, **kwargs):
        for name in sorted(kwargs.keys() - {*own}, key=lambda name: name not in _ELSEWHERE):
            ours = _OURS.get(name, name)
            if name in _ELSEWHERE:
                advice = "give the rows to judge by as X_val and y_val (and sample_weight_val)"
            elif ours in self.get_params(deep=False):
                advice = f"give it to the classifier, {type(self).__name__}({ours}=...)"
            else:
                advice = f"it has {', '.join(own)}"
            raise TypeError(f"fit has no parameter {name!r}: {advice}.")
        return fit(self, *args, **kwargs)

    return checked


def warn_of_unused(given: dict[str, Any], settings: Settings, init: Any) -> None:
    """Warn of parameters that were named and that the solver which was chosen has no use for.

    Where the solver was named, too, they are as idle as in scikit-learn, without a word. `init`
    has the defaults.
    """
    if not settings.is_open("solver"):
        return
    uses = {
        name: "by " + " or ".join(map(repr, solvers))
        for name, solvers in USERS.items()
        if settings.solver not in solvers
    }
    uses |= {
        name: f"with {what}" for name, (what, holds) in CONDITIONS.items() if not holds(settings)
    }
    idle = [name for name in uses if not _same(given[name], _defaults(init)[name].default)]
    if idle:
        values = ", ".join(f"{name}={given[name]!r}" for name in idle)
        users = "; ".join(f"{name} {uses[name]}" for name in idle)
        warn_user(
            f"Not used: {values}. solver='auto' became {settings.solver!r} "
            f"({settings.reasons['solver']}). They would be used: {users}. Ask for that, or leave "
            "the parameters at their defaults."
        )


def _same(value, default):
    return value is default or (np.isscalar(value) and value == default)


@cache
def _defaults(init):
    return inspect.signature(init).parameters
