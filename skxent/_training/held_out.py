"""Judges members on rows they were not trained on, and beside them on some that they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._kernels import Inputs
from .._outputs import Outputs
from .._products import dot
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


class Look(NamedTuple):
    """One member's logits: of the rows that judge it, and of some that it was trained on."""

    judged: NDArray
    trained: NDArray | None


class Verdict(NamedTuple):
    """What members come to: NaN where there is no score, or no look at rows trained on."""

    loss: float = math.nan
    score: float = math.nan
    train_log_loss: float = math.nan


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

    def look(self, member: int, params: NDArray) -> Look:
        """Return what a member is judged from: all of judging that takes long."""
        judged = self._judged(member, params)
        if self.judgement.trained is None:
            return Look(judged, None)
        rows = self._trained_on[member][0]
        return Look(judged, self.objectives[member].logits(params, rows=rows))

    def _judged(self, member, params) -> NDArray:
        """Return a member's logits of the rows that judge it."""
        own = self.judgement.own
        rows = np.asarray(self.splits[member][1]) if own is None else None
        return self.objectives[member].logits(params, own, rows)

    def _log_proba(self, logits: Sequence[NDArray], members: Sequence[int]) -> tuple[NDArray, Any]:
        """Log-probabilities of the decisions that judge `members`, and which they are."""
        if self.judgement.own is not None:
            return self.outputs.log_decisions(np.mean(logits, axis=0)), slice(None)
        rows = [self.outputs.of_rows(np.asarray(self.splits[m][1])) for m in members]
        log_p, which = self.outputs.log_decisions(np.concatenate(logits)), np.concatenate(rows)
        n = self.objectives[0].inputs.n_rows * self.outputs.per_row
        judged = np.zeros(n, dtype=bool)
        judged[which] = True
        if np.count_nonzero(judged) == len(which):  # folds: nothing is to be put together
            return log_p, which
        total, count, stop = np.zeros((n, self.outputs.n_choices)), np.zeros(n, dtype=np.int32), 0
        for each in rows:
            start, stop = stop, stop + len(each)
            total[each] += log_p[start:stop]
            count[each] += 1
        covered = np.flatnonzero(judged)
        return total[covered] / count[covered, None], covered

    def truth(self, which) -> tuple[NDArray, NDArray]:
        """Target probabilities and weights of decisions."""
        targets = self.judgement.targets
        y = self.outputs.decisions((targets if self.outputs.softmax else targets.ravel())[which])
        if self.judgement.weights is None:
            return y, np.ones(len(y))
        w, k = self.judgement.weights, self.outputs.per_row
        return y, (w if k == 1 else np.repeat(w, k))[which]

    def log_loss(self, looks: Sequence[Look], members: Sequence[int]) -> float:
        """Log loss of members on the rows that judge them."""
        with np.errstate(all="ignore"):  # of parameters on their way to infinity the loss is NaN
            log_p, which = self._log_proba([look.judged for look in looks], members)
            y, w = self.truth(which)
            mass = w.sum() or math.nan  # a member may be left with rows of no weight
            loss = -dot(w, np.einsum("ij,ij->i", y, log_p)) / mass * self.outputs.per_row
        return float(loss)

    def train_log_loss(self, looks: Sequence[Look], members: Sequence[int]) -> float:
        """Log loss of members on some of the rows that they were trained on.

        It is measured as that of held-out rows is, without penalty, dropout and label smoothing:
        the mean over members, each on rows of its own, or beside validation data of one's own the
        log loss of all members together. NaN where such rows are not looked at.
        """
        if self.judgement.trained is None:
            return math.nan
        _, y, w = zip(*(self._trained_on[m] for m in members), strict=True)
        logits = [look.trained for look in looks if look.trained is not None]  # all have some
        with np.errstate(all="ignore"):
            if self.judgement.own is not None:
                log_p = self.outputs.log_decisions(np.mean(logits, axis=0))
                return -dot(w[0], (y[0] * log_p).sum(axis=1))
            log_p = self.outputs.log_decisions(np.concatenate(logits))
            loss = -dot(np.concatenate(w), (np.concatenate(y) * log_p).sum(axis=1))
        return loss / len(members)

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
        logits = [self._judged(m, params) for m, params in zip(members, stack, strict=True)]
        log_p, which = self._log_proba(logits, members)
        return fit_temperature(log_p, *self.truth(which))


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges the members that train together, or the one that trains by itself."""

    held_out: HeldOut
    members: Sequence[int]

    def look(self, m: int, params: NDArray) -> Look:
        """Return what the m-th of them is judged from."""
        return self.held_out.look(self.members[m], params)

    def verdict(self, params: NDArray, looks: Sequence[Look] | None = None) -> Verdict:
        """Judge parameters, one vector or a stack; `looks` are those of all, if they are known."""
        stack, score = np.atleast_2d(params), self.held_out.judgement.score
        if looks is None:
            looks = [self.look(m, vector) for m, vector in enumerate(stack)]
        return Verdict(
            self.held_out.log_loss(looks, self.members),
            math.nan if score is None else score(stack, self.members),
            self.held_out.train_log_loss(looks, self.members),
        )
