"""One network on its way down on many workers."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from .._training.mini_batch import MiniBatch
from .._training.stopping import Epoch
from . import _worker


class FederatedDescent(MiniBatch):
    """One network on its way down on many workers: a round is an epoch of each, then the mean.

    That is federated averaging (McMahan et al., 2017) with the state of the optimiser averaged as
    well. A single worker does what `MiniBatch` does, bit for bit.
    """

    @property
    def steps_per_epoch(self):
        """Number of batches in the longest of the workers' epochs."""
        return -(-max(self.objective.rows_by_shard) // self.batch_size)

    def epoch(self, rate, schedule, n_steps, stop):
        """One pass over all rows: every worker over its own, all at once."""
        counts = self.objective.rows_by_shard
        seeds = self.generator.integers(2**32, size=len(counts) - 1).tolist()
        generators = [self.generator, *(np.random.Generator(np.random.SFC64(s)) for s in seeds)]
        state = {f.name: getattr(self, f.name) for f in fields(MiniBatch) if f.name != "objective"}
        starts = [
            state | {"generator": generator, "seed": (self.seed + i) % 2**32} if count else None
            for i, (generator, count) in enumerate(zip(generators, counts, strict=True))
        ]
        each = [len(counts) * [argument] for argument in (rate, schedule, n_steps)]
        ends = self.objective.inputs.run(_worker.descend, self.objective.members, starts, *each)
        shares = [count / sum(counts) for count in counts if count]

        def mean(values):
            with np.errstate(over="ignore", invalid="ignore"):  # the monitor says so, once
                return sum(share * value for share, value in zip(shares, values, strict=True))

        self.params = mean([end["params"] for end in ends])
        slots = zip(*(end["slots"] for end in ends), strict=True)
        self.slots = [mean(vectors) for vectors in slots]
        if self.average is not None:
            self.average = mean([end["average"] for end in ends])
        self.step = max(end["step"] for end in ends)
        if counts[0]:
            self.generator = ends[0]["generator"]
        epochs = [end["epoch"] for end in ends]
        return Epoch(
            float(mean([epoch.loss for epoch in epochs])),
            float(np.sqrt(mean([epoch.gradient_norm**2 for epoch in epochs]))),
            epochs[0].learning_rate,
            sum(epoch.n_rows for epoch in epochs),
        )
