"""Log-odds of the classes by level of a category: what a level with few rows says of the target.

For the rows they are learnt from they are out of fold: no row's own label is in its statistic
(Micci-Barreca, 2001, for the statistic; Prokhorenkova et al., 2018, for why a row must not see its
own label).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._frames import text_of, values_of

_PRIOR_ROWS = 10.0  # rows' worth of the overall rates, mixed into those of every level
_N_FOLDS = 8


def level_log_odds(column, classes: NDArray, n_classes: int, weights: NDArray | None):
    """Learn log p(class | level) / p(class), shrunk towards 0 where a level has few rows.

    Returns the statistics of each level by its text, as a dictionary of lists (one number for two
    classes: the difference of both), and those of the given rows, each from the other folds.
    """
    codes, values = values_of(column)
    ids: dict = {}
    of_value = np.array([ids.setdefault(_key(value), len(ids)) for value in values])
    codes = of_value[np.asarray(codes, dtype=int) % len(values)]
    folds = np.random.RandomState(0).permutation(len(codes)) % _N_FOLDS
    cells = (codes * _N_FOLDS + folds) * n_classes + classes
    mass = np.bincount(cells, weights, len(ids) * _N_FOLDS * n_classes)
    mass = mass.reshape(len(ids), _N_FOLDS, n_classes)
    total = mass.sum(axis=1)
    out_of_fold = np.stack([_log_odds(total - mass[:, f]) for f in range(_N_FOLDS)])
    seen = total.any(axis=1)  # a pandas Categorical may have levels that no row has
    odds = _log_odds(total).tolist()
    table = {text: odds[i] for text, i in ids.items() if seen[i]}
    return table, out_of_fold[folds, codes]


def look_up(column, table: dict) -> NDArray:
    """Return the statistics of a column by row; 0, which says nothing, for unknown levels."""
    codes, values = values_of(column)
    nothing = [0.0] * len(next(iter(table.values())))
    return np.array([table.get(_key(value), nothing) for value in values])[codes]


def _key(value):
    """Return the text of a level; missing counts as empty, so that every key is a string."""
    return text_of(value) or ""


def _log_odds(mass):
    prior = (mass.sum(axis=0) + 1e-9) / (mass.sum() + 1e-9 * mass.shape[1])
    rows = mass.sum(axis=1, keepdims=True)
    odds = np.log((mass + _PRIOR_ROWS * prior) / (rows + _PRIOR_ROWS) / prior)
    return odds[:, 1:] - odds[:, :1] if mass.shape[1] == 2 else odds
