"""New rows made of old ones: some columns take the values that another row has there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .compact import CompactRows

_MOST = 0.25  # share of the columns that are taken from another row, at most


def crossed(
    rows: CompactRows, origins: Sequence[NDArray], rng: np.random.RandomState
) -> CompactRows:
    """Return as many rows, of each of which some columns are those of another row.

    `origins` has, for each array of the rows, which column of the table every column of that array
    comes from: what belongs together stays together. For each row a share is drawn, uniformly from
    0 to a quarter, and a row; each column is then taken from that row with the probability of the
    share.
    """
    n = rows.inputs().n_rows
    n_columns = 1 + max((int(columns.max()) for columns in origins if len(columns)), default=-1)
    others = rng.randint(n, size=n)
    taken = rng.random_sample((n, n_columns)) < _MOST * rng.random_sample((n, 1))
    return rows.with_arrays(
        [
            np.where(taken[:, columns], values[others], values)
            for values, columns in zip(rows.arrays, origins, strict=True)
        ]
    )
