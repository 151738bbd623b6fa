"""Scores that decide: by name, by scorer, by function, where they are not defined."""

import warnings

import numpy as np
import pytest
from common import assert_same_network, every_solver, network, overfitting
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, get_scorer_names, make_scorer

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_an_unknown_scoring_is_an_error_with_and_without_early_stopping(solver, iris):
    for early_stopping in (True, False):
        with pytest.raises(ValueError, match="not a valid scoring value"):
            network(solver=solver, scoring="akkuracy", early_stopping=early_stopping).fit(*iris)


def test_a_metric_that_takes_no_weights_gets_none(noisy):
    X, y, X_val, y_val = noisy
    w = 1.0 + np.arange(len(y_val))
    clf = network(scoring=make_scorer(lambda y, p: np.mean(y == p)), max_iter=3)
    clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=w)
    assert_allclose(clf.score(X_val, y_val), clf.best_validation_score_)


def test_a_metric_of_any_parameters_takes_weights(noisy, rng):
    X, y, X_val, y_val = noisy
    w = rng.integers(0, 3, size=len(y_val)).astype(float)
    scoring = make_scorer(lambda *labels, **more: accuracy_score(*labels, **more))
    clf = network(scoring=scoring, max_iter=3)
    clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=w)
    assert_allclose(clf.score(X_val, y_val, w), clf.best_validation_score_)


@pytest.mark.parametrize("score", [None, "0.5", [0.5, 0.7], np.ones(3), {}], ids=str)
def test_a_score_is_one_number(score, noisy):
    X, y, X_val, y_val = noisy
    clf = network(scoring=lambda estimator, X, y: score, max_iter=3)
    with pytest.raises(ValueError, match="scoring must return one number.* got") as told:
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert f"{score!r}" in str(told.value)
