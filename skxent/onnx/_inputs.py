"""The inputs of a model: their types, which hold all that their columns can, and tables as arrays.

What a column can hold is known from what the estimator saw in ``fit``. A gap among texts is a text
that is no level of its column, and a text that would be taken for a gap becomes another one; which
these are is written into the model, where ``feed`` finds it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)

from .._columns import Column, columns_of, table_of, text_of
from .._table.encoding import Encoding

_MISSING_TEXTS = ("", "nan", "None", "<NA>")  # what gaps among texts become on the way in
NOTES = "skxent.inputs"  # key of the model's metadata
# where nothing was noted of a column: what is written for a gap, and nothing else is replaced
_UNKNOWN_TEXTS = ([""], "")
_NUMPY_TYPES = {
    "string": np.dtype(object),
    "double": np.dtype(np.float64),
    "float": np.dtype(np.float32),
    "float16": np.dtype(np.float16),
    **{kind: np.dtype(kind) for kind in ("int8", "int16", "int32", "int64", "bool")},
    **{kind: np.dtype(kind) for kind in ("uint8", "uint16", "uint32", "uint64")},
}


# ---- what the columns hold


@dataclass(frozen=True)
class Content:
    """What a column can hold: numbers, or categories of a family, of these levels; or anything."""

    family: str = "number"
    is_category: bool = False
    levels: frozenset[str] = frozenset()
    has_gaps: bool = False

    def fits(self, dtype: Any) -> bool:
        """Whether numbers of this dtype can be every level."""
        return all(_is_exact(text, dtype) for text in self.levels)


def contents_of(encoding: Encoding) -> list[Content]:
    """Return what each column that an encoder reads can hold."""
    schema, used = encoding.schema, encoding.numbers.columns
    contents = []
    for i, (family, is_category) in enumerate(
        zip(schema.families, schema.is_categorical, strict=True)
    ):
        if is_category:
            levels, has_gaps = levels_of(encoding, i), _had_gaps(encoding, i)
            contents.append(Content(family, True, levels, has_gaps))
        elif family == "empty" and i not in used:
            contents.append(Content("any"))  # which is never read
        else:
            contents.append(Content())
    return contents


def levels_of(encoding: Encoding, i: int) -> frozenset[str]:
    """Return the texts that an encoder knows of a column."""
    categories = encoding.categories
    known = {text for text in encoding.log_odds.tables.get(i, ()) if text is not None}
    if i in categories.columns:
        known.update(categories.levels[categories.columns.index(i)])
    return frozenset(known)


def _had_gaps(encoding, i):
    categories = encoding.categories
    if None in encoding.log_odds.tables.get(i, ()):
        return True
    return i in categories.columns and not np.isnan(
        categories.gap_codes[categories.columns.index(i)]
    )


def missing_texts(levels: Collection[str]) -> list[str]:
    """Return the texts that stand for a gap in a column of these levels; the first is written."""
    return [text for text in _MISSING_TEXTS if text not in levels] or [_new("missing", levels)]


def merged(all_contents: Sequence[Sequence[Content]]) -> list[Content]:
    """Return what several encoders know of the columns that they all read."""
    return [_merged(i, of_column) for i, of_column in enumerate(zip(*all_contents, strict=True))]


def _merged(i, contents):
    first, *others = contents
    for other in others:
        if (first.family, first.is_category) != (other.family, other.is_category) or missing_texts(
            first.levels
        ) != missing_texts(other.levels):
            raise ValueError(
                f"Column {i} is not the same to all parts of this estimator: they differ in what "
                "it holds, or in what is missing there. Convert them one by one."
            )
    levels = frozenset().union(*(content.levels for content in contents))
    return replace(first, levels=levels, has_gaps=any(content.has_gaps for content in contents))


def _is_exact(text, dtype):
    if dtype == np.int64:
        return text.lstrip("-").isdigit() and -(2**63) <= int(text) < 2**63
    return text_of(dtype(text)) == text


def _new(text, known):
    while text in known:
        text += "_"
    return text


# ---- types


def input_types(
    names: Sequence[str] | None, columns: Sequence[Column], contents: Sequence[Content] | None
) -> list[tuple[str, Any]]:
    """Return the name and type of every input of a model that reads a table of these columns.

    Where they have no names the table is one matrix. `contents` are what the columns can hold, or
    None where nothing is known but the columns themselves.
    """
    for name, column in zip(names or range(len(columns)), columns, strict=True):
        _check_family(repr(name), column)
    contents = [_guessed(column) for column in columns] if contents is None else contents
    if names is not None and "" in names:
        raise ValueError(
            f"Column {list(names).index('')} of X has the name '', which in ONNX stands for an "
            "input that is left out: give it another name, and fit again."
        )
    if names is None:
        dtype = columns[0].values.dtype
        return [("X", _type_of_matrix(dtype, contents)([None, len(columns)]))]
    kinds = [_type_of_column(*pair) for pair in zip(columns, contents, strict=True)]
    return [(name, kind([None, 1])) for name, kind in zip(names, kinds, strict=True)]


def _type_of_column(column, content):
    if content.family == "any":
        return StringTensorType
    if not content.is_category:
        return FloatTensorType if _dtype(column) == np.float32 else DoubleTensorType
    if content.family == "bool" and not (content.has_gaps or _has_gaps(column)):
        return BooleanTensorType
    if content.family == "number" and content.fits(np.float64):
        return DoubleTensorType
    return StringTensorType


def _type_of_matrix(dtype, contents):
    categories = [content for content in contents if content.is_category]
    numeric = all(content.family in ("number", "any") for content in contents)
    if not numeric and all(content.is_category or content.family == "any" for content in contents):
        return StringTensorType
    kinds = {np.float64: DoubleTensorType}
    if dtype == np.float32:
        kinds = {np.float32: FloatTensorType} | kinds
    elif dtype.kind in "iu":
        kinds[np.int64] = Int64TensorType
    for held, kind in kinds.items():
        if numeric and all(content.fits(held) for content in categories):
            return kind
    raise ValueError(
        "X is one matrix, whose type of number cannot hold all categories, or texts beside "
        "numbers. Give X as a DataFrame: each column is an input of its own type."
    )


def _guessed(column):
    """Return what a column can hold of which nothing is known.

    Numbers are floats, and booleans too where none is missing: skl2onnx makes integers of the
    floats beside an integer, and has few operators of booleans.
    """
    is_number = column.family == "number" or (column.family == "bool" and not _has_gaps(column))
    return Content() if is_number else Content("text", True)


def _dtype(column):
    return (column.categories if column.is_categorical else column).values.dtype


def _has_gaps(column):
    codes, texts = column.coded
    return None in {texts[code] for code in np.unique(codes)}


def is_frame(X: Any) -> bool:
    """Whether X is a table of named columns; asked of its type, as a column may have any name."""
    return hasattr(type(X), "columns")


def names_in(X: Any) -> list[str] | None:
    """Return the names of the columns of a table, or None if it is a matrix."""
    return [str(name) for name in X.columns] if is_frame(X) else None


# ---- what a model says of its inputs, and what is read there


def notes_of(types: Sequence[tuple[str, Any]], contents: Sequence[Content]) -> str:
    """Return what is to be written into the model about columns of categories.

    Of columns of texts: the texts that stand for a gap, the first of which is written, and what is
    written instead of a value that is called like one of them. Of numbers: which columns must be
    exact.
    """
    notes: dict[str, Any] = {}
    columns = iter(contents)
    for name, kind in types:
        own = list(islice(columns, kind.shape[1]))
        if isinstance(kind, StringTensorType):
            notes[name] = {"texts": [_texts_of(content.levels) for content in own]}
        elif exact := [i for i, content in enumerate(own) if content.is_category]:
            notes[name] = {"exact": exact}
    return json.dumps(notes)


def _texts_of(levels):
    gaps = missing_texts(levels)
    return gaps, _new("other", levels | {*gaps})


def _check_family(name, column):
    if column.family in ("date", "time", "complex", "other") and not column.all_missing:
        raise ValueError(
            f"Column {name} holds {column.family} values, for which ONNX has no type: make numbers "
            "of them, such as days since a date, before the estimator."
        )


# ---- tables as arrays


def as_table(X: Any) -> Any:
    """Return X as a DataFrame or an array of two dimensions; any table that fit takes."""
    if sparse.issparse(X):
        raise ValueError(
            "X is a sparse matrix, which ONNX does not have: give dense rows, X[:5].toarray(), "
            "here and to the model."
        )
    X = table_of(X)
    if (names := names_in(X)) is not None:
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"X has several columns named {twice}: give each a name of its own.")
        return X
    if isinstance(X, list | tuple) and np.asarray(X).dtype.kind == "U":
        X = np.array(X, dtype=object)  # keeps the numbers among the strings
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(f"X must be a table of rows and columns, got an array of shape {X.shape}.")
    return X


def arrays_of(X: Any, session: Any) -> dict[str, NDArray]:
    """Return a table as the inputs of a session."""
    wanted = {given.name: _numpy_type(given) for given in session.get_inputs()}
    notes = json.loads(session.get_modelmeta().custom_metadata_map.get(NOTES, "{}"))
    columns = columns_of(X)
    if (names := names_in(X)) is not None:
        named = dict(zip(names, columns, strict=True))
        if lacking := [name for name in wanted if name not in named]:
            raise ValueError(f"X lacks the columns {lacking}; it has {list(named)}.")
        return {
            name: _array(named[name], dtype, repr(name), *_note(notes, name, 0))[:, None]
            for name, dtype in wanted.items()
        }
    if len(wanted) > 1:
        raise ValueError(
            f"The model has an input for each of the columns {list(wanted)}: give a DataFrame, not "
            "an array."
        )
    ((name, dtype),) = wanted.items()
    arrays = [_array(column, dtype, i, *_note(notes, name, i)) for i, column in enumerate(columns)]
    return {name: np.stack(arrays, axis=1)}


def _numpy_type(given):
    kind = given.type.removeprefix("tensor(").removesuffix(")")
    if kind not in _NUMPY_TYPES:
        raise ValueError(
            f"Input {given.name!r} has the type {given.type}, which no column of a table has."
        )
    return _NUMPY_TYPES[kind]


def _note(notes, name, i):
    """Return the texts of a column, as they were noted, and whether its numbers must be exact."""
    note = notes.get(name, {})
    texts = note["texts"][i] if "texts" in note else _UNKNOWN_TEXTS
    return texts, i in note.get("exact", ())


def _array(column, dtype, name, texts, exact):
    """Return a column as an array of the given type; `name` is what a message calls it."""
    _check_family(name, column)
    if dtype.kind == "O":
        gaps, other = texts
        return _of_each_value(column, dtype, lambda value: _text(value, gaps, other))
    if dtype == np.float64 and not exact:  # as the estimator reads numbers
        try:
            return column.numbers.astype(np.float64)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"Column {name} is to hold numbers: {error}.") from error
    if column.is_numeric:
        return _exact_array(column.values, dtype, name)
    return _of_each_value(column, dtype, lambda value: _exact(value, dtype, name))


def _of_each_value(column, dtype, convert):
    codes, values = column.valued()
    found = np.empty(len(values), dtype=dtype)
    for code, value in enumerate(values):
        found[code] = convert(value)
    return found[codes]


def _text(value, gaps, other):
    text = text_of(value)
    return gaps[0] if text is None else other if text in gaps else text


def _exact_array(values, dtype, name):
    """Convert numbers of NumPy; ValueError where one of them changes."""
    with np.errstate(all="ignore"):
        found = values.astype(dtype)
        same = found.astype(values.dtype) == values
    if dtype.kind in "iu":  # what wraps around comes back the same
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        single = values.dtype.kind == "f"
        same &= (values >= low) & ((values < float(high) + 1) if single else (values <= high))
    elif dtype.kind == "f":
        same |= np.isnan(values)
    if not same.all():
        raise _misfit(values[same.argmin()].item(), dtype, name)
    return found


def _exact(value, dtype, name):
    """Convert one value; ValueError if its text, by which it may be a level, changes."""
    if text_of(value) is None:
        if dtype.kind == "f":
            return np.nan
        raise _misfit(None, dtype, name)
    number = int(value) if isinstance(value, bool | np.bool_) else value
    with contextlib.suppress(ValueError, OverflowError), np.errstate(all="ignore"):
        found = dtype.type(float(number) if dtype.kind == "f" else int(number))
        if text_of(int(found) if dtype.kind == "b" else found) == text_of(number):
            return found
    raise _misfit(value, dtype, name)


def _misfit(value, dtype, name):
    if text_of(value) is None:
        return ValueError(
            f"Column {name} has gaps, but the model takes {dtype.name} there, which has no missing "
            "value. Convert the estimator again, with an X that has gaps in that column."
        )
    return ValueError(
        f"Column {name} holds {value!r}, but the model takes {dtype.name} there, which has no such "
        f"value. Convert the estimator again, with an X that has such values in that column, or "
        "replace them."
    )
