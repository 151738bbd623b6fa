#!/usr/bin/env bash
# The OpenBLAS in NumPy's wheel shares dot products out over threads by their type: those of float64
# beyond 10,000 numbers, never those of float32. Each call leaves its threads awake for a while, where
# they use up a core that other threads of the program (a pool that trains several models) want.
#
# Expected: dot products, bound by memory, use the thread that calls them, whatever the type.
# Seen (numpy 2.4.6, Linux, x86-64, two cores), 50 calls of np.vdot with 10 ms of other work after each,
# seconds that the other threads of the process were busy, of .5 in all:
#   float32, 200,000 numbers   0
#   float64, 10,000 numbers    0
#   float64, 200,000 numbers   about .3
# Fails if that changes. Needs two cores.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q numpy==2.4.6
cd -- "$folder"
OPENBLAS_NUM_THREADS=2 "$folder/venv/bin/python" - <<'PY'
import os
import time

import numpy as np

assert len(os.sched_getaffinity(0)) > 1, "this needs two cores"


def busy_elsewhere(dtype, n):
    """Seconds of processor time that threads other than this one took meanwhile."""
    a = np.ones(n, dtype=dtype)
    time.sleep(0.5)  # whoever is awake goes to sleep
    whole, own = time.process_time(), time.thread_time()
    for _ in range(50):
        np.vdot(a, a)
        end = time.perf_counter() + 0.01
        while time.perf_counter() < end:
            pass
    return (time.process_time() - whole) - (time.thread_time() - own)


for dtype, n in (("float32", 200_000), ("float64", 10_000), ("float64", 200_000)):
    seconds = busy_elsewhere(dtype, n)
    print(f"numpy {np.__version__}  {dtype}  {n:7,} numbers  {seconds:.3f} s in other threads")
    assert (seconds > 0.05) == ((dtype, n) == ("float64", 200_000)), "it is not so any more"
PY
