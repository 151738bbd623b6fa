"""Bad input: the error that scikit-learn raises, and nothing half-fitted."""

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from common import SMALL, both_classes, smooth_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skxent import SoftmaxMLPClassifier, TableEncoder


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
    fresh = smooth_network(Classifier, solver=solver)
    with pytest.raises(exception, match=words):
        fresh.fit(X, y, sample_weight=w)
    assert not [name for name in vars(fresh) if name.endswith("_")]
    with pytest.raises(NotFittedError):
        fresh.predict(breast_cancer[0])


@both_classes
@pytest.mark.parametrize("what", WRONG)
def test_bad_input_leaves_a_fitted_estimator_as_it_was(Classifier, what, breast_cancer):
    X, y = breast_cancer
    clf = smooth_network(Classifier).fit(X, y)
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
    clf = smooth_network(Classifier, solver="adam").partial_fit(X, y, classes=[0, 1])
    before, n_steps = clf.predict_proba(X), clf.t_
    bad_X, bad_y, w, exception, words = bad_input(X, y)[what]
    with pytest.raises(exception, match=words):
        clf.partial_fit(bad_X, bad_y, sample_weight=w)
    assert clf.t_ == n_steps
    assert_array_equal(clf.predict_proba(X), before)
    clf.partial_fit(X, y)


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
    clf = smooth_network(Classifier, solver="adam").partial_fit(X, y, classes=[0, 1])
    for bad in (X[:, :-1], np.column_stack([X, X]), sp.csr_array(X[:, :4])):
        with pytest.raises(ValueError, match="features"):
            getattr(clf, method)(bad)
        with pytest.raises(ValueError, match="features"):
            clf.partial_fit(bad, y)


@both_classes
@pytest.mark.parametrize("spoil", [np.nan, np.inf])
def test_bad_rows_to_predict(Classifier, spoil, breast_cancer):
    X, y = breast_cancer
    clf = smooth_network(Classifier).fit(X, y)
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
    clf = smooth_network(Classifier, solver=solver, max_iter=20)
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


@pytest.mark.parametrize("form", ["array", "frame", "sparse"])
def test_gaps_without_an_encoder_point_to_the_encoder(form, iris):
    make = {"array": np.asarray, "frame": pd.DataFrame, "sparse": sp.csr_array}[form]
    X, y = iris
    clf = SoftmaxMLPClassifier(encoder="passthrough", max_iter=2, n_members=1).fit(make(X), y)
    gaps = np.where(X == X[0, 0], np.nan, X)
    for ask in (lambda: clf.predict(make(gaps)), lambda: clf.fit(make(gaps), y)):
        with pytest.raises(ValueError, match="contains NaN.*encoder='auto'.*impute"):
            ask()


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (pd.date_range("2020-01-01", periods=4), "date"),
        (np.arange(4).astype("m8[D]"), "duration"),
        (np.arange(4) * 1j, "complex"),
        (["a", "b", "c", "d"], "text"),
        ([1, "b", 3, "d"], "mixed"),
        (pd.Categorical(["a", "b", "c", "d"]), "text"),
        (pd.Categorical(pd.date_range("2020-01-01", periods=4)), "date"),
        ([object()] * 4, "objects"),
    ],
)
def test_without_an_encoder_columns_must_be_numbers(values, what):
    clf = smooth_network().fit(pd.DataFrame({"n": np.arange(4.0), "x": 0}), [0, 1, 0, 1])
    X = pd.DataFrame({"n": np.arange(4.0), "x": values})
    tables = [X]
    if what in ("date", "duration"):
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
                smooth_network().fit(table, [0, 1, 0, 1])


@both_classes
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "identity"])
def test_overflowing_rows_at_prediction(Classifier, activation, breast_cancer):
    X, y = breast_cancer
    clf = smooth_network(Classifier, activation=activation, hidden_layer_sizes=(6, 5)).fit(X, y)
    for size in (1e30, 1e200, 1e306):
        try:
            P = clf.predict_proba(X[:50] * size)
        except ValueError as error:
            assert re.search("finite|overflow|large|scale", str(error))
        else:
            assert np.isfinite(P).all()
            assert_allclose(P.sum(axis=1), 1.0)


# ---- messages name who is at fault, and what works

TABLE = pd.DataFrame({"a": np.linspace(0, 1, 80), "t": ["u", "v"] * 40})
LABELS = np.array(["x", "z", "x", "x"] * 20)


@pytest.mark.parametrize(
    ("X_val", "y_val", "message"),
    [
        (TABLE[["a"]], LABELS, "X_val cannot be used: .*now missing:\n- t"),
        (TABLE.rename(columns={"a": "b"}), LABELS, "X_val cannot be used: .*\n- b"),
        (TABLE.assign(a="s"), LABELS, "X_val cannot be used: Column 'a' holds text values"),
        (TABLE[:0], LABELS[:0], "X_val cannot be used: Found array with 0 sample"),
        (TABLE, ["q"] * 80, "y_val cannot be used: .* has classes not in"),
        (TABLE, [None] * 80, "y_val cannot be used: .*missing values"),
        (TABLE, LABELS[:9], "X_val and y_val cannot be used: .*inconsistent numbers of samples"),
    ],
)
def test_validation_rows_are_named_when_they_are_at_fault(X_val, y_val, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        SoftmaxMLPClassifier(**SMALL).fit(TABLE, LABELS, X_val=X_val, y_val=y_val)


@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (pd.concat([TABLE, TABLE], axis=1), LABELS, ValueError, "2 columns that are called 'a'"),
        (TABLE.assign(l=[[1, 2]] * 80), LABELS, TypeError, "Column 'l' holds objects of type list"),
        (TABLE.assign(l=[{}] * 80), LABELS, TypeError, "'l' holds objects of type dict.*Spread"),
        (TABLE.assign(h=[10**400] * 80), LABELS, ValueError, "Column 'h' holds an infinite value"),
        (TABLE.assign(h=[-(10**400), None] * 40), LABELS, ValueError, "Column 'h' holds an infin"),
        (TABLE[:0], LABELS[:0], ValueError, r"X is empty: found 0 sample\(s\)"),
        (np.empty((0, 3)), [], ValueError, r"X is empty: found 0 sample\(s\)"),
        (TABLE, ["u", 1] * 40, ValueError, "labels of mixed types: int, text"),
        (
            TABLE.assign(m=["u", 1] * 40),
            LABELS,
            ValueError,
            r"'m' holds both text and numbers.*categorical_features=\['from_dtype', 'm'\]",
        ),
    ],
)
def test_messages_name_what_is_wrong_with_the_data(X, y, error, message):
    with pytest.raises(error, match=message):
        SoftmaxMLPClassifier(**SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"learning_rate": 0.01}, "A learning rate is learning_rate_init=0.01"),
        ({"solver": "adma"}, "'auto', 'lbfgs', .*'adamw'. Got 'adma'.*mean solver='adam'"),
        ({"solver": "L-BFGS"}, "Did you mean solver='lbfgs'"),
        ({"activation": "Leaky ReLU"}, "Did you mean activation='leaky_relu'"),
        ({"learning_rate": "Cosine"}, "Did you mean learning_rate='cosine'"),
        ({"loss": "cross-entropy"}, "Did you mean loss='cross_entropy'"),
        (
            {"categorical_features": [9]},
            r"\[0, n_features - 1\], but 9 is not: there are 2 columns",
        ),
        ({"activation": "sigmoid"}, "Did you mean activation='logistic'"),
        ({"activation": "Swish"}, "Did you mean activation='silu'"),
        ({"loss": "log_loss"}, "Did you mean loss='cross_entropy'"),
        ({"categorical_features": [0, -3]}, "but -3 is not: there are 2 columns"),
    ],
)
def test_messages_say_what_may_have_been_meant(params, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxMLPClassifier(**SMALL | params).fit(TABLE, LABELS)


@pytest.mark.parametrize("name", ["eval_set", "validation_data", "X_valid"])
def test_validation_rows_by_the_name_of_other_packages(name):
    with pytest.raises(TypeError, match=f"no parameter '{name}': .* X_val and y_val"):
        SoftmaxMLPClassifier(**SMALL).fit(TABLE, LABELS, **{name: (TABLE, LABELS)})


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("epochs", r"give it to the classifier, SoftmaxMLPClassifier\(max_iter=...\)"),
        ("cat_features", r"give it to the classifier, SoftmaxMLPClassifier\(categorical_features="),
        ("verbose", r"give it to the classifier, SoftmaxMLPClassifier\(verbose=...\)"),
        ("weight", "it has X, y, sample_weight, X_val, y_val, sample_weight_val, groups"),
    ],
)
def test_parameters_that_fit_does_not_have(name, advice):
    with pytest.raises(TypeError, match=f"^fit has no parameter '{name}': {advice}"):
        SoftmaxMLPClassifier(**SMALL).fit(TABLE, LABELS, **{name: 1})


@pytest.mark.parametrize(
    ("sizes", "members"),
    [((10**7, 10**7), 1), ((10**8,) * 3, 1), (2**62, 1), (10**30, 1), (4, 10**13), (4, 10**30)],
)
@pytest.mark.parametrize("n", [80, 8])
def test_layers_beyond_memory_are_named(sizes, members, n):
    with pytest.raises(MemoryError, match=r"hidden_layer_sizes=.*Make the layers smaller, or have"):
        SoftmaxMLPClassifier(sizes, n_members=members).fit(TABLE[-n:], LABELS[-n:])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "expected"),
        (-np.ones(80), "Negative values"),
        (np.zeros(80), "at least one non-zero"),
        (np.full(80, np.nan), "NaN"),
    ],
)
def test_weights_of_validation_rows_are_named(weights, message):
    with pytest.raises(ValueError, match=f"^sample_weight_val cannot be used: .*{message}"):
        SoftmaxMLPClassifier(**SMALL).fit(
            TABLE, LABELS, X_val=TABLE, y_val=LABELS, sample_weight_val=weights
        )


@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_columns_of_one_name_at_prediction(encoder):
    X = TABLE.select_dtypes("number")
    clf = SoftmaxMLPClassifier(**SMALL, encoder=encoder).fit(X, LABELS)
    twins = X.iloc[:, [0, 0]]
    for call in (
        lambda: clf.predict(twins),
        lambda: clf.fit(twins, LABELS),
        lambda: clf.fit(X, LABELS, X_val=twins, y_val=LABELS),
    ):
        with pytest.raises(ValueError, match="X has 2 columns that are called"):
            call()


# ---- more categories than the dtype says


@pytest.mark.parametrize("more", [["from_dtype", "n"], ["n", "from_dtype"], ("from_dtype", 2)])
def test_categories_by_dtype_and_more(more):
    X = TABLE.assign(n=[1, 2, 3, 3] * 20, m=True)
    encoder = TableEncoder(more).fit(X)
    assert encoder.is_categorical_.tolist() == [False, True, True, True]
    expected = TableEncoder(["t", "n", "m"]).fit_transform(X)
    assert_array_equal(encoder.transform(X), expected)
    clf = SoftmaxMLPClassifier(**SMALL, categorical_features=more).fit(X, LABELS)
    assert_array_equal(clf.encoder_.is_categorical_, encoder.is_categorical_)
    with pytest.raises(ValueError, match="not a valid feature name"):
        TableEncoder(["from_dtype", "nowhere"]).fit(X)


def test_categories_by_dtype_alone_in_a_list():
    encoder = TableEncoder(["from_dtype"]).fit(TABLE)
    assert encoder.is_categorical_.tolist() == [False, True]
