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
from ._numbers import NumberReader

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "Inputs",
    "Kernel",
    "NumberReader",
    "evaluate_activation",
    "evaluate_function",
    "permutation",
    "set_simd_level",
    "simd_level",
]
