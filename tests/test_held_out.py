"""The rows that judge: given, split off, by groups, by time, and what they weigh."""

import numpy as np
import pytest
from common import (
    Recorder,
    assert_best_of_history,
    assert_same_network,
    both_classes,
    every_solver,
    network,
    numbered,
    overfitting,
    smooth_network,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    RepeatedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier
from skxent._training.temperature import fit_temperature
from skxent.losses import log_softmax

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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


@pytest.mark.parametrize(
    "cv", [[(0, 1)], [([0.5, 1.7], [2.2])], [(["a"], ["b"])], [([[0, 1]], [[2]])]], ids=str
)
def test_splits_that_are_no_numbers_of_rows_are_refused(cv, shuffled):
    with pytest.raises(ValueError, match="cv must give numbers of rows.* got"):
        network(cv=cv).fit(*shuffled)


def test_a_class_of_one_row_is_always_trained_on(shuffled):
    X, y = shuffled
    y = y.copy()
    y[7] = 9
    for solver in ("auto", "adam", "lbfgs"):
        clf = network(solver=solver, early_stopping=True, max_iter=2).fit(X, y)
        assert_array_equal(clf.classes_, [0, 1, 2, 9])


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_validation_rows(Classifier, solver, encoder, breast_cancer, rng):
    X, y = breast_cancer
    w = rng.uniform(0.5, 2.0, size=len(y[::3]))
    clf = smooth_network(Classifier, solver=solver, encoder=encoder, max_iter=10)
    with_rows = clf.fit(X, y, X_val=X[::3], y_val=y[::3], sample_weight_val=w)
    history = with_rows.history_
    assert np.isfinite(history["validation_loss"]).all()
    P = with_rows.predict_proba(X[::3])
    expected = log_loss(y[::3], P, sample_weight=w)
    assert_allclose(min(history["validation_loss"]), expected, rtol=1e-6)
    # no training row is held out for it: the same descent as without
    plain = smooth_network(Classifier, solver=solver, encoder=encoder, max_iter=10).fit(X, y)
    assert_allclose(history["loss"], plain.history_["loss"], rtol=1e-9)


def test_validation_rows_go_with_labels(iris):
    X, y = iris
    for one in ({"X_val": X}, {"y_val": y}):
        with pytest.raises(ValueError, match="X_val and y_val"):
            smooth_network().fit(X, y, **one)
    with pytest.raises(ValueError, match="feature"):
        smooth_network().fit(X, y, X_val=X[:, :2], y_val=y)
    with pytest.raises(ValueError, match="class"):
        smooth_network().fit(X, y, X_val=X, y_val=y + 1)


def test_a_row_that_several_members_judge_counts_once(iris):
    """By the mean of their log-probabilities."""
    X, y = iris
    splits = [*RepeatedKFold(n_splits=3, n_repeats=2, random_state=0).split(X)]
    clf = network(cv=splits, n_members=6, early_stopping=True, max_iter=3, calibration=None)
    clf.fit(X, y)
    total = np.zeros((len(y), 3))
    for z, (_, rows) in zip(clf._model.member_logits(X, clf), splits, strict=True):
        total[rows] += log_softmax(z[rows])
    expected = -(total / 2)[np.arange(len(y)), y].mean()
    assert_allclose(clf.history_["validation_loss"][clf.best_epoch_ - 1], expected, rtol=1e-6)


def test_the_loss_of_several_labels_is_their_sum(multilabel):
    X, y = multilabel
    clf = smooth_network(SigmoidMLPClassifier, solver="adam", max_iter=3)
    clf.fit(X, y, X_val=X[::2], y_val=y[::2])
    p = clf.predict_proba(X[::2])
    expected = sum(log_loss(y[::2, k], p[:, k]) for k in range(2))
    assert_allclose(clf.history_["validation_loss"][clf.best_epoch_ - 1], expected, rtol=1e-6)


@pytest.mark.parametrize("n", [9, 99])
def test_rows_without_an_error_do_not_ask_for_certainty(n):
    """Targets are shrunk by half a row among n + 1, half of it for either class."""
    z, y = np.tile([0.0, 3.0], (n, 1)), np.tile([0.0, 1.0], (n, 1))
    miss = 0.5 / (n + 1) / 2
    expected = 3.0 / np.log((1 - miss) / miss)
    assert_allclose(fit_temperature(z, y, np.ones(n)), expected, rtol=1e-3)
