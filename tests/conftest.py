"""Data that the tests share: small, real, and shipped with scikit-learn."""

import signal

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler


def pytest_configure():
    """Let Ctrl-C be tested where the tests run in the background of a shell, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_teststatus(report):
    """Name what fails when it fails, on a line of its own among the dots."""
    if report.failed:
        kind, letter = ("failed", "F") if report.when == "call" else ("error", "E")
        return kind, f"{letter}\nFAILED {report.nodeid}\n", kind.upper()
    return None


def _standardised(loader):
    X, y = loader(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    X.flags.writeable = y.flags.writeable = False  # shared between tests
    return X, y


@pytest.fixture(scope="session")
def iris():
    """150 rows, 4 features, 3 classes, standardised."""
    return _standardised(load_iris)


@pytest.fixture(scope="session")
def wine():
    """178 rows, 13 features, 3 classes, standardised."""
    return _standardised(load_wine)


@pytest.fixture(scope="session")
def breast_cancer():
    """569 rows, 30 features, 2 classes, standardised."""
    return _standardised(load_breast_cancer)


@pytest.fixture(scope="session")
def digits():
    """1797 rows, 64 features, 10 classes, scaled to 0..1."""
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    X.flags.writeable = y.flags.writeable = False
    return X, y


@pytest.fixture(scope="session")
def multilabel(iris):
    """The irises with two overlapping labels: "not setosa" and "wide sepals"."""
    X, y = iris
    return X, np.column_stack([y != 0, X[:, 1] > 0]).astype(int)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def noisy(wine):
    """Wines of which a third have a wrong label, so that networks learn by heart: two halves."""
    X, y = wine
    rng = np.random.default_rng(0)
    y = np.where(rng.uniform(size=len(y)) < 0.35, rng.integers(0, 3, size=len(y)), y)
    order = rng.permutation(len(y))
    a, b = order[:100], order[100:]
    return X[a], y[a], X[b], y[b]


@pytest.fixture(scope="session")
def shuffled(iris):
    X, y = iris
    order = np.random.default_rng(1).permutation(len(y))
    return X[order], y[order]
