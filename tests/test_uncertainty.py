"""The entropies of a committee: they add up, are right by hand, and rise where rows are missing."""

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from common import SMALL, both_classes
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.stats import entropy
from sklearn.datasets import make_moons
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, uncertainty


def committee(Classifier=SoftmaxMLPClassifier, **params):
    """Three networks that have learnt a little."""
    return Classifier(
        8, solver="adam", learning_rate_init=0.02, max_iter=10, n_members=3, random_state=0, tol=0,
        **params,
    )  # fmt: skip


def with_params(clf, params):
    """A copy with other weights, one row for each member."""
    clf = copy.copy(clf)
    clf._model = replace(clf._model, trained=replace(clf._model.trained, params=params))
    return clf


def as_one(members):
    """The geometric mean of the members' probabilities, scaled to sum 1."""
    p = np.exp(np.log(members).mean(axis=0))
    return p / p.sum(axis=1, keepdims=True)


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_the_parts_are_what_the_formulas_say(iris):
    X, y = iris
    clf = committee(early_stopping=True, calibration="temperature").fit(X, y)
    assert clf.temperature_ != 1
    total, aleatoric, epistemic, members = uncertainty(clf, X)
    assert members.shape == (3, 150, 3)
    assert_allclose(total, entropy(members.mean(axis=0), axis=1), rtol=1e-10)
    assert_allclose(aleatoric, entropy(members, axis=2).mean(axis=0), rtol=1e-10)
    divergence = [entropy(p, members.mean(axis=0), axis=1) for p in members]
    assert_allclose(epistemic, np.mean(divergence, axis=0), rtol=1e-8, atol=1e-15)
    assert_array_equal(total, aleatoric + epistemic)
    assert aleatoric.min() > 0
    assert 0 <= epistemic.min() < epistemic.max() < np.log(3)


def test_the_geometric_mean_of_the_members_is_the_prediction(iris):
    X, y = iris
    clf = committee(early_stopping=True, calibration="temperature").fit(X, y)
    assert_allclose(as_one(uncertainty(clf, X).members), clf.predict_proba(X), rtol=1e-10)


@both_classes
def test_one_member_disagrees_with_nobody(Classifier, iris):
    X, y = iris[0], (iris[1] == 1).astype(int)
    clf = Classifier(4, solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0).fit(X, y)
    total, aleatoric, epistemic, members = uncertainty(clf, X)
    assert_array_equal(epistemic, 0)
    assert_array_equal(total, aleatoric)
    assert_allclose(members[0], clf.predict_proba(X), rtol=1e-12)
    assert_allclose(total, entropy(clf.predict_proba(X), axis=1), rtol=1e-10)


@both_classes
def test_members_that_contradict_each_other_for_certain(Classifier, iris):
    X, y = iris[0][:, :1], (iris[1] == 1).astype(int)
    clf = Classifier((), solver="sgd", n_members=2, encoder="passthrough", max_iter=1).fit(X, y)
    row = [[1.0]]

    def parts(*weights_and_biases):
        found = uncertainty(with_params(clf, np.array(weights_and_biases, dtype=float)), row)
        return [float(part[0]) for part in found[:3]]

    assert_allclose(parts((0, 500), (0, -500)), (np.log(2), 0, np.log(2)), atol=1e-200)
    assert_allclose(parts((0, 500), (0, 500)), (0, 0, 0), atol=1e-200)
    assert_allclose(parts((0, 0), (0, 0)), (np.log(2), np.log(2), 0))
    # 1/2 and 9/10: by hand
    both, tenth = entropy([0.3, 0.7]), entropy([0.1, 0.9])
    half = (np.log(2) + tenth) / 2
    assert_allclose(parts((0, 0), (np.log(9), 0)), (both, half, both - half))


def test_each_label_is_a_decision_of_its_own(multilabel):
    X, Y = multilabel
    clf = committee(SigmoidMLPClassifier).fit(X, Y)
    total, aleatoric, epistemic, members = uncertainty(clf, X)
    assert members.shape == (3, 150, 2)
    p = np.stack([1 - members, members])
    assert_allclose(total, entropy(p.mean(axis=1), axis=0), rtol=1e-9)
    assert_allclose(aleatoric, entropy(p, axis=0).mean(axis=0), rtol=1e-9)
    assert total.shape == epistemic.shape == Y.shape
    assert_array_equal(total, aleatoric + epistemic)
    assert epistemic.min() >= 0


@pytest.mark.parametrize("seed", range(3))
def test_members_disagree_most_between_the_rows_of_training(seed):
    """The two moons without a part of the middle, which is as likely to be asked for later."""
    X, y = make_moons(600, noise=0.15, random_state=seed)
    middle = (X[:, 0] > 0) & (X[:, 0] < 1)
    clf = SoftmaxMLPClassifier(
        32, solver="adam", learning_rate_init=0.02, max_iter=60, n_members=8, random_state=seed
    ).fit(X[~middle], y[~middle])
    seen, unseen = uncertainty(clf, X[~middle]), uncertainty(clf, X[middle])
    assert unseen.epistemic.mean() > 2 * seen.epistemic.mean()


def test_far_away_all_members_are_sure():
    """No measure of distance: what the pages warn of."""
    X, y = make_moons(600, noise=0.15, random_state=0)
    clf = SoftmaxMLPClassifier(
        32, solver="adam", learning_rate_init=0.02, max_iter=60, n_members=5, random_state=0,
        encoder="passthrough",
    ).fit(X, y)  # fmt: skip
    near, far = uncertainty(clf, X), uncertainty(clf, X + [0, 10])
    assert far.total.mean() < near.total.mean() / 100


@pytest.mark.parametrize("seed", range(2))
def test_members_disagree_on_digits_that_they_were_never_shown(seed, digits):
    X, y = digits
    hidden = np.isin(y, np.random.default_rng(seed).choice(10, 2, replace=False))
    clf = SoftmaxMLPClassifier(
        32, solver="adam", learning_rate_init=5e-3, max_iter=30, n_members=4, random_state=seed,
        encoder="passthrough",
    ).fit(X[~hidden][::2], y[~hidden][::2])  # fmt: skip
    known, unknown = uncertainty(clf, X[~hidden][1::2]), uncertainty(clf, X[hidden])
    assert unknown.epistemic.mean() > 5 * known.epistemic.mean()


def test_tables_with_text_and_gaps_and_sparse_ones(iris):
    X, y = iris
    table = pd.DataFrame({"a": X[:, 0], "b": np.where(X[:, 1] > 0, "wide", None)})
    table.loc[::9, "a"] = np.nan
    for given in (table, sparse.csr_array(np.maximum(X, 0))):
        clf = SoftmaxMLPClassifier(**SMALL, solver="adam").fit(given, y)
        assert_allclose(
            as_one(uncertainty(clf, given).members), clf.predict_proba(given), rtol=1e-9
        )


def test_what_is_no_fitted_classifier(iris):
    X, y = iris
    with pytest.raises(NotFittedError):
        uncertainty(SoftmaxMLPClassifier(), X)
    with pytest.raises(TypeError, match=r"of skxent is required, got LogisticRegression"):
        uncertainty(LogisticRegression().fit(X, y), X)
    pipeline = make_pipeline(StandardScaler(), committee()).fit(X, y)
    with pytest.raises(TypeError, match=r"got Pipeline. Of a pipeline give the last step, pip"):
        uncertainty(pipeline, X)
    last = uncertainty(pipeline[-1], pipeline[:-1].transform(X))
    assert_allclose(as_one(last.members), pipeline.predict_proba(X), rtol=1e-9)
    with pytest.raises(ValueError, match="features"):
        uncertainty(pipeline[-1], X[:, :2])
