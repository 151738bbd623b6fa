"""Who is told of an epoch: scikit-learn's callbacks, where an estimator has some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Callbacks:
    """Callbacks of one call of fit."""

    def __init__(self, estimator: Any, X: Any, y: Any):
        self._told = {"estimator": estimator, "X": X, "y": y}
        self._context = estimator._init_callback_context(max_subtasks=None)
        self._context.call_on_fit_task_begin(**self._told)

    def epoch(self, reconstruction: Callable[[], dict[str, Any]]) -> bool:
        """Tell of an epoch and what a fitted copy would be; return whether one wants to stop."""
        task = self._context.subcontext(task_name="epoch")
        task.call_on_fit_task_begin(**self._told)
        return task.call_on_fit_task_end(**self._told, reconstruction_attributes=reconstruction)

    def end(self) -> None:
        """Tell that the fit is over."""
        self._context.call_on_fit_task_end(**self._told)


def callbacks_of(estimator: Any, X: Any, y: Any) -> Callbacks | None:
    """Return the callbacks of an estimator, told that a fit begins; None where it has none."""
    if getattr(estimator, "_skl_callbacks", None) or hasattr(estimator, "_parent_callback_ctx"):
        return Callbacks(estimator, X, y)
    return None
