"""Trains the members of a committee: together epoch by epoch, or each by itself to its minimum."""

from __future__ import annotations

import math
import mmap
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .blas import one_blas_thread
from .full_batch import gradient_descent, minimize_scipy
from .interrupts import is_one_of_many
from .mini_batch import MiniBatch
from .objective import Objective
from .schedules import Schedule
from .stopping import Ending, Epoch, Monitor


def train_jointly(
    paths: Sequence[MiniBatch],
    monitor: Monitor,
    *,
    rate: float,
    schedule: Schedule,
    max_iter: int,
    n_steps: int,
    adaptive: bool = False,
    rate_of_epoch: Callable[[int], float] | None = None,
    n_jobs: int = 1,
) -> tuple[NDArray, float]:
    """Take all paths down epoch by epoch until the monitor, or `max_iter`, ends it.

    The members train in parallel threads, where also what they are judged from is computed, and
    are judged together; those that wait for each other share the time that is left. With
    `adaptive`, patience at its end divides the rate by 5 instead of stopping, until it is 1e-6.
    Ctrl-C breaks off, and is raised where the fit is one of many. Returns the members' parameters
    and the rate at the end.
    """
    broken_off = threading.Event()
    n_turns = -(-len(paths) // n_jobs)

    def epoch(m):
        share = (m // n_jobs + 1) / n_turns
        end = begin + share * (monitor.max_time - begin)
        part = paths[m].epoch(
            rate, schedule, n_steps, lambda: broken_off.is_set() or monitor.seconds > end
        )
        return part, monitor.judge and monitor.judge.look(m, paths[m].current)

    with _in_parallel(n_jobs, len(paths)) as run:
        try:
            for number in range(max_iter):
                if rate_of_epoch is not None:
                    rate = rate_of_epoch(number)
                begin = monitor.seconds
                parts, looks = zip(*run(epoch, range(len(paths))), strict=True)
                joint = Epoch(
                    sum(part.loss for part in parts) / len(parts),
                    math.hypot(*(part.gradient_norm for part in parts)) / math.sqrt(len(parts)),
                    parts[0].learning_rate,
                    parts[0].n_rows,
                )
                stack = np.array([path.current for path in paths])
                if monitor.observe(stack, joint, looks):
                    if not (adaptive and monitor.ending is Ending.PATIENCE and rate > 1e-6):
                        break
                    rate /= 5
                    monitor.patience.restart()
                    monitor.ending = None
            else:
                monitor.ending = Ending.MAX_ITER
        except KeyboardInterrupt:
            broken_off.set()
            if is_one_of_many():
                raise
            monitor.ending = Ending.INTERRUPTED
    last = np.array([path.current for path in paths])
    return monitor.choose(last), rate


def gain_of_doubling(log_p: NDArray) -> float:
    """Return what twice as many members would lower the mean log loss by, per decision.

    `log_p` has shape (n_members, n, n_choices). The committee's log loss is the mean of its
    members' less their ambiguity -E[log sum_k exp(mean_m log p_mk)], whatever the labels are
    (Krogh & Vedelsby, 1995; Heskes, 1998). Of M like members it is (1 - 1/M) of that of infinitely
    many, so that M more add 1 / (2M - 2) of what there is.
    """
    ambiguity = -float(np.logaddexp.reduce(log_p.mean(axis=0), axis=1).mean())
    return ambiguity / (2 * len(log_p) - 2)


def minimize_each(
    objectives: Sequence[Objective],
    starts: Sequence[NDArray],
    monitors: Sequence[Monitor],
    solver: str,
    *,
    learning_rate: float,
    max_iter: int,
    max_fun: int,
    tol: float,
    single_first: bool = False,
    n_jobs: int = 1,
) -> tuple[NDArray, list[int]]:
    """Bring every member to its own minimum by a full-batch method.

    Ctrl-C, or whoever watches and wants to stop, breaks all of them off; those that have not begun
    are left out. Ctrl-C is raised where the fit is one of many. Returns the parameters, and which
    members they are of.
    """
    ends = list(starts)

    def minimize(m):
        problem = objectives[m], starts[m], monitors[m]
        if any(monitor.ending is Ending.CALLBACK for monitor in monitors):
            return
        if solver == "gradient_descent":
            ends[m] = gradient_descent(*problem, learning_rate, max_iter)
        else:
            ends[m] = minimize_scipy(
                *problem,
                solver,
                max_iter=max_iter,
                max_fun=max_fun,
                tol=tol,
                single_first=single_first,
            )

    quietly = _no_line_search_warnings() if solver in ("bfgs", "cg") else nullcontext()
    # for all at once: to change the number of threads takes as long as a small network does
    with one_blas_thread(), quietly, _in_parallel(n_jobs, len(objectives)) as run:
        try:
            list(run(minimize, range(len(objectives))))
        except KeyboardInterrupt:
            for monitor in monitors:
                monitor.ending = Ending.INTERRUPTED
            if is_one_of_many():
                raise

    def begun(m):
        return monitors[m].n_epochs or monitors[m].ending is Ending.DIVERGED

    members = list(filter(begun, range(len(objectives))))
    if not members:
        raise KeyboardInterrupt
    return np.array([monitors[m].choose(ends[m]) for m in members]), members


@contextmanager
def _no_line_search_warnings():
    """Ignore what SciPy's line searches warn of, in all threads that are started meanwhile.

    SciPy does so for each search, by a change of the filters, which all threads share: one may undo
    what another has done. This holds through all of them, and what was before comes back.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The line search algorithm", RuntimeWarning)
        yield


# bytes: its stack and its first objects. Python waits for ever for a thread that begins, and then
# finds no memory to say so
_ROOM_FOR_A_THREAD = 1 << 24
_GLANCE = 0.2  # seconds


@contextmanager
def _in_parallel(n_jobs, n_tasks):
    """``map``, over a pool of threads where there is more than one to be used."""
    n_threads = min(n_jobs, n_tasks)
    while n_threads > 1:
        with ThreadPoolExecutor(n_threads) as pool:
            n_started = _start(pool, n_threads)
            if n_started == n_threads:
                yield partial(_results, pool)
                return
        n_threads = n_started
    yield map


def _results(pool, call, items):
    """Do what ``pool.map`` does, and look up now and then while it lasts.

    A signal that another thread was given, or that came just before, does not end Python's waiting.
    """
    tasks = [pool.submit(call, item) for item in items]
    try:
        results = []
        for task in tasks:
            while not task.done():
                wait([task], _GLANCE)
            results.append(task.result())
        return results
    finally:
        for task in tasks:
            task.cancel()


def _start(pool, n_threads):
    """Start a pool's threads; return of how many there is memory for."""
    all_there = threading.Event()
    try:
        for n_started in range(n_threads):
            try:
                mmap.mmap(-1, _ROOM_FOR_A_THREAD).close()  # not what was freed: stacks are new
                pool.submit(all_there.wait)  # a thread that waits is not idle: the next is another
            except (RuntimeError, MemoryError, OSError):
                return n_started
    finally:
        all_there.set()
    return n_threads
