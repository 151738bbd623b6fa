"""Dropout, smoothing, decay, clipping and averaging do what their formulas say."""

import numpy as np
import pytest
from common import assert_best_of_history, assert_same_network, flat, mini_batch_solvers, network
from numpy.testing import assert_allclose, assert_array_equal

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@mini_batch_solvers
def test_dropout_is_the_same_on_any_number_of_threads(solver, digits):
    X, y = digits
    X, y = X[:400], y[:400]
    params = dict(hidden_layer_sizes=(40, 30), solver=solver, dropout=[0.5, 0.2], max_iter=3)
    one, two = (network(n_jobs=n, **params).fit(X, y) for n in (1, 2))
    assert_same_network(one, two)
    assert_same_network(one, network(n_jobs=1, **params).fit(X, y))
    committee = [network(n_jobs=n, n_members=3, **params).fit(X, y) for n in (1, 2)]
    assert_same_network(*committee)


def test_dropout_of_one_number_or_one_per_layer(iris):
    params = dict(hidden_layer_sizes=(8, 8), max_iter=3)

    def first(dropout):
        return network(dropout=dropout, **params).fit(*iris).coefs_[0]

    assert_array_equal(first(0.3), first([0.3, 0.3]))
    assert_array_equal(first(0.0), first("auto"))
    assert_array_equal(first([0.0, 0.0]), first(0.0))
    assert not np.array_equal(first([0.3, 0.0]), first([0.0, 0.3]))
    assert not np.array_equal(first(0.3), first(0.0))
    for bad in ([0.1], [0.1, 0.2, 0.3], [0.1, 1.0], [-0.1, 0.2]):
        with pytest.raises(ValueError, match="dropout"):
            network(dropout=bad, **params).fit(*iris)


def test_dropout_is_off_in_prediction_and_validation(noisy):
    X, y, X_val, y_val = noisy
    clf = network(dropout=0.5, max_iter=10).fit(X, y, X_val=X_val, y_val=y_val)
    assert_array_equal(clf.predict_proba(X), clf.predict_proba(X))
    assert_best_of_history(clf, X_val, y_val)


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
def test_label_smoothing_is_a_soft_target(solver, iris, breast_cancer):
    for X, y in (iris, breast_cancer):
        k = len(np.unique(y))
        Y = 0.8 * np.eye(k)[y] + 0.2 / k
        smoothed = network(solver=solver, label_smoothing=0.2, max_iter=5).fit(X, y)
        soft = network(solver=solver, max_iter=5).fit(X, Y)
        for a, b in zip(smoothed.coefs_, soft.coefs_, strict=True):
            assert_allclose(a, b, rtol=1e-9, atol=1e-11)
        assert_allclose(smoothed.loss_curve_, soft.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_held_out_rows_are_judged_by_their_labels_as_given(solver, shuffled):
    """Smoothing is for training: the validation loss is that of the labels."""
    X, y = shuffled
    split = [(np.arange(100), np.arange(100, 150))]
    clf = network(solver=solver, label_smoothing=0.3, cv=split, max_iter=15).fit(X, y)
    assert_best_of_history(clf, X[100:], y[100:])


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_weight_decay_is_for_weights_only(averaging, iris):
    """Where all features are 0 the first weights move by decay alone: 1 - rate * decay a step."""
    _, y = iris
    X = np.zeros((150, 4))
    W = np.arange(1.0, 13.0).reshape(4, 3)
    params = dict(
        hidden_layer_sizes=(), solver="adamw", alpha=0.0, learning_rate_init=0.1, batch_size=50,
        init=([W], [np.ones(3)]), max_iter=4, averaging=0.0,
    )  # fmt: skip
    y = y.copy()
    y[:20] = 2  # else the biases are at their best
    decayed = network(weight_decay=0.3, **params).fit(X, y)
    assert_allclose(decayed.coefs_[0], W * (1 - 0.1 * 0.3) ** 12, rtol=1e-12)
    free = network(weight_decay=0.0, **params).fit(X, y)
    assert_array_equal(free.coefs_[0], W)
    assert_array_equal(decayed.intercepts_[0], free.intercepts_[0])
    assert not np.array_equal(free.intercepts_[0], np.ones(3))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weight_decay_is_adamws(solver, iris):
    decayed = network(solver=solver, weight_decay=0.5, max_iter=3).fit(*iris)
    plain = network(solver=solver, weight_decay=0.0, max_iter=3).fit(*iris)
    assert_same_network(decayed, plain)


def test_max_grad_norm_shortens_steps(iris):
    X, y = iris
    params = dict(solver="sgd", momentum=0.0, batch_size=150, learning_rate_init=0.5, max_iter=1)
    start = network(**params | {"learning_rate_init": 1e-300}).fit(X, y)
    norm = start.history_["gradient_norm"][0]
    moves = []
    for limit in (None, 2 * norm, norm / 10):
        clf = network(max_grad_norm=limit, **params).fit(X, y)
        moves.append(flat(clf) - flat(start))
        assert_allclose(clf.history_["gradient_norm"][0], norm, rtol=1e-9)
    assert_allclose(np.linalg.norm(moves[0]), 0.5 * norm, rtol=1e-9)
    assert_allclose(moves[1], moves[0], rtol=1e-12)
    assert_allclose(moves[2], moves[0] / 10, rtol=1e-9, atol=1e-15)


def test_averaging_is_a_moving_average(iris):
    """With averages on, what is kept trails what is trained by the decay."""
    X, y = iris
    params = dict(solver="sgd", momentum=0.0, batch_size=150, shuffle=False, learning_rate_init=0.1)
    still = network(**params | {"learning_rate_init": 1e-300}, max_iter=1).fit(X, y)
    moving = [flat(still)]
    plain, averaged = network(**params), network(averaging=0.5, **params)
    expected = moving[0]
    for step in range(6):
        plain.partial_fit(X, y, classes=[0, 1, 2])
        averaged.partial_fit(X, y, classes=[0, 1, 2])
        decay = min(0.5, (1 + step) / (10 + step))  # the young average forgets its start
        expected = decay * expected + (1 - decay) * flat(plain)
        assert_allclose(flat(averaged), expected, rtol=1e-9, atol=1e-14)


def test_dropout_of_a_layer_is_a_number(iris):
    with pytest.raises(ValueError, match="dropout must be one number"):
        network(hidden_layer_sizes=4, solver="adam", dropout=("a",)).fit(*iris)
