"""Judges members on rows they were not trained on: log loss, score, and the temperature."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False)
class Judgement:
    """What members are judged by: targets, weights and score of the rows that are held out.

    Those of the training table, by number of row; with `own` those of validation data of one's own.
    """

    targets: NDArray
    weights: NDArray | None
    own: Inputs | None = None
    score: Score | None = None


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
        judged = list(zip(members, stack, strict=True))
        own = self.judgement.own
        if own is not None:
            z = [self.objectives[m].logits(params, own) for m, params in judged]
            return self.outputs.log_decisions(np.mean(z, axis=0)), slice(None)
        n = self.objectives[0].inputs.n_rows * self.outputs.per_row
        total, count = np.zeros((n, self.outputs.n_choices)), np.zeros(n)
        for m, params in judged:
            rows = np.asarray(self.splits[m][1])
            log_p = self.outputs.log_decisions(self.objectives[m].logits(params, rows=rows))
            which = self.outputs.of_rows(rows)
            total[which] += log_p
            count[which] += 1
        covered = np.flatnonzero(count)
        return total[covered] / count[covered, None], covered

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
            loss = -(w @ (y * log_p).sum(axis=1)) / mass * self.outputs.per_row
        score = self.judgement.score
        return float(loss), math.nan if score is None else score(stack, members)

    def temperature(self, stack: NDArray, members: Sequence[int]) -> float:
        """Return the temperature for these members' logits."""
        log_p, which = self.log_proba(stack, members)
        return fit_temperature(log_p, *self.truth(which))
