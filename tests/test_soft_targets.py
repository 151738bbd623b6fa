"""Targets that are probabilities."""

import numpy as np
import pytest
from common import assert_same_network, every_solver, network
from numpy.testing import assert_allclose, assert_array_equal

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_soft_targets_are_weighted_hard_ones(solver, iris, rng):
    """A row of probabilities equals one row per class, weighted by its probability."""
    X, _ = iris
    for k in (2, 3, 5):
        Y = rng.dirichlet(np.ones(k), size=len(X))
        params = dict(solver=solver, max_iter=6, alpha=0.0)
        soft = network(**params).fit(X, Y)
        hard = network(**params).fit(
            np.repeat(X, k, axis=0), np.tile(np.arange(k), len(X)), sample_weight=Y.ravel()
        )
        assert_allclose(soft.predict_proba(X), hard.predict_proba(X), rtol=1e-5)
        assert soft.predict_proba(X).shape == (150, k)
        assert_array_equal(soft.classes_, np.arange(k))


@every_solver
def test_certain_soft_targets_are_labels(solver, iris, breast_cancer):
    for X, y in (iris, breast_cancer):
        k = len(np.unique(y))
        soft = network(solver=solver, max_iter=4).fit(X, np.eye(k)[y])
        hard = network(solver=solver, max_iter=4).fit(X, y)
        assert_allclose(soft.predict_proba(X), hard.predict_proba(X), rtol=1e-6)


def test_columns_of_soft_targets_name_the_classes(iris, breast_cancer):
    pd = pytest.importorskip("pandas")
    for (X, y), names in ((iris, ["setosa", "versi", "virgi"]), (breast_cancer, ["bad", "good"])):
        Y = pd.DataFrame(0.9 * np.eye(len(names))[y] + 0.1 / len(names), columns=names)
        clf = network(max_iter=30).fit(X, Y)
        assert_array_equal(clf.classes_, names)
        assert set(clf.predict(X)) <= set(names)
        assert clf.score(X, np.array(names)[y]) > 0.8
        assert clf.predict_proba(X).shape == (len(y), len(names))


@pytest.mark.parametrize("form", ["plain", "nullable", "arrow", "polars"])
def test_soft_targets_are_matched_by_name(form, breast_cancer):
    pd = pytest.importorskip("pandas")
    X, y = breast_cancer
    P = pd.DataFrame({"yes": 0.9 * y + 0.05, "no": 0.95 - 0.9 * y})
    make = {
        "plain": lambda T: T,
        "nullable": lambda T: T.astype("Float64"),
        "arrow": lambda T: T.astype(pd.ArrowDtype(pytest.importorskip("pyarrow").float64())),
        "polars": lambda T: pytest.importorskip("polars").DataFrame(T.to_dict("list")),
    }[form]
    params = dict(solver="adam", early_stopping=True, max_iter=30, learning_rate_init=0.01)
    clf = network(**params).fit(X, make(P), X_val=X, y_val=make(P[["no", "yes"]]))
    assert_array_equal(clf.classes_, ["no", "yes"])
    assert clf.score(X, np.array(["no", "yes"])[y]) > 0.9
    twin = network(**params).fit(X, P[["no", "yes"]], X_val=X, y_val=P)
    assert twin.history_["validation_loss"] == clf.history_["validation_loss"]
    hard = network(**params).fit(X, make(P), X_val=X, y_val=np.array(["no", "yes"])[y])
    assert hard.history_["validation_loss"][-1] < 0.5


def test_names_of_soft_targets_that_do_not_fit(breast_cancer):
    pd = pytest.importorskip("pandas")
    X, y = breast_cancer
    P = pd.DataFrame({"yes": 1.0 * y, "no": 1.0 - y})
    clf = network(max_iter=2)
    with pytest.raises(ValueError, match="columns .*'nein'.* classes are .*'no'"):
        clf.fit(X, P, X_val=X, y_val=P.rename(columns={"no": "nein"}))
    with pytest.raises(ValueError, match="several columns of one name"):
        clf.fit(X, P.set_axis(["p", "p"], axis=1))
    clf = network(solver="adam").partial_fit(X, P, classes=["yes", "no"])
    assert_array_equal(clf.classes_, ["no", "yes"])
    with pytest.raises(ValueError, match="not the same as on last call"):
        clf.partial_fit(X, P, classes=["ja", "nein"])


def test_soft_targets_learn_the_probabilities(rng):
    """Where features say nothing the shares of the targets come back."""
    Y = np.tile([[0.2, 0.5, 0.3]], (80, 1))
    clf = network(solver="lbfgs", hidden_layer_sizes=(), alpha=0.0, tol=1e-9)
    assert_allclose(clf.fit(np.zeros((80, 2)), Y).predict_proba([[0, 0]]), Y[:1], atol=1e-6)
    clf.fit(np.zeros((80, 2)), Y[:, :2] / 0.7)
    assert_allclose(clf.predict_proba([[0, 0]]), [[2 / 7, 5 / 7]], atol=1e-6)


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "adam"])
def test_soft_targets_with_early_stopping(solver, iris):
    X, y = iris
    Y = 0.7 * np.eye(3)[y] + 0.1
    clf = network(solver=solver, early_stopping=True, max_iter=20).fit(X, Y)
    assert np.isfinite(clf.validation_scores_).all()
    # no log loss is below the entropy of the targets
    assert min(clf.history_["validation_loss"]) >= -(0.8 * np.log(0.8) + 0.2 * np.log(0.1)) - 1e-6
    own = network(solver=solver, max_iter=5).fit(X, Y, X_val=X, y_val=Y)
    assert np.isfinite(own.validation_scores_).all()


@pytest.mark.parametrize("k", [2, 3])
def test_a_scorer_of_labels_is_told_apart_from_soft_targets(k, iris):
    X, y = iris[0], iris[1] % k
    Y = 0.7 * np.eye(k)[y] + 0.3 / k
    clf = network(scoring="accuracy", max_iter=3)
    with pytest.raises(ValueError, match="judges labels.*scoring=None"):
        clf.fit(X, Y, X_val=X, y_val=Y)
    assert 0 < clf.fit(X, Y, X_val=X, y_val=y).best_validation_score_ <= 1
    clf.set_params(scoring=lambda estimator, X, Y: -np.mean((estimator.predict_proba(X) - Y) ** 2))
    assert clf.fit(X, Y, X_val=X, y_val=Y).best_validation_score_ < 0


def test_soft_targets_through_partial_fit(iris):
    X, y = iris
    Y = 0.9 * np.eye(3)[y] + 0.1 / 3
    whole = network(max_iter=4, n_iter_no_change=np.inf, tol=0.0).fit(X, Y)
    parts = network()
    for _ in range(4):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    assert_same_network(parts, whole)


@pytest.mark.parametrize(
    "spoil", [lambda Y: 2 * Y, lambda Y: Y - 0.5, lambda Y: np.where(Y > 0.8, np.nan, Y)]
)
def test_rows_that_are_no_probabilities(spoil, iris):
    X, y = iris
    with pytest.raises(ValueError):
        network().fit(X, spoil(0.9 * np.eye(3)[y] + 0.1 / 3))
