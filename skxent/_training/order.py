"""The order in which an epoch goes through the rows, in pieces that need little memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .._kernels import permutation

# the unit of shuffling for huge tables, of blocks of neighbouring rows
STRETCH = 1 << 17
_BLOCK = 1 << 9
# rows between two looks at the clock and at Ctrl-C
_GLANCE = 1 << 14


def pieces(
    rows: NDArray | None,
    n_rows: int,
    batch_size: int,
    generator: np.random.Generator,
    *,
    shuffle: bool,
) -> Iterator[NDArray | None]:
    """Yield the rows of one epoch in short pieces that are whole numbers of batches.

    They are the `n_rows` numbers in `rows`, or all of the first where that is None.
    """
    length = max(_GLANCE // batch_size, 1) * batch_size
    for order in _stretches(n_rows, batch_size, generator, shuffle):
        if rows is not None:
            order = rows if order is None else rows.take(order)
        if n_rows <= length:
            yield order
            return
        order = np.arange(n_rows) if order is None else order
        yield from (order[start : start + length] for start in range(0, len(order), length))


def _stretches(n, batch_size, generator, shuffle):
    """Yield places among n rows, in stretches that are whole numbers of batches; None for all.

    A large table is shuffled in two stages, so that the order never takes memory of its size:
    blocks of neighbouring rows are dealt at random to the stretches, each stretch is then shuffled.
    """
    stretch = max(STRETCH // batch_size, 1) * batch_size
    if n <= 2 * stretch:
        yield permutation(n, generator.bit_generator.random_raw()) if shuffle else None
    elif shuffle:
        yield from _dealt(n, stretch, batch_size, generator)
    else:
        yield from (np.arange(start, min(start + stretch, n)) for start in range(0, n, stretch))


def _dealt(n, stretch, batch_size, generator):
    def shuffled(n):
        return permutation(n, generator.bit_generator.random_raw())

    blocks = shuffled(-(-n // _BLOCK)).astype(np.intp)
    carried = np.empty(0, dtype=np.intp)
    per_stretch = -(-stretch // _BLOCK)
    for start in range(0, len(blocks), per_stretch):
        taken = blocks[start : start + per_stretch]
        order = (taken[:, None] * _BLOCK + np.arange(_BLOCK)).ravel()
        order = order[order < n]
        order = np.concatenate([carried, order.take(shuffled(len(order)))])
        if start + per_stretch < len(blocks):
            cut = len(order) // batch_size * batch_size
            order, carried = order[:cut], order[cut:]
        yield order
