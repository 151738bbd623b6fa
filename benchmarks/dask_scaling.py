"""Measure what a Dask cluster on this machine costs and gains: against workers, against rows.

    python benchmarks/dask_scaling.py [--workers 1 2] [--rows 20000 100000 400000] [--out dask.json]

Every worker is a process with one thread. The table has 30 numbers and 5 classes, and is made by
the workers; the network has one hidden layer of 64. L-BFGS is given `--iterations` in float64, and
Adam as many epochs. "One process" is SoftmaxMLPClassifier on the same table, with one thread. To
the rounds of L-BFGS belongs a line, seconds = a + b * rows: a is what a round costs without rows.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings

import dask.array as da
import numpy as np
from _common import machine, save, show
from distributed import Client, LocalCluster

from skxent import SoftmaxMLPClassifier
from skxent.dask import DaskSoftmaxMLPClassifier

FEATURES, CLASSES = 30, 5


def table(rows):
    """Return a table of noise and labels that depend on it, in eight partitions."""
    chunks = -(-rows // 8)
    X = da.random.default_rng(0).standard_normal((rows, FEATURES), chunks=(chunks, FEATURES))
    directions = np.random.default_rng(1).standard_normal((FEATURES, CLASSES))
    return X, (X @ directions).argmax(axis=1)


def measure(make, rows, data, iterations):
    """Fit, and return seconds up to the first round, of a round, and of all."""
    points = []
    for solver in ("lbfgs", "adam"):
        model = make(
            solver=solver,
            hidden_layer_sizes=(64,),
            max_iter=iterations,
            random_state=0,
            dtype="float64",
            tol=0.0,
            n_iter_no_change=np.inf,
        )
        start = time.perf_counter()
        model.fit(*data)
        total = time.perf_counter() - start
        seconds = model.history_["seconds"]
        each = np.diff(seconds)
        points.append(
            {"solver": solver, "rows": rows, "begins after s": seconds[0] - each[0]}
            | {"ms a round": 1e3 * statistics.median(each), "seconds": total}
        )
    return points


def main():
    """Measure and fit the lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 100_000, 400_000])
    parser.add_argument("--iterations", type=int, default=15)
    parser.add_argument("--out", help="JSON file for the results")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    points = []
    for rows in args.rows:
        here = [values.compute() for values in table(rows)]

        def local(**settings):
            return SoftmaxMLPClassifier(n_jobs=1, **settings)

        for point in measure(local, rows, here, args.iterations):
            points.append({"where": "one process"} | point)
    for n_workers in args.workers:
        cluster = LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0")
        with cluster, Client(cluster):
            measure(DaskSoftmaxMLPClassifier, 5000, table(5000), 2)  # workers import what they need
            for rows in args.rows:
                for point in measure(DaskSoftmaxMLPClassifier, rows, table(rows), args.iterations):
                    points.append({"where": f"{n_workers} workers"} | point)
    lines = []
    for where in dict.fromkeys(point["where"] for point in points):
        part = [p for p in points if p["where"] == where and p["solver"] == "lbfgs"]
        t = np.array([p["ms a round"] for p in part])
        A = np.stack([np.ones(len(part)), [p["rows"] / 1e5 for p in part]], axis=1) / t[:, None]
        a, b = np.linalg.lstsq(A, np.ones(len(t)), rcond=None)[0]
        lines.append({"where": where, "ms without rows": a, "ms per 100,000 rows": b})
    points.sort(key=lambda p: (p["solver"] != "lbfgs", p["rows"]))
    show(f"{args.iterations} iterations or epochs", points)
    show("a round of L-BFGS", lines)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"points": points, "lines": lines})


if __name__ == "__main__":
    main()
