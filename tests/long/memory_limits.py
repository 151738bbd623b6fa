"""Fit under limits of memory: fewer threads or MemoryError, never a crash and never a hang.

    python tests/long/memory_limits.py [--limits 60] [--n-jobs 4]

Each fit is a process of its own, which may have so much more memory than before the fit: of
addresses (RLIMIT_AS) or of data (RLIMIT_DATA) in turn.
"""

import argparse
import collections
import multiprocessing
import resource
import signal
import sys
import warnings

import numpy as np

from skxent import SoftmaxMLPClassifier

SECONDS = 60  # more than any of these fits takes, on a busy machine too


def in_use(kind):
    """Bytes that count towards a limit of this process."""
    name = {resource.RLIMIT_AS: "VmSize:", resource.RLIMIT_DATA: "VmData:"}[kind]
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(name))


def fit(kind, more, n_jobs, X, y):
    """Fit, and end with 0 where that went well, 1 on MemoryError, 2 on any other exception."""
    warnings.simplefilter("ignore")
    limit = in_use(kind) + more
    resource.setrlimit(kind, (limit, limit))
    try:
        SoftmaxMLPClassifier(max_iter=2, random_state=0, n_jobs=n_jobs).fit(X, y)
    except MemoryError:
        sys.exit(1)
    except Exception as error:
        sys.stderr.write(f"{more >> 20} MiB: {error!r:.200}\n")
        sys.exit(2)
    sys.exit(0)


def outcome(process):
    """Return in a word how a process ended."""
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        return "hung"
    if process.exitcode < 0:
        return f"crashed ({signal.Signals(-process.exitcode).name})"
    return ("fitted", "MemoryError", "other exception")[process.exitcode]


def main():
    """Fit under each limit, and print what became of it; return 1 if one crashed or hung."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limits", type=int, default=60)
    parser.add_argument("--n-jobs", type=int, default=4)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 40))
    y = X[:, 0] + rng.standard_normal(20_000) > 0
    outcomes = collections.Counter()
    for number, more in enumerate(np.geomspace(1 << 20, 600 << 20, args.limits).astype(int)):
        kind = (resource.RLIMIT_AS, resource.RLIMIT_DATA)[number % 2]
        task = (kind, int(more), args.n_jobs, X, y)
        process = multiprocessing.get_context("fork").Process(target=fit, args=task)
        process.start()
        ended = outcome(process)
        outcomes[ended] += 1
        if ended not in ("fitted", "MemoryError"):
            print(f"{('addresses', 'data')[number % 2]} + {more >> 20} MiB: {ended}", flush=True)
    print(dict(outcomes))
    return 0 if set(outcomes) <= {"fitted", "MemoryError"} else 1


if __name__ == "__main__":
    sys.exit(main())
