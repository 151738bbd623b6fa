"""Learning-rate schedules: from steps done and the steps of the whole run to a multiplier.

Most are a shape over the fraction of the run that is done, 0 to 1; others need no end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

Shape = Callable[[NDArray], NDArray]
Schedule = Callable[[NDArray, int], NDArray]


def constant(steps: NDArray, n_steps: int) -> NDArray:
    """1 throughout."""
    return np.ones(len(steps))


def inverse_sqrt(steps: NDArray, n_steps: int) -> NDArray:
    """Linear warm-up over 200 steps, then down with the root of the steps, whenever the run ends.

    After t more steps it is (1 + t / 10,000)^-1/2 (Vaswani et al., 2017, have the power). A run may
    be broken off at any step: averaged weights (Polyak & Juditsky, 1992) stand for a decay to 0.
    """
    warm_up, scale = 200, 10_000
    falling = 1 / np.sqrt(1 + np.maximum(steps - warm_up, 0) / scale)
    return np.minimum((steps + 1) / warm_up, falling)


def cosine(fraction: NDArray) -> NDArray:
    """Linear warm-up over the first 5 %, then half a cosine to 0 (Loshchilov & Hutter, 2017)."""
    warm_up = 0.05
    decay = (fraction - warm_up) / (1 - warm_up)
    falling = 0.5 * (1 + np.cos(np.pi * np.clip(decay, 0, 1)))
    return np.where(fraction < warm_up, (fraction + 1e-3) / (warm_up + 1e-3), falling)


def one_cycle(fraction: NDArray) -> NDArray:
    """From 1/25 up to 1 at 30 % of the run, down to 1/25,000 at its end (Smith & Topin, 2019)."""
    peak, low, end = 0.3, 1 / 25, 1 / 25_000

    def half_cosine(a, b, t):
        return b + (a - b) * 0.5 * (1 + np.cos(np.pi * np.clip(t, 0, 1)))

    rising = half_cosine(low, 1.0, fraction / peak)
    return np.where(fraction < peak, rising, half_cosine(1.0, end, (fraction - peak) / (1 - peak)))


def coslog4(fraction: NDArray) -> NDArray:
    """Four cosine waves in the logarithm of time (RealMLP; Holzmüller et al., 2024)."""
    return 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * fraction)))


SHAPES: dict[str, Shape] = {"cosine": cosine, "one_cycle": one_cycle, "coslog4": coslog4}
ENDLESS: dict[str, Schedule] = {"constant": constant, "inverse_sqrt": inverse_sqrt}


def along_the_run(shape: Shape, steps: NDArray, n_steps: int) -> NDArray:
    """Return what a shape has at these steps of a run."""
    multipliers = np.asarray(shape(np.minimum(steps / max(n_steps, 1), 1.0)))
    if multipliers.dtype.kind not in "iuf" or multipliers.shape not in ((), steps.shape):
        raise ValueError(
            "learning_rate must return a number for each fraction that it is given, got "
            f"{multipliers!r:.100} for {len(steps)} of them."
        )
    return multipliers.astype(np.float64) * np.ones(len(steps))


def schedule_of(learning_rate: str | Shape) -> Schedule:
    """Return the multiplier of the learning rate; what follows no schedule has 1."""
    if not isinstance(learning_rate, str):
        return partial(along_the_run, learning_rate)
    if learning_rate in SHAPES:
        return partial(along_the_run, SHAPES[learning_rate])
    return ENDLESS.get(learning_rate, constant)
