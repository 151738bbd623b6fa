from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]

FLOATS: Final[tuple[np.dtype, ...]]

class Inputs:
    @property
    def n_rows(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @staticmethod
    def dense(X: Floats) -> Inputs: ...
    @staticmethod
    def sparse(
        indptr: NDArray[np.integer], indices: NDArray[np.integer], data: Floats, n_features: int
    ) -> Inputs: ...
    @staticmethod
    def table(
        dense: Floats, positions: NDArray[np.float32], kinds: ArrayLike, widths: ArrayLike
    ) -> Inputs: ...
    def expand(self, out: Floats, n_threads: int = 1) -> None: ...
