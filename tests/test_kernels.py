"""The compiled kernel against formulas in NumPy, and the promises of its interface."""

import threading

import numpy as np
import pytest
import scipy.sparse
from scipy.special import erfc, expit, log_softmax, softmax
from sklearn.datasets import make_classification

from skxent import SoftmaxMLPClassifier
from skxent._kernels import (
    ACTIVATIONS,
    LOSSES,
    Inputs,
    Kernel,
    evaluate_activation,
    evaluate_function,
    set_simd_level,
    simd_level,
)


def available_levels():
    best = simd_level()
    levels = ["avx512", "avx2", "blas"]
    return levels[levels.index(best) :]


LEVELS = available_levels()
TOLERANCE = {np.float32: 2e-4, np.float64: 1e-11}
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["f32", "f64"])
every_level = pytest.mark.parametrize("level", LEVELS)
# A BLAS chooses its order of summation by the shape: it promises no bits.
every_exact_level = pytest.mark.parametrize("level", LEVELS[:-1])


@pytest.fixture(autouse=True)
def best_level():
    yield
    set_simd_level(None)


# ---- the formulas, in NumPy, in float64 ------------------------------------------------------


def reference_activation(name, z):
    with np.errstate(over="ignore"):
        if name == "identity":
            return z
        if name == "logistic":
            return expit(z)
        if name == "tanh":
            return np.tanh(z)
        if name == "relu":
            return np.maximum(z, 0)
        if name == "leaky_relu":
            return np.where(z > 0, z, 0.01 * z)
        if name == "elu":
            return np.where(z > 0, z, np.expm1(z))
        if name == "selu":
            alpha, scale = 1.6732632423543772848, 1.0507009873554804934
            return scale * np.where(z > 0, z, alpha * np.expm1(z))
        if name == "gelu":
            return z * 0.5 * erfc(-z / np.sqrt(2))
        if name == "silu":
            return z * expit(z)
        if name == "mish":
            return z * np.tanh(np.logaddexp(0, z))
        if name == "softplus":
            return np.logaddexp(0, z)
    raise AssertionError(name)


def reference_loss(name, z, y):
    if name == "softmax_cross_entropy":
        return -(y * log_softmax(z, axis=1)).sum(axis=1)
    if name == "sigmoid_cross_entropy":
        return (np.logaddexp(0, z) - y * z).sum(axis=1)
    if name == "softmax_squared_error":
        return 0.5 * ((softmax(z, axis=1) - y) ** 2).sum(axis=1)
    return 0.5 * ((expit(z) - y) ** 2).sum(axis=1)


def split(sizes, params):
    at = 0
    for a, b in zip(sizes[:-1], sizes[1:], strict=True):
        yield params[at : at + a * b].reshape(a, b), params[at + a * b : at + (a + 1) * b]
        at += (a + 1) * b


def reference_logits(sizes, activations, params, X):
    a = np.asarray(X, dtype=np.float64)
    for (W, b), name in zip(
        split(sizes, params.astype(np.float64)), [*activations, "identity"], strict=True
    ):
        a = reference_activation(name, a @ W + b)
    return a


def one_hot(codes, k):
    return np.asarray(codes, float)[:, None] if k == 1 else np.eye(k)[codes]


# ---- problems --------------------------------------------------------------------------------


class Problem:
    """A network, parameters, rows and targets that go together."""

    def __init__(self, sizes=(5, 7, 3), activations=None, loss="softmax_cross_entropy", n=11,
                 dtype=np.float64, seed=0, scale=0.7, **options):  # fmt: skip
        rng = np.random.default_rng(seed)
        self.sizes, self.loss, self.dtype, self.n = sizes, loss, dtype, n
        self.activations = activations or ("tanh",) * (len(sizes) - 2)
        self.n_params = sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.params = (scale * rng.normal(size=self.n_params)).astype(dtype)
        self.X = rng.normal(size=(n, sizes[0])).astype(dtype)
        self.codes = rng.integers(2 if sizes[-1] == 1 else sizes[-1], size=n)
        self.y = one_hot(self.codes, sizes[-1])
        self.weights = rng.uniform(0.5, 2, size=n)
        self.options = options

    def kernel(self, **options):
        return Kernel(
            self.sizes, self.activations, self.loss, self.dtype, **{**self.options, **options}
        )

    def logits(self, inputs=None, rows=None, params=None, **options):
        inputs = inputs if inputs is not None else Inputs.dense(self.X)
        m = inputs.n_rows if rows is None else len(rows)
        out = np.full((m, self.sizes[-1]), np.nan, self.dtype)
        params = self.params if params is None else params
        self.kernel(**options).logits(params, inputs, rows, out)
        return out

    def value(self, inputs=None, targets=None, weights=None, rows=None, params=None, scale=1.0,
              penalty=0.0, **options):  # fmt: skip
        inputs = inputs if inputs is not None else Inputs.dense(self.X)
        targets = self.codes if targets is None else targets
        params = self.params if params is None else params
        gradient = np.full(self.n_params, np.nan, self.dtype)
        value = self.kernel(**options).value_and_gradient(
            params, inputs, targets, weights, rows, scale, penalty, gradient
        )
        return value, gradient

    def reference_value(self, y=None, weights=None, rows=None, params=None, scale=1.0, penalty=0.0,
                        X=None):  # fmt: skip
        rows = slice(None) if rows is None else rows
        params = self.params if params is None else params
        z = reference_logits(
            self.sizes, self.activations, params, (self.X if X is None else X)[rows]
        )
        losses = reference_loss(self.loss, z, (self.y if y is None else y)[rows])
        w = np.ones(self.n)[rows] if weights is None else weights[rows]
        squares = sum((W**2).sum() for W, _ in split(self.sizes, params.astype(np.float64)))
        return scale * self.options.get("loss_scale", 1.0) * (w @ losses) + penalty / 2 * squares

    def reference_gradient(self, step=1e-5, params=None, **arguments):
        """Numerical derivative of the reference, by the five-point rule."""
        params = (self.params if params is None else params).astype(np.float64)
        gradient = np.empty(self.n_params)
        for i in range(self.n_params):
            f = []
            for factor in (-2, -1, 1, 2):
                moved = params.copy()
                moved[i] += factor * step
                f.append(self.reference_value(params=moved, **arguments))
            gradient[i] = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step)
        return gradient

    def train(self, inputs=None, targets=None, weights=None, order=None, batch_size=4, rates=0.1,
              decay=0.0, rule="sgd", hyper=None, params=None, slots=None, step=0, penalty=0.0,
              level=None, n_threads=1, **arguments):  # fmt: skip
        inputs = inputs if inputs is not None else Inputs.dense(self.X)
        n_batches = -(-(inputs.n_rows if order is None else len(order)) // batch_size)
        params = (self.params if params is None else params).copy()
        if slots is None:
            slots = [np.zeros_like(params) for _ in range(1 if rule == "sgd" else 2)]
        answer = self.kernel(n_threads=n_threads).train(
            params, inputs, self.codes if targets is None else targets, weights, order, batch_size,
            np.broadcast_to(np.float64(rates), n_batches).copy(),
            rule=rule, slots=slots, step=step, decay=decay, penalty=penalty,
            hyper=hyper or ((0.0, 0) if rule == "sgd" else (0.9, 0.99, 1e-8)), **arguments,
        )  # fmt: skip
        return params, answer, slots


def each_loss(kernel, params, inputs, codes, n):
    """The loss of each of n rows: the value where the others have no weight."""
    gradient = np.empty_like(params)
    return np.array([
        kernel.value_and_gradient(params, inputs, codes, weights, None, 1.0, 0.0, gradient)
        for weights in np.eye(n)
    ])  # fmt: skip


def close(a, b, dtype, scale=None):
    b = np.asarray(b, dtype=np.float64)
    top = np.abs(b).max() if scale is None else scale
    np.testing.assert_allclose(a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * max(top, 1e-30))


# ---- elementwise -----------------------------------------------------------------------------

POINTS = np.concatenate([
    np.linspace(-30, 30, 601), np.linspace(-1, 1, 101), np.geomspace(1e-30, 80, 200),
    -np.geomspace(1e-30, 80, 200), [0.0, -0.0, 1e4, -1e4],
])  # fmt: skip


@every_level
@both_dtypes
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_equals_formula(name, dtype, level):
    set_simd_level(level)
    z = POINTS.astype(dtype)
    exact = z.astype(np.float64)
    a, da = evaluate_activation(name, z)
    expected = reference_activation(name, exact)
    tolerance = 4e-6 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(
        a, expected, rtol=tolerance, atol=1e-20 if dtype == np.float32 else 1e-300
    )
    moved = np.abs(exact) > 1e-3  # away from the kink
    h = 1e-5
    slope = (reference_activation(name, exact + h) - reference_activation(name, exact - h)) / (
        2 * h
    )
    np.testing.assert_allclose(
        da[moved], slope[moved], rtol=1e-5, atol=2e-6 if dtype == np.float32 else 1e-9
    )


@every_level
@both_dtypes
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_of_nan_is_nan_and_of_infinity_its_limit(name, dtype, level):
    set_simd_level(level)
    a, _ = evaluate_activation(name, np.array([np.nan, np.inf, -np.inf] * 9, dtype=dtype))
    assert np.isnan(a[::3]).all()
    assert not np.isnan(a[1::3]).any()
    bounded = {"logistic": 1.0, "tanh": 1.0}
    assert (a[1::3] == bounded.get(name, np.inf)).all()
    if name in ("relu", "logistic", "softplus"):
        assert (a[2::3] == 0).all()


@every_level
@both_dtypes
@pytest.mark.parametrize("name", ["exp", "expm1", "log1p"])
def test_function_equals_libm(name, dtype, level):
    set_simd_level(level)
    x = POINTS.astype(dtype)
    if name == "expm1":
        x = -np.abs(x)
    if name == "log1p":
        x = np.abs(x)
    with np.errstate(over="ignore", under="ignore"):
        expected = getattr(np, name)(x.astype(np.float64)).astype(dtype)
    tolerance = 4e-7 if dtype == np.float32 else 1e-15
    np.testing.assert_allclose(
        evaluate_function(name, x), expected, rtol=tolerance, atol=np.finfo(dtype).tiny
    )


# ---- value and gradient ----------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_equals_numerical_derivative(activation, loss):
    problem = Problem(
        sizes=(3, 4, 5, 3), activations=(activation, activation), loss=loss, n=5, seed=3
    )
    arguments = dict(weights=problem.weights, scale=0.3, penalty=0.02)
    value, gradient = problem.value(**arguments)
    assert value == pytest.approx(problem.reference_value(**arguments), rel=1e-12)
    expected = problem.reference_gradient(**arguments)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7 * np.abs(expected).max())


@every_level
@both_dtypes
@pytest.mark.parametrize(
    ("sizes", "loss"),
    [
        (sizes, loss)
        for sizes in [(4, 3), (6, 1), (3, 17, 2), (33, 40, 31, 18, 5), (1, 1, 1, 1), (0, 5, 3)]
        for loss in LOSSES
        if sizes[-1] > 1 or loss.startswith("sigmoid")  # a softmax of one output is constant
    ],
)
def test_shapes(sizes, loss, dtype, level):
    set_simd_level(level)
    problem = Problem(sizes=sizes, loss=loss, n=37, dtype=dtype, scale=0.3)
    double = Problem(sizes=sizes, loss=loss, n=37, scale=0.3)
    double.params, double.X = problem.params.astype(float), problem.X.astype(float)
    set_simd_level("blas")
    expected = double.value(weights=problem.weights, penalty=0.1)
    set_simd_level(level)
    reference = double.reference_value(weights=problem.weights, penalty=0.1)
    assert expected[0] == pytest.approx(reference, rel=1e-12)
    for rows in (None, np.arange(37)[::-1].copy()):  # read where they are, gathered
        value, gradient = problem.value(weights=problem.weights, penalty=0.1, rows=rows)
        assert value == pytest.approx(reference, rel=TOLERANCE[dtype])
        close(gradient, expected[1], dtype)
    close(
        problem.logits(),
        reference_logits(sizes, double.activations, double.params, double.X),
        dtype,
    )


@every_level
@both_dtypes
@pytest.mark.parametrize("sizes", [(1, 3), (1, 5, 2), (2, 3), (7, 40, 3), (20, 1, 1, 2)])
def test_rows_in_place_and_gathered_give_the_same_bits(sizes, dtype, level):
    set_simd_level(level)
    problem = Problem(sizes=sizes, n=300, dtype=dtype)
    value, gradient = problem.value()
    for rows in (np.arange(300), np.arange(300, dtype=np.int32)):
        assert problem.value(rows=rows)[0] == value
        np.testing.assert_array_equal(problem.value(rows=rows)[1], gradient)


@every_level
@both_dtypes
@pytest.mark.parametrize("loss", LOSSES)
def test_losses_of_rows(loss, dtype, level):
    set_simd_level(level)
    problem = Problem(loss=loss, dtype=dtype, n=300, loss_scale=1.5)
    out = each_loss(problem.kernel(), problem.params, Inputs.dense(problem.X), problem.codes, 300)
    z = reference_logits(problem.sizes, problem.activations, problem.params, problem.X)
    close(out, 1.5 * reference_loss(loss, z, problem.y), dtype)


@both_dtypes
@pytest.mark.parametrize("loss", LOSSES)
def test_codes_equal_rows_of_targets(loss, dtype):
    problem = Problem(loss=loss, dtype=dtype, n=300)
    expected = problem.value()
    for codes in (np.uint8, np.uint16, np.int32, np.int64):
        value, gradient = problem.value(targets=problem.codes.astype(codes))
        assert value == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])
    for y in (np.float32, np.float64):
        value, gradient = problem.value(targets=np.asfortranarray(problem.y.astype(y)))
        assert value == pytest.approx(expected[0], rel=1e-6)
        close(gradient, expected[1], dtype)


@pytest.mark.parametrize("loss", LOSSES)
def test_soft_targets(loss):
    problem = Problem(loss=loss, n=4)
    y = np.random.default_rng(0).uniform(size=(4, 3))
    problem.y = y
    value, gradient = problem.value(targets=y)
    assert value == pytest.approx(problem.reference_value(y=y), rel=1e-12)
    np.testing.assert_allclose(gradient, problem.reference_gradient(y=y), rtol=1e-6, atol=1e-8)


@both_dtypes
@pytest.mark.parametrize(
    ("loss", "k"),
    [(loss, k) for loss in LOSSES for k in (1, 2, 3, 17) if k > 1 or loss.startswith("sigmoid")],
)
def test_extreme_logits_give_finite_losses(loss, k, dtype):
    problem = Problem(sizes=(k, k), activations=(), loss=loss, n=2 * k, dtype=dtype)
    problem.params[:] = np.r_[np.eye(k).ravel(), np.zeros(k)]
    problem.X = np.concatenate([1e4 * np.eye(k), -1e4 * np.eye(k)]).astype(dtype)
    problem.codes = np.arange(2 * k) % max(k, 2)
    problem.y = one_hot(problem.codes, k)
    value, gradient = problem.value()
    assert value == pytest.approx(problem.reference_value(), rel=1e-5)
    assert np.isfinite(gradient).all()


def test_gradient_of_many_blocks_of_rows():
    problem = Problem(n=3001, activations=("gelu",))
    rows = np.random.default_rng(0).integers(3001, size=2500)
    value, gradient = problem.value(rows=rows, weights=problem.weights)
    halves = [problem.value(rows=r, weights=problem.weights) for r in (rows[:1111], rows[1111:])]
    assert value == pytest.approx(
        problem.reference_value(rows=rows, weights=problem.weights), rel=1e-12
    )
    np.testing.assert_allclose(gradient, halves[0][1] + halves[1][1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [0, 1])
def test_few_rows(n):
    problem = Problem(n=n)
    value, gradient = problem.value(penalty=0.5)
    assert value == pytest.approx(problem.reference_value(penalty=0.5), rel=1e-12)
    assert np.isfinite(gradient).all()
    assert problem.logits().shape == (n, 3)


# ---- kinds of input --------------------------------------------------------------------------


def layouts(X):
    wide = np.zeros((X.shape[0] * 2, X.shape[1] * 3), X.dtype)
    wide[::2, ::3] = X
    readonly = X.copy()
    readonly.flags.writeable = False
    backwards = X[::-1, ::-1].copy()[::-1, ::-1]
    misaligned = np.zeros(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)
    misaligned[:] = X
    return {
        "fortran": np.asfortranarray(X), "strided": wide[::2, ::3], "readonly": readonly,
        "backwards": backwards, "columns": np.hstack([X, X])[:, : X.shape[1]],
        "swapped": X.astype(X.dtype, order="F"), "misaligned": misaligned,
    }  # fmt: skip


@every_level
@both_dtypes
@pytest.mark.parametrize("layout", layouts(np.eye(2)))
def test_layout_of_X_does_not_matter(layout, dtype, level):
    set_simd_level(level)
    problem = Problem(sizes=(19, 7, 3), dtype=dtype, n=300)
    X = layouts(problem.X)[layout]
    rows = np.random.default_rng(0).permutation(300).astype(np.int32)
    np.testing.assert_array_equal(X, problem.X)
    np.testing.assert_array_equal(problem.logits(Inputs.dense(X), rows), problem.logits(rows=rows))
    np.testing.assert_array_equal(problem.value(Inputs.dense(X))[1], problem.value()[1])


@both_dtypes
def test_X_of_another_dtype_is_converted(dtype):
    problem = Problem(dtype=dtype, n=50)
    other = problem.X.astype(np.float64 if dtype == np.float32 else np.float32)
    expected = problem.logits(Inputs.dense(other.astype(dtype)))
    np.testing.assert_array_equal(problem.logits(Inputs.dense(other)), expected)


def test_memmap(tmp_path):
    problem = Problem(n=50)
    np.save(tmp_path / "X.npy", problem.X)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(problem.logits(Inputs.dense(X)), problem.logits())


def check_same(problem, inputs, tolerance):
    """The inputs mean problem.X: outputs, gradients and training agree."""
    scale = np.abs(problem.logits()).max()
    np.testing.assert_allclose(
        problem.logits(inputs), problem.logits(), rtol=tolerance, atol=tolerance * scale
    )
    rows = np.random.default_rng(5).integers(problem.n, size=problem.n + 50)
    for arguments in ({}, dict(rows=rows, weights=problem.weights)):
        value, gradient = problem.value(inputs, **arguments)
        expected = problem.value(**arguments)
        assert value == pytest.approx(expected[0], rel=tolerance)
        np.testing.assert_allclose(
            gradient, expected[1], rtol=tolerance, atol=tolerance * np.abs(expected[1]).max()
        )
    arguments = dict(batch_size=29, rates=0.01, penalty=0.01, hyper=(0.9, 1))
    np.testing.assert_allclose(
        problem.train(inputs, **arguments)[0], problem.train(**arguments)[0],
        rtol=10 * tolerance, atol=10 * tolerance,
    )  # fmt: skip


@every_level
@both_dtypes
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("data", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [(), (5,), (37, 4)])
def test_sparse_equals_dense(index, data, dtype, hidden, level):
    set_simd_level(level)
    problem = Problem(sizes=(23, *hidden, 3), dtype=dtype, n=300, scale=0.3)
    problem.X[np.random.default_rng(0).uniform(size=problem.X.shape) < 0.8] = 0
    problem.X[7] = 0
    X = scipy.sparse.csr_array(problem.X.astype(np.float32).astype(data))
    problem.X = X.toarray().astype(dtype)
    inputs = Inputs.sparse(X.indptr.astype(index), X.indices.astype(index), X.data, 23)
    assert (inputs.n_rows, inputs.n_features) == (300, 23)
    check_same(problem, inputs, 5e-5 if dtype == np.float32 else 1e-10)


def make_table(n, d0, kinds, widths, dtype, seed=0):
    """A table with gaps, ends and whole positions, and the matrix that it stands for."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(n, d0)).astype(dtype)
    positions = np.empty((n, len(kinds)), np.float32)
    blocks = [dense]
    for f, (kind, width) in enumerate(zip(kinds, widths, strict=True)):
        if kind == 0:
            p = rng.integers(width, size=n).astype(np.float32)
            block = np.eye(width)[p.astype(int)]
            p[::7] = -1
            block[::7] = 0
        else:
            p = rng.uniform(0, width, size=n).astype(np.float32)
            p[::5] = np.floor(p[::5])
            p[:4] = [0, width, 0.25, width][:n]
            block = np.clip(p[:, None].astype(float) - np.arange(width), 0, 1)
        p[3::11] = np.nan
        block[3::11] = 0
        positions[:, f] = p
        blocks.append(block)
    return dense, positions, np.hstack(blocks)


TABLES = {
    "mixed": (3, [1, 0, 1, 0, 1], [4, 3, 1, 9, 16]),
    "one-hot": (0, [0, 0], [5, 2]),
    "linear": (0, [1, 1, 1], [7, 3, 48]),
    "dense": (4, [], []),
    "wide": (1, [0, 1], [300, 70]),
    "many": (2, [1] * 40 + [0] * 7, [16] * 40 + [9] * 7),
}


@every_level
@both_dtypes
@pytest.mark.parametrize("hidden", [(), (5,), (70, 4)])
@pytest.mark.parametrize("table", TABLES)
def test_table_equals_its_expansion(table, hidden, dtype, level):
    set_simd_level(level)
    d0, kinds, widths = TABLES[table]
    dense, positions, X = make_table(300, d0, kinds, widths, dtype)
    problem = Problem(sizes=(X.shape[1], *hidden, 3), dtype=dtype, n=300, scale=0.3)
    problem.X = X.astype(dtype)
    inputs = Inputs.table(dense, positions, np.array(kinds, int), np.array(widths, int))
    assert (inputs.n_rows, inputs.n_features) == X.shape
    check_same(problem, inputs, 5e-5 if dtype == np.float32 else 1e-10)


@both_dtypes
@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("table", TABLES)
def test_the_expansion_of_a_table(table, n_threads, dtype):
    d0, kinds, widths = TABLES[table]
    dense, positions, X = make_table(300, d0, kinds, widths, dtype)
    for given in (dense, np.asfortranarray(dense), np.repeat(dense, 2, axis=1)[:, ::2]):
        out = np.full(X.shape, np.nan, dtype)
        Inputs.table(given, positions, np.array(kinds, int), np.array(widths, int)).expand(
            out, n_threads
        )
        np.testing.assert_array_equal(out, X.astype(dtype))
    no_rows = np.empty((0, X.shape[1]), dtype)
    Inputs.table(dense[:0], positions[:0], kinds, widths).expand(no_rows, n_threads)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.empty((4, 4), "f4"), "dtype float64"),
        (np.empty((4, 5)), "must have shape \\(4, 4\\)"),
        (np.empty((4, 4), order="F"), "writeable, aligned and C-contiguous"),
        (np.empty(4), "2 dimension"),
    ],
)
def test_what_no_table_is_expanded_into(out, message):
    table = Inputs.table(np.zeros((4, 1)), np.zeros((4, 1), "f4"), [1], [3])
    with pytest.raises(ValueError, match=message):
        table.expand(out)
    with pytest.raises(ValueError, match="Only a table is expanded"):
        Inputs.dense(np.zeros((4, 4))).expand(np.empty((4, 4)))


# ---- bitwise promises ------------------------------------------------------------------------


def all_inputs(n, dtype=np.float32, table="mixed"):
    d0, kinds, widths = TABLES[table]
    dense, positions, X = make_table(n, d0, kinds, widths, dtype)
    X = X.astype(dtype)
    S = scipy.sparse.csr_array(X)
    return {
        "dense": Inputs.dense(X),
        "sparse": Inputs.sparse(S.indptr, S.indices, S.data, X.shape[1]),
        "table": Inputs.table(dense, positions, np.array(kinds), np.array(widths)),
    }


every_kind = pytest.mark.parametrize("kind", ["dense", "sparse", "table"])


@every_exact_level
@every_kind
@both_dtypes
def test_a_row_alone_equals_the_row_in_a_batch(kind, dtype, level):
    set_simd_level(level)
    inputs = all_inputs(400, dtype)[kind]
    problem = Problem(
        sizes=(inputs.n_features, 50, 19, 3), n=400, dtype=dtype, activations=("silu", "gelu")
    )
    together = problem.logits(inputs)
    for rows in ([0], [399], [5, 6], [7] * 33, list(range(100, 357))):
        np.testing.assert_array_equal(
            problem.logits(inputs, np.array(rows)), together[rows], strict=True
        )


@every_level
@every_kind
@both_dtypes
@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_any_number_of_threads_gives_the_same_bits(rule, kind, dtype, level):
    set_simd_level(level)
    inputs = all_inputs(1500, dtype)[kind]
    problem = Problem(
        sizes=(inputs.n_features, 128, 96, 5), n=1500, dtype=dtype, activations=("tanh", "relu")
    )
    order = np.random.default_rng(0).permutation(1500)
    arguments = dict(
        inputs=inputs, order=order, batch_size=333, rule=rule, rates=0.01, decay=0.1,
        weights=problem.weights, penalty=0.01, dropout=np.array([0.2, 0.5]), clip=0.5, seed=3,
    )  # fmt: skip
    for threads in (2, 3):
        np.testing.assert_array_equal(
            problem.logits(inputs), problem.logits(inputs, n_threads=threads)
        )
        one, two = (
            problem.value(inputs, weights=problem.weights, n_threads=t) for t in (1, threads)
        )
        assert one[0] == two[0]
        np.testing.assert_array_equal(one[1], two[1])
        one, two = (problem.train(**arguments, n_threads=t) for t in (1, threads))
        assert one[1] == two[1]
        np.testing.assert_array_equal(one[0], two[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@every_level
# "bfgs" sees the same objective as "cg", and would need a matrix of 0.7 GB
@pytest.mark.parametrize(
    "solver", ["lbfgs", "cg", "tnc", "gradient_descent", "sgd", "adam", "adamw"]
)
def test_any_n_jobs_gives_the_same_bits(solver, level):
    set_simd_level(level)
    X, y = make_classification(900, 30, n_informative=8, random_state=0)
    networks = [
        SoftmaxMLPClassifier(
            (100, 60), solver=solver, batch_size=256, max_iter=3, early_stopping=False,
            n_members=1, n_jobs=n_jobs, random_state=0,
        ).fit(X, y)
        for n_jobs in (1, 2, 3)
    ]  # fmt: skip
    for other in networks[1:]:
        assert other.loss_curve_ == networks[0].loss_curve_
        np.testing.assert_array_equal(other.predict_proba(X), networks[0].predict_proba(X))


@every_level
@every_kind
@both_dtypes
@pytest.mark.parametrize("n", [1, 3, 700])
def test_mean_logits_is_the_mean_of_logits(n, kind, dtype, level):
    set_simd_level(level)
    inputs = all_inputs(n, dtype, "many" if n > 3 else "mixed")[kind]
    problem = Problem(
        sizes=(inputs.n_features, 70, 128, 3), n=n, dtype=dtype, activations=("relu", "silu")
    )
    params = problem.params * np.linspace(0.5, 1, 5, dtype=dtype)[:, None]
    rows = np.random.default_rng(0).integers(n, size=n + 3)
    for chosen in (None, rows):
        each = np.array([problem.logits(inputs, chosen, p) for p in params], dtype=np.float64)
        out = np.full(each.shape[1:], np.nan)
        problem.kernel().mean_logits(params, inputs, chosen, out)
        np.testing.assert_array_equal(out, sum(each) / 5)
        single, threads = out.astype(np.float32), np.empty_like(out)
        problem.kernel().mean_logits(params, inputs, chosen, single)
        np.testing.assert_array_equal(single, out.astype(np.float32))
        problem.kernel(n_threads=3).mean_logits(params, inputs, chosen, threads)
        np.testing.assert_array_equal(threads, out)


def test_mean_of_logits_that_are_no_numbers():
    problem = Problem(sizes=(1, 1), activations=(), loss=LOSSES[1], n=4)
    problem.X[:, 0] = [np.inf, -np.inf, np.nan, 2.0]
    out = np.empty((4, 1))
    params = np.array([[1.0, 0.0], [3.0, 0.0]])
    problem.kernel().mean_logits(params, Inputs.dense(problem.X), None, out)
    np.testing.assert_array_equal(out[:, 0], [1e30, -1e30, np.nan, 4.0])


@pytest.mark.parametrize(
    ("params", "out", "words"),
    [
        (np.zeros(66), np.zeros((11, 3)), "params"),
        (np.zeros((2, 65)), np.zeros((11, 3)), "params"),
        (np.zeros((0, 66)), np.zeros((11, 3)), "params"),
        (np.zeros((2, 66), np.float32), np.zeros((11, 3)), "params"),
        (np.zeros((66, 2)).T, np.zeros((11, 3)), "params"),
        (np.zeros((2, 66)), np.zeros((11, 2)), "out"),
        (np.zeros((2, 66)), np.zeros((11, 3), int), "out"),
        (np.zeros((2, 66)), np.zeros((3, 11)).T, "out"),
    ],
)
def test_bad_arguments_of_mean_logits(params, out, words):
    problem = Problem()
    with pytest.raises(ValueError, match=words):
        problem.kernel().mean_logits(params, Inputs.dense(problem.X), None, out)


@every_kind
def test_rows_choose_rows(kind):
    inputs = all_inputs(600)[kind]
    problem = Problem(sizes=(inputs.n_features, 21, 3), n=600, dtype=np.float32)
    everything = problem.logits(inputs)
    rows = np.random.default_rng(1).integers(600, size=777)
    for index in (np.int32, np.int64):
        np.testing.assert_allclose(
            problem.logits(inputs, rows.astype(index)), everything[rows], rtol=1e-5, atol=1e-5
        )
    assert problem.logits(inputs, rows[:0]).shape == (0, 3)


# ---- training --------------------------------------------------------------------------------


def reference_training(problem, batch_size, rates, decay, rule, hyper, step, penalty, weights,
                       order, clip, average, average_decay):  # fmt: skip
    """The training pass in Python, with gradients from value_and_gradient."""
    kernel, p, g = problem.kernel(), problem.params.copy(), problem.params * 0
    slots = [0 * p, 0 * p]
    is_weight = np.concatenate([
        np.repeat([1, 0], [W.size, b.size]) for W, b in split(problem.sizes, p)
    ])  # fmt: skip
    loss_sum = squares = 0.0
    for batch, first in enumerate(range(0, len(order), batch_size)):
        rows = order[first : first + batch_size]
        scale = 1 / weights[rows].sum()
        value = kernel.value_and_gradient(
            p, Inputs.dense(problem.X), problem.y, weights, rows, scale, penalty, g
        )
        norm = sum((W**2).sum() for W, _ in split(problem.sizes, p))
        loss_sum += (value - penalty / 2 * norm) / scale
        squares += g @ g
        if clip and np.linalg.norm(g) > clip:
            g *= clip / np.linalg.norm(g)
        rate = rates[batch]
        p -= rate * decay * is_weight * p
        if rule == "sgd":
            slots[0] = hyper[0] * slots[0] - rate * g
            p += hyper[0] * slots[0] - rate * g if hyper[1] else slots[0]
        else:
            b1, b2, eps = hyper
            t = step + batch + 1
            slots[0] = b1 * slots[0] + (1 - b1) * g
            slots[1] = b2 * slots[1] + (1 - b2) * g * g
            rate = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
            p -= rate * slots[0] / (np.sqrt(slots[1]) + eps)
        average = average_decay * average + (1 - average_decay) * p
    return p, (loss_sum, weights[order].sum(), squares, batch + 1), slots, average


@every_level
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize(
    ("rule", "hyper"),
    [("sgd", (0.0, 0)), ("sgd", (0.9, 0)), ("sgd", (0.9, 1)), ("adam", (0.9, 0.95, 1e-8))],
)
@pytest.mark.parametrize("loss", LOSSES)
def test_training_equals_the_formulas(loss, rule, hyper, n_threads, level):
    set_simd_level(level)
    problem = Problem(sizes=(5, 40, 3), loss=loss, n=700)
    rng = np.random.default_rng(0)
    order, batch_size = rng.permutation(700)[:650], 270
    settings = dict(
        rates=np.array([0.01, 0.02, 0.003]), decay=0.5, rule=rule,
        hyper=hyper, step=7, penalty=0.03, weights=problem.weights, order=order,
        batch_size=batch_size, clip=0.3, average_decay=0.8,
    )  # fmt: skip
    average = problem.params.copy()
    p, answer, slots = problem.train(**settings, average=average, n_threads=n_threads)
    expected = reference_training(problem, average=problem.params.copy(), **settings)
    np.testing.assert_allclose(p, expected[0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(answer, expected[1], rtol=1e-10)
    for a, b in zip(slots, expected[2], strict=False):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(average, expected[3], rtol=1e-9, atol=1e-11)


@every_level
@pytest.mark.parametrize("batch_size", [1, 32, 200, 5000])
def test_training_in_float32_follows_float64(batch_size, level):
    set_simd_level(level)
    arguments = dict(sizes=(20, 33, 5), activations=("relu",), n=400, scale=0.2)
    single, double = Problem(**arguments, dtype=np.float32), Problem(**arguments)
    double.params, double.X = single.params.astype(float), single.X.astype(float)
    settings = dict(rule="adam", rates=1e-4, batch_size=batch_size, hyper=(0.9, 0.999, 1e-8))
    a, b = single.train(**settings), double.train(**settings)
    # A gradient of zero but for rounding still moves a weight by the rate: hence the slack.
    np.testing.assert_allclose(a[0], b[0], atol=1e-4)
    np.testing.assert_allclose(a[1], b[1], rtol=1e-3)


def test_training_continues_where_it_stopped():
    problem = Problem(n=40)
    order = np.arange(40)
    settings = dict(rule="adam", batch_size=4, dropout=np.array([0.3]), seed=9, rates=0.01)
    at_once = problem.train(order=order, **settings)
    half = problem.train(order=order[:20], **settings)
    rest = problem.train(order=order[20:], params=half[0], slots=half[2], step=5, **settings)
    np.testing.assert_array_equal(at_once[0], rest[0])
    for a, b in zip(at_once[2], rest[2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_reduces_the_loss():
    problem = Problem(sizes=(8, 32, 3), n=500, dtype=np.float32, activations=("relu",))
    problem.codes = np.argmax(problem.X[:, :3], axis=1)
    params, slots, losses = problem.params, None, []
    for epoch in range(30):
        params, answer, slots = problem.train(
            params=params, slots=slots, rule="adam", rates=0.01, step=epoch * 16, batch_size=32
        )
        losses.append(answer[0] / answer[1])
    assert losses[-1] < 0.1 * losses[0]


def test_weight_of_zero_leaves_a_row_out():
    problem = Problem(n=40)
    weights = np.r_[np.ones(20), np.zeros(20)]
    order = np.arange(40)
    some = problem.train(weights=weights, order=order[:20], batch_size=20)
    every = problem.train(weights=weights, order=order, batch_size=40)
    np.testing.assert_allclose(every[0], some[0], rtol=1e-12, atol=1e-14)
    nothing, answer, _ = problem.train(weights=np.zeros(40), batch_size=10)
    np.testing.assert_array_equal(nothing, problem.params)
    assert answer == (0.0, 0.0, 0.0, 4)


def test_float32_weights():
    problem = Problem(n=40)
    weights = problem.weights.astype(np.float32)
    strided = np.repeat(weights, 2)[::2]
    expected = problem.value(weights=weights.astype(np.float64))
    for w in (weights, strided):
        value, gradient = problem.value(weights=w)
        assert value == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


@every_level
@both_dtypes
@pytest.mark.parametrize("activation", ["relu", "tanh", "identity", "leaky_relu"])
def test_dropout_masks_units_at_the_rate(activation, dtype, level):
    # W_2 = 0 with sgd: its gradient is a^T (p - y), whose zero columns show what was dropped.
    set_simd_level(level)
    h, rate = 4000, 0.3
    problem = Problem(sizes=(2, h, 2), activations=(activation,), n=1, dtype=dtype)
    problem.params[:] = 0
    problem.params[: 2 * h] = 0.5
    problem.X[:] = 1.0
    problem.codes[:] = 0
    a = float(reference_activation(activation, np.float64(1.0)))

    def masks(seed, step):
        params, _, _ = problem.train(
            rates=1.0, batch_size=1, dropout=np.array([rate]), seed=seed, step=step
        )
        return params[3 * h : 5 * h : 2]

    first = masks(1, 0)
    kept = first != 0
    np.testing.assert_allclose(first[kept], 0.5 * a / (1 - rate), rtol=1e-5)
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / h)
    np.testing.assert_array_equal(first, masks(1, 0))
    for other in (masks(2, 0), masks(1, 1), masks(2**63, 0)):
        agree = ((other != 0) == kept).mean()
        assert abs(agree - (0.7**2 + 0.3**2)) < 0.05
        assert abs((other != 0).mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / h)


def test_dropout_masks_differ_between_rows_and_layers():
    problem = Problem(sizes=(1, 64, 64, 1), loss="sigmoid_cross_entropy", n=256,
                      activations=("identity",) * 2)  # fmt: skip
    # With W_2 = 0, b_1 = 1 and W_3 = 1 the gradient of W_2 is a_1^T d_2, which counts the rows
    # that keep both units: 256 / 4 of them, give or take, were the two masks independent.
    problem.params[:] = 0
    problem.params[64:128] = 1
    problem.params[-65:-1] = 1
    params, _, _ = problem.train(
        rates=256.0, batch_size=256, dropout=np.array([0.5, 0.5]), seed=0, targets=np.ones((256, 1))
    )
    both = params[128 : 128 + 64 * 64] / (0.5 * 2 * 2)
    np.testing.assert_allclose(both, both.round(), atol=1e-9)
    assert both.mean() == pytest.approx(64, abs=1)
    assert both.std() == pytest.approx(np.sqrt(256 * 0.25 * 0.75), rel=0.1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropout_gradient_is_of_the_dropped_network(activation):
    """Training on one row with dropout equals training the network of the kept units."""
    h = 30
    problem = Problem(sizes=(4, h, 3), activations=(activation,), n=1)
    settings = dict(rates=0.1, dropout=np.array([0.5]), seed=4, batch_size=1)
    params, answer, _ = problem.train(**settings)
    changed = (params - problem.params)[5 * h : 8 * h].reshape(h, 3).any(axis=1)
    assert 2 < changed.sum() < 25
    thin = Problem(sizes=(4, h, 3), activations=(activation,), n=1)
    (W1, b1), (W2, b2) = split(thin.sizes, thin.params)
    W2 *= np.where(changed, 2.0, 0.0)[:, None]  # 1 / (1 - rate), or nothing
    value, gradient = thin.value()
    assert answer[0] == pytest.approx(value, rel=1e-12)
    moved = (params - problem.params) / -0.1
    np.testing.assert_allclose(moved[: 5 * h], gradient[: 5 * h], rtol=1e-9, atol=1e-11)
    inner = gradient[5 * h : 8 * h].reshape(h, 3) * np.where(changed, 2.0, 0.0)[:, None]
    np.testing.assert_allclose(moved[5 * h : 8 * h].reshape(h, 3), inner, rtol=1e-9, atol=1e-11)


def test_dropout_of_zero_changes_nothing():
    problem = Problem(n=40)
    np.testing.assert_array_equal(
        problem.train(dropout=np.zeros(1))[0], problem.train(dropout=None)[0]
    )


def test_clip_bounds_the_step():
    problem = Problem(n=20, scale=2.0)
    params, answer, _ = problem.train(batch_size=20, rates=1.0, clip=0.01)
    assert answer[2] > 0.01**2
    assert np.linalg.norm(params - problem.params) == pytest.approx(0.01, rel=1e-9)
    loose = problem.train(batch_size=20, rates=1.0, clip=1e6)
    np.testing.assert_array_equal(loose[0], problem.train(batch_size=20, rates=1.0)[0])


@every_level
@both_dtypes
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_stops_before_the_update(bad, dtype, level):
    set_simd_level(level)
    problem = Problem(sizes=(5, 20, 20, 3), n=20, dtype=dtype, activations=("relu", "gelu"))
    expected, _, _ = problem.train(order=np.arange(8), batch_size=4)
    problem.X[9, 2] = bad
    params, answer, _ = problem.train(batch_size=4)
    assert answer[3] == 2
    assert np.isfinite(answer).all()
    np.testing.assert_array_equal(params, expected)


def test_infinite_loss_of_a_diverged_network():
    problem = Problem(n=20, dtype=np.float32, activations=("relu",))
    params, answer, _ = problem.train(params=problem.params * np.float32(1e30))
    assert answer[3] == 0
    value, _ = problem.value(params=problem.params * np.float32(1e30))
    assert not np.isfinite(value)


def test_denormals_are_restored():
    problem = Problem(n=20)
    problem.train(n_threads=2)
    assert np.float64(5e-324) * 1.0 > 0


# ---- threads of the caller -------------------------------------------------------------------


def test_kernels_work_in_parallel():
    problem = Problem(sizes=(5, 200, 90, 3), n=2000, dtype=np.float32, scale=0.2)
    expected = problem.train(batch_size=200)[0]
    answers = [None] * 4

    def work(i):
        answers[i] = problem.train(batch_size=200, n_threads=1 + i % 2)[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if simd_level() == "blas":  # whose order of summation depends on the shape
            np.testing.assert_allclose(answer, expected, atol=1e-4)
        else:
            np.testing.assert_array_equal(answer, expected)


# ---- bad arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(sizes=(3,)), "sizes"),
        (dict(sizes=(3, 0, 2), activations=("relu",)), "sizes"),
        (dict(sizes=(3, 4, 2)), "activations"),
        (dict(sizes=(3, 4, 2), activations=("sine",)), "sine"),
        (dict(loss="hinge"), "hinge"),
        (dict(dtype=np.float16), "dtype"),
        (dict(n_threads=0), "n_threads"),
        (dict(loss_scale=-1.0), "loss_scale"),
    ],
)
def test_bad_network(arguments, words):
    defaults = dict(sizes=(3, 2), activations=(), loss=LOSSES[0], dtype=np.float64)
    arguments = {**defaults, **arguments}
    with pytest.raises(ValueError, match=words):
        Kernel(
            arguments.pop("sizes"), arguments.pop("activations"), arguments.pop("loss"),
            arguments.pop("dtype"), **arguments,
        )  # fmt: skip


def failed_kernel(*arguments):
    kernel = Kernel.__new__(Kernel)
    with pytest.raises((ValueError, OverflowError)):
        kernel.__init__(*arguments)
    return kernel


@pytest.mark.parametrize(
    "make",
    [
        lambda: Kernel.__new__(Kernel),
        lambda: failed_kernel((3, 2), (), "hinge", np.float64),
        lambda: failed_kernel((3, 2), (), LOSSES[0], np.float16),
        lambda: failed_kernel((3, 2**40, 2**40, 2), ("relu",) * 2, LOSSES[0], np.float64),
    ],
)
def test_a_kernel_whose_initialisation_failed_is_refused(make):
    kernel, X, params = make(), Inputs.dense(np.zeros((4, 3))), np.zeros(8)
    codes = np.zeros(4, int)
    with pytest.raises(RuntimeError, match="initialisation failed"):
        kernel.logits(params, X, None, np.zeros((4, 2)))
    with pytest.raises(RuntimeError, match="initialisation failed"):
        kernel.mean_logits(params[None], X, None, np.zeros((4, 2)))
    with pytest.raises(RuntimeError, match="initialisation failed"):
        kernel.value_and_gradient(params, X, codes, None, None, 1.0, 0.0, params.copy())
    with pytest.raises(RuntimeError, match="initialisation failed"):
        kernel.train(
            params, X, codes, None, None, 4, np.ones(1), rule="sgd", slots=[params.copy()],
            hyper=(0.0, 0), step=0, decay=0.0, penalty=0.0,
        )  # fmt: skip


@pytest.mark.parametrize(
    "make",
    [
        lambda: Inputs.dense(np.eye(3, dtype=np.float16)),
        lambda: Inputs.dense(np.zeros(3)),
        lambda: Inputs.dense([[1.0]]),
        lambda: Inputs.sparse(np.array([0, 2]), np.array([0, 5]), np.ones(2), 5),
        lambda: Inputs.sparse(np.array([0, 3]), np.array([0, 1]), np.ones(2), 5),
        lambda: Inputs.sparse(np.array([0, 2, 1]), np.array([0, 1]), np.ones(2), 5),
        lambda: Inputs.sparse(np.array([0, 2]), np.array([0, 1]), np.ones(3), 5),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((3, 1), "f4"), [0], [2]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 1)), [0], [2]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 1), "f4"), [2], [2]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 1), "f4"), [0], [0]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 1), "f4"), [0, 1], [2]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 1), "f4"), [0], [-1]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 1), "f4"), [0], [2**24 + 1]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 2), "f4"), [1] * 2, [2**31, 4]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 3), "f4"), [0] * 3, [2**62, 2**62, 4]),
        lambda: Inputs.table(np.zeros((2, 0)), np.full((2, 1), 2, "f4"), [0], [2]),
        lambda: Inputs.table(np.zeros((2, 0)), np.full((2, 1), 2.5, "f4"), [1], [2]),
        lambda: Inputs.table(np.zeros((2, 0)), np.zeros((2, 2), "f4", order="F"), [0] * 2, [2] * 2),
    ],
)
def test_bad_inputs(make):
    with pytest.raises(ValueError, match="."):
        make()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(rows=np.array([0, 11])), "rows"),
        (dict(rows=np.array([-1])), "rows"),
        (dict(rows=np.array([0.0])), "rows"),
        (dict(targets=np.zeros(10, int)), "targets"),
        (dict(targets=np.zeros((11, 2))), "targets"),
        (dict(targets=np.zeros(11)), "targets"),
        (dict(targets=np.full(11, 3)), "targets"),
        (dict(targets=np.full(11, -1)), "targets"),
        (dict(weights=np.ones(10)), "weights"),
        (dict(weights=np.ones(11, int)), "weights"),
        (dict(params=np.zeros(3)), "params"),
        (dict(params=np.zeros(66, np.float32)), "params"),
        (dict(inputs=Inputs.dense(np.zeros((11, 4)))), "features"),
    ],
)
def test_bad_value_arguments(arguments, words):
    with pytest.raises(ValueError, match=words):
        Problem().value(**arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(batch_size=0), "batch_size"),
        (dict(order=np.array([11])), "order"),
        (dict(order=np.array([0, -1])), "order"),
        (dict(order=np.array([10, 11], dtype=np.int32)), "order must lie in 0..10; got 10..11"),
        (dict(order=np.array([-1, 10], dtype=np.int32)), "order must lie in 0..10; got -1..10"),
        (dict(rule="lion"), "lion"),
        (dict(slots=[]), "slots"),
        (dict(slots=[np.zeros(3)]), "slots"),
        (dict(hyper=(1.0,)), "hyper"),
        (dict(decay=-1.0), "decay"),
        (dict(clip=-1.0), "clip"),
        (dict(dropout=np.array([1.0])), "dropout"),
        (dict(dropout=np.array([0.1, 0.1])), "dropout"),
        (dict(average=np.zeros(3)), "average"),
        (dict(average_decay=2.0), "average_decay"),
        (dict(targets=np.full(11, 7)), "targets"),
    ],
)
def test_bad_training_arguments(arguments, words):
    if arguments.get("batch_size") == 0:
        problem = Problem()
        with pytest.raises(ValueError, match=words):
            problem.kernel().train(
                problem.params, Inputs.dense(problem.X), problem.codes, None, None, 0,
                np.ones(1), rule="sgd", slots=[problem.params.copy()],
                hyper=(0.0, 0), step=0, decay=0.0, penalty=0.0,
            )  # fmt: skip
        return
    with pytest.raises(ValueError, match=words):
        Problem().train(**arguments)


def test_read_only_outputs_are_refused():
    problem = Problem()
    out = np.zeros((11, 3))
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out"):
        problem.kernel().logits(problem.params, Inputs.dense(problem.X), None, out)
    gradient = np.zeros(problem.n_params)
    gradient.flags.writeable = False
    with pytest.raises(ValueError, match="gradient"):
        problem.kernel().value_and_gradient(
            problem.params, Inputs.dense(problem.X), problem.codes, None, None, 1.0, 0.0, gradient
        )


def test_unknown_level_is_refused():
    with pytest.raises(ValueError, match="mmx"):
        set_simd_level("mmx")
    assert simd_level() == LEVELS[0]
