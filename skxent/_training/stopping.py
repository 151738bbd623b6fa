"""Decides when training has gone on long enough, and which parameters are the best."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .held_out import Judge, Look, Verdict
from .history import History, append, joint, new_history


class Ending(Enum):
    """Why training ended, as people are told."""

    INTERRUPTED = "interrupted"
    DIVERGED = "diverged"
    NO_PROGRESS = "no lower loss found"
    MAX_ITER = "max_iter reached"
    PATIENCE = "no progress for n_iter_no_change epochs"
    CONVERGED = "converged"
    MAX_TIME = "max_time is over"
    CALLBACK = "a callback wanted to stop"


class Epoch(NamedTuple):
    """What one epoch, or one iteration of a full-batch method, came to."""

    loss: float
    gradient_norm: float
    learning_rate: float = math.nan
    n_rows: int = 0


@dataclass
class Patience:
    """Counts the epochs in which a value, lower is better, has not fallen by more than `tol`.

    A value that is NaN never counts as an improvement.
    """

    tol: float
    limit: float
    best: float = math.inf
    stale: int = 0

    def update(self, value: float) -> None:
        """Take the next value."""
        improved = value <= self.best - self.tol if math.isfinite(self.best) else value < math.inf
        self.stale = 0 if improved else self.stale + 1
        if value < self.best:
            self.best = value

    def restart(self) -> None:
        """Forget what was best: what follows is measured against itself."""
        self.best, self.stale = math.inf, 0

    @property
    def exhausted(self) -> bool:
        """Whether there were more than `limit` epochs without improvement."""
        return self.stale > self.limit


@dataclass
class Monitor:
    """Follows one run: its history, its patience, the best parameters, and why it ended.

    `judge` judges parameters by rows that are held out, or is None where there are none.
    `decides` is the column of the history that patience and the best parameters go by: "score" (the
    highest), "validation_loss", or "loss", which the descent is left to follow to its end.
    `report` shows the history's last row to whoever watches and returns whether they want to stop.
    """

    patience: Patience
    judge: Judge | None = None
    decides: str = "loss"
    report: Callable[[History, NDArray], bool] | None = None
    max_time: float = math.inf
    history: History = field(default_factory=new_history)
    best_params: NDArray | None = field(default=None, repr=False)
    best_value: float = math.inf
    best_epoch: int = 0
    ending: Ending | None = None
    n_epochs: int = 0
    n_rows: int = 0
    epochs_before: int = 0
    seconds_before: float = 0.0
    _start: float = field(default_factory=time.perf_counter)

    def choose(self, last: NDArray) -> NDArray:
        """Return the best parameters where held-out rows decide or the run broke, else `last`.

        Otherwise the training loss of an epoch is a mean over moving parameters, and
        no reason to go back.
        """
        if self.ending is Ending.DIVERGED and self.best_params is None:
            return np.full_like(last, np.nan)  # there never were any
        return last if self.best_params is None or not self.keeps_best else self.best_params

    @property
    def keeps_best(self) -> bool:
        """Whether the best parameters are kept, not the last."""
        broke = self.ending in (Ending.DIVERGED, Ending.INTERRUPTED) or self.lost
        return self.best_params is not None and (self.decides != "loss" or broke)

    @property
    def lost(self) -> bool:
        """Whether the training loss ended far above where it was: finite, but diverged."""
        losses = self.history["loss"]
        return bool(losses) and losses[-1] > 10 * (1 + min(losses))

    def begin_with(self, params: NDArray, epoch: int) -> None:
        """Let parameters from an earlier run be the best until there are better ones."""
        assert self.judge is not None
        verdict = self.judge.verdict(params)
        self.best_params, self.best_epoch = params.copy(), epoch
        self.best_value = -verdict.score if self.decides == "score" else verdict.loss

    @property
    def ended_by_itself(self) -> bool:
        """Whether nobody cut the run short, and it did not diverge."""
        return self.ending in (Ending.PATIENCE, Ending.MAX_ITER) and not self.lost

    @property
    def out_of_time(self) -> bool:
        """Whether the time budget is used up."""
        return self.seconds > self.max_time

    @property
    def seconds(self) -> float:
        """Time since the beginning."""
        return time.perf_counter() - self._start

    def revise(self, epoch: Epoch) -> None:
        """Put the last row's loss and gradient right: they were computed with less precision."""
        self.history["loss"][-1] = epoch.loss
        self.history["gradient_norm"][-1] = epoch.gradient_norm

    def observe(self, params: NDArray, epoch: Epoch, looks: Sequence[Look] | None = None) -> bool:
        """Take the state after an epoch; return whether to stop, with the reason in `ending`.

        `looks` are what the judge judges from, if that is known.
        """
        if self.ending is Ending.INTERRUPTED:
            return True
        if not (math.isfinite(epoch.loss) and np.isfinite(params).all()):
            self.ending = Ending.DIVERGED
            return True
        number = self.epochs_before + self.n_epochs + 1
        verdict = Verdict() if self.judge is None else self.judge.verdict(params, looks)
        append(
            self.history,
            epoch=number,
            loss=epoch.loss,
            train_log_loss=verdict.train_log_loss,
            validation_loss=verdict.loss,
            score=verdict.score,
            learning_rate=epoch.learning_rate,
            gradient_norm=epoch.gradient_norm,
            seconds=self.seconds_before + self.seconds,
        )
        self.n_epochs += 1
        self.n_rows += epoch.n_rows
        by = {"loss": epoch.loss, "validation_loss": verdict.loss, "score": -verdict.score}
        value = by[self.decides]
        self.patience.update(value)
        if value < self.best_value:
            self.best_value, self.best_epoch = float(value), number
            if self.best_params is None:
                self.best_params = params.copy()
            else:
                self.best_params[...] = params
        if self.report is not None and self.report(self.history, params):
            self.ending = Ending.CALLBACK
        elif self.out_of_time:
            self.ending = Ending.MAX_TIME
        elif self.patience.exhausted:
            self.ending = Ending.PATIENCE
        return bool(self.ending)


def merge_monitors(monitors: Sequence[Monitor]) -> tuple[Monitor, Monitor]:
    """Return a monitor of members that trained by themselves as one, and who came off worst.

    As one: the mean of their histories, as long as the longest; the best epoch is the first's.
    """
    order = (Ending.INTERRUPTED, Ending.DIVERGED, "lost", Ending.NO_PROGRESS, Ending.MAX_ITER)

    def badness(m):
        ending = "lost" if m.lost and m.ending not in order[:2] else m.ending
        return len(order) - order.index(ending) if ending in order else 0

    worst = max(monitors, key=badness)
    whole = replace(
        monitors[0],
        history=joint([m.history for m in monitors]),
        ending=worst.ending,
        n_epochs=max(m.n_epochs for m in monitors),
        n_rows=max(m.n_rows for m in monitors),
    )
    return whole, worst
