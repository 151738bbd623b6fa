"""Learning-rate schedules: functions from the fraction of the run done, 0 to 1, to a multiplier."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Schedule = Callable[[NDArray], NDArray]


def constant(fraction: NDArray) -> NDArray:
    """1 throughout."""
    return np.ones_like(fraction)


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


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "one_cycle": one_cycle,
    "coslog4": coslog4,
}


def schedule_of(learning_rate: str | Schedule) -> Schedule:
    """Return the multiplier of the learning rate; what follows no fraction of the run has 1."""
    if isinstance(learning_rate, str):
        return SCHEDULES.get(learning_rate, constant)
    return learning_rate
