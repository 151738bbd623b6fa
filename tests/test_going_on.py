"""Warm starts and partial_fit go on exactly where training was."""

import pickle
import re

import numpy as np
import pytest
from common import (
    Recorder,
    assert_best_of_history,
    assert_same_network,
    assert_same_state,
    every_solver,
    mini_batch_solvers,
    network,
    numbered,
    overfitting,
    without_history,
)
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris

from skxent import TableEncoder

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


RESTARTS = {
    "plain": {},
    "in order": {"shuffle": False},
    "small batches": {"batch_size": 7},
    "dropout": {"dropout": 0.3},
    "averaging": {"averaging": 0.9},
    "all of it": {
        "dropout": [0.3, 0.1],
        "hidden_layer_sizes": (6, 5),
        "averaging": 0.95,
        "label_smoothing": 0.1,
        "max_grad_norm": 1.0,
        "class_weight": {0: 2.0, 2: 0.5},
        "batch_size": 16,
    },
    "committee": {"n_members": 3, "dropout": 0.2, "averaging": 0.9},
    "float32": {"dtype": "float32"},
    "encoder": {"encoder": "auto"},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.5},
    "cosine": {"learning_rate": "cosine"},
    "adaptive": {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 100.0},
}


@mini_batch_solvers
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("setting", list(RESTARTS))
def test_calls_of_partial_fit_are_epochs_of_fit(solver, weighted, setting, iris, rng):
    """Bit for bit, pickling in between included."""
    X, y = iris
    w = rng.uniform(0.2, 3, size=len(y)) if weighted else None
    params = dict(
        solver=solver, max_iter=8, tol=0.0, n_iter_no_change=np.inf, calibration=None
    ) | RESTARTS[setting]  # fmt: skip
    whole = network(**params).fit(X, y, w)
    parts = network(**params)
    for _ in range(8):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(X, y, w, classes=[0, 1, 2])))
    assert_same_network(parts, whole)
    assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
    for column in ("epoch", "loss", "learning_rate", "gradient_norm"):
        assert_array_equal(parts.history_[column], whole.history_[column])
    assert parts.t_ == whole.t_
    assert parts.n_iter_ == 1
    if setting == "adaptive":
        assert len(set(parts.history_["learning_rate"])) > 1


@mini_batch_solvers
@pytest.mark.parametrize("setting", ["plain", "all of it", "committee", "invscaling"])
def test_warm_starts_go_on_where_they_were(solver, setting, iris):
    params = dict(solver=solver, tol=0.0, n_iter_no_change=np.inf) | RESTARTS[setting]
    whole = network(max_iter=9, **params).fit(*iris)
    parts = network(max_iter=2, warm_start=True, **params).fit(*iris)
    parts = pickle.loads(pickle.dumps(parts)).set_params(max_iter=3).fit(*iris)
    parts.set_params(max_iter=4).fit(*iris)
    assert_same_network(parts, whole)
    assert parts.loss_curve_ == whole.loss_curve_


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_warm_starts_keep_the_best_of_all_calls(solver, averaging, noisy):
    X, y, X_val, y_val = noisy
    clf = network(**overfitting(solver), averaging=averaging, warm_start=True, max_iter=12)
    for _ in range(6):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
        assert_best_of_history(clf, X_val, y_val)
        assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert clf.best_epoch_ < len(clf.loss_curve_)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "coslog4"])
def test_every_warm_fit_runs_through_its_schedule(schedule, iris):
    clf = network(learning_rate=schedule, warm_start=True, max_iter=6).fit(*iris)
    first = clf.coefs_[0].copy()
    clf.fit(*iris)
    rates = clf.history_["learning_rate"]
    assert rates[6:] == rates[:6]
    assert np.abs(clf.coefs_[0] - first).max() > 1e-3


def test_the_schedule_of_partial_fit_is_one_run(iris):
    clf = network(learning_rate="cosine", max_iter=6)
    for _ in range(9):
        clf.partial_fit(*iris, classes=[0, 1, 2])
    rates = np.array(clf.history_["learning_rate"])
    assert np.all(np.diff(rates[1:6]) < 0)  # after the warm-up
    assert_array_equal(rates[6:], 0.0)  # the run is over


@mini_batch_solvers
def test_the_pickle_stays_as_large_as_it_is(solver, iris):
    clf = network(solver=solver, averaging=0.9, n_members=3, encoder="auto")
    sizes = []
    for _ in range(12):
        clf.partial_fit(*iris, classes=[0, 1, 2])
        sizes.append(len(pickle.dumps(without_history(clf))))
    assert max(sizes) - min(sizes) < 64
    assert len(pickle.dumps(clf)) < 2 * sizes[0]


@pytest.mark.parametrize("n_members", [1, 3])
@mini_batch_solvers
def test_fit_starts_afresh(solver, n_members, iris, breast_cancer):
    params = dict(solver=solver, n_members=n_members, dropout=0.1, averaging=0.9, max_iter=3)
    fresh = network(**params).fit(*iris)
    used = network(**params)
    for _ in range(4):
        used.partial_fit(*breast_cancer, classes=[0, 1])
    used.fit(*iris)
    assert_same_network(used, fresh)
    assert used.t_ == fresh.t_
    assert used.loss_curve_ == fresh.loss_curve_
    assert_array_equal(used.classes_, [0, 1, 2])


def test_warm_starts_with_another_solver(iris):
    X, y = iris
    clf = network(solver="adam", averaging=0.9, warm_start=True, max_iter=5).fit(X, y)
    losses = [clf.loss_]
    for solver in ("sgd", "adamw", "lbfgs", "sgd", "gradient_descent", "adam"):
        losses.append(clf.set_params(solver=solver).fit(X, y).loss_)
        assert clf.n_iter_ == 5
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    "name, kept, other",
    [
        ("hidden_layer_sizes", "[6]", 7),
        ("hidden_layer_sizes", "[6]", (6, 6)),
        ("n_members", "2", 3),
        ("dtype", "'float64'", "float32"),
        ("activation", "['relu']", "tanh"),
        ("encoder", "'passthrough'", "auto"),
    ],
)
def test_warm_starts_want_what_the_parameters_depend_on(solver, name, kept, other, iris):
    clf = network(solver=solver, warm_start=True, max_iter=2, n_members=2).fit(*iris)
    before = clf.predict_proba(iris[0])
    if name == "encoder":
        other = TableEncoder()
    clf.set_params(**{name: other})
    message = rf"goes on with {name}={re.escape(kept)}, but {name}=.*warm_start=False"
    with pytest.raises(ValueError, match=message):
        clf.fit(*iris)
    if solver == "adam":
        with pytest.raises(ValueError, match=message):
            clf.partial_fit(*iris)
    assert_array_equal(clf.set_params(encoder="passthrough").predict_proba(iris[0]), before)
    clf.set_params(**{name: other}, warm_start=False).fit(*iris)
    if name == "n_members":
        assert clf.coefs_[0].shape[0] == 3
    if name == "dtype":
        assert clf.coefs_[0].dtype == np.float32


@pytest.mark.parametrize(
    "fitted, other, name",
    [
        ({}, {"categorical_features": [0]}, "categorical_features"),
        ({}, {"encoder": TableEncoder([0])}, "encoder"),
        ({}, {"encoder": TableEncoder(n_bins=5)}, "encoder"),
        ({}, {"encoder": "passthrough"}, "encoder"),
        ({"encoder": TableEncoder(n_bins=5)}, {"encoder__n_bins": 0}, "encoder"),
        ({"encoder": TableEncoder([0])}, {"encoder": TableEncoder([1])}, "encoder"),
        ({"categorical_features": [0, 3]}, {"categorical_features": [0]}, "categorical_features"),
    ],
)
def test_warm_starts_want_the_encoder_that_was_learnt(fitted, other, name, iris):
    clf = clone(network(**{"encoder": "auto", "warm_start": True, "max_iter": 2} | fitted))
    clf = pickle.loads(pickle.dumps(clf.fit(*iris)))
    clf.set_params(**other)
    message = f"goes on with {name}=.*, but {name}=.* is set.*warm_start=False"
    for go_on in (clf.fit, clf.partial_fit):
        with pytest.raises(ValueError, match=message):
            go_on(*iris)
    clf.set_params(warm_start=False).fit(*iris)


@pytest.mark.parametrize(
    "fitted, equal",
    [
        ({"activation": "tanh"}, {"activation": ["tanh"]}),
        ({"activation": np.array(["tanh"])}, {"activation": "tanh"}),
        ({"hidden_layer_sizes": ()}, {"activation": "tanh"}),  # of no layer
        ({"encoder": "passthrough"}, {"encoder": "auto"}),
        ({"encoder": "auto"}, {"encoder": TableEncoder()}),
        ({"encoder": TableEncoder(n_bins=5)}, {"encoder": TableEncoder(n_bins=5)}),
        ({"encoder": TableEncoder(n_bins=5)}, {"encoder": "auto"}),
        ({"categorical_features": [0, 3]}, {"categorical_features": np.array([0, 3])}),
        ({"categorical_features": np.array([0, 3])}, {"categorical_features": (0, 3)}),
        ({"encoder": TableEncoder([0, 3])}, {"encoder": TableEncoder(np.array([0, 3]))}),
        ({"encoder": TableEncoder([0])}, {"encoder": TableEncoder([0]).fit(load_iris().data)}),
    ],
)
def test_warm_starts_go_on_with_equal_parameters(fitted, equal, iris):
    clf = clone(network(**{"encoder": "auto", "warm_start": True, "max_iter": 2} | fitted))
    clf = pickle.loads(pickle.dumps(clf.fit(*iris)))
    assert clf.set_params(**equal).fit(*iris).partial_fit(*iris).history_["epoch"][-1] == 5


def test_auto_goes_on_with_what_is_there(iris):
    """Whatever was named at first: "auto" fits it."""
    clf = network(warm_start=True, max_iter=2, n_members=2, dtype="float32").fit(*iris)
    clf.set_params(hidden_layer_sizes="auto", n_members="auto", dtype="auto").fit(*iris)
    assert clf.coefs_[0].shape == (2, 4, 6) and clf.coefs_[0].dtype == np.float32
    assert clf.set_params(hidden_layer_sizes=np.array([6])).fit(*iris).history_["epoch"][-1] == 6


class SeenRows(Recorder):
    """Remembers all rows it was ever shown, a set for each time."""

    def __init__(self):
        self.log = []

    def __call__(self, estimator, X, y):
        self.log.append(frozenset(X[:, 0].astype(int)))
        return estimator.score(X, y)


@pytest.mark.parametrize("random_state", [0, None, np.random.RandomState(3)])
@pytest.mark.parametrize("n_members", [1, 3])
@every_solver
def test_warm_starts_hold_out_the_same_rows(solver, n_members, random_state, shuffled):
    X, y = numbered(shuffled[0]), shuffled[1]
    seen = SeenRows()
    clf = network(
        solver=solver, n_members=n_members, early_stopping=True, scoring=seen, max_iter=2,
        random_state=random_state, n_jobs=1, learning_rate_init=1e-4,
    )  # fmt: skip
    clf.fit(X, y)
    first = set(seen.log)
    assert len(first) == n_members
    for _ in range(2):
        seen.log.clear()
        clf = pickle.loads(pickle.dumps(clf.set_params(warm_start=True, scoring=None)))
        clf.set_params(scoring=seen).fit(X, y)
        assert set(seen.log) == first
    # another table is split anew, and still there are rows on both sides
    seen.log.clear()
    clf.fit(X[:100], y[:100])
    assert set(seen.log) != first and all(max(rows) < 100 for rows in seen.log)
    # and so is the same one by a fit that starts afresh, with chance that goes on
    if random_state is None:
        seen.log.clear()
        clf.set_params(warm_start=False).fit(X, y)
        assert set(seen.log) != first


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("held_out", [{}, {"cv": 3}])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_warm_starts_keep_the_best_on_the_rows_held_out(solver, held_out, n_members, noisy):
    X, y, *_ = noisy
    clf = network(
        **overfitting(solver), n_members=n_members, n_jobs=1, early_stopping=True,
        warm_start=True, max_iter=12, calibration=None, **held_out,
    )  # fmt: skip
    for _ in range(5):
        clf.fit(X, y)
        if n_members == 1 or solver == "adam":
            assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert clf.best_epoch_ < len(clf.loss_curve_)


def test_fit_leaves_no_trace_of_the_fit_before(iris, breast_cancer):
    """Whatever was fitted before: the state is that of a first fit."""
    for then in (dict(solver="adam"), dict(solver="lbfgs"), dict(solver="sgd", n_members=2)):
        fresh = network(**then, max_iter=3).fit(*iris)
        for first in (dict(solver="adam", warm_start=True), dict(solver="lbfgs")):
            used = network(**first, max_iter=2).fit(*breast_cancer)
            used.set_params(**{"warm_start": False, "max_iter": 3, **then}).fit(*iris)
            assert_same_state(without_history(used), without_history(fresh))


def test_streaming_equals_learning_in_order(digits):
    """Batches that come one after another are the batches of an epoch in order."""
    X, y = digits
    X, y = X[:600], y[:600]
    whole = network(shuffle=False, batch_size=50, max_iter=1, alpha=0.0).fit(X, y)
    parts = network(shuffle=False, batch_size=50, alpha=0.0)
    for start in range(0, 600, 150):
        rows = slice(start, start + 150)
        parts.partial_fit(X[rows], y[rows], classes=np.arange(10))
    assert_same_network(parts, whole)
    assert parts.t_ == whole.t_ == 600


def test_partial_fit_after_fit_goes_on(iris):
    X, y = iris
    clf = network(max_iter=5).fit(X, y)
    before = clf.loss_
    for _ in range(20):
        clf.partial_fit(X, y)
    assert clf.loss_ < before
    assert clf.n_iter_ == 1
    assert clf.history_["epoch"] == list(range(1, 26))
