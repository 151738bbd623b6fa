"""Features in every container, dtype and layout."""

import tracemalloc
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import both_classes, smooth_network, stopping_short
from numpy.testing import assert_allclose, assert_array_equal

from skxent import SoftmaxMLPClassifier

SPARSE_FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")


@pytest.mark.parametrize("format", SPARSE_FORMATS)
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@stopping_short
def test_every_sparse_format_equals_dense(format, kind, solver, digits):
    X, y = digits
    X, y = X[:120], y[:120]
    make = sp.csr_array if kind == "array" else sp.csr_matrix
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sp.SparseEfficiencyWarning)  # so many diagonals
        S = make(X).asformat(format)
    params = dict(solver=solver, max_iter=15, learning_rate_init=0.01)
    dense, sparse = smooth_network(**params).fit(X, y), smooth_network(**params).fit(S, y)
    assert_allclose(sparse.predict_proba(S), dense.predict_proba(X), atol=1e-8)
    assert_allclose(dense.predict_proba(S), dense.predict_proba(X), atol=1e-12)
    assert sparse.score(S, y) == sparse.score(X, y)


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_sparse_index_and_value_types(index, dtype, digits):
    X, y = digits
    X, y = (X[:120] > 0.5).astype(dtype), y[:120]
    S = sp.csr_array(X)
    S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
    clf = smooth_network(alpha=10.0, tol=1e-2).fit(S, y)
    assert S.indices.dtype == index
    assert clf.coefs_[0].dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert_allclose(clf.predict_proba(S), clf.predict_proba(X), atol=1e-5)


def test_sparse_rows_without_entries_and_unsorted_duplicate_entries(rng):
    X = np.array([[0.0, 3.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 2.0], [0.0, 0.0, 4.0]] * 5)
    y = np.array([0, 1, 1, 0] * 5)
    rows = np.array([0, 2, 2, 2, 3] * 5) + np.repeat(4 * np.arange(5), 5)
    columns = np.array([1, 2, 0, 2, 2] * 5)
    values = np.array([3.0, 1.5, 1.0, 0.5, 4.0] * 5)
    S = sp.coo_matrix((values, (rows, columns)), shape=(20, 3))
    assert_array_equal(S.toarray(), X)
    assert_allclose(
        smooth_network().fit(S, y).predict_proba(S),
        smooth_network().fit(X, y).predict_proba(X),
        atol=1e-8,
    )


@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@stopping_short
def test_sparse_is_not_made_dense(encoder, solver, rng):
    """20,000 x 20,000 would be 3.2 GB."""
    n = 20_000
    S = sp.csr_array((np.ones(3 * n), (np.repeat(np.arange(n), 3), rng.integers(0, n, 3 * n))))
    S.resize((n, n))
    y = np.arange(n) % 2
    tracemalloc.start()
    try:
        clf = smooth_network(hidden_layer_sizes=(), solver=solver, encoder=encoder, max_iter=2)
        P = clf.fit(S, y).predict_proba(S)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert P.shape == (n, 2)
    assert peak < 200e6


@stopping_short
def test_a_memory_map_is_not_copied(tmp_path, rng):
    """Nor is anything else made for every cell: of 40 million bytes, a mask would be ten."""
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (500_000, 20))
    X[:, 0] = rng.normal(size=len(X))
    X.flush()
    X, y = np.load(tmp_path / "X.npy", mmap_mode="r"), (X[:, 0] > 0).astype(np.uint8)
    clf = SoftmaxMLPClassifier((4,), solver="adam", encoder="passthrough", max_iter=1)
    clf.fit(X[:100], y[:100])
    tracemalloc.start()
    try:
        clf.fit(X, y)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6e6


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_data_frames_of_numbers(name, iris):
    library = pytest.importorskip(name)
    X, y = iris
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    frame = library.DataFrame(dict(zip(names, X.T, strict=True)))
    clf = smooth_network().fit(frame, y)
    assert clf.feature_names_in_.tolist() == names
    assert clf.feature_names_in_.dtype == object
    array = smooth_network().fit(X, y)
    assert not hasattr(array, "feature_names_in_")
    assert_array_equal(clf.predict_proba(frame), array.predict_proba(X))


def test_data_frame_columns_are_checked(iris):
    pd = pytest.importorskip("pandas")
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    clf = smooth_network().fit(frame, y)
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame[list("dcba")])
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame.rename(columns={"a": "e"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        clf.predict(X)


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "adamw"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@stopping_short
def test_float_type_of_the_input_is_kept(Classifier, solver, dtype, breast_cancer):
    X, y = breast_cancer
    X = X.astype(dtype)
    clf = smooth_network(Classifier, solver=solver, max_iter=10).fit(X, y)
    for array in (*clf.coefs_, *clf.intercepts_):
        assert array.dtype == dtype
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(clf, method)(X).dtype == dtype


def test_float32_learns_as_float64_does(breast_cancer):
    X, y = breast_cancer
    double = smooth_network(alpha=10.0).fit(X, y).predict_proba(X)
    single = (
        smooth_network(alpha=10.0).fit(X.astype(np.float32), y).predict_proba(X.astype(np.float32))
    )
    assert_allclose(single, double, atol=0.02)


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1][::-1],
        lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),  # read-only
        lambda X: X.tolist(),
    ],
    ids=["fortran", "strided", "reversed twice", "read-only", "lists"],
)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@stopping_short
def test_memory_layout_does_not_matter(change, solver, iris):
    X, y = iris
    params = dict(solver=solver, max_iter=30)
    expected = smooth_network(**params).fit(X, y).predict_proba(X)
    changed = change(X)
    assert_allclose(
        smooth_network(**params).fit(changed, y).predict_proba(changed), expected, atol=1e-12
    )


def test_integer_and_boolean_features(digits):
    X, y = digits
    X, y = X[:150], y[:150]
    counts = np.rint(16 * X).astype(np.int64)
    expected = smooth_network(alpha=10.0, tol=1e-2).fit(counts.astype(float), y).predict(X)
    assert_array_equal(smooth_network(alpha=10.0, tol=1e-2).fit(counts, y).predict(X), expected)
    smooth_network(alpha=10.0, tol=1e-2).fit(counts > 8, y).predict(counts > 8)


@both_classes
def test_nothing_given_is_changed(Classifier, breast_cancer, rng):
    X, y = (array.copy() for array in breast_cancer)
    w = rng.uniform(size=len(y))
    start = smooth_network(Classifier, max_iter=1000).fit(X, y)
    coefs, intercepts = start.coefs_, start.intercepts_
    before = [array.copy() for array in (X, y, w, *coefs, *intercepts)]
    again = smooth_network(Classifier, init=(coefs, intercepts), alpha=0.1, tol=1e-4)
    again.fit(X, y, sample_weight=w).predict_proba(X)
    for array, copy in zip((X, y, w, *coefs, *intercepts), before, strict=True):
        assert_array_equal(array, copy)
    assert not np.array_equal(again.coefs_[0], coefs[0])


@pytest.mark.parametrize("fill_values", [(np.nan,), (0,), (0, None), (0, 1), (np.nan, None)])
def test_sparse_columns_without_an_encoder(fill_values, iris):
    X, y = iris[0][:, : len(fill_values)].round(), iris[1]
    columns = [
        x if value is None else pd.arrays.SparseArray(x, fill_value=value)
        for x, value in zip(X.T, fill_values, strict=True)
    ]
    table = pd.DataFrame(dict(enumerate(columns))).rename(columns=str)
    dense = table.astype(float)
    clf = smooth_network().fit(table, y)
    assert_allclose(clf.predict_proba(table), smooth_network().fit(dense, y).predict_proba(dense))


@pytest.mark.parametrize(
    "columns",
    [
        {"x": ["0", "1", "2", "3"]},
        {"x": pd.Series(["0", "1", "2", "3"], dtype=object), "one": np.ones(4)},
        {"x": pd.Categorical([0, 1, 2, 3])},
        {"x": [Decimal(value) for value in range(4)]},
        {"x": pd.array([0, 1, 2, 3], dtype="Int64"), "yes": pd.array([True] * 4, dtype="boolean")},
        {"x": pd.arrays.SparseArray([False, True, True, True], fill_value=False)},
        {"x": np.arange(4, dtype=np.float32), "sparse": pd.arrays.SparseArray([1.5] * 4)},
    ],
)
def test_numbers_of_any_dtype_need_no_encoder(columns):
    table, y = pd.DataFrame(columns), [0, 1, 0, 1]
    plain = np.column_stack([np.asarray(values).astype(float) for values in columns.values()])
    expected = smooth_network().fit(plain, y).predict_proba(plain)
    clf = smooth_network(dtype="float64").fit(table, y)
    assert_allclose(clf.predict_proba(table), expected, rtol=1e-6)
    assert clf.feature_names_in_.tolist() == list(columns)
    for gap in (pd.NA, None):
        gaps = table.astype(object)
        gaps.iloc[0, 0] = gap
        with pytest.raises(ValueError, match="contains NaN.*impute"):
            clf.predict(gaps)
    with pytest.raises(ValueError, match="0 sample"):
        clf.predict(table[:0])
    with pytest.raises(ValueError, match="0 feature"):
        clf.fit(table[[]], y)


@pytest.mark.parametrize("dtypes", [["f8"], ["f4"], ["f8", "f4", "i8"], ["i4"], ["i8", "b1"]])
def test_a_frame_of_numbers_is_the_array_of_its_columns(dtypes, rng):
    """Frames of plain numbers take a short cut past scikit-learn's checks, to the same result."""
    pd = pytest.importorskip("pandas")
    X = rng.normal(scale=3, size=(40, 4))
    frame = pd.DataFrame(
        {f"c{j}": X[:, j].astype(dtypes[j % len(dtypes)]) for j in range(X.shape[1])}
    )
    clf = SoftmaxMLPClassifier(encoder="passthrough", n_members=1, max_iter=3, random_state=0)
    clf.fit(frame, X[:, 0] > 0)
    full = SoftmaxMLPClassifier(encoder="passthrough", n_members=1, max_iter=3, random_state=0)
    full.fit(frame.to_numpy(dtype="f4" if dtypes == ["f4"] else "f8"), X[:, 0] > 0)
    proba = clf.predict_proba(frame)
    expected = full.predict_proba(frame.to_numpy(dtype="f4" if dtypes == ["f4"] else "f8"))
    assert_allclose(proba, expected, rtol=1e-6 if dtypes == ["f4"] else 1e-14)
    with pytest.raises(ValueError, match="feature names"):
        clf.predict_proba(frame[frame.columns[::-1]])
    if dtypes[0] != "i4" and "b1" not in dtypes:
        gap = frame.astype("f8")
        gap.iloc[3, 1] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            clf.predict_proba(gap)
        gap.iloc[3, 1] = np.inf
        with pytest.raises(ValueError, match="infinity"):
            clf.predict_proba(gap)
