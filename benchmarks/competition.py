"""Measure how much of its speed each of two processes keeps when both train at the same time.

    python benchmarks/competition.py [--shape deep] [--seconds 5] [--out competition.json]

Each process fits again and again for some seconds; its rate beside the other is divided by its rate
alone. With two cores and one thread each the share is 1 at best, with two threads each 0.5. The
limit is 0.45: threads that wait for each other in a loop would fall far below it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import warnings

from _common import machine, save, show
from threadpoolctl import threadpool_limits
from training import MLPClassifier, adam, data, plain

LIMIT = 0.45


def work(library, shape, threads, duration, barrier, queue):
    """Fit for `duration` seconds after everybody is ready; report fits per second."""
    warnings.simplefilter("ignore")
    X, y = data(shape)
    settings = adam(shape) | {"max_iter": 1}
    model = plain(n_jobs=threads, **settings) if library == "skxent" else MLPClassifier(**settings)
    with threadpool_limits(threads):
        model.fit(X, y)
        barrier.wait()
        start, n = time.perf_counter(), 0
        while time.perf_counter() - start < duration:
            model.fit(X, y)
            n += 1
        queue.put(n / (time.perf_counter() - start))


def rates(library, shape, threads, duration, n_processes):
    """Fits per second of each of some processes side by side."""
    context = multiprocessing.get_context("spawn")
    barrier, queue = context.Barrier(n_processes), context.Queue()
    arguments = (library, shape, threads, duration, barrier, queue)
    processes = [context.Process(target=work, args=arguments) for _ in range(n_processes)]
    for process in processes:
        process.start()
    result = [queue.get() for _ in processes]
    for process in processes:
        process.join()
    return sorted(result)


def main():
    """Measure alone, then together; exit with an error where a share of skxent is too low."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", default="deep", help="as in training.py; comma between several")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--out", help="JSON file for the results")
    args = parser.parse_args()
    rows = []
    for shape in args.shape.split(","):
        for threads in map(int, args.threads.split(",")):
            for library in ("skxent", "scikit-learn"):
                (alone,) = rates(library, shape, threads, args.seconds, 1)
                slower, faster = rates(library, shape, threads, args.seconds, 2)
                rows.append(
                    {"shape": shape, "library": library, "threads": threads}
                    | {"fits/s alone": alone, "share of one": slower / alone}
                    | {"share of the other": faster / alone}
                )
    show("two processes at once", rows)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"competition": rows})
    worst = min(row["share of one"] for row in rows if row["library"] == "skxent")
    if worst < LIMIT:
        sys.exit(f"a process kept {worst:.2f} of its speed alone, less than {LIMIT}")


if __name__ == "__main__":
    main()
