"""What the outputs of a network mean: classes, and the formulas from logits to probabilities.

A softmax layer is one decision among its classes. A sigmoid output is a decision between two
classes with the logits 0 and z, and a row with k of them counts as k decisions. One formula judges
both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, log_expit

# name of the loss -> the kernel's name, by the output layer it stands on
KERNEL_LOSSES = {
    ("cross_entropy", "softmax"): "softmax_cross_entropy",
    ("cross_entropy", "logistic"): "sigmoid_cross_entropy",
    ("squared_error", "softmax"): "softmax_squared_error",
    ("squared_error", "logistic"): "sigmoid_squared_error",
}


@dataclass(frozen=True, eq=False)
class Outputs:
    """The classes, and the form of the outputs that stand for them.

    `n_outputs` outputs of a softmax, or as many sigmoids. With `exclusive` a row has one class:
    a single sigmoid output is then a softmax over two classes whose first logit is 0.
    """

    classes: NDArray
    n_outputs: int
    exclusive: bool

    @property
    def softmax(self) -> bool:
        """Whether the outputs are a softmax layer."""
        return self.exclusive and self.n_outputs > 1

    @property
    def activation(self) -> str:
        """The output activation, by scikit-learn's names."""
        return "softmax" if self.softmax else "logistic"

    @property
    def multilabel(self) -> bool:
        """Whether every output is a label of its own."""
        return not self.exclusive and len(self.classes) == self.n_outputs

    @property
    def one_class_per_row(self) -> bool:
        """Whether a row has one class, be it of two sigmoid classes or of many."""
        return self.softmax or self.n_outputs == 1

    # ---- for training

    def kernel_loss(self, loss: str) -> str:
        """Return the kernel's name of a loss on these outputs."""
        return KERNEL_LOSSES[loss, self.activation]

    def loss_scale(self, loss: str) -> float:
        """Return a factor: two classes have two equal squared residuals, one output has one."""
        return 2.0 if self.exclusive and not self.softmax and loss != "cross_entropy" else 1.0

    def kernel_targets(self, targets: NDArray, smoothing: float, dtype: Any) -> NDArray:
        """Targets as the kernel reads them, smoothed where that is asked for."""
        if smoothing:
            targets = self.smooth(targets, smoothing)
        return np.ascontiguousarray(targets, dtype=dtype) if targets.ndim == 2 else targets

    def smooth(self, targets: NDArray, smoothing: float) -> NDArray:
        """Targets with label smoothing (Szegedy et al., 2016): y <- (1 - s) y + s / classes."""
        p = self.decisions(targets)
        p = (1 - smoothing) * p + smoothing / p.shape[1]
        return p if self.softmax else p[:, 1].reshape(-1, self.n_outputs)

    # ---- decisions, as rows that are held out are judged by

    @property
    def per_row(self) -> int:
        """Number of decisions in a row."""
        return 1 if self.softmax else self.n_outputs

    @property
    def n_choices(self) -> int:
        """Number of classes that a decision is among."""
        return self.n_outputs if self.softmax else 2

    def log_decisions(self, z: NDArray) -> NDArray:
        """Log-probabilities of the classes of every decision, from logits."""
        z = np.asarray(z, dtype=np.float64)
        if not self.softmax:
            z = np.stack([np.zeros(z.size), z.reshape(-1)], axis=1)
        return log_softmax(z)

    def decisions(self, targets: NDArray) -> NDArray:
        """Target probabilities of the classes of every decision, from the kernel's targets."""
        if not self.softmax:
            flat = np.asarray(targets, dtype=np.float64).reshape(-1)
            return np.stack([1 - flat, flat], axis=1)
        if targets.ndim == 1:
            return np.eye(self.n_outputs)[targets]
        return np.asarray(targets, dtype=np.float64)

    def prior_loss(self, targets: NDArray, weights: NDArray | None) -> float:
        """Log loss, per row, of the shares of the classes: what X may explain."""
        p = self.decisions(targets).reshape(len(targets), self.per_row, -1)
        shares = np.average(p, axis=0, weights=None if weights is None else weights / weights.max())
        return float(entr(shares).sum())

    def of_rows(self, rows: NDArray) -> NDArray:
        """Numbers of the decisions that belong to the rows."""
        k = self.per_row
        return rows if k == 1 else (rows.astype(np.intp)[:, None] * k + np.arange(k)).ravel()

    # ---- for prediction

    def labels(self, z: NDArray) -> NDArray:
        """Labels of rows: the most probable class, or an indicator of every output."""
        if self.softmax:
            return self.classes[z.argmax(axis=1)]
        on = (z > 0).astype(np.intp)
        return on if self.multilabel else self.classes[on[:, 0]]

    def decision_function(self, z: NDArray) -> NDArray:
        """Logits in the shape that scikit-learn expects: one column for two classes."""
        return z[:, 0] if self.n_outputs == 1 and not self.multilabel else z

    def proba(self, z: NDArray) -> NDArray:
        """Probabilities, never 0, so that their logarithm is finite."""
        if self.softmax:
            return _positive(np.exp(log_softmax(z)))
        if self.multilabel:
            return np.minimum(_positive(expit(z)), 1 - np.finfo(z.dtype).epsneg)
        if not self.exclusive:
            return _positive(np.hstack([expit(-z), expit(z)]))
        # not the line above: this one has the bits of a softmax over two, in fewer passes
        with np.errstate(over="ignore"):  # odds of infinity are a probability of 0
            p = np.concatenate([z, -z], axis=1)
            np.exp(p, out=p)
        p += 1
        return _positive(np.reciprocal(p, out=p))

    def log_proba(self, z: NDArray) -> NDArray:
        """Log-probabilities, finite also where the probability underflows."""
        if self.softmax:
            return log_softmax(z)
        return log_expit(z) if self.multilabel else np.hstack([log_expit(-z), log_expit(z)])


def log_softmax(z: NDArray) -> NDArray:
    """Log-softmax over the last axis; leaner than SciPy's for a single row."""
    z = z - z.max(axis=1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
    return z


def _positive(p: NDArray) -> NDArray:
    """Probabilities that underflow are the smallest number, not 0: their logarithm is finite."""
    return np.maximum(p, np.finfo(p.dtype).tiny, out=p)
