"""Sums of products, in the thread that calls: a BLAS would wake others, which get in the way.

OpenBLAS shares products of more than 10,000 numbers of float64 out over its threads, and these stay
awake for a while, on cores that members are trained on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PIECE = 10_000  # numbers that one thread multiplies


def dot(a: NDArray, b: NDArray) -> float:
    """Return the sum of a * b, of two vectors; long ones are taken piece by piece."""
    if len(a) <= _PIECE:
        return float(np.vdot(a, b))
    pieces = (slice(start, start + _PIECE) for start in range(0, len(a), _PIECE))
    return sum(float(np.vdot(a[piece], b[piece])) for piece in pieces)
