"""The rows that members are judged on: which they are, and how the predictions on them do."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._decisions import Decisions
from ._kernels import Inputs
from ._objective import Objective

Split = tuple[NDArray | None, NDArray | None]  # training rows (None: all), held-out rows


def stratified_folds(codes: NDArray, n_folds: int, rng: np.random.RandomState) -> NDArray:
    """Fold number of every row, each class dealt over the folds as evenly as it can be.

    Classes with fewer rows than folds are in some folds only; nothing is refused.
    """
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(len(codes), dtype=np.intp)
    folds[order] = np.arange(len(codes)) % n_folds
    return folds


def stratified_holdout(codes: NDArray, fraction: float, rng: np.random.RandomState) -> NDArray:
    """Whether each row is held out: `fraction` of the rows, spread over the classes.

    A class with one row stays in training: it cannot be on both sides.
    """
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    order = order[(np.bincount(codes) > 1)[codes[order]]]
    # every position at which the share of held-out rows steps to the next whole number
    share = np.floor(np.arange(len(order) + 1) * fraction + 0.5)
    held_out = np.zeros(len(codes), dtype=bool)
    held_out[order] = np.diff(share) > 0
    return held_out


def random_splits(
    codes: NDArray, n_members: int, fraction: float, rng: np.random.RandomState
) -> list[Split]:
    """One stratified split for one network, for a committee a fold for each member."""
    if n_members > 1:
        folds = stratified_folds(codes, n_members, rng)
        return [(np.flatnonzero(folds != m), np.flatnonzero(folds == m)) for m in range(n_members)]
    held_out = stratified_holdout(codes, fraction, rng)
    if held_out.sum() < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    return [(np.flatnonzero(~held_out), np.flatnonzero(held_out))]


def splits_of(cv: Any, X: Any, codes: NDArray, groups: Any) -> list[Split]:
    """All splits that a cross-validation splitter, an integer or an iterable stands for."""
    from sklearn.model_selection import check_cv  # costs time at import, and few need it

    splits = [
        (_row_numbers(train), _row_numbers(test))
        for train, test in check_cv(cv, codes, classifier=True).split(X, codes, groups)
    ]
    if not splits or not all(len(rows) for split in splits for rows in split):
        raise ValueError(
            "cv gives no split, or one without rows on one of its sides; it must give rows to "
            "train on and rows to hold out."
        )
    numbers = np.concatenate([rows for split in splits for rows in split])
    if numbers.min() < 0 or numbers.max() >= len(codes):
        raise ValueError(
            f"cv gives the row numbers {numbers.min()} to {numbers.max()}, but X has the rows 0 to "
            f"{len(codes) - 1}."
        )
    return splits


def told_classes(scorer: Callable, classes: NDArray) -> Callable:
    """Return the scorer, of probabilities, told all classes: held-out rows may lack some.

    Left as it is where it judges predictions, or where its metric has no parameter `labels`.
    """
    metric = getattr(scorer, "_score_func", None)
    if metric is None or getattr(scorer, "_response_method", "predict") == "predict":
        return scorer
    if "labels" not in inspect.signature(metric).parameters:
        return scorer
    scorer = copy.copy(scorer)
    scorer._kwargs = {"labels": classes} | scorer._kwargs  # type: ignore[attr-defined]
    return scorer


def _row_numbers(rows):
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)


@dataclass
class HeldOut:
    """Judges members on the rows they were not trained on, or on validation data of one's own.

    A row of the training table that several members have not seen is judged by the mean of their
    log-probabilities; own validation data by the mean of all members' logits, as in prediction.
    """

    objectives: Sequence[Objective]
    splits: Sequence[Split]
    decisions: Decisions
    targets: NDArray
    weights: NDArray | None
    own: Inputs | None = None
    score: Callable[[NDArray, Sequence[int]], float] = lambda stack, members: math.nan

    def log_proba(self, stack: NDArray, members: Sequence[int]) -> tuple[NDArray, Any]:
        """Log-probabilities of the decisions held out from `members`, and which they are."""
        judged = list(zip(members, stack, strict=True))
        if self.own is not None:
            z = [self.objectives[m].logits(params, self.own) for m, params in judged]
            return self.decisions.log_proba(np.mean(z, axis=0)), slice(None)
        n = self.objectives[0].inputs.n_rows * self.decisions.per_row
        n_classes = self.decisions.n_outputs if self.decisions.softmax else 2
        total, count = np.zeros((n, n_classes)), np.zeros(n)
        for m, params in judged:
            rows = np.asarray(self.splits[m][1])
            log_p = self.decisions.log_proba(self.objectives[m].logits(params, rows=rows))
            which = self.decisions.of_rows(rows)
            total[which] += log_p
            count[which] += 1
        covered = np.flatnonzero(count)
        return total[covered] / count[covered, None], covered

    def truth(self, which) -> tuple[NDArray, NDArray]:
        """Target probabilities and weights of decisions."""
        y = self.decisions.probabilities(self.targets)[which]
        if self.weights is None:
            return y, np.ones(len(y))
        return y, np.repeat(self.weights, self.decisions.per_row)[which]

    def validate(self, params: NDArray, members: Sequence[int] | None = None):
        """Log loss and score of members' parameters, one vector or a stack."""
        stack = np.atleast_2d(params)
        members = range(len(stack)) if members is None else members
        with np.errstate(all="ignore"):  # of parameters on their way to infinity the loss is NaN
            log_p, which = self.log_proba(stack, members)
            y, w = self.truth(which)
            mass = w.sum() or math.nan  # a member may be left with rows of no weight
            loss = -(w @ (y * log_p).sum(axis=1)) / mass * self.decisions.per_row
        return float(loss), self.score(stack, members)

    def temperature(self, stack: NDArray, members: Sequence[int]) -> float:
        """Return the temperature for these members' logits."""
        log_p, which = self.log_proba(stack, members)
        return fit_temperature(log_p, *self.truth(which))


def fit_temperature(z: NDArray, y: NDArray, w: NDArray) -> float:
    """Temperature T that minimises the cross-entropy of softmax(z / T) (Guo et al., 2017).

    The cross-entropy is convex in 1 / T: Newton's method on its derivative
    ``mean(E_p[z] - z_y)``, whose slope is the variance of z under p, kept within 1/8 and 8. As in
    Platt's (1999) scaling, the targets are shrunk by what one more row could say, so that rows
    without a single error do not ask for certainty.

    Parameters
    ----------
    z : ndarray of shape (n, k)
        Logits of decisions not trained on.
    y : ndarray of shape (n, k)
        Target probabilities.
    w : ndarray of shape (n,)
        Weights.
    """
    shrink = 0.5 / (1 + (w > 0).sum())
    y = (1 - shrink) * y + shrink * y.sum(axis=1, keepdims=True) / y.shape[1]
    z = np.maximum(z - z.max(axis=1, keepdims=True), -1e100)  # squares stay finite
    target = (y * z).sum(axis=1) / np.maximum(y.sum(axis=1), 1e-300)
    w = w / (w.max() or 1.0)  # only their ratios count, and sums stay finite
    beta = 1.0
    for _ in range(20):
        p = np.exp(beta * z)
        p /= p.sum(axis=1, keepdims=True)
        mean = (p * z).sum(axis=1)
        slope = w @ (mean - target)
        curvature = w @ ((p * z**2).sum(axis=1) - mean**2)
        # where every p is 0 or 1, that is 0 and only the direction is known
        step = np.clip(slope / max(curvature, 1e-150), -beta / 2, beta)
        beta = float(np.clip(beta - step, 1 / 8, 8))
        if abs(step) < 1e-4 * beta:
            break
    return 1 / beta
