"""What became of each column of a table: as lines to print, and as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._compat import check_pandas_support
from .encoding import Encoding

if TYPE_CHECKING:
    from pandas import DataFrame

_NAMED = 5  # columns that a line names, at most


@dataclass(frozen=True)
class ColumnSummary:
    """What became of one column: by default a number that is handed on.

    `kind` is "number", "category", "flag" or "date", `left_out` why it is not used, or empty.
    `bins` and `levels` count those that have a column of their own; `width` counts all encoded
    columns. `relevance` is what the most relevant of these counted as multiplied by in training, or
    None.
    """

    column: str
    kind: str = "number"
    left_out: str = ""
    bins: int = 0
    levels: int = 0
    gaps: bool = False
    rare_levels: bool = False
    log_odds: bool = False
    width: int = 1
    relevance: float | None = None


@dataclass(frozen=True)
class Finding:
    """Something that is so of some columns, for a line."""

    what: str
    columns: tuple[str, ...]

    @property
    def which(self) -> str:
        """Names of columns, of a handful at most."""
        named = ", ".join(map(repr, self.columns[:_NAMED]))
        more = len(self.columns) - _NAMED
        return f"{named} and {more} more" if more > 0 else named


@dataclass(frozen=True)
class TableSummary:
    """What became of all columns."""

    columns: tuple[ColumnSummary, ...]

    @property
    def headline(self) -> str:
        """How many columns become how many, in a few words."""
        n, width = len(self.columns), sum(column.width for column in self.columns)
        return f"{n} column{'s' * (n != 1)}, encoded as {width}"

    @property
    def findings(self) -> list[Finding]:
        """What columns are, which are left out and why, and what they are given more."""
        kinds = {"numbers": "number", "categories": "category", "flags": "flag", "dates": "date"}
        used = [column for column in self.columns if not column.left_out]
        reasons = dict.fromkeys(column.left_out for column in self.columns if column.left_out)
        most = max((column.bins for column in used), default=0)
        each = {
            **{what: [c for c in used if c.kind == kind] for what, kind in kinds.items()},
            **{f"left out, {r}": [c for c in self.columns if c.left_out == r] for r in reasons},
            f"up to {most} bins": [c for c in used if c.bins],
            "gaps": [c for c in used if c.gaps],
            "rare levels": [c for c in used if c.rare_levels],
            "log-odds": [c for c in used if c.log_odds],
            "relevance above 1": sorted(
                (c for c in used if (c.relevance or 0) > 1), key=lambda c: -(c.relevance or 0)
            ),
        }
        return [Finding(what, tuple(c.column for c in cs)) for what, cs in each.items() if cs]

    def with_relevance(self, relevance: NDArray, sources: NDArray) -> TableSummary:
        """Return the same with the relevance of encoded columns, made of those with the numbers."""
        most = np.zeros(len(self.columns))
        np.maximum.at(most, sources, relevance)
        pairs = zip(self.columns, most.tolist(), strict=True)
        return TableSummary(tuple(replace(column, relevance=r or None) for column, r in pairs))

    @property
    def lines(self) -> list[str]:
        """One line for each finding."""
        return [f"  {f.what} ({len(f.columns)}): {f.which}" for f in self.findings]


class SummaryText(str):
    """Lines to print, which know what became of each column: :meth:`to_frame`."""

    table: TableSummary

    def __new__(cls, text: str = "", table: TableSummary | None = None) -> SummaryText:
        """Let a text know what it tells of."""
        new = super().__new__(cls, text)
        new.table = TableSummary(()) if table is None else table
        return new

    def to_frame(self) -> DataFrame:
        """Return a pandas DataFrame of a row for each column of the table."""
        pandas = check_pandas_support("summary().to_frame()")
        names = [field.name for field in fields(ColumnSummary)]
        frame = pandas.DataFrame([asdict(column) for column in self.table.columns], columns=names)
        untold = frame["relevance"].isna().all()
        return frame.drop(columns="relevance") if untold else frame.astype({"relevance": float})


def summarize_columns(encoding: Encoding, names: Sequence[str]) -> TableSummary:
    """Return what became of the columns with these names."""
    if encoding.sparse is not None:
        return TableSummary(tuple(ColumnSummary(name) for name in names))
    schema, numbers, categories = encoding.schema, encoding.numbers, encoding.categories
    n = len(names)
    of = encoding.numeric_sources  # log-odds are of categories
    own = ~schema.is_categorical[of]
    width, bins, levels = (np.zeros(n, dtype=int) for _ in range(3))
    for places in (numbers.linear, numbers.gaps, numbers.plain):
        np.add.at(width, of[places], 1)
    np.add.at(width, of[numbers.binned], numbers.widths)
    np.add.at(bins, of[numbers.binned], numbers.widths * own[numbers.binned])
    columns = list(categories.columns)
    np.add.at(width, columns, categories.widths)
    levels[columns] = [*map(len, categories.levels)]
    gaps, flags = {*of[numbers.gaps].tolist()}, {*of[numbers.flags].tolist()}
    rare, odds = set(), {*of[~own].tolist()}
    for i, gap, rest in zip(columns, categories.gap_codes, categories.rare_codes, strict=True):
        gaps |= {i} if gap == gap else set()
        rare |= {i} if rest == rest else set()

    def left_out(i):
        if width[i]:
            return ""
        if schema.families[i] == "empty":
            return "empty"
        if schema.is_categorical[i] and categories.identifiers is None:
            return "constant or identifier"
        return "identifier" if i in (categories.identifiers or ()) else "constant"

    def kind(i):
        if schema.families[i] == "bool" or i in flags:
            return "flag"
        if i in schema.dates:
            return "date"
        return "category" if schema.is_categorical[i] else "number"

    return TableSummary(
        tuple(
            ColumnSummary(
                name,
                kind(i),
                left_out(i),
                int(bins[i]),
                int(levels[i]),
                i in gaps,
                i in rare,
                i in odds,
                int(width[i]),
            )
            for i, name in enumerate(names)
        )
    )
