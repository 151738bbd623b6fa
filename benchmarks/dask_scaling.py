"""Measure what a Dask cluster on this machine costs and gains: against workers, against rows.

    python benchmarks/dask_scaling.py [--workers 1 2] [--rows 10000 50000 200000] [--out dask.json]

Every worker is a process with one thread. The table has 30 numbers and 5 classes, and is made by
the workers; the network has one hidden layer of 64. A round is an iteration of L-BFGS or an epoch
of Adam, both in float64. The fastest of `--iterations` rounds counts: of L-BFGS, that is one with a
single evaluation of loss and gradient over all rows. "One process" is SoftmaxMLPClassifier on the
same table, with one thread. To the rounds belongs a line, ms = a + b * rows: what a round costs
without rows, which is the way to the workers and back, and what rows cost, which is arithmetic.
"s besides" is the rest of fit: reading, encoding and dealing the rows.
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


def measure(model, solver, X, y, iterations):
    """Fit; return the milliseconds of a round, and the seconds besides all rounds."""
    settings = dict(solver=solver, hidden_layer_sizes=(64,), max_iter=iterations, dtype="float64")
    model.set_params(random_state=0, tol=0.0, n_iter_no_change=np.inf, **settings)
    start = time.perf_counter()
    model.fit(X, y)
    total = time.perf_counter() - start
    rounds = np.diff(model.history_["seconds"]).tolist()
    rounds.append(statistics.median(rounds))  # for the first, which begins nobody knows when
    return {"ms a round": 1e3 * min(rounds), "s besides": total - sum(rounds)}


def line(rows, times):
    """Fit a and b of ms = a + b * rows; every point counts by its relative error."""
    rows, times = np.array(rows, dtype=float), np.array(times)
    A = np.stack([np.ones_like(rows), rows / 1e5], axis=1) / times[:, None]
    a, b = np.linalg.lstsq(A, np.ones_like(times), rcond=None)[0]
    return {"ms without rows": a, "ms per 100,000 rows": b}


def main():
    """Measure and fit the lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--iterations", type=int, default=12)
    parser.add_argument("--out", help="JSON file for the results")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    points = []

    def measure_all(where, model, load):
        for rows in args.rows:
            data = load(rows)
            for solver in ("lbfgs", "adam"):
                found = measure(model, solver, *data, args.iterations)
                points.append({"where": where, "solver": solver, "rows": rows} | found)

    def loaded(rows):
        return [values.compute() for values in table(rows)]

    measure_all("one process", SoftmaxMLPClassifier(n_jobs=1), loaded)
    for n in args.workers:
        cluster = LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0")
        with cluster, Client(cluster):
            model = DaskSoftmaxMLPClassifier()
            measure(model, "adam", *table(5000), 2)  # workers import what they need
            measure_all(f"{n} worker{'s'[: n > 1]}", model, table)
    lines, places = [], dict.fromkeys(point["where"] for point in points)
    for solver in ("lbfgs", "adam"):
        for quantity in ("ms a round", "s besides"):
            by_rows = {rows: {"rows": rows} for rows in args.rows}
            for p in points:
                if p["solver"] == solver:
                    by_rows[p["rows"]][p["where"]] = p[quantity]
            show(f"{solver}: {quantity}", by_rows.values())
            if quantity == "ms a round":
                for where in places:
                    times = [row[where] for row in by_rows.values()]
                    lines.append({"solver": solver, "where": where} | line([*by_rows], times))
    show("lines", lines)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"points": points, "lines": lines})


if __name__ == "__main__":
    main()
