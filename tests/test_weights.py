"""Weights of rows and of classes."""

import warnings

import numpy as np
import pytest
from common import both_classes, smooth_network, stopping_short
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier
from skxent._weights import class_factors


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
@stopping_short
def test_integer_weights_are_repeated_rows(Classifier, solver, breast_cancer, rng):
    X, y = breast_cancer
    X, y = X[:90], y[:90]
    times = rng.integers(0, 4, size=90)
    params = dict(solver=solver, max_iter=25, batch_size=1000, shuffle=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # batches larger than the data
        weighted = smooth_network(Classifier, **params).fit(X, y, sample_weight=times)
        repeated = smooth_network(Classifier, **params).fit(
            np.repeat(X, times, axis=0), np.repeat(y, times)
        )
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-6, atol=1e-9)


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "adamw"])
@stopping_short
def test_the_unit_of_weights_does_not_matter_without_penalty(
    Classifier, solver, breast_cancer, rng
):
    X, y = breast_cancer
    w = rng.uniform(0.5, 1.5, size=len(y))
    params = dict(solver=solver, alpha=0.0, max_iter=10, batch_size=64)
    first = smooth_network(Classifier, **params).fit(X, y, sample_weight=w)
    second = smooth_network(Classifier, **params).fit(X, y, sample_weight=1024.0 * w)
    assert_allclose(second.predict_proba(X), first.predict_proba(X), rtol=1e-6)


@both_classes
def test_rows_of_no_weight_do_not_count(Classifier, breast_cancer):
    X, y = breast_cancer
    w = np.ones(len(y))
    w[::3] = 0.0
    spoiled = X.copy()
    spoiled[::3] *= -50.0
    fitted = smooth_network(Classifier).fit(spoiled, y, sample_weight=w)
    expected = smooth_network(Classifier).fit(X[w > 0], y[w > 0])
    assert_allclose(fitted.predict_proba(X), expected.predict_proba(X), atol=1e-5)


@both_classes
def test_one_class_of_positive_weight_is_always_predicted(Classifier, breast_cancer):
    X, y = breast_cancer
    clf = smooth_network(Classifier).fit(X, y, sample_weight=(y == 0).astype(float))
    assert_array_equal(clf.classes_, [0, 1])
    assert_array_equal(clf.predict(X), np.zeros(len(y)))


@both_classes
@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 10.0}])
def test_class_weight(Classifier, class_weight, breast_cancer):
    X, y = breast_cancer
    rare = np.flatnonzero((y == 0) | (np.arange(len(y)) % 9 == 0))
    X, y = X[rare, :2], y[rare]
    plain = smooth_network(Classifier).fit(X, y)
    weighted = smooth_network(Classifier, class_weight=class_weight).fit(X, y)
    assert (weighted.predict(X) == 1).sum() > (plain.predict(X) == 1).sum()


def test_class_weight_with_names(iris):
    X, codes = iris
    y = np.array(["setosa", "versicolor", "virginica"])[codes]
    weights = {"setosa": 1.0, "versicolor": 1.0, "virginica": 1e-3}
    clf = smooth_network(class_weight=weights, hidden_layer_sizes=()).fit(X, y)
    plain = smooth_network(hidden_layer_sizes=()).fit(X, y)
    assert (clf.predict(X) == "virginica").sum() < (plain.predict(X) == "virginica").sum()


@pytest.mark.parametrize("class_weight", ["unbalanced", {7: 1.0}, [1.0, 2.0], 3.0])
def test_bad_class_weight(class_weight, iris):
    with pytest.raises(ValueError, match="class"):
        smooth_network(class_weight=class_weight).fit(*iris)


@pytest.mark.parametrize("factor", [-0.5, np.nan, None])
def test_class_weight_that_is_no_weight(factor, iris):
    with pytest.raises(ValueError, match="class_weight must be numbers of 0 or more"):
        smooth_network(class_weight={0: factor}).fit(*iris)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 50, 1: 1}])
def test_class_weights_of_several_labels_are_refused(class_weight, multilabel):
    with pytest.raises(ValueError, match="class_weight is for one class per row"):
        smooth_network(SigmoidMLPClassifier, class_weight=class_weight).fit(*multilabel)


def test_class_weights_may_name_a_class_that_a_fold_lacks(iris):
    X, y = iris
    some = y < 2
    weights = {0: 1, 1: 2, 2: 5}
    fold = smooth_network(class_weight=weights).fit(X[some], y[some])
    twin = smooth_network(class_weight={0: 1, 1: 2}).fit(X[some], y[some])
    assert_array_equal(fold.predict_proba(X), twin.predict_proba(X))
    with pytest.raises(ValueError, match=r"class_weight names \[7\]"):
        smooth_network(class_weight={0: 1, 7: 2}).fit(X, y)


@pytest.mark.parametrize("weight", [1 + 1j, np.complex128(2), "1", None, -1.0, np.nan])
def test_class_weights_that_are_no_numbers(weight, iris):
    with pytest.raises(ValueError, match="class_weight must be numbers of 0 or more, got"):
        SoftmaxMLPClassifier(class_weight={0: weight}).fit(*iris)


def test_weights_so_small_that_the_penalty_is_all_that_counts(iris):
    """A weight of 2 is a row twice, so that equal weights are no matter of scale alone."""
    X, y = iris
    clf = SoftmaxMLPClassifier(4, solver="adam", alpha=1e-4, max_iter=2, random_state=0)
    tiny = np.full(len(y), 1e-200)
    expected = r"weights of all rows sum to \d.*e-\d+, and beside alpha=0.0001 .* set alpha=0"
    with pytest.warns(ConvergenceWarning, match=expected):
        clf.fit(X, y, tiny)
    with pytest.raises(ValueError, match=expected):
        clf.set_params(solver="lbfgs", alpha=1e-4, early_stopping=False).fit(X, y, tiny * 1e-100)


def test_balanced_is_among_the_classes_that_are_there():
    codes, weights = np.array([0, 0, 2, 2]), np.array([1.0, 2.0, 1.0, 0.0])
    factors = class_factors("balanced", np.arange(4), codes, weights)
    assert_allclose(factors, [4 / (2 * 3), 0, 4 / (2 * 1), 0])
