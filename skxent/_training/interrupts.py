"""Ctrl-C: whether it ends this fit, which is then a model, or goes on to whoever called fit."""

from __future__ import annotations

import multiprocessing
import sys

# what fits many times goes on with the next fit, and takes one cut short for one that is complete
_MANY = ("sklearn.", "joblib.", "optuna.", "skopt.", "hyperopt.")
_ONCE = ("sklearn.base", "sklearn.pipeline")  # ... but these fit once for whoever calls them


def is_one_of_many() -> bool:
    """Whether this fit is not the user's own.

    It is one of many in a process that another has started, or where a search, a cross-validation
    or a committee of other packages is among the callers. It is asked after an interrupt only.
    """
    if multiprocessing.parent_process() is not None:
        return True
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        name = frame.f_globals.get("__name__", "")
        if name.startswith(_MANY) and name not in _ONCE:
            return True
    return False
