"""Networks as a graph: activations, layers, and the mean of the members."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._table.encoder import encoding_of
from ._encoder import encoded
from ._graph import Graph

# ---- activations of the hidden layers


def _gelu(g, z):
    """Return z Phi(z); onnxruntime has erf for float32 only, which is exact enough."""
    erf = g.cast(g("Erf", g.cast(g("Mul", z, g.constant(0.5**0.5)), np.float32)), np.float64)
    return g("Mul", z, g("Mul", g.constant(0.5), g("Add", erf, g.constant(1.0))))


def _selu(g, z):
    above = g("Mul", g.constant(1.0507009873554805), g("Relu", z))
    below = g("Sub", g("Exp", g("Min", z, g.constant(0.0))), g.constant(1.0))
    return g("Add", above, g("Mul", g.constant(1.7580993408473769), below))


def _elu(g, z):
    below = g("Sub", g("Exp", g("Min", z, g.constant(0.0))), g.constant(1.0))
    return g("Add", g("Relu", z), below)


def _softplus(g, z):
    """Return log(1 + exp(z)); the operator itself is for float32 only in most versions."""
    small = g("Exp", g("Neg", g("Abs", z)))
    return g("Add", g("Relu", z), g("Log", g("Add", g.constant(1.0), small)))


def sigmoid(g: Graph, z: str) -> str:
    """Return 1 / (1 + exp(-z)); onnxruntime's own operator is 0 from -38 down, and less exact."""
    one = g.constant(1.0)
    return g("Div", one, g("Add", one, g("Exp", g("Neg", z))))


def _silu(g, z):
    """Return z / (1 + exp(-z)): z times a sigmoid is what onnxruntime fuses, for float32 only."""
    return g("Div", z, g("Add", g.constant(1.0), g("Exp", g("Neg", z))))


_ACTIVATIONS: dict[str, Callable[[Graph, str], str]] = {
    "identity": lambda g, z: z,
    "logistic": sigmoid,
    "tanh": lambda g, z: g("Tanh", z),
    "relu": lambda g, z: g("Relu", z),
    "leaky_relu": lambda g, z: g("Max", z, g("Mul", z, g.constant(0.01))),
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "mish": lambda g, z: g("Mul", z, g("Tanh", _softplus(g, z))),
    "softplus": _softplus,
}


# ---- the networks


def _first_products(g, model, columns, W):
    """Return the rows of a table times the first weights W; the codes look up rows of it."""
    if model.reader.passes_through:
        matrix, fields = columns.numbers(range(len(W))), []
    else:
        matrix, fields = encoded(g, encoding_of(model.reader.encoder), columns)
    stop = len(W) - sum(width for _, width in fields)
    terms = [] if matrix is None else [g("MatMul", matrix, g.numbers(W[:stop]))]
    for codes, width in fields:
        start, stop = stop, stop + width
        rows = np.vstack([W[start:stop], np.zeros((1, W.shape[1]), W.dtype)])
        terms.append(g("Gather", g.numbers(rows), codes, axis=0))
    return terms


def logits(g, model, columns):
    """Return the mean of the members' logits over the temperature.

    All members go through the graph at once: side by side in the first layer, then as a stack.
    """
    weights, biases = model.network.views(model.params)
    n_members = len(model.params)
    _, n_inputs, width = weights[0].shape
    W = weights[0].transpose(1, 0, 2).reshape(n_inputs, n_members * width)
    z = g.numbers(biases[0].reshape(1, -1))
    for term in _first_products(g, model, columns, W) or [columns.zeros(W.shape[1])]:
        z = g("Add", term, z)
    if n_members > 1:
        z = g("Reshape", z, g.constant([-1, n_members, width]))
        z = g("Transpose", z, perm=[1, 0, 2])
    for layer, name in enumerate(model.network.activations, start=1):
        W, b = weights[layer], biases[layer][:, None, :]
        W, b = (W, b) if n_members > 1 else (W[0], b[0])
        z = g("Add", g("MatMul", _ACTIVATIONS[name](g, z), g.numbers(W)), g.numbers(b))
    if n_members > 1:
        z = g("ReduceSum", z, g.constant([0]), keepdims=0)
    return g("Div", z, g.constant(float(n_members * model.temperature)))
