from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._inputs import Floats, Inputs

Codes = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32] | NDArray[np.int64]
Rows = NDArray[np.int32] | NDArray[np.int64] | None

ACTIVATIONS: Final[tuple[str, ...]]
LOSSES: Final[tuple[str, ...]]

class Kernel:
    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    dtype: np.dtype
    n_threads: int
    n_params: int
    def __init__(
        self,
        sizes: Sequence[int],
        activations: Sequence[str],
        loss: str,
        dtype: DTypeLike,
        *,
        n_threads: int = 1,
        loss_scale: float = 1.0,
    ) -> None: ...
    def value_and_gradient(
        self,
        params: Floats,
        inputs: Inputs,
        targets: Codes | Floats,
        weights: Floats | None,
        rows: Rows,
        scale: float,
        penalty: float,
        gradient: Floats,
    ) -> float: ...
    def logits(self, params: Floats, inputs: Inputs, rows: Rows, out: Floats) -> None: ...
    def mean_logits(self, params: Floats, inputs: Inputs, rows: Rows, out: Floats) -> None: ...
    def train(
        self,
        params: Floats,
        inputs: Inputs,
        targets: Codes | Floats,
        weights: Floats | None,
        order: Rows,
        batch_size: int,
        rates: NDArray[np.float64],
        *,
        rule: str,
        slots: Sequence[Floats],
        hyper: Sequence[float],
        step: int,
        decay: float,
        penalty: float,
        dropout: ArrayLike | None = None,
        clip: float = 0.0,
        seed: int = 0,
        average: Floats | None = None,
        average_decay: float = 0.0,
        relevance: NDArray[np.float64] | None = None,
    ) -> tuple[float, float, float, int]: ...

def permutation(n: int, seed: int) -> NDArray[np.int32]: ...
def simd_level() -> str: ...
def set_simd_level(name: str | None = None) -> None: ...
def evaluate_activation(name: str, z: Floats) -> tuple[Floats, Floats]: ...
def evaluate_function(name: str, x: Floats) -> Floats: ...
