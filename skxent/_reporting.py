"""What people are told of training: a line while it goes on, a warning if it ended badly."""

from __future__ import annotations

import math
import warnings

from sklearn.exceptions import ConvergenceWarning

from ._auto import Plan
from ._history import History
from ._solvers import SCIPY_METHODS
from ._stopping import Monitor


def last_line(history: History) -> str:
    """Return the last row as one aligned line of text."""
    row = {column: values[-1] for column, values in history.items()}
    parts = [f"epoch {row['epoch']:5d}", f"loss {row['loss']:10.6f}"]
    if not math.isnan(row["validation_loss"]):
        parts.append(f"validation loss {row['validation_loss']:10.6f}")
    if not math.isnan(row["score"]):
        parts.append(f"score {row['score']:10.6f}")
    if not math.isnan(row["learning_rate"]):
        parts.append(f"rate {row['learning_rate']:9.2e}")
    parts += [f"|gradient| {row['gradient_norm']:9.2e}", f"{row['seconds']:8.2f} s"]
    return "  ".join(parts)


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
