"""Worked examples with numbers known from lecture notes and textbooks."""

import numpy as np
import pytest
from common import PLAIN, stopping_short
from numpy.testing import assert_allclose
from scipy.special import expit

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier
from skxent.losses import (
    binary_cross_entropy,
    cross_entropy,
    log_softmax,
    softmax,
    squared_error,
)

# ---- A. The iris network: petal width and sepal width, two ReLU units, three species

X_IRIS = np.array([[0.04, 0.42], [1.0, 0.54], [0.5, 0.37]])
Y_IRIS = np.array(["setosa", "virginica", "versicolor"])
SPECIES = ["setosa", "versicolor", "virginica"]
CODES = np.array([0, 2, 1])
W1 = np.array([[-2.5, -1.5], [0.6, 0.4]])
B1 = np.array([1.6, 0.7])
W2 = np.array([[-0.1, 2.4, -2.2], [1.5, -5.2, 3.7]])


def output_biases(b3):
    return np.array([b3, 0.0, 1.0])


def iris_network(b3, learning_rate, n_steps):
    """The network of the notes, after so many steps of gradient descent on all its parameters."""
    return SoftmaxMLPClassifier(
        2,
        "relu",
        solver="gradient_descent",
        init=([W1, W2], [B1, output_biases(b3)]),
        alpha=0.0,
        learning_rate_init=learning_rate,
        max_iter=n_steps,
        **PLAIN,
    ).fit(X_IRIS, Y_IRIS)


def iris_logits(b3):
    return np.maximum(X_IRIS @ W1 + B1, 0.0) @ W2 + output_biases(b3)


@stopping_short
def test_a_probabilities_of_the_true_class():
    clf = iris_network(b3=0.0, learning_rate=1e-12, n_steps=1)
    assert clf.classes_.tolist() == SPECIES
    p = clf.predict_proba(X_IRIS)[np.arange(3), CODES]
    assert_allclose(p, [0.5677, 0.5761, 0.5182], atol=5e-5)
    assert_allclose(-np.log(p), [0.5662, 0.5514, 0.6573], atol=5e-5)
    assert_allclose(-np.log(p).sum(), 1.7750, atol=5e-5)
    assert_allclose(3 * clf.loss_, 1.7750, atol=5e-5)
    assert clf.predict(X_IRIS).tolist() == Y_IRIS.tolist()
    assert_allclose(clf.decision_function(X_IRIS), iris_logits(0.0), atol=1e-9)


@stopping_short
def test_a_with_another_bias():
    clf = iris_network(b3=-2.0, learning_rate=1e-12, n_steps=1)
    assert_allclose(clf.predict_proba(X_IRIS)[:, 0], [0.1509, 0.0351, 0.0408], atol=5e-5)
    assert_allclose(3 * clf.loss_, 2.6659, atol=5e-5)


@stopping_short
@pytest.mark.parametrize("b3", [0.0, -2.0])
def test_a_slope_by_a_bias_is_the_sum_of_p_minus_y(b3):
    """One step of rate r moves each output bias by -r times the mean of p - y."""
    clf = iris_network(b3, learning_rate=1e-3, n_steps=1)
    slope = (output_biases(b3) - clf.intercepts_[1]) / 1e-3
    residual = softmax(iris_logits(b3)) - np.eye(3)[CODES]
    assert_allclose(3 * slope, residual.sum(axis=0), rtol=1e-9)
    if b3 == -2.0:
        assert_allclose(3 * slope[0], -0.7732, atol=5e-5)


def test_a_descent_on_one_bias():
    """Only b3 is left free; the rate is 1 and the loss is the total over the three rows."""
    b3, path, totals = -2.0, [], []
    for _ in range(200):
        value, gradient = cross_entropy(iris_logits(b3), CODES)
        path.append(b3)
        totals.append(3 * value)
        step = 3 * gradient[:, 0].sum()
        if abs(step) < 4e-3:  # "when the step is small"
            break
        b3 -= step
    assert_allclose(path[:6], [-2.0, -1.2268, -0.6623, -0.3273, -0.1606, -0.0860], atol=5e-5)
    assert_allclose(totals[0], 2.6659, atol=5e-5)
    assert_allclose(b3, -0.034, atol=2e-3)
    assert_allclose(totals[-1], 1.7747, atol=1e-4)
    assert np.all(np.diff(totals) <= 1e-15)


@stopping_short
def test_a_training_everything_goes_below_the_best_bias():
    clf = iris_network(b3=-2.0, learning_rate=0.1, n_steps=300)
    assert 3 * clf.loss_ < 1.7747
    assert clf.score(X_IRIS, Y_IRIS) == 1.0


# ---- B. Cross-entropy against the squared residual, as functions of the true class's probability

TABLE_B = [
    (0.01, 4.605, -100.0, 0.980, -1.98),
    (0.1, 2.303, -10.0, 0.810, -1.80),
    (0.5, 0.693, -2.0, 0.250, -1.00),
    (0.9, 0.105, -1.11, 0.010, -0.20),
]


@pytest.mark.parametrize(("p", "entropy", "entropy_slope", "square", "square_slope"), TABLE_B)
def test_b_loss_and_slope(p, entropy, entropy_slope, square, square_slope):
    logits = np.log([[p, 1 - p]])
    by_probability = np.array([1 / p, -1 / (1 - p)])  # derivative of these logits by p
    value, gradient = cross_entropy(logits, [0])
    assert_allclose(value, entropy, atol=5e-4)
    assert_allclose(gradient[0] @ by_probability, entropy_slope, atol=5e-3)
    value, gradient = squared_error(logits, [0])
    assert_allclose(value, square, atol=5e-4)
    assert_allclose(gradient[0] @ by_probability, square_slope, atol=5e-3)


# ---- C. The learning slowdown: one sigmoid neuron, input 1, target 0

TABLE_C = [
    (0.6, 0.9, "squared_error", {0: 0.8176, 50: 0.3870, 100: 0.2110, 150: 0.1527, 300: 0.0940}),
    (0.6, 0.9, "cross_entropy", {0: 0.8176, 50: 0.0792, 100: 0.0371, 150: 0.0241, 300: 0.0116}),
    (2.0, 2.0, "squared_error", {0: 0.9820, 50: 0.9759, 100: 0.9641, 150: 0.9334, 300: 0.2028}),
    (2.0, 2.0, "cross_entropy", {0: 0.9820, 50: 0.0985, 100: 0.0411, 150: 0.0257, 300: 0.0120}),
]


@stopping_short
@pytest.mark.parametrize(("w", "b", "loss", "outputs"), TABLE_C)
def test_c_learning_slowdown(w, b, loss, outputs):
    """Beside the neuron, its mirror image with target 1: independent outputs, so 1 - a."""
    X, Y = np.ones((2, 1)), np.array([[0, 1], [0, 1]])
    for n_steps, output in outputs.items():
        if n_steps == 0:
            assert_allclose(expit(w + b), output, atol=5e-5)
            continue
        neurons = SigmoidMLPClassifier(
            (),
            solver="gradient_descent",
            loss=loss,
            init=([np.array([[w, -w]])], [np.array([b, -b])]),
            alpha=0.0,
            learning_rate_init=0.15,
            max_iter=n_steps,
            tol=0.0,
            n_iter_no_change=np.inf,
            **PLAIN,
        ).fit(X, Y)
        a = neurons.predict_proba(X)[0]
        assert_allclose(a, [output, 1 - output], atol=5e-5)


@pytest.mark.parametrize(("w", "b"), [(0.6, 0.9), (2.0, 2.0)])
def test_c_slopes_of_one_neuron(w, b):
    """Quadratic: (a - y) s'(z) x. Cross-entropy: (a - y) x. Both by one small step, with y = 0."""
    X, Y = np.ones((2, 1)), np.array([[0, 1], [0, 1]])
    a = expit(w + b)
    for loss, slope in (("squared_error", a * a * (1 - a)), ("cross_entropy", a)):
        with pytest.warns():  # that one step is not convergence
            neurons = SigmoidMLPClassifier(
                (),
                solver="gradient_descent",
                loss=loss,
                init=([np.array([[w, -w]])], [np.array([b, -b])]),
                alpha=0.0,
                learning_rate_init=1e-3,
                max_iter=1,
                **PLAIN,
            ).fit(X, Y)
        assert_allclose((w - neurons.coefs_[0][0, 0]) / 1e-3, slope, rtol=1e-9)
        assert_allclose((b - neurons.intercepts_[0][0]) / 1e-3, slope, rtol=1e-9)


# ---- D. Several independent outputs


def test_d_generalised_cross_entropy(rng):
    """C = -(1/n) sum_x sum_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)], with gradient (a - y) / n."""
    Z, Y = rng.normal(size=(6, 4)), rng.integers(0, 2, size=(6, 4))
    A = expit(Z)
    value, gradient = binary_cross_entropy(Z, Y)
    assert_allclose(value, -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / 6, rtol=1e-12)
    assert_allclose(gradient, (A - Y) / 6, rtol=1e-10)
    by_output = [binary_cross_entropy(Z[:, j], Y[:, j])[0] for j in range(4)]
    assert_allclose(value, np.sum(by_output), rtol=1e-12)


def test_d_zero_only_where_every_output_equals_its_target():
    Y = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    sure = 1e3 * (2 * Y - 1)
    assert binary_cross_entropy(sure, Y)[0] == 0.0
    sure[1, 1] = 0.0
    assert_allclose(binary_cross_entropy(sure, Y)[0], np.log(2) / 2)


def test_d_outputs_do_not_share_a_sum_of_one(multilabel):
    X, Y = multilabel
    clf = SigmoidMLPClassifier(
        (), solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0, **PLAIN
    ).fit(X, Y)
    A = clf.predict_proba(X)
    both, neither = Y.all(axis=1), ~Y.any(axis=1)
    assert A[both].sum(axis=1).min() > 1.0
    assert A[neither].sum(axis=1).mean() < 1.0
    assert_allclose(A, expit(clf.decision_function(X)))


def test_d_without_hidden_layer_each_output_is_its_own_network(multilabel):
    X, Y = multilabel
    params = dict(solver="lbfgs", alpha=2.0, tol=1e-7, max_iter=2000, random_state=0, **PLAIN)
    together = SigmoidMLPClassifier((), **params).fit(X, Y).predict_proba(X)
    for j in range(2):
        alone = SigmoidMLPClassifier((), **params).fit(X, Y[:, j]).predict_proba(X)[:, 1]
        assert_allclose(together[:, j], alone, atol=1e-5)


def test_d_a_softmax_says_that_it_cannot_serve(multilabel):
    with pytest.raises(ValueError, match="SigmoidMLPClassifier"):
        SoftmaxMLPClassifier(solver="lbfgs").fit(*multilabel)


# ---- E. Softmax


def test_e_definition_and_invariance(rng):
    s = rng.normal(size=(5, 3))
    assert_allclose(softmax(s), np.exp(s) / np.exp(s).sum(axis=1, keepdims=True), rtol=1e-12)
    assert_allclose(softmax(s + 100.0), softmax(s), rtol=1e-11)


@pytest.mark.parametrize("soft", [False, True])
def test_e_gradient_is_p_minus_y(soft, rng):
    s = rng.normal(size=(1, 4))
    y = rng.dirichlet(np.ones(4), size=1) if soft else np.array([[0.0, 0.0, 1.0, 0.0]])
    value, gradient = cross_entropy(s, y)
    assert_allclose(value, -np.sum(y * log_softmax(s)), rtol=1e-12)
    assert_allclose(gradient, softmax(s) - y, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("soft", [False, True])
def test_e_hessian_is_diag_p_minus_p_p(soft, rng):
    s = rng.normal(size=4)
    y = rng.dirichlet(np.ones(4)) if soft else np.array([0.0, 0.0, 1.0, 0.0])
    h = 1e-5
    hessian = [
        (cross_entropy([s + e], [y])[1][0] - cross_entropy([s - e], [y])[1][0]) / (2 * h)
        for e in h * np.eye(4)
    ]
    p = softmax(s)
    assert_allclose(hessian, np.diag(p) - np.outer(p, p), atol=1e-9)


# ---- The step that scikit-learn's own test works out by hand


@stopping_short
def test_the_step_of_scikit_learns_test_fit():
    """Logistic hidden units, alpha 0.1, rate 0.1, no momentum, one row of class 0."""
    clf = SoftmaxMLPClassifier(
        2,
        "logistic",
        solver="sgd",
        momentum=0,
        learning_rate_init=0.1,
        alpha=0.1,
        init=(
            [np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0.0]]), np.array([[0.1], [0.2]])],
            [np.array([0.1, 0.1]), np.array([1.0])],
        ),
        **PLAIN,
    )
    X = np.array([[0.6, 0.8, 0.7]])
    clf.partial_fit(X, [0], classes=[0, 1])
    assert_allclose(
        clf.coefs_[0], [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]], atol=1e-3
    )
    assert_allclose(clf.coefs_[1], [[0.04706], [0.154089]], atol=1e-3)
    assert_allclose(clf.intercepts_[0], [0.098333, 0.09626], atol=1e-3)
    assert_allclose(clf.intercepts_[1], [0.9235], atol=1e-3)
    assert_allclose(clf.predict_proba(X)[0, 1], 0.739, atol=1e-3)
