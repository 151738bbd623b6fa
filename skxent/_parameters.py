"""What each parameter may be, as scikit-learn checks it, and whether it has a use."""

from __future__ import annotations

import inspect
from functools import cache
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._compat import HasMethods, Interval, Options, StrOptions, warn_user
from ._settings import FULL_BATCH, MINI_BATCH, USERS, Settings
from ._training.activations import ACTIVATIONS
from ._training.network import INIT_SCHEMES
from ._training.schedules import SCHEDULES

_AUTO = StrOptions({"auto"})

CONSTRAINTS: dict = {
    "hidden_layer_sizes": [_AUTO, "array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
    "solver": [StrOptions({"auto", *FULL_BATCH, *MINI_BATCH})],
    "alpha": [_AUTO, Interval(Real, 0, None, closed="left")],
    "batch_size": [_AUTO, Interval(Integral, 1, None, closed="left")],
    "learning_rate": [
        StrOptions({"auto", "invscaling", "adaptive", *SCHEDULES}),
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


def warn_of_unused(given: dict[str, Any], settings: Settings, init: Any) -> None:
    """Warn of parameters that were named and that the solver which was chosen has no use for.

    Where the solver was named, too, they are as idle as in scikit-learn, without a word. `init`
    has the defaults.
    """
    if not settings.is_open("solver"):
        return
    named = [name for name in USERS if not _same(given[name], _defaults(init)[name].default)]
    idle = {name: USERS[name] for name in named if settings.solver not in USERS[name]}
    if idle:
        values = ", ".join(f"{name}={given[name]!r}" for name in idle)
        users = "; ".join(f"{name} by {' or '.join(map(repr, who))}" for name, who in idle.items())
        warn_user(
            f"Not used: {values}. solver='auto' became {settings.solver!r} "
            f"({settings.reasons['solver']}). They would be used: {users}. Name such a solver, or "
            "leave the parameters at their defaults."
        )


def _same(value, default):
    return value is default or (np.isscalar(value) and value == default)


@cache
def _defaults(init):
    return inspect.signature(init).parameters
