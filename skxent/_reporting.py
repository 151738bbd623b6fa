"""What people are told of training: a line while it goes on, a warning if it ended badly."""

from __future__ import annotations

import math
import warnings

from sklearn.exceptions import ConvergenceWarning

from ._auto import Plan
from ._history import History
from ._solvers import SCIPY_METHODS
from ._stopping import Monitor

_ENDINGS = {
    "patience": "no progress for n_iter_no_change epochs",
    "converged": "converged",
    "max_iter": "max_iter reached",
    "max_time": "max_time is over",
    "callback": "a callback wanted to stop",
    "interrupted": "interrupted",
    "diverged": "diverged",
    "no_progress": "no lower loss found",
}


def last_line(history: History, more: bool = False, member: int | None = None) -> str:
    """Return the last row as one aligned line; with `more`, learning rate and gradient too."""
    row = {column: values[-1] for column, values in history.items()}
    parts = [] if member is None else [f"member {member:3d}"]
    parts += [f"epoch {row['epoch']:5d}", f"loss {_number(row['loss'])}"]
    if not math.isnan(row["validation_loss"]):
        parts.append(f"validation loss {_number(row['validation_loss'])}")
    if not all(map(math.isnan, history["score"])):
        parts.append(f"score {_number(row['score'])}")
    if more:
        if not math.isnan(row["learning_rate"]):
            parts.append(f"rate {row['learning_rate']:9.2e}")
        parts.append(f"|gradient| {row['gradient_norm']:9.2e}")
    return "  ".join([*parts, f"{row['seconds']:8.2f} s"])


def closing_line(watch: Monitor, temperature: float) -> str:
    """Return one line that tells how training ended and what is kept."""
    kept = f"epoch {watch.best_epoch}" if watch.keeps_best else "the last epoch"
    return (
        f"ended after {watch.n_epochs} epochs: {_ENDINGS[watch.ending]}; kept the parameters of "
        f"{kept}; temperature {temperature:.3f}"
    )


def _number(value):
    return f"{value:10.6f}" if not abs(value) >= 1000 else f"{value:10.3e}"


def warn_of_ending(watch: Monitor, plan: Plan, tol: float, max_fun: int, runs_out: bool) -> None:
    """Warn, once, if training ended otherwise than it should, and say what to change.

    `runs_out` tells whether a run that ends with `max_iter` was cut short.
    """
    if watch.ending == "interrupted":
        warnings.warn(
            f"Training interrupted by user after {watch.n_epochs} epochs; the parameters of the "
            "best epoch are kept.",
            stacklevel=4,
        )
    elif watch.ending == "diverged" or watch.lost:
        losses = watch.history["loss"]
        finite = f": the loss rose from {min(losses):.3g} to {losses[-1]:.3g}."
        infinite = f" in epoch {watch.n_epochs + 1}: the loss is not finite."
        warnings.warn(
            f"Training diverged{infinite if watch.ending == 'diverged' else finite} The "
            f"parameters of epoch {watch.best_epoch} are kept. Lower learning_rate_init (now "
            f"{plan.learning_rate_init}), scale the features, or set max_grad_norm.",
            ConvergenceWarning,
            stacklevel=4,
        )
    elif watch.decides == "score" and watch.best_params is None:
        warnings.warn(
            "scoring was NaN in every epoch, so there was no best one: the parameters of the last "
            "epoch are kept. Name a scorer that is defined on the rows held out.",
            stacklevel=4,
        )
    elif watch.ending == "no_progress":
        warnings.warn(
            f"The {plan.solver} solver found no lower loss along its last direction, often the "
            f"limit of rounding, before its gradient was below tol={tol}. Raise tol, or use "
            "solver='lbfgs'.",
            ConvergenceWarning,
            stacklevel=4,
        )
    elif watch.ending == "max_iter" and runs_out:
        calls = f" (or max_fun={max_fun} calls)" if plan.solver in SCIPY_METHODS else ""
        warnings.warn(
            f"The {plan.solver} solver reached max_iter={plan.max_iter} iterations{calls} before "
            "it converged. Raise max_iter, or tol if this is good enough.",
            ConvergenceWarning,
            stacklevel=4,
        )


def warn_of_spent_schedule(learning_rate: object, max_iter: int) -> None:
    """Say that a call of partial_fit has the last learning rate of a schedule, which may be 0."""
    warnings.warn(
        f"learning_rate={learning_rate!r} is a schedule of max_iter={max_iter} calls of "
        "partial_fit, and they are over: the rate stays at its end. Set learning_rate='constant', "
        "or a larger max_iter.",
        ConvergenceWarning,
        stacklevel=5,
    )
