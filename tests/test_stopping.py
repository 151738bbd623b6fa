"""When training stops: early stopping, patience, time, and what each solver asks for."""

import time
import warnings

import numpy as np
import pytest
from common import HOUR, MINI_BATCH, Clock, assert_same_network, every_solver, network, overfitting
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxMLPClassifier
from skxent._training import full_batch

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@every_solver
def test_early_stopping_is_off_for_named_solvers_until_asked_for(solver, shuffled):
    for value, on in [("auto", False), (False, False), (True, True)]:
        clf = network(solver=solver, max_iter=3, early_stopping=value).fit(*shuffled)
        assert (clf.validation_scores_ is not None) == on
        assert (clf.best_validation_score_ is not None) == on
        assert (clf.best_loss_ is None) == on
        assert np.isfinite(clf.history_["validation_loss"]).all() == on
        assert clf.t_ == (135 if on else 150) * clf.n_iter_


@pytest.mark.parametrize("n, held_out", [(59, False), (60, True)])
def test_early_stopping_by_default_follows_the_number_of_rows(n, held_out, shuffled):
    X, y = shuffled
    clf = SoftmaxMLPClassifier(max_iter=2, random_state=0).fit(X[:n], y[:n])
    assert (clf.validation_scores_ is not None) == held_out
    off = SoftmaxMLPClassifier(max_iter=2, random_state=0, early_stopping=False)
    assert off.fit(X[:n], y[:n]).validation_scores_ is None


@every_solver
@pytest.mark.parametrize("n_members", [1, 2])
def test_early_stopping_false_means_that_all_rows_train(solver, n_members, noisy):
    """Rows of one's own are then looked at only: they fill the columns of the history."""
    X, y, X_val, y_val = noisy
    params = overfitting(solver) | dict(
        max_iter=15, n_iter_no_change=3, n_members=n_members, early_stopping=False, n_jobs=1
    )
    plain = network(**params).fit(X, y)
    for ignored in (dict(cv=3), dict(cv=[([0, 1, 2], [3])]), dict(validation_fraction=0.5)):
        assert_same_network(network(**params, **ignored).fit(X, y), plain)
    watched = network(**params, scoring="accuracy").fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_network(watched, plain)
    assert watched.t_ == plain.t_ == len(y) * plain.n_iter_
    assert watched.history_["loss"] == plain.history_["loss"]
    assert watched.best_epoch_ == plain.best_epoch_ == watched.n_iter_
    assert watched.best_loss_ == plain.best_loss_ == min(plain.loss_curve_)
    assert watched.best_validation_score_ is None
    assert len(watched.validation_scores_) == watched.n_iter_
    assert np.isfinite(watched.history_["validation_loss"]).all()
    last = watched.history_["score"][-1]
    if n_members == 1 or solver in MINI_BATCH:
        assert_allclose(last, watched.score(X_val, y_val))


@pytest.mark.parametrize("solver", ["auto", "adam", "lbfgs"])
@pytest.mark.parametrize("asked", ["cv", "X_val", "calibration"])
def test_asking_for_rows_to_judge_by_turns_early_stopping_on(solver, asked, noisy):
    X, y, X_val, y_val = noisy
    X, y = X[:50], y[:50]  # fewer than "auto" holds rows out of
    given = dict(X_val=X_val, y_val=y_val) if asked == "X_val" else {}
    params = {"cv": {"cv": 3}, "X_val": {}, "calibration": {"calibration": "temperature"}}[asked]
    clf = SoftmaxMLPClassifier(
        hidden_layer_sizes=6, solver=solver, random_state=0, max_iter=30, **params
    ).fit(X, y, **given)
    assert clf.auto_["early_stopping"] is True
    assert "X_val" in clf.summary()
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert (clf.temperature_ != 1.0) == (asked == "calibration")


@pytest.mark.parametrize("solver", ["bfgs", "cg"])
def test_line_searches_in_threads_leave_the_filters_of_warnings(solver, iris, monkeypatch):
    """SciPy's way to ignore its warning is not for threads: some slip out, as here they all do."""
    original = full_batch.minimize

    def minimize(*args, **kwargs):
        warnings.warn("The line search algorithm did not converge", RuntimeWarning, stacklevel=2)
        warnings.simplefilter("ignore", UserWarning)  # left behind
        return original(*args, **kwargs)

    monkeypatch.setattr(full_batch, "minimize", minimize)
    before = list(warnings.filters)
    with pytest.warns(ConvergenceWarning):
        network(solver=solver, n_members=3, n_jobs=2, max_iter=2).fit(*iris)
    assert warnings.filters == before


@pytest.mark.parametrize("max_fun", [1, 2, 3])
@pytest.mark.parametrize("tol", [1e-4, 1e300])  # 1e300: the start is good enough, one call says
def test_calls_that_a_start_in_single_precision_uses_up(max_fun, tol):
    X, y = np.random.default_rng(0).normal(size=(1001, 5)), np.arange(1001) % 3
    clf = SoftmaxMLPClassifier(
        200, solver="lbfgs", max_fun=max_fun, tol=tol, n_members=2, n_jobs=1, random_state=0
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf.fit(X, y)
    assert [f"max_fun={max_fun}" in str(warning.message) for warning in caught] == (
        [True] if tol < 1 else []
    )
    assert clf.n_iter_ == len(clf.history_["loss"]) >= 1
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
@pytest.mark.parametrize("n_members", [1, 3])
def test_max_time_is_kept_to(solver, n_members, digits, monkeypatch):
    X, y = digits
    clf = network(
        hidden_layer_sizes=64,
        solver=solver,
        n_members=n_members,
        n_jobs=1,
        tol=0.0,
        n_iter_no_change=np.inf,
        max_iter=10**7,
        learning_rate_init=0.001,
        max_time=60.5 * HOUR,
    )
    clock = Clock()
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", clock)
        clf.fit(X, y)
    assert 40 < clock.looks <= 63
    assert clf.history_["seconds"][-1] < 63 * HOUR
    # no member went without
    members = clf.coefs_[0].reshape(n_members, -1)
    begun = network(hidden_layer_sizes=64, n_members=n_members, solver=solver, max_iter=1,
                    learning_rate_init=1e-30, n_jobs=1).fit(X, y)  # fmt: skip
    if solver != "lbfgs":
        moved = np.abs(members - begun.coefs_[0].reshape(n_members, -1)).max(axis=1)
        assert (moved > 1e-4).all()


@pytest.mark.parametrize("averaging", [0.0, 0.99])
def test_rows_seen_are_those_of_whole_pieces_where_time_ends(averaging, rng):
    """An epoch that was broken off counts for what it was; pieces change no bit otherwise."""
    n = 40_000
    X, y = rng.normal(size=(n, 3)), rng.integers(0, 2, size=n)
    clf = network(max_iter=1, batch_size=100, averaging=averaging, max_time=1e-9).fit(X, y)
    assert clf.n_iter_ == 1
    assert 0 < clf.t_ < n and clf.t_ % 100 == 0
    assert clf.set_params(max_time=None).fit(X, y).t_ == n
    # by calls of partial_fit in the same order, pieces and all
    params = dict(shuffle=False, batch_size=100, averaging=averaging, max_iter=2, alpha=0.0)
    whole = network(**params, n_iter_no_change=np.inf).fit(X, y)
    parts = network(**params)
    for _ in range(2):
        parts.partial_fit(X, y, classes=[0, 1])
    assert_same_network(parts, whole)
    assert parts.t_ == whole.t_ == 2 * n


@pytest.mark.parametrize(
    "endings, worst",
    [
        (["converged", "max_iter", "patience"], 1),
        (["converged", "max_iter", "diverged"], 2),
        (["max_iter", "no_progress", "converged"], 1),
        (["diverged", "interrupted", "max_iter"], 1),
        (["converged", "rose", "no_progress"], 1),
        (["converged", "converged", "converged"], 0),
    ],
)
def test_of_members_that_train_by_themselves_the_worst_end_counts(endings, worst):
    from skxent._training.stopping import Ending, Epoch, Monitor, Patience, merge_monitors

    monitors = []
    for number, ending in enumerate(endings):
        monitor = Monitor(Patience(0.0, np.inf))
        for loss in range(number + 2):
            monitor.observe(np.zeros(2), Epoch(loss + 1e3 * loss * (ending == "rose"), 1.0, 1.0, 7))
        monitor.ending = Ending["MAX_ITER" if ending == "rose" else ending.upper()]
        monitors.append(monitor)
    whole, found = merge_monitors(monitors)
    assert found is monitors[worst]
    assert whole.ending == found.ending
    assert (whole.n_epochs, whole.n_rows) == (4, 28)
    assert whole.history["epoch"] == [1, 2, 3, 4]
    assert monitors[0].history["epoch"] == [1, 2]  # left as they were


@pytest.mark.parametrize("n_members", [1, 4])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_the_best_score_is_that_of_the_best_epoch(solver, n_members, noisy):
    X, y, *_ = noisy
    clf = network(**overfitting(solver), n_members=n_members, early_stopping=True, max_iter=12)
    clf.fit(X, y)
    assert clf.best_validation_score_ == clf.validation_scores_[clf.best_epoch_ - 1]
    if n_members == 1 or solver == "adam":
        assert clf.best_validation_score_ == max(clf.validation_scores_)
