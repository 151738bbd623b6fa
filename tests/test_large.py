"""Large tables: training lasts as long as it pays, with as many members as are worth it."""

import re
import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier
from skxent._settings import FOLDS, LARGE
from skxent._training import committee, train
from skxent._training.splits import random_splits
from skxent._training.stopping import Ending, Monitor, Patience


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(LARGE, 5)).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=LARGE) > 0).astype(int)


def fit(table, Classifier=SoftmaxMLPClassifier, **params):
    params = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0} | params
    return Classifier(**params).fit(*table)


@pytest.fixture
def worth(monkeypatch):
    """Say what share of the log loss twice as many members must be worth; 0 takes them all."""
    return lambda share: monkeypatch.setattr(train, "_WORTH", share)


def test_half_of_the_members_where_more_gain_little(table, worth):
    worth(0.5)
    clf = fit(table)
    assert len(clf.coefs_[0]) == clf.auto_["n_members"] == FOLDS // 2
    assert "n_members = 4  (4 more would lower the log loss of 0." in clf.summary()
    X, y = table
    assert fit((X[1:], y[1:])).auto_["n_members"] == FOLDS  # fewer rows: all, at once


def test_all_members_where_they_gain(table, worth):
    worth(0)
    clf = fit(table, tol=0)
    assert len(clf.coefs_[0]) == clf.auto_["n_members"] == FOLDS
    assert "n_members = 8  (the second half was to lower the log loss" in clf.summary()
    worth(0.5)
    half = fit(table, tol=0)
    for W, V in zip(clf.coefs_, half.coefs_, strict=True):
        assert_array_equal(W[: FOLDS // 2], V)  # the first half knows nothing of the second
    assert clf.history_["epoch"] == [1, 2] and sorted(clf.history_["seconds"])[0] > 0


def test_the_second_half_is_announced_and_its_clock_goes_on(table, worth, capsys):
    worth(0)
    clf = fit(table, tol=0, verbose=1)
    *lines, _ = capsys.readouterr().out.splitlines()
    assert re.match("members 5 to 8, which should lower the log loss of 0.[0-9]{4} by ", lines[2])
    epochs = [line for line in lines if line.startswith("epoch")]
    assert [int(line.split()[1]) for line in epochs] == [1, 2, 1, 2]
    seconds = [float(line.split()[-2]) for line in epochs]
    assert seconds == sorted(seconds)
    assert_allclose(clf.history_["seconds"], seconds[2:], atol=0.006)  # printed with two digits


def test_who_names_the_members_gets_them(table):
    assert len(fit(table, n_members=6).coefs_[0]) == 6
    assert fit(table, n_members=1).coefs_[0].ndim == 2
    by_cv = fit(table, cv=3)
    assert len(by_cv.coefs_[0]) == 3
    assert "n_members = 3  (one for every split of cv)" in by_cv.summary()


@pytest.mark.parametrize("solver", ["adamw", "adam", "sgd"])
def test_a_named_solver_has_one_member_on_tables_of_any_size(table, solver):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs are few
        clf = fit(table, solver=solver, learning_rate="constant")
    assert clf.coefs_[0].ndim == 2 and clf.auto_["n_members"] == 1
    assert "scikit-learn's default" in clf.summary()


def test_every_member_is_judged_by_an_eighth(table, worth):
    """Half of the members hold out half of the rows, an eighth each."""
    worth(0.5)
    clf = fit(table, hidden_layer_sizes=(), max_iter=1, early_stopping=True)
    folds = random_splits(table[1], FOLDS, 0.1, np.random.RandomState(0))[: FOLDS // 2]
    X, y = table
    Z = clf.encoder_.transform(X)
    loss = weight = 0.0
    for (_, rows), W, b in zip(folds, clf.coefs_[0], clf.intercepts_[0], strict=True):
        p = 1 / (1 + np.exp(-(Z[rows] @ W + b).ravel()))
        loss, weight = loss + len(rows) * log_loss(y[rows], p), weight + len(rows)
    assert weight == LARGE / 2
    assert clf.history_["validation_loss"][0] == pytest.approx(loss / weight, rel=1e-5)


@pytest.mark.parametrize("n_members", [FOLDS // 2, FOLDS])
def test_going_on_keeps_members_and_folds(table, worth, n_members):
    worth(0.5 if n_members < FOLDS else 0)
    clf = fit(table, warm_start=True, tol=0)
    before = clf.best_validation_score_
    clf.set_params(max_iter=1).fit(*table)
    assert len(clf.coefs_[0]) == clf.auto_["n_members"] == n_members
    # the rows that judged then judge now, so what was best may stay so
    assert clf.best_validation_score_ >= before


@pytest.mark.parametrize("share, n_members", [(0.5, FOLDS // 2), (0, FOLDS)])
def test_several_sigmoids_grow_too(table, worth, share, n_members):
    X, y = table
    worth(share)
    clf = fit((X, np.stack([y, X[:, 3] > 0], axis=1)), SigmoidMLPClassifier, tol=0)
    assert len(clf.coefs_[0]) == n_members


def test_same_bits_on_one_thread_and_two(table, worth):
    worth(0)
    one, two = (fit(table, n_jobs=n, tol=0).predict_proba(table[0]) for n in (1, 2))
    assert_array_equal(one, two)


@pytest.mark.parametrize("n_choices", [2, 5])
def test_what_twice_as_many_members_would_gain(n_choices):
    """As measured on committees of members that differ by independent noise."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(2000, n_choices))
    noisy = truth + 0.3 * rng.normal(size=(16, *truth.shape))
    log_p = noisy - np.logaddexp.reduce(noisy, axis=2, keepdims=True)
    y = rng.integers(n_choices, size=len(truth))

    def loss(members):
        z = members.mean(axis=0)
        return -(z - np.logaddexp.reduce(z, axis=1, keepdims=True))[np.arange(len(y)), y].mean()

    fours = [loss(log_p[i : i + 4]) for i in range(0, 16, 4)]
    eights = [loss(log_p[i : i + 8]) for i in range(0, 16, 8)]
    told = np.mean([committee.gain_of_doubling(log_p[i : i + 4]) for i in range(0, 16, 4)])
    assert told == pytest.approx(np.mean(fours) - np.mean(eights), rel=0.05)
    same = np.repeat(log_p[:1], 4, axis=0)
    assert committee.gain_of_doubling(same) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("ending", [Ending.INTERRUPTED, Ending.MAX_TIME])
def test_members_that_were_cut_short_are_left_out(table, worth, monkeypatch, ending):
    """The second half is taken whole, or not at all."""
    worth(0.5)
    down, half = train.Run._descend, fit(table, tol=0)

    def cut_short(self, paths, members, *seconds):
        ends = down(self, paths, members, *seconds)
        if members[0]:
            ends.watch.ending = ending
        return ends

    worth(0)
    monkeypatch.setattr(train.Run, "_descend", cut_short)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf = fit(table, tol=0)
    assert ["interrupted" in str(w.message) for w in caught] == [True] * (
        ending.name == "INTERRUPTED"
    )
    assert_array_equal(clf.predict_proba(table[0]), half.predict_proba(table[0]))
    assert "n_members = 4  (the others were cut short)" in clf.summary()


def test_where_time_is_limited_two_members_begin(table, worth):
    """As many again follow while they are worth it and there is time."""
    worth(0.5)
    clf = fit(table, max_time=60.0)
    assert len(clf.coefs_[0]) == clf.auto_["n_members"] == 2
    assert "n_members = 2  (2 more would lower the log loss of 0." in clf.summary()
    worth(0)
    clf, whole = fit(table, max_time=60.0, tol=0), fit(table, tol=0)
    assert len(clf.coefs_[0]) == FOLDS
    assert_array_equal(clf.predict_proba(table[0]), whole.predict_proba(table[0]))
    cut = fit(table, max_time=1e-3, tol=0)
    assert len(cut.coefs_[0]) == 2 and "(the others were not begun)" in cut.summary()


def test_ctrl_c_between_the_halves_keeps_the_first(table, worth, monkeypatch):
    worth(0)

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(train.Run, "_gain_of_doubling", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        clf = fit(table, tol=0)
    assert len(clf.coefs_[0]) == FOLDS // 2 and "the others were not begun" in clf.summary()
    monkeypatch.setattr(train, "is_one_of_many", lambda: True)
    with pytest.raises(KeyboardInterrupt):
        fit(table, tol=0)


def test_ctrl_c_before_a_second_doubling_keeps_the_first(table, worth, monkeypatch):
    worth(0)
    gain = train.Run._gain_of_doubling

    def interrupted(self, ends):
        if len(ends.members) == 4:
            raise KeyboardInterrupt
        return gain(self, ends)

    monkeypatch.setattr(train.Run, "_gain_of_doubling", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        clf = fit(table, tol=0, max_time=60.0)
    assert len(clf.coefs_[0]) == 4 and "the others were not begun" in clf.summary()


def test_ctrl_c_is_told_of_after_any_number_of_members(table, worth, monkeypatch):
    """Also where those that are kept were themselves put together of two parts."""
    worth(0)
    down = train.Run._descend

    def interrupted(self, paths, members, *seconds):
        ends = down(self, paths, members, *seconds)
        if members[0] == FOLDS // 2:
            ends.watch.ending = Ending.INTERRUPTED
        return ends

    monkeypatch.setattr(train.Run, "_descend", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        clf = fit(table, tol=0, max_time=60.0)
    assert len(clf.coefs_[0]) == FOLDS // 2 and "the others were cut short" in clf.summary()


def test_members_that_wait_for_each_other_share_the_time():
    """On one thread the second member has as much time as the first, though no epoch is done."""

    class Path:
        current = np.zeros(1)
        seconds = 0.0

        def epoch(self, rate, schedule, n_steps, stop):
            begin = time.perf_counter()
            while not stop():
                time.sleep(0.001)
            self.seconds = time.perf_counter() - begin
            return committee.Epoch(1.0, 1.0, 1.0, 1)

    paths = [Path(), Path(), Path()]
    watch = Monitor(Patience(0.0, np.inf), max_time=0.15)
    committee.train_jointly(
        paths, watch, rate=1.0, schedule=lambda *_: 1.0, max_iter=9, n_steps=9, n_jobs=1
    )
    assert watch.ending is Ending.MAX_TIME and watch.n_epochs == 1
    assert all(path.seconds > 0 for path in paths)


def test_an_epoch_of_many_rows_must_gain_more(table, monkeypatch):
    """From some size on the least gain of an epoch grows with the root of the rows."""
    monkeypatch.setattr(train, "_DEAR", LARGE // 4)
    losses = fit(table, max_iter=30, tol=5e-4).history_["validation_loss"]
    best = np.minimum.accumulate(losses)
    stale = [best[i] - losses[i + 1] < 1e-3 for i in range(len(losses) - 1)]
    assert stale[-3:] == [True] * 3  # patience of two, and one more
    assert not any(all(stale[i : i + 3]) for i in range(len(stale) - 3))


def test_the_rate_falls_with_the_root_of_the_steps(table):
    clf = fit(table, learning_rate_init=0.01, batch_size=100, max_iter=4)
    ends = np.arange(1, 5) * 175 - 1  # the last steps of the epochs, of 17,500 rows each
    falling = 1 / np.sqrt(1 + np.maximum(ends - 200, 0) / 10_000)
    expected = 0.01 * np.minimum((ends + 1) / 200, falling)
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-12)


def test_the_gain_of_several_labels_is_that_of_all(table, worth, monkeypatch):
    """As their log loss is the sum, so is what it would be lowered by."""
    X, y = table
    worth(10)
    monkeypatch.setattr(train, "gain_of_doubling", lambda log_p: 1.0)
    clf = fit((X, np.stack([y, X[:, 3] > 0], axis=1)), SigmoidMLPClassifier, max_iter=1)
    assert re.search(r"4 more would lower the log loss of \d\.\d+ by 2\b", clf.summary())
