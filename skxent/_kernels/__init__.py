"""Compiled arithmetic of a network: forward, loss, backward, update."""

from ._core import (
    ACTIVATIONS,
    LOSSES,
    Kernel,
    evaluate_activation,
    evaluate_function,
    permutation,
    set_simd_level,
    simd_level,
)
from ._inputs import Inputs

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "Inputs",
    "Kernel",
    "evaluate_activation",
    "evaluate_function",
    "permutation",
    "set_simd_level",
    "simd_level",
]
