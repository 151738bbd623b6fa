"""How exact the kernel's elementwise functions and losses are, at every SIMD level."""

import numpy as np
import pytest
from scipy.special import erfcx
from test_kernels import LEVELS, best_level, both_dtypes, each_loss, every_level  # noqa: F401

from skxent._kernels import (
    ACTIVATIONS,
    Inputs,
    Kernel,
    evaluate_activation,
    evaluate_function,
    set_simd_level,
)

# An exact function of a float32 is one in float64; of a float64, one in something longer still.
EXACT = {np.float32: np.float64, np.float64: np.longdouble}


def exact(x):
    longer = EXACT[x.dtype.type]
    if np.finfo(longer).eps > np.finfo(x.dtype).eps / 100:
        pytest.skip("No floating-point type here is longer than float64.")
    return x.astype(longer)


def spread(dtype):
    """Magnitudes from tiny to where exp leaves the range of normal numbers, and both signs."""
    most = 87.0 if dtype == np.float32 else 700.0
    rng = np.random.default_rng(0)
    x = np.concatenate([
        np.exp(rng.uniform(np.log(1e-9), np.log(most), 20011)),
        rng.uniform(0.0, 2.0, 20011),
        rng.uniform(0.0, 25.0, 20011),
    ])  # fmt: skip
    return np.concatenate([-x, x]).astype(dtype)


def units_in_the_last_place(got, wanted):
    spacing = np.spacing(np.abs(wanted).astype(got.dtype)).astype(wanted.dtype)
    return np.abs(got.astype(wanted.dtype) - wanted) / spacing


def logistic(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1) / (1 + e)


FUNCTIONS = {
    "exp": (np.exp, lambda x: evaluate_function("exp", x)),
    "expm1": (np.expm1, lambda x: evaluate_function("expm1", x)),
    "log1p": (np.log1p, lambda x: evaluate_function("log1p", x)),
    "tanh": (np.tanh, lambda x: evaluate_activation("tanh", x)[0]),
    "logistic": (logistic, lambda x: evaluate_activation("logistic", x)[0]),
}


@every_level
@both_dtypes
@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_exact_to_two_units_in_the_last_place(name, dtype, level):
    function, ours = FUNCTIONS[name]
    set_simd_level(level)
    x = spread(dtype)
    if name == "expm1":
        x = x[x <= 0]
    if name == "log1p":
        x = x[x >= 0]
    # without fused multiply-adds half a unit more is lost
    bound = 2.6 if level == "blas" or name == "log1p" else 2.0
    assert units_in_the_last_place(ours(x), function(exact(x))).max() <= bound


def selu(z):
    return np.longdouble("1.0507009873554804934193349852946") * np.where(
        z > 0, z, np.longdouble("1.6732632423543772848170429916717") * np.expm1(np.minimum(z, 0))
    )


def mish(z):
    e = np.exp(np.minimum(z, 0))
    return z * np.where(z > 0, np.tanh(np.logaddexp(0, z)), e * (e + 2) / (e * (e + 2) + 2))


def gelu(z):
    y = np.abs(z) / np.sqrt(np.longdouble(2))
    near = y.astype(np.float64)  # scipy's erfcx goes no further: the rest by the derivative
    bell = np.exp(-(near.astype(np.longdouble) ** 2))
    tail = bell * (erfcx(near) - 2 / np.sqrt(np.pi) * (y - near)) / 2
    return z * np.where(z < 0, tail, 1 - tail)


FORMULAS = {
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": selu,
    "gelu": gelu,
    "silu": lambda z: z * logistic(z),
    "mish": mish,
    "softplus": lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
}


@every_level
@pytest.mark.parametrize("name", FORMULAS)
def test_activation_in_float64_is_exact_to_fourteen_digits(name, level):
    set_simd_level(level)
    z = spread(np.float64)
    if name == "gelu":
        z = z[z > -37]  # below, it is denormal
    np.testing.assert_allclose(
        evaluate_activation(name, z)[0].astype(np.longdouble), FORMULAS[name](exact(z)), rtol=1e-14
    )


@every_level
@both_dtypes
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_result_does_not_depend_on_the_place(name, dtype, level):
    set_simd_level(level)
    z = np.random.default_rng(1).normal(scale=5.0, size=37).astype(dtype)
    together = np.stack(evaluate_activation(name, z))
    for start in (1, 7, 20, 36):
        alone = np.stack(evaluate_activation(name, z[start:]))
        np.testing.assert_array_equal(alone, together[:, start:])


def losses_of(z, codes, loss="softmax_cross_entropy"):
    """Losses of rows of logits: those of a network that does nothing to its inputs."""
    k = z.shape[1]
    kernel = Kernel((k, k), (), loss, z.dtype)
    params = np.concatenate([np.eye(k).ravel(), np.zeros(k)]).astype(z.dtype)
    return each_loss(kernel, params, Inputs.dense(z), codes, len(z))


@every_level
@both_dtypes
@pytest.mark.parametrize("k", [2, 3, 5, 10, 31, 63, 64, 65, 100, 130])
def test_cross_entropy_for_every_number_of_classes(k, dtype, level):
    set_simd_level(level)
    rng = np.random.default_rng(k)
    z = rng.normal(scale=4.0, size=(41, k)).astype(dtype)
    codes = rng.integers(k, size=41)
    terms = np.exp(z.astype(np.longdouble)).sum(axis=1)
    expected = np.log(terms) - z[np.arange(41), codes].astype(np.longdouble)
    got = losses_of(z, codes)
    np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
    np.testing.assert_array_equal(losses_of(z[7:8], codes[7:8]), got[7:8])


@every_level
@both_dtypes
@pytest.mark.parametrize("k", [2, 100])
def test_small_losses_keep_their_digits(k, dtype, level):
    set_simd_level(level)
    z = np.zeros((4, k), dtype=dtype)
    z[:, 1] = [5.0, 20.0, 40.0, 80.0]
    expected = np.log1p((k - 1) * np.exp(-z[:, 1].astype(np.float64)))
    got = losses_of(z, np.ones(4, dtype=np.int64))
    np.testing.assert_allclose(got, expected, rtol=1e-6 if dtype == np.float32 else 1e-14)


@every_level
@both_dtypes
@pytest.mark.parametrize("k", [3, 100])
def test_huge_logits_cost_what_they_are_apart(k, dtype, level):
    set_simd_level(level)
    z = np.zeros((2, k), dtype=dtype)
    z[:, 0] = [1e4, -1e30]
    got = losses_of(z, np.array([1, 0]))
    np.testing.assert_allclose(got, [1e4, 1e30], rtol=1e-6)
