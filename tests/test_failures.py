"""A fit that fails changes nothing."""

import copy
import warnings

import numpy as np
import pytest
from common import Stop, assert_same_network, assert_same_state, network
from sklearn.exceptions import ConvergenceWarning

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
