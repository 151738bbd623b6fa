"""The network, its objective and its training steps as the mathematics states them, in NumPy.

One function per formula, written to be read rather than to be fast, and sharing nothing with
the package: it is what the compiled kernel is checked against.

Parameters are one flat vector: for each layer its weights ``W`` (fan_in x fan_out, row by row)
and then its biases ``b``.
"""

import numpy as np
from scipy.special import erf, expit, log_softmax, softmax

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


def _softplus(z):
    return np.logaddexp(0.0, z)


def _normal_density(z):
    return np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)


def _normal_distribution(z):
    return 0.5 * (1.0 + erf(z / np.sqrt(2.0)))


def _expm1_negative(z):
    """exp(z) - 1 where z is negative, 0 elsewhere (nothing overflows)."""
    return np.expm1(np.minimum(z, 0.0))


# name -> (function, its derivative), both of the pre-activation z
ACTIVATIONS = {
    "identity": (lambda z: z, lambda z: np.ones_like(z)),
    "logistic": (expit, lambda z: expit(z) * expit(-z)),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (
        lambda z: np.where(z > 0, z, 0.01 * z),
        lambda z: np.where(z > 0, 1.0, 0.01),
    ),
    "elu": (
        lambda z: np.where(z > 0, z, _expm1_negative(z)),
        lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0))),
    ),
    "selu": (
        lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * _expm1_negative(z)),
        lambda z: SELU_SCALE * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0.0))),
    ),
    "gelu": (
        lambda z: z * _normal_distribution(z),
        lambda z: _normal_distribution(z) + z * _normal_density(z),
    ),
    "silu": (
        lambda z: z * expit(z),
        lambda z: expit(z) + z * expit(z) * expit(-z),
    ),
    "mish": (
        lambda z: z * np.tanh(_softplus(z)),
        lambda z: np.tanh(_softplus(z)) + z * (1.0 - np.tanh(_softplus(z)) ** 2) * expit(z),
    ),
    "softplus": (_softplus, expit),
}


def softmax_cross_entropy(Z, Y):
    """L = - sum_c y_c ln p_c of each row, and its gradient at the logits, p - y."""
    return -np.sum(Y * log_softmax(Z, axis=1), axis=1), softmax(Z, axis=1) - Y


def sigmoid_cross_entropy(Z, Y):
    """L = - sum_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)], and its gradient, a - y."""
    return np.sum(_softplus(Z) - Y * Z, axis=1), expit(Z) - Y


def softmax_squared_error(Z, Y):
    """L = 1/2 sum_c (p_c - y_c)^2; dp_c/dz_d = p_c (1[c = d] - p_d)."""
    P = softmax(Z, axis=1)
    R = P - Y
    return 0.5 * np.sum(R**2, axis=1), P * (R - np.sum(P * R, axis=1, keepdims=True))


def sigmoid_squared_error(Z, Y):
    """L = 1/2 sum_j (a_j - y_j)^2; da/dz = a (1 - a)."""
    A = expit(Z)
    return 0.5 * np.sum((A - Y) ** 2, axis=1), (A - Y) * A * expit(-Z)


# name -> function of (logits, targets) giving (loss of each row, gradient at its logits)
LOSSES = {
    "softmax_cross_entropy": softmax_cross_entropy,
    "sigmoid_cross_entropy": sigmoid_cross_entropy,
    "softmax_squared_error": softmax_squared_error,
    "sigmoid_squared_error": sigmoid_squared_error,
}


def target_matrix(targets, n_outputs):
    """Rows of targets: one-hot rows for class codes, a column for codes of a single output."""
    targets = np.asarray(targets)
    if targets.ndim == 2:
        return targets.astype(np.float64)
    if n_outputs == 1:
        return targets.astype(np.float64)[:, None]
    return np.eye(n_outputs)[targets]


def expand(dense, positions, kinds, widths):
    """The matrix that an encoded table stands for.

    A one-hot field (kind 0) with code c becomes the unit vector e_c; a piecewise linear field
    (kind 1) at position p becomes ones up to floor(p), then the fraction p - floor(p), then
    zeros. A missing value becomes zeros.
    """
    blocks = [np.asarray(dense, dtype=np.float64)]
    for position, kind, width in zip(np.asarray(positions).T, kinds, widths, strict=True):
        block = np.zeros((len(position), width))
        for row, p in enumerate(np.asarray(position, dtype=np.float64)):
            if np.isnan(p) or p < 0:
                continue
            if kind == 0:
                block[row, int(p)] = 1.0
            else:
                block[row] = np.clip(p - np.arange(width), 0.0, 1.0)
        blocks.append(block)
    return np.hstack(blocks)


def n_parameters(sizes):
    """How many weights and biases a network of these sizes has."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(sizes, sizes[1:], strict=False))


def unpack(params, sizes):
    """The weights and biases of each layer, as views of the flat vector."""
    layers, start = [], 0
    for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
        W = params[start : start + fan_in * fan_out].reshape(fan_in, fan_out)
        start += fan_in * fan_out
        layers.append((W, params[start : start + fan_out]))
        start += fan_out
    return layers


def pack(coefs, intercepts):
    """The flat vector of these weights and biases, layer by layer."""
    pairs = zip(coefs, intercepts, strict=True)
    return np.concatenate([np.ravel(np.asarray(part)) for pair in pairs for part in pair])


def weight_mask(sizes):
    """1 where the flat vector holds a weight, 0 where it holds a bias."""
    mask = np.zeros(n_parameters(sizes))
    for W, _ in unpack(mask, sizes):
        W[...] = 1.0
    return mask


def forward(params, sizes, activations, X):
    """Pre-activations z_l and inputs a_l of each layer; the last z are the logits."""
    inputs, sums = [np.asarray(X, dtype=np.float64)], []
    for layer, (W, b) in enumerate(unpack(params, sizes)):
        sums.append(inputs[-1] @ W + b)
        if layer < len(activations):
            inputs.append(ACTIVATIONS[activations[layer]][0](sums[-1]))
    return sums, inputs


def logits(params, sizes, activations, X):
    """Outputs of the last layer, before any softmax or sigmoid."""
    return forward(params, sizes, activations, X)[0][-1]


def losses(params, sizes, activations, loss, X, Y, loss_scale=1.0):
    """Unweighted loss of each row."""
    return loss_scale * LOSSES[loss](logits(params, sizes, activations, X), Y)[0]


def objective(
    params, sizes, activations, loss, X, Y, weights=None, *, scale, penalty, loss_scale=1.0
):
    """Value and gradient of J = scale * sum_i w_i loss_i + penalty / 2 * sum_l ||W_l||^2."""
    params = np.asarray(params, dtype=np.float64)
    Y = np.asarray(Y, dtype=np.float64)
    w = np.ones(len(Y)) if weights is None else np.asarray(weights, dtype=np.float64)

    sums, inputs = forward(params, sizes, activations, X)
    loss_per_row, delta = LOSSES[loss](sums[-1], Y)
    value = scale * np.sum(w * loss_scale * loss_per_row)
    delta = scale * loss_scale * w[:, None] * delta

    gradient = np.zeros_like(params)
    layers, slopes = unpack(params, sizes), unpack(gradient, sizes)
    for layer in reversed(range(len(layers))):
        W, _ = layers[layer]
        dW, db = slopes[layer]
        dW[...] = inputs[layer].T @ delta + penalty * W
        db[...] = delta.sum(axis=0)
        value += 0.5 * penalty * np.sum(W**2)
        if layer > 0:
            derivative = ACTIVATIONS[activations[layer - 1]][1]
            delta = (delta @ W.T) * derivative(sums[layer - 1])
    return value, gradient


def numerical_gradient(function, params, step=1e-5):
    """Central differences of a function of a vector."""
    params = np.asarray(params, dtype=np.float64)
    gradient = np.empty_like(params)
    for i in range(params.size):
        up, down = params.copy(), params.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (function(up) - function(down)) / (up[i] - down[i])
    return gradient


def sgd_step(params, gradient, slots, rate, hyper):
    """Momentum, plain or Nesterov's: v <- m v - rate g; p <- p + v, or p + m v - rate g."""
    (velocity,) = slots
    momentum, nesterov = hyper
    velocity = momentum * velocity - rate * gradient
    step = momentum * velocity - rate * gradient if nesterov else velocity
    return params + step, [velocity]


def adam_step(params, gradient, slots, rate, hyper, t):
    """Adam with the bias corrections folded into the rate, t = 1, 2, ..."""
    first, second = slots
    beta_1, beta_2, epsilon = hyper
    first = beta_1 * first + (1.0 - beta_1) * gradient
    second = beta_2 * second + (1.0 - beta_2) * gradient**2
    rate = rate * np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)
    return params - rate * first / (np.sqrt(second) + epsilon), [first, second]


def train(
    params,
    sizes,
    activations,
    loss,
    X,
    Y,
    weights,
    order,
    batch_size,
    rates,
    *,
    rule,
    slots,
    hyper,
    step,
    decay,
    penalty,
    clip=0.0,
    average=None,
    average_decay=0.0,
    loss_scale=1.0,
):
    """One pass over the rows of ``order`` in batches, with an update after each.

    The objective of a batch is (1/S) sum w loss + penalty/2 sum ||W||^2 with S the sum of the
    weights of the batch. AdamW is the rule "adam" with a decay: p <- p - rate * decay * p for
    the weights, apart from the gradient.

    Returns
    -------
    params, slots, average, sums : new arrays, and (sum of w * loss, sum of w, sum over batches
        of the squared gradient norm, number of batches).
    """
    params = np.array(params, dtype=np.float64)
    slots = [np.array(slot, dtype=np.float64) for slot in slots]
    average = None if average is None else np.array(average, dtype=np.float64)
    w = np.ones(len(Y)) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.arange(len(Y)) if order is None else np.asarray(order)
    decayed = weight_mask(sizes)
    Y = np.asarray(Y, dtype=np.float64)

    loss_sum = weight_sum = grad_sq_sum = 0.0
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    for number, rows in enumerate(batches):
        S = w[rows].sum()
        value, gradient = objective(
            params,
            sizes,
            activations,
            loss,
            X[rows],
            Y[rows],
            w[rows],
            scale=1.0 / S if S > 0 else 0.0,
            penalty=penalty,
            loss_scale=loss_scale,
        )
        per_row = losses(params, sizes, activations, loss, X[rows], Y[rows], loss_scale)
        loss_sum += np.sum(w[rows] * per_row)
        weight_sum += S
        norm = np.linalg.norm(gradient)
        grad_sq_sum += norm**2
        if clip > 0.0 and norm > clip:
            gradient = gradient * (clip / norm)

        rate = rates[number]
        decay_step = rate * decay * decayed * params
        if rule == "sgd":
            params, slots = sgd_step(params, gradient, slots, rate, hyper)
        else:
            params, slots = adam_step(params, gradient, slots, rate, hyper, step + number + 1)
        params = params - decay_step
        if average is not None:
            average = average_decay * average + (1.0 - average_decay) * params
    return params, slots, average, (loss_sum, weight_sum, grad_sq_sum, len(batches))


def fitted_objective(estimator, X, Y, weights, alpha, loss):
    """J of a fitted estimator: (1/S) sum_i w_i loss_i + alpha/(2S) sum_l ||W_l||^2."""
    sizes = [estimator.coefs_[0].shape[0], *(coef.shape[1] for coef in estimator.coefs_)]
    n_hidden = len(sizes) - 2
    activation = estimator.activation
    activations = [activation] * n_hidden if isinstance(activation, str) else list(activation)
    S = len(Y) if weights is None else np.sum(weights)
    return objective(
        pack(estimator.coefs_, estimator.intercepts_),
        sizes,
        activations,
        loss,
        X,
        Y,
        weights,
        scale=1.0 / S,
        penalty=alpha / S,
    )
