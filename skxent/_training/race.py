"""A race between ways to read a table: a few epochs of two members tell which of them is better.

The rows that a member does not see judge it, as they do in training. On 44 public tables, 20 of 60
epochs of two of eight members find what all would find, but for .1 % of the log loss; ten epochs
lose .5 %. To ask for more than the standard error of the difference as well loses more by good
choices that are not made than it gains by bad ones.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .._settings import LARGE, Settings
from .problem import Problem
from .splits import Split
from .stopping import Ending
from .train import Call, Run

EPOCHS, MEMBERS = 20, 2
_ROWS = 50_000  # of larger tables every second, third, ... row runs
_MARGIN = 0.98  # share of the first one's loss below which another is taken instead ...
_MARGIN_OF_MANY = 0.99  # ... or this where many rows judge ...
_SMALLEST = 0.01  # ... and what both have more, so that losses near 0 do not count by their ratio


def epochs_of(n_rows: int, max_iter: int) -> int:
    """Return the length of a race: as many steps for large tables as for those of 6,000 rows."""
    return min(EPOCHS, max_iter, max(EPOCHS * 6000 // n_rows, 3))


def race(problems: Sequence[Problem], settings: Settings, call: Call) -> tuple[int, list[float]]:
    """Return which of the problems is best, and the lowest log loss of each on rows held out.

    They are of the same rows, read in different ways. The first is taken unless another is clearly
    better. Ctrl-C is the caller's.
    """
    losses = [_lowest_loss(problem, settings, call) for problem in problems]
    best = min(range(len(losses)), key=losses.__getitem__)
    margin = _MARGIN_OF_MANY if problems[0].rows.n_rows >= LARGE else _MARGIN
    clearly = losses[best] + _SMALLEST < margin * (losses[0] + _SMALLEST)
    return (best if clearly and math.isfinite(sum(losses)) else 0), losses


def _lowest_loss(problem, settings, call):
    """Return the lowest log loss in the first epochs; infinity where they were cut short."""
    every = -(-problem.rows.n_rows // _ROWS)
    thin = [
        [np.asarray(rows)[::every].copy() for rows in split] for split in problem.splits[:MEMBERS]
    ]
    splits: list[Split] = [(train, test) for train, test in thin]
    problem = replace(problem, splits=splits, rng=copy.deepcopy(problem.rng))
    brief = replace(
        settings,
        max_iter=epochs_of(problem.rows.n_rows, settings.max_iter),
        max_time=None if settings.max_time is None else settings.max_time / 10,
        n_iter_no_change=math.inf,
        n_folds=None,
        scoring=None,
        verbose=0,
    )
    run = Run(problem, brief, Call(started=call.started))
    watch = run.descend(run.starts()).watch
    if watch.ending is Ending.INTERRUPTED:
        raise KeyboardInterrupt
    return watch.best_value if watch.ending is Ending.MAX_ITER else math.inf
