"""Columns of categories: their levels, and the codes of those that are missing, rare or unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from .._columns import Column
from .checks import rare_below

_MAX_LEVELS = 1000  # levels of one column that may have a column of their own
# more levels than these, and fewer rows for each on average: an identifier more than a category,
# where a level that comes twice or so has met itself by chance
_IDENTIFIERS, _ROWS_OF_EACH, _RARE_AMONG_THEM = 10, 3, 5


@dataclass(frozen=True, eq=False)
class Categories:
    """What is known of the categorical columns that are used.

    Parameters
    ----------
    columns : tuple of int
        Their numbers.
    levels : tuple of dict
        The code of each level by its text.
    gap_codes, rare_codes : ndarray of float
        Codes of missing and of all other levels; NaN where they are encoded as zeros.
    widths : ndarray of int
        Number of codes of each column.
    identifiers : tuple of int or None
        Numbers of the columns that are not used because no level has enough rows; None if that
        is not known.
    """

    columns: tuple[int, ...]
    levels: tuple[Mapping[str, int], ...]
    gap_codes: NDArray
    rare_codes: NDArray
    widths: NDArray
    identifiers: tuple[int, ...] | None = None

    def read(self, columns: Sequence[Column], positions: NDArray) -> None:
        """Write the codes of all rows into `positions`, a column for each categorical column."""
        gaps, rares = self.gap_codes.tolist(), self.rare_codes.tolist()
        known = zip(self.columns, self.levels, gaps, rares, strict=True)
        for f, (i, levels, gap, rare) in enumerate(known):
            codes, texts = columns[i].coded
            table = [gap if t is None else levels.get(t, rare) for t in texts]
            if len(positions) == 1:  # the usual way takes three times as long
                positions[0, f] = table[codes[0]]
            else:
                positions[:, f] = np.array(table, dtype=np.float32)[codes]

    def names(self, f: int) -> list[str]:
        """Return the names of a column's codes."""
        levels, gap, rare = [*self.levels[f]], self.gap_codes[f], self.rare_codes[f]
        if gap == len(levels) != rare:
            levels.append("missing")
        if rare == len(levels):
            levels.append("infrequent")
        return levels


def learn_categories(
    columns: Sequence[Column],
    numbers: Sequence[int],
    weights: NDArray | None,
    n_rows: int,
    *,
    keep_constants: bool,
) -> Categories:
    """Learn the levels of the columns with the given numbers."""
    used, levels, gap_codes, rare_codes, widths, identifiers = [], [], [], [], [], []
    for i in numbers:
        counts = _level_counts(columns[i], weights)
        enough = rare_below(n_rows)
        if len(counts) > _IDENTIFIERS and n_rows < _ROWS_OF_EACH * len(counts):
            enough = max(enough, _RARE_AMONG_THEM)
        own = [t for t, count in counts.items() if count >= enough]
        by_count = [(-counts[t], t or "", t) for t in own]
        own = [t for *_, t in sorted(by_count, key=itemgetter(0, 1))][:_MAX_LEVELS]
        has_rare = len(own) < len(counts)
        if len(own) + has_rare < 2 and not keep_constants:
            if len(counts) > 1:
                identifiers.append(i)
            continue
        texts = sorted(t for t in own if t is not None)
        rare = len(own) if has_rare else np.nan
        gap = len(texts) if None in own else rare if None in counts else np.nan
        used.append(i)
        levels.append({text: code for code, text in enumerate(texts)})
        gap_codes.append(gap)
        rare_codes.append(rare)
        widths.append(len(own) + has_rare)
    return Categories(
        tuple(used),
        tuple(levels),
        np.array(gap_codes),
        np.array(rare_codes),
        np.array(widths, dtype=int),
        tuple(identifiers),
    )


def _level_counts(column, weights):
    """Return the weight of each level of a column, by its text; None is missing."""
    codes, texts = column.coded
    codes = np.asarray(codes, dtype=int) % len(texts)
    counts: dict[str | None, float] = {}
    for text, count in zip(texts, np.bincount(codes, weights, len(texts)), strict=True):
        if count > 0:
            counts[text] = counts.get(text, 0) + count
    return counts
