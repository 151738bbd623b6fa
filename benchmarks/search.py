"""Search the settings of `skxent.search_space()` on real tables, and compare with the defaults.

    python benchmarks/search.py run --data DATA_DIR OUT.jsonl [--only adult,titanic]
    python benchmarks/search.py table OUT.jsonl

DATA_DIR holds NAME.parquet: features, then `target`; a column `split` is left out. By data set,
--rows rows are drawn, stratified, and RandomizedSearchCV tries --trials settings by the log loss of
a stratified cross-validation over them; the defaults are judged on the same folds. The best of many
trials looks better than it is, on the folds that chose it: so the winner and the defaults are also
compared on rows that took no part, where the data set has at least 200 more. Sets that are already
in OUT.jsonl are not measured again.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
from _common import load_table
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)

from skxent import SoftmaxMLPClassifier, search_space


def drawn(X, y, n_rows, n_folds, seed):
    """Return the rows of the search, and up to 10,000 others; no class too rare for the folds."""
    X_rest, y_rest = X[:0], y[:0]
    if len(y) > n_rows:
        labels, counts = np.unique(y, return_counts=True)
        common = np.isin(y, labels[counts > 9])
        X, X_rest, y, y_rest = train_test_split(
            X[common], y[common], train_size=n_rows, stratify=y[common], random_state=seed
        )
    labels, counts = np.unique(y, return_counts=True)
    kept = labels[counts >= n_folds]
    X, y = X[np.isin(y, kept)], y[np.isin(y, kept)]
    X_rest, y_rest = X_rest[np.isin(y_rest, kept)][:10_000], y_rest[np.isin(y_rest, kept)][:10_000]
    return X.reset_index(drop=True), y, X_rest, y_rest


def measure(path, args):
    """Search one data set; return what came of it."""
    seed = args.seed + crc32(path.stem.encode()) % 2**16  # other settings on every data set
    X, y, X_rest, y_rest = drawn(*load_table(path), args.rows, args.folds, seed)
    folds = StratifiedKFold(args.folds, shuffle=True, random_state=seed)
    defaults = SoftmaxMLPClassifier(random_state=0, n_jobs=1)
    judged = {"cv": folds, "scoring": "neg_log_loss", "error_score": "raise"}
    start = time.perf_counter()
    by_fold = cross_val_score(defaults, X, y, **judged)
    search = RandomizedSearchCV(
        defaults, search_space(), n_iter=args.trials, random_state=seed, **judged
    ).fit(X, y)
    result = {
        "data": path.stem,
        "rows": len(y),
        "trials": args.trials,
        "defaults": -float(by_fold.mean()),
        "best": -float(search.best_score_),
        "better_trials": int((search.cv_results_["mean_test_score"] > by_fold.mean()).sum()),
    }
    if len(y_rest) >= 200:
        for name, model in ("test_defaults", defaults.fit(X, y)), ("test_best", search):
            p = model.predict_proba(X_rest)
            result[name] = float(log_loss(y_rest, p, labels=search.classes_))
    result["seconds"] = time.perf_counter() - start
    losses = -search.cv_results_["mean_test_score"]
    result["all"] = [
        {"loss": float(loss), **params}
        for loss, params in zip(losses, search.cv_results_["params"], strict=True)
    ]
    return result


def run(args):
    """Search every data set, small files first, a line of OUT.jsonl each."""
    out = Path(args.out)
    done = (
        {json.loads(line)["data"] for line in out.read_text().splitlines()}
        if out.exists()
        else set()
    )
    for path in sorted(Path(args.data).glob("*.parquet"), key=lambda path: path.stat().st_size):
        if path.stem in done or (args.only and path.stem not in args.only.split(",")):
            continue
        result = measure(path, args)
        with out.open("a") as file:
            file.write(json.dumps(result) + "\n")
        shown = {name: value for name, value in result.items() if name != "all"}
        print(
            *(f"{k}={v:.4f}" if isinstance(v, float) else v for k, v in shown.items()), flush=True
        )


def table(args):
    """Print what was found by data set, and on how many the best trial beats the defaults."""
    rows = pd.DataFrame([json.loads(line) for line in Path(args.out).read_text().splitlines()])
    rows = rows.drop(columns="all").set_index("data").sort_index()
    print(rows.round(4).to_string(na_rep="-"))
    compared = {"by cross-validation": ("best", "defaults")}
    compared["on rows that took no part"] = ("test_best", "test_defaults")
    for how, (best, defaults) in compared.items():
        loss = rows[[best, defaults]].dropna()
        ratio = np.exp(np.log((loss[best] + 0.01) / (loss[defaults] + 0.01)).mean())
        print(
            f"{how} the best trial beats the defaults on {(loss[best] < loss[defaults]).sum()} of "
            f"{len(loss)} data sets; geometric mean of the ratios {ratio:.3f}"
        )


def main():
    """Run or print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("run", help="measure")
    p.add_argument("out")
    p.add_argument("--data", required=True)
    p.add_argument("--only", help="names of data sets, comma between")
    p.add_argument("--rows", type=int, default=1000)
    p.add_argument("--folds", type=int, default=3)
    p.add_argument("--trials", type=int, default=30)
    p.add_argument("--seed", type=int, default=0)
    p.set_defaults(call=run)
    q = commands.add_parser("table", help="print what was measured")
    q.add_argument("out")
    q.set_defaults(call=table)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    args.call(args)


if __name__ == "__main__":
    main()
