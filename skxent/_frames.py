"""Reads the columns of a table, whichever library it comes from: NumPy, SciPy, pandas, polars.

A column is what the library has: an array, a pandas extension array, a polars Series. None of
these libraries is imported here; a column is known by its dtype and its methods.
"""

import contextlib
import datetime
import numbers
from decimal import Decimal

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data

# What a column may hold (its family), by the kind of its dtype; "O" and others: look inside.
_FAMILIES = dict.fromkeys("iuf", "number") | dict.fromkeys("mM", "date")
_FAMILIES |= {"b": "bool", "U": "text", "c": "complex"}
_POLARS_FAMILIES = dict.fromkeys(["String", "Categorical", "Enum"], "text")
_POLARS_FAMILIES |= dict.fromkeys(["Date", "Datetime", "Time", "Duration"], "date")
_POLARS_FAMILIES |= {"Boolean": "bool", "Null": "empty"}
MISSING = ("NoneType", "NAType", "NaTType")  # the names of types that stand for missing
_REAL = numbers.Real | Decimal
_DATE = datetime.date | datetime.time | datetime.timedelta | np.datetime64 | np.timedelta64
_FLOATS = {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}  # for check_array


def checked_table(estimator, X, *, reset=False):
    """Return X as a DataFrame, an array or a CSR matrix, its names and shape checked."""
    if not reset and _is_as_in_fit(estimator, X):
        return X
    if sparse.issparse(X):
        return validate_data(estimator, X, reset=reset, ensure_all_finite=False, **_FLOATS)
    X = _known(X)
    if not hasattr(X, "columns"):
        if isinstance(X, list | tuple) and np.asarray(X).dtype.kind == "U":
            X = np.array(X, dtype=object)  # keeps the numbers among the strings
        as_is = getattr(getattr(X, "dtype", None), "kind", "") in ("O", "U")
        dtype = None if as_is else "numeric"
        X = validate_data(estimator, X, reset=reset, ensure_all_finite=False, dtype=dtype)
        if X.dtype.kind == "U":
            return X.astype(object)
        return X.view(np.uint8) if X.dtype.kind == "b" else X
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    _check_not_empty(estimator, X)
    return X


def checked_numbers(estimator, X, *, reset=False):
    """Return X as an array or a CSR matrix of floats, NaN among them, in fit also infinite ones.

    What converts to numbers without being any, such as dates, is refused.
    """
    X = _known(X)
    asked = _FLOATS | {"ensure_all_finite": False if reset else "allow-nan"}
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    with np.errstate(invalid="ignore"):  # scikit-learn sums all numbers up, be they huge
        if hasattr(X, "columns") or (kind in ("O", "m", "M") and X.ndim == 2):
            _check_not_empty(estimator, X)
            if not all(map(is_numeric, columns_of(X))):
                validate_data(estimator, X, reset=reset, skip_check_array=True)
                return check_array(_matrix_of(X), input_name="X", estimator=estimator, **asked)
        return validate_data(estimator, X, reset=reset, **asked)


def _matrix_of(X):
    """Return the numbers of columns of any dtype; CSR where pandas leaves out the zeros of all."""
    names, columns = getattr(X, "columns", range(X.shape[1])), list(columns_of(X))
    if all(hasattr(column, "sp_values") and column.fill_value == 0 for column in columns):
        return X.sparse.to_coo().tocsr()
    named = zip(names, columns, strict=True)
    return np.column_stack([_numbers_or_error(name, column) for name, column in named])


def _numbers_or_error(name, column):
    family = family_of(np.asarray(column.categories) if is_categorical(column) else column)
    if family not in ("date", "complex", "other"):
        with contextlib.suppress(ValueError):  # text that is no number
            return numbers_of(column)
    error, what = ValueError, f"{family} values"
    if family == "other":
        error, what = TypeError, "objects (an argument must be a string or a number)"
    raise error(
        f"Column {name!r} holds {what}, but encoder='passthrough' hands X on as it is, and a "
        "network computes with real numbers. Leave encoder='auto', which learns categories, or "
        "replace it by numbers."
    )


def _check_not_empty(estimator, X):
    """Raise an error if a table has no rows or no columns."""
    if 0 in X.shape:
        what = "sample(s)" if X.shape[0] == 0 else "feature(s)"
        raise ValueError(
            f"Found array with 0 {what} (shape={X.shape}) while a minimum of 1 is required by "
            f"{type(estimator).__name__}."
        )


def _known(X):
    """Return a table of neither pandas nor polars as one of pandas."""
    return X.to_pandas() if hasattr(X, "to_pandas") and not hasattr(X, "get_columns") else X


def _is_as_in_fit(estimator, X):
    """Whether X needs no further check; these few comparisons save most of the cost of one row."""
    if type(X) is np.ndarray:
        shape = (len(X), estimator.n_features_in_) if X.ndim and len(X) else None
        return X.shape == shape and is_numeric(X) and not hasattr(estimator, "feature_names_in_")
    if not hasattr(type(X), "columns") or X.shape[0] == 0:
        return False
    names = X.columns if isinstance(X.columns, list) else X.columns.tolist()
    return names == getattr(estimator, "feature_names_in_", np.empty(0)).tolist()


def plain_rows(estimator, X):
    """Return X as an array of finite floats, or None if it takes a full check to say."""
    if not _is_as_in_fit(estimator, X):
        return None
    if not isinstance(X, np.ndarray):
        columns = columns_of(X)
        if not all(map(is_numeric, columns)):
            return None
        dtype = np.result_type(*columns)
        X = np.empty(X.shape, dtype=dtype if dtype.kind == "f" else np.float64)
        for i, column in enumerate(columns):
            X[:, i] = column
    if X.dtype not in (np.float32, np.float64):
        return None
    with np.errstate(all="ignore"):
        return X if np.isfinite(X.sum()) else None


def weighted_rows(X, sample_weight):
    """Return the rows of positive weight, their weights, and how many rows they stand for.

    Whole weights are counts of rows, as far as floats count. Others are divided by their mean.
    """
    if sample_weight is None:
        return X, None, X.shape[0]
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if weights.min() < 0 or not weights.any():
        raise ValueError("sample_weight must not be negative, and positive for at least one row.")
    if not weights.all():
        rows = np.flatnonzero(weights)
        X, weights = _safe_indexing(X, rows), weights[rows]
    if (weights == np.floor(weights)).all() and weights.max() < 2**53 / len(weights):
        return X, weights, int(weights.sum())
    weights = weights / weights.max()  # so that equal ones become 1, and sums stay finite
    return X, weights / weights.mean(), len(weights)


def is_numeric(X):
    """Whether X is an array of numbers."""
    return isinstance(X, np.ndarray) and X.dtype.kind in "iuf"


def is_floating(column):
    """Whether a column holds floats."""
    dtype = column.dtype
    return dtype.kind == "f" if hasattr(dtype, "kind") else dtype.is_float()


def columns_of(X):
    """Return the columns of a table."""
    if isinstance(X, np.ndarray):
        return X.T
    if sparse.issparse(X):
        return [X.data] * X.shape[1]  # numbers, all of them
    if hasattr(type(X), "get_columns"):  # of the type: pandas is slow to say no
        return X.get_columns()
    if hasattr(type(X), "_get_column_array"):  # ten times faster than the public way
        return [X._get_column_array(i) for i in range(X.shape[1])]
    return [X.iloc[:, i].values for i in range(X.shape[1])]


def is_categorical(column):
    """Whether a column is a pandas Categorical."""
    return hasattr(column, "codes")


def family_of(column):
    """Return what a column holds: number, bool, text, mixed, empty, date, complex or other.

    Mixed is text and numbers, empty is nothing but missing values of no type.
    """
    if is_numeric(column):  # the usual case is the quickest
        return "number"
    dtype = column.dtype
    kind = getattr(dtype, "kind", None)
    if kind is None:
        family = (
            "number" if dtype.is_numeric() else _POLARS_FAMILIES.get(dtype.base_type().__name__)
        )
    elif is_categorical(column):
        kind = column.categories.dtype.kind
        family = _FAMILIES[kind] if kind in "iufb" else "text"
    elif kind == "O" and getattr(dtype, "name", "") in ("str", "string"):
        family = "text"
    else:
        family = _FAMILIES.get(kind)
    return family or _family_of_values(_list(column))


def _family_of_values(values):
    types = {t for t in set(map(type, values)) if t.__name__ not in MISSING}
    floats = tuple(t for t in types if issubclass(t, float | np.floating))
    if floats and all(v != v for v in values if isinstance(v, floats)):
        types.difference_update(floats)

    def holds_only(accepted):
        return all(issubclass(t, accepted) for t in types)

    if not types:
        return "empty"
    if any(issubclass(t, _DATE) or t.__name__ == "Period" for t in types):
        return "date"  # asked first: to NumPy a timedelta64 is an integer
    if holds_only(str):
        return "text"
    if holds_only(bool | np.bool_):
        return "bool"
    if holds_only(_REAL):
        return "number"
    if holds_only(str | np.bool_ | _REAL):
        return "mixed"
    return "other"


def _list(column):
    return column.to_list() if hasattr(column, "to_list") else column.tolist()


def numbers_of(column):
    """Return a column as an array of numbers, NaN where missing; no copy where possible."""
    if is_numeric(column):
        return column
    if hasattr(column, "get_chunks"):  # polars
        column = column.to_numpy()
    elif is_categorical(column):
        column = np.asarray(column)
    elif not isinstance(column, np.ndarray):
        column = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if column.dtype.kind in "iufb":
        return column
    return np.array([np.nan if text_of(v) is None else float(v) for v in column], dtype=np.float64)


def values_of(column):
    """Return for each row an index into a list of values, and the list; missing may be -1."""
    if is_categorical(column):
        codes, levels = column.codes, column.categories
        if len(codes) >= len(levels):
            return codes, [*levels.tolist(), None]
        values = [None if code < 0 else levels[code] for code in codes.tolist()]
    else:
        values = _list(column)
    found = {}
    return [found.setdefault(v, len(found)) for v in values], list(found)


def text_of(value):
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
        return str(int(value)) if value == value // 1 else repr(float(value))
    return str(value)
