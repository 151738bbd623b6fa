"""Measure in less than a minute whether training has become slow, for continuous integration.

    python benchmarks/quick.py

The time of scikit-learn's network is divided by skxent's, one thread, in one run: a ratio that does
not depend on how fast the machine is, and little on what else it does. It fails where a ratio is
less than half of the recorded one, that is, where training takes twice as long as it did.
"""

from __future__ import annotations

import sys
import time
import warnings

from _common import in_turn
from threadpoolctl import threadpool_limits
from training import contenders

# ratios of `training.py --threads 1` on x86-64 with AVX-512, 2 cores
RECORDED = {"small": 10.8, "tiny_batch": 16.3}
ATTEMPTS = 3


def ratio(shape: str) -> float:
    """Return how many times faster than scikit-learn's network in float64 training is."""
    calls = contenders(shape, threads=1)
    names = ("skxent", "scikit-learn float64")
    median = in_turn({name: calls[name] for name in names}, repeat=3)
    return median["scikit-learn float64"] / median["skxent"]


def main():
    """Compare every shape with its record; exit 1 where one is too slow."""
    warnings.simplefilter("ignore")
    start, slow = time.perf_counter(), []
    with threadpool_limits(1):
        for shape, recorded in RECORDED.items():
            for _ in range(ATTEMPTS):  # a busy machine gets another chance
                found = ratio(shape)
                if found >= recorded / 2 or time.perf_counter() - start > 30:
                    break
            good = found >= recorded / 2
            slow += [] if good else [shape]
            print(
                f"{'ok  ' if good else 'SLOW'} {shape}: {found:.1f} times as fast as scikit-learn; "
                f"recorded {recorded:.1f}, at least {recorded / 2:.1f} wanted"
            )
    if slow:
        sys.exit(f"training has become slow: {', '.join(slow)}; see benchmarks/training.py")


if __name__ == "__main__":
    main()
