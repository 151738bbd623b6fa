"""Tests of the order of rows in mini-batch descent, and of L-BFGS that begins in float32."""

import numpy as np
import pytest
from common import network
from numpy.testing import assert_allclose
from scipy.optimize import OptimizeResult
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_info, threadpool_limits

from skxent import SoftmaxMLPClassifier
from skxent._kernels import Inputs, permutation, set_simd_level, simd_level
from skxent._training import full_batch
from skxent._training.blas import one_blas_thread, products_on_one_thread
from skxent._training.full_batch import minimize_scipy
from skxent._training.network import Network
from skxent._training.objective import Objective
from skxent._training.order import STRETCH, pieces
from skxent._training.stopping import Ending, Monitor, Patience


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("subset", [True, False])
@pytest.mark.parametrize("n_rows", [1, 100, 2 * STRETCH + 300, 3 * STRETCH + 1])
def test_every_row_comes_once_an_epoch(n_rows, subset, shuffle):
    rows = np.arange(0, 2 * n_rows, 2) if subset else None
    generator = np.random.Generator(np.random.SFC64(0))
    batch_size = 100
    parts = list(pieces(rows, n_rows, batch_size, generator, shuffle=shuffle))
    parts = [np.arange(n_rows) if part is None else part for part in parts]
    assert all(len(part) % batch_size == 0 for part in parts[:-1])  # only the last batch is short
    order = np.concatenate(parts)
    expected = np.arange(n_rows) * (2 if subset else 1)
    np.testing.assert_array_equal(np.sort(order), expected)
    if shuffle and n_rows > 1:
        # far from sorted, also between the stretches of a large table
        assert abs(np.corrcoef(order, np.arange(n_rows))[0, 1]) < (0.3 if n_rows == 100 else 0.1)
    else:
        np.testing.assert_array_equal(order, expected)


def blas_threads():
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


def test_the_blas_keeps_to_one_thread_where_it_makes_the_products():
    before, level = blas_threads(), simd_level()
    set_simd_level("blas")
    try:
        with products_on_one_thread():
            assert blas_threads() == {1}
    finally:
        set_simd_level(level)
    assert blas_threads() == before


def test_whoever_leaves_last_gives_the_threads_back():
    with threadpool_limits(3, user_api="blas"):
        before, first, second = blas_threads(), one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_threads() == {1}
        second.__exit__(None, None, None)
        assert blas_threads() == before
        with pytest.raises(KeyError), one_blas_thread():
            raise KeyError
        assert blas_threads() == before


@pytest.mark.filterwarnings("ignore:The .* solver reached max_iter")
@pytest.mark.parametrize("solver", ["lbfgs", "bfgs", "cg", "tnc"])
def test_the_minimum_is_the_same_on_any_number_of_blas_threads(solver, rng):
    X = rng.normal(size=(200, 100))
    y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int)
    hidden = 6 if solver == "bfgs" else 120  # BFGS keeps a matrix of all pairs of weights
    network = SoftmaxMLPClassifier(
        hidden, solver=solver, max_iter=12, encoder="passthrough", dtype="float64", random_state=0
    )
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            found.append(network.fit(X, y).coefs_[0])
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 1000])
def test_permutation_holds_every_number_once(n):
    order = permutation(n, 7)
    assert order.dtype == np.int32
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    np.testing.assert_array_equal(order, permutation(n, 7))


def test_permutations_are_equally_likely():
    orders, counts = np.unique(
        [permutation(4, seed) for seed in range(24_000)], axis=0, return_counts=True
    )
    assert len(orders) == 24
    # chi-square of 23 degrees of freedom, 0.1 % at either end
    assert 7.5 < ((counts - 1000) ** 2 / 1000).sum() < 49.7


def test_permutation_of_too_many_rows():
    with pytest.raises(ValueError, match="n must lie in"):
        permutation(1 << 31, 0)


@pytest.fixture
def dtypes(monkeypatch):
    """The dtype of every evaluation of the objective, in order."""
    seen = []
    evaluate = Objective.value_and_gradient

    def noted(self, params):
        seen.append(self.dtype.name)
        return evaluate(self, params)

    monkeypatch.setattr(Objective, "value_and_gradient", noted)
    return seen


@pytest.mark.parametrize("tol", [1e-2, 1e-9])  # the float64 run has nothing left to do, or much
def test_lbfgs_that_begins_in_single_precision_ends_in_double(tol, dtypes):
    X, y = load_digits(return_X_y=True)
    network = Network((64, 10), ())
    objective = Objective(
        network, "softmax_cross_entropy", 50.0, Inputs.dense(X / 16), y.astype(np.int32)
    )
    ends, monitors = [], []
    for single_first in (True, False):
        monitors.append(Monitor(Patience(tol, np.inf)))
        start = np.zeros(network.n_params)
        limits = {"max_iter": 1000, "max_fun": 5000, "tol": tol, "single_first": single_first}
        ends.append(minimize_scipy(objective, start, monitors[-1], "lbfgs", **limits))
        names = [name for i, name in enumerate(dtypes) if i == 0 or dtypes[i - 1] != name]
        assert names == (["float32", "float64"] if single_first else ["float64"])
        dtypes.clear()
        value, gradient = objective.value_and_gradient(ends[-1])
        dtypes.clear()
        assert monitors[-1].ending is Ending.CONVERGED
        assert np.abs(gradient).max() <= max(tol, 1e-7)  # or the loss no longer falls
        assert monitors[-1].history["loss"][-1] == value
        assert monitors[-1].history["gradient_norm"][-1] == np.linalg.norm(gradient)
    if tol < 1e-6:  # one minimum
        assert_allclose(ends[0], ends[1], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("rows", "dtype", "first"),
    [(1797, "auto", "float32"), (1797, "float64", "float64"), (150, "auto", "float64")],
)
def test_lbfgs_begins_in_single_precision_where_it_pays(rows, dtype, first, dtypes):
    X, y = load_digits(return_X_y=True)
    clf = SoftmaxMLPClassifier(
        (32,), solver="lbfgs", max_iter=3, encoder="passthrough", dtype=dtype, random_state=0
    )
    with pytest.warns(UserWarning, match="max_iter"):
        clf.fit(X[:rows] / 16, y[:rows])
    assert dtypes[0] == first
    assert clf.n_iter_ == 3
    assert clf.coefs_[0].dtype == np.float64


def test_lbfgs_at_the_limit_of_single_precision(iris, monkeypatch):
    """SciPy calls it ABNORMAL: no lower loss along the line. More iterations would not help."""

    def stuck(fun, x0, **settings):
        value, gradient = fun(x0)
        return OptimizeResult(x=x0, fun=value, jac=gradient, success=False, status=2)

    monkeypatch.setattr(full_batch, "minimize", stuck)
    for dtype, advice in (("float32", "set dtype='float64'"), ("float64", "scale the features")):
        clf = network(solver="lbfgs", dtype=dtype, max_iter=500)
        with pytest.warns(ConvergenceWarning, match=f"No further progress .*, or {advice}"):
            clf.fit(*iris)
