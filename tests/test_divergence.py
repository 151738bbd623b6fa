"""Training that diverges keeps what was good before, or is an error."""

import warnings

import numpy as np
import pytest
from common import assert_best_of_history, blow_up_after, mini_batch_solvers, network, overfitting
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skxent._training.stopping import Epoch, Monitor, Patience

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@mini_batch_solvers
@pytest.mark.parametrize("validation", [False, True])
def test_best_weights_after_divergence(solver, validation, noisy):
    X, y, X_val, y_val = noisy
    params = overfitting(solver)
    given = dict(X_val=X_val, y_val=y_val) if validation else {}
    clf = network(**params, max_iter=20, n_iter_no_change=np.inf)
    healthy = clone(clf).set_params(learning_rate=blow_up_after(1.1)).fit(X, y, **given)
    clf.set_params(learning_rate=blow_up_after(0.5))
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch (\d+).*learning_rate_init"):
        clf.fit(X, y, **given)
    assert 10 <= clf.n_iter_ <= 12
    assert np.isfinite(clf.predict_proba(X)).all()
    assert all(np.isfinite(values).all() for values in clf.coefs_)
    if validation:
        assert_best_of_history(clf, X_val, y_val)
    else:
        assert clf.best_epoch_ == np.argmin(clf.loss_curve_) + 1
        assert_allclose(clf.loss_curve_[:10], healthy.loss_curve_[:10])


def test_training_recovers_after_divergence(iris):
    """What is kept is a state to go on from: no moments from beyond the brink."""
    X, y = iris
    clf = network(warm_start=True, max_iter=20, learning_rate=blow_up_after(0.5))
    with pytest.warns(ConvergenceWarning, match="diverged"):
        clf.fit(X, y)
    before = clf.score(X, y)
    clf.set_params(learning_rate="constant", max_iter=30).fit(X, y)
    assert clf.n_iter_ == 30
    assert clf.score(X, y) >= before
    clf.partial_fit(X, y)
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("solver", ["sgd", "gradient_descent"])
@pytest.mark.parametrize("rate", [1e3, 1e10])
def test_a_loss_that_rises_without_end_is_divergence(solver, rate, iris):
    """Also where it stays finite: one warning, and the best weights."""
    X, y = iris
    clf = network(hidden_layer_sizes=(5, 5), solver=solver, learning_rate_init=rate, max_iter=30)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf.fit(X, y)
    assert len(caught) == 1 and "Training diverged" in str(caught[0].message)
    assert clf.best_epoch_ == np.argmin(clf.loss_curve_) + 1 < clf.n_iter_
    assert np.isfinite(clf.decision_function(X)).all()


def test_divergence_in_the_first_epoch_is_an_error(iris):
    X, y = iris
    for solver in ("sgd", "adam", "gradient_descent"):
        for n_members in (1, 3):
            with pytest.raises(ValueError, match="diverged in its first epoch"):
                network(solver=solver, n_members=n_members, learning_rate_init=1e300).fit(X, y)


def test_a_member_that_never_was_finite_is_an_error(iris):
    """It must not stay in the committee as it was drawn."""
    X, y = iris
    X = X.copy()
    X[:10] = 1e200
    folds = [(np.arange(10, 150), np.arange(10)), (np.arange(140), np.arange(140, 150))]
    for n_jobs in (1, 2):
        clf = network(solver="gradient_descent", n_members=2, cv=folds, max_iter=5, n_jobs=n_jobs)
        with pytest.raises(ValueError, match="diverged in its first epoch"):
            clf.fit(X, y)


def test_deep_networks_of_float32_are_no_divergence(breast_cancer):
    """The product of 40 layers' largest sums is beyond float32, what they compute is not."""
    X, y = breast_cancer
    clf = network(solver="adam", hidden_layer_sizes=(64,) * 40, max_iter=2)
    clf.fit(X.astype(np.float32), y)
    assert clf.coefs_[0].dtype == np.float32
    assert np.isfinite(clf.predict_log_proba(X)).all()


@pytest.mark.parametrize("last, lost", [(19.9, False), (20.1, True)])
def test_a_loss_ten_times_as_large_as_the_lowest_is_lost(last, lost):
    """Ten times 1 plus the lowest, so that losses near 0 may vary."""
    monitor = Monitor(Patience(0.0, np.inf))
    for loss in (5.0, 1.0, last):
        monitor.observe(np.zeros(2), Epoch(loss, 1.0))
    assert monitor.lost is lost
