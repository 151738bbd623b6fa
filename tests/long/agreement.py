"""What a fitted model predicts, computed otherwise: by readable NumPy, by every engine, by ONNX.

Each check returns nothing, and raises AssertionError where two ways differ by more than rounding.
How much rounding there may be is carried along: beside every number goes its error, as if roundings
were independent and sixteen times as large as they are.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import expit, softmax

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where the formulas are

import reference  # noqa: E402

from skxent._kernels import Kernel, set_simd_level, simd_level  # noqa: E402
from skxent._model import fitted_model  # noqa: E402
from skxent._table.checks import checked_numbers  # noqa: E402
from skxent._table.encoder import encoding_of  # noqa: E402
from skxent._training.network import Network  # noqa: E402
from skxent._training.objective import Objective  # noqa: E402

ROUNDINGS = 16  # units in the last place that a term of a sum, or an activation, may be off
STEEPEST = 2.0  # no activation is steeper, nor bends more
KINKED = {"relu", "leaky_relu", "selu"}


@cache
def levels():
    """The engines of this machine: instruction sets, and the BLAS of SciPy."""
    best, found = simd_level(), []
    for level in ("avx512", "avx2", "blas"):
        try:
            set_simd_level(level)
            found.append(level)
        except ValueError:
            continue
    set_simd_level(best)
    return found


class every_level:  # noqa: N801
    """Iterates over the engines, each in use for its turn; the best is in use again afterwards."""

    def __iter__(self):
        best = simd_level()
        try:
            for level in levels():
                set_simd_level(level)
                yield level
        finally:
            set_simd_level(best)


def encoded(model, X):
    """Return the matrix that the networks see, in float64."""
    encoder = model.encoder_
    E = checked_numbers(model, X) if encoder is None else encoder.transform(X)
    return np.asarray(E.toarray() if hasattr(E, "toarray") else E, dtype=np.float64)


def members(model):
    """Yield the weights and the biases of every network."""
    many = model.coefs_[0].ndim == 3
    coefs, intercepts = model.coefs_, model.intercepts_
    for m in range(len(coefs[0]) if many else 1):
        one = (lambda part, m=m: part[m]) if many else (lambda part: part)
        yield [one(W).astype(float) for W in coefs], [one(b).astype(float) for b in intercepts]


def product(a, b):
    """Return how far a product may be off whose terms are independent and as large as these."""
    return np.sqrt((a**2) @ (b**2))


def forward(coefs, intercepts, activations, E, dtype):
    """Return the sums and the inputs of every layer, and bounds of their errors in `dtype`."""
    info = np.finfo(dtype)
    eps, tiny = float(info.eps), float(info.tiny)
    a, sums, sum_errors = E, [], []
    error = eps * abs(E) + tiny
    inputs, errors = [a], [error]
    for layer, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        z = a @ W + b
        error = product(error, W) + ROUNDINGS * eps * (product(a, W) + abs(b))
        error += tiny * (len(W) + 1 + abs(a).sum(axis=1, keepdims=True))  # denormals are zero
        sums.append(z)
        sum_errors.append(error)
        if layer < len(activations):
            a = reference.ACTIVATIONS[activations[layer]][0](z)
            error = STEEPEST * error + ROUNDINGS * eps * abs(a) + tiny
            inputs.append(a)
            errors.append(error)
    return sums, sum_errors, inputs, errors


def reference_logits(model, X):
    """Return the logits by the formulas, and a bound of the error of those of the model."""
    fitted = fitted_model(model)
    E, each = encoded(model, X), []
    single = getattr(X, "dtype", None) == np.float32
    dtype = np.float32 if single else fitted.params.dtype
    with np.errstate(all="ignore"):
        for coefs, intercepts in members(model):
            of_member = forward(coefs, intercepts, fitted.network.activations, E, dtype)
            each.append((of_member[0][-1], of_member[1][-1]))
        z = np.mean([z for z, _ in each], axis=0) / model.temperature_
        error = np.mean([error for _, error in each], axis=0) / model.temperature_
        error += 4 * np.finfo(dtype).eps * abs(z)
    return z, error


def probabilities(outputs, z):
    """Return the probabilities that logits stand for."""
    if outputs.softmax:
        return softmax(z, axis=1)
    p = expit(z)
    return p if outputs.multilabel else np.hstack([expit(-z), p])


def check_reference(model, X):
    """Logits, probabilities and labels of every engine are those of the formulas."""
    fitted = fitted_model(model)
    z, error = reference_logits(model, X)
    # the kernel keeps outputs within 1e30, whatever the formulas say
    known = (abs(z) + error < 1e29).all(axis=1)
    p = probabilities(fitted.outputs, z)
    likely = -np.sort(-p, axis=1)
    within = error.max(axis=1, keepdims=True)
    for level in every_level():
        got = model.decision_function(X).reshape(z.shape)
        off = np.max((abs(got - z) / error)[known], initial=0)
        assert off <= 1, f"logits at level {level}: off by {off:.3g} times what rounding may do"
        got = model.predict_proba(X)
        allowed = within + 32 * np.finfo(got.dtype).eps
        assert (abs(got - p) <= allowed)[known].all(), f"probabilities at level {level}"
        if fitted.outputs.one_class_per_row:
            clear = known & (likely[:, 0] - likely[:, 1] > 4 * allowed[:, 0])
            expected = model.classes_[p.argmax(axis=1)]
            assert (model.predict(X) == expected)[clear].all(), f"labels at level {level}"


# ---- gradients


def backward(coefs, activations, passed, weights, dtype, penalty):
    """Return for every layer bounds of the error of the gradients of weights and of biases.

    `passed` is what went forward; `weights` are those of the rows, of the sum 1.
    """
    eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
    sums, sum_errors, inputs, errors = passed
    slope = weights[:, None] * np.ones(sums[-1].shape)  # no loss here is steeper
    slope_error = slope * (2 * sum_errors[-1].max(axis=1, keepdims=True) + ROUNDINGS * eps) + tiny
    bounds = []
    for layer in reversed(range(len(coefs))):
        W, a, a_error = coefs[layer], inputs[layer], errors[layer]
        rounding = ROUNDINGS * eps * slope + slope_error
        # over rows errors add up as they are: what is off in one is off alike in rows like it
        dW = abs(a).T @ rounding + a_error.T @ slope + 4 * eps * penalty * abs(W)
        # denormals are zero, also in half of a gradient, as Adam's first step has it
        bounds.append((dW + 2 * tiny, rounding.sum(axis=0) + 2 * tiny))
        if layer:
            back = STEEPEST * product(slope, W.T)
            slope_error = STEEPEST * product(slope_error, W.T)
            slope_error += back * (sum_errors[layer - 1] + ROUNDINGS * eps)
            slope = back
    return bounds[::-1]


def check_gradient(model, X, rng):
    """The gradient of L-BFGS, and that of a step of Adam and of one of SGD, by every engine."""
    fitted = fitted_model(model)
    network, outputs = fitted.network, fitted.outputs
    E, dtype = encoded(model, X), fitted.params.dtype
    coefs, intercepts = next(members(model))
    with np.errstate(all="ignore"):
        passed = forward(coefs, intercepts, network.activations, E, dtype)
    kinked = [
        (abs(z) <= error).any()
        for z, error, name in zip(passed[0], passed[1], network.activations, strict=False)
        if name in KINKED
    ]
    largest = max(np.max(abs(z) + error, initial=0) for z, error in zip(*passed[:2], strict=True))
    if any(kinked) or not largest < 1e10:
        return False
    n = len(E)
    Y = outputs_at_random(outputs, n, rng)
    weights = rng.random(n) + 0.1
    share, penalty = weights / weights.sum(), 0.5 / weights.sum()
    loss = outputs.kernel_loss("cross_entropy")
    _, expected = reference.objective(
        reference.pack(coefs, intercepts), network.sizes, network.activations, loss, E, Y, weights,
        scale=1 / weights.sum(), penalty=penalty,
    )  # fmt: skip
    bound = backward(coefs, network.activations, passed, share, dtype, penalty)
    bound = reference.pack(*zip(*bound, strict=True))
    inputs = fitted.reader.compact(model, X).inputs()
    targets = Y.astype(dtype)
    for level in every_level():
        for name, gradient in gradients(fitted, inputs, targets, weights):
            off = np.max(abs(gradient - expected) / np.maximum(bound, 1e-300))  # weights may be 0
            assert off <= 1, f"gradient of {name} at level {level}: off by {off:.3g} times ..."
    return True


def outputs_at_random(outputs, n, rng):
    """Return targets of n rows."""
    if outputs.softmax:
        return rng.dirichlet(np.ones(outputs.n_outputs), n)
    return rng.random((n, outputs.n_outputs))


def gradients(fitted, inputs, targets, weights):
    """Yield the gradient at the first network's parameters, as each of the solvers has it."""
    network, params = fitted.network, fitted.params[0]
    loss, dtype = fitted.outputs.kernel_loss("cross_entropy"), params.dtype
    network = Network(network.sizes, network.activations)
    objective = Objective(network, loss, 0.5, inputs, targets, weights, dtype=dtype)
    yield "lbfgs", objective.value_and_gradient(params)[1]
    kernel = Kernel(network.sizes, network.activations, loss, dtype)
    for rule, n_slots, hyper in [("adam", 2, (0.5, 0.5, 1e-8)), ("sgd", 1, (0.0, 0.0))]:
        slots = [np.zeros_like(params) for _ in range(n_slots)]
        kernel.train(
            params.copy(), inputs, targets, weights, None, inputs.n_rows, np.ones(1), rule=rule,
            slots=slots, hyper=hyper, step=0, decay=0.0, penalty=objective.penalty,
        )  # fmt: skip
        yield rule, slots[0] / 0.5 if rule == "adam" else -slots[0]


# ---- ONNX


def is_tiny(model):
    """Whether numbers are scaled by the smallest there are, below which onnxruntime has zero."""
    if model.encoder_ is None:
        return False
    numbers = encoding_of(model.encoder_).numbers
    return min([*numbers.scale, *numbers.std], default=1) <= np.finfo(float).tiny


def check_onnx(model, X, *others):
    """Labels and probabilities of the exported model are those of the estimator."""
    import onnxruntime

    from skxent.onnx import feed, to_onnx

    if is_tiny(model):
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        to_onnx(model, X).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    for rows in (X, *others):
        labels, p = session.run(None, feed(session, rows))
        expected = model.predict_proba(rows)
        _, error = reference_logits(model, rows)
        allowed = 1e-6 + 4 * error.max(axis=1, keepdims=True)
        assert p.shape == expected.shape
        assert (abs(p - expected) <= allowed).all(), "probabilities of ONNX"
        if fitted_model(model).outputs.one_class_per_row:
            likely = -np.sort(-expected, axis=1)
            clear = likely[:, 0] - likely[:, 1] > 4 * allowed[:, 0]
            assert (labels == model.predict(rows))[clear].all(), "labels of ONNX"
