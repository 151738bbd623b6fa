"""What each column of a table is, and whether it still is that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._columns import MISSING, Column

_FROM_DTYPE = "from_dtype"
_MAY_MISS = float | int | str | np.floating
_ADVICE = {
    "text": "holds text: list it in categorical_features",
    "mixed": "holds both text and numbers: make it all text, or add it to the categories by "
    "categorical_features=['from_dtype', {name}]",
    "time": "holds times without dates, periods, or dates among other values: replace them by "
    "dates (by .dt.to_timestamp() for periods), or by numbers such as seconds since midnight",
    "complex": "is complex. Complex data not supported: give the real and imaginary parts",
    "other": "holds objects of type {kind}: an argument must be a string or a number. Spread what "
    "they hold over columns",
}


@dataclass(frozen=True, eq=False)
class Schema:
    """The families of all columns, which are categories, and their names where they have some."""

    families: tuple[str, ...]
    is_categorical: NDArray
    names: tuple[str, ...] | None

    @property
    def categorical(self) -> list[int]:
        """Numbers of the columns that are categories."""
        return np.flatnonzero(self.is_categorical).tolist()

    @property
    def plain(self) -> list[int]:
        """Numbers of the columns that are numbers, dates left out."""
        plain = np.flatnonzero(~self.is_categorical).tolist()
        return [i for i in plain if self.families[i] != "date"]

    @property
    def dates(self) -> list[int]:
        """Numbers of the columns of dates."""
        return [i for i, family in enumerate(self.families) if family == "date"]

    def name(self, i: int) -> str | int:
        """Return what a message calls a column."""
        return i if self.names is None else repr(str(self.names[i]))

    def infinite(self, i: int) -> ValueError:
        """Return the error of a column that holds an infinite value."""
        return ValueError(
            f"Column {self.name(i)} holds an infinite value: every number must be finite or "
            "missing. Replace infinity by NaN or by a large number."
        )

    def check(self, columns: Sequence[Column]) -> list[Column]:
        """Return the columns as they were in fit; ValueError if one holds something else.

        Levels go by their text, whatever they are. Flags may be 0 and 1. What had no value in fit
        had no family either, and nothing is known of it.
        """
        return [
            column if column.family == family else self._checked(i, family, column)
            for i, (family, column) in enumerate(zip(self.families, columns, strict=True))
        ]

    def _checked(self, i, family, column):
        got = column.family
        if got == "empty" or family == "empty":
            return column
        if self.is_categorical[i] and {got, family} == {"bool", "number"}:
            try:
                return column.read_as(family)
            except ValueError as error:
                raise ValueError(
                    f"Column {self.name(i)} holds the number {error}, but held bool values in fit: "
                    "numbers may stand for them where they are 0 and 1."
                ) from None
        accepted: tuple[str, ...] = ("number", "bool")
        if self.is_categorical[i]:
            accepted = ("text", "number", "bool", "mixed")
        elif family in ("date", "duration"):
            accepted = ()
        if got in accepted or (got != "other" and column.all_missing):
            return column
        raise ValueError(
            f"Column {self.name(i)} holds {got} values, but held {family} values in fit: "
            "convert it to what it was."
        )


def learn_schema(
    columns: Sequence[Column],
    chosen: Any,
    names: Sequence[str] | None,
    *,
    sparse: bool,
    first_of_many: bool = False,
) -> Schema:
    """Return what the columns are; `chosen` is the parameter categorical_features.

    Where the rows are the `first_of_many`, dates may come to a column of their dtype.
    """
    families = tuple(
        "empty"
        if not (first_of_many and column.family == "date") and _is_empty(column, sparse)
        else column.family
        for column in columns
    )
    mask = _categorical_mask(columns, families, chosen, names, sparse)
    schema = Schema(families, mask, None if names is None else tuple(names))
    for i, family in enumerate(families):
        if mask[i] and family in ("date", "duration"):
            raise ValueError(
                f"Column {schema.name(i)} holds {family}s, which are no categories: leave it out "
                "of categorical_features, or make it text by .astype(str)."
            )
        accepted = ("text", "mixed") if mask[i] else ()
        if family in _ADVICE and family not in accepted:
            error = TypeError if family == "other" else ValueError
            kinds = (type(v).__name__ for v in columns[i].listed)
            kind = next((k for k in kinds if k not in (*MISSING, "float")), "object")
            advice = _ADVICE[family].format(name=schema.name(i), kind=kind)
            raise error(f"Column {schema.name(i)} {advice}.")
    return schema


def _is_empty(column, sparse):
    """Whether a column has no value, whatever its dtype: files give some to such columns."""
    if sparse or not len(column.values):
        return False
    first = column.values[0]
    if isinstance(first, _MAY_MISS) and first == first:  # the usual case, at the least cost
        return False
    if column.family == "empty":
        return True
    objects = isinstance(column.values, np.ndarray) and column.values.dtype == object
    return not objects and column.family != "other" and column.all_missing


def _categorical_mask(columns, families, chosen, names, sparse):
    """Return which columns are categories, by the rules of HistGradientBoosting."""
    mask = np.zeros(len(columns), dtype=bool)
    more = [] if isinstance(chosen, str) else chosen
    if isinstance(chosen, str) or (isinstance(chosen, list | tuple) and _FROM_DTYPE in chosen):
        for i, (family, column) in enumerate(zip(families, columns, strict=True)):
            mask[i] = family in ("bool", "text") or column.is_categorical
        more = [c for c in more if not (isinstance(c, str) and c == _FROM_DTYPE)]
        if not more:
            return mask
    chosen = more
    chosen = np.asarray([] if chosen is None else chosen)
    if chosen.size == 0:
        return mask
    if chosen.ndim != 1:
        raise ValueError(
            "categorical_features must be a list or an array, of one dimension, of bool, int or "
            f"str; got {more!r}."
        )
    if sparse:
        raise ValueError("A sparse X cannot have categorical_features: encode them first.")
    mask[_numbers_of(chosen, mask, [] if names is None else list(names))] = True
    return mask


def _numbers_of(chosen, mask, names):
    """Return what selects the chosen columns: a mask, or their numbers."""
    if chosen.dtype.kind == "b":
        if chosen.shape != mask.shape:
            raise ValueError(
                "categorical_features set as a boolean mask must have shape (n_features,), "
                f"got: {chosen.shape}"
            )
        return chosen
    if chosen.dtype.kind in "iu":
        if chosen.min() < 0 or chosen.max() >= len(mask):
            wrong = [int(c) for c in chosen if not 0 <= c < len(mask)]
            raise ValueError(
                "categorical_features set as integer indices must be in [0, n_features - 1], but "
                f"{wrong[0]} is not: there are {len(mask)} columns."
            )
        return chosen
    if not all(isinstance(c, str) for c in chosen):
        raise ValueError(
            "categorical_features must be an array-like of bool, int or str, got: "
            f"{chosen.dtype.name}."
        )
    if not names:
        raise ValueError(
            "categorical_features should be passed as an array of integers or as a "
            "boolean mask when the model is fitted on data without feature names."
        )
    if unknown := [str(c) for c in chosen if c not in names]:
        raise ValueError(
            f"categorical_features has an item value {unknown[0]!r} which is not a "
            f"valid feature name of the training data. Observed feature names: {names}"
        )
    return [names.index(c) for c in chosen]
