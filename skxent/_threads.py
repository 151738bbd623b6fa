"""How many threads to use: what the user asks for, within what the process may use."""

from __future__ import annotations

import os
from functools import cache

import joblib


def effective_n_jobs(n_jobs: int | None) -> int:
    """Return the number of threads; None means all that OpenMP code would take here.

    That is the number of usable cores, or ``OMP_NUM_THREADS`` where it is less: joblib sets it in
    its worker processes, so that a parallel search does not oversubscribe. Negative numbers count
    from the number of cores as in joblib.
    """
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; give a number of threads, -1 for all, or None.")
    if n_jobs is not None and n_jobs > 0:
        return n_jobs
    cores = _n_cores()
    if n_jobs is None:
        limit = os.environ.get("OMP_NUM_THREADS", "")
        return max(min(cores, int(limit)) if limit.isdecimal() else cores, 1)
    return max(cores + 1 + n_jobs, 1)


@cache
def _n_cores() -> int:  # to read the limits of a container takes as long as many a step
    return joblib.cpu_count()
