"""Turns a table (numbers, categories, gaps) into the matrix of floats that a network reads.

The same encoding exists in two forms. ``transform`` gives the plain matrix, for any
model. The compact form keeps one number per column instead of a block of columns: the
position in a list of levels or along a row of bins. Its product with a matrix of weights
is a matter of looking up rows, which is how the networks of this package use it.
"""

import datetime
import numbers
from decimal import Decimal

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

_ONE_HOT, _PIECEWISE_LINEAR = 0, 1  # what a position means: a level, a place along the bins
_MAX_LEVELS = 1000  # levels of one column that may have a column of their own
_BLOCK = 1 << 16  # numbers scaled at a time, so that temporaries stay small
_LARGEST, _SMALLEST = np.finfo(np.float64).max, np.finfo(np.float64).tiny

# What a column may hold (its family), by the kind of its dtype; "O" and others: look inside.
_KINDS = {"i": "number", "u": "number", "f": "number", "b": "bool", "U": "text", "n": "empty"}
_KINDS |= {"M": "date", "m": "date", "c": "complex"}
_POLARS_KINDS = {"Boolean": "b", "String": "U", "Categorical": "U", "Enum": "U", "Null": "n"}
_POLARS_KINDS |= {"Date": "M", "Datetime": "M", "Time": "M", "Duration": "m"}
_POLARS_KINDS |= dict.fromkeys(["Object", "List", "Array", "Struct", "Binary"], "O")
_MISSING_TYPES = ("NoneType", "NAType", "NaTType")
_ADVICE = {
    "text": "holds text: list it in categorical_features",
    "mixed": "holds both text and numbers: make them all text, or list the column in "
    "categorical_features",
    "date": "holds dates or times: replace them by numbers (year, month, days since ...)",
    "complex": "is complex. Complex data not supported",
    "other": "holds objects: an argument must be a string or a number",
}


def _auto_n_bins(n_rows, n_numeric):
    """Bins for each numeric column: none for few rows (noise) or many columns (cost)."""
    return 16 if n_rows >= 100 and n_numeric <= 200 else 0


def _rare_below(n_rows):
    """Rows that a level must have to get a column of its own: 2 for few rows, at most 10."""
    return min(max(2, n_rows // 500), 10)


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode a table of numbers and categories, with gaps, as one matrix of floats.

    Numbers are centred at their median, divided by their interquartile range and smoothly
    clipped to (-3, 3), as in RealMLP [1]_: heavy tails and outliers do no harm. A missing
    number becomes the median, and an indicator column says so where there were gaps in
    ``fit``. On top of that, a piecewise-linear encoding over quantile bins [2]_ lets a
    network bend its response within a column without having to learn where.

    Categories are one-hot encoded. Missing is a level like any other. Rare levels share
    one "infrequent" level, which also takes the levels that were not seen in ``fit``; where
    there is none, an unseen level is encoded as zeros. Levels are compared by their text,
    so that 1, 1.0 and "1" are one level.

    Columns that say nothing (constant, or too few rows in any level) are left out.

    Parameters
    ----------
    categorical_features : "from_dtype", array-like of bool, int or str, or None, \
            default="from_dtype"
        The columns to be taken as categories.

        - "from_dtype": columns of a DataFrame (or of an array of objects) that hold
          categories, strings or booleans; of an array of numbers, none.
        - boolean array-like: mask over the columns.
        - integer array-like: indices of the columns.
        - array-like of str: names of the columns, for a DataFrame.
        - None: none; every column must hold numbers.

    n_bins : int or "auto", default="auto"
        The largest number of bins of the piecewise-linear encoding of a numeric column; 0
        for none. "auto" is 16 from 100 rows on, unless there are more than 200 numeric
        columns. A column with two distinct values gets no bins.

    dtype : "auto", "float32" or "float64", default="auto"
        The precision of the result. "auto" is float32 if no number in ``fit`` needs more
        (float32, and integers up to 16 bits), otherwise float64.

    Attributes
    ----------
    n_features_in_ : int
        The number of columns seen in ``fit``.

    feature_names_in_ : ndarray of str
        Their names, if they are all strings.

    is_categorical_ : ndarray of bool, of shape (n_features_in_,)
        Which columns are encoded as categories.

    n_bins_ : int
        The largest number of bins of a numeric column.

    dtype_ : str
        The precision of the result.

    Notes
    -----
    ``fit`` with ``sample_weight`` of whole numbers is the same as ``fit`` with the rows
    repeated that many times, exactly. A row of weight zero does not exist. Weights that are
    not whole numbers count relative to their mean.

    Half of the edges of the bins are at quantiles of the rows, the other half at quantiles
    of the distinct values: a column that is mostly zero keeps its resolution elsewhere. With
    at most ``n_bins + 1`` distinct values, these are the edges.

    In a column without gaps in ``fit``, a gap at ``transform`` is taken as the median; a
    missing category that was never missing in ``fit`` is encoded as zeros.

    A sparse matrix stays sparse: each column is divided by the root mean square of its
    nonzero entries and smoothly clipped, and missing entries are taken as zeros.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by default: Strong pre-tuned
       MLPs and boosted trees on tabular data", arXiv:2407.04491, 2024.
    .. [2] Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features in
       tabular deep learning", arXiv:2203.05556, 2022.

    Examples
    --------
    >>> import pandas as pd
    >>> from skxent import TableEncoder
    >>> X = pd.DataFrame({"age": [20.0, 30.0, None, 50.0], "town": ["Bonn", "Bonn", "Ulm", "Ulm"]})
    >>> encoder = TableEncoder().fit(X)
    >>> encoder.get_feature_names_out()
    array(['age', 'age_missing', 'town_Bonn', 'town_Ulm'], dtype=object)
    >>> encoder.transform(X)
    array([[-0.33129458,  0.        ,  1.        ,  0.        ],
           [ 0.        ,  0.        ,  1.        ,  0.        ],
           [ 0.        ,  1.        ,  0.        ,  1.        ],
           [ 0.65079137,  0.        ,  0.        ,  1.        ]])
    """

    _parameter_constraints: dict = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "n_bins": [Interval(numbers.Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    def __init__(self, categorical_features="from_dtype", *, n_bins="auto", dtype="auto"):
        self.categorical_features = categorical_features
        self.n_bins = n_bins
        self.dtype = dtype

    # ---------------------------------------------------------------------------- fit

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Learn the scales, bins and levels of the columns.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            The table.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.
        """
        X = _checked(self, X, reset=True)
        X, weights, n_rows = _weighted_rows(X, sample_weight)
        self._sparse = sparse.issparse(X)
        columns = _columns(X)
        self._families = [_family(c) for c in columns]
        self.is_categorical_ = self._categorical_mask(columns)
        for i, (family, chosen) in enumerate(
            zip(self._families, self.is_categorical_, strict=True)
        ):
            if family in _ADVICE and not (family in ("text", "mixed") and chosen):
                error = TypeError if family == "other" else ValueError
                raise error(f"Column {self._name(i)} {_ADVICE[family]}.")
        if self._sparse:
            self._fit_sparse(X, weights)
        else:
            self._fit_numbers(columns, weights, n_rows)
        self._fit_categories(columns, weights, n_rows)
        return self

    def _categorical_mask(self, columns):
        """Return which columns are categories, by the rules of HistGradientBoosting."""
        chosen = self.categorical_features
        if isinstance(chosen, str):
            return np.array(
                [
                    f in ("bool", "text") or hasattr(c, "codes")
                    for f, c in zip(self._families, columns, strict=True)
                ]
            )
        mask = np.zeros(self.n_features_in_, dtype=bool)
        if chosen is None or len(chosen) == 0:
            return mask
        chosen = np.asarray(chosen)
        if chosen.dtype.kind == "b":
            if chosen.shape != mask.shape:
                raise ValueError(
                    "categorical_features set as a boolean mask must have shape (n_features,), "
                    f"got: {chosen.shape}"
                )
        elif chosen.dtype.kind in "iu":
            if chosen.min() < 0 or chosen.max() >= len(mask):
                raise ValueError(
                    "categorical_features set as integer indices must be in [0, n_features - 1]"
                )
        elif all(isinstance(c, str) for c in chosen):
            names = list(getattr(self, "feature_names_in_", []))
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
            chosen = [names.index(c) for c in chosen]
        else:
            raise ValueError(
                "categorical_features must be an array-like of bool, int or str, got: "
                f"{chosen.dtype.name}."
            )
        mask[chosen] = True
        if self._sparse and mask.any():
            raise ValueError("A sparse X cannot have categorical_features: encode them first.")
        return mask

    def _fit_numbers(self, columns, weights, n_rows):
        """Learn centre, scale and bins of each numeric column, and whether it has gaps."""
        used, varies, gaps, dtypes = [], [], [], [np.dtype(np.float32)]
        for i in np.flatnonzero(~self.is_categorical_).tolist():
            x = _numbers(columns[i])
            dtypes.append(x.dtype)
            missing = np.isnan(x)
            x = x[~missing]
            if np.isinf(x).any():
                raise self._infinite(i)
            used.append(i)
            varies.append(x.size > 0 and x.min() < x.max())
            gaps.append(0 < x.size < len(missing))
        used, varies, gaps = np.array(used, int), np.array(varies, bool), np.array(gaps, bool)
        self.n_bins_ = _auto_n_bins(n_rows, varies.sum()) if self.n_bins == "auto" else self.n_bins
        self.dtype_ = np.result_type(*dtypes).name if self.dtype == "auto" else self.dtype

        self._numeric, varies, gaps = (
            used[varies | gaps],
            varies[varies | gaps],
            gaps[varies | gaps],
        )
        self._linear, self._gaps = np.flatnonzero(varies), np.flatnonzero(gaps)
        self._center, self._scale = np.zeros(len(varies)), np.ones(len(varies))
        binned, edges = [], []
        for j, i in enumerate(self._numeric):
            values, heights = _distribution(_numbers(columns[i]), weights)
            low, self._center[j], high = _quantiles(values, heights, [1, 2, 3], 4)
            if len(values) > 1:
                with np.errstate(over="ignore"):
                    spread = high - low or values[-1] / 2 - values[0] / 2
                self._scale[j] = min(max(spread, _SMALLEST), _LARGEST)
            if self.n_bins_ and len(values) > 2:
                binned.append(j)
                edges.append(_bin_edges(values, heights, self.n_bins_))
        self._binned = np.array(binned, int)
        self._n_dense = len(self._linear) + len(self._gaps)
        # One column of edges per binned column, filled up with infinities.
        self._edges = np.full((max(map(len, edges), default=0), len(edges)), np.inf)
        for column, e in zip(self._edges.T, edges, strict=True):
            column[: len(e)] = e

    def _fit_categories(self, columns, weights, n_rows):
        """Learn the levels of each categorical column (`y` would come in here)."""
        self._categorical, self._levels, gap_codes, rare_codes, widths = [], [], [], [], []
        for i in np.flatnonzero(self.is_categorical_).tolist():
            codes, values = _values(columns[i])
            codes = np.asarray(codes, dtype=np.intp) % len(values)
            counts = {}
            for value, count in zip(values, np.bincount(codes, weights, len(values)), strict=True):
                if count > 0:
                    text = _text(value)
                    counts[text] = counts.get(text, 0) + count
            own = [t for t in counts if counts[t] >= _rare_below(n_rows)]
            own = sorted(own, key=lambda t: (-counts[t], t or ""))[:_MAX_LEVELS]  # noqa: B023
            has_rare = len(own) < len(counts)
            if len(own) + has_rare < 2:  # a constant
                continue
            levels = {t: code for code, t in enumerate(sorted(t for t in own if t is not None))}
            rare = float(len(own)) if has_rare else np.nan
            gap = float(len(levels)) if None in own else rare if None in counts else np.nan
            self._categorical.append(i)
            self._levels.append(levels)
            gap_codes.append(gap)
            rare_codes.append(rare)
            widths.append(len(own) + has_rare)
        self._gap_codes, self._rare_codes = np.array(gap_codes), np.array(rare_codes)
        bins = np.isfinite(self._edges).sum(axis=0) - 1
        self._widths = np.append(bins, np.array(widths, int))
        self._kinds = np.repeat([_PIECEWISE_LINEAR, _ONE_HOT], [len(bins), len(widths)])

    def _fit_sparse(self, X, weights):
        """Learn the scale of each column from its nonzero entries."""
        x = np.nan_to_num(np.abs(X.data.astype(np.float64)), nan=0.0, posinf=np.inf)
        if np.isinf(x).any():
            raise self._infinite(X.indices[np.isinf(x).argmax()])
        counts = (x > 0).astype(float)
        if weights is not None:
            counts *= np.repeat(weights, np.diff(X.indptr))
        peaks = np.zeros(X.shape[1])
        np.maximum.at(peaks, X.indices, x)
        peaks[peaks == 0] = 1.0
        squares = np.bincount(X.indices, counts * (x / peaks[X.indices]) ** 2, len(peaks))
        totals = np.bincount(X.indices, counts, len(peaks))
        rms = np.sqrt(squares / np.where(totals > 0, totals, 1.0))
        self._scale = np.where(rms > 0, np.maximum(peaks * rms, _SMALLEST), 1.0)
        self._edges, self._n_dense, self.n_bins_ = np.empty((0, 0)), X.shape[1], 0
        self.dtype_ = X.dtype.name if self.dtype == "auto" else self.dtype

    # ---------------------------------------------------------------------- transform

    def transform(self, X):
        """Encode a table.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            The table, with the columns of ``fit``.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features_out), or sparse matrix
            The encoded table; sparse where ``fit`` got a sparse matrix.
        """
        check_is_fitted(self)
        dense, positions = self._compact(X)
        return dense if self._sparse else self._expand(dense, positions)

    def _compact(self, X, estimator=None):
        """Return the dense columns of X and the positions of its fields (see `_expand`).

        With an encoder fitted on a sparse matrix, the first is a sparse matrix and the
        second is None. The names of the columns are checked on behalf of `estimator`.
        """
        X = _checked(estimator or self, X)
        if self._sparse:
            return self._scaled_sparse(X), None
        if sparse.issparse(X):
            X = X.toarray()
        n, n_binned = X.shape[0], len(self._binned)
        dense = np.empty((n, self._n_dense), dtype=self.dtype_)
        positions = np.empty((n, len(self._widths)), dtype=np.float32)
        if _is_numeric(X) and set(self._families) == {"number"}:
            columns, whole = X.T, X
        else:
            columns, whole = self._matched(_columns(X)), None
        step = max(_BLOCK // max(len(self._numeric), 1), 1024)
        if len(self._numeric):
            if whole is None:
                taken = [_numbers(columns[i]) for i in self._numeric]
            for start in range(0, n, step):
                rows = slice(start, start + step)
                if whole is None:
                    block = np.empty((len(taken[0][rows]), len(taken)))
                    for j, column in enumerate(taken):
                        block[:, j] = column[rows]
                else:
                    block = whole[rows]
                    if len(self._numeric) < whole.shape[1]:
                        block = block[:, self._numeric]
                    block = block.astype(np.float64)
                self._scale_block(block, dense[rows], positions[rows, :n_binned])
        for f, i in enumerate(self._categorical):
            codes, values = _values(columns[i])
            levels, rare = self._levels[f], self._rare_codes[f]
            texts = map(_text, values)
            gap = self._gap_codes[f]
            table = [gap if t is None else levels.get(t, rare) for t in texts]
            positions[:, n_binned + f] = np.array(table, dtype=np.float32)[codes]
        return dense, positions

    def _matched(self, columns):
        """Return the columns as they are, having checked that they hold what they held."""
        for i, (expected, column) in enumerate(zip(self._families, columns, strict=True)):
            if expected == "empty":
                continue
            family = _family(column)
            if family in (expected, "empty"):
                continue
            if expected == "mixed" and family in ("text", "number", "bool"):
                continue
            if not self.is_categorical_[i] and {family, expected} == {"number", "bool"}:
                continue
            if all(_text(value) is None for value in _values(column)[1]):
                continue
            raise ValueError(
                f"Column {self._name(i)} holds {family} values, but held {expected} values "
                "in fit: convert it to the type that it had."
            )
        return columns

    def _scale_block(self, x, dense, positions):
        """Write the encoding of a few rows of numbers; x may be overwritten."""
        if np.isinf(x).any():
            raise self._infinite(self._numeric[np.isinf(x).any(axis=0).argmax()])
        missing = np.isnan(x)
        if missing.any():
            x = np.where(missing, self._center, x)
        with np.errstate(over="ignore"):
            z = _smooth_clip((x - self._center) / self._scale)
        m = len(self._linear)
        dense[:, :m] = z if m == z.shape[1] else z[:, self._linear]
        if len(self._gaps):
            dense[:, m:] = missing[:, self._gaps]
        if len(self._binned):
            if len(self._binned) < x.shape[1]:
                x = x[:, self._binned]
            positions[...] = _bin_positions(x, self._edges, self._widths[: x.shape[1]])

    def _scaled_sparse(self, X):
        """Return X as a CSR matrix, scaled and clipped."""
        if not sparse.issparse(X):
            columns = self._matched(_columns(X))
            X = sparse.csr_array(np.column_stack([_numbers(c).astype(float) for c in columns]))
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        x = X.data.astype(np.float64)
        if np.isinf(x).any():
            raise self._infinite(X.indices[np.isinf(x).argmax()])
        x[np.isnan(x)] = 0.0
        with np.errstate(over="ignore"):
            x = _smooth_clip(x / self._scale[X.indices])
        return type(X)((x.astype(self.dtype_), X.indices, X.indptr), shape=X.shape)

    def _expand(self, dense, positions):
        """Return the matrix that the compact form stands for.

        It has the dense columns, then a block of ``_widths[f]`` columns for each field f.
        In a one-hot block, column ``position`` is 1. In a piecewise-linear block, column b
        is ``clip(position - b, 0, 1)``. A position of NaN is a block of zeros.
        """
        out = np.zeros((len(dense), self._n_dense + self._widths.sum()), dtype=self.dtype_)
        out[:, : self._n_dense] = dense
        stop = self._n_dense
        for position, kind, width in zip(positions.T, self._kinds, self._widths, strict=True):
            start, stop = stop, stop + width
            if kind == _PIECEWISE_LINEAR:
                out[:, start:stop] = np.clip(position[:, None] - np.arange(width), 0, 1)
            else:
                rows = np.flatnonzero(position >= 0)
                out[rows, start + position[rows].astype(np.intp)] = 1
        return out

    # -------------------------------------------------------------------------- names

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns that ``transform`` gives.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The names of the columns of X, as in ``fit``.

        Returns
        -------
        names : ndarray of str
            The name of a number, a name ending in ``_missing`` for its indicator, in
            ``_bin0``, ``_bin1``, ... for its bins, in ``_`` and the level for a category.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self._sparse:
            return names
        numeric = names[self._numeric]
        out = [*numeric[self._linear], *(f"{name}_missing" for name in numeric[self._gaps])]
        for name, width in zip(numeric[self._binned], self._widths, strict=False):
            out += [f"{name}_bin{b}" for b in range(width)]
        for f, i in enumerate(self._categorical):
            tails = list(self._levels[f])
            if self._gap_codes[f] == len(tails) != self._rare_codes[f]:
                tails.append("missing")
            if not np.isnan(self._rare_codes[f]):
                tails.append("infrequent")
            out += [f"{names[i]}_{tail}" for tail in tails]
        return np.array(out, dtype=object)

    def _name(self, i):
        names = getattr(self, "feature_names_in_", None)
        return i if names is None else repr(str(names[i]))

    def _infinite(self, i):
        return ValueError(
            f"Column {self._name(i)} holds an infinite value: every number must be finite or "
            "missing. Replace infinity by NaN or by a large number."
        )

    # -------------------------------------------------------------------------- state

    def _state(self):
        """Return everything there is to know, as plain arrays, lists, dicts and numbers."""
        return dict(vars(self))

    @classmethod
    def _from_state(cls, state):
        encoder = cls()
        vars(encoder).update(state)
        return encoder

    def __sklearn_tags__(self):
        """Return the capabilities of the encoder."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


# ---------------------------------------------------------------------- numbers, formulas


def _smooth_clip(z):
    """Bend z smoothly into (-3, 3)."""
    z = np.clip(z, -1e6, 1e6)
    return z / np.sqrt(1.0 + (z / 3.0) ** 2)


def _distribution(x, weights):
    """Return the distinct values of x, ascending, and the weight of all rows up to each."""
    present = ~np.isnan(x)
    x = x[present].astype(np.float64)
    if weights is None:
        x = np.sort(x)
        totals = np.arange(1.0, len(x) + 1)
    else:
        order = np.argsort(x)
        x, totals = x[order], np.cumsum(weights[present][order])
    last = np.flatnonzero(np.append(x[1:] != x[:-1], True))
    return x[last], totals[last]


def _quantiles(values, totals, numerators, denominator):
    """Quantiles by the inverse of the distribution function; exact for whole weights."""
    return values[np.searchsorted(denominator * totals, np.multiply(numerators, totals[-1]))]


def _bin_edges(values, totals, n_bins):
    """Edges at quantiles of the rows and, in between, at quantiles of the distinct values."""
    if len(values) <= n_bins + 1:
        return values
    ranks = np.arange(1.0, len(values) + 1)
    by_row = _quantiles(values, totals, np.arange(0, n_bins + 1, 2), n_bins)
    by_value = _quantiles(values, ranks, np.arange(1, n_bins + 1, 2), n_bins)
    return np.unique(np.concatenate([by_row, by_value, values[-1:]]))


def _bin_positions(x, edges, widths):
    """Bin number plus the fraction of the bin that lies below x; `edges` ends in infinities."""
    bins = np.zeros(x.shape, dtype=np.intp)
    for row in edges[1:]:
        bins += x >= row
    bins = np.minimum(bins, widths - 1)
    at = bins * edges.shape[1] + np.arange(edges.shape[1])
    low, high = edges.ravel().take(at), edges.ravel().take(at + edges.shape[1])
    with np.errstate(over="ignore"):
        return bins + np.clip((x - low) / np.minimum(high - low, _LARGEST), 0.0, 1.0)


# ------------------------------------------------------------------------ tables, columns


def _checked(estimator, X, *, reset=False):
    """Return X as a DataFrame, an array or a CSR matrix, its names and shape checked."""
    if sparse.issparse(X):
        return validate_data(
            estimator, X, reset=reset, accept_sparse="csr", ensure_all_finite=False,
            dtype=[np.float64, np.float32],
        )  # fmt: skip
    if not hasattr(X, "columns") and hasattr(X, "to_pandas"):
        X = X.to_pandas()
    if not hasattr(X, "columns"):
        if isinstance(X, list | tuple) and np.asarray(X).dtype.kind in "US":
            X = np.array(X, dtype=object)
        text = getattr(X, "dtype", None) is not None and X.dtype.kind in "OU"
        X = validate_data(
            estimator, X, reset=reset, ensure_all_finite=False, dtype=None if text else "numeric"
        )
        if X.dtype.kind == "U":
            return X.astype(object)
        return X.view(np.uint8) if X.dtype.kind == "b" else X
    # The comparison of names by hand saves most of the cost of one row.
    names = list(X.columns) if isinstance(X.columns, list) else X.columns.tolist()
    if reset or names != getattr(estimator, "feature_names_in_", np.empty(0)).tolist():
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    if 0 in X.shape:
        what = "sample(s)" if X.shape[0] == 0 else "feature(s)"
        raise ValueError(
            f"Found array with 0 {what} (shape={X.shape}) while a minimum of 1 is required by "
            f"{type(estimator).__name__}."
        )
    return X


def _weighted_rows(X, sample_weight):
    """Return the rows of positive weight, their weights and how many rows they stand for."""
    if sample_weight is None:
        return X, None, X.shape[0]
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if weights.min() < 0 or not weights.any():
        raise ValueError("sample_weight must be nonnegative, and positive for some row.")
    if not weights.all():
        rows = np.flatnonzero(weights)
        X, weights = _safe_indexing(X, rows), weights[rows]
    if (weights == np.floor(weights)).all():
        return X, weights, int(weights.sum())
    return X, weights / weights.mean(), len(weights)


def _is_numeric(X):
    return isinstance(X, np.ndarray) and X.dtype.kind in "biuf"


def _columns(X):
    """Return the columns of a table: arrays, pandas extension arrays or polars Series."""
    if isinstance(X, np.ndarray):
        return X.T
    if sparse.issparse(X):
        return [X.data] * X.shape[1]  # numbers, all of them
    if hasattr(X, "get_columns"):
        return X.get_columns()
    if hasattr(X, "_get_column_array"):  # ten times faster than the public way
        return [X._get_column_array(i) for i in range(X.shape[1])]
    return [X.iloc[:, i].values for i in range(X.shape[1])]


def _family(column):
    """Return what a column holds: number, bool, text, mixed, empty, date, complex or other."""
    kind = getattr(column.dtype, "kind", None)
    if kind is None:
        kind = _POLARS_KINDS.get(column.dtype.base_type().__name__, "i")
    elif hasattr(column, "codes"):  # a pandas Categorical: its levels are text, if not numbers
        kind = column.categories.dtype.kind
        return _KINDS[kind] if kind in "iufb" else "text"
    elif kind == "O" and getattr(column.dtype, "name", "") in ("str", "string"):
        return "text"
    return _KINDS.get(kind) or _family_of(_list(column))


def _family_of(values):
    """Return what a list of Python objects holds."""
    types = {t for t in set(map(type, values)) if t.__name__ not in _MISSING_TYPES}
    floats = tuple(t for t in types if issubclass(t, float | np.floating))
    if floats and all(v != v for v in values if isinstance(v, floats)):
        types.difference_update(floats)
    if not types:
        return "empty"
    classes = (str, "text"), (bool | np.bool_, "bool"), (numbers.Real | Decimal, "number")
    for accepted, family in classes:
        if all(issubclass(t, accepted) for t in types):
            return family
    if all(issubclass(t, str | np.bool_ | numbers.Real | Decimal) for t in types):
        return "mixed"
    dates = datetime.date | datetime.time | datetime.timedelta | np.datetime64 | np.timedelta64
    if any(issubclass(t, dates) for t in types):
        return "date"
    return "complex" if any(issubclass(t, complex | np.complexfloating) for t in types) else "other"


def _list(column):
    return column.to_list() if hasattr(column, "to_list") else column.tolist()


def _numbers(column):
    """Return a column as an array of numbers, NaN where missing; without a copy if possible."""
    if not isinstance(column, np.ndarray):
        if hasattr(column, "get_chunks"):  # polars
            column = column.to_numpy()
        elif hasattr(column, "codes"):
            column = np.asarray(column)
        else:
            column = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if column.dtype.kind in "iufb":
        return column
    return np.array([np.nan if _text(v) is None else float(v) for v in column], dtype=np.float64)


def _values(column):
    """Return a list of values and, for each row, an index into it; missing may be -1."""
    if hasattr(column, "codes"):
        codes, levels = column.codes, column.categories
        if len(codes) >= len(levels):
            return codes, [*levels.tolist(), None]
        rows = [None if code < 0 else levels[code] for code in codes.tolist()]
    else:
        rows = _list(column)
    found = {}
    return [found.setdefault(v, len(found)) for v in rows], list(found)


def _text(value):
    """Return the text by which a level is known, or None if the value is missing."""
    if isinstance(value, str):
        return str(value)
    if type(value).__name__ in _MISSING_TYPES:
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        if value != value:
            return None
        return str(int(value)) if value == value // 1 else repr(float(value))
    return str(value)
