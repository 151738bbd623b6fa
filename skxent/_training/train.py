"""The walk of training: a problem and settings in, trained networks out."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._settings import SCIPY_METHODS, Settings
from . import optimizers, schedules
from .committee import gain_of_doubling, minimize_each, train_jointly
from .held_out import HeldOut, Judge
from .history import History, new_history, validation_scores
from .interrupts import is_one_of_many
from .mini_batch import MiniBatch
from .network import Network, dropout_rates, initial_params, too_large
from .objective import Objective
from .problem import Problem
from .reporting import closing_line, reporter, warn_of_ending, warn_of_spent_schedule
from .stopping import Ending, Monitor, Patience, merge_monitors

# rows times weights from where on L-BFGS has something to gain from a start in float32
_LARGE = 1 << 20
# alpha over the weight of all rows from where on a diverging run is the penalty's doing
_PENALTY_ALONE = 1e6
# share of the log loss that twice as many members must be worth, and rows to tell it by
_WORTH = 0.003
_SAMPLE = 4096
# rows from where on an epoch must gain more than `tol`
_DEAR = 50_000


@dataclass(frozen=True, eq=False)
class State:
    """What training takes up again where it was left.

    `paths` has what every member's descent keeps, or is None; `t` is the number of rows seen.
    """

    rng: np.random.RandomState
    split_rng: np.random.RandomState | None
    split_hash: str | None
    paths: list[dict[str, Any]] | None
    rate: float | None
    patience: list[float]
    t: int


@dataclass(frozen=True, eq=False)
class Trained:
    """Networks of one shape, a row of parameters for each, and how they came about.

    `relevance` is what features counted as multiplied by, or None.
    """

    network: Network
    params: NDArray
    temperature: float = 1.0
    history: History = field(default_factory=new_history)
    n_iter: int = 0
    best_epoch: int = 0
    best_loss: float | None = None
    best_score: float | None = None
    state: State | None = None
    why_members: str = ""
    relevance: NDArray | None = None


@dataclass(frozen=True, eq=False)
class Call:
    """How fit was called, or with `incremental` partial_fit.

    Training goes on from what was `previous`; None for a new beginning. `validation` is X, y and
    weights of one's own to judge by, `classes` are those that partial_fit was told of.
    """

    incremental: bool = False
    previous: Trained | None = None
    validation: tuple[Any, Any, Any] | None = None
    groups: Any = None
    classes: Any = None
    callbacks: Any = None
    started: float = field(default_factory=time.perf_counter)

    @property
    def again(self) -> bool:
        """Whether fit goes on with a table where an earlier one ended."""
        return self.previous is not None and not self.incremental

    @property
    def so_far(self) -> State | None:
        """The state to go on from."""
        return None if self.previous is None else self.previous.state


def train(problem: Problem, settings: Settings, call: Call) -> Trained:
    """Train every member of the committee."""
    run = Run(problem, settings, call)
    starts = run.starts()
    ends = run.minimize(starts) if settings.full_batch else run.descend(starts)
    _check_worth_keeping(problem, ends, settings)
    temperature = run.temperature(ends)
    run.report(ends, temperature)
    return run.trained(ends, temperature)


@dataclass(frozen=True, eq=False)
class Ends:
    """Where members ended: parameters, whose they are, who watched, and who came off worst."""

    params: NDArray
    members: Sequence[int]
    watch: Monitor
    worst: Monitor
    rate: float | None
    paths: Sequence[MiniBatch] = ()
    why_members: str = ""


class Run:
    """One call of :func:`train`: what its steps share."""

    def __init__(self, problem: Problem, settings: Settings, call: Call):
        self.problem, self.settings, self.call = problem, settings, call
        self.objectives = _objectives(problem, settings)
        self.held_out: HeldOut | None = None
        if problem.judgement is not None:
            self.held_out = HeldOut(
                problem.judgement, self.objectives, problem.splits, problem.outputs
            )
        self.schedule = schedules.schedule_of(settings.learning_rate)
        self.past = new_history() if call.previous is None else call.previous.history

    def starts(self) -> list[NDArray]:
        """Parameters that every member begins with."""
        if self.call.previous is not None:
            return list(self.call.previous.params)
        network, init, dtype = self.problem.network, self.settings.init, self.problem.dtype
        try:
            return [
                initial_params(network, init, self.problem.rng, dtype, self.problem.relevance)
                for _ in self.problem.splits
            ]
        except MemoryError as error:
            hidden, n_members = self.settings.hidden_layer_sizes, self.settings.n_members
            raise too_large(network, hidden, n_members) from error

    # ---- full batch: every member to its own minimum

    def minimize(self, starts: Sequence[NDArray]) -> Ends:
        """Bring every member to a minimum of its own."""
        settings, problem = self.settings, self.problem
        monitors: list[Monitor] = []
        monitors.extend(self._monitor(monitors, m) for m in range(len(starts)))
        params, members = minimize_each(
            self.objectives,
            starts,
            monitors,
            settings.solver,
            learning_rate=settings.learning_rate_init,
            max_iter=settings.max_iter,
            max_fun=settings.max_fun,
            tol=settings.tol,
            single_first=settings.dtype == "auto"
            and len(problem.targets) * problem.network.n_params > _LARGE,
            n_jobs=problem.rows.n_threads,
        )
        watch, worst = merge_monitors([monitors[m] for m in members])
        so_far = self.call.so_far
        return Ends(params, members, watch, worst, None if so_far is None else so_far.rate)

    # ---- mini batches: all members together, epoch by epoch

    def descend(self, starts: Sequence[NDArray]) -> Ends:
        """Take members down along batches: all, or some, and as many again while it is worth it.

        Half of them come first, or two if time is limited: what is half trained is not kept.
        """
        settings, paths, n = self.settings, self._paths(starts), len(starts)
        if settings.n_folds is None or self.call.previous is not None:
            return self._descend(paths, range(n))
        some = n // 2 if settings.max_time is None else min(2, n // 2)
        ends = self._descend(paths[:some], range(some))
        while ends.watch.ended_by_itself and len(ends.members) < n:
            try:
                doubled = self._doubled(ends, paths)
            except KeyboardInterrupt:
                if is_one_of_many():
                    raise
                ends.watch.ending = Ending.INTERRUPTED
                break
            if len(doubled.members) == len(ends.members):
                return doubled
            ends = doubled
        if len(ends.members) == n:
            return ends
        return replace(ends, worst=ends.watch, why_members="the others were not begun")

    def _doubled(self, ends: Ends, paths: Sequence[MiniBatch]) -> Ends:
        """Take as many members down again, if that is worth it."""
        n = len(ends.members)
        gain, loss = self._gain_of_doubling(ends)
        told = f"lower the log loss of {loss:.4f} by {gain:.1g}"
        if gain < max(_WORTH * loss, self.settings.tol):
            return replace(ends, why_members=f"{n} more would {told}")
        if int(self.settings.verbose):
            print(f"members {n + 1} to {2 * n}, which should {told}:")
        more = range(n, 2 * n)
        rest = self._descend(paths[n : 2 * n], more, ends.watch.seconds)
        if not rest.watch.ended_by_itself:  # members that are half trained would do harm
            ends.watch.ending = rest.watch.ending
            return replace(ends, worst=ends.watch, why_members="the others were cut short")
        watch, worst = merge_monitors([ends.watch, rest.watch])
        params = np.concatenate([ends.params, rest.params])
        why = f"the second half was to {told}"
        return Ends(params, range(2 * n), watch, worst, rest.rate, paths[: 2 * n], why)

    def _gain_of_doubling(self, ends: Ends) -> tuple[float, float]:
        """Return what twice as many members would lower the log loss by, and a member's loss."""
        n = self.problem.rows.n_rows
        rows = np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.intp)
        log_p = [
            self.problem.outputs.log_decisions(self.objectives[m].logits(params, rows=rows))
            for m, params in zip(ends.members, ends.params, strict=True)
        ]
        history = ends.watch.history
        losses = history["loss" if self.held_out is None else "validation_loss"]
        return gain_of_doubling(np.array(log_p)) * self.problem.outputs.per_row, min(losses)

    def _descend(
        self, paths: Sequence[MiniBatch], members: Sequence[int], seconds: float = 0.0
    ) -> Ends:
        """Take members down together, judged together after every epoch; `seconds` are over."""
        settings, watch = self.settings, self._monitor([], members=members)
        watch.seconds_before += seconds
        n_steps = settings.run_length * paths[0].steps_per_epoch
        if self.call.incremental and self._has_end and paths[0].step >= n_steps:
            warn_of_spent_schedule(settings.learning_rate, settings.run_length)
        params, rate = train_jointly(
            paths,
            watch,
            rate=self._first_rate(),
            schedule=self.schedule,
            max_iter=settings.max_iter,
            n_steps=n_steps,
            adaptive=settings.learning_rate == "adaptive",
            rate_of_epoch=self._inverse_scaling(),
            n_jobs=self.problem.rows.n_threads,
        )
        return Ends(params, members, watch, watch, rate, paths)

    @property
    def _has_end(self):
        """Whether the schedule of the learning rate is made for a run of some length."""
        return self.schedule not in schedules.ENDLESS.values()

    def _paths(self, starts):
        """Every member's way down, taken up where it was left if its state was kept."""
        settings, rng, so_far = self.settings, self.problem.rng, self.call.so_far
        if settings.solver == "sgd":
            optimizer = optimizers.sgd(settings.momentum, settings.nesterovs_momentum)
        else:
            optimizer = optimizers.adam(settings.beta_1, settings.beta_2, settings.epsilon)
        kept = (so_far is not None and so_far.paths) or [{}] * len(starts)
        paths = []
        for objective, start, state in zip(self.objectives, starts, kept, strict=True):
            state = {"params": start, "generator": None} | copy.deepcopy(state)
            if len(state.get("slots", ())) != optimizer.n_slots:  # another rule: it begins anew
                state |= {"slots": [], "step": 0}
            if state["generator"] is None:
                state["generator"] = np.random.Generator(np.random.SFC64(rng.randint(2**31)))
            path = self.problem.rows.descent(
                objective,
                optimizer=optimizer,
                batch_size=min(settings.batch_size, objective.n_rows),
                shuffle=settings.shuffle,
                weight_decay=settings.weight_decay if settings.solver == "adamw" else 0.0,
                average_decay=settings.averaging,
                # every fit runs through its schedule; calls of partial_fit share one
                first_step=0 if self.call.incremental else state.get("step", 0),
                **state,
            )
            paths.append(path)
        return paths

    def _first_rate(self):
        so_far = self.call.so_far
        if self.settings.learning_rate != "adaptive" or so_far is None or so_far.rate is None:
            return self.settings.learning_rate_init
        return so_far.rate

    def _inverse_scaling(self) -> Callable[[int], float] | None:
        """Return the rate of an epoch under "invscaling": init / (rows seen + 1)^power_t."""
        settings, n_rows = self.settings, self.objectives[0].n_rows
        if settings.learning_rate != "invscaling":
            return None
        seen = 0 if self.call.so_far is None else self.call.so_far.t
        # a large power_t leads to 0, where the power itself would overflow
        return lambda epoch: (
            settings.learning_rate_init * (seen + epoch * n_rows + 1) ** -settings.power_t
        )

    # ---- who watches

    def _monitor(
        self,
        monitors: list[Monitor],
        member: int | None = None,
        members: Sequence[int] = (),
    ) -> Monitor:
        """Who watches members that train together, or one among those that train by themselves."""
        settings, call, problem = self.settings, self.call, self.problem
        decides = "score" if settings.scoring is not None else "validation_loss"
        if self.held_out is None or not settings.early_stopping:
            decides = "loss"
        # SciPy's methods know their minimum; patience is for held-out rows and plain descent
        by_gradient = decides == "loss" and settings.solver in SCIPY_METHODS
        so_far = call.so_far
        # members that wait for each other share the time
        turns = -(-len(problem.splits) // problem.rows.n_threads)
        share = 1.0 if member is None else (member // problem.rows.n_threads + 1) / turns
        # callbacks are told of one run of epochs
        tell = None if members and members[0] else problem.tell
        members = members if member is None else [member]
        watch = Monitor(
            Patience(
                settings.tol * self._price_of_an_epoch,
                math.inf if by_gradient else settings.n_iter_no_change,
                *(so_far.patience if so_far is not None and call.incremental else ()),
            ),
            None if self.held_out is None else Judge(self.held_out, members),
            decides,
            report=reporter(int(settings.verbose), tell, monitors, member),
            max_time=share
            * ((settings.max_time or math.inf) - (time.perf_counter() - call.started)),
            epochs_before=len(self.past["epoch"]),
            seconds_before=max(self.past["seconds"][-1:], default=0.0),
        )
        if call.previous is not None and decides != "loss" and self._same_judges():
            kept = call.previous.params
            watch.begin_with(kept if member is None else kept[member], call.previous.best_epoch)
        return watch

    @property
    def _price_of_an_epoch(self):
        """What an epoch must gain at least, as a multiple of `tol`: more where it takes longer."""
        if self.settings.n_folds is None:
            return 1.0
        return max(1.0, math.sqrt(self.problem.rows.n_rows / _DEAR))

    def _same_judges(self):
        """Whether the same rows judge what was and what comes."""
        judgement, so_far = self.problem.judgement, self.call.so_far
        own = judgement is not None and judgement.own is not None
        return own or (so_far is not None and self.problem.split_hash == so_far.split_hash)

    # ---- what it came to

    def temperature(self, ends: Ends) -> float:
        """Return the temperature of the committee, by the rows held out."""
        settings, call = self.settings, self.call
        if self.held_out is not None and settings.calibration is not None:
            return self.held_out.temperature(ends.params, ends.members)
        wanted = settings.is_open("calibration") or settings.calibration is not None
        if call.incremental and call.previous is not None and wanted:
            return call.previous.temperature  # partial_fit holds nothing out: what fit has learnt
        return 1.0

    def report(self, ends: Ends, temperature: float) -> None:
        """Warn if training ended otherwise than it should, and say how it ended if asked to."""
        settings, incremental = self.settings, self.call.incremental
        # a schedule that ends with max_iter is meant to
        scheduled = not settings.full_batch and self._has_end
        runs_out = not settings.is_open("solver") and not scheduled and not incremental
        advice = _if_weights_are_tiny(self.problem, settings)
        warn_of_ending(ends.worst, settings, runs_out=runs_out, if_diverged=advice)
        if int(settings.verbose) and not incremental:
            print(closing_line(ends.watch, temperature))

    def trained(self, ends: Ends, temperature: float) -> Trained:
        """Put together what is kept."""
        watch, call, problem = ends.watch, self.call, self.problem
        history = {column: [*values] for column, values in self.past.items()}
        for column, values in watch.history.items():
            history[column].extend(values[: watch.n_epochs])  # Ctrl-C may leave half a row
        losses = history["loss"]
        best_epoch = watch.best_epoch if watch.keeps_best else len(losses)
        scores = validation_scores(history)
        judged = scores and watch.decides != "loss"
        failed = watch.ending is Ending.DIVERGED or watch.lost
        goes_on = (call.incremental or self.settings.warm_start) and not failed
        state = State(
            rng=problem.rng,
            split_rng=problem.split_rng,
            split_hash=problem.split_hash,
            paths=[p.state(watch.keeps_best) for p in ends.paths] if goes_on else None,
            rate=ends.rate,
            patience=[watch.patience.best, watch.patience.stale],
            t=(0 if call.so_far is None else call.so_far.t) + watch.n_rows,
        )
        return Trained(
            problem.network,
            ends.params,
            temperature,
            history,
            n_iter=watch.n_epochs,
            best_epoch=best_epoch,
            best_loss=min(losses) if watch.decides == "loss" else None,
            best_score=scores[best_epoch - 1] if scores and judged else None,
            state=state,
            why_members=ends.why_members,
            relevance=problem.relevance,
        )


def _objectives(problem: Problem, settings: Settings) -> list[Objective]:
    """Return J for every member, on the rows that it is trained on."""
    return [
        problem.rows.objective(
            problem.network,
            problem.outputs.kernel_loss(settings.loss),
            settings.alpha,
            problem.targets,
            problem.weights,
            rows,
            dtype=problem.dtype,
            loss_scale=problem.outputs.loss_scale(settings.loss),
            dropout=dropout_rates(settings.dropout, len(problem.network.activations)),
            clip=settings.max_grad_norm or 0.0,
            relevance=problem.relevance,
            n_threads=problem.rows.n_threads if len(problem.splits) == 1 else 1,
        )
        for rows, _ in problem.splits
    ]


def _check_worth_keeping(problem: Problem, ends: Ends, settings: Settings) -> None:
    """Raise if there are no parameters to keep."""
    watch = ends.watch
    if watch.ending is Ending.INTERRUPTED and watch.n_epochs == 0:
        raise KeyboardInterrupt
    with np.errstate(over="ignore", invalid="ignore"):
        limit = np.finfo(ends.params.dtype).max / 1e8
        overflows = not problem.network.stays_below(limit, ends.params, 3.0)
    if overflows or watch.ending is Ending.DIVERGED and not watch.n_epochs:
        advice = _if_weights_are_tiny(problem, settings) or (
            "Scale the features (encoder='auto' does), or "
            f"lower learning_rate_init (now {settings.learning_rate_init})."
        )
        raise ValueError(
            "Training diverged in its first epoch: the loss or the outputs are not finite, so "
            f"there are no parameters to keep. {advice}"
        )


def _if_weights_are_tiny(problem: Problem, settings: Settings) -> str:
    """Return what to do where nothing but the penalty counts; empty where the rows do."""
    total = math.inf if problem.weights is None else float(problem.weights.sum())
    if settings.alpha <= _PENALTY_ALONE * total:
        return ""
    return (
        f"The weights of all rows sum to {total:.3g}, and beside alpha={settings.alpha} the rows "
        "count for nothing: give weights of about 1 on average (a weight of 2 is a row twice), or "
        "set alpha=0."
    )
