"""Which rows are held out, from which network."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

Split = tuple[NDArray | None, NDArray | None]  # training rows (None: all), held-out rows (or none)


def draw_splits(
    codes: NDArray,
    n_members: int,
    fraction: float,
    rng: np.random.RandomState,
    earlier: np.random.RandomState | None,
) -> tuple[list[Split], np.random.RandomState]:
    """Draw the splits of all members; return them, and the state that draws them again.

    With the state of an `earlier` fit, rows of the same table that were trained on then do not
    judge now, and nothing is drawn from `rng`.
    """
    before = copy.deepcopy(rng if earlier is None else earlier)
    drawn_by = rng if earlier is None else copy.deepcopy(earlier)
    return random_splits(codes, n_members, fraction, drawn_by), before


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
        return [(_numbers_of(folds != m), _numbers_of(folds == m)) for m in range(n_members)]
    held_out = stratified_holdout(codes, fraction, rng)
    if held_out.sum() < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            "dataset."
        )
    return [(_numbers_of(~held_out), _numbers_of(held_out))]


def _numbers_of(chosen: NDArray) -> NDArray:
    """Numbers of the rows that are chosen: of 32 bits as long as these can count the rows."""
    return np.flatnonzero(chosen).astype(np.int32 if len(chosen) < 1 << 31 else np.intp)


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


def _row_numbers(rows):
    rows = np.asarray(rows)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "biu"):
        raise ValueError(
            "cv must give numbers of rows, as two arrays of integers (or masks) for each split: "
            f"rows to train on and rows to hold out; got {rows!r:.100} for one of them."
        )
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
