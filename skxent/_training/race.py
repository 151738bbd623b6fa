"""Races: a few epochs of two members tell which way to read a table, and which penalty, is better.

The rows that a member does not see judge it, as in training. On 46 public tables with two seeds, 20
of 100 epochs of two of eight members find all but .5 % of what those members find when they are
trained to the end; to give up after four epochs without gain changes nothing. To ask for more than
the standard error of the difference as well loses more by good choices that are not made than it
gains by bad ones.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._settings import FEW, LARGE, Settings
from .problem import Problem
from .splits import Split
from .stopping import Ending
from .train import Call, Run

EPOCHS, MEMBERS = 20, 2
_PATIENCE = 4  # epochs
_STEPS = 120_000  # rows that pass at most, but for three epochs of any table
_ROWS = 50_000  # of larger tables every second, third, ... row runs
_MARGIN = 0.98  # share of the first one's loss below which another is taken instead ...
_MARGIN_OF_MANY = 0.99  # ... or this where many rows judge ...
_SMALLEST = 0.01  # ... and what both have more, so that losses near 0 do not count by their ratio
_FEWEST = 300  # rows from where on two folds can judge a penalty
_NEARLY_SOLVED = 0.1  # share of what the classes alone leave open


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a contender came to: the lowest log loss of its networks on rows held out, and these.

    The loss is infinite where the race was cut short.
    """

    loss: float
    params: NDArray


def epochs_of(n_rows: int, max_iter: int) -> int:
    """Return the length of a race: fewer epochs of larger tables."""
    return min(EPOCHS, max_iter, max(_STEPS // n_rows, 3))


def race(
    contenders: Sequence[tuple[Problem, Settings]],
    call: Call,
    *,
    first: Outcome | None = None,
    margin: float | None = None,
) -> tuple[int, list[Outcome]]:
    """Return which of the contenders is best, and what each came to.

    They are of the same rows, read in different ways or under different penalties. The first, whose
    outcome may be known, is taken unless another is clearly better. Ctrl-C is the caller's.
    """
    run = contenders if first is None else contenders[1:]
    outcomes = [] if first is None else [first]
    outcomes += [_run(problem, settings, call) for problem, settings in run]
    losses = [outcome.loss for outcome in outcomes]
    best = min(range(len(losses)), key=losses.__getitem__)
    if margin is None:
        margin = _MARGIN if contenders[0][0].rows.n_rows < LARGE else _MARGIN_OF_MANY
    clearly = losses[best] + _SMALLEST < margin * (losses[0] + _SMALLEST)
    return (best if clearly and math.isfinite(sum(losses)) else 0), outcomes


def may_race_penalties(n_rows: int) -> bool:
    """Whether a table is of a size where the penalty may be worth a race."""
    return _FEWEST <= n_rows < LARGE


def other_penalty(alpha: float, loss: float, prior: float, n_rows: int) -> float | None:
    """Return the penalty that may be better than the usual one, if there is such; else None.

    Where little is left of `prior`, the log loss of the shares of the classes, a rule may be about
    to be found exactly, which a penalty hinders. Of few rows only the opposite can be judged, that
    too little of it lets the network learn noise.
    """
    nearly_solved, few = loss < _NEARLY_SOLVED * prior, n_rows < FEW
    if nearly_solved == few:
        return None
    return 3 * alpha if few else alpha / 10


def _run(problem, settings, call):
    """Train a few members for a few epochs."""
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
        n_iter_no_change=_PATIENCE,
        n_folds=None,
        scoring=None,
        verbose=0,
    )
    run = Run(problem, brief, Call(started=call.started))
    ends = run.descend(run.starts())
    if ends.watch.ending is Ending.INTERRUPTED:
        raise KeyboardInterrupt
    return Outcome(ends.watch.best_value if ends.watch.ended_by_itself else math.inf, ends.params)
