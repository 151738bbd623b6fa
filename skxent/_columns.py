"""The columns of a table, whichever library it comes from: NumPy, SciPy, pandas, polars.

Only this file touches what a library's column can do; all others ask a :class:`Column`. None of the
libraries is imported here: a column is known by its dtype and its methods.
"""

from __future__ import annotations

import datetime
import numbers
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# What a column may hold (its family), by the kind of its dtype; "O" and others: look inside.
_FAMILIES = dict.fromkeys("iuf", "number") | {"M": "date", "m": "duration"}
_FAMILIES |= {"b": "bool", "U": "text", "c": "complex"}
_POLARS_FAMILIES = dict.fromkeys(["String", "Categorical", "Enum"], "text")
_POLARS_FAMILIES |= dict.fromkeys(["Date", "Datetime"], "date")
_POLARS_FAMILIES |= {"Duration": "duration", "Time": "time", "Boolean": "bool", "Null": "empty"}
MISSING = ("NoneType", "NAType", "NaTType")  # the names of types that stand for missing
_REAL = numbers.Real | Decimal
_DATE = datetime.date | np.datetime64
_DURATION = datetime.timedelta | np.timedelta64


class Column:
    """One column: an array of NumPy.

    What takes a walk through the rows is done once and kept.
    """

    __slots__ = ("_coded", "_family", "_numbers", "values")

    is_categorical = False

    def __init__(self, values: Any):
        self.values = values
        self._family: str | None = None
        self._numbers: NDArray | None = None
        self._coded: tuple[Any, list[str | None]] | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether this is an array of numbers."""
        return self.values.dtype.kind in "iuf"

    @property
    def is_floating(self) -> bool:
        """Whether the dtype is one of floats."""
        return getattr(self.values.dtype, "kind", "") == "f"

    # a look at one row is a matter of microseconds: functools.cached_property takes several

    @property
    def family(self) -> str:
        """What it holds: number, bool, text, mixed, empty, date, duration, time, complex or other.

        Mixed is text and numbers, empty is nothing but missing values of no type. A time is one of
        no date, or a period.
        """
        if self._family is None:
            self._family = self._family_of_dtype() or _family_of_values(self._list())
        return self._family

    @property
    def numbers(self) -> NDArray:
        """Return an array of numbers, NaN where missing; no copy where possible.

        Durations are in seconds.
        """
        if self._numbers is None:
            is_duration = self.family == "duration"
            self._numbers = self._seconds() if is_duration else _numbers(self._array())
        return self._numbers

    @property
    def times(self) -> NDArray:
        """Return a column of dates as an array of datetime64, as their own clocks show them."""
        if self.family != "date":  # which has no value
            return np.full(len(self.values), np.datetime64("NaT", "D"))
        return self._times()

    def _times(self) -> NDArray:
        values = self.values
        if getattr(values.dtype, "tz", None) is not None and hasattr(values, "tz_localize"):
            values = values.tz_localize(None)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
            return np.asarray(values)
        return np.array([*map(_time, self._list())], dtype="M8[us]")

    def _seconds(self) -> NDArray:
        values = self.values
        if not (isinstance(values.dtype, np.dtype) and values.dtype.kind == "m"):
            present = [None if _is_missing(value) else value for value in self._list()]
            values = np.array(present, dtype="m8[us]")
        return np.asarray(values) / np.timedelta64(1, "s")

    @property
    def coded(self) -> tuple[Any, list[str | None]]:
        """For each row an index into a list of texts, and the list; missing, None, may be -1.

        Values that differ, such as 1 and "1", may have the same text.
        """
        if self._coded is None:
            self._coded = self._code()
        return self._coded

    def _code(self) -> tuple[Any, list[str | None]]:
        return _coded(self._list())

    def valued(self) -> tuple[NDArray, list]:
        """For each row an index into a list of values, and the list: of values, not their texts."""
        values = self._list()
        first: dict = {}
        codes = [first.setdefault((type(v), v), len(first)) for v in values]
        return np.array(codes, dtype=np.intp), [value for _, value in first]

    @property
    def all_missing(self) -> bool:
        """Whether no row has a value."""
        dtype = self.values.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "iufmM":
            return bool((self.values != self.values).all())  # NaN and NaT
        return all(text is None for text in self.coded[1])

    def read_as(self, family: str) -> Column:
        """Return flags as numbers, or 0 and 1 as flags; ValueError for other numbers."""
        values = self.numbers
        if family == "number":
            return Column(values.astype(np.float64))
        flags = np.full(len(values), None, dtype=object)
        flags[values == 0], flags[values == 1] = False, True
        present = ~np.isnan(values.astype(np.float64))
        if other := [*{*values[present].tolist()} - {0, 1}]:
            raise ValueError(f"{min(other)!r}")
        return Column(flags)

    def _family_of_dtype(self) -> str | None:
        return _FAMILIES.get(self.values.dtype.kind)

    @property
    def listed(self) -> list:
        """The values as objects of Python."""
        return self._list()

    def _list(self) -> list:
        return self.values.tolist()

    def _array(self) -> NDArray:
        return self.values


class PandasColumn(Column):
    """An extension array of pandas."""

    __slots__ = ()

    is_numeric = False

    def _family_of_dtype(self):
        dtype = self.values.dtype
        is_text = dtype.kind == "O" and dtype.name in ("str", "string")
        return "text" if is_text else _FAMILIES.get(dtype.kind)

    def _list(self):
        return _list_of(self.values)

    def _array(self):
        return self.values.to_numpy(dtype=np.float64, na_value=np.nan)


class PandasCategorical(PandasColumn):
    """A Categorical of pandas."""

    __slots__ = ()

    is_categorical = True

    @property
    def categories(self) -> Column:
        """The levels that the dtype declares."""
        return _column(self.values.categories.values)

    def _code(self):
        codes, levels = self.values.codes, self.values.categories
        if len(codes) >= len(levels):
            return codes, [*map(text_of, _list_of(levels)), None]
        return _coded(_levels_of(levels, codes.tolist()))

    def _family_of_dtype(self):
        kind = self.values.categories.dtype.kind
        return _FAMILIES[kind] if kind in "iufb" else "text"

    def _array(self):
        return np.asarray(self.values)


class PolarsColumn(Column):
    """A Series of polars."""

    __slots__ = ()

    is_numeric = False

    @property
    def is_floating(self):
        """Whether the dtype is one of floats."""
        return self.values.dtype.is_float()

    def _family_of_dtype(self):
        dtype = self.values.dtype
        if dtype.is_numeric():
            return "number"
        return _POLARS_FAMILIES.get(dtype.base_type().__name__)

    def _list(self):
        return self.values.to_list()

    def _array(self):
        if self.values.dtype.base_type().__name__ in ("Int128", "UInt128"):  # NumPy has none
            return np.array(self._list(), dtype=object)
        return self.values.to_numpy()

    def _times(self):
        values = self.values
        if getattr(values.dtype, "time_zone", None) is not None:
            values = values.dt.replace_time_zone(None)
        return Column(values.to_numpy()).times

    def _seconds(self):
        return Column(self.values.to_numpy()).numbers


# what to call where rows are elsewhere, or still to come, by the name of the type or of a base
_NOT_READ = {
    "LazyFrame": ["collect"],
    "DuckDBPyRelation": ["df"],
    "RecordBatchReader": ["read_all"],
    "Dataset": ["to_dataframe", "to_table"],  # of xarray, of pyarrow
    "Scanner": ["to_table"],
}


def table_of(X: Any, name: str = "X") -> Any:
    """Return a table of any library as one of NumPy, SciPy, pandas or polars.

    What a masked array masks is missing. Arrays of one dimension, such as labels, become arrays of
    NumPy where they are of pyarrow or narwhals. All else is handed on.
    """
    kind = type(X)
    if isinstance(X, np.ma.MaskedArray):
        if not np.ma.is_masked(X):
            return X.data
        numbers = X.dtype.kind in "iuf"
        out = X.data.astype(np.result_type(X.dtype, np.float32) if numbers else object)
        out[np.ma.getmaskarray(X)] = np.nan if numbers else None
        return out
    if kind.__module__.partition(".")[0] in ("numpy", "scipy", "pandas", "builtins"):
        if kind is dict:
            raise TypeError(f"{name} is a dict: make a table of it, by pandas.DataFrame({name}).")
        return X
    package = kind.__module__.partition(".")[0]
    for how in (how for base in kind.__mro__ for how in _NOT_READ.get(base.__name__, ())):
        if hasattr(kind, how):
            raise TypeError(
                f"{name} is a {kind.__name__} of {package.strip('_')}, whose rows have not been "
                f"read: give {name}.{how}() instead."
            )
    if hasattr(kind, "to_native"):  # narwhals
        return table_of(X.to_native(), name)
    if package.startswith("dask") and hasattr(kind, "divisions"):
        raise TypeError(
            f"{name} is a Dask {kind.__name__}: skxent.dask.DaskSoftmaxMLPClassifier trains on it "
            f"where it is. Use that, or give {name}.compute()."
        )
    if hasattr(kind, "get_columns") or hasattr(kind, "iloc"):  # polars, and what is like pandas
        return X
    if hasattr(kind, "to_pylist") and not hasattr(kind, "column_names"):  # an array of pyarrow
        return _objects(X) if X.null_count else X.to_numpy(zero_copy_only=False)
    return X.to_pandas() if hasattr(kind, "to_pandas") else X


def _objects(values):
    out = np.empty(len(values), dtype=object)
    out[:] = values.to_pylist()
    return out


def labels_of(y: Any, name: str = "y") -> Any:
    """Return labels as a library of NumPy's has them: exact, and of their own kind.

    A frame of one column is that column, as a matrix. All else is handed on.
    """
    y = table_of(y, name)
    if isinstance(y, list | tuple) and any(isinstance(label, str) for label in y):
        if not all(isinstance(label, str) for label in y):  # NumPy would make text of all
            out = np.empty(len(y), dtype=object)
            out[:] = y
            return out
    if isinstance(y, np.ndarray):
        return y.astype(object) if y.dtype.kind == "T" else y  # NumPy's own, unknown to sklearn
    if hasattr(type(y), "get_columns"):
        columns = y.get_columns()
        return _of_series(columns[0]).reshape(-1, 1) if len(columns) == 1 else y
    if hasattr(type(y), "iloc") and hasattr(type(y), "columns"):
        return _of_series(y.iloc[:, 0]).reshape(-1, 1) if y.shape[1] == 1 else y
    is_series = hasattr(type(y), "dtype") and hasattr(type(y), "__len__")
    return _of_series(y) if is_series and not sparse.issparse(y) else y


def _of_series(y):
    """Return a Series, or an extension array, as an array of NumPy; of objects where some miss."""
    if hasattr(type(y), "null_count"):  # polars
        return y.to_numpy() if not y.null_count() else np.array(y.to_list(), dtype=object)
    missing = np.asarray(y.isna()) if hasattr(type(y), "isna") else np.zeros(0)
    if missing.any():
        values = np.asarray(y, dtype=object)
        return np.where(missing, None, values)
    own = getattr(y.dtype, "numpy_dtype", None)
    if own is not None and getattr(y.dtype, "kind", "") in "biuf":
        return y.to_numpy(dtype=own)
    return np.asarray(y)


def columns_of(X: Any) -> list[Column]:
    """Return the columns of a table."""
    if isinstance(X, np.ndarray):
        return [Column(values) for values in X.T]
    if sparse.issparse(X):
        return [Column(X.data)] * X.shape[1]  # numbers, all of them
    if hasattr(type(X), "get_columns"):  # of the type: pandas is slow to say no
        return [PolarsColumn(series) for series in X.get_columns()]
    if hasattr(type(X), "_get_column_array"):  # ten times faster than the public way
        return [_column(X._get_column_array(i)) for i in range(X.shape[1])]
    return [_column(X.iloc[:, i].values) for i in range(X.shape[1])]


def _column(values: Any) -> Column:
    if isinstance(values, np.ndarray):
        return Column(values)
    return PandasCategorical(values) if hasattr(type(values), "codes") else PandasColumn(values)


def dtype_of(X: Any) -> Any:
    """Return the dtype of an array or a matrix; None of a DataFrame, or of what has none.

    A DataFrame would look for a column of that name.
    """
    return None if hasattr(type(X), "columns") else getattr(X, "dtype", None)


def names_of(X: Any) -> list:
    """Return the names of the columns of a DataFrame."""
    return X.columns if isinstance(X.columns, list) else _list_of(X.columns)


def _list_of(values: Any) -> list:
    """Return what an array or an Index of pandas holds."""
    text = _arrow_text_of(values)
    if text is not None:
        return text.to_pylist()
    return values.to_list() if hasattr(values, "to_list") else values.tolist()


def _levels_of(levels: Any, codes: list[int]) -> list:
    """Return the levels, an Index of pandas, that have the codes; None for -1."""
    text = _arrow_text_of(levels)
    if text is not None:
        return [None if code < 0 else text[code].as_py() for code in codes]
    return [None if code < 0 else levels[code] for code in codes]


def _arrow_text_of(values: Any) -> Any:
    """Return the array of Arrow that holds the text, if one does: it is faster than pandas."""
    if getattr(values.dtype, "storage", None) != "pyarrow":
        return None
    return getattr(values, "array", values).__arrow_array__()


def is_numeric(X: Any) -> bool:
    """Whether X is an array of numbers."""
    return isinstance(X, np.ndarray) and X.dtype.kind in "iuf"


def text_of(value: Any) -> str | None:
    """Return the text by which a level is known, or None if the value is missing."""
    if isinstance(value, str):
        return str(value)
    if type(value).__name__ in MISSING:
        return None
    if isinstance(value, _REAL) and not isinstance(value, bool):
        if value != value:
            return None
        if isinstance(value, np.floating):
            value = float(value)  # NumPy warns of a quotient of infinity
        number: Any = value
        return str(int(number)) if number == number // 1 else repr(float(number))
    return str(value)


def _coded(values: list) -> tuple[list[int], list[str | None]]:
    found: dict = {}
    return [found.setdefault(v, len(found)) for v in values], [*map(text_of, found)]


def _numbers(array: NDArray) -> NDArray:
    if array.dtype.kind in "iufb":
        return array
    return np.array([np.nan if text_of(v) is None else _float(v) for v in array], dtype=np.float64)


def _float(value):
    try:
        return float(value)
    except OverflowError:  # an integer beyond all floats
        return np.inf if value > 0 else -np.inf


def _is_missing(value):
    return type(value).__name__ in MISSING or value != value


def _time(value):
    """Return a date as NumPy takes it, without its time zone."""
    if _is_missing(value):
        return None
    return value if getattr(value, "tzinfo", None) is None else value.replace(tzinfo=None)


def _family_of_values(values: list) -> str:
    types = {t for t in set(map(type, values)) if t.__name__ not in MISSING}
    floats = tuple(t for t in types if issubclass(t, float | np.floating))
    if floats and all(v != v for v in values if isinstance(v, floats)):
        types.difference_update(floats)

    def holds_only(accepted):
        return all(issubclass(t, accepted) for t in types)

    if not types:
        return "empty"
    if holds_only(_DURATION):  # asked first: to NumPy a timedelta64 is an integer
        return "duration"
    if holds_only(_DATE):
        return "date"
    if any(issubclass(t, _DATE | _DURATION | datetime.time) for t in types):
        return "time"
    if any(t.__name__ == "Period" for t in types):
        return "time"
    if holds_only(str):
        return "text"
    if holds_only(bool | np.bool_):
        return "bool"
    if holds_only(_REAL):
        return "number"
    if holds_only(str | np.bool_ | _REAL):
        return "mixed"
    return "other"
