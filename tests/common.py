"""What several test files share: small networks, solvers, comparisons, stand-ins."""

import time
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier
from skxent._kernels import NumberReader

CLASSES = (SoftmaxMLPClassifier, SigmoidMLPClassifier)
SCIPY = ["lbfgs", "bfgs", "cg", "tnc"]
MINI_BATCH = ["sgd", "adam", "adamw"]
SOLVERS = [*SCIPY, "gradient_descent", *MINI_BATCH]

both_classes = pytest.mark.parametrize("Classifier", CLASSES)
every_solver = pytest.mark.parametrize("solver", SOLVERS)
mini_batch_solvers = pytest.mark.parametrize("solver", MINI_BATCH)
stopping_short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# what makes our class do exactly what MLPClassifier does: no preparation, one network
PLAIN = {"encoder": "passthrough", "n_members": 1, "calibration": None}
# a committee of little networks, for tests to which it does not matter what it has learnt
SMALL = {"hidden_layer_sizes": (8, 7), "n_members": 2, "max_iter": 4, "random_state": 0}


def network(Classifier=SoftmaxMLPClassifier, **params):
    """A small plain network for mini-batch training."""
    params = {
        "hidden_layer_sizes": 6,
        "solver": "adam",
        "learning_rate_init": 0.02,
        "random_state": 0,
        "encoder": "passthrough",
        **params,
    }
    return Classifier(**params)


def smooth_network(Classifier=SoftmaxMLPClassifier, **params):
    """A small smooth network with a penalty: L-BFGS converges in milliseconds."""
    params = {
        "hidden_layer_sizes": 4,
        "activation": "tanh",
        "solver": "lbfgs",
        "alpha": 1.0,
        "tol": 1e-3,
        "max_iter": 1000,
        "random_state": 0,
        "encoder": "passthrough",
        **params,
    }
    return Classifier(**params)


HOUR = 3600.0


class Clock:
    """Stands in for the real clock: from each look at it to the next an hour passes.

    Beside that the time a test takes is nothing, on whatever machine.
    """

    def __init__(self):
        self.start, self.looks = time.perf_counter(), 0

    def __call__(self):
        self.looks += 1
        return self.start + HOUR * self.looks


def overfitting(solver):
    """Parameters of a network that learns by heart in a few dozen epochs."""
    return dict(
        hidden_layer_sizes=12,
        activation="tanh",
        solver=solver,
        learning_rate_init=0.05 if solver in ("adam", "adamw") else 0.3,
        alpha=1e-5,
        tol=1e-5,
    )


def assert_best_of_history(clf, X_val, y_val, sample_weight=None):
    """The parameters kept are those of the epoch with the lowest validation loss."""
    losses = clf.history_["validation_loss"]
    assert len(losses) >= 1
    assert clf.best_epoch_ == np.argmin(losses) + 1
    loss = log_loss(y_val, clf.predict_proba(X_val), sample_weight=sample_weight)
    assert_allclose(loss, min(losses), rtol=1e-6)


def assert_same_state(one, other, path="vars"):
    """Deep equality of everything an estimator holds."""
    assert type(one) is type(other), path
    if isinstance(one, np.ndarray):
        assert_array_equal(one, other, err_msg=path)
        assert one.dtype == other.dtype, path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_same_state(one[key], other[key], f"{path}[{key!r}]")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), path
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same_state(a, b, f"{path}[{i}]")
    elif isinstance(one, np.random.RandomState):
        assert_same_state(list(one.get_state()), list(other.get_state()), path)
    elif isinstance(one, np.random.Generator):
        assert_same_state(one.bit_generator.state, other.bit_generator.state, path)
    elif isinstance(one, NumberReader):
        assert_same_state(one.__reduce__(), other.__reduce__(), path)
    elif isinstance(one, float) and np.isnan(one):
        assert np.isnan(other), path
    elif hasattr(one, "__dict__") and not callable(one):
        assert_same_state(vars(one), vars(other), path)
    else:
        assert one == other, path


def without_history(clf):
    """All that a fitted estimator holds, but the figures of its epochs."""
    model = clf._model
    model = replace(model, trained=replace(model.trained, history={}))
    return vars(clf) | {"_model": model}


def assert_same_network(one, other):
    for a, b in zip(
        [*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
    ):
        assert_array_equal(a, b)


def flat(clf):
    """All parameters of a network in one vector."""
    return np.concatenate([values.ravel() for values in (*clf.coefs_, *clf.intercepts_)])


class Recorder:
    """A scoring that remembers which rows it was shown: their first column is their number."""

    def __call__(self, estimator, X, y):
        self.rows = X[:, 0].astype(int)
        return estimator.score(X, y)


def numbered(X):
    return np.column_stack([np.arange(len(X)), X])


class Stop:
    """A callback of scikit-learn's protocol that wants to stop after some epochs."""

    def __init__(self, after):
        self.after = after
        self.n_epochs = 0
        self.log = []

    def setup(self, estimator, context):
        self.log.append("setup")

    def teardown(self, estimator, context):
        self.log.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name != "epoch":
            return None
        self.n_epochs += 1
        self.log.append(log_loss(y, fitted_estimator.predict_proba(X)))
        return self.n_epochs >= self.after


def blow_up_after(fraction):
    """A schedule whose rate is out of all bounds from some point on."""
    return lambda f: np.where(f < fraction, 1.0, 1e200)
