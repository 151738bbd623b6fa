"""Ctrl-C leaves a model: of what was trained so far, alone and in a committee."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from common import assert_best_of_history, every_solver, network, overfitting
from numpy.testing import assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate, learning_curve
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Interrupt:
    """A scoring during which Ctrl-C is pressed."""

    def __init__(self, at, by_signal=False):
        self.at, self.by_signal, self.n_calls = at, by_signal, 0

    def __call__(self, estimator, X, y):
        self.n_calls += 1
        if self.n_calls == self.at:
            if self.by_signal:
                signal.raise_signal(signal.SIGINT)
            raise KeyboardInterrupt
        return -log_loss(y, estimator.predict_proba(X))


@every_solver
@pytest.mark.parametrize("by_signal", [False, True])
def test_best_weights_after_ctrl_c(solver, by_signal, noisy):
    X, y, X_val, y_val = noisy
    clf = network(**overfitting(solver), scoring=Interrupt(5, by_signal), max_iter=100)
    with pytest.warns(UserWarning, match="interrupted by user after 4 epochs"):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.n_iter_ == 4
    assert {len(column) for column in clf.history_.values()} == {4}
    assert_best_of_history(clf, X_val, y_val)
    # and it is a model like any other
    again = pickle.loads(pickle.dumps(clf.set_params(scoring=None)))
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_ctrl_c_leaves_out_members_that_have_not_begun(solver, n_jobs, noisy):
    X, y, X_val, y_val = noisy
    clf = network(
        **overfitting(solver), scoring=Interrupt(4), max_iter=100, n_members=4, n_jobs=n_jobs
    )
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.coefs_[0].ndim == 2 or n_jobs == 2  # in parallel the others may have begun
    assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("calibration", [None, "temperature"])
def test_ctrl_c_before_the_first_member_has_begun(calibration, noisy):
    """Then those that have begun are the model, judged by their own rows."""
    X, y, *_ = noisy
    first, ahead = [], threading.Event()
    others = []

    def scoring(estimator, X, y):
        me = threading.get_ident()
        first.append(me)
        if me == first[0]:
            assert ahead.wait(20)
            raise KeyboardInterrupt
        others.append(me)
        if len(others) == 3:
            ahead.set()
            time.sleep(0.05)
        return 0.5

    clf = network(**overfitting("lbfgs"), n_members=2, n_jobs=2, early_stopping=True, max_iter=50)
    clf.set_params(scoring=scoring, calibration=calibration)
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y)
    assert clf.coefs_[0].ndim == 2  # of one member
    assert clf.n_iter_ >= 2 and len(clf.loss_curve_) == clf.n_iter_
    assert np.isfinite(clf.predict_proba(X)).all()


def test_ctrl_c_of_a_committee(noisy):
    X, y, X_val, y_val = noisy
    for n_jobs in (1, 2):
        clf = network(
            **overfitting("adam"), scoring=Interrupt(4), n_members=3, n_jobs=n_jobs, max_iter=100
        )
        with pytest.warns(UserWarning, match="interrupted by user after 3 epochs"):
            clf.fit(X, y, X_val=X_val, y_val=y_val)
        assert clf.coefs_[0].shape[0] == 3
        assert_best_of_history(clf, X_val, y_val)


class Press:
    """A schedule during which Ctrl-C is pressed in some epoch of the first fit; then it counts."""

    def __init__(self, at):
        self.at, self.n_calls = at, 0

    def __deepcopy__(self, memo):  # clones count together
        return self

    def __call__(self, fraction):
        self.n_calls += 1
        if self.n_calls == self.at:
            raise KeyboardInterrupt
        return 1.0


MANY = {
    "cross_val_score": lambda clf, X, y: cross_val_score(clf, X, y, cv=3),
    "cross_validate": lambda clf, X, y: cross_validate(clf, X, y, cv=3, error_score="raise"),
    "learning_curve": lambda clf, X, y: learning_curve(clf, X, y, cv=3, train_sizes=[0.5, 1.0]),
    "search": lambda clf, X, y: GridSearchCV(clf, {"alpha": [0.1, 1.0]}, cv=3).fit(X, y),
    "nested": lambda clf, X, y: cross_val_score(
        GridSearchCV(make_pipeline(clf), {"softmaxmlpclassifier__alpha": [0.1]}, cv=3), X, y, cv=3
    ),
    "calibration": lambda clf, X, y: CalibratedClassifierCV(clf, cv=3).fit(X, y),
    "bagging": lambda clf, X, y: BaggingClassifier(clf, 3).fit(X, y),
    "one-vs-rest": lambda clf, X, y: OneVsRestClassifier(clf).fit(X, y),
}


@pytest.mark.parametrize("params", [{"solver": "adam"}, {"solver": "adam", "n_members": 2}])
@pytest.mark.parametrize("many", MANY.values(), ids=MANY)
def test_ctrl_c_in_one_fit_of_many_reaches_the_caller(many, params, noisy):
    X, y, *_ = noisy
    press = Press(at=100)
    clf = network(**params, learning_rate=press, max_iter=200, n_iter_no_change=np.inf)
    with pytest.raises(KeyboardInterrupt):
        many(clf, X, y)
    assert press.n_calls <= 100 + len(X)  # of the other members in the same epoch; no other fit


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_ctrl_c_in_one_full_batch_fit_of_many_reaches_the_caller(solver, noisy):
    X, y, *_ = noisy
    calls = []

    def scoring(estimator, X, y):
        calls.append(0)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return 0.5

    clf = network(**overfitting(solver), scoring=scoring, early_stopping=True, max_iter=100)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(clf, X, y, cv=3)
    assert len(calls) == 5


def test_ctrl_c_in_a_pipeline_is_as_in_a_fit(noisy):
    X, y, *_ = noisy
    clf = network(max_iter=100, early_stopping=True, scoring=Interrupt(5), solver="adam")
    pipe = make_pipeline(StandardScaler(), clf)
    with pytest.warns(UserWarning, match="interrupted by user after 4 epochs"):
        pipe.fit(X, y)
    assert np.isfinite(pipe.predict_proba(X)).all()


def test_a_second_ctrl_c_reaches_the_caller(noisy, monkeypatch):
    """Here while the temperature is fitted; the model that was there before is still there."""
    X, y, *_ = noisy
    params = dict(max_iter=100, early_stopping=True, solver="adam", calibration="temperature")
    clf = network(**params).fit(X, y)
    before = clf.predict_proba(X)
    clf.set_params(scoring=Interrupt(5))

    def press_again(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("skxent._training.held_out.fit_temperature", press_again)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert_array_equal(clf.predict_proba(X), before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_from_outside():
    """A real SIGINT at a time of its own choice, in the middle of whatever goes on.

    Nothing else would end these fits before the process is given up.
    """
    program = """
    import os, signal, threading, time, warnings
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.base import clone
    from sklearn.metrics import log_loss
    from skxent import SoftmaxMLPClassifier

    X, y = load_digits(return_X_y=True)
    for solver, more in [("adam", {}), ("lbfgs", {"max_fun": 10**9}), ("gradient_descent", {}),
                         ("adamw", {"n_members": 3, "n_jobs": 2}),
                         ("lbfgs", {"n_members": 3, "n_jobs": 2, "max_fun": 10**9})]:
        clf = SoftmaxMLPClassifier(
            solver=solver, max_iter=10**8, tol=0.0, n_iter_no_change=np.inf,
            early_stopping=True, random_state=0, learning_rate_init=1e-6, **more)
        under_way = threading.Event()

        calls = []

        def scoring(estimator, X, y):
            calls.append(0)
            if len(calls) >= 4:  # of three members: one epoch at least is complete
                under_way.set()
            return -log_loss(y, estimator.predict_proba(X))

        def press():
            under_way.wait()
            time.sleep(0.15)
            os.kill(os.getpid(), signal.SIGINT)

        clf.set_params(scoring=scoring)
        threading.Thread(target=press).start()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            clf.fit(X, y)
        messages = [str(w.message) for w in caught]
        assert len(messages) == 1 and "interrupted by user" in messages[0], messages
        assert np.isfinite(clf.predict_proba(X)).all()
        losses = clf.history_["validation_loss"]
        assert {len(column) for column in clf.history_.values()} == {clf.n_iter_}
        assert clf.n_iter_ >= 1
        print(solver, "ok")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=400,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split().count("ok") == 5


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_that_another_thread_is_given():
    """As when it comes while the main thread begins to wait: nothing wakes that thread."""
    program = """
    import os, signal, threading
    from sklearn.datasets import load_digits
    from skxent import SoftmaxMLPClassifier

    X, y = load_digits(return_X_y=True)
    under_way = threading.Event()

    def scoring(estimator, X, y):
        under_way.set()
        return 0.0

    def press():
        under_way.wait()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    SoftmaxMLPClassifier(
        solver="lbfgs", max_iter=10**8, max_fun=10**9, tol=0.0, n_iter_no_change=10**8,
        early_stopping=True, scoring=scoring, n_members=3, n_jobs=2,
    ).fit(X, y)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=100,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert "interrupted by user" in ran.stderr
