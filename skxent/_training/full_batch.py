"""Full-batch solvers: every step sees all rows.

An objective and a start vector in, parameters that make it smaller out. None knows of layers or
labels, and none decides when to stop: that is the monitor's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from .._products import dot
from .._settings import SCIPY_METHODS
from .objective import Objective
from .stopping import Ending, Epoch, Monitor

# relative fall of the loss below which L-BFGS goes on in float64
_SINGLE_TO_DOUBLE = 1e-4


def minimize_scipy(
    objective: Objective,
    params: NDArray,
    monitor: Monitor,
    method: str,
    *,
    max_iter: int,
    max_fun: int,
    tol: float,
    single_first: bool = False,
) -> NDArray:
    """Minimise by a gradient method of :func:`scipy.optimize.minimize`; return the last iterate.

    SciPy is handed one vector and one callable. Iterations are counted, not function calls.

    With `single_first`, L-BFGS goes the first part of its way, while an iteration lowers the loss
    by more than 1/10,000 of it, in float32, which is twice as fast and exact to about 1e-7. A
    second run in the objective's own dtype begins where that ends, and is the one that converges.
    """
    search = _Search(monitor, method, max_iter, max_fun, tol, np.asarray(params, np.float64))
    if single_first and method == "lbfgs" and objective.dtype == np.float64:
        search.descend(objective.in_single(), objective.dtype, roughly=True)
    converged = False
    # single precision without an iteration has recorded nothing: one call more, if need be
    left = search.calls < max_fun or not monitor.n_epochs
    if left and not monitor.ending and monitor.n_epochs < max_iter:
        converged = search.descend(objective, objective.dtype)
    if not monitor.ending:
        stopped = method in ("lbfgs", "tnc") and not search.stuck or monitor.n_epochs >= max_iter
        monitor.ending = (
            Ending.CONVERGED if converged else Ending.MAX_ITER if stopped else Ending.NO_PROGRESS
        )
    return search.accepted.astype(objective.dtype)


@dataclass
class _Search:
    """A method of SciPy on its way: the last iterate it accepted, and the calls it has used up."""

    monitor: Monitor
    method: str
    max_iter: int
    max_fun: int
    tol: float
    accepted: NDArray
    calls: int = 0
    stuck: bool = False

    def descend(self, objective: Objective, dtype: np.dtype, *, roughly: bool = False) -> bool:
        """One run from where the last one ended; return whether it converged.

        One that goes `roughly` ends where the loss falls slowly. `dtype` is that of the parameters.
        """
        monitor, before = self.monitor, self.monitor.n_epochs
        value_and_gradient = _Remembered(objective, self)

        def accept(xk):
            self.accepted = xk.copy()
            return monitor.observe(xk.astype(dtype), value_and_gradient.epoch_at(xk))

        def callback(xk):
            losses = monitor.history["loss"]
            enough = accept(xk) or monitor.n_epochs >= self.max_iter
            slow = len(losses) > 1 and losses[-1] > (1 - _SINGLE_TO_DOUBLE) * losses[-2]
            if enough or (roughly and slow):
                raise StopIteration

        converged = False
        try:
            # SciPy multiplies large gradients
            with np.errstate(over="ignore", invalid="ignore"):
                result = minimize(
                    value_and_gradient,
                    self.accepted,
                    jac=True,
                    method=SCIPY_METHODS[self.method],
                    options={"gtol": self.tol, **self._limits()},
                    callback=callback,
                )
            converged = bool(result.success)
            # SciPy's "ABNORMAL": no lower loss along the line, by rounding
            self.stuck = self.method == "lbfgs" and result.status == 2
        except StopIteration:  # TNC lets it through
            pass
        if monitor.n_epochs == before and not (monitor.ending or roughly):
            if before == 0:  # the start is a minimum, or nothing is lower
                accept(self.accepted)
            else:
                monitor.revise(value_and_gradient.epoch_at(self.accepted))
        return converged

    def _limits(self):
        """Return what SciPy is told of when to stop."""
        if self.method == "tnc":
            return {"maxfun": self.max_fun, "ftol": 0.0}
        limits = {"maxiter": self.max_iter - self.monitor.n_epochs}
        if self.method == "lbfgs":  # SciPy's own ftol at the default tol, and smaller with it
            limits["maxfun"] = self.max_fun - self.calls
            limits["ftol"] = min(1.0, self.tol / 1e-4) * 2.2e-9
        return limits


class _Remembered:
    """An objective as SciPy calls it, which remembers where it was called last."""

    def __init__(self, objective: Objective, search: _Search):
        self.objective, self.search = objective, search
        self.at = np.empty(0)

    def __call__(self, x):
        self.search.calls += 1
        self.value, gradient = self.objective.value_and_gradient(x)
        self.at, self.gradient = x.copy(), gradient.astype(np.float64, copy=False)
        # a step so far out that the loss overflows: line searches draw back from infinity
        finite = np.isfinite(self.value)
        return (self.value, self.gradient) if finite else (np.inf, np.zeros_like(self.gradient))

    def epoch_at(self, xk) -> Epoch:
        """Return what an iteration that ended at xk came to."""
        if not np.array_equal(self.at, xk):
            self(xk)
        return Epoch(self.value, _norm(self.gradient), n_rows=self.objective.n_rows)


def gradient_descent(
    objective: Objective,
    params: NDArray,
    monitor: Monitor,
    learning_rate: float,
    max_iter: int,
) -> NDArray:
    """Full-batch descent with a constant step: params <- params - learning_rate * gradient."""
    params = params.copy()
    value, gradient = objective.value_and_gradient(params)
    for _ in range(max_iter):
        with np.errstate(over="ignore", invalid="ignore"):  # the monitor sees what is not finite
            params -= objective.dtype.type(learning_rate) * gradient
        value, gradient = objective.value_and_gradient(params)
        epoch = Epoch(value, _norm(gradient), learning_rate, objective.n_rows)
        if monitor.observe(params, epoch):
            break
    else:
        monitor.ending = Ending.MAX_ITER
    return params


def _norm(gradient):
    return math.sqrt(dot(gradient, gradient))  # overflows in silence
