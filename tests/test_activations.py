"""Every activation of the kernel against its formula: values, slopes, extremes, both precisions."""

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal

from skxent._kernels import evaluate_activation
from skxent._training.activations import ACTIVATIONS

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

SCIKIT_LEARN = {"identity", "logistic", "tanh", "relu"}
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-13}


def grid(dtype):
    """Both signs, tiny and large, with lengths that are no multiple of a vector register."""
    magnitudes = np.concatenate([np.geomspace(1e-12, 1e3, 211), np.linspace(0.1, 25.0, 250)])
    return np.concatenate([-magnitudes, [0.0], magnitudes]).astype(dtype)


def test_registry_is_the_references():
    assert set(ACTIVATIONS) == set(reference.ACTIVATIONS)
    assert set(ACTIVATIONS) >= SCIKIT_LEARN


@every_activation
def test_registry_entry_is_complete(name):
    assert ACTIVATIONS[name].formula
    assert ACTIVATIONS[name].gain > 0


@every_activation
@both_dtypes
def test_value_and_slope_equal_the_formula(name, dtype):
    z = grid(dtype)
    a, da = evaluate_activation(name, z)
    function, derivative = reference.ACTIVATIONS[name]
    tolerance = TOLERANCE[dtype]
    assert a.dtype == da.dtype == dtype
    exact = z.astype(np.float64)
    assert_allclose(a, function(exact), rtol=tolerance, atol=tolerance)
    assert_allclose(da, derivative(exact), rtol=tolerance, atol=2 * tolerance)


@every_activation
def test_slope_is_that_of_the_value(name, rng):
    z = rng.uniform(-6.0, 6.0, size=101)
    z = z[np.abs(z) > 1e-3]
    h = 1e-6
    up, down = evaluate_activation(name, z + h)[0], evaluate_activation(name, z - h)[0]
    assert_allclose(evaluate_activation(name, z)[1], (up - down) / (2 * h), rtol=1e-6, atol=1e-8)


@every_activation
@both_dtypes
def test_zero(name, dtype):
    a, da = evaluate_activation(name, np.zeros(3, dtype=dtype))
    function, derivative = reference.ACTIVATIONS[name]
    assert_allclose(a, function(np.zeros(3)), rtol=1e-6)
    assert_allclose(da, derivative(np.zeros(3)), rtol=1e-6)  # where it jumps: the left one


@every_activation
@both_dtypes
@pytest.mark.parametrize("size", [1e2, 1e4, 1e30])
def test_extremes_are_finite_and_tend_to_their_limits(name, dtype, size):
    z = np.array([-size, size], dtype=dtype)
    with np.errstate(all="raise"):
        a, da = evaluate_activation(name, z)
    assert np.isfinite(a).all()
    assert np.isfinite(da).all()
    with np.errstate(all="ignore"):
        function, _ = reference.ACTIVATIONS[name]
        expected = function(z.astype(np.float64))
    assert_allclose(a, expected, rtol=1e-6, atol=1e-6)


@every_activation
@both_dtypes
def test_a_value_does_not_depend_on_its_neighbours(name, dtype, rng):
    z = rng.normal(scale=3.0, size=67).astype(dtype)
    a, da = evaluate_activation(name, z)
    one_by_one = [evaluate_activation(name, z[i : i + 1]) for i in range(z.size)]
    assert_array_equal(a, np.concatenate([value for value, _ in one_by_one]))
    assert_array_equal(da, np.concatenate([slope for _, slope in one_by_one]))


@every_activation
def test_nan_stays_nan(name):
    a, _ = evaluate_activation(name, np.array([0.0, np.nan, 1.0]))
    assert_array_equal(np.isnan(a), [False, True, False])


def test_unknown_name():
    with pytest.raises(ValueError, match="swish"):
        evaluate_activation("swish", np.zeros(2))
