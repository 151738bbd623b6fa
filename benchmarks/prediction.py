"""Measure prediction: one row from an array and from a DataFrame, and a million rows at once.

    python benchmarks/prediction.py [--threads 1] [--repeat 5] [--rows 1000000] [--out FILE.json]

One row is the median over many calls of predict_proba. Arrays have 30 numbers, the DataFrame 20
columns: 10 of numbers, 10 of categories. `1 network` is skxent with `encoder="passthrough"` (from
a DataFrame: the encoder, one member), which is the arithmetic that scikit-learn's network does.
"""

from __future__ import annotations

import argparse
import statistics
import warnings

import numpy as np
from _common import gemm_rate, machine, prepared, save, seconds, show
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skxent import SoftmaxMLPClassifier

HIDDEN = (100,)


def mixed_table(n):
    """Twenty columns, half of them categories, and a label."""
    import pandas as pd

    X, y = make_classification(n, 20, n_informative=15, random_state=0)
    table = pd.DataFrame(X, columns=[f"x{i}" for i in range(20)])
    for name in table.columns[10:]:
        table[name] = pd.cut(table[name], 6, labels=list("abcdef"))
    return table, y


def models(threads, table):
    """Classifiers to compare, by name."""
    sk = MLPClassifier(HIDDEN, max_iter=5, random_state=0)
    one = dict(n_members=1, calibration=None, solver="adam", max_iter=5, hidden_layer_sizes=HIDDEN)
    one |= {} if table else {"encoder": "passthrough"}
    trees = HistGradientBoostingClassifier(
        categorical_features="from_dtype" if table else None, random_state=0
    )
    return {
        "skxent, 1 network": SoftmaxMLPClassifier(random_state=0, n_jobs=threads, **one),
        "skxent, defaults": SoftmaxMLPClassifier(random_state=0, n_jobs=threads, max_iter=5),
        "scikit-learn MLP": prepared(sk) if table else sk,
        "HistGradientBoosting": trees,
    }


def measure_one_row(fitted, row, repeat):
    """Microseconds per call for every model, taken in turn."""
    times = {name: [] for name in fitted}
    for _ in range(40 * repeat):
        for name, model in fitted.items():
            times[name].append(seconds(lambda: model.predict_proba(row)))  # noqa: B023
    return {name: 1e6 * statistics.median(t) for name, t in times.items()}


def main():
    """Measure all three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", help="JSON file for the results")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(args.threads):
        X, y = make_classification(5000, 30, n_informative=15, random_state=0)
        arrays = {name: m.fit(X, y) for name, m in models(args.threads, table=False).items()}
        table, labels = mixed_table(5000)
        tables = {name: m.fit(table, labels) for name, m in models(args.threads, True).items()}
        from_array = measure_one_row(arrays, X[:1], args.repeat)
        from_table = measure_one_row(tables, table[:1], args.repeat)
        one_row = [
            {"library": name, "array µs": from_array[name], "DataFrame µs": from_table[name]}
            for name in from_array
        ]
        show(f"one row, {args.threads} thread(s)", one_row)

        # float32 throughout for the networks that can: fitted and asked in float32
        X = np.random.default_rng(0).standard_normal((args.rows, 30), dtype=np.float32)
        small = X[:5000]
        many = []
        gemm = gemm_rate()
        n_operations = 2 * args.rows * (30 * HIDDEN[0] + HIDDEN[0])
        for name, model in models(args.threads, table=False).items():
            model.fit(small, y)
            model.predict_proba(small)
            t = statistics.median(
                seconds(lambda: model.predict_proba(X))  # noqa: B023
                for _ in range(max(args.repeat // 2, 1))
            )
            plain = name in ("skxent, 1 network", "scikit-learn MLP")
            share = 100 * n_operations / t / gemm if plain else None
            many.append({"library": name, "seconds": t, "of gemm %": share})
        show(f"{args.rows} rows x 30, {args.threads} thread(s)", many)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"one row": one_row, "many rows": many})


if __name__ == "__main__":
    main()
