"""Columns of dates: time as it goes on, and the time of year, of week and of day as circles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .._columns import Column

PARTS = (
    "days",
    *("year_sin", "year_cos", "week_sin", "week_cos", "day_sin", "day_cos"),
)


def date_parts(column: Column) -> list[NDArray]:
    r"""Return a column of dates as numbers, one array for each of `PARTS`; NaN where missing.

    Days since 1970, with fractions, and the angles :math:`2 \pi t / T`, by their sine and cosine,
    of the time t since the beginning of a year, of a week (on Monday) and of a day, which take T.
    So the last hour of a day is as near to the next one as it is to the one before.
    """
    times = column.times
    missing = np.isnat(times)
    times = np.where(missing, np.datetime64(0, "D"), times)  # arithmetic of NaT warns, or does not
    day, year = times.astype("M8[D]"), times.astype("M8[Y]")
    of_day = (times - day) / np.timedelta64(1, "D")
    days = day.astype(np.int64) + of_day
    first, next_first = year.astype("M8[D]"), (year + 1).astype("M8[D]")
    of_year = ((day - first).astype(np.int64) + of_day) / (next_first - first).astype(np.int64)
    of_week = (days + 3) / 7  # 1970 began on a Thursday
    parts = [days]
    for share in (of_year, of_week % 1, of_day):
        parts += [np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)]
    for part in parts:
        part[missing] = np.nan
    return parts


def all_date_parts(columns: Sequence[Column], numbers: Sequence[int]) -> list[NDArray]:
    """Return the parts of the columns of dates, which have these numbers, one after another."""
    return [part for i in numbers for part in date_parts(columns[i])]


def date_names(names: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """Return what the parts are called, in the same order."""
    return [f"{names[i]}_{part}" for i in numbers for part in PARTS]
