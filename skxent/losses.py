"""Softmax and the losses, as functions of the logits: each loss gives its value and its gradient.

Every loss takes logits `z` and goes through the logarithm of the softmax (or of the sigmoid), so
nothing is clipped and nothing underflows: value and gradient are those of the same function.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit
from scipy.special import log_softmax as _log_softmax
from scipy.special import softmax as _softmax

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "log_softmax",
    "sigmoid",
    "softmax",
    "squared_error",
]


def softmax(z: ArrayLike) -> NDArray:
    r"""Probabilities of the classes: :math:`p_c = e^{z_c} / \sum_{c'} e^{z_{c'}}`.

    Parameters
    ----------
    z : array-like of shape (..., n_classes)
        Logits, any real numbers. Adding a constant to all logits of a row changes nothing.

    Returns
    -------
    p : ndarray of shape (..., n_classes)
        Positive numbers that sum to 1 over the last axis.

    References
    ----------
    .. [1] Bridle, J. S. (1990). "Probabilistic interpretation of feedforward classification
       network outputs, with relationships to statistical pattern recognition."

    Examples
    --------
    >>> from skxent.losses import softmax
    >>> softmax([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    return _softmax(_logits(z), axis=-1)


def log_softmax(z: ArrayLike) -> NDArray:
    r"""Logarithm of the softmax: :math:`\ln p_c = z_c - \ln \sum_{c'} e^{z_{c'}}`.

    Parameters
    ----------
    z : array-like of shape (..., n_classes)
        Logits.

    Returns
    -------
    log_p : ndarray of shape (..., n_classes)
        Finite wherever the logits are, also where the probability itself underflows to 0.

    Examples
    --------
    >>> from skxent.losses import log_softmax
    >>> log_softmax([0.0, 1000.0]).tolist()
    [-1000.0, 0.0]
    """
    return _log_softmax(_logits(z), axis=-1)


def sigmoid(z: ArrayLike) -> NDArray:
    r"""Probability of an independent output: :math:`a = 1 / (1 + e^{-z})`.

    Parameters
    ----------
    z : array-like
        Logits.

    Returns
    -------
    a : ndarray of the shape of z
        Numbers between 0 and 1.

    Examples
    --------
    >>> from skxent.losses import sigmoid
    >>> float(sigmoid(0.0))
    0.5
    """
    return expit(_logits(z))


def cross_entropy(
    z: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, NDArray]:
    r"""Cross-entropy of the softmax of the logits, and its gradient at the logits.

    .. math::

        L &= \frac1S \sum_i w_i \Big(-\sum_c y_{ic} \ln p_{ic}\Big), \quad S = \sum_i w_i,

        \frac{\partial L}{\partial z_{ic}} &= \frac{w_i}{S} (p_{ic} - y_{ic})

    Parameters
    ----------
    z : array-like of shape (n_samples, n_classes)
        Logits.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        The class of each row, 0 to ``n_classes - 1``, or rows of class probabilities.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row; None means 1.

    Returns
    -------
    value : float
        Mean cross-entropy in nats.
    gradient : ndarray of shape (n_samples, n_classes)
        Derivative of the value by each logit.

    Raises
    ------
    ValueError
        If shapes do not fit, a class is out of range or the weights sum to zero.

    References
    ----------
    .. [1] Bishop, C. M. (2006). "Pattern Recognition and Machine Learning", section 4.3.4.

    Examples
    --------
    >>> from skxent.losses import cross_entropy
    >>> value, gradient = cross_entropy([[0.0, 0.0]], [1])
    >>> round(value, 4), gradient.tolist()
    (0.6931, [[0.5, -0.5]])
    """
    logits, targets, w = _arguments(z, y, sample_weight, codes=True)
    log_p = _log_softmax(logits, axis=1)
    # 0 * ln 0 counts as 0, also where an infinite logit makes ln 0 = -inf
    terms = np.multiply(targets, log_p, where=targets != 0, out=np.zeros_like(log_p))
    mass = targets.sum(axis=1, keepdims=True)
    return float(-(w @ terms.sum(axis=1))), w[:, None] * (mass * np.exp(log_p) - targets)


def binary_cross_entropy(
    z: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, NDArray]:
    r"""Sum of the binary cross-entropies of independent sigmoid outputs, and its gradient.

    .. math::

        L &= -\frac1S \sum_i w_i \sum_j \big[y_{ij} \ln a_{ij} + (1 - y_{ij}) \ln(1 - a_{ij})\big],

        \frac{\partial L}{\partial z_{ij}} &= \frac{w_i}{S}(a_{ij} - y_{ij}), \quad a = \sigma(z)

    Parameters
    ----------
    z : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Logits.
    y : array-like of the shape of z
        Targets between 0 and 1.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row; None means 1.

    Returns
    -------
    value : float
        Mean over rows of the sum over outputs, in nats. Never negative.
    gradient : ndarray of the shape of z
        Derivative of the value by each logit.

    Raises
    ------
    ValueError
        If shapes do not fit or the weights sum to zero.

    References
    ----------
    .. [1] Nielsen, M. (2015). "Neural Networks and Deep Learning", chapter 3.

    Examples
    --------
    >>> from skxent.losses import binary_cross_entropy
    >>> value, gradient = binary_cross_entropy([0.0], [1.0])
    >>> round(value, 4), gradient.tolist()
    (0.6931, [-0.5])
    """
    logits, targets, w = _arguments(z, y, sample_weight, codes=False)
    w = w.reshape(-1, *[1] * (logits.ndim - 1))
    # -[y ln a + (1-y) ln(1-a)] with ln(1 - a) = ln a - z
    value = -(w * (log_expit(logits) - (1 - targets) * logits)).sum()
    return float(value), w * (expit(logits) - targets)


def squared_error(
    z: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[float, NDArray]:
    r"""Half the squared residual of the softmax outputs, and its gradient at the logits.

    .. math::

        L &= \frac1S \sum_i w_i\, \tfrac12 \sum_c (p_{ic} - y_{ic})^2,

        \frac{\partial L}{\partial z_{ic}} &= \frac{w_i}{S}\, p_{ic}
        \Big[(p_{ic} - y_{ic}) - \sum_{c'} p_{ic'} (p_{ic'} - y_{ic'})\Big]

    It is here for comparison: where a wrong class is held for certain, its gradient vanishes while
    that of :func:`cross_entropy` is largest.

    Parameters
    ----------
    z : array-like of shape (n_samples, n_classes)
        Logits.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        The class of each row, or rows of class probabilities.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each row; None means 1.

    Returns
    -------
    value : float
        Mean half squared residual. With two classes it is (1 - p)² of the true class.
    gradient : ndarray of shape (n_samples, n_classes)
        Derivative of the value by each logit.

    Raises
    ------
    ValueError
        If shapes do not fit, a class is out of range or the weights sum to zero.

    References
    ----------
    .. [1] Brier, G. W. (1950). "Verification of forecasts expressed in terms of probability."

    Examples
    --------
    >>> from skxent.losses import squared_error
    >>> value, gradient = squared_error([[0.0, 0.0]], [1])
    >>> value, gradient.tolist()
    (0.25, [[0.25, -0.25]])
    """
    logits, targets, w = _arguments(z, y, sample_weight, codes=True)
    p = _softmax(logits, axis=1)
    residual = p - targets
    value = 0.5 * (w @ (residual**2).sum(axis=1))
    return float(value), w[:, None] * p * (residual - (p * residual).sum(axis=1, keepdims=True))


def _logits(z: ArrayLike) -> NDArray:
    z = np.asarray(z)
    return z if z.dtype in (np.float32, np.float64) else z.astype(np.float64)


def _arguments(
    z: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, codes: bool
) -> tuple[NDArray, NDArray, NDArray]:
    """Check a loss's arguments; return float logits, targets shaped alike and weights / S."""
    logits, targets = _logits(z), np.asarray(y)
    if logits.ndim != 2 and (codes or logits.ndim != 1):
        raise ValueError(f"z must hold one row of logits per sample, got shape {logits.shape}.")
    if codes and targets.ndim == 1 and targets.shape[0] == logits.shape[0]:
        classes = targets.astype(np.intp)
        if not np.array_equal(classes, targets) or classes.min(initial=0) < 0:
            raise ValueError("y must hold class numbers from 0, or rows of probabilities.")
        if classes.max(initial=0) >= logits.shape[1]:
            raise ValueError(
                f"y has class {classes.max()}, but z has only {logits.shape[1]} columns."
            )
        targets = np.eye(logits.shape[1], dtype=logits.dtype)[classes]
    if targets.shape != logits.shape:
        raise ValueError(f"y of shape {targets.shape} does not fit logits of shape {logits.shape}.")
    if sample_weight is None:
        w = np.ones(len(logits))
    else:
        w = np.asarray(sample_weight, dtype=np.float64)
        if w.shape != (len(logits),):
            raise ValueError(f"sample_weight must have shape ({len(logits)},), got {w.shape}.")
    if not w.sum() > 0:
        raise ValueError("The sample weights must have a positive sum.")
    return logits, targets.astype(logits.dtype, copy=False), (w / w.sum()).astype(logits.dtype)
