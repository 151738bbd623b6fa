"""One row of figures per epoch, as a dictionary of columns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

COLUMNS = (
    "epoch",
    "loss",
    "train_log_loss",
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


def validation_scores(history: History) -> list[float] | None:
    """Score of every epoch on held-out rows: of a scorer, else the negative log loss."""
    scores, losses = history["score"], history["validation_loss"]
    if all(math.isnan(loss) for loss in losses):
        return None
    return [-v for v in losses] if all(map(math.isnan, scores)) else scores


def joint(histories: list[History]) -> History:
    """Return the mean over members that trained by themselves; who has ended stays as it was.

    A member without rows to be judged by has NaN, and no say; seconds are those of the slowest.
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
        append(together, **(means | {c: max(r[c] for r in rows) for c in ("epoch", "seconds")}))
    return together


def _mean(values):
    return sum(values) / len(values) if values else math.nan


def pack_history(history: History) -> NDArray:
    """Return a history as a matrix, of a row for each column."""
    return np.array([history[column] for column in COLUMNS], dtype=np.float64)


def unpack_history(packed: NDArray) -> History:
    """Return the history that was packed; epochs are whole numbers."""
    if len(packed) == len(COLUMNS) - 1:  # version 0.1.0 had none of rows trained on
        packed = np.insert(packed, COLUMNS.index("train_log_loss"), np.nan, axis=0)
    history = dict(zip(COLUMNS, packed.tolist(), strict=True))
    return history | {"epoch": [int(epoch) for epoch in history["epoch"]]}
