"""Solvers: an objective and a start vector in, parameters that make it smaller out.

The full-batch methods see all rows in every step; :class:`MiniBatch` goes through the rows in
batches. None knows of layers or labels, and none decides when to stop: that is the monitor's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ._kernels import permutation
from ._objective import Objective
from ._optimizers import Optimizer
from ._schedules import Schedule, constant
from ._stopping import Epoch, Monitor

SCIPY_METHODS = {"lbfgs": "L-BFGS-B", "bfgs": "BFGS", "cg": "CG", "tnc": "TNC"}
FULL_BATCH = (*SCIPY_METHODS, "gradient_descent")
MINI_BATCH = ("sgd", "adam", "adamw")

# relative fall of the loss below which L-BFGS goes on in float64
_SINGLE_TO_DOUBLE = 1e-4

# the unit of shuffling for huge tables, of blocks of neighbouring rows
_STRETCH = 1 << 17
_BLOCK = 1 << 9
# rows between two looks at the clock and at Ctrl-C
_GLANCE = 1 << 14


def minimize_scipy(
    objective: Objective,
    params: NDArray,
    monitor: Monitor,
    method: str,
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
    dtype = objective.dtype
    accepted = np.asarray(params, dtype=np.float64)
    calls = 0

    def descend(objective, roughly=False):
        """One run from `accepted`; return whether it converged."""
        at, value, gradient = None, np.inf, None
        before = monitor.n_epochs

        def value_and_gradient(x):
            nonlocal at, value, gradient, calls
            calls += 1
            value, gradient = objective.value_and_gradient(x)
            at, gradient = x.copy(), gradient.astype(np.float64, copy=False)
            # a step so far out that the loss overflows: line searches draw back from infinity
            return (value, gradient) if np.isfinite(value) else (np.inf, np.zeros_like(gradient))

        def epoch_at(xk):
            if not np.array_equal(at, xk):
                value_and_gradient(xk)
            return Epoch(value, _norm(gradient), n_rows=objective.n_rows)

        def accept(xk):
            nonlocal accepted
            accepted = xk.copy()
            return monitor.observe(xk.astype(dtype), epoch_at(xk))

        def callback(xk):
            losses = monitor.history["loss"]
            enough = accept(xk) or monitor.n_epochs >= max_iter
            slow = len(losses) > 1 and losses[-1] > (1 - _SINGLE_TO_DOUBLE) * losses[-2]
            if enough or (roughly and slow):
                raise StopIteration

        limits = {"maxiter": max_iter - monitor.n_epochs}
        options = {
            # SciPy's own ftol at the default tol, and smaller with it
            "lbfgs": limits | {"maxfun": max_fun - calls, "ftol": min(1.0, tol / 1e-4) * 2.2e-9},
            "tnc": {"maxfun": max_fun, "ftol": 0.0},
        }.get(method, limits)
        converged = False
        try:
            # SciPy multiplies large gradients
            with np.errstate(over="ignore", invalid="ignore"):
                result = minimize(
                    value_and_gradient,
                    accepted,
                    jac=True,
                    method=SCIPY_METHODS[method],
                    options={"gtol": tol, **options},
                    callback=callback,
                )
            converged = bool(result.success)
        except StopIteration:  # TNC lets it through
            pass
        if monitor.n_epochs == before and not (monitor.ending or roughly):
            if before == 0:  # the start is a minimum, or nothing is lower
                accept(accepted)
            else:
                monitor.revise(epoch_at(accepted))
        return converged

    if single_first and method == "lbfgs" and dtype == np.float64:
        descend(objective.in_single(), roughly=True)
    converged = False
    # single precision without an iteration has recorded nothing: one call more, if need be
    left = calls < max_fun or not monitor.n_epochs
    if left and not monitor.ending and monitor.n_epochs < max_iter:
        converged = descend(objective)
    if not monitor.ending:
        stopped = monitor.n_epochs >= max_iter and not converged
        monitor.ending = "converged" if converged else "max_iter" if stopped else "no_progress"
        if method in ("lbfgs", "tnc") and not converged:
            monitor.ending = "max_iter"
    return accepted.astype(dtype)


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
        monitor.ending = "max_iter"
    return params


def _norm(gradient):
    return math.sqrt(np.vdot(gradient, gradient))  # overflows in silence


@dataclass
class MiniBatch:
    """One network on its way down: the objective, and the state that goes from step to step.

    Everything but the objective and the settings is in :meth:`state`; a path made from it later
    goes on bit for bit as if it had never stopped.
    """

    objective: Objective
    params: NDArray = field(repr=False)
    optimizer: Optimizer
    generator: np.random.Generator
    batch_size: int
    shuffle: bool = True
    weight_decay: float = 0.0
    average_decay: float = 0.0
    slots: list[NDArray] = field(default_factory=list, repr=False)
    average: NDArray | None = field(default=None, repr=False)
    step: int = 0
    first_step: int = 0
    seed: int = 0

    def __post_init__(self):
        if not self.slots:
            self.slots = self.optimizer.slots(self.params)
            self.seed = int(self.generator.integers(2**32))
        if self.average_decay and self.average is None:
            self.average = self.params
        self.params = _on_cache_lines(self.params)
        self.slots = [_on_cache_lines(slot) for slot in self.slots]
        if self.average is not None:
            self.average = _on_cache_lines(self.average)

    def state(self, from_best: bool = False) -> dict:
        """All that must be kept for going on later, from the best parameters or from the last."""
        state = {
            "slots": self.slots,
            "step": self.step,
            "seed": self.seed,
            "generator": self.generator,
        }
        if self.average is not None and not from_best:  # else what is judged is all there is
            state |= {"average": self.average, "params": self.params}
        return state

    @property
    def current(self) -> NDArray:
        """The parameters to judge and to predict with."""
        return self.params if self.average is None else self.average

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in one pass over the training rows."""
        return -(-self.objective.n_rows // self.batch_size)

    def epoch(self, rate: float, schedule: Schedule, n_steps: int, stop: Callable[[], bool]):
        """One pass over the training rows, `n_steps` being the length of the whole run.

        `stop` is asked between pieces of the epoch whether to break off.
        """
        loss = weight = squares = 0.0
        n_batches = n_rows = 0
        for order in _pieces(self.objective, self.batch_size, self.generator, self.shuffle):
            size = self.objective.n_rows if order is None else len(order)
            rates = self._rates(rate, schedule, -(-size // self.batch_size), n_steps)
            part = self.objective.train(
                self.params,
                order,
                self.batch_size,
                rates,
                self.weight_decay,
                self.optimizer,
                self.slots,
                self.step,
                self.seed,
                self.average,
                # young averages must not remember the start
                min(self.average_decay, (1 + self.step) / (10 + self.step)),
            )
            loss, weight, squares = loss + part[0], weight + part[1], squares + part[2]
            n_batches, n_rows = n_batches + part[3], n_rows + size
            self.step += part[3]
            if part[3] < len(rates):
                return Epoch(np.nan, np.nan, rates[0])
            if stop():
                break
        mean = loss / weight if weight > 0 else 0.0
        value = mean + self.objective.penalty_value(self.params)
        return Epoch(value, (squares / n_batches) ** 0.5, float(rates[-1]), n_rows)

    def _rates(self, rate, schedule, n, n_steps) -> NDArray:
        """Return the learning rates of the next `n` steps."""
        if schedule is constant:
            return np.full(n, float(rate))
        steps = np.arange(self.step, self.step + n)
        fraction = np.minimum((steps - self.first_step) / max(n_steps, 1), 1.0)
        multipliers = np.asarray(schedule(fraction))
        if multipliers.dtype.kind not in "iuf" or multipliers.shape not in ((), steps.shape):
            raise ValueError(
                "learning_rate must return a number for each fraction that it is given, got "
                f"{multipliers!r:.100} for {n} of them."
            )
        return rate * multipliers.astype(np.float64) * np.ones(n)


def _pieces(objective, batch_size, generator, shuffle) -> Iterator[NDArray | None]:
    """Yield the rows of one epoch in short pieces that are whole numbers of batches."""
    length = max(_GLANCE // batch_size, 1) * batch_size
    for order in _orders(objective, batch_size, generator, shuffle):
        if objective.n_rows <= length:
            yield order
            return
        order = np.arange(objective.n_rows) if order is None else order
        yield from (order[start : start + length] for start in range(0, len(order), length))


def _on_cache_lines(vector):
    """Copy a vector to where a cache line begins: no 64 bytes that a step loads then lie in two."""
    room = np.empty(vector.nbytes + 63, dtype=np.uint8)
    start = -room.__array_interface__["data"][0] % 64
    copy = room[start : start + vector.nbytes].view(vector.dtype)
    copy[...] = vector
    return copy


def _orders(objective, batch_size, generator, shuffle) -> Iterator[NDArray | None]:
    """Yield the rows of one epoch, in stretches that are whole numbers of batches.

    A large table is shuffled in two stages, so that the order never takes memory of its size:
    blocks of neighbouring rows are dealt at random to the stretches, each stretch is then shuffled.
    """
    n, rows = objective.n_rows, objective.rows

    def shuffled(n):
        return permutation(n, generator.bit_generator.random_raw())

    stretch = max(_STRETCH // batch_size, 1) * batch_size
    if n <= 2 * stretch:
        if shuffle:
            order = shuffled(n)
            yield order if rows is None else rows[order]
        else:
            yield rows
        return
    if not shuffle:
        for start in range(0, n, stretch):
            order = np.arange(start, min(start + stretch, n))
            yield order if rows is None else rows[order]
        return
    blocks = shuffled(-(-n // _BLOCK)).astype(np.intp)
    carried = np.empty(0, dtype=np.intp)
    per_stretch = -(-stretch // _BLOCK)
    for start in range(0, len(blocks), per_stretch):
        taken = blocks[start : start + per_stretch]
        order = (taken[:, None] * _BLOCK + np.arange(_BLOCK)).ravel()
        order = order[order < n]
        order = np.concatenate([carried, order[shuffled(len(order))]])
        if start + per_stretch < len(blocks):
            cut = len(order) // batch_size * batch_size
            order, carried = order[:cut], order[cut:]
        yield order if rows is None else rows[order]
