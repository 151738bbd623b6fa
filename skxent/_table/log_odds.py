"""Log-odds of the classes by level of a category: what a level with few rows says of the target.

For the rows they are learnt from they are out of fold: no row's own label is in its statistic
(Micci-Barreca, 2001, for the statistic; Prokhorenkova et al., 2018, for why a row must not see its
own label).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from .._columns import Column

_PRIOR_ROWS = 10.0  # rows' worth of the overall rates, mixed into those of every level
_BEYOND_CHANCE = 2.0  # standard errors by which levels must tell more than the overall rates do
_N_FOLDS = 8
_MANY_LEVELS = 32  # above, most levels have too few rows: what they say of y is a number more
_MANY_CLASSES = 10  # above, one number per class and column would be too many


@dataclass(frozen=True, eq=False)
class LogOdds:
    """The statistics of the levels of some columns, by number of the column and text of the level.

    Missing is a level like any other, whose text is None.
    They come after the columns of the table, as columns more: one for two classes, else one for
    each class.
    """

    tables: Mapping[int, Mapping[str | None, Sequence[float]]]

    def look_up(self, columns: Sequence[Column]) -> list[NDArray]:
        """Return the statistics, by row; 0, which says nothing, for unknown levels."""
        found = [_look_up(columns[i], table) for i, table in self.tables.items()]
        return [statistic for values in found for statistic in values.T]

    @property
    def sources(self) -> list[int]:
        """Number of the table's column that each statistic is of."""
        return [i for i, table in self.tables.items() for _ in next(iter(table.values()))]

    def names(self, names: Sequence[str]) -> list[str]:
        """Return the names of the statistics; those of the table's columns are given."""
        out = []
        for i, table in self.tables.items():
            n = len(next(iter(table.values())))
            out += [f"{names[i]}_odds" + (f"{c}" if n > 1 else "") for c in range(n)]
        return out


def learn_log_odds(
    columns: Sequence[Column],
    numbers: Sequence[int],
    y: Any,
    kept: NDArray | None,
    weights: NDArray | None,
) -> tuple[LogOdds, list[NDArray]]:
    """Learn the log-odds of y by level of the columns with many levels.

    Returned beside them are those of every row, out of fold. `numbers` are those of the columns to
    look at; `kept` are the rows of y that they have.
    """
    tables, out_of_fold = {}, []
    with np.errstate(invalid="ignore"):  # where scikit-learn asks whether floats are whole
        if y is None or type_of_target(y, input_name="y") not in ("binary", "multiclass"):
            return LogOdds({}), []
    labels, classes = np.unique(column_or_1d(y), return_inverse=True)
    classes = classes if kept is None else classes[kept]
    for i in numbers:
        if len(labels) <= _MANY_CLASSES and len(columns[i].coded[1]) > _MANY_LEVELS:
            table, values = level_log_odds(columns[i], classes, len(labels), weights)
            if len(table) > _MANY_LEVELS and values.any():
                # a level that is left out has 0 as well
                tables[i] = {text: odds for text, odds in table.items() if any(odds)}
                out_of_fold += [*values.T]
    return LogOdds(tables), out_of_fold


def level_log_odds(
    column: Column, classes: NDArray, n_classes: int, weights: NDArray | None
) -> tuple[dict[str | None, list[float]], NDArray]:
    """Learn log p(class | level) / p(class), shrunk towards 0 where a level has few rows.

    Returns the statistics of each level by its text, as a dictionary of lists (one number for two
    classes: the difference of both), and those of the given rows, each from the other folds. They
    are exactly 0 for a row whose level no other fold has, and for all rows where levels tell no
    more of a row that is left out than chance would: such a column is an identifier.
    """
    codes, texts = column.coded
    ids: dict[str | None, int] = {}
    of_text = np.array([ids.setdefault(text, len(ids)) for text in texts])
    codes = of_text[np.asarray(codes, dtype=int) % len(texts)]
    folds = np.random.RandomState(0).permutation(len(codes)) % _N_FOLDS
    cells = (codes * _N_FOLDS + folds) * n_classes + classes
    mass = np.bincount(cells, weights, len(ids) * _N_FOLDS * n_classes)
    mass = mass.reshape(len(ids), _N_FOLDS, n_classes)
    total = mass.sum(axis=1)
    seen = total.any(axis=1)  # a pandas Categorical may have levels that no row has
    tells = _tells(total)
    odds = tells * _log_odds(total)
    out_of_fold = np.stack([tells * _log_odds(total - mass[:, f]) for f in range(_N_FOLDS)])
    table = {text: odds[i].tolist() for text, i in ids.items() if seen[i]}
    return table, out_of_fold[folds, codes]


def _tells(mass):
    """Whether levels tell the class of a row, itself left out, better than the overall rates do.

    The gain in log-likelihood must stand out from its own standard error. `mass` has the rows of
    each level and class.
    """
    prior = _prior(mass)
    others = np.maximum(mass - 1, 0) + _PRIOR_ROWS * prior
    rows = np.maximum(mass.sum(axis=1, keepdims=True) - 1, 0) + _PRIOR_ROWS
    gain = np.log(others / rows / prior)
    return (mass * gain).sum() > _BEYOND_CHANCE * np.sqrt((mass * gain**2).sum())


def _look_up(column, table):
    codes, texts = column.coded
    nothing = [0.0] * len(next(iter(table.values())))
    return np.array([table.get(text, nothing) for text in texts])[codes]


def _log_odds(mass):
    prior = _prior(mass)
    rows = mass.sum(axis=1, keepdims=True)
    odds = np.log((mass + _PRIOR_ROWS * prior) / (rows + _PRIOR_ROWS) / prior)
    odds[~mass.any(axis=1)] = 0.0  # exactly, not but for rounding
    return odds[:, 1:] - odds[:, :1] if mass.shape[1] == 2 else odds


def _prior(mass):
    return (mass.sum(axis=0) + 1e-9) / (mass.sum() + 1e-9 * mass.shape[1])
