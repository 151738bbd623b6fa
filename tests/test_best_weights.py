"""Training keeps its best parameters, whichever way it ends."""

import time
import warnings

import numpy as np
import pytest
from common import HOUR, Clock, Stop, assert_best_of_history, every_solver, network, overfitting

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@every_solver
def test_best_weights_after_patience(solver, noisy):
    X, y, X_val, y_val = noisy
    clf = network(**overfitting(solver), n_iter_no_change=4, max_iter=500)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.n_iter_ < 500
    assert_best_of_history(clf, X_val, y_val)
    # patience counts from the last improvement that was more than tol
    assert clf.n_iter_ - clf.best_epoch_ <= 5 + 1


@every_solver
def test_best_weights_after_max_iter(solver, noisy):
    X, y, X_val, y_val = noisy
    clf = network(**overfitting(solver), n_iter_no_change=np.inf, max_iter=60)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert_best_of_history(clf, X_val, y_val)
    assert clf.best_epoch_ < clf.n_iter_


@pytest.mark.parametrize("solver", ["lbfgs", "bfgs"])
def test_best_weights_after_convergence(solver, noisy):
    X, y, X_val, y_val = noisy
    clf = network(hidden_layer_sizes=(), solver=solver, n_iter_no_change=np.inf, max_iter=5000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.n_iter_ < 5000
    assert_best_of_history(clf, X_val, y_val)


@every_solver
def test_best_weights_after_max_time(solver, noisy, monkeypatch):
    """Once a look at the clock finds the time over, no work is done but that of the epoch's row."""
    X, y, X_val, y_val = noisy
    clf = network(
        **{**overfitting(solver), "tol": 0.0},
        n_iter_no_change=np.inf,
        max_iter=10**7,
        max_fun=10**7,
        max_time=20.5 * HOUR,
    )
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert 20 < clock.looks <= 23
    assert 2 <= clf.n_iter_ <= 21
    assert_best_of_history(clf, X_val, y_val)


@every_solver
def test_best_weights_after_a_callback(solver, noisy):
    pytest.importorskip("sklearn.callback")
    X, y, X_val, y_val = noisy
    stop = Stop(after=6)
    clf = network(**overfitting(solver), max_iter=100).set_callbacks(stop)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.n_iter_ == 6
    assert stop.log[0] == "setup" and stop.log[-1] == "teardown" and len(stop.log) == 8
    assert_best_of_history(clf, X_val, y_val)
