"""TableEncoder: what becomes of numbers, categories and gaps, and that it stays so."""

import datetime
import decimal
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from common import SMALL
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

from skxent import SoftmaxMLPClassifier, TableEncoder
from skxent._columns import Column
from skxent._table import numbers
from skxent._table.checks import checked_table, rare_below
from skxent._table.encoder import encoding_of, pack_encoder, unpack_encoder
from skxent._table.log_odds import LogOdds, level_log_odds
from skxent._table.numbers import auto_n_bins, bin_edges, distribution

slow = settings(max_examples=60, deadline=None)


@parametrize_with_checks([TableEncoder(), TableEncoder(n_bins=3, dtype="float64")])
def test_check_estimator(estimator, check):
    check(estimator)


# ---- random tables


def _gaps(values, rng, missing=None):
    """Some of the values, as objects, replaced by a missing one."""
    values = np.array(values, dtype=object)
    values[rng.random(len(values)) < 0.3] = missing
    return values


LEVELS = ["a", "b", "c", "", "nan", "1", "ä b"]
COLUMNS = {
    "float": lambda n, rng: rng.normal(size=n),
    "float32": lambda n, rng: rng.exponential(size=n).astype(np.float32),
    "float gaps": lambda n, rng: np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
    "huge": lambda n, rng: rng.choice([-1.7e308, 1.7e308, 0.0, 1.0], n),
    "tiny": lambda n, rng: rng.choice([0.0, 5e-324, 1e-310], n),
    "zero-inflated": lambda n, rng: np.where(rng.random(n) < 0.8, 0.0, rng.lognormal(5, 3, n)),
    "few": lambda n, rng: rng.integers(-1, 2, n).astype(np.int8),
    "int": lambda n, rng: rng.integers(2**40, 2**40 + 50, n),
    "unsigned": lambda n, rng: rng.integers(0, 255, n).astype(np.uint8),
    "constant": lambda n, rng: np.full(n, 7.0),
    "constant gaps": lambda n, rng: np.where(rng.random(n) < 0.5, np.nan, 7.0),
    "no number": lambda n, rng: np.full(n, np.nan),
    "nothing": lambda n, rng: np.full(n, None, dtype=object),
    "bool": lambda n, rng: rng.random(n) < 0.5,
    "bool gaps": lambda n, rng: _gaps((rng.random(n) < 0.5).tolist(), rng),
    "str": lambda n, rng: pd.array(rng.choice(LEVELS, n).tolist(), dtype="str"),
    "str gaps": lambda n, rng: pd.array(_gaps(rng.choice(LEVELS, n).tolist(), rng), dtype="str"),
    "object": lambda n, rng: rng.choice(LEVELS, n).astype(object),
    "object gaps": lambda n, rng: _gaps(rng.choice(LEVELS, n).tolist(), rng),
    "category": lambda n, rng: pd.Categorical(rng.choice(LEVELS, n).astype(object)),
    "category gaps": lambda n, rng: pd.Categorical(_gaps(rng.choice(LEVELS, n), rng), LEVELS),
    "ids": lambda n, rng: pd.array([f"id{i}" for i in rng.integers(0, 10**9, n)], dtype="str"),
    "Int64": lambda n, rng: pd.array(_gaps(rng.integers(0, 99, n), rng, pd.NA), dtype="Int64"),
    "Float32": lambda n, rng: pd.array(rng.normal(size=n), dtype="Float32"),
    "boolean": lambda n, rng: pd.array(_gaps(rng.random(n) < 0.5, rng, pd.NA), dtype="boolean"),
}
ONLY_PANDAS = {
    "category of int": lambda n, rng: pd.Categorical(rng.integers(0, 4, n)),
    "category of interval": lambda n, rng: pd.cut(rng.normal(size=n), [-9.0, -0.5, 0.5, 9.0]),
    "category of bool": lambda n, rng: pd.Categorical(rng.random(n) < 0.5),
    "string": lambda n, rng: pd.array(rng.choice(LEVELS, n).tolist(), dtype="string"),
    "arrow int": lambda n, rng: pd.array(rng.integers(0, 9, n), dtype=pd.ArrowDtype(pa.int32())),
    "arrow str": lambda n, rng: pd.array(
        _gaps(rng.choice(LEVELS, n), rng), dtype=pd.ArrowDtype(pa.string())
    ),
    "object of float": lambda n, rng: _gaps(rng.normal(size=n).tolist(), rng),
    "object NA": lambda n, rng: _gaps(rng.integers(0, 9, n).tolist(), rng, pd.NA),
    "decimal": lambda n, rng: np.array([decimal.Decimal(i) / 7 for i in range(n)], dtype=object),
    "sparse": lambda n, rng: pd.arrays.SparseArray((rng.random(n) < 0.3) * 2.0),
}


def _table(kinds, n, seed):
    rng = np.random.default_rng(seed)
    makers = COLUMNS | ONLY_PANDAS
    return pd.DataFrame({f"{kind} {i}": makers[kind](n, rng) for i, kind in enumerate(kinds)})


def _kinds(*makers):
    return st.lists(st.sampled_from([k for m in makers for k in m]), min_size=1, max_size=6)


sizes = st.sampled_from([1, 2, 3, 7, 30, 120, 300])
seeds = st.integers(0, 2**32 - 1)
n_bins = st.sampled_from(["auto", 0, 1, 2, 5, 16, 255])


def _assert_same(a, b):
    for x, y in zip(a, b, strict=True):
        assert_array_equal(x, y)


def _compact(encoder, X, estimator=None):
    """Dense columns and positions of a table; the matrix of a sparse one."""
    table = checked_table(encoder if estimator is None else estimator, X)
    rows = encoding_of(encoder).read(table)
    return rows.X if encoding_of(encoder).sparse is not None else (rows.dense, rows.positions)


def _numbers(encoder):
    return encoding_of(encoder).numbers


def _expanded(encoder, dense, positions):
    """The expansion as it is defined, one number at a time."""
    blocks = [dense]
    encoding = encoding_of(encoder)
    for f, (kind, width) in enumerate(zip(encoding.kinds, encoding.widths, strict=True)):
        block = np.zeros((len(dense), width))
        for row, position in zip(block, positions[:, f], strict=True):
            if kind == 0 and position >= 0:
                row[int(position)] = 1
            elif kind == 1 and position == position:
                whole = int(np.floor(position))
                row[:whole] = 1
                if whole < width:
                    row[whole] = position - whole
        blocks.append(block)
    return np.hstack(blocks)


@slow
@given(_kinds(COLUMNS, ONLY_PANDAS), sizes, seeds, n_bins)
def test_any_table_is_encoded_row_by_row(kinds, n, seed, n_bins):
    encoder = TableEncoder(n_bins=n_bins).fit(_table(kinds, n, seed))
    X = _table(kinds, 40, seed + 1)
    dense, positions = _compact(encoder, X)
    assert positions.dtype == np.float32 and dense.dtype == encoder.dtype_
    assert np.isfinite(dense).all() and (np.abs(dense) <= 10).all()
    bent = dense.shape[1] - len(_numbers(encoder).plain)
    assert (np.abs(dense[:, :bent]) <= 3).all()
    widths = np.broadcast_to(encoding_of(encoder).widths, positions.shape)
    inside = (positions >= 0) & (positions <= widths - (encoding_of(encoder).kinds == 0))
    assert (inside | (np.isnan(positions) & (encoding_of(encoder).kinds == 0))).all()
    out = encoder.transform(X)
    assert_array_equal(out, _expanded(encoder, dense, positions))
    assert out.dtype == encoder.dtype_ and out.shape[1] == len(encoder.get_feature_names_out())
    for i in (0, 17, 39):
        _assert_same(_compact(encoder, X.iloc[[i]]), (dense[[i]], positions[[i]]))
    summary = encoder.summary().to_frame()
    assert list(summary["column"]) == list(X) and summary["width"].sum() == out.shape[1]
    assert ((summary["width"] == 0) == (summary["left_out"] != "")).all()


@slow
@given(_kinds(COLUMNS, ONLY_PANDAS), sizes, seeds, n_bins)
def test_order_of_rows_and_constant_columns_do_not_matter(kinds, n, seed, n_bins):
    X = _table(kinds, n, seed)
    order = np.random.default_rng(seed).permutation(n)
    first = TableEncoder(n_bins=n_bins).fit(X)
    constant = X.iloc[order].assign(one=1.0, same="same", nothing=None)
    second = TableEncoder(n_bins=n_bins, dtype=first.dtype_).fit(constant)
    new = _table(kinds, 20, seed + 1)
    _assert_same(_compact(first, new), _compact(second, new.assign(one=2.0, same="x", nothing=3)))
    assert_array_equal(first.get_feature_names_out(), second.get_feature_names_out())


def _polars(frame):
    empty = [pl.Series(c, [None] * len(frame)) for c in frame if frame[c].isna().all()]
    return pl.from_pandas(frame).with_columns(s for s in empty if frame[s.name].dtype == object)


@slow
@given(_kinds(COLUMNS), sizes, seeds)
def test_pandas_equals_polars(kinds, n, seed):
    X, new = _table(kinds, n, seed), _table(kinds, 20, seed + 1)
    one, other = TableEncoder(dtype="float64"), TableEncoder(dtype="float64")
    one.fit(X)
    other.fit(_polars(X))
    assert [*encoding_of(one).schema.families] == [*encoding_of(other).schema.families]
    _assert_same(_compact(one, new), _compact(other, _polars(new)))
    _assert_same(_compact(one, new), _compact(one, _polars(new)))
    _assert_same(_compact(one, new.iloc[[3]]), _compact(one, _polars(new)[3:4]))


@slow
@given(_kinds(COLUMNS), sizes, seeds, n_bins)
def test_whole_weights_are_repetitions(kinds, n, seed, n_bins):
    X = _table(kinds, n, seed)
    counts = np.random.default_rng(seed).integers(0, 4, n)
    counts[0] += 1
    encoder = TableEncoder(n_bins=n_bins, dtype="float64")
    weighted = clone(encoder).fit(X, sample_weight=counts)
    repeated = clone(encoder).fit(X.iloc[np.repeat(np.arange(n), counts)])
    assert_array_equal(weighted.get_feature_names_out(), repeated.get_feature_names_out())
    assert_array_equal(weighted.transform(X), repeated.transform(X))


@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=30), n_bins)
@settings(max_examples=100, deadline=None)
def test_any_numbers(values, n_bins):
    X = np.array(values)[:, None]
    encoder = TableEncoder(n_bins=n_bins).fit(X)
    dense, positions = _compact(encoder, np.vstack([X, [[1e308], [-1e308], [0.0], [np.nan]]]))
    assert np.isfinite(dense).all() and np.isfinite(positions).all()
    order = np.argsort(values)
    assert (
        np.diff(positions[: len(values)][order][np.isfinite(np.sort(values))], axis=0) >= 0
    ).all()


# ---- numbers


def test_scale_and_smooth_clip():
    x = np.arange(101.0)
    z = (x - 50) / 50
    encoder = TableEncoder(n_bins=0).fit(x[:, None])
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    assert_allclose(encoder.transform(x[:, None])[:, 0], expected, rtol=1e-12)


def test_scale_of_a_column_that_is_mostly_one_value():
    """It is the median distance of the other rows; one huge value does not squeeze them."""
    x = np.array([3.0] * 30 + [13.0, 8.0, -1e9])
    counts = np.array([1] * 30 + [4, 2, 1])
    encoder = TableEncoder(n_bins=0)
    assert _numbers(encoder.fit(x[:, None])).scale == [10.0]
    assert _numbers(encoder.fit(x[:, None], sample_weight=counts)).scale == [10.0]
    assert _numbers(encoder.fit(np.repeat(x, counts)[:, None])).scale == [10.0]
    assert _numbers(encoder.fit(np.append(x, [8.0, 8.0])[:, None])).scale == [5.0]
    extremes = np.array([-1e308] * 9 + [1e308])[:, None]
    assert np.isfinite(encoder.fit(extremes).transform(extremes)).all()


def test_each_value_of_a_mostly_constant_column_is_an_edge():
    amounts = 7.0 * np.arange(1, 61) ** 2
    x = np.append(np.zeros(1940), amounts)[:, None]
    encoder = TableEncoder().fit(x)
    assert_array_equal(_numbers(encoder).edges[:, 0], [0, *amounts])
    dense, positions = _compact(encoder, x[-60:])
    assert_array_equal(positions[:, 0], np.arange(1, 61))
    for other in (
        TableEncoder().fit(np.tile(x[-600:], (2, 1))),  # fewer than 20 rows for each value
        TableEncoder().fit(np.append(x, x[-60:].repeat(60))[:, None]),  # not mostly one value
        TableEncoder(n_bins=16).fit(x),  # the number is given
    ):
        assert np.isfinite(_numbers(other).edges[:, 0]).sum() <= 17
    counts = np.random.default_rng(0).integers(0, 3, len(x))
    assert_array_equal(
        _numbers(TableEncoder().fit(x, sample_weight=counts)).edges,
        _numbers(TableEncoder().fit(np.repeat(x, counts, axis=0))).edges,
    )


def test_missing_numbers_become_the_median_and_say_so():
    x = np.repeat([[0.0], [1], [2], [3], [4], [np.nan]], 3, axis=1)
    x[:, 0], x[4, 2] = [0, 1, 2, 3, 4, 5], np.nan
    encoder = TableEncoder(n_bins=4).fit(x)
    # One row is too few for an indicator, two are enough.
    assert list(encoder.get_feature_names_out()[:4]) == ["x0", "x1", "x2", "x2_missing"]
    dense, positions = _compact(encoder, np.array([[np.nan, np.nan, np.nan], [2, 2, 1]]))
    assert_array_equal(dense[:, :4], [[0, 0, 0, 1], [0, 0, 0, 0]])
    assert dense.shape[1] == 4  # fewer than five rows a column: none is standardised
    twice = TableEncoder(n_bins=4).fit(np.tile(x, (3, 1)))
    names = list(twice.get_feature_names_out())
    standard = [i for i, name in enumerate(names) if name.endswith("_standard")]
    assert len(standard) == 3
    assert_array_equal(twice.transform(np.full((1, 3), np.nan))[0, standard], [0, 0, 0])
    assert_array_equal(positions[0], positions[1])


def test_very_many_columns_are_given_once():
    X = np.random.default_rng(0).integers(0, 4, size=(2505, 501))
    assert TableEncoder(n_bins=0).fit_transform(X[:, :500]).shape[1] == 1000
    assert TableEncoder(n_bins=0).fit_transform(X).shape[1] == 501


@slow
@given(st.integers(10, 300), seeds)
def test_standardised_columns_have_mean_0_and_variance_1(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(5, 3, (n, 2)) * [1, 1e200]
    x[:: max(n // 3, 2), 1] = np.nan
    encoder = TableEncoder(n_bins=0).fit(x)
    names = list(encoder.get_feature_names_out())
    for c in (0, 1):
        if f"x{c}_standard" in names:
            z = encoder.transform(x)[:, names.index(f"x{c}_standard")][~np.isnan(x[:, c])]
            assert_allclose([z.mean(), z.std()], [0, 1], atol=1e-12)
    far = encoder.transform(np.array([[1e300, -1e300], [np.nan, np.nan]]))
    assert_array_equal(far[0, [names.index("x0_standard")]], [10])
    counts = rng.integers(0, 3, n) + (np.arange(n) < 3)
    weighted = _numbers(TableEncoder().fit(x, sample_weight=counts))
    repeated = _numbers(TableEncoder().fit(np.repeat(x, counts, axis=0)))
    for name in ("plain", "mean", "std"):
        assert_array_equal(getattr(weighted, name), getattr(repeated, name))


def test_whole_numbers_beyond_float32_stay_distinct():
    x = 2**53 - 1 - np.arange(50)[:, None]
    encoder = TableEncoder(dtype="float32").fit(x)
    assert len(np.unique(encoder.transform(x)[:, 0])) == 50
    for X in (pd.DataFrame(x), pl.DataFrame(x), pd.DataFrame(x, dtype="Int64")):
        assert_array_equal(TableEncoder(dtype="float32").fit_transform(X), encoder.transform(x))


def test_edges_follow_rows_and_distinct_values():
    few = np.array([1.0, 2.0, 5.0] * 40)
    assert_array_equal(bin_edges(*distribution(few, None), 16), [1, 2, 5])
    x = np.arange(1.0, 1602.0)  # all distinct: plain quantiles
    edges = bin_edges(*distribution(x, None), 16)
    assert_array_equal(edges, np.ceil(np.arange(17) * 1601 / 16).clip(1))
    inflated = np.concatenate([np.zeros(5000), np.arange(1.0, 801.0)])
    edges = bin_edges(*distribution(inflated, None), 16)
    assert len(edges) == 11 and (np.diff(edges[1:]) <= 101).all()


def test_positions_along_the_bins():
    x = np.array([0.0, 1.0, 2.0, 4.0] * 5)[:, None]
    encoder = TableEncoder(n_bins=8).fit(x)
    _, positions = _compact(encoder, np.array([[-1.0], [0.0], [0.5], [1.0], [3.0], [4.0], [9.0]]))
    assert_array_equal(positions[:, 0], [0, 0, 0.5, 1, 2.5, 3, 3])


def test_two_values_get_no_bins_and_many_columns_neither():
    rng = np.random.default_rng(0)
    assert encoding_of(TableEncoder().fit(rng.integers(0, 2, (200, 3)))).widths.size == 0
    assert [auto_n_bins(n, 5) for n in (999, 1000)] == [0, 16] and auto_n_bins(9999, 201) == 0
    assert TableEncoder().fit(rng.normal(size=(1200, 201))).n_bins_ == 0
    assert TableEncoder().fit(rng.normal(size=(1200, 20))).n_bins_ == 16


def test_dtype():
    x = np.arange(30.0)[:, None]
    for given_, expected in [("f4", "f4"), ("f8", "f8"), ("i2", "f4"), ("i8", "f8"), ("u1", "f4")]:
        assert TableEncoder().fit_transform(x.astype(given_)).dtype == expected
        assert TableEncoder().fit(pd.DataFrame(x.astype(given_))).dtype_ == np.dtype(expected).name
    assert TableEncoder(dtype="float32").fit_transform(x).dtype == np.float32
    frame = pd.DataFrame({"x": x[:, 0].astype("f4")}).assign(
        level=pd.Categorical(np.arange(30) % 3)
    )
    labels = np.arange(30) % 2
    assert TableEncoder().fit(frame, labels).dtype_ == "float32"  # log-odds ask for no more


def test_a_matrix_is_the_same_in_pieces(monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(1100, 3)), columns=list("abc"))
    frame["level"] = rng.integers(0, 9, 1100)
    encoder = TableEncoder(["level"]).fit(frame)
    whole = encoder.transform(frame)
    monkeypatch.setattr(numbers, "_BLOCK", 7)
    assert_array_equal(encoder.transform(frame), whole)
    assert_array_equal(whole[:3], [encoder.transform(frame[i : i + 1])[0] for i in range(3)])


@pytest.mark.parametrize("frame", [np.asarray, pd.DataFrame, pl.DataFrame, sparse.csr_array])
def test_infinity_is_refused_by_name(frame):
    x = np.arange(30.0).reshape(10, 3)
    encoder = TableEncoder().fit(frame(x))
    x[4, 1] = np.inf
    for method in (encoder.fit, encoder.transform):
        with pytest.raises(ValueError, match="Column ('1'|'column_1'|1) holds an infinite value"):
            method(frame(x))


def test_relative_weights():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(200, 2)), rng.random(200)
    a = TableEncoder().fit(x, sample_weight=w).transform(x)
    assert_array_equal(a, TableEncoder().fit(x, sample_weight=4 * w).transform(x))
    for w in (-np.ones(200), np.zeros(200)):
        with pytest.raises(ValueError, match="non-zero|must not be negative"):
            TableEncoder().fit(x, sample_weight=w)


@pytest.mark.parametrize("unit", ["D", "ns"])
def test_dates_among_objects_are_no_numbers(unit):
    for kind in ("m8", "M8"):
        column = np.empty(3, dtype=object)
        column[0], column[1:] = np.array(5).astype(f"{kind}[{unit}]")[()], 1
        with pytest.raises(ValueError, match="or dates among other values"):
            TableEncoder().fit(pd.DataFrame({"x": column}))


def test_huge_whole_weights_are_no_counts():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"number": rng.normal(size=200), "id": rng.integers(0, 90, 200).astype(str)})
    y = np.repeat([0, 1, 2], [198, 1, 1])
    encoded = [
        TableEncoder().fit(X, y, sample_weight=np.full(200, weight)).transform(X)
        for weight in (0.1, 2.0**60, 1e300, 1.7e308)
    ]
    assert np.isfinite(encoded[0]).all()
    for other in encoded[1:]:
        assert_array_equal(other, encoded[0])


# ---- categories


def _letters(counts):
    return pd.DataFrame({"c": [v for v, k in counts.items() for _ in range(k)]}, dtype=object)


def _code(encoder, value):
    return _compact(encoder, pd.DataFrame({"c": [value]}, dtype=object))[1][0, 0]


def test_rare_unseen_and_missing_levels():
    encoder = TableEncoder().fit(_letters({"b": 5, "a": 5, "x": 1, "y": 1, None: 3}))
    names = ["c_a", "c_b", "c_missing", "c_infrequent"]
    assert list(encoder.get_feature_names_out()) == names
    codes = [_code(encoder, v) for v in ("a", "b", None, "x", "y", "never seen", "")]
    assert codes == [0, 1, 2, 3, 3, 3, 3]

    encoder = TableEncoder().fit(_letters({"b": 5, "a": 5}))  # nothing rare, nothing missing
    assert list(encoder.get_feature_names_out()) == ["c_a", "c_b"]
    assert np.isnan([_code(encoder, v) for v in (None, np.nan, pd.NA, "new")]).all()

    encoder = TableEncoder().fit(_letters({"b": 5, "a": 5, None: 1}))  # a rare gap
    assert list(encoder.get_feature_names_out()) == ["c_a", "c_b", "c_infrequent"]
    assert _code(encoder, None) == _code(encoder, "new") == 2


def test_columns_without_information_are_left_out():
    X = pd.DataFrame({"id": [f"{i}" for i in range(30)], "one": ["same"] * 30, "x": range(30)})
    assert list(TableEncoder().fit(X).get_feature_names_out()) == ["x", "x_standard"]


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_that_are_one_float_are_constants(dtype):
    same = np.array(2**60, dtype=dtype) + np.arange(20, dtype=dtype)
    X = pd.DataFrame({"same": same, "apart": same * np.array(8, dtype=dtype), "x": range(20)})
    encoder = TableEncoder().fit(X)
    assert list(encoder.get_feature_names_out()) == ["x", "x_standard"]
    X["same"] += 2**10 * (np.arange(20) == 19).astype(dtype)  # all but one are one float
    names = ["same", "x", "x_standard"]  # of two values, standardised is the same column again
    assert list(encoder.fit(X).get_feature_names_out()) == names
    assert np.isfinite(encoder.transform(X)).all()


def test_rare_levels_do_not_blow_up_the_width():
    assert [rare_below(n) for n in (5, 1000, 3000, 10**6)] == [2, 2, 6, 10]
    X = pd.DataFrame({"c": np.repeat(np.arange(3000).astype(str), 10)})
    encoder = TableEncoder().fit(X)
    assert encoder.transform(X[:5]).shape[1] == 1001
    upside_down = TableEncoder().fit(X[::-1])
    levels = [encoding_of(e).categories.levels[0] for e in (encoder, upside_down)]
    assert_array_equal(*levels)


def test_a_long_list_of_levels_is_not_walked_for_a_few_rows():
    levels = [f"{i:05}" for i in range(5000)]
    X = pd.DataFrame({"c": pd.Categorical(np.repeat(levels[:500], 20), levels)})
    encoder = TableEncoder().fit(X)
    some = X.iloc[[3000, 20]]
    assert_array_equal(_compact(encoder, some)[1], _compact(encoder, X)[1][[3000, 20]])


def test_levels_are_compared_by_their_text():
    X = np.array([[1, "1", 1.0], [2, 2, "2.5"]] * 5, dtype=object)
    encoder = TableEncoder(categorical_features=[0, 1, 2]).fit(X)
    names = ["x0_1", "x0_2", "x1_1", "x1_2", "x2_1", "x2_2.5"]
    assert list(encoder.get_feature_names_out()) == names
    assert_array_equal(_compact(encoder, X[:2])[1], [[0, 0, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    "chosen", [["b"], [1], [False, True, False], np.array([False, True, False]), np.array([1])]
)
def test_chosen_categories(chosen):
    X = pd.DataFrame({"a": [1, 2, 3] * 9, "b": [1, 2, 3] * 9, "c": [True, False, True] * 9})
    encoder = TableEncoder(categorical_features=chosen).fit(X)
    assert_array_equal(encoder.is_categorical_, [False, True, False])
    assert list(encoder.get_feature_names_out()) == ["a", "c", "a_standard", "b_1", "b_2", "b_3"]
    if not isinstance(chosen[0], str):
        assert_array_equal(encoder.transform(X), clone(encoder).fit_transform(X.to_numpy(float)))


@pytest.mark.parametrize("chosen", [["z"], [3], [-1], [True], [1.5], np.array(["a", 1], object)])
def test_wrong_choice_is_refused_as_by_hist_gradient_boosting(chosen):
    X = pd.DataFrame({"a": range(20), "b": range(20)})
    with pytest.raises(ValueError) as theirs:
        HistGradientBoostingClassifier(categorical_features=chosen).fit(X, X["a"] > 9)
    with pytest.raises(ValueError) as ours:
        TableEncoder(categorical_features=chosen).fit(X)
    assert str(theirs.value).split(", got")[0][-40:] in str(ours.value)
    with pytest.raises(ValueError, match="without feature names"):
        TableEncoder(categorical_features=["a"]).fit(X.to_numpy())


@pytest.mark.parametrize("chosen", [{}, {0}, {"a"}, np.array(1), [[0]]], ids=str)
def test_categories_are_chosen_by_a_list(chosen):
    X = pd.DataFrame({"a": range(20), "b": range(20)})
    with pytest.raises(ValueError, match="categorical_features must be .* bool, int or str.* got"):
        TableEncoder(categorical_features=chosen).fit(X)


def test_no_categories():
    X = pd.DataFrame({"a": range(20), "b": [True, False] * 10})
    encoder = TableEncoder(categorical_features=None).fit(X)
    assert not encoder.is_categorical_.any()
    assert_array_equal(encoder.transform(X.astype(float)), encoder.transform(X))
    numbers = X.astype({"a": "category"})
    assert_array_equal(encoder.transform(numbers), clone(encoder).fit_transform(numbers))
    with pytest.raises(ValueError, match="Column 's' holds text: list it in categorical_features"):
        encoder.fit(X.assign(s="x"))


@pytest.mark.parametrize("rows", [list, tuple, lambda r: np.array(r, dtype=object)])
def test_rows_of_text_and_numbers(rows):
    table = [["a", 1.5, None], ["b", 2, 3], ["a", 3, None], ["b", 4, 5]]
    encoder = TableEncoder().fit(rows(table))
    names = ["x1", "x2", "x2_missing", "x0_a", "x0_b"]
    assert list(encoder.get_feature_names_out()) == names
    assert_array_equal(encoder.transform(rows([["b", 2, 4]]))[0, 3:], [0, 1])


def test_arrays_of_text_and_of_booleans():
    X = np.array([["a", "b"], ["b", "b"], ["a", "c"], ["b", "c"]])
    assert TableEncoder().fit_transform(X).shape == (4, 4)
    X = np.random.default_rng(0).random((20, 3)) < 0.5
    encoder = TableEncoder().fit(X)
    assert encoder.dtype_ == "float32" and not encoder.is_categorical_.any()
    assert_array_equal(encoder.transform(X), encoder.transform(1.0 * X))


# ---- what the levels say of the classes


def _identifiers(n, seed, n_classes=2):
    """A column of 50 levels, one of them missing, and labels that depend on the level."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 50, n)
    names = np.array([None, *(f"id{i}" for i in range(1, 50))], dtype=object)
    X = pd.DataFrame({"id": names[codes], "x": rng.normal(size=n)})
    return X, np.where(rng.random(n) < 0.7, codes, rng.integers(0, 99, n)) % n_classes


def _odds(encoder):
    return [
        str(name) for name in encoder.get_feature_names_out() if str(name).startswith("id_odds")
    ]


@pytest.mark.parametrize("n_classes", [2, 3, 10, 11])
def test_many_levels_give_log_odds_of_few_classes(n_classes):
    X, y = _identifiers(2000, 0, n_classes)
    encoder = TableEncoder(n_bins=0).fit(X, y)
    names = {2: ["id_odds"], 11: []}.get(n_classes, [f"id_odds{c}" for c in range(n_classes)])
    assert _odds(encoder) == names
    assert _odds(TableEncoder(n_bins=0).fit(X)) == []
    assert _odds(TableEncoder(n_bins=0).fit(X, y + 0.5)) == []  # no classes
    few = X.assign(id=X["id"].str[:3])
    few["id"] = few["id"].astype("category").cat.add_categories([str(i) for i in range(99)])
    assert _odds(TableEncoder(n_bins=0).fit(few, y)) == []
    assert _is_plain(pack_encoder(encoder))
    new = X[:9].assign(id=["never seen", None, *X["id"][2:9]])
    dense, positions = _compact(encoder, new)
    assert np.isfinite(dense).all()
    for i in range(9):
        _assert_same(_compact(encoder, new.iloc[[i]]), (dense[[i]], positions[[i]]))


def test_log_odds_are_those_of_the_rates_shrunk_towards_the_prior():
    levels = pd.Series(["a"] * 300 + ["b"] * 700)
    y = np.array([1] * 200 + [0] * 100 + [1] * 200 + [0] * 500)
    table, _ = level_log_odds(Column(levels.to_numpy()), y, 2, None)
    p = (200 + 10 * 0.4) / (300 + 10)
    expected = np.log(p / (1 - p)) - np.log(0.4 / 0.6)
    assert_allclose(table["a"], [expected], rtol=1e-6)
    (found,) = LogOdds({0: table}).look_up([Column(np.array(["a", "z"]))])
    assert_array_equal(found, [*table["a"], 0.0])


def test_no_row_sees_its_own_label():
    X, y = _identifiers(300, 0)
    _, before = level_log_odds(Column(X["id"].to_numpy()), y, 2, None)
    for row in (0, 100, 299):
        changed = y.copy()
        changed[row] = 1 - y[row]
        _, after = level_log_odds(Column(X["id"].to_numpy()), changed, 2, None)
        assert_array_equal(after[row], before[row])
        assert (after != before).any()


def test_log_odds_of_rows_without_weight_are_never_learnt():
    X, y = _identifiers(600, 0)
    weights = np.ones(600)
    weights[::3] = 0
    kept = weights > 0
    weighted = TableEncoder().fit(X, y, sample_weight=weights)
    _assert_same(
        _compact(weighted, X), _compact(TableEncoder().fit(X[kept], y[kept], sample_weight=None), X)
    )
    out = TableEncoder().fit_transform(X, y, sample_weight=weights)
    assert_array_equal(out[kept], TableEncoder().fit_transform(X[kept], y[kept]))


def _numbered(n, kind):
    """Nearly unique text: ids of which a share comes twice, ids in pairs, numbers as text."""
    rng = np.random.default_rng(n)
    if kind == "numbers":
        return [f"{x:.3f}" for x in rng.lognormal(3, 1, n)]
    if kind == "pairs":
        return [f"id{i // 2}" for i in range(n)]
    ids = np.arange(n)
    again = rng.choice(n, int(n * kind), replace=False)
    ids[again] = rng.permutation(n)[: len(again)]
    return [f"id{i}" for i in ids]


@pytest.mark.parametrize("kind", [0.0, 0.01, 0.1, 0.5, "pairs", "numbers"])
@pytest.mark.parametrize("n", [60, 700, 1400])
def test_nearly_unique_text_is_left_out(n, kind):
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame({"a": rng.normal(size=n)}), rng.integers(0, 2, n)
    bare = TableEncoder(n_bins=0).fit_transform(X, y)
    X["id"] = _numbered(n, kind)
    encoder = TableEncoder(n_bins=0)
    encoded = encoder.fit_transform(X, y)
    names = encoder.get_feature_names_out().tolist()
    assert names == ["a", "a_standard"]
    assert_array_equal(encoded, bare)
    assert_array_equal(encoder.transform(X.assign(id="new")), bare)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n", [700, 3000])
def test_the_scale_of_log_odds_is_that_of_prediction(n, n_classes):
    """A row of fit and the same row later differ by the fold, not by centre, scale or bins."""
    X, y = _identifiers(n, 0, n_classes)
    X.loc[X.index[: n // 4], "id"] = [f"rare{i}" for i in range(n // 4)]
    encoder = TableEncoder().fit(X, y)
    encoding = encoding_of(encoder)
    statistics = encoding.log_odds.look_up([Column(X["id"].to_numpy()), Column(X["x"].to_numpy())])
    at = np.flatnonzero(encoding.numbers.columns >= X.shape[1])
    assert len(at) == (1 if n_classes == 2 else n_classes)
    for k, statistic in zip(at, statistics, strict=True):
        assert encoding.numbers.center[k] == np.quantile(statistic, 0.5, method="inverted_cdf")
    again = TableEncoder().fit_transform(X, y)
    dense = len(encoding.numbers.linear)
    assert np.abs(encoder.transform(X)[:, :dense] - again[:, :dense]).max() < 2
    _, out_of_fold = level_log_odds(Column(X["id"].to_numpy()), y, n_classes, None)
    assert not out_of_fold[: n // 4].any() and out_of_fold[n // 4 :].any()


def test_an_id_changes_nothing(noisy_labels):
    X, y = noisy_labels
    clf = SoftmaxMLPClassifier(**SMALL).fit(X.assign(id=[f"id{i}" for i in range(len(X))]), y)
    bare = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    for id_ in ("new", [f"id{i}" for i in range(len(X))], None):
        assert_array_equal(clf.predict_proba(X.assign(id=id_)), bare.predict_proba(X))


@pytest.fixture
def noisy_labels():
    """Three numbers, of which the first says something of the class."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(700, 3)), columns=list("abc"))
    return X, np.where(X["a"] + rng.normal(size=700) > 0, "yes", "no")


# ---- what does not fit


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.full(9, datetime.time(3), dtype=object), "holds times without dates"),
        ([datetime.date(2020, 1, 1), datetime.timedelta(1), 1] * 3, "dates among other values"),
        (pd.period_range("2020", periods=9), r"periods.* replace .* \.dt\.to_timestamp"),
        (pd.interval_range(0, 9), "an argument must be a string or a number"),
        (np.full(9, 1j), "Complex data not supported"),
        ([{"a": 1}] * 9, "an argument must be a string or a number"),
        ([b"bytes"] * 9, "an argument must be a string or a number"),
        (["a", 1, 2] * 3, "holds both text and numbers"),
    ],
)
def test_unusable_columns_are_refused_by_name(column, message):
    X = pd.DataFrame({"fine": range(9), "odd": column})
    with pytest.raises((ValueError, TypeError), match=f"Column 'odd' .*{message}"):
        TableEncoder().fit(X)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([datetime.time(3)] * 4),
        pl.Series([[1, 2]] * 4),
        pl.Series([{"a": 1}] * 4),
        pl.Series([b"a"] * 4),
    ],
)
def test_unusable_polars_columns(column):
    with pytest.raises((ValueError, TypeError), match="Column 'odd' holds (times|objects)"):
        TableEncoder().fit(pl.DataFrame({"odd": column}))


def test_polars_types():
    values = ["b", "a", None, "b"] * 5
    X = pl.DataFrame(
        {
            "enum": pl.Series(values, dtype=pl.Enum(["b", "a"])),
            "category": pl.Series(values, dtype=pl.Categorical),
            "decimal": pl.Series([decimal.Decimal(i) / 4 for i in range(20)]),
            "int": pl.Series([1, None, 3, 4] * 5, dtype=pl.Int16),
            "null": pl.Series([None] * 20),
        }
    )
    encoder = TableEncoder(n_bins=0).fit(X)
    assert [*encoding_of(encoder).schema.families] == ["text", "text", "number", "number", "empty"]
    names = ["decimal", "int", "int_missing", "decimal_standard", "int_standard"]
    names += [f"{c}_{t}" for c in ("enum", "category") for t in ("a", "b", "missing")]
    assert list(encoder.get_feature_names_out()) == names
    assert_array_equal(_compact(encoder, X)[1][:3], [[1, 1], [0, 0], [2, 2]])


def test_a_column_may_not_change_what_it_holds():
    X = pd.DataFrame(
        {"number": range(9), "text": list("abcabcabc"), "flag": [True, False, True] * 3}
    )
    encoder = TableEncoder().fit(X)
    for change in (
        {"number": "1"},
        {"number": pd.Categorical(list("abcabcabc"))},
        {"text": pd.Timestamp("2020")},
        {"flag": datetime.date(2020, 1, 1)},
        {"number": pd.Timedelta(1, "s")},
    ):
        name = next(iter(change))
        with pytest.raises(ValueError, match=f"Column '{name}' holds .* in fit: convert it"):
            encoder.transform(X.assign(**change))
    with pytest.raises(ValueError, match="Column 'number' holds text values"):
        with pytest.warns(UserWarning, match="feature names"):
            encoder.transform(np.full((2, 3), "a", dtype=object))
    for value in (1.0, True):  # a level that was not seen
        expected = encoder.transform(X.assign(text="new"))
        assert_array_equal(encoder.transform(X.assign(text=value)), expected)
    for missing in (None, np.nan, pd.NA, pd.array([pd.NA] * 9, dtype="string")):
        for name in X:
            assert np.isfinite(encoder.transform(X.assign(**{name: missing}))).all()
    encoder.transform(X.astype({"number": "float32", "text": "category", "flag": "boolean"}))


def test_names_of_columns():
    X = pd.DataFrame({"a": range(9), "c": list("abcabcabc")})
    encoder = TableEncoder().fit(X)
    with pytest.raises(ValueError, match="Feature names seen at fit time, yet now missing:\n- c"):
        encoder.transform(X[["a"]])
    with pytest.raises(ValueError, match="must be in the same order"):
        encoder.transform(X[["c", "a"]])
    with pytest.raises(ValueError, match="0 sample"):
        encoder.transform(X[:0])
    with pytest.raises(ValueError, match="0 feature"):
        encoder.fit(X[[]])
    numbered = X.set_axis([0, 1], axis=1)
    assert TableEncoder().fit(numbered).transform(numbered).shape == (9, 5)


class _Estimator(BaseEstimator):
    """Something that has seen the names of the columns itself."""

    feature_names_in_ = np.array(["a", "b"], dtype=object)
    n_features_in_ = 2


def test_names_are_checked_on_behalf_of_another():
    X = pd.DataFrame({"a": range(9), "b": range(9)})
    encoder = TableEncoder().fit(X)
    _compact(encoder, X, _Estimator())
    with pytest.warns(UserWarning, match="_Estimator was fitted with feature names"):
        _compact(encoder, X.to_numpy(), _Estimator())


def test_columns_by_the_public_way_of_pandas(monkeypatch):
    X = _table(list(COLUMNS), 30, 0)
    expected = TableEncoder().fit_transform(X)
    monkeypatch.delattr(pd.DataFrame, "_get_column_array")
    assert_array_equal(TableEncoder().fit_transform(X), expected)


def test_arrow_table():
    X = pd.DataFrame({"a": np.arange(9.0), "c": list("abcabcabc")})
    assert_array_equal(
        TableEncoder().fit_transform(pa.Table.from_pandas(X)), TableEncoder().fit_transform(X)
    )


# ---- sparse


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("container", ["array", "matrix"])
def test_sparse_stays_sparse(kind, container):
    dense = sparse.random(30, 8, 0.3, random_state=0, data_rvs=lambda n: np.arange(1.0, n + 1))
    dense = dense.toarray() * 10.0 ** np.arange(8)
    dense[:, 5] = 0
    X = getattr(sparse, f"{kind}_{container}")(dense)
    out = TableEncoder().fit(X).transform(X)
    assert sparse.issparse(out) and out.format == "csr" and out.dtype == np.float64
    rms = np.sqrt((dense**2).sum(axis=0) / np.maximum((dense != 0).sum(axis=0), 1))
    z = dense / np.where(rms > 0, rms, 1)
    assert_allclose(out.toarray(), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)


def test_sparse_storage_does_not_matter():
    X = sparse.csr_array(np.array([[1.0, 0, 2], [0, 3, 0], [4, 0, 5]], dtype=np.float32))
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X).toarray()
    wide = X.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    twice = sparse.coo_array(
        ([0.5, 0.5, 2, 3, 4, 5, 0], ([0, 0, 0, 1, 2, 2, 1], [0, 0, 2, 1, 0, 2, 0]))
    )
    unsorted = sparse.csr_array(
        (np.array([2, 0.5, 0.5, 3, 5, 4]), [2, 0, 0, 1, 2, 0], [0, 3, 4, 6]), shape=(3, 3)
    )
    gaps = X.copy()
    gaps.data = np.where(gaps.data == 3, np.nan, gaps.data)
    for other in (wide, twice, unsorted, X.astype(np.float64), X.astype(np.int32), X.toarray()):
        np.testing.assert_array_equal(encoder.transform(other).toarray(), expected)
        again = TableEncoder(dtype="float32").fit(sparse.csr_array(other))
        np.testing.assert_array_equal(again.transform(X).toarray(), expected)
    assert encoder.transform(gaps).toarray()[1, 1] == 0
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    assert _compact(encoder, X).dtype == np.float32
    with pytest.raises(ValueError, match="sparse X cannot have categorical_features"):
        TableEncoder(categorical_features=[0]).fit(X)
    np.testing.assert_array_equal(
        *(TableEncoder().fit(X.toarray()).transform(x) for x in (X, X.toarray()))
    )


def test_sparse_weights_are_repetitions():
    rng = np.random.default_rng(0)
    X, counts = sparse.random(40, 6, 0.4, "csr", random_state=0), rng.integers(0, 4, 40)
    weighted = TableEncoder().fit(X, sample_weight=counts)
    repeated = TableEncoder().fit(X[np.repeat(np.arange(40), counts)])
    assert_allclose(
        encoding_of(weighted).sparse.scale, encoding_of(repeated).sparse.scale, rtol=1e-13
    )


# ---- a transformer like any other


def test_output_as_a_frame():
    X = _table(["float gaps", "str", "few"], 60, 0)
    for container, frame in [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]:
        encoder = TableEncoder().set_output(transform=container)
        out = encoder.fit_transform(X)
        assert isinstance(out, frame)
        assert list(out.columns) == list(encoder.get_feature_names_out())
        assert_array_equal(out.to_numpy(), TableEncoder().fit_transform(X))


def test_in_front_of_another_model():
    X = _table(["float gaps", "str gaps", "zero-inflated", "bool"], 200, 0)
    model = make_pipeline(TableEncoder(), LogisticRegression()).fit(X, np.arange(200) % 2)
    assert model.predict_proba(X.iloc[[0]]).shape == (1, 2)


def _is_plain(value):
    if isinstance(value, dict):
        return all(type(k) is str and _is_plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf" or all(type(v) is str for v in value)
    return value is None or type(value) in (str, int, float, bool, bytes)


@slow
@given(_kinds(COLUMNS, ONLY_PANDAS), seeds)
def test_state_is_plain(kinds, seed):
    X = _table(kinds, 120, seed)
    encoder = TableEncoder().fit(X)
    state = pickle.loads(pickle.dumps(pack_encoder(encoder)))
    assert _is_plain(state)
    _assert_same(_compact(unpack_encoder(state), X), _compact(encoder, X))


def test_nothing_is_remembered_in_transform():
    X = _table(list(COLUMNS), 120, 0)
    encoder = TableEncoder().fit(X)
    before, again = pickle.dumps(encoder), clone(encoder).fit(X)
    encoder.transform(X)
    assert pickle.dumps(encoder) == before == pickle.dumps(again)


def test_a_classifier_keeps_what_its_encoder_had_learnt():
    rng = np.random.default_rng(0)
    X, encoder = rng.normal(size=(100, 2)), TableEncoder()
    y = X[:, 0] > 0
    clf = SoftmaxMLPClassifier(encoder=encoder.fit(X), max_iter=1, random_state=0).fit(X, y)
    before = clf.predict_proba(X)
    encoder.fit(100 * X + 5)
    assert_array_equal(clf.predict_proba(X), before)


@pytest.mark.parametrize(
    "wrong",
    [{"n_bins": 300}, {"n_bins": None}, {"dtype": np.float32}, {"categorical_features": "all"}],
    ids=str,
)
@pytest.mark.parametrize("Encoder", [TableEncoder, type("Derived", (TableEncoder,), {})])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_classifier_checks_the_parameters_of_its_encoder(wrong, Encoder, method):
    X, y = np.arange(40.0)[:, None], np.arange(40) % 2
    clf = SoftmaxMLPClassifier(**SMALL, encoder=Encoder(**wrong))
    classes = {} if method == "fit" else {"classes": [0, 1]}
    with pytest.raises(
        InvalidParameterError, match=f"'{[*wrong][0]}' parameter of {Encoder.__name__} "
    ):
        getattr(clf, method)(X, y, **classes)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (["heavy"] * 9, ValueError, "could not convert string to float"),
        ([None] * 9, ValueError, "Input sample_weight contains NaN"),
        ({"a": 1}, TypeError, "not 'dict'"),
        ([-1.0] * 9, ValueError, "sample_weight must not be negative"),
        ([0.0] * 9, ValueError, "at least one non-zero number"),
    ],
)
def test_weights_that_are_none(weights, error, message):
    with pytest.raises(error, match=message):
        TableEncoder().fit(np.arange(9.0)[:, None], sample_weight=weights)


def test_weights_are_numbers_by_any_name():
    X = pd.DataFrame({"n": np.arange(9.0), "c": list("uvw") * 3})
    texts = ["1", "0", "2"] * 3
    expected = TableEncoder().fit_transform(X, sample_weight=[1.0, 0.0, 2.0] * 3)
    assert_array_equal(TableEncoder().fit_transform(X, sample_weight=texts), expected)
    one = TableEncoder().fit_transform(X, sample_weight=3.0)
    assert_array_equal(one, TableEncoder().fit_transform(X, sample_weight=[3.0] * 9))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of scikit-learn's own
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_targets_that_are_not_finite_are_named(bad):
    X, y = np.arange(9.0)[:, None], np.full(9, bad)
    for fit in (TableEncoder().fit, TargetEncoder().fit):  # as scikit-learn's own does
        with pytest.raises(ValueError, match="Input y contains"):
            fit(X, y)


def test_a_fit_that_fails_changes_nothing():
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "c": ["x", "y", "x"], "d": [3.0, 1.0, 2.0]})
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    for bad in (X.assign(day=pd.Period("2020")), X[["a"]].replace(2.0, np.inf)):
        for attempt in (encoder.fit, encoder.fit_transform):
            with pytest.raises(ValueError):
                attempt(bad)
            np.testing.assert_array_equal(encoder.transform(X), expected)


def test_names_of_columns_are_each_their_own():
    X = pd.DataFrame(
        {
            "a": ["missing", "infrequent", "b", None] * 10 + ["once"],
            "a_b": np.arange(41.0),
            "a_missing": np.where(np.arange(41) % 2, np.nan, 1.5),
        }
    )
    encoder = TableEncoder().fit(X)
    names = encoder.get_feature_names_out()
    assert len(set(names)) == len(names) == encoder.transform(X).shape[1]
    assert {"a_missing", "a_missing_", "a_infrequent", "a_b"} <= set(names)
    assert encoder.set_output(transform="pandas").transform(X).columns.is_unique


def test_an_empty_text_and_a_gap_are_two_levels_with_log_odds_of_their_own():
    rng = np.random.default_rng(0)
    column = np.array([f"level {i}" for i in range(40)] + ["", None], dtype=object)
    X = rng.choice(column, (4000, 1), p=[0.4 / 40] * 40 + [0.3, 0.3])
    y = np.where(X[:, 0] == "", 0, np.where(X[:, 0] == None, 1, rng.integers(0, 2, 4000)))  # noqa: E711
    encoder = TableEncoder().fit(X, y)
    for each in (encoder, pickle.loads(pickle.dumps(encoder))):
        (table,) = encoding_of(each).log_odds.tables.values()
        assert table[""][0] < -2 and table[None][0] > 2
        names = each.get_feature_names_out().tolist()
        odds = each.transform(np.array([[""], [None]], dtype=object))[:, names.index("x0_odds")]
        assert odds[0] < 0 < odds[1]
