"""The history of a fit: its columns, its rows, its numbers."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from common import (
    SCIPY,
    assert_same_network,
    both_classes,
    every_solver,
    network,
    overfitting,
    smooth_network,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import log_loss

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier
from skxent._training.held_out import HeldOut
from skxent._training.history import pack_history, unpack_history
from skxent.losses import softmax

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
        assert list(table) == ["epoch", "loss", "train_log_loss", "validation_loss", "score",
                               "learning_rate", "gradient_norm", "seconds"]  # fmt: skip
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
        "train_log_loss",
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
    for column in ("train_log_loss", "validation_loss"):
        assert (np.isfinite(history[column]) == early_stopping).all()
    assert np.all(np.diff(history["seconds"]) >= 0)
    assert 1 <= clf.best_epoch_ <= n


def test_history_is_a_table_in_one_call(iris):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(smooth_network(solver="adam", max_iter=5).fit(*iris).history_)
    assert frame.shape == (5, 8)


# ---------------------------------------------------------------- log loss on rows trained on


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_train_log_loss_is_that_of_the_predictions(Classifier, solver, loss, breast_cancer, rng):
    """As many rows judge as there are, so that all training rows are looked at."""
    X, y = breast_cancer
    w = rng.uniform(0.5, 2.0, size=len(y))
    more = {"dropout": 0.4, "averaging": 0.9} if solver == "adam" else {}
    clf = smooth_network(
        Classifier, solver=solver, loss=loss, alpha=50.0, label_smoothing=0.1, max_iter=8, **more
    )
    clf.fit(X, y, w, X_val=X, y_val=y, sample_weight_val=w)
    history, kept = clf.history_, clf.best_epoch_ - 1
    expected = log_loss(y, clf.predict_proba(X), sample_weight=w)
    assert_allclose(history["train_log_loss"][kept], expected, rtol=1e-6)
    # the same rows and weights on both sides, measured in the same way
    assert_allclose(history["train_log_loss"], history["validation_loss"], rtol=1e-9)
    if loss == "cross_entropy":
        assert history["loss"][kept] > expected + 0.01  # that has the penalty in it


def test_train_log_loss_of_labels_that_do_not_exclude_each_other(multilabel):
    X, y = multilabel
    clf = smooth_network(SigmoidMLPClassifier, solver="adam", max_iter=5)
    clf.fit(X, y, X_val=X, y_val=y)
    p = clf.predict_proba(X)
    expected = sum(log_loss(y[:, k], p[:, k]) for k in range(2))
    assert_allclose(clf.history_["train_log_loss"][clf.best_epoch_ - 1], expected, rtol=1e-6)


@pytest.mark.parametrize(
    "n_members, n_held_out, n_judging",
    [(8, None, 125), (8, 40, 40), (1, 40, 40), (1, None, 1000), (3, None, 334)],
)
def test_as_many_rows_as_are_held_out_and_no_more_than_a_thousand(
    n_members, n_held_out, n_judging, monkeypatch, rng
):
    seen = []
    trained_on = HeldOut.train_log_loss

    def remember(self, looks, members):
        seen.append((self.splits, self._trained_on))
        return trained_on(self, looks, members)

    monkeypatch.setattr(HeldOut, "train_log_loss", remember)
    X, y = rng.normal(size=(3000, 2)), rng.integers(0, 2, 3000)
    every = np.arange(3000)
    n = n_held_out or 1200
    held_out = [rng.choice(every, n, replace=False) for _ in range(n_members)]
    cv = [(np.setdiff1d(every, rows), rows) for rows in held_out]
    network(solver="sgd", n_members=n_members, cv=cv, max_iter=1).fit(X, y)
    ((splits, samples),) = seen
    for (trained, _), (rows, y_of_rows, w) in zip(splits, samples, strict=True):
        assert len(set(rows.tolist())) == n_judging and set(rows) <= set(trained)
        assert_array_equal(y_of_rows.argmax(axis=1), y[rows])
        assert_allclose(w.sum(), 1)


def test_members_are_judged_one_by_one_on_rows_trained_on(shuffled, monkeypatch):
    """The mean over members, of rows that each was trained on."""
    X, y = shuffled
    seen, params = [], {}
    look, trained_on = HeldOut.look, HeldOut.train_log_loss

    def look_at(self, member, of_member):
        params[member] = of_member.copy()
        return look(self, member, of_member)

    def remember(self, looks, members):
        value = trained_on(self, looks, members)
        alone = [trained_on(self, [looks[m]], [m]) for m in range(3)]
        assert_allclose(value, np.mean(alone))
        rows, _, _ = self._trained_on[1]
        z = self.objectives[1].logits(params[1], rows=rows).astype(np.float64)
        assert_allclose(alone[1], log_loss(y[rows], softmax(z)), rtol=1e-6)
        seen.append(value)
        return value

    monkeypatch.setattr(HeldOut, "look", look_at)
    monkeypatch.setattr(HeldOut, "train_log_loss", remember)
    clf = network(n_members=3, early_stopping=True, max_iter=4).fit(X, y)
    assert clf.history_["train_log_loss"] == seen


def test_beside_rows_of_ones_own_members_are_judged_together(iris):
    X, y = iris
    clf = network(n_members=3, max_iter=4).fit(X, y, X_val=X, y_val=y)
    assert_allclose(clf.history_["train_log_loss"], clf.history_["validation_loss"], rtol=1e-9)
    kept = clf.history_["train_log_loss"][clf.best_epoch_ - 1]
    assert_allclose(kept, log_loss(y, softmax(clf.decision_function(X))), rtol=1e-6)
    many = X[np.arange(3000) % 150], y[np.arange(3000) % 150]
    clf.fit(*many, X_val=X, y_val=y)
    assert np.isfinite(clf.history_["train_log_loss"]).all()


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "sgd"])
def test_to_look_at_rows_trained_on_changes_nothing(solver, iris, monkeypatch):
    clf = SoftmaxMLPClassifier(
        4, solver=solver, n_members=2, early_stopping=True, max_iter=5, random_state=0
    )
    looked = clone(clf).fit(*iris)
    monkeypatch.setattr(HeldOut, "train_log_loss", lambda *_, **__: np.nan)
    blind = clone(clf).fit(*iris)
    assert np.isfinite(looked.history_["train_log_loss"]).all()
    assert np.isnan(blind.history_["train_log_loss"]).all()
    assert_same_network(looked, blind)
    assert looked.temperature_ == blind.temperature_
    assert looked.history_["loss"] == blind.history_["loss"]


def test_rows_of_no_weight_have_no_log_loss(iris):
    X, y = iris
    w = np.zeros(150)
    w[::50] = 1.0
    clf = network(max_iter=2).fit(X, y, w, X_val=X[:2], y_val=y[:2])
    assert np.isnan(clf.history_["train_log_loss"]).all()
    assert np.isfinite(clf.history_["validation_loss"]).all()


def test_a_history_from_before_goes_on(iris):
    """Models saved by earlier versions have no log loss of rows trained on."""
    clf = network(early_stopping=True, max_iter=3, warm_start=True).fit(*iris)
    packed = pack_history(clf.history_)
    older = np.delete(packed, list(clf.history_).index("train_log_loss"), axis=0)
    history = unpack_history(older)
    assert list(history) == list(clf.history_) and np.isnan(history["train_log_loss"]).all()
    assert all(history[c] == clf.history_[c] for c in ("epoch", "loss", "validation_loss"))
    trained = replace(clf._model.trained, history=history)
    clf._model = replace(clf._model, trained=trained)
    again = pickle.loads(pickle.dumps(clf)).fit(*iris)
    known = np.isfinite(again.history_["train_log_loss"])
    assert known.tolist() == [False] * 3 + [True] * 3
    assert again.history_["epoch"] == [1, 2, 3, 4, 5, 6]
    again.set_params(early_stopping=False).partial_fit(*iris)
    assert np.isnan(again.history_["train_log_loss"][-1])


def test_the_gradient_of_a_committee_is_the_root_of_its_members_mean_square(iris):
    X, y = iris
    members = np.arange(150) % 3
    splits = [(np.flatnonzero(members != m), np.flatnonzero(members == m)) for m in range(3)]
    init = [[np.eye(4, 2), np.ones((2, 3))], [np.zeros(2), np.zeros(3)]]
    params = dict(hidden_layer_sizes=2, init=init, early_stopping=True, batch_size=150, max_iter=1)

    def gradient_norm(splits):
        clf = network(cv=splits, n_members=len(splits), **params).fit(X[:, :4], y)
        return clf.history_["gradient_norm"][0]

    each = np.array([gradient_norm([split]) for split in splits])
    assert np.ptp(each) > 0.01 * each.mean()
    assert_allclose(gradient_norm(splits), np.sqrt((each**2).mean()), rtol=1e-6)


@pytest.mark.parametrize("n_members, n_val, expected", [(8, 400, 250), (8, 40, 40), (2, 900, 500)])
def test_rows_trained_on_beside_validation_rows_are_250_or_more(
    n_members, n_val, expected, monkeypatch, rng
):
    """All members judge the same ones, so the share of each alone would be few."""
    seen = []

    def remember(self, looks, members):
        seen.extend(len(rows) for rows, _, _ in self._trained_on)
        return np.nan

    monkeypatch.setattr(HeldOut, "train_log_loss", remember)
    X, y = rng.normal(size=(3000, 2)), rng.integers(0, 2, 3000)
    clf = network(solver="sgd", n_members=n_members, max_iter=1)
    clf.fit(X, y, X_val=X[:n_val], y_val=y[:n_val])
    assert seen == [expected] * n_members
