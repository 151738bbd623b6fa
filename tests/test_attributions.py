"""What columns add to logits: complete, exact where a formula is known, and of the right column."""

import numpy as np
import pandas as pd
import pytest
from common import both_classes
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder, attributions
from skxent import _attributions as module
from skxent._table.encoder import encoding_of
from skxent._training.activations import ACTIVATIONS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def trained(X, y, Classifier=SoftmaxMLPClassifier, **params):
    """A committee of two that has learnt a little; its temperature is not 1."""
    params = {
        "hidden_layer_sizes": (9, 7),
        "solver": "adam",
        "learning_rate_init": 0.02,
        "max_iter": 8,
        "n_members": 2,
        "early_stopping": True,
        "calibration": "temperature",
        "random_state": 0,
        **params,
    }
    return Classifier(**params).fit(X, y)


def logits(clf, X):
    """What base value and attributions are to sum to."""
    z = clf.decision_function(X)
    exclusive = isinstance(clf, SoftmaxMLPClassifier) and z.ndim == 2
    return z - z.mean(axis=1, keepdims=True) if exclusive else z


def assert_complete(clf, X, background, rtol=1e-9):
    values, base, _ = attributions(clf, X, background)
    z = logits(clf, X)
    assert_allclose(base + values.sum(axis=1), z, rtol=rtol, atol=rtol * np.abs(z).max())
    return values


def mixed_table(n=600, seed=0):
    """Numbers with bins and gaps, categories of few and of many levels, flags, a constant."""
    rng = np.random.default_rng(seed)
    towns = np.array([f"t{i}" for i in range(40)], dtype=object)
    rate = dict(zip(towns, 3 * rng.normal(size=40), strict=True))
    table = pd.DataFrame({
        "age": rng.normal(50, 20, n),
        "town": rng.choice(towns, n),
        "nothing": 3.0,
        "size": rng.choice(np.array(["small", "large", None], dtype=object), n),
        "income": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(10, 1, n)),
        "member": rng.random(n) < 0.3,
    })  # fmt: skip
    z = table["town"].map(rate) + (table["age"] - 50) / 20 + (table["size"] == "small")
    return table, (z + rng.logistic(size=n) > 0).to_numpy().astype(int)


# ---------------------------------------------------------------- the formula


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_complete_for_every_activation(activation, iris):
    X, y = iris
    clf = trained(X, y, activation=activation, dtype="float64")
    assert clf.temperature_ != 1
    values = assert_complete(clf, X, X[:30])
    assert values.shape == (150, 4, 3)
    assert_allclose(values.sum(axis=2), 0, atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_hidden_layers_it_is_the_weight_times_the_difference(n_classes, iris):
    X, y = iris[0], np.minimum(iris[1], n_classes - 1)
    clf = trained(X, y, hidden_layer_sizes=(), encoder="passthrough", n_members=1)
    W, b = clf.coefs_[0] / clf.temperature_, clf.intercepts_[0] / clf.temperature_
    if n_classes == 3:
        W, b = W - W.mean(axis=1, keepdims=True), b - b.mean()
    values, base, _ = attributions(clf, X, X)
    expected = W * (X - X.mean(axis=0))[:, :, None]
    assert_allclose(values, expected if n_classes == 3 else expected[:, :, 0], atol=1e-12)
    assert_allclose(base[7], X.mean(axis=0) @ W + b if n_classes == 3 else b[0], atol=1e-12)


def integrated_gradients(clf, X, start, n_nodes=20, step=1e-5):
    """Of the logits along the straight line, by central differences at Gauss-Legendre nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    total = 0.0
    for t, w in zip((nodes + 1) / 2, weights / 2, strict=True):
        at = start + t * (X - start)
        slopes = [
            (logits(clf, at + e) - logits(clf, at - e)) / (2 * step)
            for e in np.eye(X.shape[1]) * step
        ]
        total = total + w * np.stack(slopes, axis=1)
    return total * (X - start)[:, :, None]


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_with_one_hidden_layer_it_is_the_integrated_gradient(activation, iris):
    X, y = iris
    clf = trained(
        X, y, hidden_layer_sizes=5, activation=activation, encoder="passthrough", dtype="float64"
    )
    integrated = integrated_gradients(clf, X, X[:20].mean(axis=0))
    assert_allclose(attributions(clf, X, X[:20]).values, integrated, atol=1e-7)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_with_more_it_is_close_to_the_integrated_gradient(activation, wine):
    X, y = wine
    clf = trained(
        X, y, hidden_layer_sizes=(20, 20), activation=activation, encoder="passthrough",
        dtype="float64", max_iter=40,
    )  # fmt: skip
    integrated = integrated_gradients(clf, X, X.mean(axis=0))
    values = attributions(clf, X, X).values
    assert np.corrcoef(values.ravel(), integrated.ravel())[0, 1] > 0.99
    assert np.abs(values - integrated).max() > 1e-3  # and it is not the same


def test_near_the_background_it_is_the_gradient(iris):
    X, y = iris
    clf = trained(X, y, activation="silu", encoder="passthrough", dtype="float64")
    b, step = X[:1], 1e-4
    for j, e in enumerate(np.eye(4) * step):
        values = attributions(clf, b + e, b).values[0]
        slope = (logits(clf, b + e) - logits(clf, b))[0]
        assert_allclose(values[j], slope, rtol=1e-9, atol=1e-13)
        assert_array_equal(np.delete(values, j, axis=0), 0)


def test_from_there_to_here_is_the_opposite_of_from_here_to_there(iris):
    X, y = iris
    clf = trained(X, y)
    there, here = X[:1], X[120:121]
    forth, back = attributions(clf, here, there), attributions(clf, there, here)
    assert_allclose(forth.values, -back.values, atol=1e-12)
    assert_array_equal(attributions(clf, here, here).values, 0)
    assert_allclose(back.base_values, logits(clf, here), rtol=1e-5)


def test_a_committee_is_the_mean_of_its_members(iris):
    X, y = iris
    clf = trained(X, y, encoder="passthrough", dtype="float64")
    alone = []
    for m in range(2):
        weights = [W[m] for W in clf.coefs_], [b[m] for b in clf.intercepts_]
        one = SoftmaxMLPClassifier(
            (9, 7), init=weights, solver="sgd", learning_rate_init=1e-300, max_iter=1,
            encoder="passthrough", dtype="float64", random_state=0,
        ).fit(X, y)  # fmt: skip
        alone.append(attributions(one, X, X).values / clf.temperature_)
    assert_allclose(attributions(clf, X, X).values, np.mean(alone, axis=0), atol=1e-12)


def test_logits_may_be_shifted_alike(iris):
    """The softmax does not see it, and neither do the values."""
    X, y = iris
    weights = np.random.default_rng(0).normal(size=(4, 3)), np.zeros(3)
    found = []
    for shift in (0.0, 5.0):
        clf = SoftmaxMLPClassifier(
            (), init=([weights[0] + shift], [weights[1] + shift]), solver="sgd", max_iter=1,
            learning_rate_init=1e-300, encoder="passthrough", random_state=0,
        ).fit(X, y)  # fmt: skip
        found.append(attributions(clf, X, X))
    assert_allclose(found[0].values, found[1].values, atol=1e-12)
    assert_allclose(found[0].base_values, found[1].base_values, atol=1e-12)


def test_rows_are_explained_one_by_one_or_all_at_once(iris, monkeypatch):
    X, y = iris
    clf = trained(X, y)
    whole = attributions(clf, X, X)
    monkeypatch.setattr(module, "_BLOCK", 1)
    one_by_one = attributions(clf, X, X)
    assert_allclose(whole.values, one_by_one.values, atol=1e-12)
    assert_allclose(whole.base_values, one_by_one.base_values, atol=1e-12)


# ---------------------------------------------------------------- outputs


@both_classes
def test_two_classes_are_one_log_odds(Classifier, iris):
    X, y = iris[0], np.where(iris[1] == 1, "yes", "no")
    clf = trained(X, y, Classifier)
    assert assert_complete(clf, X, X, rtol=1e-5).shape == (150, 4)
    assert attributions(clf, X, X).base_values.shape == (150,)


def test_each_label_has_attributions_of_its_own(multilabel):
    X, Y = multilabel
    clf = trained(X, Y, SigmoidMLPClassifier, dtype="float64")
    values = assert_complete(clf, X, X)
    assert values.shape == (150, 4, 2)
    assert np.abs(values.sum(axis=2)).max() > 0.1  # labels are not set off against each other


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize("bins", [0, 6])
def test_the_columns_of_a_table(bins):
    X, y = mixed_table()
    clf = trained(X, y, encoder=TableEncoder(n_bins=bins), dtype="float64")
    names = clf.encoder_.get_feature_names_out()
    kinds = ["income_missing", "age_standard", "town_odds", "town_t7", "size_missing"]
    assert {*kinds, "member_True"} <= set(names)
    assert ("age_bin3" in names) == (bins > 0)
    values = assert_complete(clf, X, X[:100], rtol=1e-6)  # bins and gaps are float32
    assert_array_equal(values[:, 2], 0)  # the constant
    assert (np.abs(values[:, [0, 1, 3, 4, 5]]).max(axis=0) > 1e-3).all()
    # that they are of the right column: two rows that differ in one
    for j, name in enumerate(X.columns):
        other = X[:1].copy()
        other[name] = X[name].iloc[[5]].to_numpy()
        values = attributions(clf, other, X[:1]).values[0]
        assert_array_equal(np.delete(values, j), 0)


@pytest.mark.parametrize("categorical", ["from_dtype", None])
def test_sources_are_the_columns_that_names_begin_with(categorical):
    X, y = mixed_table()
    X = X if categorical else X[["age", "nothing", "income"]]
    encoder = TableEncoder(categorical, n_bins=4).fit(X, y)
    sources = encoding_of(encoder).sources
    names = encoder.get_feature_names_out()
    assert [name.split("_")[0] for name in names] == X.columns[sources].tolist()


def test_three_classes_of_a_column_of_many_levels():
    X, y = mixed_table()
    y = y + (X["age"] > 60)
    clf = trained(X, y, dtype="float64")
    assert "town_odds2" in clf.encoder_.get_feature_names_out()
    assert assert_complete(clf, X, X, rtol=1e-6).shape == (600, 6, 3)


def test_a_table_of_constants():
    X, y = np.ones((40, 2)), np.arange(40) % 3
    clf = trained(X, y)
    values, base, _ = attributions(clf, X, X)
    assert_array_equal(values, np.zeros((40, 2, 3)))
    assert_allclose(base, logits(clf, X), atol=1e-6)


@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_sparse_rows(encoder, iris):
    X, y = np.maximum(iris[0], 0), iris[1]
    clf = trained(sparse.csr_array(X), y, encoder=encoder, dtype="float64")
    values = assert_complete(clf, sparse.csr_array(X), sparse.csr_matrix(X))
    assert isinstance(values, np.ndarray)
    assert_allclose(values, attributions(clf, X, X).values, atol=1e-12)


def test_float32_rows(iris):
    X, y = iris[0].astype(np.float32), iris[1]
    clf = trained(X, y, encoder="passthrough")
    assert clf.coefs_[0].dtype == np.float32
    assert assert_complete(clf, X, X, rtol=1e-5).dtype == np.float64


def test_names(iris):
    X, y = iris
    assert attributions(trained(X, y), X, X).feature_names.tolist() == ["x0", "x1", "x2", "x3"]
    X = pd.DataFrame(X, columns=list("abcd"))
    assert attributions(trained(X, y), X, X).feature_names.tolist() == list("abcd")


def test_columns_that_say_nothing_have_little():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 6))
    y = X[:, 0] * X[:, 1] + X[:, 2] > 0
    clf = SoftmaxMLPClassifier(32, solver="adam", max_iter=60, random_state=0).fit(X, y)
    importance = np.abs(attributions(clf, X, X).values).mean(axis=0)
    assert importance[:3].min() > 2 * importance[3:].max()


# ---------------------------------------------------------------- what cannot be


def test_what_is_no_fitted_classifier(iris):
    X, y = iris
    with pytest.raises(NotFittedError):
        attributions(SoftmaxMLPClassifier(), X, X)
    with pytest.raises(TypeError, match=r"of skxent is required, got LogisticRegression"):
        attributions(LogisticRegression().fit(X, y), X, X)
    scaled = make_pipeline(StandardScaler(), SoftmaxMLPClassifier(4, solver="lbfgs", alpha=1.0))
    scaled.fit(X, y)
    with pytest.raises(TypeError, match=r"pipeline\[:-1\].transform\(X\)"):
        attributions(scaled, X, X)
    before = scaled[:-1].transform(X)
    values, base, _ = attributions(scaled[-1], before, before)
    assert_allclose(base + values.sum(axis=1), logits(scaled[-1], before), atol=1e-8)


def test_tables_that_are_not_as_in_fit(iris):
    X, y = iris
    clf = trained(X, y, encoder="passthrough")
    for given in [(X[:, :3], X), (X, X[:, :3])]:
        with pytest.raises(ValueError, match="features"):
            attributions(clf, *given)
    with pytest.raises(ValueError, match="0 sample"):
        attributions(clf, X, X[:0])
    huge = 1.7e308 * np.sign(X)
    for given in [(huge, X), (X, huge)]:
        with pytest.raises(ValueError, match="not finite: numbers of X or of the background are"):
            attributions(clf, *given)
