from typing import Any

from numpy.typing import NDArray

class NumberReader:
    def __init__(
        self,
        center: NDArray,
        scale: NDArray,
        mean: NDArray,
        std: NDArray,
        linear: NDArray,
        gaps: NDArray,
        plain: NDArray,
        binned: NDArray,
        widths: NDArray,
        edges: NDArray,
        farthest: float,
    ) -> None: ...
    def read(self, x: NDArray, dense: NDArray, positions: NDArray, n_threads: int = 1) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
