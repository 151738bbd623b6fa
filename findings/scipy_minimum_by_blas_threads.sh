#!/usr/bin/env bash
# Where SciPy's L-BFGS-B and CG end depends on how many threads the BLAS has, from 10,000 variables on,
# although the function that they minimise knows of no threads: they take dot products of vectors as
# long as that by the BLAS, whose threads sum up a share each, and hundreds of steps make the difference
# of roundings visible. Fits of a network with one hidden layer of 100 are as large.
#
# Expected: a function that gives the same bits is minimised to the same bits on any machine's cores.
# Seen (scipy 1.17.1 and numpy 2.4.6, wheels of Linux on x86-64), Rosenbrock's function, chained, value
# and gradient by elementwise arithmetic alone, 100 iterations on 1 and on 2 threads:
#   L-BFGS-B    9,999 variables   the same bits
#   L-BFGS-B   10,001 variables   7422.219608 and 7422.219452
#   CG          9,999 variables   the same bits
#   CG         10,001 variables   5921.488 and 5921.694
# Fails if that changes. Needs two cores.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q numpy==2.4.6 scipy==1.17.1
cd -- "$folder"
cat >minimise.py <<'PY'
import hashlib

import numpy as np
import scipy
from scipy.optimize import minimize


def valley(x):
    """Rosenbrock's function, chained, and its gradient."""
    a, b = x[:-1], x[1:]
    above = b - a * a
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * a * above - 2 * (1 - a)
    gradient[1:] += 200 * above
    return float(np.sum(100 * above * above + (1 - a) ** 2)), gradient


for method in ("L-BFGS-B", "CG"):
    for n in (9_999, 10_001):
        found = minimize(valley, np.linspace(-1, 1, n), jac=True, method=method,
                         options={"maxiter": 100})
        print(scipy.__version__, method, n, f"{found.fun:.6f}",
              hashlib.sha256(found.x.tobytes()).hexdigest()[:12])
PY
for threads in 1 2; do
    echo "$threads thread(s)"
    OPENBLAS_NUM_THREADS=$threads "$folder/venv/bin/python" minimise.py | tee "on_$threads"
done
"$folder/venv/bin/python" - <<'PY'
import os

assert len(os.sched_getaffinity(0)) > 1, "this needs two cores"
one, two = (open(f"on_{threads}").read().splitlines() for threads in (1, 2))
for a, b in zip(one, two, strict=True):
    assert (a != b) == ("10001" in a), f"it is not so any more: {a} | {b}"
PY
