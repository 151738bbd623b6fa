"""The way a table is read is chosen by rows held out."""

import copy
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from common import stopping_short
from scipy.stats import entropy
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

from skxent import SoftmaxMLPClassifier, TableEncoder, _reading
from skxent._settings import LARGE
from skxent._table import reader
from skxent._training import race

ROWS = 1200


@pytest.fixture(scope="module")
def steps():
    """Thresholds in single columns, which bins show at once."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 6))
    y = ((X[:, 0] > 0.8).astype(int) + (X[:, 1] < -0.4) + (np.abs(X[:, 2]) > 1.2)) % 2
    return X, y


@pytest.fixture(scope="module")
def differences():
    """Small differences between columns that are large, and alike."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 1)) * 20 + rng.normal(size=(ROWS, 12))
    return X, (X[:, 0] - X[:, 1] + X[:, 2] - X[:, 3] > 0).astype(int)


def fit(X, y, **params):
    return SoftmaxMLPClassifier(random_state=0, **{"max_iter": 25, **params}).fit(X, y)


def test_bins_stay_where_they_help(steps):
    clf = fit(*steps)
    assert clf.auto_["bins"] == clf.encoder_.n_bins_ == 16
    assert "bins = 16  (log loss" in clf.summary()
    assert any("_bin" in name for name in clf.encoder_.get_feature_names_out())


def test_bins_go_where_they_hurt(differences):
    X, y = differences
    clf = fit(X, y)
    assert clf.auto_["bins"] == clf.encoder_.n_bins_ == 0
    assert not any("_bin" in name for name in clf.encoder_.get_feature_names_out())
    n_inputs = clf.coefs_[0].shape[1]
    assert n_inputs == clf.encoder_.transform(X[:2]).shape[1] == 24
    given = fit(X, y, encoder=TableEncoder(n_bins=16, dtype="float32"))
    assert clf.best_validation_score_ > given.best_validation_score_


@stopping_short
@pytest.mark.parametrize(
    "params", [{"solver": "adam"}, {"encoder": TableEncoder()}, {"early_stopping": False}], ids=str
)
def test_what_is_named_is_not_raced(params, steps):
    clf = fit(*steps, **{"max_iter": 2, **params})
    assert "bins" not in clf.auto_ and clf.encoder_.n_bins_ == 16


@pytest.fixture
def long(monkeypatch):
    """Let a short table count as a long one."""
    monkeypatch.setattr(reader, "_LONG", ROWS)


def test_columns_of_few_values_are_standardised_where_that_helps(long):
    """A sum of digits is learnt sooner along straight lines than by an edge at each."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 10, size=(ROWS, 8))
    y = (X.sum(axis=1) + rng.normal(size=ROWS) > 36).astype(int)
    clf = fit(X, y)
    assert clf.summary().count("; taken: with few values standardised") == 1
    assert {f"x{j}_standard" for j in range(8)} < {*clf.encoder_.get_feature_names_out()}


def test_columns_of_few_values_of_long_tables_are_usually_not_standardised(long):
    """What is left is what was learnt, less those columns."""
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 10, size=(ROWS, 2)), rng.normal(size=ROWS)]
    clf = fit(X, rng.integers(0, 2, ROWS), max_iter=2)
    whole = TableEncoder().fit(X)
    kept = clf.encoder_.get_feature_names_out()
    gone = ["x0_standard", "x1_standard"]
    every = list(whole.get_feature_names_out())
    assert list(kept) == [name for name in every if name not in gone]
    places = [every.index(name) for name in kept]
    np.testing.assert_allclose(clf.encoder_.transform(X), whole.transform(X)[:, places], rtol=1e-6)
    assert clf.coefs_[0].shape[1] == len(kept)
    assert "few values" not in fit(X[1:], rng.integers(0, 2, ROWS - 1), max_iter=2).summary()


def test_where_nothing_is_held_out_there_is_no_race(steps):
    X, y = steps
    clf = SoftmaxMLPClassifier(random_state=0, max_iter=2, early_stopping=False).fit(X, y)
    assert "bins" not in clf.auto_
    assert "bins" not in SoftmaxMLPClassifier().partial_fit(X, y, classes=[0, 1]).auto_
    few = SoftmaxMLPClassifier(random_state=0, max_iter=2).fit(X[:500], y[:500])
    assert "bins" not in few.auto_  # no bins, nothing to choose


@pytest.mark.parametrize("params", [{}, {"n_members": 1}, {"cv": 3}])
def test_rows_of_ones_own_do_not_judge_the_race(params, steps):
    """It is as without them: they only judge what is trained."""
    X, y = steps
    settings = {"hidden_layer_sizes": 16, "max_iter": 6, "random_state": 0} | params
    wrong = SoftmaxMLPClassifier(**settings).fit(X, y, X_val=X, y_val=1 - y)
    own = SoftmaxMLPClassifier(**settings).fit(X, y, X_val=X, y_val=y)
    assert wrong._model.reasons["bins"] == own._model.reasons["bins"]
    np.testing.assert_array_equal(wrong._model.trained.relevance, own._model.trained.relevance)
    assert wrong.best_validation_score_ < own.best_validation_score_
    SoftmaxMLPClassifier(max_iter=1, cv=GroupKFold(2)).fit(
        X, y, X_val=X, y_val=y
    )  # needs no groups
    if not params:
        alone = SoftmaxMLPClassifier(**settings).fit(X, y)
        assert alone._model.reasons["bins"] == own._model.reasons["bins"]


def test_the_race_leaves_the_random_numbers_alone(steps):
    """What is chosen trains as if there had been no race."""
    X, y = steps
    rng = np.random.RandomState(0)
    raced = SoftmaxMLPClassifier(random_state=rng, max_iter=3).fit(X, y)
    after = rng.randint(1000)
    rng = np.random.RandomState(0)
    alone = SoftmaxMLPClassifier(
        random_state=rng, max_iter=3, encoder=TableEncoder(n_bins=16, dtype="float32")
    ).fit(X, y)
    assert after == rng.randint(1000)
    np.testing.assert_array_equal(raced.predict_proba(X), alone.predict_proba(X))


def test_ctrl_c_in_the_race_leaves_what_was_there(steps, monkeypatch):
    X, y = steps
    clf = fit(X, y, max_iter=2)
    before = vars(clf).copy()

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(race.Run, "descend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert vars(clf) == before


def test_a_race_that_is_cut_short_chooses_nothing(differences):
    X, y = differences
    clf = fit(X, y, max_time=1e-3)
    assert clf.auto_["bins"] == 16 and "cut short" in clf.summary()


def test_a_race_that_no_row_of_weight_judges_chooses_nothing(steps):
    X, y = (np.concatenate([each, each]) for each in steps)
    weights = np.repeat([0.0, 1.0], ROWS)
    clf = SoftmaxMLPClassifier(random_state=0, max_iter=1, cv=KFold(4))  # two have no weight
    told = " ".join(clf.fit(X, y, sample_weight=weights).summary().split())
    assert "bins = 16 (as usual: the race was cut short, or could not be judged)" in told


def test_splits_that_can_be_gone_through_once_serve_the_race_and_the_fit(steps):
    X, y = steps
    splits = list(StratifiedKFold(3).split(X, y))
    given = [fit(X, y, max_iter=2, cv=cv) for cv in (splits, iter(splits))]
    assert all("bins" in clf.auto_ for clf in given)
    np.testing.assert_array_equal(given[0].predict_proba(X), given[1].predict_proba(X))


@pytest.mark.parametrize("n_bins", [16, 0])
def test_weights_that_are_given_race_in_the_way_that_they_fit(steps, n_bins):
    X, y = steps
    params = {"hidden_layer_sizes": (4,), "max_iter": 1, "n_members": 1}
    given = fit(X, y, encoder=TableEncoder(n_bins=n_bins), **params)
    init = given.coefs_, given.intercepts_
    clf = fit(X, y, init=init, **params)
    assert clf.coefs_[0].shape == given.coefs_[0].shape and clf.encoder_.n_bins_ == n_bins
    with pytest.raises(ValueError, match="init's coefs must have the shapes"):
        fit(X[:, :5], y, init=init, **params)


@pytest.mark.parametrize("n_members", ["auto", 8])
def test_of_splits_in_the_order_of_time_the_last_race(steps, monkeypatch, n_members):
    X, y = steps
    raced, down = [], race.Run.descend

    def noted(self, starts):
        raced.append([len(train) for train, _ in self.problem.splits])
        return down(self, starts)

    monkeypatch.setattr(race.Run, "descend", noted)
    fit(X, y, max_iter=1, n_members=n_members, cv=TimeSeriesSplit(5, test_size=200))
    bins, none, fitted = raced
    every = [200, 400, 600, 800, 1000]
    assert fitted == (every if n_members == "auto" else every + every[:3])
    assert bins == none == [1000, 800]


def test_a_race_has_as_many_steps_for_large_tables_as_for_small_ones():
    lengths = {n: race.epochs_of(n, 60) for n in (1000, 6000, 12_000, 30_000, 10**6)}
    assert lengths == {1000: 20, 6000: 20, 12_000: 10, 30_000: 4, 10**6: 3}
    assert race.epochs_of(1000, 5) == 5


def raced(monkeypatch, n_rows, *losses):
    """Which way to read a table is taken after these losses of rows held out."""
    given = itertools.chain(losses, losses[1:])
    monkeypatch.setattr(race, "_run", lambda *_: race.Outcome(next(given), None))
    problem = SimpleNamespace(rows=SimpleNamespace(n_rows=n_rows))
    best, told = race.race([(problem, None)] * len(losses), None)
    again, and_told = race.race([(problem, None)] * len(losses), None, first=told[0])
    for outcomes in (told, and_told):
        assert [outcome.loss for outcome in outcomes] == list(losses)
    assert again == best and and_told[0] is told[0]
    return best


def test_a_race_is_lost_by_a_margin_only(monkeypatch):
    """A smaller one where many rows judge."""
    for other, best in ((0.499, 0), (0.48, 1), (np.inf, 0)):
        assert raced(monkeypatch, LARGE - 1, 0.5, other) == best
    assert raced(monkeypatch, LARGE - 1, 0.0, 0.0) == 0
    assert raced(monkeypatch, LARGE, 0.5, 0.493) == 1
    assert raced(monkeypatch, 1000, 0.5, 0.45, 0.4) == 2
    assert raced(monkeypatch, 1000, 0.5, 0.4, np.inf) == 0  # cut short


def rule(n_rows):
    """A rule over flags, without noise."""
    X = np.random.default_rng(0).integers(0, 2, size=(n_rows, 12))
    return X, np.where(X[:, 0], X[:, 1] & X[:, 2] | X[:, 3], X[:, 4] ^ X[:, 5])


def test_a_table_that_is_nearly_solved_is_tried_with_a_lighter_penalty():
    X, y = rule(1500)
    clf = fit(X, y)
    assert clf.auto_["alpha"] == pytest.approx(0.3)
    told = clf.summary()
    assert "1000 rows or more; log loss 0.0" in told and " with 0.3, on rows held out" in told
    named = fit(X, y, alpha=3.0)
    assert "alpha" not in named.auto_
    assert clf.best_validation_score_ > named.best_validation_score_
    given = fit(X, y, encoder=TableEncoder(dtype="float32"))  # of that the penalty is still open
    assert "bins" not in given.auto_
    np.testing.assert_array_equal(given.predict_proba(X), clf.predict_proba(X))


def test_going_on_keeps_the_penalty_that_a_race_has_found():
    X, y = rule(1500)
    clf = fit(X, y, warm_start=True)
    found = clf.auto_["alpha"]
    (told,) = (line for line in clf.summary().splitlines() if "alpha =" in line)
    again = copy.deepcopy(clf).set_params(max_iter=2).fit(X, y)
    assert again.auto_["alpha"] == found == pytest.approx(0.3) and told in again.summary()
    named = clf.set_params(max_iter=2, alpha=found).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), named.predict_proba(X))
    assert again.fit(X[:900], y[:900]).auto_["alpha"] == 1.0  # the rule of few rows


def test_a_race_of_one_member_says_so():
    X, y = rule(400)
    splits = [(np.arange(300), np.arange(300, 400))]
    for params in ({"n_members": 1}, {"cv": splits}):
        told = fit(X, y, max_iter=2, **params).summary()
        assert "held out from one member" in " ".join(told.split()) and "2 members" not in told


def test_few_rows_with_noise_are_tried_with_a_stronger_penalty():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 20))
    y = (X[:, 0] + 2 * rng.normal(size=400) > 0).astype(int)
    clf = fit(X, y)
    assert clf.auto_["alpha"] == 3.0 and " with 3, on rows held out" in clf.summary()
    few = fit(X[:299], y[:299])
    assert few.auto_["alpha"] == 1.0 and "log loss" not in few.summary()


def test_what_is_left_to_learn_is_of_rows_with_their_weights(monkeypatch):
    X, y = rule(400)
    weights, priors = np.where(y, 3.0, 1.0), []
    monkeypatch.setattr(_reading, "other_penalty", lambda *given: priors.append(given[2]))
    fit(X, y, max_iter=1).fit(X, y, sample_weight=weights)
    shares = np.mean(y), np.average(y, weights=weights)
    assert priors == pytest.approx([entropy([1 - p, p]) for p in shares])


def test_a_race_has_patience_for_four_epochs_and_a_tenth_of_the_time(steps, monkeypatch):
    races, down = [], race.Run.descend

    def noted(self, starts):
        ends = down(self, starts)
        races.append((ends.watch.n_epochs, self.settings.max_time, self.settings.n_iter_no_change))
        return ends

    monkeypatch.setattr(race.Run, "descend", noted)
    fit(*steps, tol=9.0, max_time=600.0, n_iter_no_change=1)  # no epoch gains so much
    assert races == [(6, 60.0, 4)] * 2 + [(3, 600.0, 1)]


def test_which_penalty_is_tried_follows_from_what_is_left_to_learn():
    tried = {
        (loss, n): race.other_penalty(2.0, loss, prior=0.7, n_rows=n)
        for loss in (0.06, 0.08)
        for n in (999, 1000)
    }
    assert tried == {(0.06, 999): None, (0.06, 1000): 0.2, (0.08, 999): 6.0, (0.08, 1000): None}
    assert [race.may_race_penalties(n) for n in (299, 300, LARGE - 1, LARGE)] == [0, 1, 1, 0]


def test_weights_of_any_size_may_judge(steps):
    X, y = steps
    clf = SoftmaxMLPClassifier(random_state=0, max_iter=3, alpha=0)
    with np.errstate(all="raise"):
        clf.fit(X, y, sample_weight=np.full(len(y), 1e299))
    assert "bins" in clf.auto_
