"""What people are told of training: a line while it goes on, a warning if it ended badly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .._compat import warn_user
from .._settings import SCIPY_METHODS, Settings
from .history import History
from .stopping import Ending, Monitor


def last_line(history: History, more: bool = False, member: int | None = None) -> str:
    """Return the last row as one aligned line: log losses, or else the objective.

    With `more` there are both, and learning rate and gradient too.
    """
    row = {column: values[-1] for column, values in history.items()}
    parts = [] if member is None else [f"member {member:3d}"]
    known = {column for column, values in history.items() if not all(map(math.isnan, values))}
    parts.append(f"epoch {row['epoch']:5d}")
    if more or "train_log_loss" not in known:
        parts.append(f"objective {_number(row['loss'])}")
    for column, name in (
        ("train_log_loss", "train log loss"),
        ("validation_loss", "validation log loss"),
        ("score", "score"),
    ):
        if column in known:
            parts.append(f"{name} {_number(row[column])}")
    if more:
        if not math.isnan(row["learning_rate"]):
            parts.append(f"rate {row['learning_rate']:9.2e}")
        parts.append(f"|gradient| {row['gradient_norm']:9.2e}")
    return "  ".join([*parts, f"{row['seconds']:8.2f} s"])


def reporter(
    verbose: int,
    tell: Callable[[NDArray, History], bool] | None,
    monitors: Sequence[Monitor],
    member: int | None = None,
) -> Callable[[History, NDArray], bool] | None:
    """Return who watches training: the printed lines, and scikit-learn's callbacks.

    Callbacks are told of one run of epochs: of members that train by themselves, of the first,
    and where they stop that they stop all.
    """
    if not verbose and tell is None:
        return None

    def report(history, params):
        if verbose:
            number = member + 1 if member is not None and len(monitors) > 1 else None
            print(last_line(history, verbose > 1, number))
        if member:
            return monitors[0].ending is Ending.CALLBACK
        return tell is not None and tell(np.atleast_2d(params).copy(), history)

    return report


def closing_line(watch: Monitor, temperature: float) -> str:
    """Return one line that tells how training ended and what is kept."""
    kept = f"epoch {watch.best_epoch}" if watch.keeps_best else "the last epoch"
    ending = "" if watch.ending is None else watch.ending.value
    return (
        f"ended after {watch.n_epochs} epochs: {ending}; kept the parameters of "
        f"{kept}; temperature {temperature:.3f}"
    )


def _number(value):
    return f"{value:10.6f}" if not abs(value) >= 1000 else f"{value:10.3e}"


def warn_of_ending(watch: Monitor, settings: Settings, *, runs_out: bool, if_diverged: str) -> None:
    """Warn, once, if training ended otherwise than it should, and say what to change.

    `runs_out` tells whether a run that ends with `max_iter` was cut short. `if_diverged` is what to
    do where that is known; empty for the usual advice.
    """
    if watch.ending is Ending.INTERRUPTED:
        warn_user(
            f"Training interrupted by user after {watch.n_epochs} epochs; the parameters of the "
            "best epoch are kept.",
        )
    elif watch.ending is Ending.DIVERGED or watch.lost:
        losses = watch.history["loss"]
        finite = f": the loss rose from {min(losses):.3g} to {losses[-1]:.3g}."
        infinite = f" in epoch {watch.n_epochs + 1}: the loss is not finite."
        advice = if_diverged or (
            f"Lower learning_rate_init (now {settings.learning_rate_init}), scale the features, or "
            "set max_grad_norm."
        )
        warn_user(
            f"Training diverged{infinite if watch.ending is Ending.DIVERGED else finite} The "
            f"parameters of epoch {watch.best_epoch} are kept. {advice}",
            ConvergenceWarning,
        )
    elif watch.decides == "score" and watch.best_params is None:
        warn_user(
            "scoring was NaN in every epoch, so there was no best one: the parameters of the last "
            "epoch are kept. Name a scorer that is defined on the rows held out.",
        )
    elif watch.ending is Ending.NO_PROGRESS and settings.solver == "lbfgs":
        if runs_out:
            single = settings.dtype == "float32"
            advice = "set dtype='float64'" if single else "scale the features"
            warn_user(
                "No further progress was possible at this precision: the lbfgs solver found no "
                f"lower loss before its gradient was below tol={settings.tol}. Raise tol if this "
                f"is good enough, or {advice}.",
                ConvergenceWarning,
            )
    elif watch.ending is Ending.NO_PROGRESS:
        warn_user(
            f"The {settings.solver} solver found no lower loss along its last direction, often the "
            f"limit of rounding, before its gradient was below tol={settings.tol}. Raise tol, or "
            "use solver='lbfgs'.",
            ConvergenceWarning,
        )
    elif watch.ending is Ending.MAX_ITER and runs_out:
        calls = (
            f" (or max_fun={settings.max_fun} calls)" if settings.solver in SCIPY_METHODS else ""
        )
        warn_user(
            f"The {settings.solver} solver reached max_iter={settings.max_iter} iterations{calls} "
            "before it converged. Raise max_iter, or tol if this is good enough.",
            ConvergenceWarning,
        )


def warn_of_spent_schedule(learning_rate: object, max_iter: int) -> None:
    """Say that a call of partial_fit has the last learning rate of a schedule, which may be 0."""
    warn_user(
        f"learning_rate={learning_rate!r} is a schedule of max_iter={max_iter} calls of "
        "partial_fit, and they are over: the rate stays at its end. Set learning_rate='constant', "
        "or a larger max_iter.",
        ConvergenceWarning,
    )
