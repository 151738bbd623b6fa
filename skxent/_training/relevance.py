"""How much each feature matters, as the networks of a race see it.

A network that learns makes its first layer large where the outputs depend on a feature, and the
average of the outer products of its gradients tells where that is [1]_. Here its diagonal is taken
early, from networks of a few epochs: those that are trained then get each feature times the root of
it, so that neither the penalty nor the steps are spent alike on what says much and on what says
little. Of 46 public tables with two seeds, the log loss (+ 0.01) falls by 2.2 % in the geometric
mean, by 15 % where few columns decide. To repeat it with the networks trained so, to decide by a
race whether to do it, or to take other powers of it (0.3 to 1.3), all gain less.

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
_RANGE = (0.2, 5.0)  # of the mean


def relevance_of(
    network: Network, params: NDArray, inputs: Inputs, blocks: NDArray, *, centre: bool
) -> NDArray | None:
    r"""Return the relevance of each feature to networks with these parameters.

    It is :math:`r_j = c \sqrt{E_x \sum_k (\partial z_k / \partial x_j)^2}`, the mean being over
    the networks too, within a range, and scaled by :math:`c` so that the mean of :math:`r_j^2` is
    1. Features of one number in `blocks` share the mean of theirs. With
    `centre` what the logits have in common does not count. None where nothing matters.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        squares = np.mean([_squared_slopes(network, p, inputs, centre) for p in params], axis=0)
        shared = np.bincount(blocks, squares) / np.maximum(np.bincount(blocks), 1)
        root = np.sqrt(shared[blocks])
        if not (np.isfinite(root).all() and root.any()):
            return None
        relevance = np.clip(root / root.mean(), *_RANGE)
    return relevance / np.sqrt(np.mean(relevance**2))


def _squared_slopes(network: Network, params: NDArray, inputs: Inputs, centre: bool) -> NDArray:
    """Return the mean over rows of the sum over logits of their squared derivatives."""
    coefs, intercepts = network.views(params)
    k = network.sizes[-1]
    rows = np.linspace(0, inputs.n_rows - 1, min(inputs.n_rows, max(_SAMPLE // k, 1)))
    z = _first_sums(network, params, inputs, rows.astype(np.intp))
    slopes = []
    for W, b, name in zip(coefs[1:], intercepts[1:], network.activations, strict=True):
        a, slope = evaluate_activation(name, z)
        slopes.append(slope)
        z = a @ W + b
    by: NDArray = np.eye(k, dtype=params.dtype) - (1 / k if centre else 0)
    by = np.broadcast_to(by.astype(params.dtype), (len(rows), k, k))
    for W, slope in zip(coefs[:0:-1], slopes[::-1], strict=True):
        by = (by @ W.T) * slope[:, None]
    by = by.reshape(-1, by.shape[-1]).astype(np.float64)
    outer = by.T @ by / len(rows)  # the same of the first layer's sums
    return np.maximum(np.einsum("jh,jh->j", coefs[0] @ outer, coefs[0]), 0.0)


def _first_sums(network, params, inputs, rows):
    """Return what the first layer's units sum up, before their activation."""
    fan_in, fan_out = network.shapes[0]
    z = np.empty((len(rows), fan_out), dtype=params.dtype)
    kernel = Kernel((fan_in, fan_out), (), "softmax_cross_entropy", params.dtype)
    kernel.logits(np.ascontiguousarray(params[: (fan_in + 1) * fan_out]), inputs, rows, z)
    return z
