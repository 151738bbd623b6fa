"""Labels, containers, weights, shapes and errors of the two classifiers."""

import re
import tracemalloc
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.utils._param_validation import InvalidParameterError

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder
from skxent.losses import log_softmax, softmax

CLASSES = (SoftmaxMLPClassifier, SigmoidMLPClassifier)
both_classes = pytest.mark.parametrize("Classifier", CLASSES)
stopping_short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def network(Classifier=SoftmaxMLPClassifier, **params):
    """A small plain network that converges in milliseconds."""
    params = {
        "hidden_layer_sizes": 4,
        "activation": "tanh",
        "solver": "lbfgs",
        "alpha": 1.0,
        "tol": 1e-3,
        "max_iter": 1000,
        "random_state": 0,
        "encoder": "passthrough",
        **params,
    }
    return Classifier(**params)


# ---- labels

LABELS = {
    "strings": np.array(["setosa", "versicolor", "virginica"]),
    "objects": np.array(["setosa", "versicolor", "virginica"], dtype=object),
    "integers with gaps": np.array([-7, 0, 1000]),
    "small integers": np.array([3, 4, 200], dtype=np.uint8),
    "floats that are integers": np.array([1.0, 2.0, 5.0]),
    "unsorted": np.array(["z", "a", "m"]),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_labels_of_every_type(kind, solver, iris):
    X, codes = iris
    y = LABELS[kind][codes]
    clf = network(solver=solver, learning_rate_init=0.01).fit(X, y)
    assert_array_equal(clf.classes_, np.unique(y))
    assert clf.classes_.dtype == y.dtype
    predicted = clf.predict(X)
    assert predicted.dtype == y.dtype
    assert set(predicted) <= set(y)
    assert clf.score(X, y) > 0.95
    columns = np.searchsorted(clf.classes_, y)
    assert_array_equal(
        clf.predict_proba(X).argmax(axis=1), np.searchsorted(clf.classes_, predicted)
    )
    assert (clf.predict_proba(X).argmax(axis=1) == columns).mean() > 0.95


@both_classes
@pytest.mark.parametrize(
    "labels",
    [
        np.array([False, True]),
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([-1, 1]),
        np.array([5, 17]),
    ],
    ids=lambda labels: f"{labels.dtype}-{labels[1]}",
)
def test_two_labels_of_every_type(Classifier, labels, breast_cancer):
    X, codes = breast_cancer
    clf = network(Classifier).fit(X, labels[codes])
    assert_array_equal(clf.classes_, labels)
    assert clf.predict(X).dtype == labels.dtype
    assert clf.score(X, labels[codes]) > 0.95
    # the same numbers, whatever the classes are called
    assert_array_equal(clf.predict_proba(X), network(Classifier).fit(X, codes).predict_proba(X))


def test_labels_in_lists_and_series(iris):
    pd = pytest.importorskip("pandas")
    X, codes = iris
    names = LABELS["strings"][codes]
    expected = network().fit(X, names).predict(X)
    for y in (names.tolist(), pd.Series(names), pd.Series(names).astype("category")):
        assert_array_equal(network().fit(X, y).predict(X), expected)


def test_labels_in_polars_series(iris):
    pl = pytest.importorskip("polars")
    X, codes = iris
    names = LABELS["strings"][codes]
    assert_array_equal(
        network().fit(X, pl.Series(names.tolist())).predict(X), network().fit(X, names).predict(X)
    )


@both_classes
def test_column_vector_of_labels_warns_as_scikit_learn_does(Classifier, breast_cancer):
    X, y = breast_cancer
    with pytest.warns(DataConversionWarning, match="column-vector"):
        clf = network(Classifier).fit(X, y[:, None])
    assert_array_equal(clf.predict(X), network(Classifier).fit(X, y).predict(X))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csr_array, list])
def test_multilabel_indicators(container, multilabel):
    X, Y = multilabel
    target = Y.tolist() if container is list else container(Y)
    clf = network(SigmoidMLPClassifier).fit(X, target)
    assert clf.out_activation_ == "logistic"
    assert clf.n_outputs_ == 2
    assert_array_equal(clf.classes_, [0, 1])
    predicted = clf.predict(X)
    predicted = predicted.toarray() if sp.issparse(predicted) else predicted
    assert predicted.shape == Y.shape
    assert (predicted == Y).mean() > 0.95
    assert clf.predict_proba(X).shape == clf.decision_function(X).shape == Y.shape
    assert_array_equal(predicted, clf.predict_proba(X) > 0.5)
    assert_allclose(clf.predict_log_proba(X), np.log(clf.predict_proba(X)), rtol=1e-9)
    assert clf.score(X, Y) == (predicted == Y).all(axis=1).mean()  # subset accuracy


def test_sigmoid_classifier_refuses_many_classes(iris):
    with pytest.raises(ValueError, match="SoftmaxMLPClassifier"):
        network(SigmoidMLPClassifier).fit(*iris)


def test_softmax_classifier_refuses_multilabel_and_says_why(multilabel):
    with pytest.raises(ValueError, match="SigmoidMLPClassifier") as error:
        network().fit(*multilabel)
    assert re.search("sum|independent", str(error.value))


@both_classes
def test_multilabel_through_partial_fit(Classifier, multilabel):
    X, Y = multilabel
    clf = network(Classifier, solver="adam", learning_rate_init=0.02)
    if Classifier is SoftmaxMLPClassifier:
        with pytest.raises(ValueError, match="SigmoidMLPClassifier"):
            clf.partial_fit(X, Y, classes=[0, 1])
        return
    for _ in range(60):
        clf.partial_fit(X, Y, classes=[0, 1])
    assert clf.score(X, Y) > 0.9


# ---- what predictions look like


def test_binary_outputs(breast_cancer):
    X, y = breast_cancer
    clf = network().fit(X, y)
    z, P = clf.decision_function(X), clf.predict_proba(X)
    assert z.shape == (569,)
    assert P.shape == (569, 2)
    assert clf.n_outputs_ == 1
    assert clf.out_activation_ == "logistic"
    assert_allclose(P[:, 1], expit(z))
    assert_allclose(P.sum(axis=1), 1.0)
    assert_array_equal(clf.predict(X), (z > 0).astype(int))
    assert_allclose(clf.predict_log_proba(X), np.log(P), rtol=1e-9)


def test_the_two_classes_agree_on_binary_targets(breast_cancer):
    X, y = breast_cancer
    softmax_probabilities = network().fit(X, y).predict_proba(X)
    sigmoid = network(SigmoidMLPClassifier).fit(X, y)
    assert_allclose(sigmoid.predict_proba(X), softmax_probabilities, atol=1e-10)


def test_multiclass_outputs(iris):
    X, y = iris
    clf = network().fit(X, y)
    z, P = clf.decision_function(X), clf.predict_proba(X)
    assert z.shape == P.shape == (150, 3)
    assert clf.n_outputs_ == 3
    assert clf.out_activation_ == "softmax"
    assert_allclose(P, softmax(z))
    assert_allclose(clf.predict_log_proba(X), log_softmax(z))
    assert_array_equal(clf.predict(X), z.argmax(axis=1))


def test_logits_are_those_of_the_published_weights(iris):
    X, y = iris
    clf = network(hidden_layer_sizes=(5, 3)).fit(X, y)
    a = X
    for W, b in zip(clf.coefs_[:-1], clf.intercepts_[:-1], strict=True):
        a = np.tanh(a @ W + b)
    assert_allclose(clf.decision_function(X), a @ clf.coefs_[-1] + clf.intercepts_[-1], rtol=1e-9)
    assert clf.n_layers_ == 4
    assert [W.shape for W in clf.coefs_] == [(4, 5), (5, 3), (3, 3)]


def test_a_row_is_predicted_the_same_alone_and_in_company(digits):
    X, y = digits
    clf = network(hidden_layer_sizes=17, alpha=10.0).fit(X[:300], y[:300])
    together = clf.decision_function(X)
    for rows in (slice(0, 1), slice(5, 12), slice(1700, None), np.arange(1796, -1, -7)):
        assert_allclose(clf.decision_function(X[rows]), together[rows], rtol=1e-12, atol=1e-14)


# ---- features: containers and dtypes

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
    dense, sparse = network(**params).fit(X, y), network(**params).fit(S, y)
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
    clf = network(alpha=10.0, tol=1e-2).fit(S, y)
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
        network().fit(S, y).predict_proba(S), network().fit(X, y).predict_proba(X), atol=1e-8
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
        clf = network(hidden_layer_sizes=(), solver=solver, encoder=encoder, max_iter=2)
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
    clf = network().fit(frame, y)
    assert clf.feature_names_in_.tolist() == names
    assert clf.feature_names_in_.dtype == object
    array = network().fit(X, y)
    assert not hasattr(array, "feature_names_in_")
    assert_array_equal(clf.predict_proba(frame), array.predict_proba(X))


def test_data_frame_columns_are_checked(iris):
    pd = pytest.importorskip("pandas")
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd"))
    clf = network().fit(frame, y)
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
    clf = network(Classifier, solver=solver, max_iter=10).fit(X, y)
    for array in (*clf.coefs_, *clf.intercepts_):
        assert array.dtype == dtype
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(clf, method)(X).dtype == dtype


def test_float32_learns_as_float64_does(breast_cancer):
    X, y = breast_cancer
    double = network(alpha=10.0).fit(X, y).predict_proba(X)
    single = network(alpha=10.0).fit(X.astype(np.float32), y).predict_proba(X.astype(np.float32))
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
    expected = network(**params).fit(X, y).predict_proba(X)
    changed = change(X)
    assert_allclose(network(**params).fit(changed, y).predict_proba(changed), expected, atol=1e-12)


def test_integer_and_boolean_features(digits):
    X, y = digits
    X, y = X[:150], y[:150]
    counts = np.rint(16 * X).astype(np.int64)
    expected = network(alpha=10.0, tol=1e-2).fit(counts.astype(float), y).predict(X)
    assert_array_equal(network(alpha=10.0, tol=1e-2).fit(counts, y).predict(X), expected)
    network(alpha=10.0, tol=1e-2).fit(counts > 8, y).predict(counts > 8)


@both_classes
def test_nothing_given_is_changed(Classifier, breast_cancer, rng):
    X, y = (array.copy() for array in breast_cancer)
    w = rng.uniform(size=len(y))
    start = network(Classifier, max_iter=1000).fit(X, y)
    coefs, intercepts = start.coefs_, start.intercepts_
    before = [array.copy() for array in (X, y, w, *coefs, *intercepts)]
    again = network(Classifier, init=(coefs, intercepts), alpha=0.1, tol=1e-4)
    again.fit(X, y, sample_weight=w).predict_proba(X)
    for array, copy in zip((X, y, w, *coefs, *intercepts), before, strict=True):
        assert_array_equal(array, copy)
    assert not np.array_equal(again.coefs_[0], coefs[0])


# ---- weights


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
@stopping_short
def test_integer_weights_are_repeated_rows(Classifier, solver, breast_cancer, rng):
    X, y = breast_cancer
    X, y = X[:90], y[:90]
    times = rng.integers(0, 4, size=90)
    params = dict(solver=solver, max_iter=25, batch_size=1000, shuffle=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # batches larger than the data
        weighted = network(Classifier, **params).fit(X, y, sample_weight=times)
        repeated = network(Classifier, **params).fit(
            np.repeat(X, times, axis=0), np.repeat(y, times)
        )
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6, atol=1e-9)


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "adamw"])
@stopping_short
def test_the_unit_of_weights_does_not_matter_without_penalty(
    Classifier, solver, breast_cancer, rng
):
    X, y = breast_cancer
    w = rng.uniform(0.5, 1.5, size=len(y))
    params = dict(solver=solver, alpha=0.0, max_iter=10, batch_size=64)
    first = network(Classifier, **params).fit(X, y, sample_weight=w)
    second = network(Classifier, **params).fit(X, y, sample_weight=1024.0 * w)
    assert_allclose(second.predict_proba(X), first.predict_proba(X), rtol=1e-6)


@both_classes
def test_rows_of_no_weight_do_not_count(Classifier, breast_cancer):
    X, y = breast_cancer
    w = np.ones(len(y))
    w[::3] = 0.0
    spoiled = X.copy()
    spoiled[::3] *= -50.0
    fitted = network(Classifier).fit(spoiled, y, sample_weight=w)
    expected = network(Classifier).fit(X[w > 0], y[w > 0])
    assert_allclose(fitted.predict_proba(X), expected.predict_proba(X), atol=1e-5)


@both_classes
def test_one_class_of_positive_weight_is_always_predicted(Classifier, breast_cancer):
    X, y = breast_cancer
    clf = network(Classifier).fit(X, y, sample_weight=(y == 0).astype(float))
    assert_array_equal(clf.classes_, [0, 1])
    assert_array_equal(clf.predict(X), np.zeros(len(y)))


@both_classes
@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 10.0}])
def test_class_weight(Classifier, class_weight, breast_cancer):
    X, y = breast_cancer
    rare = np.flatnonzero((y == 0) | (np.arange(len(y)) % 9 == 0))
    X, y = X[rare, :2], y[rare]
    plain = network(Classifier).fit(X, y)
    weighted = network(Classifier, class_weight=class_weight).fit(X, y)
    assert (weighted.predict(X) == 1).sum() > (plain.predict(X) == 1).sum()


def test_class_weight_with_names(iris):
    X, codes = iris
    y = LABELS["strings"][codes]
    weights = {"setosa": 1.0, "versicolor": 1.0, "virginica": 1e-3}
    clf = network(class_weight=weights, hidden_layer_sizes=()).fit(X, y)
    plain = network(hidden_layer_sizes=()).fit(X, y)
    assert (clf.predict(X) == "virginica").sum() < (plain.predict(X) == "virginica").sum()


@pytest.mark.parametrize("class_weight", ["unbalanced", {7: 1.0}, [1.0, 2.0], 3.0])
def test_bad_class_weight(class_weight, iris):
    with pytest.raises(ValueError, match="class"):
        network(class_weight=class_weight).fit(*iris)


@pytest.mark.parametrize("factor", [-0.5, np.nan, None])
def test_class_weight_that_is_no_weight(factor, iris):
    with pytest.raises(ValueError, match="class_weight must be numbers of 0 or more"):
        network(class_weight={0: factor}).fit(*iris)


@pytest.mark.parametrize("missing", [None, pd.NA, pd.NaT])
@pytest.mark.parametrize("Classifier", [SoftmaxMLPClassifier, SigmoidMLPClassifier])
def test_missing_labels_are_named(Classifier, missing):
    y = np.array(["yes", "no", missing, "no"], dtype=object)
    with pytest.raises(ValueError, match="Input y contains missing values"):
        Classifier().fit(np.arange(4.0)[:, None], y)


# ---- parameters

GOOD_LAYERS = {(): 2, (3,): 3, 3: 3, (4, 3): 4}


@pytest.mark.parametrize("layers", GOOD_LAYERS, ids=str)
def test_hidden_layer_sizes(layers, iris):
    assert network(hidden_layer_sizes=layers).fit(*iris).n_layers_ == GOOD_LAYERS[layers]


@pytest.mark.parametrize("layers", [[3, 2], np.array([3, 2]), np.int64(3), []])
def test_hidden_layer_sizes_in_other_containers(layers, iris):
    assert network(hidden_layer_sizes=layers).fit(*iris).score(*iris) > 0.9


def test_one_activation_per_layer(iris):
    X, y = iris
    clf = network(hidden_layer_sizes=(5, 4), activation=("relu", "tanh")).fit(X, y)
    a = np.maximum(X @ clf.coefs_[0] + clf.intercepts_[0], 0.0)
    a = np.tanh(a @ clf.coefs_[1] + clf.intercepts_[1])
    assert_allclose(clf.decision_function(X), a @ clf.coefs_[2] + clf.intercepts_[2], rtol=1e-9)
    with pytest.raises(ValueError, match="activation"):
        network(hidden_layer_sizes=(5, 4), activation=("relu",)).fit(X, y)


@pytest.mark.parametrize(
    "init",
    [
        ([np.zeros((4, 4)), np.zeros((4, 2))], [np.zeros(4), np.zeros(3)]),
        ([np.zeros((4, 4))], [np.zeros(4)]),
        ([np.zeros((4, 4)), np.zeros((4, 3))], [np.zeros(4)]),
        ([np.full((4, 4), np.nan), np.zeros((4, 3))], [np.zeros(4), np.zeros(3)]),
        "glorious_uniform",
        (1, 2, 3),
    ],
)
def test_bad_init(init, iris):
    with pytest.raises((ValueError, TypeError), match="init"):
        network(init=init).fit(*iris)


BAD_PARAMETERS = [
    ("hidden_layer_sizes", -1),
    ("hidden_layer_sizes", (5, -2)),
    ("hidden_layer_sizes", (5, 0)),
    ("hidden_layer_sizes", "wide"),
    ("activation", "swish"),
    ("activation", ("relu", "swish")),
    ("solver", "newton"),
    ("alpha", -1.0),
    ("batch_size", 0),
    ("learning_rate", "falling"),
    ("learning_rate_init", 0.0),
    ("power_t", -1.0),
    ("max_iter", 0),
    ("max_iter", -3),
    ("tol", -1e-4),
    ("momentum", 1.5),
    ("validation_fraction", 1.0),
    ("beta_1", 1.0),
    ("beta_2", 1.0),
    ("epsilon", 0.0),
    ("n_iter_no_change", 0),
    ("max_fun", 0),
    ("loss", "hinge"),
    ("dropout", 1.0),
    ("label_smoothing", 1.5),
    ("weight_decay", -0.1),
    ("encoder", "one_hot"),
    ("n_members", 0),
    ("calibration", "isotone"),
    ("random_state", "seed"),
    ("shuffle", "yes"),
]


@both_classes
@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS)
def test_bad_parameters(Classifier, name, value, breast_cancer):
    params = {"solver": "adam", "encoder": "passthrough", name: value}
    with pytest.raises(ValueError, match=name) as error:
        Classifier(**params).fit(*breast_cancer)
    if not isinstance(value, tuple):
        assert isinstance(error.value, InvalidParameterError)


# ---- bad input: the type of error that scikit-learn raises, and nothing half-fitted


def bad_input(X, y):
    """What is wrong -> (features, labels, weights, the exception, words of its message)."""
    nan, infinite = X.copy(), X.copy()
    nan[3, 1], infinite[3, 1] = np.nan, np.inf
    names = np.array([["a", "b"]] * len(y))
    w = np.ones(len(y))
    w_nan = w.copy()
    w_nan[0] = np.nan
    y_nan = y.astype(float)
    y_nan[0] = np.nan
    csr_nan = sp.csr_array(nan)
    complex_csr = sp.csr_array(X.astype(complex))
    return {
        "one-dimensional X": (X[:, 0], y, None, ValueError, "2D array"),
        "three-dimensional X": (X[:, :, None], y, None, ValueError, "dim"),
        "no rows": (X[:0], y[:0], None, ValueError, "0 (sample|class)"),
        "no columns": (X[:, :0], y, None, ValueError, "0 feature"),
        "fewer labels than rows": (X, y[:-1], None, ValueError, "inconsistent"),
        "two-dimensional y": (
            X,
            np.column_stack([y, y + 1, y]),
            None,
            ValueError,
            "y|target|label",
        ),
        "no labels": (X, None, None, ValueError, "y"),
        "NaN": (nan, y, None, ValueError, "NaN"),
        "infinity": (infinite, y, None, ValueError, "inf"),
        "NaN in sparse": (csr_nan, y, None, ValueError, "NaN"),
        "complex": (X.astype(complex), y, None, ValueError, "[Cc]omplex"),
        "complex sparse": (complex_csr, y, None, ValueError, "[Cc]omplex"),
        "strings": (names, y, None, ValueError, "could not convert|numeric|text"),
        "NaN label": (X, y_nan, None, ValueError, "NaN"),
        "continuous labels": (X, np.linspace(0, 1, len(y)), None, ValueError, "label type"),
        "one class": (X, np.zeros(len(y)), None, ValueError, "class"),
        "a sum of weights too large": (X, y, 0 * w + 1e308, ValueError, "sum to inf.*finite"),
        "all weights zero": (X, y, 0 * w, ValueError, "(?i)weight.*(zero|sum to 0)|zero.*weight"),
        "negative weights": (X, y, -w, ValueError, "(?i)negative|positive|weight"),
        "too few weights": (X, y, w[:-1], ValueError, "weight"),
        "two-dimensional weights": (X, y, w[:, None], ValueError, "1D|1-D|weight"),
        "NaN weight": (X, y, w_nan, ValueError, "NaN"),
    }


WRONG = tuple(bad_input(np.ones((6, 2)), np.arange(6) % 2))


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("what", WRONG)
def test_bad_input(Classifier, solver, what, breast_cancer):
    X, y, w, exception, words = bad_input(*breast_cancer)[what]
    fresh = network(Classifier, solver=solver)
    with pytest.raises(exception, match=words):
        fresh.fit(X, y, sample_weight=w)
    assert not [name for name in vars(fresh) if name.endswith("_")]
    with pytest.raises(NotFittedError):
        fresh.predict(breast_cancer[0])


@both_classes
@pytest.mark.parametrize("what", WRONG)
def test_bad_input_leaves_a_fitted_estimator_as_it_was(Classifier, what, breast_cancer):
    X, y = breast_cancer
    clf = network(Classifier).fit(X, y)
    before, state = clf.predict_proba(X), set(vars(clf))
    bad_X, bad_y, w, exception, words = bad_input(X, y)[what]
    with pytest.raises(exception, match=words):
        clf.fit(bad_X, bad_y, sample_weight=w)
    assert set(vars(clf)) == state
    assert clf.n_features_in_ == 30
    assert_array_equal(clf.classes_, [0, 1])
    assert_array_equal(clf.predict_proba(X), before)


@both_classes
@pytest.mark.parametrize("what", WRONG)
def test_bad_input_to_partial_fit_leaves_the_estimator_as_it_was(Classifier, what, breast_cancer):
    if what == "one class":
        pytest.skip("a batch may lack classes")
    X, y = breast_cancer
    clf = network(Classifier, solver="adam").partial_fit(X, y, classes=[0, 1])
    before, n_steps = clf.predict_proba(X), clf.t_
    bad_X, bad_y, w, exception, words = bad_input(X, y)[what]
    with pytest.raises(exception, match=words):
        clf.partial_fit(bad_X, bad_y, sample_weight=w)
    assert clf.t_ == n_steps
    assert_array_equal(clf.predict_proba(X), before)
    clf.partial_fit(X, y)


@both_classes
def test_partial_fit_wants_classes_first(Classifier, breast_cancer):
    with pytest.raises(ValueError, match="classes"):
        network(Classifier, solver="adam").partial_fit(*breast_cancer)


@both_classes
def test_partial_fit_refuses_unseen_classes(Classifier, breast_cancer):
    X, y = breast_cancer
    clf = network(Classifier, solver="sgd")
    with pytest.raises(ValueError, match="class"):
        clf.partial_fit(X, y + 1, classes=[0, 1])
    clf.partial_fit(X, y, classes=[0, 1])
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match="class"):
        clf.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="classes"):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    assert_array_equal(clf.predict_proba(X), before)


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "bfgs", "cg", "tnc", "gradient_descent"])
def test_full_batch_solvers_have_no_partial_fit(Classifier, solver):
    assert not hasattr(Classifier(solver=solver), "partial_fit")


@both_classes
@pytest.mark.parametrize("solver", ["auto", "sgd", "adam", "adamw"])
def test_mini_batch_solvers_have_partial_fit(Classifier, solver):
    assert hasattr(Classifier(solver=solver), "partial_fit")


@both_classes
@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function", "score"]
)
def test_unfitted_use(Classifier, method, breast_cancer):
    X, y = breast_cancer
    arguments = (X, y) if method == "score" else (X,)
    with pytest.raises(NotFittedError, match=Classifier.__name__):
        getattr(Classifier(), method)(*arguments)


@both_classes
@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_changed_feature_count(Classifier, method, breast_cancer):
    X, y = breast_cancer
    clf = network(Classifier, solver="adam").partial_fit(X, y, classes=[0, 1])
    for bad in (X[:, :-1], np.column_stack([X, X]), sp.csr_array(X[:, :4])):
        with pytest.raises(ValueError, match="features"):
            getattr(clf, method)(bad)
        with pytest.raises(ValueError, match="features"):
            clf.partial_fit(bad, y)


@both_classes
@pytest.mark.parametrize("spoil", [np.nan, np.inf])
def test_bad_rows_to_predict(Classifier, spoil, breast_cancer):
    X, y = breast_cancer
    clf = network(Classifier).fit(X, y)
    bad = X.copy()
    bad[0, 0] = spoil
    with pytest.raises(ValueError, match="NaN|infinity"):
        clf.predict(bad)
    with pytest.raises(ValueError, match="0 sample"):
        clf.predict(X[:0])


@both_classes
@pytest.mark.parametrize(
    "solver", ["lbfgs", "bfgs", "cg", "tnc", "gradient_descent", "sgd", "adam"]
)
@pytest.mark.parametrize("size", [1e30, 1e300])
def test_overflowing_features(Classifier, solver, size, breast_cancer):
    """A clear error or finite probabilities, never NaN."""
    X, y = breast_cancer
    X = X[:100] * size
    clf = network(Classifier, solver=solver, max_iter=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            clf.fit(X, y[:100])
        except ValueError as error:
            assert re.search("finite|overflow|large|diverge|scale", str(error))
            assert not hasattr(clf, "coefs_")
            return
    assert np.isfinite(clf.coefs_[0]).all()
    P = clf.predict_proba(X)
    assert np.isfinite(P).all()
    assert_allclose(P.sum(axis=1), 1.0)


@both_classes
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_overflowing_features_by_default(Classifier, encoder, breast_cancer):
    X, y = breast_cancer
    X = np.where(np.arange(30) % 2 == 0, 1e30, 1.0) * X
    clf = Classifier(encoder=encoder, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            clf.fit(X, y)
        except ValueError as error:
            assert encoder == "passthrough"
            assert re.search("finite|overflow|large|diverge|scale", str(error))
            return
    assert np.isfinite(clf.predict_proba(X)).all()
    if encoder == "auto":
        assert clf.score(X, y) > 0.9


@pytest.mark.parametrize("class_weight", ["balanced", {0: 50, 1: 1}])
def test_class_weights_of_several_labels_are_refused(class_weight, multilabel):
    with pytest.raises(ValueError, match="class_weight is for one class per row"):
        network(SigmoidMLPClassifier, class_weight=class_weight).fit(*multilabel)


def test_shares_are_no_multilabel_targets(multilabel):
    X, Y = multilabel
    for y in (Y * 0.5, Y * 3):
        with pytest.raises(ValueError, match="holds 0 and 1 only"):
            network(SigmoidMLPClassifier).fit(X, y)


def test_class_weights_may_name_a_class_that_a_fold_lacks(iris):
    X, y = iris
    some = y < 2
    weights = {0: 1, 1: 2, 2: 5}
    fold = network(class_weight=weights).fit(X[some], y[some])
    twin = network(class_weight={0: 1, 1: 2}).fit(X[some], y[some])
    assert_array_equal(fold.predict_proba(X), twin.predict_proba(X))
    with pytest.raises(ValueError, match=r"class_weight names \[7\]"):
        network(class_weight={0: 1, 7: 2}).fit(X, y)


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]"])
def test_a_date_that_is_missing_is_no_class(dtype, iris):
    X, codes = iris
    y = np.array([0, 1, "NaT"], dtype=dtype)[codes]
    with pytest.raises(ValueError, match="missing values"):
        network().fit(X, y)


def test_parameters_that_nothing_would_heed(iris):
    X, y = iris
    with pytest.raises(ValueError, match="groups are for a splitter"):
        SoftmaxMLPClassifier().fit(X, y, groups=y)
    for encoder in ("passthrough", TableEncoder()):
        with pytest.raises(ValueError, match="categorical_features=.* is for encoder='auto'"):
            SoftmaxMLPClassifier(encoder=encoder, categorical_features=[0]).fit(X, y)
        network(encoder=encoder, categorical_features=None).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        network(max_iter=3, learning_rate="cosine").fit(X, y)


@pytest.mark.parametrize("form", ["array", "frame", "sparse"])
def test_gaps_without_an_encoder_point_to_the_encoder(form, iris):
    make = {"array": np.asarray, "frame": pd.DataFrame, "sparse": sp.csr_array}[form]
    X, y = iris
    clf = SoftmaxMLPClassifier(encoder="passthrough", max_iter=2, n_members=1).fit(make(X), y)
    gaps = np.where(X == X[0, 0], np.nan, X)
    for ask in (lambda: clf.predict(make(gaps)), lambda: clf.fit(make(gaps), y)):
        with pytest.raises(ValueError, match="contains NaN.*encoder='auto'.*impute"):
            ask()


@pytest.mark.parametrize("fill_values", [(np.nan,), (0,), (0, None), (0, 1), (np.nan, None)])
def test_sparse_columns_without_an_encoder(fill_values, iris):
    X, y = iris[0][:, : len(fill_values)].round(), iris[1]
    columns = [
        x if value is None else pd.arrays.SparseArray(x, fill_value=value)
        for x, value in zip(X.T, fill_values, strict=True)
    ]
    table = pd.DataFrame(dict(enumerate(columns))).rename(columns=str)
    dense = table.astype(float)
    clf = network().fit(table, y)
    assert_allclose(clf.predict_proba(table), network().fit(dense, y).predict_proba(dense))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (pd.date_range("2020-01-01", periods=4), "date"),
        (np.arange(4).astype("m8[D]"), "date"),
        (np.arange(4) * 1j, "complex"),
        (["a", "b", "c", "d"], "text"),
        ([1, "b", 3, "d"], "mixed"),
        (pd.Categorical(["a", "b", "c", "d"]), "text"),
        (pd.Categorical(pd.date_range("2020-01-01", periods=4)), "date"),
        ([object()] * 4, "objects"),
    ],
)
def test_without_an_encoder_columns_must_be_numbers(values, what):
    clf = network().fit(pd.DataFrame({"n": np.arange(4.0), "x": 0}), [0, 1, 0, 1])
    X = pd.DataFrame({"n": np.arange(4.0), "x": values})
    tables = [X]
    if what == "date":
        tables += [pl.from_pandas(X), pa.Table.from_pandas(X)]
    error = TypeError if what == "objects" else ValueError
    for table in tables:
        for ask in (clf.predict, lambda table: clf.fit(table, [0, 1, 0, 1])):
            with pytest.raises(error, match=f"Column 'x' holds {what}.*Leave encoder='auto'"):
                ask(table)
    if what in ("date", "objects"):
        array = np.empty((4, 1), dtype=object)
        array[:, 0] = list(values)
        for table in (array, np.array(values)[:, None]):
            with pytest.raises(error, match=f"Column 0 holds {what}"):
                network().fit(table, [0, 1, 0, 1])


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
    expected = network().fit(plain, y).predict_proba(plain)
    clf = network(dtype="float64").fit(table, y)
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


@both_classes
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "identity"])
def test_overflowing_rows_at_prediction(Classifier, activation, breast_cancer):
    X, y = breast_cancer
    clf = network(Classifier, activation=activation, hidden_layer_sizes=(6, 5)).fit(X, y)
    for size in (1e30, 1e200, 1e306):
        try:
            P = clf.predict_proba(X[:50] * size)
        except ValueError as error:
            assert re.search("finite|overflow|large|scale", str(error))
        else:
            assert np.isfinite(P).all()
            assert_allclose(P.sum(axis=1), 1.0)


# ---- randomness


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "adamw"])
@stopping_short
def test_random_state_decides_everything(Classifier, solver, breast_cancer):
    X, y = breast_cancer
    params = dict(solver=solver, max_iter=5)
    first = network(Classifier, **params).fit(X, y).decision_function(X)
    again = network(Classifier, **params).fit(X, y).decision_function(X)
    other = network(Classifier, random_state=1, **params).fit(X, y).decision_function(X)
    from_instance = network(Classifier, random_state=np.random.RandomState(0), **params).fit(X, y)
    assert_array_equal(first, again)
    assert_array_equal(first, from_instance.decision_function(X))
    assert not np.array_equal(first, other)


@stopping_short
def test_shuffle(iris):
    X, y = iris
    params = dict(solver="adam", max_iter=3, batch_size=16)
    shuffled = network(shuffle=True, **params).fit(X, y)
    in_order = network(shuffle=False, **params).fit(X, y)
    assert_array_equal(network(shuffle=False, **params).fit(X, y).coefs_[0], in_order.coefs_[0])
    assert not np.array_equal(shuffled.coefs_[0], in_order.coefs_[0])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_number_of_jobs_changes_no_bit(n_jobs, wine):
    X, y = wine
    params = dict(max_iter=4, n_members=3, hidden_layer_sizes=8, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        alone = SoftmaxMLPClassifier(**params).fit(X, y)
        several = SoftmaxMLPClassifier(n_jobs=n_jobs, **params).fit(X, y)
    assert_array_equal(several.predict_proba(X), alone.predict_proba(X))


# ---- validation rows of one's own


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
@stopping_short
def test_validation_rows(Classifier, solver, encoder, breast_cancer, rng):
    X, y = breast_cancer
    w = rng.uniform(0.5, 2.0, size=len(y[::3]))
    clf = network(Classifier, solver=solver, encoder=encoder, max_iter=10)
    with_rows = clf.fit(X, y, X_val=X[::3], y_val=y[::3], sample_weight_val=w)
    history = with_rows.history_
    assert np.isfinite(history["validation_loss"]).all()
    P = with_rows.predict_proba(X[::3])
    expected = log_loss(y[::3], P, sample_weight=w)
    assert_allclose(min(history["validation_loss"]), expected, rtol=1e-6)
    # no training row is held out for it: the same descent as without
    plain = network(Classifier, solver=solver, encoder=encoder, max_iter=10).fit(X, y)
    assert_allclose(history["loss"], plain.history_["loss"], rtol=1e-9)


def test_validation_rows_go_with_labels(iris):
    X, y = iris
    for one in ({"X_val": X}, {"y_val": y}):
        with pytest.raises(ValueError, match="X_val and y_val"):
            network().fit(X, y, **one)
    with pytest.raises(ValueError, match="feature"):
        network().fit(X, y, X_val=X[:, :2], y_val=y)
    with pytest.raises(ValueError, match="class"):
        network().fit(X, y, X_val=X, y_val=y + 1)


# ---- following a run


@both_classes
@pytest.mark.parametrize("verbose", [False, 0])
def test_silence(Classifier, verbose, breast_cancer, capfd):
    for solver in ("auto", "lbfgs", "adam"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            Classifier(solver=solver, verbose=verbose, max_iter=5).fit(*breast_cancer)
    out, err = capfd.readouterr()
    assert out == err == ""


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
@stopping_short
def test_verbose_prints_a_line_an_epoch(solver, iris, capsys):
    clf = network(solver=solver, verbose=True, max_iter=4).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == clf.n_iter_ == 4
    assert len({len(line) for line in lines}) == 1
    printed = [float(re.search(r"loss\s+([\d.]+)", line)[1]) for line in lines]
    assert_allclose(printed, clf.loss_curve_, atol=1e-5)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    "solver", ["lbfgs", "bfgs", "cg", "tnc", "gradient_descent", "sgd", "adam", "adamw"]
)
@stopping_short
def test_history(solver, early_stopping, iris):
    clf = network(solver=solver, early_stopping=early_stopping, max_iter=12).fit(*iris)
    history = clf.history_
    assert list(history) == [
        "epoch",
        "loss",
        "validation_loss",
        "score",
        "learning_rate",
        "gradient_norm",
        "seconds",
    ]
    n = len(history["epoch"])
    assert n == clf.n_iter_
    assert {len(column) for column in history.values()} == {n}
    assert history["epoch"] == list(range(1, n + 1))
    assert history["loss"] == clf.loss_curve_
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(history["gradient_norm"]).all()
    assert np.isfinite(history["validation_loss"]).all() == early_stopping
    assert np.all(np.diff(history["seconds"]) >= 0)
    assert 1 <= clf.best_epoch_ <= n


@stopping_short
def test_history_is_a_table_in_one_call(iris):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(network(solver="adam", max_iter=5).fit(*iris).history_)
    assert frame.shape == (5, 7)


@stopping_short
@pytest.mark.parametrize("power_t", [0.25, 0.5])
def test_invscaling_learning_rate(power_t, iris):
    """The rate of an epoch is learning_rate_init / (t + 1)^power_t, t being the rows seen."""
    clf = network(
        solver="sgd",
        learning_rate="invscaling",
        learning_rate_init=0.5,
        power_t=power_t,
        max_iter=5,
    ).fit(*iris)
    rows_seen = 150 * np.arange(5)
    expected = 0.5 / (rows_seen + 1) ** power_t
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-12)


@stopping_short
def test_invscaling_learning_rate_of_a_warm_start(iris):
    """t_ counts the rows of all calls, and the rate goes on falling."""
    clf = network(
        solver="sgd",
        learning_rate="invscaling",
        learning_rate_init=0.5,
        max_iter=1,
        warm_start=True,
    )
    for call in range(1, 5):
        clf.fit(*iris)
        assert clf.t_ == 150 * call
    assert_allclose(
        clf.history_["learning_rate"], 0.5 / (150 * np.arange(4) + 1) ** 0.5, rtol=1e-12
    )


@stopping_short
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw"])
def test_a_callable_is_a_schedule(solver, iris):
    params = dict(solver=solver, max_iter=6, learning_rate_init=0.1, random_state=0)
    fractions = []

    def halves(fraction):
        fractions.append(np.array(fraction, dtype=float).ravel())
        return 0.5 + 0.0 * np.asarray(fraction)

    by_callable = network(learning_rate=halves, **params).fit(*iris)
    params["learning_rate_init"] = 0.05
    plain = network(learning_rate="constant", **params).fit(*iris)
    assert_allclose(by_callable.coefs_[0], plain.coefs_[0], rtol=1e-9)
    fractions = np.concatenate(fractions)
    assert fractions.min() >= 0.0
    assert fractions.max() <= 1.0
    assert fractions[0] == 0.0
    assert np.all(np.diff(fractions) >= 0)


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
