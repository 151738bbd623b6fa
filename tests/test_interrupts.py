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
from sklearn.metrics import log_loss

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


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_from_outside():
    """A real SIGINT at a time of its own choice, in the middle of whatever goes on.

    Nothing else would end these fits before the process is given up.
    """
    program = """
    import os, signal, threading, time, warnings
    import numpy as np
    from sklearn.datasets import load_digits
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
