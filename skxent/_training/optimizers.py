"""Update rules of mini-batch descent on flat vectors: their slots, constants and formulas.

With gradient g and learning rate r (a schedule's, per step) the kernel's update is

- sgd:   v <- momentum v - r g;  params <- params + v
         (Nesterov: params <- params + momentum v - r g; Sutskever et al., 2013)
- adam:  m <- beta_1 m + (1 - beta_1) g;  v <- beta_2 v + (1 - beta_2) g²
         params <- params - r sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)
         (Kingma & Ba, 2015)
- adamw: as adam, and params <- params - r weight_decay params for weights, not biases
         (Loshchilov & Hutter, 2019)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Optimizer:
    """A rule of the kernel, the number of its slots and its constants."""

    rule: str
    n_slots: int
    hyper: tuple[float, ...]

    def slots(self, params: NDArray) -> list[NDArray]:
        """Fresh state: one zero vector per slot."""
        return [np.zeros_like(params) for _ in range(self.n_slots)]


def sgd(momentum: float, nesterov: bool) -> Optimizer:
    """Stochastic gradient descent with momentum."""
    return Optimizer("sgd", 1, (momentum, float(nesterov)))


def adam(beta_1: float, beta_2: float, epsilon: float) -> Optimizer:
    """Adam; with decoupled decay in the kernel's `decay` it is AdamW."""
    return Optimizer("adam", 2, (beta_1, beta_2, epsilon))
