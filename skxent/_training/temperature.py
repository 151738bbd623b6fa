"""The temperature: one number that makes logits as sure as they are right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._products import dot

TEMPERATURES = (1 / 8, 8.0)  # the lowest and the highest
_BLOCK = 1 << 14  # rows at a time


def fit_temperature(z: NDArray, y: NDArray, w: NDArray) -> float:
    """Temperature T that minimises the cross-entropy of softmax(z / T) (Guo et al., 2017).

    The cross-entropy is convex in 1 / T: Newton's method on its derivative
    ``mean(E_p[z] - z_y)``, whose slope is the variance of z under p, kept within
    `TEMPERATURES`. As in Platt's (1999) scaling, the targets are shrunk by what one more row could
    say, so that rows without a single error do not ask for certainty.

    Parameters
    ----------
    z : ndarray of shape (n, k)
        Logits of decisions not trained on.
    y : ndarray of shape (n, k)
        Target probabilities.
    w : ndarray of shape (n,)
        Weights.
    """
    shrink, heaviest = 0.5 / (1 + (w > 0).sum()), w.max() or 1.0
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(z), _BLOCK)]
    beta, (coldest, hottest) = 1.0, TEMPERATURES
    for _ in range(20):
        # only the ratios of weights count, and sums of these stay finite
        sums = [_derivatives(beta, z[at], y[at], w[at] / heaviest, shrink) for at in blocks]
        slope, curvature = np.sum(sums, axis=0)
        # where every p is 0 or 1, that is 0 and only the direction is known
        step = np.clip(slope / max(curvature, 1e-150), -beta / 2, beta)
        beta = float(np.clip(beta - step, 1 / hottest, 1 / coldest))
        if abs(step) < 1e-4 * beta:
            break
    return 1 / beta


def _derivatives(beta, z, y, w, shrink):
    """Return the sums over rows of the first and of the second derivative in beta = 1 / T."""
    y = (1 - shrink) * y + shrink * y.sum(axis=1, keepdims=True) / y.shape[1]
    z = np.maximum(z - z.max(axis=1, keepdims=True), -1e100)  # squares stay finite
    target = (y * z).sum(axis=1) / np.maximum(y.sum(axis=1), 1e-300)
    p = np.exp(beta * z)
    p /= p.sum(axis=1, keepdims=True)
    mean = (p * z).sum(axis=1)
    return dot(w, mean - target), dot(w, (p * z**2).sum(axis=1) - mean**2)
