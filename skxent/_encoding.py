"""Turns a table (numbers, categories, gaps) into the matrix of floats that a network reads.

The same encoding exists in two forms. ``transform`` gives the plain matrix, for any
model. The compact form keeps one number per column instead of a block of columns: the
position in a list of levels or along a row of bins. Its product with a matrix of weights
is a matter of looking up rows, which is how the networks of this package use it.
"""

import copy
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from ._frames import (
    checked_table,
    columns_of,
    family_of,
    is_categorical,
    is_numeric,
    numbers_of,
    text_of,
    values_of,
    weighted_rows,
)
from ._persistence import (
    Versioned,
    pack_names,
    pack_tables,
    pack_texts,
    unpack_names,
    unpack_tables,
    unpack_texts,
)
from ._statistics import level_log_odds, look_up

_ONE_HOT, _PIECEWISE_LINEAR = 0, 1  # what a position means: a level, a place along the bins
_MAX_LEVELS = 1000  # levels of one column that may have a column of their own
_MANY_LEVELS = 32  # above, most levels have too few rows: what they say of y is a number more
_MANY_CLASSES = 10  # above, one number per class and column would be too many
_OWN_EDGES = 128  # values of a mostly constant column that may each be an edge of a bin ...
_ROWS_PER_EDGE = 20  # ... and the rows there must be for each
_BLOCK = 1 << 16  # numbers scaled at a time, so that temporaries stay small
_LARGEST, _SMALLEST = np.finfo(np.float64).max, np.finfo(np.float64).tiny

_ADVICE = {
    "text": "holds text: list it in categorical_features",
    "mixed": "holds both text and numbers: make it all text, or list it in categorical_features",
    "date": "holds dates or times: replace them by numbers (year, month, days since ...)",
    "complex": "is complex. Complex data not supported: give the real and imaginary parts",
    "other": "holds objects: an argument must be a string or a number",
}


def _auto_n_bins(n_rows, n_numeric):
    """Bins for each numeric column: none for few rows (noise) or many columns (cost)."""
    return 16 if n_rows >= 1000 and n_numeric <= 200 else 0


def _rare_below(n_rows):
    """Rows that a level must have to get a column of its own: 2 for few rows, at most 10."""
    return min(max(2, n_rows // 500), 10)


class TableEncoder(Versioned, TransformerMixin, BaseEstimator):
    """Encode a table of numbers and categories, with gaps, as one matrix of floats.

    Numbers are centred at their median, divided by their interquartile range and smoothly
    clipped to (-3, 3), as in RealMLP [1]_: heavy tails and outliers do no harm. Where that range
    is 0, because half of the rows or more share one value, the other rows tell the scale: their
    median distance from it. A missing number becomes the median, and an indicator column says so
    where ``fit`` saw enough gaps.
    On top of that, a piecewise-linear encoding over quantile bins [2]_ lets a network bend
    its response within a column without having to learn where.

    Categories are one-hot encoded. Missing is a level like any other. Rare levels share
    one "infrequent" level, which also takes the levels that were not seen in ``fit``; where
    there is none, an unseen level is encoded as zeros. Levels are compared by their text, so
    that 1, 1.0 and "1" are one level.

    Columns that say nothing (constants, identifiers) are left out.

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
        The largest number of bins of the piecewise-linear encoding of a numeric column, at
        most 255; 0 for none. "auto" is 16 from 1000 rows on, unless there are more than 200
        numeric columns. A column with two distinct values gets no bins; one that is mostly one
        value (its quartiles are equal) gets an edge at each of its values, if there are at most
        128 of them and 20 rows for each.

    dtype : "auto", "float32" or "float64", default="auto"
        The precision of the result. "auto" is float32 if no number in ``fit`` needs more
        (float32, and integers up to 16 bits), otherwise float64.

    Attributes
    ----------
    n_features_in_ : int
        The number of columns seen in ``fit``.

    feature_names_in_ : ndarray of str
        Their names, if they are all strings.

    is_categorical_ : ndarray of bool, of shape (`n_features_in_`,)
        Which columns are encoded as categories.

    n_bins_ : int
        The largest number of bins between quantiles of a numeric column.

    dtype_ : str
        The precision of the result.

    Notes
    -----
    ``fit`` with ``sample_weight`` of whole numbers is the same as ``fit`` with the rows
    repeated that many times, exactly; not so the log-odds by level of ``fit_transform``, which are
    those of other rows. A row of weight zero does not exist. Weights that are not whole numbers
    count relative to their mean.

    A level is rare, and so are gaps in a numeric column, if it has less than 2 rows or less
    than one row in 500, where 10 rows are always enough. At most 1000 levels of a column,
    the most frequent ones, have a column of their own.

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
    >>> X = pd.DataFrame(
    ...     {"age": [20, 30, None, 40, None, 60], "town": ["Bonn", "Ulm", "Ulm"] * 2}
    ... )
    >>> encoder = TableEncoder().fit(X)
    >>> encoder.get_feature_names_out()
    array(['age', 'age_missing', 'town_Bonn', 'town_Ulm'], dtype=object)
    >>> encoder.transform(X.iloc[:3])
    array([[-0.49319696,  0.        ,  1.        ,  0.        ],
           [ 0.        ,  0.        ,  0.        ,  1.        ],
           [ 0.        ,  1.        ,  0.        ,  1.        ]])
    """

    _parameter_constraints: dict = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "n_bins": [Interval(Integral, 0, 255, closed="both"), StrOptions({"auto"})],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }

    def __init__(self, categorical_features="from_dtype", *, n_bins="auto", dtype="auto"):
        self.categorical_features = categorical_features
        self.n_bins = n_bins
        self.dtype = dtype

    # ---- fit

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> "TableEncoder":
        """Learn the scales, bins and levels of the columns.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,), default=None
            Class labels. With up to 10 classes, each column of more than 32 levels also gives the
            log-odds of the classes by level, shrunk to 0 where a level has few rows. Other targets
            are ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.
        """
        new, _ = self._fitted(X, y, sample_weight)
        self.__dict__ = vars(new)
        return self

    def fit_transform(
        self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Fit to a table, then encode it.

        The statistics of `y` by level are those of other rows here, as in scikit-learn's
        :class:`~sklearn.preprocessing.TargetEncoder`: with `y` and a column of more than 32
        levels, the result is not that of ``fit`` followed by ``transform``.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,), default=None
            Class labels, as in ``fit``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features_out), or sparse matrix
            The encoded table.
        """
        new, statistics = self._fitted(X, y, sample_weight)
        compact = new._compact(X, statistics=statistics)
        self.__dict__ = vars(new)
        return compact if self._sparse else self._expand(*compact)

    def _fitted(self, X, y, sample_weight):
        """Return a fitted copy, for a fit that fails changes nothing, and its statistics of y."""
        new = copy.copy(self)
        return new, new._learn(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def _learn(self, X, y, sample_weight, keep_constants=False):
        """Fit; return the statistics of y out of fold, of every row of X.

        With `keep_constants` these are the first rows of many: what is constant so far may vary.
        """
        X = checked_table(self, X, reset=True)
        check_consistent_length(X, y)
        kept = None if sample_weight is None else np.asarray(sample_weight) > 0
        n_given = X.shape[0]
        X, weights, n_rows = weighted_rows(X, sample_weight)
        columns = columns_of(X)
        self._sparse = sparse.issparse(X)
        self._families = [family_of(column) for column in columns]
        self.is_categorical_ = self._categorical_mask(columns)
        for i, family in enumerate(self._families):
            accepted = ("text", "mixed") if self.is_categorical_[i] else ()
            if family in _ADVICE and family not in accepted:
                error = TypeError if family == "other" else ValueError
                raise error(f"Column {self._name(i)} {_ADVICE[family]}.")
        statistics = self._fit_statistics(columns, y, kept, weights)
        if self._sparse:
            self._fit_sparse(X, weights)
        else:
            self._fit_numbers([*columns, *statistics], weights, n_rows, keep_constants)
        self._fit_categories(columns, weights, n_rows, keep_constants)
        if kept is None or kept.all():
            return statistics
        spread = [np.zeros(n_given) for _ in statistics]  # a row of no weight gets no statistic
        for whole, statistic in zip(spread, statistics, strict=True):
            whole[kept] = statistic
        return spread

    def _fit_statistics(self, columns, y, kept, weights):
        """Learn the log-odds of y by level of the columns with many levels; return them by row."""
        self._statistics, by_row = {}, []
        with np.errstate(invalid="ignore"):  # where scikit-learn asks whether floats are whole
            if y is None or type_of_target(y) not in ("binary", "multiclass"):
                return by_row
        labels, classes = np.unique(column_or_1d(y), return_inverse=True)
        classes = classes if kept is None else classes[kept]
        for i in np.flatnonzero(self.is_categorical_).tolist():
            if len(labels) <= _MANY_CLASSES and len(values_of(columns[i])[1]) > _MANY_LEVELS:
                table, values = level_log_odds(columns[i], classes, len(labels), weights)
                if len(table) > _MANY_LEVELS:
                    self._statistics[i] = table
                    by_row += [*values.T]
        return by_row

    def _categorical_mask(self, columns):
        """Return which columns are categories, by the rules of HistGradientBoosting."""
        chosen = self.categorical_features
        mask = np.zeros(self.n_features_in_, dtype=bool)
        if isinstance(chosen, str):
            for i, family in enumerate(self._families):
                mask[i] = family in ("bool", "text") or is_categorical(columns[i])
            return mask
        chosen = np.asarray([] if chosen is None else chosen)
        names = list(getattr(self, "feature_names_in_", []))
        if chosen.size == 0:
            return mask
        if self._sparse:
            raise ValueError("A sparse X cannot have categorical_features: encode them first.")
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
        elif not all(isinstance(c, str) for c in chosen):
            raise ValueError(
                "categorical_features must be an array-like of bool, int or str, got: "
                f"{chosen.dtype.name}."
            )
        elif not names:
            raise ValueError(
                "categorical_features should be passed as an array of integers or as a "
                "boolean mask when the model is fitted on data without feature names."
            )
        else:
            if unknown := [str(c) for c in chosen if c not in names]:
                raise ValueError(
                    f"categorical_features has an item value {unknown[0]!r} which is not a "
                    f"valid feature name of the training data. Observed feature names: {names}"
                )
            chosen = [names.index(c) for c in chosen]
        mask[chosen] = True
        return mask

    def _fit_numbers(self, columns, weights, n_rows, keep_constants):
        """Learn centre, scale and bins of each numeric column, and whether it has gaps."""
        used, varies, gaps, dtypes = [], [], [], [np.dtype(np.float32)]
        plain = np.flatnonzero(~self.is_categorical_).tolist()
        for i in [*plain, *range(self.n_features_in_, len(columns))]:
            x = numbers_of(columns[i])
            dtypes.append(x.dtype)
            missing = np.isnan(x)
            n_missing = missing.sum() if weights is None else weights[missing].sum()
            x = x[~missing]
            if np.isinf(x).any():
                raise self._infinite(i)
            has_gaps = n_missing >= _rare_below(n_rows)  # as for levels: a rare gap says nothing
            # as float64: there, some large integers are the same number
            varied = keep_constants or (x.size > 0 and float(x.min()) < float(x.max()))
            if varied or (has_gaps and x.size):
                used.append(i)
                varies.append(varied)
                gaps.append(has_gaps)
        self.n_bins_ = _auto_n_bins(n_rows, sum(varies)) if self.n_bins == "auto" else self.n_bins
        self.dtype_ = self.dtype
        if self.dtype == "auto":
            self.dtype_ = "float32" if np.result_type(*dtypes) == np.float32 else "float64"
        self._numeric, self._linear = np.array(used, dtype=int), np.flatnonzero(varies)
        self._gaps = np.flatnonzero(gaps)
        self._n_dense = len(self._linear) + len(self._gaps)

        self._center, self._scale = np.zeros(len(used)), np.ones(len(used))
        binned, edges = [], []
        for j, i in enumerate(used):
            values, totals = _distribution(numbers_of(columns[i]), weights)
            if not len(values):  # gaps only so far
                continue
            low, self._center[j], high = _quantiles(values, totals, [1, 2, 3], 4)
            if len(values) > 1:
                with np.errstate(over="ignore"):
                    spread = high - low or _typical_distance(values, totals, self._center[j])
                self._scale[j] = min(max(spread, _SMALLEST), _LARGEST)
            if self.n_bins_ and len(values) > 2:
                binned.append(j)
                # Quantiles see little of a column that is mostly one value. Where the other rows
                # share values too (amounts that a rule sets), each value is an edge.
                few = min(_OWN_EDGES, totals[-1] / _ROWS_PER_EDGE)
                if self.n_bins == "auto" and high == low and len(values) <= few:
                    edges.append(values)
                else:
                    edges.append(_bin_edges(values, totals, self.n_bins_))
        self._binned = np.array(binned, dtype=int)
        # One column for each binned column, filled up with infinities.
        self._edges = np.full((max(map(len, edges), default=0), len(edges)), np.inf)
        for j, e in enumerate(edges):
            self._edges[: len(e), j] = e

    def _fit_categories(self, columns, weights, n_rows, keep_constants):
        """Learn the levels of each categorical column; a use of y would come in here."""
        self._categorical, self._levels, gap_codes, rare_codes, widths = [], [], [], [], []
        for i in np.flatnonzero(self.is_categorical_).tolist():
            counts = _level_counts(columns[i], weights)
            own = [t for t, count in counts.items() if count >= _rare_below(n_rows)]
            own.sort(key=lambda t, counts=counts: (-counts[t], t or ""))
            own = own[:_MAX_LEVELS]
            has_rare = len(own) < len(counts)
            if len(own) + has_rare < 2 and not keep_constants:
                continue
            texts = sorted(t for t in own if t is not None)
            rare = len(own) if has_rare else np.nan
            gap = len(texts) if None in own else rare if None in counts else np.nan
            self._categorical.append(i)
            self._levels.append({text: code for code, text in enumerate(texts)})
            gap_codes.append(gap)
            rare_codes.append(rare)
            widths.append(len(own) + has_rare)
        self._gap_codes, self._rare_codes = np.array(gap_codes), np.array(rare_codes)
        bins = np.isfinite(self._edges).sum(axis=0) - 1
        self._widths = np.append(bins, np.array(widths, dtype=int))
        self._kinds = np.repeat([_PIECEWISE_LINEAR, _ONE_HOT], [len(bins), len(widths)])

    def _fit_sparse(self, X, weights):
        """Learn the root mean square of the nonzero entries of each column."""
        self.dtype_ = X.dtype.name if self.dtype == "auto" else self.dtype
        X = self._finite_sparse(X)
        x = np.abs(X.data)
        counts = (x > 0).astype(float)
        if weights is not None:
            counts *= np.repeat(weights, np.diff(X.indptr))
        peaks = np.zeros(X.shape[1])
        np.maximum.at(peaks, X.indices, x)
        peaks[peaks == 0] = 1.0
        squares = np.bincount(X.indices, counts * (x / peaks[X.indices]) ** 2, len(peaks))
        totals = np.bincount(X.indices, counts, len(peaks))
        self._scale = np.where(totals > 0, peaks * np.sqrt(squares / np.maximum(totals, 1e-300)), 1)
        self._scale = np.maximum(self._scale, _SMALLEST)
        self._edges, self._n_dense, self.n_bins_ = np.empty((0, 0)), X.shape[1], 0

    # ---- transform

    def transform(self, X: Any) -> Any:
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
        compact = self._compact(X)
        return compact if self._sparse else self._expand(*compact)

    def _compact(self, X, estimator=None, statistics=None):
        """Return the dense columns of X and the positions of its fields (see `_expand`).

        An encoder that was fitted on a sparse matrix returns a sparse matrix instead. The
        names of the columns are checked on behalf of `estimator`. `statistics` replace those
        that would be looked up.
        """
        X = checked_table(self if estimator is None else estimator, X)
        if self._sparse:
            return self._compact_sparse(X)
        if sparse.issparse(X):
            X = X.toarray()
        columns = columns_of(X)
        if not (is_numeric(X) and set(self._families) == {"number"}):
            self._check_families(columns)
        if statistics is None:
            statistics = self._look_up(columns)
        columns = [*columns, *statistics] if statistics else columns
        dense = np.empty((X.shape[0], self._n_dense), dtype=self.dtype_)
        positions = np.empty((X.shape[0], len(self._widths)), dtype=np.float32)
        if len(self._numeric):
            self._compact_numbers(X, columns, dense, positions[:, : len(self._binned)])
        for f, i in enumerate(self._categorical):
            codes, values = values_of(columns[i])
            levels, gap, rare = self._levels[f], self._gap_codes[f], self._rare_codes[f]
            table = [gap if t is None else levels.get(t, rare) for t in map(text_of, values)]
            positions[:, len(self._binned) + f] = np.array(table, dtype=np.float32)[codes]
        return dense, positions

    def _look_up(self, columns):
        """Return the statistics of y, by row, of the columns that have some."""
        looked_up = [look_up(columns[i], table) for i, table in self._statistics.items()]
        return [statistic for values in looked_up for statistic in values.T]

    def _check_families(self, columns):
        """Raise if a column holds something else than it did in fit."""
        for i, (family, column) in enumerate(zip(self._families, columns, strict=True)):
            got = family_of(column)
            if got in (family, "empty") or family == "empty":
                continue
            accepted = ("text", "number", "bool") if family == "mixed" else ()
            if not self.is_categorical_[i]:
                accepted = ("number", "bool")
            missing = got != "other" and all(text_of(v) is None for v in values_of(column)[1])
            if got in accepted or missing:
                continue
            raise ValueError(
                f"Column {self._name(i)} holds {got} values, but held {family} values in fit: "
                "convert it to what it was."
            )

    def _compact_numbers(self, X, columns, dense, positions):
        """Scale the numeric columns and place them along their bins, a block of rows at a time.

        In float64, so that large integers stay distinct until they are centred.
        """
        whole = is_numeric(X) and not self._statistics
        if not whole:
            columns = [numbers_of(columns[i]) for i in self._numeric]
        m, step = len(self._linear), max(_BLOCK // len(self._numeric), 1024)
        for start in range(0, len(dense), step):
            rows = slice(start, start + step)
            if whole:
                x = _pick(X[rows], self._numeric).astype(np.float64, copy=False)
            else:
                x = np.empty((len(dense[rows]), len(columns)))
                for j, column in enumerate(columns):
                    x[:, j] = column[rows]
            missing = ~np.isfinite(x)
            if missing.any():
                if np.isinf(x).any():
                    raise self._infinite(self._numeric[np.isinf(x).any(axis=0).argmax()])
                x = np.where(missing, self._center, x)
            with np.errstate(over="ignore"):
                z = _smooth_clip((x - self._center) / self._scale)
            dense[rows, :m] = _pick(z, self._linear)
            dense[rows, m:] = missing[:, self._gaps]
            if len(self._binned):
                widths = self._widths[: len(self._binned)]
                positions[rows] = _bin_positions(_pick(x, self._binned), self._edges, widths)

    def _compact_sparse(self, X):
        """Return X as a CSR matrix, scaled and clipped."""
        if not sparse.issparse(X):
            columns = columns_of(X)
            self._check_families(columns)
            X = sparse.csr_array(np.column_stack([numbers_of(c).astype(float) for c in columns]))
        X = self._finite_sparse(X)
        with np.errstate(over="ignore"):
            x = _smooth_clip(X.data / self._scale[X.indices]).astype(self.dtype_)
        return type(X)((x, X.indices, X.indptr), shape=X.shape)

    def _finite_sparse(self, X):
        """Return X in canonical format and float64, with zeros for missing entries."""
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        x = X.data.astype(np.float64)
        if np.isinf(x).any():
            raise self._infinite(X.indices[np.isinf(x).argmax()])
        x[np.isnan(x)] = 0.0
        return type(X)((x, X.indices, X.indptr), shape=X.shape)

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
                out[rows, start + position[rows].astype(int)] = 1
        return out

    # ---- names, state, tags

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray:
        """Return the names of the columns that ``transform`` gives.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            The names of the columns of X, as in ``fit``.

        Returns
        -------
        names : ndarray of str
            The name of a number; with ``_missing`` for its indicator, ``_bin0``, ``_bin1``,
            ... for its bins. The name of a category with ``_`` and the level, and with ``_odds``
            for the log-odds of the classes. A name that is taken has one more ``_``.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self._sparse:
            return names
        odds = [
            f"{names[i]}_odds" + (f"{c}" if len(log_odds) > 1 else "")
            for i, table in self._statistics.items()
            for log_odds in [next(iter(table.values()))]
            for c in range(len(log_odds))
        ]
        numeric = np.array([*names, *odds], dtype=object)[self._numeric]
        out = [*numeric[self._linear], *(f"{name}_missing" for name in numeric[self._gaps])]
        for name, width in zip(numeric[self._binned], self._widths, strict=False):
            out += [f"{name}_bin{b}" for b in range(width)]
        for f, i in enumerate(self._categorical):
            gap, rare = self._gap_codes[f], self._rare_codes[f]
            levels = [*self._levels[f]]
            if gap == len(levels) != rare:
                levels.append("missing")
            if rare == len(levels):
                levels.append("infrequent")
            out += [f"{names[i]}_{level}" for level in levels]
        taken: set[str] = set()
        for j in range(len(out)):  # a level may be called "missing", or as another column is
            while out[j] in taken:
                out[j] += "_"
            taken.add(out[j])
        return np.array(out, dtype=object)

    def _name(self, i):
        return repr(str(self.feature_names_in_[i])) if hasattr(self, "feature_names_in_") else i

    def _infinite(self, i):
        return ValueError(
            f"Column {self._name(i)} holds an infinite value: every number must be finite or "
            "missing. Replace infinity by NaN or by a large number."
        )

    def _state(self):
        """Return all there is to know as plain arrays, lists, dicts, strings and numbers."""
        return dict(vars(self))

    @classmethod
    def _from_state(cls, state):
        encoder = cls()
        vars(encoder).update(state)
        return encoder

    @staticmethod
    def _pack(state):
        """Return the state as it is saved, with the texts in it as arrays."""
        if "_families" not in state:
            return state
        state = pack_names(state) | {"_families": pack_texts(state["_families"])}
        if "_levels" in state:  # codes go by the order of the levels
            state["_levels"] = pack_tables(state["_levels"])
        statistics = state["_statistics"]
        odds = [values for table in statistics.values() for values in table.values()]
        state["_statistics"] = pack_tables(statistics.values()) | {
            "columns": np.array([*statistics], dtype=np.int64),
            "odds": np.array(odds, dtype=np.float64),
        }
        return state

    @staticmethod
    def _unpack(state):
        if "_families" not in state:
            return state
        state = unpack_names(state) | {"_families": unpack_texts(state["_families"])}
        if "_levels" in state:
            tables = unpack_tables(state["_levels"])
            state["_levels"] = [{text: i for i, text in enumerate(table)} for table in tables]
        packed = state["_statistics"]
        tables, odds = unpack_tables(packed), iter(packed["odds"].tolist())
        state["_statistics"] = {
            i: {text: next(odds) for text in table}
            for i, table in zip(packed["columns"].tolist(), tables, strict=True)
        }
        return state

    def __sklearn_tags__(self):
        """Return the tags of the encoder: it takes missing values and sparse matrices."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        kept = ["float64", "float32"] if self.dtype == "auto" else [self.dtype]
        tags.transformer_tags.preserves_dtype = kept
        return tags


def _pick(x, columns):
    """Return the given columns of x, which is x itself if they are all there are."""
    return x if len(columns) == x.shape[1] else x[:, columns]


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
    last = np.flatnonzero(np.append(x[1:] != x[:-1], True))[: len(x)]
    return x[last], totals[last]


def _quantiles(values, totals, numerators, denominator):
    """Quantiles by the inverse of the distribution function; exact for whole weights."""
    return values[np.searchsorted(denominator * totals, np.multiply(numerators, totals[-1]))]


def _typical_distance(values, totals, center):
    """Return the median distance from `center` of the rows that are elsewhere."""
    elsewhere = values != center
    distances = np.abs(values[elsewhere] - center)
    order = np.argsort(distances, kind="stable")
    totals = np.cumsum(np.diff(totals, prepend=0.0)[elsewhere][order])
    return _quantiles(distances[order], totals, [1], 2)[0]


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
    if len(x) < 32:  # few rows: few calls
        bins = (x[:, None, :] >= edges[1:]).view(np.uint8).sum(axis=1, dtype=np.uint8)
    else:
        bins, above = np.zeros(x.shape, dtype=np.uint8), np.empty(x.shape, dtype=bool)
        for row in edges[1:]:
            bins += np.greater_equal(x, row, out=above).view(np.uint8)
    bins = np.minimum(bins, widths - 1)
    at = bins * edges.shape[1] + np.arange(edges.shape[1])
    low, high = edges.ravel().take(at), edges.ravel().take(at + edges.shape[1])
    with np.errstate(over="ignore"):
        return bins + np.clip((x - low) / np.minimum(high - low, _LARGEST), 0.0, 1.0)


def _level_counts(column, weights):
    """Return the weight of each level of a column, by its text; None is missing."""
    codes, values = values_of(column)
    codes = np.asarray(codes, dtype=int) % len(values)
    counts = {}
    for value, count in zip(values, np.bincount(codes, weights, len(values)), strict=True):
        if count > 0:
            text = text_of(value)
            counts[text] = counts.get(text, 0) + count
    return counts
