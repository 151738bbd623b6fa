"""The one function that training minimises, on all rows or on some.

    J(params) = (1/S) * sum_i w_i * loss(z_i, y_i) + (alpha / 2N) * sum ||W_l||^2

with logits `z`, sample weights times class weights `w`, `S` the sum of `w` over the rows of the
batch and `N` the sum over all training rows. Biases are not penalised.

The sum over all rows is taken by blocks of rows, which are added up as the leaves of a binary tree.
Who adds up which blocks then makes no difference to a single bit, so that training on many machines
comes to what one machine comes to: a minimum that is searched for in hundreds of steps depends on
the rounding of each of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from functools import cached_property, partial, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._kernels import Inputs, Kernel
from .._products import dot
from .network import Network
from .optimizers import Optimizer

BLOCK = 1 << 12  # rows of a leaf

# level and place in the tree, and what the blocks below come to
Node = tuple[int, int, float, NDArray]


def merge(nodes: Iterable[Node]) -> list[Node]:
    """Add up the nodes of a tree, given from left to right, as far as their parents are whole."""
    merged: list[Node] = []
    for node in nodes:
        while node[1] % 2 and merged and merged[-1][:2] == (node[0], node[1] - 1):
            node = _parent(merged.pop(), node)
        merged.append(node)
    return merged


def total(nodes: Iterable[Node]) -> tuple[float, NDArray]:
    """Add up all nodes of a tree, given from left to right."""
    return reduce(lambda right, left: _parent(left, right), reversed(merge(nodes)))[2:]


def _parent(left: Node, right: Node) -> Node:
    level, place, value, gradient = left
    with np.errstate(over="ignore", invalid="ignore"):  # not finite: whoever reads the value sees
        return level + 1, place // 2, value + right[2], gradient + right[3]


class Objective:
    """J for one network on one set of rows; the arithmetic is the kernel's.

    Parameters
    ----------
    network : Network
    loss : str
        The kernel's name of the loss.
    alpha : float
        Strength of the penalty.
    inputs : Inputs
        Features of all rows.
    targets : ndarray of shape (n,) or (n, k)
        Class numbers, or rows of target probabilities.
    weights : ndarray of shape (n,) or None
        Sample weights times class weights; None means 1.
    rows : ndarray of int or None
        The training rows; None means all.
    dtype : dtype
        Of the parameters and of the arithmetic.
    loss_scale : float
        Factor on the loss.
    dropout : sequence of float or None
        Rate after each hidden layer, in :meth:`train` only.
    clip : float
        Largest norm of a batch's gradient in :meth:`train`; 0 for no limit.
    n_threads : int
        Threads of the kernel.
    total_weight : float or None
        `N`; None means the sum of the weights of the training rows.
    first_block : int
        Number of the first block of rows, where the rows before are elsewhere.
    relevance : ndarray of shape (n_features,) or None
        What features count as multiplied by in :meth:`train`, while their weights are those of the
        features as they are; None means 1.
    """

    def __init__(
        self,
        network: Network,
        loss: str,
        alpha: float,
        inputs: Inputs,
        targets: NDArray,
        weights: NDArray | None = None,
        rows: NDArray | None = None,
        *,
        dtype=np.float64,
        loss_scale: float = 1.0,
        dropout: Sequence[float] | None = None,
        clip: float = 0.0,
        n_threads: int = 1,
        total_weight: float | None = None,
        first_block: int = 0,
        relevance: NDArray | None = None,
    ):
        self.network = network
        self.dtype = np.dtype(dtype)
        self.inputs, self.targets, self.weights, self.rows = inputs, targets, weights, rows
        self.dropout = None if dropout is None or not any(dropout) else list(dropout)
        self.clip = clip
        self.relevance = relevance
        self.n_rows = inputs.n_rows if rows is None else len(rows)
        self.first_block = first_block
        if total_weight is not None:
            self.total_weight = total_weight
        elif weights is None:
            self.total_weight = float(self.n_rows)
        else:
            self.total_weight = float(np.sum(weights if rows is None else weights[rows]))
        if not self.total_weight > 0:
            raise ValueError(
                "The rows held out leave rows of no weight to train a network on. Hold out others "
                "by cv, or set early_stopping=False."
            )
        self.penalty = alpha / self.total_weight
        self._weights_at = network.weight_slices
        self._new_kernel = partial(
            Kernel,
            network.sizes,
            network.activations,
            loss,
            n_threads=n_threads,
            loss_scale=loss_scale,
        )
        self._kernel = self._new_kernel(dtype=self.dtype)

    def in_single(self) -> Objective:
        """Return the same function, computed in float32."""
        single = copy.copy(self)
        single.dtype = np.dtype(np.float32)
        single._kernel = self._new_kernel(dtype=single.dtype)
        return single

    def value_and_gradient(self, params: NDArray) -> tuple[float, NDArray]:
        """J and its gradient at `params`, over all training rows."""
        return total(self.sums(params))

    def sums(self, params: NDArray) -> list[Node]:
        """Value and gradient over the rows that are here; the first block has the penalty."""
        params = np.ascontiguousarray(params, dtype=self.dtype)
        n_blocks = max(-(-self.inputs.n_rows // BLOCK), 1)
        return merge(self._leaf(params, block) for block in range(n_blocks))

    def _leaf(self, params, block) -> Node:
        gradient = np.empty_like(params)
        place = self.first_block + block
        value = self._kernel.value_and_gradient(
            params,
            self.inputs,
            self.targets,
            self.weights,
            self._rows_of(block),
            1.0 / self.total_weight,
            0.0 if place else self.penalty,
            gradient,
        )
        return 0, place, value, gradient

    def _rows_of(self, block) -> NDArray | None:
        """Training rows of a block of the table."""
        start, stop = block * BLOCK, (block + 1) * BLOCK
        n, rows = self.inputs.n_rows, self._rows_in_order
        if rows is not None:  # sought as what they are: NumPy would convert all of them
            ends = np.array([start, min(stop, n)], dtype=rows.dtype)
            return rows[slice(*np.searchsorted(rows, ends))]
        return None if n <= BLOCK else np.arange(start, min(stop, n))

    @cached_property
    def _rows_in_order(self) -> NDArray | None:
        rows = self.rows
        return rows if rows is None or (rows[:-1] <= rows[1:]).all() else np.sort(rows)

    def penalty_value(self, params: NDArray) -> float:
        """Return the second term of J."""
        squares = [dot(params[W], params[W]) for W in self._weights_at]
        if self.relevance is not None:
            first = params[self._weights_at[0]].reshape(len(self.relevance), -1)
            squares[0] = float((np.einsum("jh,jh->j", first, first) / self.relevance**2).sum())
        return 0.5 * self.penalty * sum(squares)

    def train(
        self,
        params: NDArray,
        order: NDArray | None,
        rates: NDArray,
        *,
        batch_size: int,
        optimizer: Optimizer,
        slots: list[NDArray],
        average: NDArray | None,
        **state: Any,
    ) -> tuple[float, float, float, int]:
        """Descend along batch gradients over `order`, changing `params`, `slots` and `average`.

        `state` is step, seed, decay and average_decay, as the kernel has them.

        Returns the weighted sum of the losses, the sum of the weights, the sum of squared gradient
        norms and the number of batches done (fewer than asked for where a loss was not finite).
        """
        return self._kernel.train(
            params,
            self.inputs,
            self.targets,
            self.weights,
            order,
            batch_size,
            rates,
            rule=optimizer.rule,
            hyper=optimizer.hyper,
            slots=slots,
            average=average,
            penalty=self.penalty,
            dropout=self.dropout,
            clip=self.clip,
            relevance=self.relevance,
            **state,
        )

    def logits(self, params: NDArray, inputs: Inputs | None = None, rows=None) -> NDArray:
        """Logits of `rows` of the training inputs, or of other inputs."""
        inputs = self.inputs if inputs is None else inputs
        n = inputs.n_rows if rows is None else len(rows)
        out = np.empty((n, self.network.sizes[-1]), dtype=self.dtype)
        self._kernel.logits(params, inputs, rows, out)
        return out
