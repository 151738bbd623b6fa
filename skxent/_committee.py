"""Several networks over several splits of the rows, one answer: folds, joint descent, temperature."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from ._schedules import Schedule
from ._solvers import MiniBatch
from ._stopping import Epoch, Monitor


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
    single = (np.bincount(codes) == 1)[codes[order]]
    order = order[~single]
    # every position whose share of held-out rows steps to the next whole number
    share = np.floor(np.arange(len(order) + 1) * fraction + 0.5)
    held_out = np.zeros(len(codes), dtype=bool)
    held_out[order] = np.diff(share) > 0
    return held_out


def descend_together(
    paths: Sequence[MiniBatch],
    monitor: Monitor,
    rate: float,
    schedule: Schedule,
    max_iter: int,
    n_steps: int,
    *,
    adaptive: bool = False,
    rate_of_epoch: Callable[[int], float] | None = None,
    n_jobs: int = 1,
) -> float:
    """Take all paths down epoch by epoch until the monitor, or `max_iter`, ends it.

    The members of a committee train in parallel threads and are judged together. With `adaptive`,
    patience at its end divides the rate by 5 instead of stopping, until it is 1e-6. Ctrl-C breaks
    off. Returns the rate at the end.
    """
    broken_off = threading.Event()

    def epoch(path):
        return path.epoch(rate, schedule, n_steps, stop)

    def stop():
        return broken_off.is_set() or monitor.out_of_time

    pool = ThreadPoolExecutor(min(n_jobs, len(paths))) if min(n_jobs, len(paths)) > 1 else None
    try:
        for number in range(max_iter):
            if rate_of_epoch is not None:
                rate = rate_of_epoch(number)
            parts = list(pool.map(epoch, paths) if pool else map(epoch, paths))
            joint = Epoch(
                float(np.mean([part.loss for part in parts])),
                float(np.sqrt(np.mean([part.gradient_norm**2 for part in parts]))),
                parts[0].learning_rate,
            )
            if monitor.observe(np.stack([path.current for path in paths]), joint):
                if not (adaptive and monitor.ending == "patience" and rate > 1e-6):
                    break
                rate /= 5
                monitor.patience.restart()
                monitor.ending = ""
        else:
            monitor.ending = "max_iter"
    except KeyboardInterrupt:
        broken_off.set()
        monitor.ending = "interrupted"
    finally:
        if pool:
            pool.shutdown()
    return rate


def pooled_log_proba(parts: Sequence[tuple[NDArray, NDArray | slice]], n_rows: int, k: int):
    """Mean over members of the log-probabilities of the rows they were not trained on.

    `parts` holds (log-probabilities, rows) of each member. Returns them and the rows covered.
    """
    total, count = np.zeros((n_rows, k)), np.zeros(n_rows)
    for log_p, rows in parts:
        total[rows] += log_p
        count[rows] += 1
    covered = np.flatnonzero(count)
    return total[covered] / count[covered, None], covered


def fit_temperature(z: NDArray, y: NDArray, w: NDArray | None = None) -> float:
    """Temperature T that minimises the cross-entropy of softmax(z / T) (Guo et al., 2017).

    The cross-entropy is convex in 1 / T: Newton's method on its derivative
    ``mean(E_p[z] - z_y)``, whose slope is the variance of z under p, kept within 1/8 and 8.

    Parameters
    ----------
    z : ndarray of shape (n, k)
        Logits of rows not trained on.
    y : ndarray of shape (n, k)
        Target probabilities.
    w : ndarray of shape (n,) or None
        Weights.
    """
    w = np.ones(len(z)) if w is None else w
    shrink = 1 / (1 + (w > 0).sum())
    y = (1 - shrink) * y + shrink * y.sum(axis=1, keepdims=True) / y.shape[1]
    z = z - z.max(axis=1, keepdims=True)
    target = (y * z).sum(axis=1) / np.maximum(y.sum(axis=1), 1e-300)
    beta = 1.0
    for _ in range(20):
        p = np.exp(log_softmax(beta * z, axis=1))
        mean = (p * z).sum(axis=1)
        slope = w @ (mean - target)
        curvature = w @ ((p * z**2).sum(axis=1) - mean**2)
        if not curvature > 0:
            break
        step = np.clip(slope / curvature, -beta / 2, beta)
        beta = float(np.clip(beta - step, 1 / 8, 8))
        if abs(step) < 1e-4 * beta:
            break
    return 1 / beta
