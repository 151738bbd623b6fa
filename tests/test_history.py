"""The history of a fit: its columns, its rows, its numbers."""

import numpy as np
import pytest
from common import SCIPY, every_solver, network, overfitting, smooth_network
from numpy.testing import assert_allclose, assert_array_equal

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@every_solver
def test_history_has_one_row_an_epoch(solver, noisy):
    pd = pytest.importorskip("pandas")
    X, y, X_val, y_val = noisy
    tables = {}
    for name, given in [("plain", {}), ("judged", dict(X_val=X_val, y_val=y_val))]:
        clf = network(**overfitting(solver), max_iter=5).fit(X, y, **given)
        table = tables[name] = pd.DataFrame(clf.history_)
        assert list(table) == ["epoch", "loss", "validation_loss", "score", "learning_rate",
                               "gradient_norm", "seconds"]  # fmt: skip
        assert_array_equal(table["epoch"], np.arange(1, clf.n_iter_ + 1))
        assert_array_equal(table["loss"], clf.loss_curve_)
        assert clf.loss_ == clf.loss_curve_[-1]
        assert table["seconds"].is_monotonic_increasing
        assert (table["gradient_norm"] > 0).all()
        assert table["learning_rate"].notna().all() == (solver not in SCIPY)
    # judging does not disturb the descent
    assert_array_equal(tables["plain"]["loss"], tables["judged"]["loss"])
    assert_array_equal(tables["plain"]["gradient_norm"], tables["judged"]["gradient_norm"])
    assert_array_equal(clf.validation_scores_, -tables["judged"]["validation_loss"])


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
def test_history_goes_on_in_warm_starts(solver, iris):
    clf = network(solver=solver, max_iter=3, warm_start=True).fit(*iris).fit(*iris)
    assert clf.history_["epoch"] == [1, 2, 3, 4, 5, 6]
    assert np.all(np.diff(clf.history_["seconds"]) > 0)
    assert clf.n_iter_ == 3
    assert clf.t_ == 6 * 150
    assert clf.set_params(warm_start=False).fit(*iris).history_["epoch"] == [1, 2, 3]


def test_loss_of_full_batches_is_the_objective(iris):
    """With one batch the loss of an epoch is J where the epoch began."""
    X, y = iris
    descent = network(solver="gradient_descent", learning_rate_init=0.1, max_iter=6).fit(X, y)
    steps = network(
        solver="sgd",
        momentum=0.0,
        learning_rate_init=0.1,
        batch_size=150,
        shuffle=False,
        max_iter=7,
    ).fit(X, y)
    assert_allclose(steps.loss_curve_[1:], descent.loss_curve_, rtol=2e-4)
    assert_allclose(steps.history_["gradient_norm"][1:], descent.history_["gradient_norm"],
                    rtol=1e-3)  # fmt: skip


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    "solver", ["lbfgs", "bfgs", "cg", "tnc", "gradient_descent", "sgd", "adam", "adamw"]
)
def test_history(solver, early_stopping, iris):
    clf = smooth_network(solver=solver, early_stopping=early_stopping, max_iter=12).fit(*iris)
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


def test_history_is_a_table_in_one_call(iris):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(smooth_network(solver="adam", max_iter=5).fit(*iris).history_)
    assert frame.shape == (5, 7)
