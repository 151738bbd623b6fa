"""How much each feature matters, as the networks of a race see it.

A network that learns makes its first layer large where the outputs depend on a feature, and the
average of the outer products of its gradients tells where that is [1]_. Here its diagonal is taken
early, from networks of a few epochs: those that are trained then get each feature multiplied by
about the root of it, so that neither the penalty nor the steps are spent alike on what says much
and on what says little. On 46 public tables of up to 6,000 rows with two seeds the log loss
(+ 0.01) falls by 2 % in the geometric mean, by 15 % where few columns decide; with 500 rows by 2 %
as well. What gains no more: other powers (0.3 to 1.3), more or longer trained networks, to repeat
it with the networks trained so, or to let a race decide whether to do it.

References
----------
.. [1] Radhakrishnan, A., Beaglehole, D., Pandit, P., & Belkin, M. (2024). "Mechanism for feature
   learning in neural networks and backpropagation-free machine learning models." Science, 383.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._kernels import Inputs, Kernel, evaluate_activation
from .network import Network

_SAMPLE = 4096  # rows times outputs that are looked at
_POWER = 0.75
_RANGE = (0.2, 5.0)


def relevance_of(
    network: Network,
    params: NDArray,
    inputs: Inputs,
    blocks: NDArray,
    weights: NDArray | None = None,
    *,
    centre: bool,
) -> NDArray | None:
    r"""Return the relevance of each feature to the mean of networks with these parameters.

    The root of the mean squared slope, :math:`s_j^2 = E_x \sum_k (\partial z_k / \partial x_j)^2`,
    over a sample of the rows that have weight, each by its weight, with logits :math:`z_k` that are
    the mean of the networks', counts by its share of the mean of all to the power of 0.75, within a
    range, and in the end the mean of squares is 1. Features of one number in `blocks` share the
    mean of their squares. With `centre` what the logits of a row have in common does not count.
    None where nothing matters, or the slopes are not finite.
    """
    rows = _sample(inputs.n_rows, network.sizes[-1], weights)
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        # side by side they are one network, whose logits are the sum
        slopes = np.concatenate(
            [_slopes(network, p, inputs, rows, centre) for p in params], axis=-1
        )
        first = np.concatenate([network.views(p)[0][0] for p in params], axis=-1)
        slopes = slopes.astype(np.float64)
        if weights is not None:
            slopes *= np.sqrt(weights[rows] / weights.max())[:, None, None]
        slopes = slopes.reshape(-1, first.shape[1])
        outer = _product(slopes.T, slopes).astype(first.dtype)
        squares = np.einsum("jh,jh->j", _product(first, outer), first).clip(0)
        shared = np.bincount(blocks, squares) / np.maximum(np.bincount(blocks), 1)
        root = np.sqrt(shared[blocks])
        if not (np.isfinite(root).all() and root.any()):
            return None
        relevance = ((root / root.mean()) ** _POWER).clip(*_RANGE)
    return relevance / np.sqrt(np.mean(relevance**2))


def _sample(n_rows: int, n_outputs: int, weights: NDArray | None) -> NDArray:
    """Return rows to look at, from the first to the last of those that have weight."""
    rows = np.arange(n_rows) if weights is None else np.flatnonzero(weights)
    at = np.linspace(0, len(rows) - 1, min(len(rows), max(_SAMPLE // n_outputs, 1)))
    return rows[at.astype(np.intp)]


def _slopes(
    network: Network, params: NDArray, inputs: Inputs, rows: NDArray, centre: bool
) -> NDArray:
    """Return the derivatives of the logits by what the first layer's units sum up.

    The shape is (rows, logits, units).
    """
    coefs, intercepts = network.views(params)
    k = network.sizes[-1]
    z = _first_sums(network, params, inputs, rows)
    of_units = []
    for W, b, name in zip(coefs[1:], intercepts[1:], network.activations, strict=True):
        a, slope = evaluate_activation(name, z)
        of_units.append(slope)
        z = _product(a, W) + b
    own = np.eye(k, dtype=params.dtype)
    if centre:
        own -= own.mean(axis=0)
    slopes: NDArray = np.broadcast_to(own, (len(rows), k, k))
    for W, slope in zip(coefs[:0:-1], of_units[::-1], strict=True):
        slopes = _product(slopes.reshape(-1, W.shape[1]), W.T).reshape(len(rows), k, len(W))
        slopes = slopes * slope[:, None]
    return slopes


def _first_sums(network, params, inputs, rows):
    """Return what the first layer's units sum up."""
    fan_in, fan_out = network.shapes[0]
    return _layer((fan_in, fan_out), params[: (fan_in + 1) * fan_out], inputs, rows, len(rows))


def _product(a: NDArray, b: NDArray) -> NDArray:
    """Return a @ b by the kernel: a BLAS would wake threads, that go on in the way of others."""
    params = np.concatenate([b, np.zeros((1, b.shape[1]), dtype=b.dtype)])
    return _layer(b.shape, params.ravel(), Inputs.dense(a), None, len(a))


def _layer(shape, params, inputs, rows, n):
    """Return what the units of one layer sum up, of n rows."""
    z = np.empty((n, shape[1]), dtype=params.dtype)
    kernel = Kernel(shape, (), "softmax_cross_entropy", params.dtype)
    kernel.logits(np.ascontiguousarray(params), inputs, rows, z)
    return z
