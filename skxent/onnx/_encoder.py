"""A TableEncoder as a graph: numbers, their gaps and bins, categories, log-odds."""

from __future__ import annotations

import numpy as np

from .._table.numbers import FARTHEST, LARGEST
from ._inputs import levels_of, missing_texts


def encoded(g, encoding, columns):
    """Return what the encoder makes of the columns.

    This is a matrix, of the numbers and their bins, and for each field of categories a vector of
    codes with the number of its columns; the code after the last stands for zeros.
    """
    if encoding.sparse is not None:
        x = columns.numbers(range(len(encoding.sparse.scale)))
        x = g("Where", g("IsNaN", x), g.constant(0.0), x)
        scaled = g("Div", x, g.constant(encoding.sparse.scale))
        return _rounded(g, encoding, _smooth_clip(g, scaled)), []
    if dates := encoding.schema.dates:
        raise ValueError(
            f"Column {encoding.schema.name(dates[0])} holds dates, for which ONNX has no type: "
            "make numbers of them, such as days since a date, before the estimator."
        )
    parts, numbers = [], encoding.numbers
    if len(numbers.columns):
        x = _numbers_and_statistics(g, encoding, columns)
        missing = g("IsNaN", x)
        x = g("Where", missing, g.constant(numbers.center), x)
        z = g("Div", g("Sub", x, g.constant(numbers.center)), g.constant(numbers.scale))
        if len(numbers.linear):
            parts.append(_rounded(g, encoding, g.pick(_smooth_clip(g, z), numbers.linear)))
        if len(numbers.gaps):
            parts.append(g.cast(g.pick(missing, numbers.gaps), np.float64))
        if len(numbers.plain):
            parts.append(_rounded(g, encoding, _standard(g, numbers, x, missing)))
        if len(numbers.binned):
            parts.append(_bins(g, numbers, x))
    fields, categories = [], encoding.categories
    widths = categories.widths.tolist()
    for f, i in enumerate(categories.columns):
        gap, rare = (
            widths[f] if np.isnan(code) else int(code)
            for code in (categories.gap_codes[f], categories.rare_codes[f])
        )
        texts = missing_texts(levels_of(encoding, i))
        fields.append((columns.codes(i, categories.levels[f], gap, rare, texts), widths[f]))
    if not parts:
        return None, fields
    return (parts[0] if len(parts) == 1 else g("Concat", *parts, axis=1)), fields


def _numbers_and_statistics(g, encoding, columns):
    """Return the numeric columns, and after them the log-odds by level."""
    n = len(encoding.schema.families)
    own = [i for i in encoding.numbers.columns if i < n]
    parts = [columns.numbers(own)] if own else []
    first = n
    for i, table in encoding.log_odds.tables.items():
        codes = {text: code for code, text in enumerate(table)}
        missing = codes.pop(None, len(table))
        texts = missing_texts(levels_of(encoding, i))
        codes = columns.codes(i, codes, missing, len(table), texts)
        odds = np.array([*table.values()])
        last = first + odds.shape[1]
        chosen = [j - first for j in encoding.numbers.columns if first <= j < last]
        first = last
        if chosen:
            odds = np.vstack([odds, np.zeros(odds.shape[1])])[:, chosen]
            parts.append(g("Gather", g.constant(odds), codes, axis=0))
    return parts[0] if len(parts) == 1 else g("Concat", *parts, axis=1)


def _smooth_clip(g, z):
    """Bend z smoothly into (-3, 3)."""
    z = g("Clip", z, g.constant(-1e6), g.constant(1e6))
    third = g("Div", z, g.constant(3.0))
    root = g("Sqrt", g("Add", g("Mul", third, third), g.constant(1.0)))
    return g("Div", z, root)


def _standard(g, numbers, x, missing):
    """Return the standardised columns; a gap is the mean."""
    z = g("Sub", g.pick(x, numbers.plain), g.constant(numbers.mean))
    z = g("Div", z, g.constant(numbers.std))
    z = g("Clip", z, g.constant(-FARTHEST), g.constant(FARTHEST))
    return g("Where", g.pick(missing, numbers.plain), g.constant(0.0), z)


def _bins(g, numbers, x):
    """Return the piecewise-linear encoding: how far x has come through each bin, from 0 to 1."""
    edges, n_bins = numbers.edges, numbers.widths
    low = np.concatenate([edges[:n, j] for j, n in enumerate(n_bins)])
    high = np.concatenate([edges[1 : n + 1, j] for j, n in enumerate(n_bins)])
    x = g.pick(x, np.repeat(numbers.binned, n_bins))
    with np.errstate(over="ignore"):
        width = np.minimum(high - low, LARGEST)
    share = g("Div", g("Sub", x, g.constant(low)), g.constant(width))
    share = g("Clip", share, g.constant(0.0), g.constant(1.0))
    # the encoder keeps the place along all bins of a column in float32: rounded alike here
    before = g.constant(np.concatenate([np.arange(n, dtype=float) for n in n_bins]))
    place = g.cast(g.cast(g("Add", share, before), np.float32), np.float64)
    return g("Sub", place, before)


def _rounded(g, encoding, x):
    """Round to the precision of the encoder."""
    return x if encoding.dtype == "float64" else g.cast(g.cast(x, np.float32), np.float64)
