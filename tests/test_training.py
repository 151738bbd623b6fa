"""Training from first epoch to last: when it stops, what it keeps, how it goes on and reports."""

import copy
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, get_scorer_names, log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder
from skxent._model import fitted_model
from skxent._training import full_batch

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SCIPY = ["lbfgs", "bfgs", "cg", "tnc"]
MINI_BATCH = ["sgd", "adam", "adamw"]
SOLVERS = [*SCIPY, "gradient_descent", *MINI_BATCH]
every_solver = pytest.mark.parametrize("solver", SOLVERS)
mini_batch_solvers = pytest.mark.parametrize("solver", MINI_BATCH)


def network(**params):
    """A small plain network."""
    params = {
        "hidden_layer_sizes": 6,
        "solver": "adam",
        "learning_rate_init": 0.02,
        "random_state": 0,
        "encoder": "passthrough",
        **params,
    }
    return SoftmaxMLPClassifier(**params)


@pytest.fixture(scope="module")
def noisy(wine):
    """Wines of which a third have a wrong label, so that networks learn by heart: two halves."""
    X, y = wine
    rng = np.random.default_rng(0)
    y = np.where(rng.uniform(size=len(y)) < 0.35, rng.integers(0, 3, size=len(y)), y)
    order = rng.permutation(len(y))
    a, b = order[:100], order[100:]
    return X[a], y[a], X[b], y[b]


@pytest.fixture(scope="module")
def shuffled(iris):
    X, y = iris
    order = np.random.default_rng(1).permutation(len(y))
    return X[order], y[order]


def overfitting(solver):
    """Parameters of a network that learns by heart in a few dozen epochs."""
    return dict(
        hidden_layer_sizes=12,
        activation="tanh",
        solver=solver,
        learning_rate_init=0.05 if solver in ("adam", "adamw") else 0.3,
        alpha=1e-5,
        tol=1e-5,
    )


def assert_best_of_history(clf, X_val, y_val, sample_weight=None):
    """The parameters kept are those of the epoch with the lowest validation loss."""
    losses = clf.history_["validation_loss"]
    assert len(losses) >= 1
    assert clf.best_epoch_ == np.argmin(losses) + 1
    loss = log_loss(y_val, clf.predict_proba(X_val), sample_weight=sample_weight)
    assert_allclose(loss, min(losses), rtol=1e-6)


def assert_same_state(one, other, path="vars"):
    """Deep equality of everything an estimator holds."""
    assert type(one) is type(other), path
    if isinstance(one, np.ndarray):
        assert_array_equal(one, other, err_msg=path)
        assert one.dtype == other.dtype, path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_same_state(one[key], other[key], f"{path}[{key!r}]")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), path
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same_state(a, b, f"{path}[{i}]")
    elif isinstance(one, np.random.RandomState):
        assert_same_state(list(one.get_state()), list(other.get_state()), path)
    elif isinstance(one, np.random.Generator):
        assert_same_state(one.bit_generator.state, other.bit_generator.state, path)
    elif isinstance(one, float) and np.isnan(one):
        assert np.isnan(other), path
    elif hasattr(one, "__dict__") and not callable(one):
        assert_same_state(vars(one), vars(other), path)
    else:
        assert one == other, path


def without_history(clf):
    """All that a fitted estimator holds, but the figures of its epochs."""
    model = clf._model
    model = replace(model, trained=replace(model.trained, history={}))
    return vars(clf) | {"_model": model}


def assert_same_network(one, other):
    for a, b in zip(
        [*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
    ):
        assert_array_equal(a, b)


# ---------------------------------------------------------------- when training stops


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
@pytest.mark.parametrize(
    "scoring",
    ["accuracy", make_scorer(accuracy_score), lambda e, X, y: np.mean(e.predict(X) == y)],
    ids=["name", "scorer", "function"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_scoring_decides(solver, scoring, weighted, noisy):
    X, y, X_val, y_val = noisy
    w = np.ones(len(y)) if weighted else None
    clf = network(**overfitting(solver), scoring=scoring, max_iter=12, early_stopping=True)
    clf.fit(X, y, w, X_val=X_val, y_val=y_val)
    scores = clf.history_["score"]
    assert clf.validation_scores_ == scores
    assert clf.best_validation_score_ == max(scores) == scores[clf.best_epoch_ - 1]
    assert_allclose(clf.score(X_val, y_val), max(scores))
    assert np.isfinite(clf.history_["validation_loss"]).all()
    split = network(**overfitting(solver), scoring=scoring, max_iter=4, early_stopping=True)
    assert 0 <= split.fit(X, y, w).best_validation_score_ <= 1


def test_a_score_that_is_nan_is_never_the_best(noisy):
    X, y, X_val, y_val = noisy
    scores = iter([0.5, np.nan, 0.7, np.nan, 0.6])
    clf = network(scoring=lambda estimator, X, y: next(scores), max_iter=5)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.best_epoch_ == 3
    assert clf.best_validation_score_ == 0.7
    assert_array_equal(clf.validation_scores_, [0.5, np.nan, 0.7, np.nan, 0.6])


def test_scoring_by_a_name_takes_weights(noisy, rng):
    X, y, X_val, y_val = noisy
    w = rng.integers(0, 3, size=len(y_val)).astype(float)
    clf = network(scoring="accuracy", max_iter=5)
    clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=w)
    assert_allclose(clf.score(X_val, y_val, w), clf.best_validation_score_)


@every_solver
def test_validation_rows_take_the_place_of_a_split(solver, noisy):
    X, y, X_val, y_val = noisy
    clf = network(**overfitting(solver), early_stopping=True, max_iter=300)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.t_ == len(y) * clf.n_iter_
    assert clf.n_iter_ < 300
    assert_best_of_history(clf, X_val, y_val)
    # it went on after the best epoch, and got worse
    assert clf.n_iter_ > clf.best_epoch_
    assert clf.history_["validation_loss"][-1] > min(clf.history_["validation_loss"])


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "adam"])
def test_validation_tables_are_encoded_like_the_training_table(solver, rng):
    pd = pytest.importorskip("pandas")
    n = 160
    number, city = rng.normal(size=n), rng.choice(["Rome", "Oslo", "Bern"], size=n)
    y = np.where((number > 0) ^ (city == "Oslo"), "yes", "no")
    number[::9] = np.nan
    table = pd.DataFrame({"number": number, "city": pd.Categorical(city)})
    train, rest = table[:100], table[100:].copy()
    # another order of the categories, and one never seen
    rest["city"] = pd.Categorical(
        np.where(np.arange(60) == 3, "Lima", rest["city"]), ["Lima", "Oslo", "Bern", "Rome"]
    )
    w = rng.uniform(0.1, 2, size=60)
    clf = SoftmaxMLPClassifier(
        hidden_layer_sizes=8, solver=solver, max_iter=15, random_state=0, n_members=1
    )
    clf.set_params(calibration=None)
    clf.fit(train, y[:100], X_val=rest, y_val=y[100:], sample_weight_val=w)
    assert_best_of_history(clf, rest, y[100:], w)
    alike = clone(clf).fit(
        train, y[:100], X_val=rest.astype({"city": object}), y_val=list(y[100:]),
        sample_weight_val=w,
    )  # fmt: skip
    assert_array_equal(alike.predict_proba(rest), clf.predict_proba(rest))


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


def test_a_temperature_wants_rows_that_are_not_trained_on(noisy):
    X, y, X_val, y_val = noisy
    clf = network(early_stopping=False, calibration="temperature", max_iter=40)
    with pytest.raises(ValueError, match="rows that are not trained on.*early_stopping=True"):
        clf.fit(X, y)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.temperature_ != 1.0
    plain = clone(clf).set_params(calibration=None).fit(X, y)
    assert_same_network(clf, plain)


@pytest.mark.parametrize("calibration", ["auto", "temperature", None])
def test_partial_fit_keeps_the_temperature(calibration, noisy):
    X, y, *_ = noisy
    clf = network(early_stopping=True, calibration="temperature", max_iter=40).fit(X, y)
    learnt = clf.temperature_
    assert learnt != 1.0
    clf.set_params(early_stopping=False, calibration=calibration)
    for _ in range(2):
        clf.partial_fit(X, y)
    assert clf.temperature_ == (1.0 if calibration is None else learnt)
    z = clf.decision_function(X)
    raw = clf.set_params(calibration=None).partial_fit(X, y).decision_function(X)
    assert np.abs(z - raw).max() > 0
    # a fit learns its own
    assert clf.set_params(calibration="auto").fit(X, y).temperature_ == 1.0


@pytest.mark.parametrize("class_weight", [{0: 3.0, 2: 0.2}, "balanced"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scoring", [None, "accuracy"])
def test_class_weights_count_where_rows_judge(class_weight, weighted, scoring, shuffled, rng):
    """On rows of one's own as on a split: the factors are those of the training rows."""
    X, y = shuffled
    keep = (y != 1) | (rng.uniform(size=len(y)) < 0.4)
    X, y = X[keep], y[keep]
    w = rng.uniform(0.5, 2, size=len(y))
    train, test = np.arange(0, 70), np.arange(70, len(y))
    clf = network(class_weight=class_weight, max_iter=6, scoring=scoring)
    if class_weight == "balanced":  # the same factors whichever way the rows are given
        mass = np.bincount(y[train], weights=w[train] if weighted else None)
        factors = mass.sum() / (3 * mass)
    else:
        factors = np.array([3.0, 1.0, 0.2])
    given = dict(sample_weight=w[train], sample_weight_val=w[test]) if weighted else {}
    own = clone(clf).fit(X[train], y[train], X_val=X[test], y_val=y[test], **given)
    total = factors[y[test]] * (w[test] if weighted else 1)
    loss = log_loss(y[test], own.predict_proba(X[test]), sample_weight=total)
    assert_allclose(own.history_["validation_loss"][own.best_epoch_ - 1], loss, rtol=1e-6)
    if scoring:
        assert_allclose(own.best_validation_score_, own.score(X[test], y[test], total))
    if class_weight != "balanced":
        split = clone(clf).set_params(cv=[(train, test)]).fit(X, y, w if weighted else None)
        assert_allclose(split.history_["validation_loss"], own.history_["validation_loss"])
        assert_allclose(split.validation_scores_, own.validation_scores_)


def test_rows_without_weight_cannot_judge(shuffled):
    X, y = shuffled
    w = np.repeat([1.0, 0.0], [100, 50])
    split = [(np.arange(100), np.arange(100, 150))]
    with pytest.raises(ValueError, match="rows held out have no weight"):
        network(cv=split).fit(X, y, w)
    with pytest.raises(ValueError, match="at least one"):
        network().fit(X, y, X_val=X[:5], y_val=y[:5], sample_weight_val=np.zeros(5))
    # folds are judged together, so one of them may be without
    folds = [*split, (np.arange(50, 150), np.arange(50))]
    assert network(cv=folds, n_members=2, max_iter=3).fit(X, y, w).n_iter_ == 3


D2 = pytest.param(
    "d2_log_loss_score",
    marks=pytest.mark.skipif(
        "d2_log_loss_score" not in get_scorer_names(), reason="an older scikit-learn"
    ),
)


@pytest.mark.parametrize(
    "scoring", ["neg_log_loss", D2, "neg_brier_score", "roc_auc_ovr", "f1_macro",
                "top_k_accuracy", "balanced_accuracy", "accuracy"]
)  # fmt: skip
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("n_members", [1, 3])
def test_scorers_by_name_where_held_out_rows_lack_a_class(scoring, solver, n_members, shuffled):
    X, y = shuffled
    y = np.array(["a", "b", "c"])[y]
    y[[3, 9]] = "rare", "seldom"  # of one row: on one side only
    clf = network(
        solver=solver, scoring=scoring, n_members=n_members, early_stopping=True, max_iter=4
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf.fit(X, y)
    if scoring == "roc_auc_ovr":  # not defined where a class is never there, and says so
        return
    scores = clf.validation_scores_
    assert len(scores) == 4 and np.isfinite(scores).all()
    if scoring == "neg_log_loss" and n_members == 1:
        assert_allclose(scores, np.negative(clf.history_["validation_loss"]), rtol=1e-6)


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


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy"])
def test_scorers_of_a_committee_with_more_members_than_rows(scoring, solver, iris):
    X, y = iris[0][48:52], iris[1][48:52]  # two of each class, one held out by each of four
    clf = network(
        solver=solver, scoring=scoring, n_members=8, early_stopping=True, max_iter=3, tol=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf.fit(X, y)
    assert np.isfinite(clf.validation_scores_).all() and len(clf.validation_scores_) > 1
    if scoring == "neg_log_loss" and solver == "adam":  # judged together
        assert_allclose(
            clf.validation_scores_, np.negative(clf.history_["validation_loss"]), rtol=1e-6
        )


@pytest.mark.parametrize("scoring", ["neg_log_loss", D2, "roc_auc"])
def test_scorers_by_name_of_two_classes(scoring, breast_cancer):
    X, y = breast_cancer
    y = np.array(["no", "yes"])[y]
    for Classifier in (SoftmaxMLPClassifier, SigmoidMLPClassifier):
        clf = Classifier(hidden_layer_sizes=4, solver="adam", scoring=scoring, max_iter=4,
                         early_stopping=True, random_state=0)  # fmt: skip
        assert np.isfinite(clf.fit(X, y).validation_scores_).all()


def test_a_scorer_that_is_never_defined_is_a_warning(noisy):
    X, y, X_val, y_val = noisy
    clf = network(scoring=lambda estimator, X, y: np.nan, max_iter=5, n_iter_no_change=np.inf)
    with pytest.warns(UserWarning, match="NaN in every epoch"):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_network(clf, network(max_iter=5, early_stopping=False).fit(X, y))


def test_validation_rows_for_a_committee(noisy):
    X, y, X_val, y_val = noisy
    for solver in ("lbfgs", "adam"):
        clf = network(**overfitting(solver), n_members=3, max_iter=20)
        clf.fit(X, y, X_val=X_val, y_val=y_val)
        assert clf.coefs_[0].shape == (3, 13, 12)
        if solver == "adam":  # judged together, by the mean that will predict
            assert_best_of_history(clf, X_val, y_val)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"y_val": [0, 1]}, "X_val and y_val"),
        ({"sample_weight_val": [1.0]}, "give that too"),
        ({"X_val": np.ones((3, 13)), "y_val": [0, 1]}, "inconsistent numbers of samples"),
        ({"X_val": np.ones((0, 13)), "y_val": []}, "0 sample|minimum of 1"),
        ({"X_val": np.ones((2, 13)), "y_val": [0, 3]}, "classes not in"),
        ({"X_val": np.full((2, 13), np.nan), "y_val": [0, 1]}, "NaN"),
        ({"X_val": np.ones((2, 13)), "y_val": [0, 1], "sample_weight_val": [1.0]}, "shape"),
        ({"X_val": np.ones((2, 13)), "y_val": [0, 1], "sample_weight_val": [1, -1]}, "Negative"),
    ],
)
def test_bad_validation_rows(given, message, noisy):
    with pytest.raises(ValueError, match=message):
        network().fit(*noisy[:2], **given)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_validation_rows_through_a_pipeline(solver, noisy):
    X, y, X_val, y_val = noisy
    shift = 5 + 3 * X, y, 5 + 3 * X_val, y_val
    w = np.linspace(0.5, 2, len(y_val))
    with config_context(enable_metadata_routing=True):
        clf = network(**overfitting(solver), early_stopping=True, max_iter=30)
        clf.set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
        pipe = Pipeline([("scale", StandardScaler()), ("clf", clf)], transform_input=["X_val"])
        pipe.fit(shift[0], y, X_val=shift[2], y_val=y_val, sample_weight_val=w)
    scaler = StandardScaler().fit(shift[0])
    by_hand = network(**overfitting(solver), early_stopping=True, max_iter=30).fit(
        scaler.transform(shift[0]), y,
        X_val=scaler.transform(shift[2]), y_val=y_val, sample_weight_val=w,
    )  # fmt: skip
    assert_same_network(pipe[-1], by_hand)
    assert pipe[-1].history_["validation_loss"] == by_hand.history_["validation_loss"]


class Recorder:
    """A scoring that remembers which rows it was shown: their first column is their number."""

    def __call__(self, estimator, X, y):
        self.rows = X[:, 0].astype(int)
        return estimator.score(X, y)


def numbered(X):
    return np.column_stack([np.arange(len(X)), X])


@every_solver
def test_held_out_rows_by_an_integer(solver, shuffled):
    X, y = shuffled
    recorder = Recorder()
    clf = network(solver=solver, cv=5, scoring=recorder, max_iter=3).fit(numbered(X), y)
    expected = list(StratifiedKFold(5).split(X, y))[-1][1]
    assert_array_equal(recorder.rows, expected)
    assert clf.t_ == 120 * clf.n_iter_


@every_solver
@pytest.mark.parametrize("Splitter", [GroupKFold, GroupShuffleSplit])
def test_held_out_rows_by_groups(solver, Splitter, shuffled, rng):
    X, y = shuffled
    groups = rng.choice(["a", "b", "c", "d", "e", "f"], size=len(y))
    splitter = Splitter(3) if Splitter is GroupKFold else Splitter(1, random_state=0)
    recorder = Recorder()
    network(solver=solver, cv=splitter, scoring=recorder, max_iter=2).fit(
        numbered(X), y, groups=groups
    )
    inside = set(groups[recorder.rows])
    outside = set(np.delete(groups, recorder.rows))
    assert inside and outside and not inside & outside


def test_group_splitters_want_groups(shuffled):
    with pytest.raises(ValueError, match="groups"):
        network(cv=GroupKFold(3)).fit(*shuffled)


@every_solver
@pytest.mark.parametrize("masks", [False, True])
def test_held_out_rows_by_one_split(solver, masks, shuffled):
    X, y = shuffled
    train, test = np.arange(20, 120), np.arange(120, 150)
    split = (np.isin(np.arange(150), train), np.isin(np.arange(150), test)) if masks else (
        train.tolist(), test)  # fmt: skip
    recorder = Recorder()
    clf = network(solver=solver, cv=[split], scoring=recorder, max_iter=3).fit(numbered(X), y)
    assert_array_equal(recorder.rows, test)
    assert clf.t_ == 100 * clf.n_iter_


def test_one_split_is_the_descent_on_its_rows(shuffled):
    X, y = shuffled
    split = np.arange(100), np.arange(100, 150)
    params = dict(solver="adam", shuffle=False, max_iter=10, batch_size=20)
    by_split = network(cv=[split], **params).fit(X, y)
    by_rows = network(**params).fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert_same_network(by_split, by_rows)
    assert by_split.history_["validation_loss"] == by_rows.history_["validation_loss"]


@every_solver
def test_held_out_rows_in_the_order_of_time(solver, shuffled):
    """Of splits with ever longer pasts one network takes the longest: the last rows judge."""
    X, y = shuffled
    recorder = Recorder()
    clf = network(solver=solver, cv=TimeSeriesSplit(5), scoring=recorder, max_iter=2)
    clf.fit(numbered(X), y)
    assert_array_equal(recorder.rows, np.arange(125, 150))
    assert clf.t_ == 125 * clf.n_iter_


def test_every_member_has_its_split(shuffled):
    X, y = shuffled
    splitter = KFold(4, shuffle=True, random_state=0)
    clf = SoftmaxMLPClassifier(hidden_layer_sizes=4, cv=splitter, max_iter=3, random_state=0)
    assert clf.fit(X, y).coefs_[0].shape[0] == 4
    assert clf.set_params(n_members=6).fit(X, y).coefs_[0].shape[0] == 6
    assert clf.set_params(n_members=1).fit(X, y).coefs_[0].ndim == 2


@pytest.mark.parametrize("cv", [[], [([0, 1, 2], [])], [([], [0, 1, 2])]])
def test_splits_without_rows_are_refused(cv, shuffled):
    with pytest.raises(ValueError, match="cv gives no split"):
        network(cv=cv).fit(*shuffled)


def test_a_class_of_one_row_is_always_trained_on(shuffled):
    X, y = shuffled
    y = y.copy()
    y[7] = 9
    for solver in ("auto", "adam", "lbfgs"):
        clf = network(solver=solver, early_stopping=True, max_iter=2).fit(X, y)
        assert_array_equal(clf.classes_, [0, 1, 2, 9])


# ---------------------------------------------------------------- what training keeps


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
def test_best_weights_after_max_time(solver, noisy):
    X, y, X_val, y_val = noisy
    clf = network(
        **{**overfitting(solver), "tol": 0.0},
        n_iter_no_change=np.inf,
        max_iter=10**7,
        max_fun=10**7,
        max_time=0.08,
    )
    start = time.perf_counter()
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert time.perf_counter() - start < 1.0
    assert_best_of_history(clf, X_val, y_val)


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
@pytest.mark.parametrize("n_members", [1, 3])
def test_max_time_is_kept_to(solver, n_members, digits):
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
        max_time=0.3,
    )
    start = time.perf_counter()
    clf.fit(X, y)
    assert 0.2 < time.perf_counter() - start < 1.5
    assert clf.history_["seconds"][-1] < 1.5
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


class Stop:
    """A callback of scikit-learn's protocol that wants to stop after some epochs."""

    def __init__(self, after):
        self.after = after
        self.n_epochs = 0
        self.log = []

    def setup(self, estimator, context):
        self.log.append("setup")

    def teardown(self, estimator, context):
        self.log.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name != "epoch":
            return None
        self.n_epochs += 1
        self.log.append(log_loss(y, fitted_estimator.predict_proba(X)))
        return self.n_epochs >= self.after


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


class Interrupt:
    """A scoring during which Ctrl-C is pressed."""

    def __init__(self, at, by_signal=False):
        self.at, self.by_signal, self.n_calls = at, by_signal, 0

    def __call__(self, estimator, X, y):
        self.n_calls += 1
        if self.n_calls == self.at:
            if self.by_signal:
                signal.raise_signal(signal.SIGINT)
            raise KeyboardInterrupt
        return -log_loss(y, estimator.predict_proba(X))


@every_solver
@pytest.mark.parametrize("by_signal", [False, True])
def test_best_weights_after_ctrl_c(solver, by_signal, noisy):
    X, y, X_val, y_val = noisy
    clf = network(**overfitting(solver), scoring=Interrupt(5, by_signal), max_iter=100)
    with pytest.warns(UserWarning, match="interrupted by user after 4 epochs"):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.n_iter_ == 4
    assert {len(column) for column in clf.history_.values()} == {4}
    assert_best_of_history(clf, X_val, y_val)
    # and it is a model like any other
    again = pickle.loads(pickle.dumps(clf.set_params(scoring=None)))
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_ctrl_c_leaves_out_members_that_have_not_begun(solver, n_jobs, noisy):
    X, y, X_val, y_val = noisy
    clf = network(
        **overfitting(solver), scoring=Interrupt(4), max_iter=100, n_members=4, n_jobs=n_jobs
    )
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert (
        len(fitted_model(clf).params) == 1 or n_jobs == 2
    )  # in parallel the others may have begun
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("calibration", [None, "temperature"])
def test_ctrl_c_before_the_first_member_has_begun(calibration, noisy):
    """Then those that have begun are the model, judged by their own rows."""
    X, y, *_ = noisy
    first, ahead = [], threading.Event()
    others = []

    def scoring(estimator, X, y):
        me = threading.get_ident()
        first.append(me)
        if me == first[0]:
            assert ahead.wait(20)
            raise KeyboardInterrupt
        others.append(me)
        if len(others) == 3:
            ahead.set()
            time.sleep(0.05)
        return 0.5

    clf = network(**overfitting("lbfgs"), n_members=2, n_jobs=2, early_stopping=True, max_iter=50)
    clf.set_params(scoring=scoring, calibration=calibration)
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y)
    assert len(fitted_model(clf).params) == 1
    assert clf.n_iter_ >= 2 and len(clf.loss_curve_) == clf.n_iter_
    assert np.isfinite(clf.predict_proba(X)).all()


def test_ctrl_c_of_a_committee(noisy):
    X, y, X_val, y_val = noisy
    for n_jobs in (1, 2):
        clf = network(
            **overfitting("adam"), scoring=Interrupt(4), n_members=3, n_jobs=n_jobs, max_iter=100
        )
        with pytest.warns(UserWarning, match="interrupted by user after 3 epochs"):
            clf.fit(X, y, X_val=X_val, y_val=y_val)
        assert clf.coefs_[0].shape[0] == 3
        assert_best_of_history(clf, X_val, y_val)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_from_outside():
    """A real SIGINT at a time of its own choice, in the middle of whatever goes on."""
    program = """
    import os, signal, threading, time, warnings
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from skxent import SoftmaxMLPClassifier

    X, y = load_digits(return_X_y=True)
    for solver, more in [("adam", {}), ("lbfgs", {"max_fun": 10**9}), ("gradient_descent", {}),
                         ("adamw", {"n_members": 3, "n_jobs": 2}),
                         ("lbfgs", {"n_members": 3, "n_jobs": 2, "max_fun": 10**9})]:
        clf = SoftmaxMLPClassifier(
            solver=solver, max_iter=10**8, tol=0.0, n_iter_no_change=np.inf,
            early_stopping=True, random_state=0, learning_rate_init=1e-6, **more)
        under_way = threading.Event()

        calls = []

        def scoring(estimator, X, y):
            calls.append(0)
            if len(calls) >= 4:  # of three members: one epoch at least is complete
                under_way.set()
            return -log_loss(y, estimator.predict_proba(X))

        def press():
            global start
            under_way.wait()
            time.sleep(0.15)
            start = time.perf_counter()
            os.kill(os.getpid(), signal.SIGINT)

        clf.set_params(scoring=scoring)
        threading.Thread(target=press).start()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            clf.fit(X, y)
        assert time.perf_counter() - start < 60, "does not hear"
        messages = [str(w.message) for w in caught]
        assert len(messages) == 1 and "interrupted by user" in messages[0], messages
        assert np.isfinite(clf.predict_proba(X)).all()
        losses = clf.history_["validation_loss"]
        assert {len(column) for column in clf.history_.values()} == {clf.n_iter_}
        assert clf.n_iter_ >= 1
        print(solver, "ok")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=400,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split().count("ok") == 5


def blow_up_after(fraction):
    """A schedule whose rate is out of all bounds from some point on."""
    return lambda f: np.where(f < fraction, 1.0, 1e200)


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


# ---------------------------------------------------------------- a fit that fails


def fail_with(error):
    def scoring(estimator, X, y):
        raise error

    return scoring


class FailingCallback(Stop):
    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name == "epoch":
            raise RuntimeError("callback")


def ways_to_fail(clf, X, y):
    """Name -> (parameters, arguments of fit, error)."""
    validation = dict(X_val=X, y_val=y)
    return {
        "scoring": ({"scoring": fail_with(RuntimeError("no"))}, validation, RuntimeError),
        "ctrl-c": ({"scoring": fail_with(KeyboardInterrupt())}, validation, KeyboardInterrupt),
        "divergence": ({"learning_rate_init": 1e300}, {}, ValueError),
        "weights": ({}, {"sample_weight": -np.ones(len(y))}, ValueError),
        "validation rows": ({}, {"X_val": X[:, :2], "y_val": y}, ValueError),
        "validation labels": ({}, {"X_val": X, "y_val": y + 7}, ValueError),
        "cv": ({"cv": []}, {}, ValueError),
        "dropout": ({"dropout": [0.1, 0.1, 0.1]}, {}, ValueError),
        "warning": ({"max_iter": 2}, {}, ConvergenceWarning),
    }


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("way", list(ways_to_fail(None, np.ones((1, 3)), np.ones(1))))
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_a_fit_that_fails_changes_nothing(way, warm_start, encoder, iris):
    X, y = iris
    for solver in ("sgd", "gradient_descent"):
        clf = network(solver=solver, warm_start=warm_start, encoder=encoder, max_iter=2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clf.fit(X, y)
        params, arguments, error = ways_to_fail(clf, X, y)[way]
        clf.set_params(**params)
        before = copy.deepcopy(vars(clf))
        with pytest.raises(error), warnings.catch_warnings():
            warnings.simplefilter("error")
            clf.fit(X, y, **arguments)
        assert_same_state(vars(clf), before)


@pytest.mark.parametrize("fitted", [False, True])
def test_a_callback_that_fails_changes_nothing(fitted, iris):
    pytest.importorskip("sklearn.callback")
    X, y = iris
    clf = network(max_iter=3)
    if fitted:
        clf.fit(X, y)
    callback = FailingCallback(1)
    clf.set_callbacks(callback)
    before = dict(vars(clf))
    values = copy.deepcopy({k: v for k, v in before.items() if k != "_skl_callbacks"})
    with pytest.raises(RuntimeError, match="callback"):
        clf.fit(X, y)
    assert vars(clf).keys() == before.keys()
    assert_same_state({k: v for k, v in vars(clf).items() if k != "_skl_callbacks"}, values)
    assert callback.log == ["setup", "teardown"]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_partial_fit_that_fails_changes_nothing(shuffle, iris):
    X, y = iris
    params = dict(dropout=0.2, averaging=0.9, n_members=2, shuffle=shuffle)
    clf = network(**params).partial_fit(X, y, classes=[0, 1, 2])
    untouched = copy.deepcopy(clf)
    failures = [
        (lambda: clf.partial_fit(X, y + 5), ValueError),
        (lambda: clf.partial_fit(X[:, :2], y), ValueError),
        (lambda: clf.partial_fit(X, y, sample_weight=-np.ones(150)), ValueError),
        (lambda: clf.partial_fit(X, y, classes=[0, 1]), ValueError),
        (lambda: clf.partial_fit(np.where(X > 2, np.nan, X), y), ValueError),
        (lambda: clf.set_params(learning_rate_init=1e300).partial_fit(X, y), ValueError),
    ]
    for fail, error in failures:
        with pytest.raises(error):
            fail()
        clf.set_params(learning_rate_init=0.02)
        assert_same_state(vars(clf), vars(untouched))
    assert_same_network(clf.partial_fit(X, y), untouched.partial_fit(X, y))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_fit_ends_in_one_go(solver, iris):
    """While it trains, the estimator is what it was before: also for what reads it meanwhile."""
    X, y = iris
    seen = []
    clf = network(solver=solver, max_iter=3)
    scoring = lambda estimator, X, y: seen.append(hasattr(clf, "classes_")) or 0.5  # noqa: E731
    clf.set_params(scoring=scoring).fit(X, y, X_val=X, y_val=y)
    assert seen == [False] * 3


# ---------------------------------------------------------------- history


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


# ---------------------------------------------------------------- going on exactly


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


# ---------------------------------------------------------------- schedules


def cosine(f):
    if f < 0.05:
        return (f + 1e-3) / (0.05 + 1e-3)
    return 0.5 * (1 + np.cos(np.pi * (f - 0.05) / 0.95))


def one_cycle(f):
    if f < 0.3:
        return 1 + (1 / 25 - 1) * 0.5 * (1 + np.cos(np.pi * f / 0.3))
    return 1 / 25_000 + (1 - 1 / 25_000) * 0.5 * (1 + np.cos(np.pi * (f - 0.3) / 0.7))


def coslog4(f):
    return 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * f)))


FORMULAS = {"constant": lambda f: 1.0, "cosine": cosine, "one_cycle": one_cycle, "coslog4": coslog4}


@mini_batch_solvers
@pytest.mark.parametrize("schedule", list(FORMULAS))
@pytest.mark.parametrize("batch_size", [150, 40])
def test_schedules_by_their_formulas(solver, schedule, batch_size, iris):
    """The rate of an epoch is that of its last step, as the fraction of all steps done before."""
    clf = network(
        solver=solver,
        learning_rate=schedule,
        learning_rate_init=0.01,
        batch_size=batch_size,
        max_iter=40,
        n_iter_no_change=np.inf,
    ).fit(*iris)
    per_epoch = -(-150 // batch_size)
    fractions = (per_epoch * np.arange(1, 41) - 1) / (per_epoch * 40)
    expected = [0.01 * FORMULAS[schedule](f) for f in fractions]
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-9, atol=1e-15)


def test_a_schedule_may_return_one_number_for_all(iris):
    half = network(learning_rate=lambda fraction: 0.5, max_iter=3).fit(*iris)
    assert_same_network(half, network(learning_rate_init=0.01, max_iter=3).fit(*iris))


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "coslog4"])
def test_schedules_start_and_end_low(schedule):
    f = FORMULAS[schedule]
    from skxent._training.schedules import SCHEDULES

    fractions = np.linspace(0, 1, 1001)
    rates = SCHEDULES[schedule](fractions)
    assert_allclose(rates, [f(x) for x in fractions], atol=1e-12)
    assert rates[0] < 0.041 and rates[-1] < 1e-4
    assert rates.min() >= 0 and 0.999 < rates.max() <= 1


def test_the_rate_is_what_moves_the_weights(iris):
    """Plain descent moves by rate times gradient, under a schedule too."""
    X, y = iris
    rates = [0.1, 0.05, 0.2, 0.0]

    def schedule(fraction):
        return np.array(rates)[(np.asarray(fraction) * 4).round().astype(int)]

    params = dict(solver="sgd", momentum=0.0, batch_size=150, learning_rate_init=1.0)
    clf = network(learning_rate=schedule, max_iter=4, n_iter_no_change=np.inf, **params)
    path = [network(**params | {"learning_rate_init": 1e-300}, max_iter=1).fit(X, y)]
    lengths = []
    for epochs in range(4):
        step = clone(clf).set_params(max_iter=4)
        for _ in range(epochs + 1):
            step.partial_fit(X, y, classes=[0, 1, 2])
        path.append(step)
        lengths.append(
            np.linalg.norm(fitted_model(path[-1]).params - fitted_model(path[-2]).params)
        )
    norms = path[-1].history_["gradient_norm"]
    assert_allclose(lengths, np.multiply(rates, norms), rtol=1e-9, atol=1e-15)


@mini_batch_solvers
def test_adaptive_rate(solver, iris):
    """A fifth after more than n_iter_no_change epochs without progress; the end at 1e-6."""
    clf = network(
        solver=solver,
        learning_rate="adaptive",
        learning_rate_init=0.01,
        tol=100.0,  # nothing is progress but the first epoch at a rate
        n_iter_no_change=2,
        max_iter=200,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(*iris)
    n_cuts = int(np.ceil(np.log(0.01 / 1e-6) / np.log(5)))
    expected = np.repeat(0.01 / 5.0 ** np.arange(n_cuts + 1), 4)
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-9)
    assert expected[-1] <= 1e-6 < expected[-5]


def test_adaptive_and_invscaling_rates_are_scikit_learns(iris):
    from sklearn.neural_network import MLPClassifier

    X, y = iris
    params = dict(
        hidden_layer_sizes=(5,), solver="sgd", learning_rate="invscaling", max_iter=4,
        learning_rate_init=0.3, power_t=0.4, batch_size=150, shuffle=False, random_state=0,
        alpha=0.0, momentum=0.5,
    )  # fmt: skip
    theirs = MLPClassifier(**params).fit(X, y)
    ours = SoftmaxMLPClassifier(encoder="passthrough", **params).fit(X, y)
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    # one that never cuts is the same in both
    params |= {"learning_rate": "adaptive", "learning_rate_init": 0.05, "max_iter": 30}
    theirs = MLPClassifier(**params).fit(X, y)
    ours = SoftmaxMLPClassifier(encoder="passthrough", **params).fit(X, y)
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)


# ---------------------------------------------------------------- regularisation


@mini_batch_solvers
def test_dropout_is_the_same_on_any_number_of_threads(solver, digits):
    X, y = digits
    X, y = X[:400], y[:400]
    params = dict(hidden_layer_sizes=(40, 30), solver=solver, dropout=[0.5, 0.2], max_iter=3)
    one, two = (network(n_jobs=n, **params).fit(X, y) for n in (1, 2))
    assert_same_network(one, two)
    assert_same_network(one, network(n_jobs=1, **params).fit(X, y))
    committee = [network(n_jobs=n, n_members=3, **params).fit(X, y) for n in (1, 2)]
    assert_same_network(*committee)


def test_dropout_of_one_number_or_one_per_layer(iris):
    params = dict(hidden_layer_sizes=(8, 8), max_iter=3)

    def first(dropout):
        return network(dropout=dropout, **params).fit(*iris).coefs_[0]

    assert_array_equal(first(0.3), first([0.3, 0.3]))
    assert_array_equal(first(0.0), first("auto"))
    assert_array_equal(first([0.0, 0.0]), first(0.0))
    assert not np.array_equal(first([0.3, 0.0]), first([0.0, 0.3]))
    assert not np.array_equal(first(0.3), first(0.0))
    for bad in ([0.1], [0.1, 0.2, 0.3], [0.1, 1.0], [-0.1, 0.2]):
        with pytest.raises(ValueError, match="dropout"):
            network(dropout=bad, **params).fit(*iris)


def test_dropout_is_off_in_prediction_and_validation(noisy):
    X, y, X_val, y_val = noisy
    clf = network(dropout=0.5, max_iter=10).fit(X, y, X_val=X_val, y_val=y_val)
    assert_array_equal(clf.predict_proba(X), clf.predict_proba(X))
    assert_best_of_history(clf, X_val, y_val)


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
def test_label_smoothing_is_a_soft_target(solver, iris, breast_cancer):
    for X, y in (iris, breast_cancer):
        k = len(np.unique(y))
        Y = 0.8 * np.eye(k)[y] + 0.2 / k
        smoothed = network(solver=solver, label_smoothing=0.2, max_iter=5).fit(X, y)
        soft = network(solver=solver, max_iter=5).fit(X, Y)
        for a, b in zip(smoothed.coefs_, soft.coefs_, strict=True):
            assert_allclose(a, b, rtol=1e-9, atol=1e-11)
        assert_allclose(smoothed.loss_curve_, soft.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_held_out_rows_are_judged_by_their_labels_as_given(solver, shuffled):
    """Smoothing is for training: the validation loss is that of the labels."""
    X, y = shuffled
    split = [(np.arange(100), np.arange(100, 150))]
    clf = network(solver=solver, label_smoothing=0.3, cv=split, max_iter=15).fit(X, y)
    assert_best_of_history(clf, X[100:], y[100:])


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_weight_decay_is_for_weights_only(averaging, iris):
    """Where all features are 0 the first weights move by decay alone: 1 - rate * decay a step."""
    _, y = iris
    X = np.zeros((150, 4))
    W = np.arange(1.0, 13.0).reshape(4, 3)
    params = dict(
        hidden_layer_sizes=(), solver="adamw", alpha=0.0, learning_rate_init=0.1, batch_size=50,
        init=([W], [np.ones(3)]), max_iter=4, averaging=0.0,
    )  # fmt: skip
    y = y.copy()
    y[:20] = 2  # else the biases are at their best
    decayed = network(weight_decay=0.3, **params).fit(X, y)
    assert_allclose(decayed.coefs_[0], W * (1 - 0.1 * 0.3) ** 12, rtol=1e-12)
    free = network(weight_decay=0.0, **params).fit(X, y)
    assert_array_equal(free.coefs_[0], W)
    assert_array_equal(decayed.intercepts_[0], free.intercepts_[0])
    assert not np.array_equal(free.intercepts_[0], np.ones(3))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weight_decay_is_adamws(solver, iris):
    decayed = network(solver=solver, weight_decay=0.5, max_iter=3).fit(*iris)
    plain = network(solver=solver, weight_decay=0.0, max_iter=3).fit(*iris)
    assert_same_network(decayed, plain)


def test_max_grad_norm_shortens_steps(iris):
    X, y = iris
    params = dict(solver="sgd", momentum=0.0, batch_size=150, learning_rate_init=0.5, max_iter=1)
    start = network(**params | {"learning_rate_init": 1e-300}).fit(X, y)
    norm = start.history_["gradient_norm"][0]
    moves = []
    for limit in (None, 2 * norm, norm / 10):
        clf = network(max_grad_norm=limit, **params).fit(X, y)
        moves.append(fitted_model(clf).params - fitted_model(start).params)
        assert_allclose(clf.history_["gradient_norm"][0], norm, rtol=1e-9)
    assert_allclose(np.linalg.norm(moves[0]), 0.5 * norm, rtol=1e-9)
    assert_allclose(moves[1], moves[0], rtol=1e-12)
    assert_allclose(moves[2], moves[0] / 10, rtol=1e-9, atol=1e-15)


def test_averaging_is_a_moving_average(iris):
    """With averages on, what is kept trails what is trained by the decay."""
    X, y = iris
    params = dict(solver="sgd", momentum=0.0, batch_size=150, shuffle=False, learning_rate_init=0.1)
    still = network(**params | {"learning_rate_init": 1e-300}, max_iter=1).fit(X, y)
    moving = [fitted_model(still).params]
    plain, averaged = network(**params), network(averaging=0.5, **params)
    expected = moving[0]
    for step in range(6):
        plain.partial_fit(X, y, classes=[0, 1, 2])
        averaged.partial_fit(X, y, classes=[0, 1, 2])
        decay = min(0.5, (1 + step) / (10 + step))  # the young average forgets its start
        expected = decay * expected + (1 - decay) * fitted_model(plain).params
        assert_allclose(fitted_model(averaged).params, expected, rtol=1e-9, atol=1e-14)


# ---------------------------------------------------------------- soft targets


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


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_an_unknown_scoring_is_an_error_with_and_without_early_stopping(solver, iris):
    for early_stopping in (True, False):
        with pytest.raises(ValueError, match="not a valid scoring value"):
            network(solver=solver, scoring="akkuracy", early_stopping=early_stopping).fit(*iris)


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


# ---------------------------------------------------------------- callbacks and progress


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "gradient_descent", "sgd", "adam"])
def test_scoring_monitor(solver, noisy):
    callback = pytest.importorskip("sklearn.callback")
    X, y, X_val, y_val = noisy
    monitor = callback.ScoringMonitor(scoring=["neg_log_loss", "accuracy"])
    clf = network(solver=solver, max_iter=5).set_callbacks(monitor)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    log = monitor.get_logs().data
    assert len(log) == clf.n_iter_
    for row in log:
        assert row["task_name"] == "epoch"
        assert row["neg_log_loss"] < 0 and 0 <= row["accuracy"] <= 1
    if solver == "lbfgs":  # the loss of an iteration is that of its end
        losses = [-row["neg_log_loss"] for row in log]
        assert_allclose(losses, clf.loss_curve_, rtol=1e-3)
    assert not hasattr(clf, "_callback_fit_ctx")
    pickle.dumps(clone(clf).set_callbacks())


def test_callbacks_change_no_bit(noisy):
    callback = pytest.importorskip("sklearn.callback")
    X, y, X_val, y_val = noisy
    for solver in ("lbfgs", "adam"):
        plain = network(solver=solver, max_iter=6).fit(X, y, X_val=X_val, y_val=y_val)
        watched = network(solver=solver, max_iter=6)
        watched.set_callbacks(callback.ScoringMonitor(scoring="accuracy"))
        assert_same_network(watched.fit(X, y, X_val=X_val, y_val=y_val), plain)


def test_callbacks_in_a_pipeline_and_a_search(iris):
    callback = pytest.importorskip("sklearn.callback")
    X, y = iris
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    clf = network(max_iter=3).set_callbacks(monitor)
    pipe = make_pipeline(StandardScaler(), clf).fit(X, y)
    assert len(monitor.get_logs().data) == 3
    assert pipe[-1].n_iter_ == 3
    search = GridSearchCV(pipe, {"softmaxmlpclassifier__alpha": [0.1, 1.0]}, cv=2)
    search.fit(X, y)
    assert search.best_estimator_[-1].n_iter_ == 3
    runs = monitor.get_logs(select="all")
    assert sum(len(run.data) for run in runs) == 3 + 3 * (2 * 2 + 1)
    stop = Stop(after=1)
    nested = GridSearchCV(network(max_iter=9).set_callbacks(stop), {"alpha": [0.1]}, cv=2)
    nested.fit(X, y)
    assert nested.best_estimator_.n_iter_ == 1


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_callbacks_of_a_search_reach_the_network(solver, iris):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    bar = callback.ProgressBar()
    search = GridSearchCV(network(solver=solver, max_iter=2), {"alpha": [0.1, 1.0]}, cv=2)
    search.set_callbacks(bar).fit(*iris)
    assert search.best_estimator_.n_iter_ == 2
    assert not hasattr(search.best_estimator_, "_parent_callback_ctx")


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "sgd"])
def test_progress_bar(solver, iris):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    clf = network(solver=solver, max_iter=3).set_callbacks(callback.ProgressBar())
    assert clf.fit(*iris).n_iter_ == 3
    clf.set_callbacks()
    pipe = make_pipeline(StandardScaler(), clf).set_callbacks(callback.ProgressBar())
    assert pipe.fit(*iris)[-1].n_iter_ == 3


def test_a_callback_stops_a_committee(iris):
    pytest.importorskip("sklearn.callback")
    clf = SoftmaxMLPClassifier(hidden_layer_sizes=4, n_members=3, random_state=0)
    assert clf.set_callbacks(Stop(after=3)).fit(*iris).n_iter_ == 3
    assert clf.coefs_[0].shape[0] == 3


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_a_callback_stops_members_that_wait_for_each_other(solver, iris):
    pytest.importorskip("sklearn.callback")
    clf = network(solver=solver, n_members=3, n_jobs=1, max_iter=50, early_stopping=True)
    clf.set_callbacks(Stop(after=3)).fit(*iris)
    assert clf.n_iter_ == 3
    assert clf.coefs_[0].shape == (4, 6)  # the others had not begun
    clf.set_params(n_jobs=2).fit(*iris)
    assert np.isfinite(clf.predict_proba(iris[0])).all()


@pytest.mark.parametrize("Classifier", [SoftmaxMLPClassifier, SigmoidMLPClassifier])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "adam"])
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_verbose(Classifier, solver, verbose, breast_cancer, capfd):
    X, y = breast_cancer
    X, y = X[:120], y[:120]
    clf = Classifier(
        hidden_layer_sizes=4, solver=solver, verbose=verbose, max_iter=12, random_state=0,
        early_stopping=True, scoring="accuracy",
    ).fit(X, y)  # fmt: skip
    clf.predict_proba(X)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert err == ""
    if verbose == 2:  # one more line, in the end
        last = lines.pop()
        assert last.startswith(f"ended after {clf.n_iter_} epochs: ")
        assert f"parameters of epoch {clf.best_epoch_};" in last
        assert last.endswith(f"temperature {clf.temperature_:.3f}")
    assert len(lines) == (clf.n_iter_ if verbose else 0)
    assert len({len(line) for line in lines}) <= 1
    # the columns are in their places
    assert len({tuple(m.start() for m in re.finditer(r"[a-z|]+", line)) for line in lines}) <= 1
    for number, line in enumerate(lines, 1):
        assert re.match(rf"epoch +{number}  loss .*validation loss .*score ", line)
        assert ("|gradient|" in line) == (verbose == 2)
        assert ("rate" in line) == (verbose == 2 and solver != "lbfgs")


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_verbose_of_members_that_train_by_themselves(solver, n_jobs, iris, capsys):
    network(
        solver=solver, n_members=3, n_jobs=n_jobs, verbose=1, max_iter=4, early_stopping=True
    ).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    for member in (1, 2, 3):
        mine = [line for line in lines if line.startswith(f"member   {member}  epoch ")]
        assert [int(line.split()[3]) for line in mine] == [1, 2, 3, 4]
    assert len(lines) == 12


def test_lines_stay_aligned_whatever_the_numbers():
    from skxent._training.history import append, new_history
    from skxent._training.reporting import last_line

    lines, history = [], new_history()
    for value in (0.5, 123.4, 5e3, 1.23456e17, -0.25, -7e5):
        append(history, epoch=1, loss=value, validation_loss=value, score=value, seconds=1.0,
               gradient_norm=abs(value), learning_rate=1e-3)  # fmt: skip
        lines.append(last_line(history, more=True))
    append(history, epoch=2, loss=0.5, validation_loss=0.5, seconds=1.0, gradient_norm=1.0,
           learning_rate=1e-3)  # fmt: skip
    lines.append(last_line(history, more=True))  # a score that is NaN keeps its column
    assert len({len(line) for line in lines}) == 1
    assert "score        nan" in lines[-1]


def test_verbose_of_partial_fit(iris, capsys):
    clf = network(verbose=True)
    for _ in range(3):
        clf.partial_fit(*iris, classes=[0, 1, 2])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1", "2", "3"]


def data_sets():
    """Ten data sets of different sizes and kinds."""
    rng = np.random.default_rng(0)

    def numbers(n, d, y):
        return rng.normal(size=(n, d)), np.asarray(y)

    yield "6 rows, 2 classes", *numbers(6, 2, [0, 1, 0, 1, 0, 1])
    yield "6 rows, 2 classes, one of one row", *numbers(6, 3, [0, 0, 0, 0, 0, 1])
    yield "6 rows, 6 classes", *numbers(6, 3, range(6))
    yield "2 rows", *numbers(2, 1, ["a", "b"])
    yield "20 rows", *numbers(20, 4, rng.integers(0, 3, 20))
    yield "60 rows, one class of one row", *numbers(60, 4, [2] + [0, 1] * 29 + [0])
    yield "75 rows, 25 classes", *numbers(75, 5, np.repeat(np.arange(25), 3))
    yield "200 equal rows", np.ones((200, 3)), rng.integers(0, 2, 200)
    X, y = numbers(300, 6, rng.integers(0, 4, 300))
    yield "sparse", sp.csr_array(np.where(X > 0.5, X, 0.0)), y
    X = rng.normal(size=(520, 3))
    X[::7, 1] = np.nan
    yield "gaps", X, (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("name, X, y", list(data_sets()), ids=[s[0] for s in data_sets()])
def test_no_warnings_of_our_own_for_our_own_defaults(name, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf = SoftmaxMLPClassifier(random_state=0).fit(X, y)
        assert np.isfinite(clf.predict_proba(X)).all()
        clf.summary()


def test_warnings_say_what_to_do_once(iris):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network(max_iter=3).fit(*iris)
        network(solver="lbfgs", max_iter=3).fit(*iris)
    assert len(caught) == 2
    assert all("Raise max_iter" in str(w.message) for w in caught)


# ---------------------------------------------------------------- chance and threads


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "adam"])
def test_random_state(solver, shuffled):
    X, y = shuffled

    def fit(random_state):
        clf = SoftmaxMLPClassifier(
            hidden_layer_sizes=4, solver=solver, max_iter=3, early_stopping=True,
            random_state=random_state,
        )  # fmt: skip
        return clf.fit(X, y).predict_proba(X)

    assert_array_equal(fit(3), fit(3))
    assert_array_equal(fit(3), fit(np.int64(3)))
    instance = np.random.RandomState(3)
    first = fit(instance)
    assert_array_equal(first, fit(3))
    assert not np.array_equal(first, fit(instance))  # its stream goes on
    assert not np.array_equal(fit(3), fit(4))
    # None is NumPy's global stream, as everywhere in scikit-learn
    assert not np.array_equal(fit(None), fit(None))
    state = np.random.get_state()
    try:
        np.random.seed(11)
        seeded = fit(None)
        np.random.seed(11)
        assert_array_equal(fit(None), seeded)
    finally:
        np.random.set_state(state)


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "sgd", "adam", "adamw"])
def test_the_global_streams_are_not_touched(solver, shuffled):
    import random

    np.random.seed(5)
    before, python_before = np.random.get_state(), random.getstate()
    clf = network(solver=solver, max_iter=3, early_stopping=True, dropout=0.2).fit(*shuffled)
    clf.predict_proba(shuffled[0])
    assert random.getstate() == python_before
    after = np.random.get_state()
    assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_predictions_of_many_threads_at_once(n_members, encoder, digits):
    X, y = digits
    clf = network(
        hidden_layer_sizes=(30, 20), n_members=n_members, encoder=encoder, max_iter=3
    ).fit(X, y)
    expected = clf.predict_proba(X)
    barrier = threading.Barrier(8)

    def predict(number):
        barrier.wait()
        return [clf.predict_proba(X if number % 2 else X[:900]) for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        for number, results in enumerate(pool.map(predict, range(8))):
            for result in results:
                assert_array_equal(result, expected if number % 2 else expected[:900])


def test_fits_of_many_threads_at_once(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = network(max_iter=5, dropout=0.2).fit(*iris)
        with ThreadPoolExecutor(4) as pool:
            fits = pool.map(lambda _: network(max_iter=5, dropout=0.2).fit(*iris), range(8))
            for clf in fits:
                assert_same_network(clf, expected)


def test_deep_networks_of_float32_are_no_divergence(breast_cancer):
    """The product of 40 layers' largest sums is beyond float32, what they compute is not."""
    X, y = breast_cancer
    clf = network(solver="adam", hidden_layer_sizes=(64,) * 40, max_iter=2)
    clf.fit(X.astype(np.float32), y)
    assert clf.coefs_[0].dtype == np.float32
    assert np.isfinite(clf.predict_log_proba(X)).all()


def test_a_schedule_that_partial_fit_has_spent_is_told(iris):
    X, y = iris
    clf = network(solver="adam", learning_rate="cosine", max_iter=2)
    for _ in range(2):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    before = clf.coefs_[0].copy()
    with pytest.warns(ConvergenceWarning, match="schedule of max_iter=2 calls"):
        clf.partial_fit(X, y)
    assert_array_equal(clf.coefs_[0], before)


def test_inverse_scaling_by_a_huge_power_ends_at_zero(iris):
    X, y = iris
    clf = network(solver="sgd", learning_rate="invscaling", power_t=1000.0, max_iter=3).fit(X, y)
    assert clf.history_["learning_rate"][0] > 0 == clf.history_["learning_rate"][-1]


def test_dropout_of_a_layer_is_a_number(iris):
    with pytest.raises(ValueError, match="dropout must be one number"):
        network(hidden_layer_sizes=4, solver="adam", dropout=("a",)).fit(*iris)
