"""Learning rates by their formulas."""

import warnings

import numpy as np
import pytest
from common import assert_same_network, flat, mini_batch_solvers, network, smooth_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxMLPClassifier

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def cosine(f):
    if f < 0.05:
        return (f + 1e-3) / (0.05 + 1e-3)
    return 0.5 * (1 + np.cos(np.pi * (f - 0.05) / 0.95))


def one_cycle(f):
    if f < 0.3:
        return 1 + (1 / 25 - 1) * 0.5 * (1 + np.cos(np.pi * f / 0.3))
    return 1 / 25_000 + (1 - 1 / 25_000) * 0.5 * (1 + np.cos(np.pi * (f - 0.3) / 0.7))


def coslog4(f):
    return 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * f)))


FORMULAS = {"constant": lambda f: 1.0, "cosine": cosine, "one_cycle": one_cycle, "coslog4": coslog4}


@mini_batch_solvers
@pytest.mark.parametrize("schedule", list(FORMULAS))
@pytest.mark.parametrize("batch_size", [150, 40])
def test_schedules_by_their_formulas(solver, schedule, batch_size, iris):
    """The rate of an epoch is that of its last step, as the fraction of all steps done before."""
    clf = network(
        solver=solver,
        learning_rate=schedule,
        learning_rate_init=0.01,
        batch_size=batch_size,
        max_iter=40,
        n_iter_no_change=np.inf,
    ).fit(*iris)
    per_epoch = -(-150 // batch_size)
    fractions = (per_epoch * np.arange(1, 41) - 1) / (per_epoch * 40)
    expected = [0.01 * FORMULAS[schedule](f) for f in fractions]
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-9, atol=1e-15)


def test_a_schedule_may_return_one_number_for_all(iris):
    half = network(learning_rate=lambda fraction: 0.5, max_iter=3).fit(*iris)
    assert_same_network(half, network(learning_rate_init=0.01, max_iter=3).fit(*iris))


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "coslog4"])
def test_schedules_start_and_end_low(schedule):
    f = FORMULAS[schedule]
    from skxent._training.schedules import SHAPES

    fractions = np.linspace(0, 1, 1001)
    rates = SHAPES[schedule](fractions)
    assert_allclose(rates, [f(x) for x in fractions], atol=1e-12)
    assert rates[0] < 0.041 and rates[-1] < 1e-4
    assert rates.min() >= 0 and 0.999 < rates.max() <= 1


def test_the_rate_is_what_moves_the_weights(iris):
    """Plain descent moves by rate times gradient, under a schedule too."""
    X, y = iris
    rates = [0.1, 0.05, 0.2, 0.0]

    def schedule(fraction):
        return np.array(rates)[(np.asarray(fraction) * 4).round().astype(int)]

    params = dict(solver="sgd", momentum=0.0, batch_size=150, learning_rate_init=1.0)
    clf = network(learning_rate=schedule, max_iter=4, n_iter_no_change=np.inf, **params)
    path = [network(**params | {"learning_rate_init": 1e-300}, max_iter=1).fit(X, y)]
    lengths = []
    for epochs in range(4):
        step = clone(clf).set_params(max_iter=4)
        for _ in range(epochs + 1):
            step.partial_fit(X, y, classes=[0, 1, 2])
        path.append(step)
        lengths.append(np.linalg.norm(flat(path[-1]) - flat(path[-2])))
    norms = path[-1].history_["gradient_norm"]
    assert_allclose(lengths, np.multiply(rates, norms), rtol=1e-9, atol=1e-15)


@mini_batch_solvers
def test_adaptive_rate(solver, iris):
    """A fifth after more than n_iter_no_change epochs without progress; the end at 1e-6."""
    clf = network(
        solver=solver,
        learning_rate="adaptive",
        learning_rate_init=0.01,
        tol=100.0,  # nothing is progress but the first epoch at a rate
        n_iter_no_change=2,
        max_iter=200,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(*iris)
    n_cuts = int(np.ceil(np.log(0.01 / 1e-6) / np.log(5)))
    expected = np.repeat(0.01 / 5.0 ** np.arange(n_cuts + 1), 4)
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-9)
    assert expected[-1] <= 1e-6 < expected[-5]


def test_adaptive_and_invscaling_rates_are_scikit_learns(iris):
    from sklearn.neural_network import MLPClassifier

    X, y = iris
    params = dict(
        hidden_layer_sizes=(5,), solver="sgd", learning_rate="invscaling", max_iter=4,
        learning_rate_init=0.3, power_t=0.4, batch_size=150, shuffle=False, random_state=0,
        alpha=0.0, momentum=0.5,
    )  # fmt: skip
    theirs = MLPClassifier(**params).fit(X, y)
    ours = SoftmaxMLPClassifier(encoder="passthrough", **params).fit(X, y)
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    # one that never cuts is the same in both
    params |= {"learning_rate": "adaptive", "learning_rate_init": 0.05, "max_iter": 30}
    theirs = MLPClassifier(**params).fit(X, y)
    ours = SoftmaxMLPClassifier(encoder="passthrough", **params).fit(X, y)
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)


def test_a_schedule_that_partial_fit_has_spent_is_told(iris):
    X, y = iris
    clf = network(solver="adam", learning_rate="cosine", max_iter=2)
    for _ in range(2):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    before = clf.coefs_[0].copy()
    with pytest.warns(ConvergenceWarning, match="schedule of max_iter=2 calls"):
        clf.partial_fit(X, y)
    assert_array_equal(clf.coefs_[0], before)


def test_inverse_scaling_by_a_huge_power_ends_at_zero(iris):
    X, y = iris
    clf = network(solver="sgd", learning_rate="invscaling", power_t=1000.0, max_iter=3).fit(X, y)
    assert clf.history_["learning_rate"][0] > 0 == clf.history_["learning_rate"][-1]


@pytest.mark.parametrize("power_t", [0.25, 0.5])
def test_invscaling_learning_rate(power_t, iris):
    """The rate of an epoch is learning_rate_init / (t + 1)^power_t, t being the rows seen."""
    clf = smooth_network(
        solver="sgd",
        learning_rate="invscaling",
        learning_rate_init=0.5,
        power_t=power_t,
        max_iter=5,
    ).fit(*iris)
    rows_seen = 150 * np.arange(5)
    expected = 0.5 / (rows_seen + 1) ** power_t
    assert_allclose(clf.history_["learning_rate"], expected, rtol=1e-12)


def test_invscaling_learning_rate_of_a_warm_start(iris):
    """t_ counts the rows of all calls, and the rate goes on falling."""
    clf = smooth_network(
        solver="sgd",
        learning_rate="invscaling",
        learning_rate_init=0.5,
        max_iter=1,
        warm_start=True,
    )
    for call in range(1, 5):
        clf.fit(*iris)
        assert clf.t_ == 150 * call
    assert_allclose(
        clf.history_["learning_rate"], 0.5 / (150 * np.arange(4) + 1) ** 0.5, rtol=1e-12
    )


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw"])
def test_a_callable_is_a_schedule(solver, iris):
    params = dict(solver=solver, max_iter=6, learning_rate_init=0.1, random_state=0)
    fractions = []

    def halves(fraction):
        fractions.append(np.array(fraction, dtype=float).ravel())
        return 0.5 + 0.0 * np.asarray(fraction)

    by_callable = smooth_network(learning_rate=halves, **params).fit(*iris)
    params["learning_rate_init"] = 0.05
    plain = smooth_network(learning_rate="constant", **params).fit(*iris)
    assert_allclose(by_callable.coefs_[0], plain.coefs_[0], rtol=1e-9)
    fractions = np.concatenate(fractions)
    assert fractions.min() >= 0.0
    assert fractions.max() <= 1.0
    assert fractions[0] == 0.0
    assert np.all(np.diff(fractions) >= 0)
