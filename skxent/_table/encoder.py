"""TableEncoder: a table (numbers, categories, dates, gaps) in, the matrix that a network reads out.

An ordinary transformer of scikit-learn; what it learns is one value, an ``Encoding``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._columns import labels_of
from .._compat import Interval, StrOptions, _check_feature_names_in, _fit_context
from .._persistence import (
    Versioned,
    pack_names,
    pack_plain,
    pack_tables,
    pack_texts,
    require,
    unpack_names,
    unpack_plain,
    unpack_tables,
    unpack_texts,
)
from .._threads import effective_n_jobs
from .categories import Categories
from .checks import checked_table
from .encoding import Encoding, Seen, learn_encoding
from .log_odds import LogOdds
from .numbers import Numbers
from .schema import Schema
from .soundness import check_encoding
from .sparse import SparseScale
from .summary import SummaryText, TableSummary, summarize_columns


class TableEncoder(Versioned, TransformerMixin, BaseEstimator):
    """Encode a table of numbers, categories and dates, with gaps, as one matrix of floats.

    Numbers are centred at their median, divided by their interquartile range and smoothly
    clipped to (-3, 3), as in RealMLP [1]_: heavy tails and outliers do no harm. Where that range
    is 0, because half of the rows or more share one value, the other rows tell the scale: their
    median distance from it. A missing number becomes the median, and an indicator column says so
    where ``fit`` saw enough gaps.
    Beside it, where there are at most 500 numeric columns and five rows or more for each, a column
    of more than two values is given standardised as well, clipped at 10 standard deviations: what
    robust scaling column by column takes away, small differences between columns of one scale,
    stays there to be seen. A missing number is 0 in it. On top of that, a piecewise-linear encoding
    over quantile bins [2]_ lets a network bend its response within a column without having to learn
    where.

    Categories are one-hot encoded. Missing is a level like any other. Rare levels share
    one "infrequent" level, which also takes the levels that were not seen in ``fit``; where
    there is none, an unseen level is encoded as zeros. Levels are compared by their text, so
    that 1, 1.0 and "1" are one level.

    Dates become numbers, of which each is then treated as a number is: the days since 1970, with
    fractions, and the time of year, of week and of day as angles, by their sine and cosine, as far
    as they vary. They are what the column's own clock shows, whatever its time zone. Durations are
    taken in seconds.

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
        - list with "from_dtype" in it: the columns that "from_dtype" finds, and those more whose
          names or indices the list has, such as ``["from_dtype", "zip_code"]``.
        - None: none; every column must hold numbers or dates.

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
    than one row in 500, where 10 rows are always enough. In a column of nearly unique text (more
    than 10 levels, with less than 3 rows on average) a level with less than 5 rows is rare, too. At
    most 1000 levels of a column, the most frequent ones, have a column of their own.

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
    array(['age', 'age_missing', 'age_standard', 'town_Bonn', 'town_Ulm'],
          dtype=object)
    >>> encoder.transform(X.iloc[:3]).round(2)
    array([[-0.49,  0.  , -1.18,  1.  ,  0.  ],
           [ 0.  ,  0.  , -0.51,  0.  ,  1.  ],
           [ 0.  ,  1.  ,  0.  ,  0.  ,  1.  ]])
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
    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> TableEncoder:
        """Learn the scales, bins and levels of the columns.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,), default=None
            Class labels. With up to 10 classes, each column of more than 32 levels also gives the
            log-odds of the classes by level, shrunk to 0 where a level has few rows. There are
            none where levels tell the class of a row that is left out no better than chance would,
            as those of an identifier. Other targets are ignored; NaN and infinity are refused.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.
        """
        new, _ = learn_encoder(self, X, y, sample_weight, n_threads=effective_n_jobs(None))
        self.__dict__ = vars(new)
        return self

    def fit_transform(
        self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Any:
        """Fit to a table, then encode it.

        The statistics of `y` by level are those of other rows here, as in scikit-learn's
        :class:`~sklearn.preprocessing.TargetEncoder`: with `y` and a column of more than 32
        levels, the result is not that of ``fit`` followed by ``transform``. All else is, and so is
        the scale of these statistics.

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
        new, seen = learn_encoder(self, X, y, sample_weight, n_threads=effective_n_jobs(None))
        encoded = new._encode(X, seen)
        self.__dict__ = vars(new)
        return encoded

    @_fit_context(prefer_skip_nested_validation=True)
    def _learn(self, X, y, sample_weight, keep_constants, n_threads):
        X, y = checked_table(self, X, reset=True), labels_of(y)
        check_consistent_length(X, y)
        self._encoding, seen = learn_encoding(
            X,
            y,
            sample_weight,
            getattr(self, "feature_names_in_", None),
            categorical_features=self.categorical_features,
            n_bins=self.n_bins,
            dtype=self.dtype,
            keep_constants=keep_constants,
            n_threads=n_threads,
        )
        return seen

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
        fitted = copy.copy(self)  # one snapshot: another thread may fit this meanwhile
        return fitted._encode(X)

    def _encode(self, X, seen=None):
        n_threads = effective_n_jobs(None)
        return self._encoding.read(checked_table(self, X), seen, n_threads).expand(n_threads)

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
            The name of a number; with ``_missing`` for its indicator, ``_standard`` for the
            standardised column, ``_bin0``, ``_bin1``, ... for its bins. The name of a date with
            ``_days``, ``_year_sin``, ``_year_cos``, and so on for ``week`` and ``day``, each taken
            as a number. The name of a category with ``_`` and the level, and with ``_odds`` for the
            log-odds of the classes. A name that is taken has one more ``_``.
        """
        check_is_fitted(self)
        fitted = copy.copy(self)
        names, encoding = _check_feature_names_in(fitted, input_features), fitted._encoding
        return names if encoding.sparse is not None else encoding.names(names)

    def summary(self) -> SummaryText:
        """Tell what became of the columns.

        Returns
        -------
        text : SummaryText
            Lines to print: how many columns are read as numbers, categories, dates and flags
            (booleans, or nothing but 0 and 1); which are left out, being constant, empty or
            identifiers (no level has enough rows); which have bins, gaps, rare levels that share a
            column, and log-odds. A line names five columns at most. ``text.to_frame()`` is a
            DataFrame of all columns (it needs pandas): `column`, `kind`, `left_out` (why, or an
            empty text), the numbers of `bins` and of `levels` with a column of their own, whether
            there are `gaps`, `rare_levels` and `log_odds`, and `width`, the number of encoded
            columns.

        Examples
        --------
        >>> import pandas as pd
        >>> from skxent import TableEncoder
        >>> X = pd.DataFrame({"age": [20, None, 40, None], "town": ["Bonn", "Ulm"] * 2, "one": 1})
        >>> print(TableEncoder().fit(X).summary())
        TableEncoder: a table of 3 columns, encoded as 4
          numbers (1): 'age'
          categories (1): 'town'
          left out, constant (1): 'one'
          gaps (1): 'age'
        """
        check_is_fitted(self)
        fitted = copy.copy(self)
        table = summary_of(fitted, _check_feature_names_in(fitted, None).tolist())
        lines = [f"{type(self).__name__}: a table of {table.headline}", *table.lines]
        return SummaryText("\n".join(lines), table)

    @property
    def is_categorical_(self) -> NDArray:
        """Which columns are encoded as categories."""
        return self._fitted("is_categorical_").schema.is_categorical

    @property
    def n_bins_(self) -> int:
        """The largest number of bins between quantiles of a numeric column."""
        return self._fitted("n_bins_").numbers.n_bins

    @property
    def dtype_(self) -> str:
        """The precision of the result."""
        return self._fitted("dtype_").dtype

    def _fitted(self, name) -> Encoding:
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"{type(self).__name__} is not fitted yet: no {name}.")
        return self._encoding

    def _pack(self, state):
        if "_encoding" not in state:
            return state
        encoding = state.pop("_encoding")
        return pack_names(state) | _pack_encoding(encoding)

    def _unpack(self, state):
        if "_families" not in state:
            return state
        names = state.get("feature_names_in_")
        rest = unpack_names({k: v for k, v in state.items() if k not in _PACKED})
        names = None if names is None else tuple(rest["feature_names_in_"].tolist())
        encoding = _unpack_encoding(state, names)
        n = len(encoding.schema.families)
        require(rest["n_features_in_"] == n, f"n_features_in_ is not the number of columns, {n}")
        return rest | {"_encoding": encoding}

    def __sklearn_is_fitted__(self) -> bool:
        return "_encoding" in vars(self)

    def __sklearn_tags__(self):
        """Return the tags of the encoder: it takes missing values and sparse matrices."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        kept = ["float64", "float32"] if self.dtype == "auto" else [self.dtype]
        tags.transformer_tags.preserves_dtype = kept
        return tags


def learn_encoder(
    encoder: TableEncoder,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    n_threads: int,
    keep_constants: bool = False,
) -> tuple[Any, Seen]:
    """Return a fitted copy, for a fit that fails changes nothing, and what it saw of the rows.

    With `keep_constants` these are the first rows of many: what is constant so far may vary.
    """
    new = copy.copy(encoder)
    return new, new._learn(X, y, sample_weight, keep_constants, n_threads)


def summary_of(encoder: TableEncoder, names: Sequence[str]) -> TableSummary:
    """Return what became of the columns of a fitted encoder's table, which have these names."""
    return summarize_columns(encoding_of(encoder), names)


def with_numbers(encoder: TableEncoder, numbers: Numbers) -> Any:
    """Return a copy of a fitted encoder that gives less of its numbers."""
    new: Any = copy.copy(encoder)
    new._encoding = replace(encoder._encoding, numbers=numbers)
    return new


def encoding_of(encoder: TableEncoder) -> Encoding:
    """Return what a fitted encoder has learnt."""
    if not encoder.__sklearn_is_fitted__():  # the check itself takes longer
        check_is_fitted(encoder)
    return encoder._encoding


# ---- saving

# what is saved of an encoding, of which some follows from the rest
_PACKED = (
    "_sparse _families is_categorical_ _statistics n_bins_ dtype_ _numeric _linear _gaps _n_dense "
    "_center _scale _binned _edges _categorical _levels _gap_codes _rare_codes _widths _kinds "
    "_standard _mean _std _flags _identifiers"
).split()


def pack_encoder(encoder: TableEncoder) -> dict[str, Any]:
    """Return an encoder as it is saved inside of a classifier."""
    return pack_plain(encoder._pack(dict(vars(encoder))))


def unpack_encoder(packed: dict[str, Any]) -> TableEncoder:
    """Return the encoder that was packed."""
    encoder: Any = TableEncoder()
    vars(encoder).update(encoder._unpack(unpack_plain(packed)))
    return encoder


def _pack_encoding(encoding: Encoding) -> dict[str, Any]:
    """Return what is saved, with the texts in it as arrays."""
    numbers, categories, tables = encoding.numbers, encoding.categories, encoding.log_odds.tables
    identifiers = categories.identifiers
    odds = [values for table in tables.values() for values in table.values()]
    packed = {
        "_sparse": encoding.sparse is not None,
        "_families": pack_texts(encoding.schema.families),
        "is_categorical_": encoding.schema.is_categorical,
        "n_bins_": numbers.n_bins,
        "dtype_": encoding.dtype,
        "_edges": numbers.edges,
        "_n_dense": numbers.n_dense,
        "_categorical": list(categories.columns),
        "_levels": pack_tables(categories.levels),  # codes go by the order of the levels
        "_gap_codes": categories.gap_codes,
        "_rare_codes": categories.rare_codes,
        "_identifiers": None if identifiers is None else list(identifiers),
        "_widths": encoding.widths,
        "_kinds": encoding.kinds,
        "_statistics": pack_tables([[text or "" for text in table] for table in tables.values()])
        | {
            "columns": np.array([*tables], dtype=np.int64),
            "odds": np.array(odds, dtype=np.float64),
            "missing": np.array([_place_of_missing(table) for table in tables.values()], int),
        },
    }
    if encoding.sparse is not None:
        n_dense = len(encoding.sparse.scale)
        return packed | {"_scale": encoding.sparse.scale, "_n_dense": n_dense}
    return packed | {
        "_numeric": numbers.columns,
        "_center": numbers.center,
        "_scale": numbers.scale,
        "_linear": numbers.linear,
        "_gaps": numbers.gaps,
        "_binned": numbers.binned,
        "_standard": numbers.plain,
        "_mean": numbers.mean,
        "_std": numbers.std,
        "_flags": numbers.flags,
    }


def _unpack_encoding(saved: Mapping[str, Any], names: tuple[str, ...] | None) -> Encoding:
    """Return the encoding that was saved."""
    none, nothing = np.array([], dtype=int), np.array([])
    sparse = saved["_sparse"]
    numbers = Numbers(
        saved.get("_numeric", none),
        saved.get("_center", nothing),
        nothing if sparse else saved["_scale"],
        saved.get("_linear", none),
        saved.get("_gaps", none),
        saved.get("_binned", none),
        saved["_edges"],
        saved["n_bins_"],
        saved.get("_standard", none),  # version 0.1.0 had none
        saved.get("_mean", nothing),
        saved.get("_std", nothing),
        saved.get("_flags", none),  # nor these two
    )
    identifiers = saved.get("_identifiers")
    levels = unpack_tables(saved["_levels"])
    categories = Categories(
        tuple(saved["_categorical"]),
        tuple({text: code for code, text in enumerate(texts)} for texts in levels),
        saved["_gap_codes"],
        saved["_rare_codes"],
        saved["_widths"][len(numbers.binned) :],
        None if identifiers is None else tuple(identifiers),
    )
    schema = Schema(tuple(unpack_texts(saved["_families"])), saved["is_categorical_"], names)
    scale = SparseScale(saved["_scale"]) if sparse else None
    log_odds = LogOdds(_unpack_statistics(saved["_statistics"]))
    encoding = Encoding(schema, numbers, categories, log_odds, scale, saved["dtype_"])
    check_encoding(encoding)
    for name in ("widths", "kinds"):
        same = np.array_equal(saved[f"_{name}"], getattr(encoding, name))
        require(same, f"_{name} does not follow from the columns")
    return encoding


def _place_of_missing(table: Mapping[str | None, Any]) -> int:
    """Return where missing is among the levels of a table; -1 where it is not."""
    return [*table].index(None) if None in table else -1


def _unpack_statistics(packed: Mapping[str, NDArray]) -> dict[int, dict[str | None, list[float]]]:
    texts, odds = unpack_tables(packed), packed["odds"].tolist()
    require(len(odds) == sum(map(len, texts)), "_statistics is not a row for each level")
    rows = iter(odds)
    columns = packed["columns"].tolist()
    if "missing" in packed:
        gaps = packed["missing"].tolist()
    else:  # version 0.1.0 knew a gap as an empty text
        gaps = [table.index("") if "" in table else -1 for table in texts]
    return {
        i: {None if place == gap else text: next(rows) for place, text in enumerate(table)}
        for i, gap, table in zip(columns, gaps, texts, strict=True)
    }
