"""Checks of a table before it is read: shape, names, emptiness, weights of its rows."""

from __future__ import annotations

import contextlib

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array, validate_data

from .._columns import columns_of, dtype_of, is_numeric, names_of, table_of
from .._compat import _check_sample_weight, _safe_indexing

_FLOATS = {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}  # for check_array


def rare_below(n_rows: int) -> int:
    """Rows that a level must have to get a column of its own: 2 for few rows, at most 10."""
    return min(max(2, n_rows // 500), 10)


def checked_table(estimator, X, *, reset=False):
    """Return X as a DataFrame, an array or a CSR matrix, its names and shape checked."""
    if not reset and _is_as_in_fit(estimator, X):
        return X
    if sparse.issparse(X):
        return validate_data(estimator, X, reset=reset, ensure_all_finite=False, **_FLOATS)
    X = table_of(X)
    if not hasattr(X, "columns"):
        if isinstance(X, list | tuple) and np.asarray(X).dtype.kind == "U":
            X = np.array(X, dtype=object)  # keeps the numbers among the strings
        as_is = getattr(dtype_of(X), "kind", "") in ("O", "U")
        dtype = None if as_is else "numeric"
        X = validate_data(estimator, X, reset=reset, ensure_all_finite=False, dtype=dtype)
        if X.dtype.kind == "U":
            return X.astype(object)
        return X.view(np.uint8) if X.dtype.kind == "b" else X
    _check_unique(names_of(X))
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    _check_not_empty(estimator, X)
    return X


def _check_unique(names):
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"X has {names.count(twice)} columns that are called {twice!r}: give every column a "
            "name of its own."
        )


def checked_numbers(estimator, X, *, reset=False):
    """Return X as an array or a CSR matrix of floats, NaN among them, in fit also infinite ones.

    What converts to numbers without being any, such as dates, is refused.
    """
    X = table_of(X)
    asked = _FLOATS | {"ensure_all_finite": False if reset else "allow-nan"}
    if hasattr(X, "columns"):
        _check_unique(names_of(X))
    kind = getattr(dtype_of(X), "kind", "")
    with np.errstate(invalid="ignore"):  # scikit-learn sums all numbers up, be they huge
        if hasattr(X, "columns") or (kind in ("O", "m", "M") and X.ndim == 2):
            _check_not_empty(estimator, X)
            if not all(column.is_numeric for column in columns_of(X)):
                validate_data(estimator, X, reset=reset, skip_check_array=True)
                return check_array(_matrix_of(X), input_name="X", estimator=estimator, **asked)
        return validate_data(estimator, X, reset=reset, **asked)


def _matrix_of(X):
    """Return the numbers of columns of any dtype; CSR where pandas leaves out the zeros of all."""
    names, columns = getattr(X, "columns", range(X.shape[1])), columns_of(X)
    arrays = [column.values for column in columns]
    if all(hasattr(array, "sp_values") and array.fill_value == 0 for array in arrays):
        return X.sparse.to_coo().tocsr()
    named = zip(names, columns, strict=True)
    return np.column_stack([_numbers_or_error(name, column) for name, column in named])


def _numbers_or_error(name, column):
    family = (column.categories if column.is_categorical else column).family
    if family not in ("date", "duration", "time", "complex", "other"):
        with contextlib.suppress(ValueError):  # text that is no number
            return column.numbers
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


def _is_as_in_fit(estimator, X):
    """Whether X needs no further check; these few comparisons save most of the cost of one row."""
    if type(X) is np.ndarray:
        shape = (len(X), estimator.n_features_in_) if X.ndim and len(X) else None
        return X.shape == shape and is_numeric(X) and not hasattr(estimator, "feature_names_in_")
    if not (hasattr(type(X), "iloc") or hasattr(type(X), "get_columns")):
        return False
    if type(X.shape[0]) is not int or X.shape[0] == 0:  # of Dask it is a promise
        return False
    return names_of(X) == getattr(estimator, "feature_names_in_", np.empty(0)).tolist()


def plain_rows(estimator, X):
    """Return X as an array of finite floats, or None if it takes a full check to say."""
    if not _is_as_in_fit(estimator, X):
        return None
    if not isinstance(X, np.ndarray):
        columns = columns_of(X)
        if not all(column.is_numeric for column in columns):
            return None
        arrays = [column.values for column in columns]
        dtype = np.result_type(*arrays)
        X = np.empty(X.shape, dtype=dtype if dtype.kind == "f" else np.float64)
        for i, array in enumerate(arrays):
            X[:, i] = array
    if X.dtype not in (np.float32, np.float64):
        return None
    with np.errstate(all="ignore"):
        return X if np.isfinite(X.sum()) else None


def weighted_rows(X, sample_weight):
    """Return the rows of positive weight, their weights, and how many rows they stand for.

    Whole weights are counts of rows, as far as floats count. Others are divided by their mean.
    Returned last is which rows these are; None for all.
    """
    kept = None
    if sample_weight is None:
        return X, None, X.shape[0], kept
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if weights.min() < 0 or not weights.any():
        raise ValueError("sample_weight must not be negative, and positive for at least one row.")
    if not weights.all():
        kept = weights > 0
        X, weights = _safe_indexing(X, np.flatnonzero(kept)), weights[kept]
    if (weights == np.floor(weights)).all() and weights.max() < 2**53 / len(weights):
        return X, weights, int(weights.sum()), kept
    weights = weights / weights.max()  # so that equal ones become 1, and sums stay finite
    return X, weights / weights.mean(), len(weights), kept
