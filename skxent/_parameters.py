"""What each parameter of a classifier may be, as scikit-learn checks it."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np

from ._compat import HasMethods, Interval, Options, StrOptions
from ._settings import FULL_BATCH, MINI_BATCH
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
