"""Judges members on rows they were not trained on, and beside them on some that they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._kernels import Inputs
from .._outputs import Outputs
from .objective import Objective
from .splits import Split
from .temperature import fit_temperature

# parameters of members, their numbers -> a number, higher is better
Score = Callable[[NDArray, Sequence[int]], float]

# training rows, of all members together, that their log loss is measured on after every epoch ...
TRAIN_SAMPLE = 1000
_FEWEST_TOGETHER = 250  # ... or of each, where all members judge the same rows


@dataclass(frozen=True, eq=False)
class Judgement:
    """What members are judged by: targets, weights and score of the rows that are held out.

    Those of the training table, by number of row; with `own` those of validation data of one's own.
    `trained` are the targets of the training table, None where rows trained on are not looked at.
    """

    targets: NDArray
    weights: NDArray | None
    own: Inputs | None = None
    score: Score | None = None
    trained: NDArray | None = None


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Judges members on the rows they were not trained on, or on validation data of one's own.

    A row of the training table that several members have not seen is judged by the mean of their
    log-probabilities; own validation data by the mean of all members' logits, as in prediction.
    """

    judgement: Judgement
    objectives: Sequence[Objective]
    splits: Sequence[Split]
    outputs: Outputs

    def log_proba(self, stack: NDArray, members: Sequence[int]) -> tuple[NDArray, Any]:
        """Log-probabilities of the decisions held out from `members`, and which they are."""
        if self.judgement.own is not None:
            together = self._log_proba_together(stack, members, self.judgement.own)
            return together, slice(None)
        n = self.objectives[0].inputs.n_rows * self.outputs.per_row
        total, count = np.zeros((n, self.outputs.n_choices)), np.zeros(n, dtype=np.int32)
        rows = [np.asarray(self.splits[m][1]) for m in members]
        log_p, stop = self._log_proba_of_rows(stack, members, rows), 0
        for which in map(self.outputs.of_rows, rows):
            start, stop = stop, stop + len(which)
            total[which] += log_p[start:stop]
            count[which] += 1
        if count.all():
            total /= count[:, None]
            return total, slice(None)
        covered = np.flatnonzero(count)
        return total[covered] / count[covered, None], covered

    def _log_proba_of_rows(self, stack, members, rows) -> NDArray:
        """Log-probabilities by each member of decisions on rows of its own, one below the other."""
        judged = zip(members, stack, rows, strict=True)
        z = [self.objectives[m].logits(params, rows=its_own) for m, params, its_own in judged]
        return self.outputs.log_decisions(np.concatenate(z))

    def _log_proba_together(self, stack, members, inputs=None, rows=None) -> NDArray:
        """Log-probabilities by the mean of the members' logits of decisions on the same rows."""
        judged = zip(members, stack, strict=True)
        z = [self.objectives[m].logits(params, inputs, rows) for m, params in judged]
        return self.outputs.log_decisions(np.mean(z, axis=0))

    def truth(self, which) -> tuple[NDArray, NDArray]:
        """Target probabilities and weights of decisions."""
        y = self.outputs.decisions(self.judgement.targets)[which]
        if self.judgement.weights is None:
            return y, np.ones(len(y))
        return y, np.repeat(self.judgement.weights, self.outputs.per_row)[which]

    def validate(self, params: NDArray, members: Sequence[int] | None = None):
        """Log loss and score of members' parameters, one vector or a stack."""
        stack = np.atleast_2d(params)
        members = range(len(stack)) if members is None else members
        with np.errstate(all="ignore"):  # of parameters on their way to infinity the loss is NaN
            log_p, which = self.log_proba(stack, members)
            y, w = self.truth(which)
            mass = w.sum() or math.nan  # a member may be left with rows of no weight
            loss = -(w @ np.einsum("ij,ij->i", y, log_p)) / mass * self.outputs.per_row
        score = self.judgement.score
        return float(loss), math.nan if score is None else score(stack, members)

    def train_log_loss(self, params: NDArray, members: Sequence[int] | None = None) -> float:
        """Log loss of members' parameters on some of the rows that they were trained on.

        It is measured as that of held-out rows is, without penalty, dropout and label smoothing:
        the mean over members, each on rows of its own, or beside validation data of one's own the
        log loss of all members together. NaN where such rows are not looked at.
        """
        if self.judgement.trained is None:
            return math.nan
        stack = np.atleast_2d(params)
        members = range(len(stack)) if members is None else members
        rows, y, w = zip(*(self._trained_on[m] for m in members), strict=True)
        with np.errstate(all="ignore"):
            if self.judgement.own is not None:
                log_p = self._log_proba_together(stack, members, rows=rows[0])
                return float(-(w[0] @ (y[0] * log_p).sum(axis=1)))
            log_p = self._log_proba_of_rows(stack, members, rows)
            loss = -(np.concatenate(w) @ (np.concatenate(y) * log_p).sum(axis=1))
        return float(loss) / len(members)

    @cached_property
    def _trained_on(self) -> list[tuple[NDArray, NDArray, NDArray]]:
        """Some rows of each member's, their target probabilities, and weights of a sum of 1.

        As many as are held out from it, but not more than its share of `TRAIN_SAMPLE`. A generator
        of their own draws them, so that training is the same with and without; of members that are
        trained on all rows it draws the same ones.
        """
        own, trained, samples = self.judgement.own, self.judgement.trained, []
        assert trained is not None
        share = -(-TRAIN_SAMPLE // len(self.splits))
        for objective, (of_member, held_out) in zip(self.objectives, self.splits, strict=True):
            n = objective.n_rows
            if own is None:
                size = min(n, share, len(np.asarray(held_out)))
            else:
                size = min(n, max(share, _FEWEST_TOGETHER), own.n_rows)
            rows = np.sort(np.random.default_rng(0).choice(n, size, replace=False, shuffle=False))
            rows = rows if of_member is None else np.asarray(of_member)[rows]
            w = np.ones(size) if objective.weights is None else objective.weights[rows]
            w = np.repeat(w / (w.sum() or math.nan), self.outputs.per_row)
            samples.append((rows, self.outputs.decisions(trained[rows]), w))
        return samples

    def temperature(self, stack: NDArray, members: Sequence[int]) -> float:
        """Return the temperature for these members' logits."""
        log_p, which = self.log_proba(stack, members)
        return fit_temperature(log_p, *self.truth(which))
