"""Threads: fits while others predict, and threads that cannot be started."""

import threading

import numpy as np
import pytest
from common import SMALL, stopping_short
from numpy.testing import assert_array_equal

from skxent import SoftmaxMLPClassifier, TableEncoder

pytestmark = stopping_short


class RefitsWhenRead:
    """A table that is read while its reader is fitted anew, as another thread would."""

    def __init__(self, values, refit):
        self.values, self.refit = values, refit

    def __array__(self, dtype=None, copy=None):
        self.refit()
        return np.array(self.values, dtype=dtype)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize("settings", [{}, {"encoder": "passthrough"}], ids=str)
def test_a_prediction_is_of_one_fit(method, settings, iris):
    """Not of the weights of one and the temperature, encoder or classes of another."""
    X, y = iris
    clf = SoftmaxMLPClassifier(**SMALL | settings).fit(X, y)
    expected = getattr(clf, method)(X)
    others = np.array(["a", "b"])[(y > 0).astype(int)]
    table = RefitsWhenRead(X, lambda: clf.fit(X[:, :2] * 7, others))
    assert_array_equal(getattr(clf, method)(table), expected)
    assert clf.classes_.tolist() == ["a", "b"] and clf.n_features_in_ == 2
    assert "2 -> 8 -> 7 -> 1" in clf.summary() or settings == {}


def test_an_encoding_is_of_one_fit(iris):
    X, _ = iris
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    table = RefitsWhenRead(X, lambda: encoder.fit(X[:, :2] * 7))
    assert_array_equal(encoder.transform(table), expected)
    assert encoder.n_features_in_ == 2


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("most", [0, 1, 2])
def test_threads_that_cannot_be_started(solver, most, iris, monkeypatch):
    """Fewer threads train the same networks."""
    X, y = iris
    clf = SoftmaxMLPClassifier(**SMALL | {"n_members": 3, "solver": solver, "n_jobs": 3})
    expected = clf.fit(X, y).predict_proba(X)
    start, before, failed = threading.Thread.start, threading.active_count(), []

    def start_some(thread):
        if threading.active_count() - before >= most:
            failed.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    assert_array_equal(clf.fit(X, y).predict_proba(X), expected)
    assert failed and threading.active_count() == before
