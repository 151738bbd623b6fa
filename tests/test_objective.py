"""The objective J: its formula, its gradient, and the known minima that it must share."""

import warnings

import numpy as np
import pytest
import reference
from common import PLAIN
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier
from skxent._kernels import Inputs, Kernel
from skxent._outputs import KERNEL_LOSSES
from skxent._training import objective as _objective
from skxent._training.activations import ACTIVATIONS
from skxent._training.network import Network
from skxent._training.objective import Objective, total

LOSSES = sorted(KERNEL_LOSSES.values())
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)
every_loss = pytest.mark.parametrize("loss", LOSSES)
weighted_or_not = pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])


def problem(loss, rng, n=11, sizes=(5, 4, 3, 3)):
    """Features, target rows, weights and parameters of a small network."""
    X = rng.normal(size=(n, sizes[0]))
    if loss.startswith("softmax"):
        Y = rng.dirichlet(np.ones(sizes[-1]), size=n)
    else:
        Y = rng.uniform(size=(n, sizes[-1]))
    return X, Y, rng.uniform(0.1, 2.0, size=n), rng.normal(size=reference.n_parameters(sizes))


def test_every_loss_has_its_formula_in_the_reference():
    assert set(LOSSES) == set(reference.LOSSES)


# ---- the reference itself: the yardstick is measured first


@every_activation
@every_loss
def test_reference_gradient_is_that_of_its_value(activation, loss, rng):
    sizes, activations = (5, 4, 3, 3), (activation, activation)
    X, Y, w, params = problem(loss, rng)

    def value_and_gradient(p):
        return reference.objective(p, sizes, activations, loss, X, Y, w, scale=0.3, penalty=0.7)

    numerical = reference.numerical_gradient(lambda p: value_and_gradient(p)[0], params)
    assert_allclose(value_and_gradient(params)[1], numerical, rtol=1e-6, atol=1e-8)


def test_reference_objective_is_scikit_learns(iris):
    X, y = iris
    mlp = MLPClassifier((6, 5), activation="tanh", solver="lbfgs", alpha=0.5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp.set_params(max_iter=7).fit(X, y)
    value, _ = reference.fitted_objective(
        mlp, X, np.eye(3)[y], None, alpha=0.5, loss="softmax_cross_entropy"
    )
    assert_allclose(mlp.loss_, value, rtol=1e-10)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_reference_training_is_scikit_learns(solver, iris):
    """An epoch of the reference equals an epoch of MLPClassifier, where their penalties agree."""
    X, y = iris
    start = MLPClassifier(7, solver=solver, alpha=0.0, shuffle=False, batch_size=32, random_state=3)
    start.partial_fit(X, y, classes=[0, 1, 2])
    params = reference.pack(start.coefs_, start.intercepts_)
    slots = [np.zeros_like(params)] * (1 if solver == "sgd" else 2)
    hyper = (0.9, True) if solver == "sgd" else (0.9, 0.999, 1e-8)
    del start._optimizer  # so that the next epoch begins without momentum
    start.partial_fit(X, y)
    trained, *_ = reference.train(
        params,
        (4, 7, 3),
        ("relu",),
        "softmax_cross_entropy",
        X,
        np.eye(3)[y],
        None,
        None,
        32,
        np.full(5, 1e-3),
        rule=solver,
        slots=slots,
        hyper=hyper,
        step=0,
        decay=0.0,
        penalty=0.0,
    )
    assert_allclose(trained, reference.pack(start.coefs_, start.intercepts_), rtol=1e-10)


# ---- the objective of the package: kernel and formula


def objective(loss, activation, X, Y, w, alpha, sizes=(5, 4, 3, 3), **kwargs):
    network = Network(sizes, (activation,) * (len(sizes) - 2))
    return Objective(network, loss, alpha, Inputs.dense(X), Y, w, **kwargs)


@every_activation
@every_loss
@weighted_or_not
@pytest.mark.parametrize("alpha", [0.0, 2.5])
def test_value_and_gradient(activation, loss, weighted, alpha, rng):
    X, Y, w, params = problem(loss, rng)
    w = w if weighted else None
    J = objective(loss, activation, X, Y, w, alpha)
    value, gradient = J.value_and_gradient(params)

    S = len(Y) if w is None else w.sum()
    expected_value, expected = reference.objective(
        params, (5, 4, 3, 3), (activation,) * 2, loss, X, Y, w, scale=1 / S, penalty=alpha / S
    )
    assert_allclose(value, expected_value, rtol=1e-12)
    assert_allclose(gradient, expected, rtol=1e-12, atol=1e-13)

    numerical = reference.numerical_gradient(lambda p: J.value_and_gradient(p)[0], params)
    assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)


@every_activation
@every_loss
@weighted_or_not
def test_value_and_gradient_in_float32(activation, loss, weighted, rng):
    X, Y, w, params = problem(loss, rng)
    X, Y, params = X.astype(np.float32), Y.astype(np.float32), params.astype(np.float32)
    w = w if weighted else None
    value, gradient = objective(
        loss, activation, X, Y, w, 0.5, dtype=np.float32
    ).value_and_gradient(params)
    S = len(Y) if w is None else w.sum()
    expected_value, expected = reference.objective(
        params, (5, 4, 3, 3), (activation,) * 2, loss, X, Y, w, scale=1 / S, penalty=0.5 / S
    )
    assert gradient.dtype == np.float32
    assert_allclose(value, expected_value, rtol=1e-5)
    assert_allclose(gradient, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@every_loss
def test_no_hidden_layer(loss, rng):
    X, Y, w, params = problem(loss, rng, sizes=(5, 3))
    J = objective(loss, "relu", X, Y, w, 1.5, sizes=(5, 3))
    value, gradient = J.value_and_gradient(params)
    expected_value, expected = reference.objective(
        params, (5, 3), (), loss, X, Y, w, scale=1 / w.sum(), penalty=1.5 / w.sum()
    )
    assert_allclose(value, expected_value, rtol=1e-12)
    assert_allclose(gradient, expected, rtol=1e-12, atol=1e-13)


@every_loss
def test_codes_are_rows_of_zeros_and_ones(loss, rng):
    n_outputs = 3 if loss.startswith("softmax") else 1
    sizes = (5, 4, n_outputs)
    X, _, w, params = problem(loss, rng, sizes=sizes)
    codes = rng.integers(0, max(n_outputs, 2), size=len(X))
    Y = reference.target_matrix(codes, n_outputs)
    expected = objective(loss, "tanh", X, Y, w, 0.1, sizes=sizes).value_and_gradient(params)
    for dtype in (np.uint8, np.int32, np.int64):
        got = objective(
            loss, "tanh", X, codes.astype(dtype), w, 0.1, sizes=sizes
        ).value_and_gradient(params)
        assert_allclose(got[0], expected[0], rtol=1e-14)
        assert_allclose(got[1], expected[1], rtol=1e-13, atol=1e-15)


@every_loss
def test_rows_choose_the_training_rows(loss, rng):
    X, Y, w, params = problem(loss, rng)
    rows = np.array([8, 1, 5, 6])
    some = objective(loss, "gelu", X, Y, w, 0.4, rows=rows)
    alone = objective(loss, "gelu", X[rows], Y[rows], w[rows], 0.4)
    assert_allclose(some.total_weight, w[rows].sum())
    value, gradient = some.value_and_gradient(params)
    expected_value, expected = alone.value_and_gradient(params)
    assert_allclose(value, expected_value, rtol=1e-14)
    assert_allclose(gradient, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("every_third", [False, True])
def test_sums_of_blocks_do_not_depend_on_who_adds_them(every_third, rng, monkeypatch):
    """However the blocks are dealt out: the same bits, which are J up to rounding."""
    loss, n, sizes = "softmax_cross_entropy", 300, (5, 4, 3, 3)
    X, Y, w, params = problem(loss, rng, n=n)
    rows = rng.permutation(n)[::3] if every_third else None
    args = Network(sizes, ("tanh", "tanh")), loss, 2.5
    in_one = Objective(*args, Inputs.dense(X), Y, w, rows)
    expected = in_one.value_and_gradient(params)

    monkeypatch.setattr(_objective, "BLOCK", 16)
    value, gradient = Objective(*args, Inputs.dense(X), Y, w, rows).value_and_gradient(params)
    assert_allclose(value, expected[0], rtol=1e-13)
    assert_allclose(gradient, expected[1], rtol=1e-10, atol=1e-14)
    for cuts in [(16,), (96, 112), (64, 128, 144, 288)]:
        nodes = []
        for start, stop in zip((0, *cuts), (*cuts, n), strict=True):
            inside = None if rows is None else rows[(rows >= start) & (rows < stop)] - start
            part = Objective(
                *args,
                Inputs.dense(X[start:stop]),
                Y[start:stop],
                w[start:stop],
                inside,
                total_weight=in_one.total_weight,
                first_block=start // 16,
            )
            nodes += part.sums(params)
        assert len(nodes) < 12 < n / 16  # what is sent is a few sums, not every block's
        value_of_parts, gradient_of_parts = total(nodes)
        assert value_of_parts == value
        assert np.array_equal(gradient_of_parts, gradient)


@every_loss
def test_integer_weights_are_repeated_rows(loss, rng):
    X, Y, _, params = problem(loss, rng)
    times = np.array([2, 0, 1, 1, 3, 1, 0, 2, 1, 5, 1])
    value, gradient = objective(loss, "silu", X, Y, times.astype(float), 0.4).value_and_gradient(
        params
    )
    expected_value, expected = objective(
        loss, "silu", np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0), None, 0.4
    ).value_and_gradient(params)
    assert_allclose(value, expected_value, rtol=1e-12)
    assert_allclose(gradient, expected, rtol=1e-11, atol=1e-14)


@every_loss
def test_loss_scale_multiplies_the_loss_and_not_the_penalty(loss, rng):
    X, Y, w, params = problem(loss, rng)
    single = objective(loss, "relu", X, Y, w, 0.4)
    twice = objective(loss, "relu", X, Y, w, 0.4, loss_scale=2.0)
    penalty = single.penalty_value(params)
    squares = sum(np.sum(W**2) for W, _ in reference.unpack(params, (5, 4, 3, 3)))
    assert_allclose(penalty, 0.4 / (2 * w.sum()) * squares, rtol=1e-12)
    value = single.value_and_gradient(params)[0]
    assert_allclose(
        twice.value_and_gradient(params)[0], 2 * (value - penalty) + penalty, rtol=1e-12
    )


def test_thread_count_changes_no_bit(rng):
    loss = "softmax_cross_entropy"
    X, Y, w, params = problem(loss, rng, n=700, sizes=(33, 17, 5))
    one = objective(loss, "tanh", X, Y, w, 0.4, sizes=(33, 17, 5), n_threads=1)
    two = objective(loss, "tanh", X, Y, w, 0.4, sizes=(33, 17, 5), n_threads=2)
    value, gradient = one.value_and_gradient(params)
    other_value, other = two.value_and_gradient(params)
    assert value == other_value
    assert np.array_equal(gradient, other)


# ---- training steps of the kernel are those of the reference

RULES = {
    "sgd": ("sgd", 1, (0.0, 0.0), 0.0),
    "momentum": ("sgd", 1, (0.9, 0.0), 0.0),
    "nesterov": ("sgd", 1, (0.9, 1.0), 0.0),
    "adam": ("adam", 2, (0.9, 0.999, 1e-8), 0.0),
    "adamw": ("adam", 2, (0.9, 0.95, 1e-8), 0.3),
}
OPTIONS = {
    "plain": {},
    "clipped": {"clip": 0.05},
    "averaged": {"average_decay": 0.8},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("rule_name", RULES)
@every_loss
@weighted_or_not
def test_an_epoch_of_the_kernel_is_that_of_the_reference(
    loss, rule_name, option, weighted, dtype, rng
):
    sizes, activations = (5, 4, 3, 3), ("tanh", "gelu")
    rule, n_slots, hyper, decay = RULES[rule_name]
    X, Y, w, params = problem(loss, rng)
    X, Y, params = X.astype(dtype), Y.astype(dtype), params.astype(dtype)
    w = w if weighted else None
    order = rng.permutation(11)[:10]  # batches of 4, 4 and 2 rows
    rates = np.array([0.1, 0.05, 0.2])
    options = dict(OPTIONS[option])
    slots = [np.abs(rng.normal(scale=0.1, size=params.size)).astype(dtype) for _ in range(n_slots)]
    average = params.copy() if option == "averaged" else None
    settings = dict(rule=rule, hyper=hyper, step=3, decay=decay, penalty=0.2, **options)

    expected, expected_slots, expected_average, sums = reference.train(
        params,
        sizes,
        activations,
        loss,
        X,
        Y,
        w,
        order,
        4,
        rates,
        slots=slots,
        average=average,
        **settings,
    )
    kernel = Kernel(sizes, activations, loss, dtype)
    got = kernel.train(
        params,
        Inputs.dense(X),
        Y,
        w,
        order,
        4,
        rates,
        slots=slots,
        average=average,
        **settings,
    )
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert_allclose(params, expected, rtol=tolerance, atol=tolerance)
    for slot, expected_slot in zip(slots, expected_slots, strict=True):
        assert_allclose(slot, expected_slot, rtol=tolerance, atol=tolerance)
    if average is not None:
        assert_allclose(average, expected_average, rtol=tolerance, atol=tolerance)
    assert_allclose(got[:2], sums[:2], rtol=tolerance)
    assert got[3] == sums[3] == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_loss
def test_a_table_is_the_matrix_it_stands_for(loss, dtype, rng):
    n, kinds, widths = 11, np.array([0, 1, 1]), np.array([3, 5, 1])
    dense = rng.normal(size=(n, 2)).astype(dtype)
    positions = np.column_stack(
        [rng.integers(-1, 3, size=n), rng.uniform(0, 5, size=n), rng.uniform(0, 1, size=n)]
    ).astype(np.float32)
    positions[0, 1], positions[1, 1], positions[2] = 5.0, 2.0, np.nan
    sizes = (11, 4, 3)
    _, Y, w, params = problem(loss, rng, n, sizes)
    Y, params = Y.astype(dtype), params.astype(dtype)
    gradient = np.empty_like(params)
    value = Kernel(sizes, ("silu",), loss, dtype).value_and_gradient(
        params,
        Inputs.table(dense, positions, kinds, widths),
        Y,
        w,
        None,
        0.5,
        0.1,
        gradient,
    )
    X = reference.expand(dense, positions, kinds, widths)
    expected_value, expected = reference.objective(
        params, sizes, ("silu",), loss, X, Y, w, scale=0.5, penalty=0.1
    )
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert_allclose(value, expected_value, rtol=tolerance)
    assert_allclose(gradient, expected, rtol=tolerance, atol=10 * tolerance)


# ---- the objective seen from outside: what fit reports is J at the weights it returns


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize(
    ("layers", "activation"),
    [((), "relu"), (5, "tanh"), ((6, 4), "gelu"), ((6, 4), ("silu", "softplus"))],
)
@weighted_or_not
def test_loss_of_a_fit_is_j_at_its_weights(loss, layers, activation, weighted, iris, rng):
    X, y = iris
    w = rng.uniform(0.5, 2.0, size=len(y)) if weighted else None
    clf = SoftmaxMLPClassifier(
        layers,
        activation,
        solver="lbfgs",
        alpha=3.0,
        tol=1e-3,
        max_iter=500,
        loss=loss,
        random_state=0,
        **PLAIN,
    ).fit(X, y, sample_weight=w)
    value, gradient = reference.fitted_objective(
        clf, X, np.eye(3)[y], w, alpha=3.0, loss=f"softmax_{loss}"
    )
    assert_allclose(clf.loss_, value, rtol=1e-10)
    assert np.abs(gradient).max() <= 1e-3  # tol is that of the largest slope


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_loss_of_a_multilabel_fit_is_j_at_its_weights(loss, multilabel):
    X, Y = multilabel
    clf = SigmoidMLPClassifier(
        4, "tanh", solver="lbfgs", alpha=3.0, max_iter=500, loss=loss, random_state=0, **PLAIN
    ).fit(X, Y)
    value, gradient = reference.fitted_objective(clf, X, Y, None, alpha=3.0, loss=f"sigmoid_{loss}")
    assert_allclose(clf.loss_, value, rtol=1e-10)
    assert np.abs(gradient).max() <= 1e-4


@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 2.0, 2: 3.0}])
def test_class_weights_multiply_sample_weights(class_weight, iris, rng):
    X, y = iris
    X, y = X[20:], y[20:]
    w = rng.uniform(0.5, 2.0, size=len(y))
    if class_weight == "balanced":
        mass = np.bincount(y, weights=w)  # as scikit-learn: a weight is a number of rows
        expected = w * (w.sum() / (3 * mass))[y]
    else:
        expected = w * np.array([0.5, 2.0, 3.0])[y]
    params = dict(
        hidden_layer_sizes=4, activation="tanh", solver="lbfgs", alpha=1.0, random_state=0, **PLAIN
    )
    by_class = SoftmaxMLPClassifier(class_weight=class_weight, **params).fit(X, y, sample_weight=w)
    value, _ = reference.fitted_objective(
        by_class, X, np.eye(3)[y], expected, alpha=1.0, loss="softmax_cross_entropy"
    )
    assert_allclose(by_class.loss_, value, rtol=1e-10)
    by_row = SoftmaxMLPClassifier(**params).fit(X, y, sample_weight=expected)
    assert_allclose(by_class.loss_, by_row.loss_, rtol=1e-5)


@pytest.mark.parametrize("solver", ["bfgs", "cg", "tnc", "gradient_descent"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh"])
def test_full_batch_solvers_descend_the_same_objective(solver, activation, iris):
    """From the same weights near a minimum, every full-batch method ends in it."""
    X, y = iris
    params = dict(activation=activation, alpha=20.0, max_iter=3000, random_state=0, **PLAIN)
    near = SoftmaxMLPClassifier(3, solver="lbfgs", tol=1e-3, **params).fit(X, y)
    params["init"] = (near.coefs_, near.intercepts_)
    exact = SoftmaxMLPClassifier(3, solver="lbfgs", tol=1e-6, **params).fit(X, y)
    clf = SoftmaxMLPClassifier(
        3,
        solver=solver,
        tol=1e-8 if solver == "gradient_descent" else 1e-5,
        learning_rate_init=0.1,
        **params,
    ).fit(X, y)
    value, _ = reference.fitted_objective(
        clf, X, np.eye(3)[y], None, alpha=20.0, loss="softmax_cross_entropy"
    )
    assert_allclose(clf.loss_, value, rtol=1e-10)
    assert_allclose(clf.loss_, exact.loss_, atol=1e-5)


# ---- known minima


@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("alpha", [0.1, 1.0, 30.0])
@weighted_or_not
def test_no_hidden_layer_is_logistic_regression(data, alpha, weighted, request, rng):
    X, y = request.getfixturevalue(data)
    w = rng.uniform(0.0, 3.0, size=len(y)) if weighted else None
    ours = SoftmaxMLPClassifier(
        (), solver="lbfgs", alpha=alpha, tol=1e-8, max_iter=10_000, random_state=0, **PLAIN
    ).fit(X, y, sample_weight=w)
    theirs = LogisticRegression(C=1 / alpha, tol=1e-8, max_iter=10_000).fit(X, y, sample_weight=w)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
    assert_allclose(ours.decision_function(X).shape, theirs.decision_function(X).shape)


def test_no_hidden_layer_with_balanced_classes_is_logistic_regression(wine):
    X, y = wine
    ours = SoftmaxMLPClassifier(
        [], solver="lbfgs", alpha=1.0, tol=1e-8, max_iter=10_000, class_weight="balanced", **PLAIN
    ).fit(X, y)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=10_000, class_weight="balanced")
    assert_allclose(ours.predict_proba(X), theirs.fit(X, y).predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("activation", ["logistic", "tanh"])
@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer", "digits"])
def test_one_hidden_layer_has_scikit_learns_minimum(data, activation, request, rng):
    X, y = request.getfixturevalue(data)
    X, y = X[:300], y[:300]
    k = len(np.unique(y))
    sizes = (X.shape[1], 5, 1 if k == 2 else k)
    start = [
        (rng.normal(scale=0.3, size=shape), rng.normal(scale=0.1, size=shape[1]))
        for shape in zip(sizes, sizes[1:], strict=False)
    ]
    coefs, intercepts = [W for W, _ in start], [b for _, b in start]
    params = dict(
        hidden_layer_sizes=5, activation=activation, solver="lbfgs", alpha=1.0, random_state=0
    )

    theirs = MLPClassifier(**params, warm_start=True, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)  # makes the attributes that a warm start reads
    theirs.coefs_, theirs.intercepts_ = [W.copy() for W in coefs], [b.copy() for b in intercepts]
    theirs.set_params(max_iter=5000, tol=1e-6).fit(X, y)

    ours = SoftmaxMLPClassifier(
        **params, init=(coefs, intercepts), max_iter=5000, tol=1e-6, **PLAIN
    ).fit(X, y)
    assert_allclose(ours.loss_, theirs.loss_, atol=1e-4)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=5e-3)
