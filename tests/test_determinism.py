"""The same bits from the same seed, on any number of threads."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from common import assert_same_network, both_classes, network, smooth_network
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxMLPClassifier

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "adamw"])
def test_random_state_decides_everything(Classifier, solver, breast_cancer):
    X, y = breast_cancer
    params = dict(solver=solver, max_iter=5)
    first = smooth_network(Classifier, **params).fit(X, y).decision_function(X)
    again = smooth_network(Classifier, **params).fit(X, y).decision_function(X)
    other = smooth_network(Classifier, random_state=1, **params).fit(X, y).decision_function(X)
    from_instance = smooth_network(Classifier, random_state=np.random.RandomState(0), **params).fit(
        X, y
    )
    assert_array_equal(first, again)
    assert_array_equal(first, from_instance.decision_function(X))
    assert not np.array_equal(first, other)


def test_shuffle(iris):
    X, y = iris
    params = dict(solver="adam", max_iter=3, batch_size=16)
    shuffled = smooth_network(shuffle=True, **params).fit(X, y)
    in_order = smooth_network(shuffle=False, **params).fit(X, y)
    assert_array_equal(
        smooth_network(shuffle=False, **params).fit(X, y).coefs_[0], in_order.coefs_[0]
    )
    assert not np.array_equal(shuffled.coefs_[0], in_order.coefs_[0])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_number_of_jobs_changes_no_bit(n_jobs, wine):
    X, y = wine
    params = dict(max_iter=4, n_members=3, hidden_layer_sizes=8, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        alone = SoftmaxMLPClassifier(**params).fit(X, y)
        several = SoftmaxMLPClassifier(n_jobs=n_jobs, **params).fit(X, y)
    assert_array_equal(several.predict_proba(X), alone.predict_proba(X))
