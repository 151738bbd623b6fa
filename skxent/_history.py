"""One row of figures per epoch, as a dictionary of columns."""

from __future__ import annotations

import math

COLUMNS = (
    "epoch",
    "loss",
    "validation_loss",
    "score",
    "learning_rate",
    "gradient_norm",
    "seconds",
)

History = dict[str, list]


def new_history() -> History:
    """Return an empty history; ``pandas.DataFrame(history)`` is its table."""
    return {column: [] for column in COLUMNS}


def append(history: History, **row: float) -> None:
    """Add one row; columns that are not given are NaN."""
    for column in COLUMNS:
        history[column].append(row.get(column, math.nan))


def joint(histories: list[History]) -> History:
    """Return the mean over members that trained by themselves; who has ended stays as it was.

    A member without rows to be judged by has NaN, and no say.
    """
    length = max(len(history["epoch"]) for history in histories)
    together = new_history()
    for row in range(length):
        rows = [
            {c: values[min(row, len(values) - 1)] for c, values in history.items()}
            for history in histories
            if history["epoch"]
        ]
        means = {c: _mean([r[c] for r in rows if not math.isnan(r[c])]) for c in COLUMNS}
        append(together, **(means | {"epoch": max(r["epoch"] for r in rows)}))
    return together


def _mean(values):
    return sum(values) / len(values) if values else math.nan
