"""What is to be learnt: rows, targets and weights, and which rows members are judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from .._kernels import Inputs
from .._outputs import Outputs
from .held_out import Judgement
from .history import History
from .mini_batch import MiniBatch
from .network import Network
from .objective import Objective
from .splits import Split


class Rows(Protocol):
    """Rows of features, wherever they are: here as `Inputs` of the kernel, or on a cluster.

    They make what training needs of them: the objective on some of them, and what goes down along
    batches of them. `are_here` tells whether a look at some of them costs no message.
    """

    are_here: ClassVar[bool]

    @property
    def n_rows(self) -> int:
        """Number of rows."""

    @property
    def n_features(self) -> int:
        """Number of features of the encoded rows."""

    @property
    def n_threads(self) -> int:
        """Threads that members may share."""

    def objective(
        self,
        network: Network,
        loss: str,
        alpha: float,
        targets: NDArray,
        weights: NDArray | None,
        rows: NDArray | None,
        **settings: Any,
    ) -> Objective:
        """Return J for a network on the rows with these numbers; None means all."""

    def descent(self, objective: Objective, **settings: Any) -> MiniBatch:
        """Return a way down along batches."""


@dataclass(frozen=True, eq=False)
class LocalRows:
    """Rows in this process."""

    are_here: ClassVar[bool] = True

    inputs: Inputs
    n_threads: int

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.inputs.n_rows

    @property
    def n_features(self) -> int:
        """Number of features of the encoded rows."""
        return self.inputs.n_features

    def objective(self, network, loss, alpha, targets, weights, rows, **settings) -> Objective:
        """Return J for a network on the rows with these numbers; None means all."""
        return Objective(network, loss, alpha, self.inputs, targets, weights, rows, **settings)

    def descent(self, objective: Objective, **settings: Any) -> MiniBatch:
        """Return a way down along batches."""
        return MiniBatch(objective, **settings)


@dataclass(frozen=True, eq=False)
class Problem:
    """All that training is told of the data.

    `splits` has the rows of every member: `split_rng` draws them again, and `split_hash` tells them
    from others. `judgement` is None where nothing is held out. `rng` draws what is still random.
    `relevance` is what features count as multiplied by; None means 1.
    `tell` is told parameters and history after every epoch and returns whether to stop.
    """

    network: Network
    outputs: Outputs
    rows: Rows
    targets: NDArray
    weights: NDArray | None
    dtype: np.dtype
    splits: Sequence[Split]
    split_rng: np.random.RandomState | None
    split_hash: str | None
    judgement: Judgement | None
    rng: np.random.RandomState
    tell: Callable[[NDArray, History], bool] | None = None
    relevance: NDArray | None = None
