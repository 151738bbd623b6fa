"""Mini-batch descent: one network on its way down, along the gradients of some rows at a time.

It knows neither layers nor labels, and does not decide when to stop: that is the monitor's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .objective import Objective
from .optimizers import Optimizer
from .order import pieces
from .schedules import Schedule
from .stopping import Epoch


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
        for order in self._order():
            size = self.objective.n_rows if order is None else len(order)
            rates = self._rates(rate, schedule, -(-size // self.batch_size), n_steps)
            part = self.objective.train(
                self.params,
                order,
                rates,
                batch_size=self.batch_size,
                decay=self.weight_decay,
                optimizer=self.optimizer,
                slots=self.slots,
                step=self.step,
                seed=self.seed,
                average=self.average,
                # young averages must not remember the start
                average_decay=min(self.average_decay, (1 + self.step) / (10 + self.step)),
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

    def _order(self):
        objective = self.objective
        return pieces(
            objective.rows,
            objective.n_rows,
            self.batch_size,
            self.generator,
            shuffle=self.shuffle,
        )

    def _rates(self, rate, schedule, n, n_steps) -> NDArray:
        """Return the learning rates of the next `n` steps."""
        first = self.step - self.first_step
        return rate * schedule(np.arange(first, first + n), n_steps)


def _on_cache_lines(vector):
    """Copy a vector to where a cache line begins: no 64 bytes that a step loads then lie in two."""
    room = np.empty(vector.nbytes + 63, dtype=np.uint8)
    start = -room.__array_interface__["data"][0] % 64
    copy = room[start : start + vector.nbytes].view(vector.dtype)
    copy[...] = vector
    return copy
