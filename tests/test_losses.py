"""skxent.losses against their formulas, SciPy and scikit-learn."""

import numpy as np
import pytest
import reference
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from sklearn.metrics import brier_score_loss, log_loss

from skxent import losses

# public function, its formula in the reference
LOSSES = {
    "cross_entropy": (losses.cross_entropy, reference.softmax_cross_entropy),
    "binary_cross_entropy": (losses.binary_cross_entropy, reference.sigmoid_cross_entropy),
    "squared_error": (losses.squared_error, reference.softmax_squared_error),
}
SOFTMAX_LOSSES = ["cross_entropy", "squared_error"]
every_loss = pytest.mark.parametrize("name", LOSSES)


def test_every_public_loss_is_tested_here():
    functions = set(losses.__all__) - {"softmax", "log_softmax", "sigmoid"}
    assert functions == set(LOSSES)


def problem(name, rng, n=7, k=4, soft=True):
    """Logits, targets as rows of numbers, weights."""
    Z = rng.normal(scale=2.0, size=(n, k))
    if name == "binary_cross_entropy":
        Y = rng.uniform(size=(n, k)) if soft else rng.integers(0, 2, size=(n, k)).astype(float)
    else:
        Y = rng.dirichlet(np.ones(k), size=n) if soft else np.eye(k)[rng.integers(0, k, size=n)]
    return Z, Y, rng.uniform(0.1, 3.0, size=n)


# ---- softmax, log-softmax, sigmoid


def test_softmax_is_scipys(rng):
    Z = rng.normal(scale=5.0, size=(6, 3))
    assert_allclose(losses.softmax(Z), special.softmax(Z, axis=1), rtol=1e-14)
    assert_allclose(losses.log_softmax(Z), special.log_softmax(Z, axis=1), rtol=1e-14)
    assert_allclose(losses.softmax(Z).sum(axis=1), 1.0, rtol=1e-14)


def test_softmax_is_unchanged_by_a_constant(rng):
    Z = rng.normal(size=(6, 3))
    for constant in (-1e3, 7.0, 1e3):
        assert_allclose(losses.softmax(Z + constant), losses.softmax(Z), rtol=1e-11)
        assert_allclose(losses.log_softmax(Z + constant), losses.log_softmax(Z), atol=1e-11)


def test_softmax_takes_one_row():
    assert_allclose(losses.softmax([0.0, np.log(3.0)]), [0.25, 0.75])
    assert_allclose(losses.log_softmax([0, 0]), [-np.log(2)] * 2)


def test_sigmoid_is_expit():
    z = np.array([-800.0, -3.0, 0.0, 3.0, 800.0])
    assert_array_equal(losses.sigmoid(z), special.expit(z))
    assert_allclose(losses.sigmoid(z) + losses.sigmoid(-z), 1.0)


def test_extreme_logits_give_finite_numbers():
    Z = np.array([[1e4, -1e4, 0.0], [-1e300, 1e300, 0.0], [5e3, 5e3, 5e3]])
    assert_allclose(losses.softmax(Z), [[1, 0, 0], [0, 1, 0], [1 / 3] * 3])
    assert np.isfinite(losses.log_softmax(Z)).all()
    assert_allclose(losses.log_softmax(Z)[0], [0.0, -2e4, -1e4])


@pytest.mark.parametrize("function", ["softmax", "log_softmax", "sigmoid"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(function, dtype):
    Z = np.array([[0.5, -1.0], [2.0, 3.0]], dtype=dtype)
    assert getattr(losses, function)(Z).dtype == dtype


@pytest.mark.parametrize("function", ["softmax", "log_softmax", "sigmoid"])
def test_input_is_left_alone(function):
    Z = np.array([[0.5, -1.0], [2.0, 3.0]])
    Z.flags.writeable = False
    getattr(losses, function)(Z)


# ---- the losses


@every_loss
@pytest.mark.parametrize("soft", [False, True])
def test_value_and_gradient_equal_the_formula(name, soft, rng):
    loss, formula = LOSSES[name]
    Z, Y, w = problem(name, rng, soft=soft)
    per_row, slope = formula(Z, Y)

    value, gradient = loss(Z, Y)
    assert isinstance(value, float)
    assert_allclose(value, per_row.mean(), rtol=1e-12)
    assert_allclose(gradient, slope / len(Z), rtol=1e-10, atol=1e-15)

    value, gradient = loss(Z, Y, w)
    assert_allclose(value, np.average(per_row, weights=w), rtol=1e-12)
    assert_allclose(gradient, slope * (w / w.sum())[:, None], rtol=1e-10, atol=1e-15)


@every_loss
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_is_that_of_the_value(name, soft, weighted, rng):
    loss, _ = LOSSES[name]
    Z, Y, w = problem(name, rng, soft=soft)
    w = w if weighted else None
    numerical = reference.numerical_gradient(lambda z: loss(z.reshape(Z.shape), Y, w)[0], Z.ravel())
    assert_allclose(loss(Z, Y, w)[1].ravel(), numerical, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", SOFTMAX_LOSSES)
def test_codes_are_one_hot_rows(name, rng):
    loss, _ = LOSSES[name]
    Z = rng.normal(size=(9, 4))
    codes = rng.integers(0, 4, size=9)
    expected = loss(Z, np.eye(4)[codes])
    for dtype in (np.uint8, np.int32, np.int64):
        value, gradient = loss(Z, codes.astype(dtype))
        assert value == expected[0]
        assert_array_equal(gradient, expected[1])
    value, gradient = loss(Z.tolist(), codes.tolist())
    assert value == expected[0]
    assert_array_equal(gradient, expected[1])


@every_loss
def test_integer_weights_are_repeated_rows(name, rng):
    loss, _ = LOSSES[name]
    Z, Y, _ = problem(name, rng)
    times = np.array([1, 0, 3, 2, 1, 1, 4])
    value, gradient = loss(Z, Y, times)
    repeated_value, repeated = loss(np.repeat(Z, times, axis=0), np.repeat(Y, times, axis=0))
    assert_allclose(value, repeated_value, rtol=1e-12)
    first = np.concatenate([[0], np.cumsum(times)[:-1]])
    expected = np.array(
        [t * repeated[f] if t else np.zeros(Z.shape[1]) for t, f in zip(times, first, strict=True)]
    )
    assert_allclose(gradient, expected, rtol=1e-12, atol=1e-16)


@every_loss
def test_scaling_all_weights_changes_nothing(name, rng):
    loss, _ = LOSSES[name]
    Z, Y, w = problem(name, rng)
    value, gradient = loss(Z, Y, w)
    scaled_value, scaled_gradient = loss(Z, Y, 1000.0 * w)
    assert_allclose(scaled_value, value, rtol=1e-12)
    assert_allclose(scaled_gradient, gradient, rtol=1e-12)


def test_cross_entropy_is_scikit_learns_log_loss(rng):
    Z = rng.normal(scale=3.0, size=(20, 3))
    codes = np.concatenate([[0, 1, 2], rng.integers(0, 3, size=17)])
    w = rng.uniform(0.5, 2.0, size=20)
    P = special.softmax(Z, axis=1)
    assert_allclose(losses.cross_entropy(Z, codes)[0], log_loss(codes, P), rtol=1e-10)
    assert_allclose(
        losses.cross_entropy(Z, codes, w)[0], log_loss(codes, P, sample_weight=w), rtol=1e-10
    )


def test_squared_error_is_half_the_brier_score(rng):
    z = rng.normal(size=12)
    codes = np.concatenate([[0, 1], rng.integers(0, 2, size=10)])
    value, _ = losses.squared_error(np.column_stack([np.zeros(12), z]), codes)
    assert_allclose(value, brier_score_loss(codes, special.expit(z)), rtol=1e-10)


def test_binary_cross_entropy_of_one_output_is_cross_entropy_of_two_classes(rng):
    z = rng.normal(scale=3.0, size=15)
    codes = rng.integers(0, 2, size=15)
    w = rng.uniform(size=15)
    value, gradient = losses.binary_cross_entropy(z, codes, w)
    two_value, two = losses.cross_entropy(np.column_stack([np.zeros(15), z]), codes, w)
    assert gradient.shape == z.shape
    assert_allclose(value, two_value, rtol=1e-12)
    assert_allclose(gradient, two[:, 1], rtol=1e-12, atol=1e-16)
    column_value, column = losses.binary_cross_entropy(z[:, None], codes[:, None], w)
    assert_allclose(column_value, value, rtol=1e-14)
    assert_allclose(column[:, 0], gradient, rtol=1e-14)


@every_loss
def test_never_negative_and_zero_only_at_the_target(name, rng):
    loss, _ = LOSSES[name]
    Z, Y, _ = problem(name, rng, soft=False)
    assert loss(Z, Y)[0] > 0.0
    # logits so large that every output equals its target in floating point
    sure = 1e4 * (2 * Y - 1)
    value, gradient = loss(sure, Y)
    assert value == 0.0
    assert_array_equal(gradient, np.zeros_like(gradient))


@every_loss
def test_finite_however_wrong(name):
    loss, _ = LOSSES[name]
    Y = np.array([[0.0, 1.0], [1.0, 0.0]])
    value, gradient = loss(1e5 * (1 - 2 * Y), Y)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    if name == "squared_error":  # the learning slowdown: certain and wrong, yet no slope
        assert value == 1.0
        assert np.abs(gradient).max() == 0.0
    else:
        assert_allclose(value, 2e5)
        assert_allclose(np.abs(gradient), 0.5)


@every_loss
def test_float32_gives_float32_gradients(name, rng):
    loss, formula = LOSSES[name]
    Z, Y, w = problem(name, rng)
    value, gradient = loss(Z.astype(np.float32), Y.astype(np.float32), w.astype(np.float32))
    per_row, slope = formula(Z, Y)
    assert gradient.dtype == np.float32
    assert_allclose(value, np.average(per_row, weights=w), rtol=1e-5)
    assert_allclose(gradient, slope * (w / w.sum())[:, None], rtol=1e-4, atol=1e-6)


@every_loss
def test_arguments_are_left_alone(name, rng):
    loss, _ = LOSSES[name]
    arguments = problem(name, rng)
    for argument in arguments:
        argument.flags.writeable = False
    loss(*arguments)


@every_loss
def test_bad_arguments(name, rng):
    loss, _ = LOSSES[name]
    Z, Y, w = problem(name, rng)
    for bad in [(Z, Y[:-1]), (Z, Y[:, :-1]), (Z, Y, w[:-1]), (Z, Y, w[:, None]), (Z[0, 0], Y)]:
        with pytest.raises(ValueError, match="shape"):
            loss(*bad)
    for weights in (np.zeros(len(Z)), -w):
        with pytest.raises(ValueError, match="weight"):
            loss(Z, Y, weights)


@pytest.mark.parametrize("name", SOFTMAX_LOSSES)
@pytest.mark.parametrize("codes", [[0, 1, 4], [0, -1, 1], [0.0, 0.5, 1.0]])
def test_codes_out_of_range(name, codes, rng):
    loss, _ = LOSSES[name]
    with pytest.raises(ValueError, match="class"):
        loss(rng.normal(size=(3, 4)), codes)
