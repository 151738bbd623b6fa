"""Outputs as decisions among classes: one formula judges softmax and sigmoid outputs.

A softmax layer is one decision among its classes. A sigmoid output is a decision between two
classes with the logits 0 and z, and a row with k of them counts as k decisions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Decisions:
    """The form of the outputs: `n_outputs` of a softmax, or as many sigmoids."""

    n_outputs: int
    softmax: bool

    @property
    def per_row(self) -> int:
        """Number of decisions in a row."""
        return 1 if self.softmax else self.n_outputs

    def log_proba(self, z: NDArray) -> NDArray:
        """Log-probabilities of the classes of every decision, from logits."""
        z = np.asarray(z, dtype=np.float64)
        if not self.softmax:
            z = np.stack([np.zeros(z.size), z.reshape(-1)], axis=1)
        return log_softmax(z)

    def probabilities(self, targets: NDArray) -> NDArray:
        """Target probabilities of the classes of every decision, from the kernel's targets."""
        if not self.softmax:
            flat = np.asarray(targets, dtype=np.float64).reshape(-1)
            return np.stack([1 - flat, flat], axis=1)
        if targets.ndim == 1:
            return np.eye(self.n_outputs)[targets]
        return np.asarray(targets, dtype=np.float64)

    def of_rows(self, rows: NDArray) -> NDArray:
        """Numbers of the decisions that belong to the rows."""
        k = self.per_row
        return rows if k == 1 else (rows[:, None] * k + np.arange(k)).ravel()

    def smooth(self, targets: NDArray, smoothing: float) -> NDArray:
        """Targets with label smoothing (Szegedy et al., 2016): y <- (1 - s) y + s / classes."""
        p = self.probabilities(targets)
        p = (1 - smoothing) * p + smoothing / p.shape[1]
        return p if self.softmax else p[:, 1].reshape(-1, self.n_outputs)


def log_softmax(z: NDArray) -> NDArray:
    """Log-softmax over the last axis; leaner than SciPy's for a single row."""
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
