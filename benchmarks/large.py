"""Measure large tables: default fit beside other libraries, fixed time, growth, encoding.

    python benchmarks/large.py --fit [--rows 100000] [--columns 20] [--categories 0] [--classes 2]
        Seconds of `fit` with defaults, its peak of memory beyond what is in use before, log loss
        on 20,000 other rows, and `predict_proba` of up to a million rows and of one row.
    python benchmarks/large.py --seconds 10 [--rows 1000000]
        skxent with `max_time=10`, and scikit-learn's network, standardised, for the same time:
        `partial_fit` on pieces of 50,000 rows, over and over, until the time is over.
    python benchmarks/large.py --growth rows,columns,classes,levels [--picture growth.svg]
        Seconds of one default fit while one thing varies around 5,000 rows, 20 columns and 2
        classes, and straight lines. Levels are those of one of the columns; all occur, so there
        are as many rows as the largest number of them. A contender that fails, or takes longer
        than `--limit` seconds, isn't tried on what is larger.
    python benchmarks/large.py --encoding [--rows 1000000] [--with-fit]
        `TableEncoder` (classes given), also without bins, and scikit-learn's quantile transformer
        and one-hot encoder, whose matrix is sparse or, as ours is, dense, on 20 columns of which 6
        are categories; with `--with-fit` a default fit as well. `--at-hand 2.5`: so many GB are
        used and freed just before, which spares a virtual machine to ask its host for them.

Each measurement is the first in a process of its own; contenders take turns and the median counts.
Tables are made: classes drawn from a softmax of smooth parts, thresholds, products of columns and
effects of categories, so that there is noise. Without categories they are arrays of float32.
Libraries that aren't installed are left out. Scikit-learn's network ("mlp") has numbers
standardised and categories one-hot encoded for it. Needs Linux (/proc).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from _common import draw_lines, machine, save, seconds, show, straight_lines
from _contenders import BASELINE, ENCODERS, OURS, PEERS, classifier, encoder, fit_for, made_table
from memory import resident

HELD_OUT = 20_000  # rows for the log loss
GRACE = 60  # seconds that a process may take to start and to make its table
SIZES = {
    "rows": [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000],
    "columns": [10, 30, 100, 300, 1_000, 5_000],
    "classes": [2, 5, 20, 100, 300, 1_000],
    "levels": [10, 100, 1_000, 10_000, 100_000],
}


def predictions(model, X, X_test):
    """Microseconds for each of many rows, and for one alone."""
    many, one = X[:1_000_000], X_test[:1]
    each = seconds(lambda: model.predict_proba(many)) / len(many)
    alone = statistics.median(seconds(lambda: model.predict_proba(one)) for _ in range(50))
    return {"µs/row": 1e6 * each, "one row µs": 1e6 * alone}


def child(name, task, threads, table, max_time=None, at_hand=0):
    """Measure one contender and print what was found; runs in a process of its own.

    So many GB, `at_hand`, are used and freed just before.
    """
    held_out = HELD_OUT if task in ("fit", "seconds") else 0
    rows = table.pop("rows")
    X, y = made_table(rows + held_out, **table)
    X, X_test, y, y_test = X[:rows], X[rows:], y[:rows], y[rows:]
    if task == "encoding":
        work = encoder(name).fit_transform
    else:
        model = classifier(name, X, threads, max_time)
        timed = max_time and name == "mlp"
        work = (lambda X, y: fit_for(max_time, model, X, y)) if timed else model.fit
    if at_hand:
        np.ones(int(at_hand * 1e9), dtype=np.int8)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = resident("VmRSS")
    found = {"seconds": seconds(lambda: work(X, y))}
    found["beyond X MB"] = resident("VmHWM") - before
    if held_out:
        from sklearn.metrics import log_loss

        found["log loss"] = log_loss(y_test, model.predict_proba(X_test), labels=np.unique(y))
    if task == "fit":
        found |= predictions(model, X, X_test)
    print(json.dumps(found))


def measured(python, limit=None, **spec):
    """Run `child`; return what it found, or why there is nothing as "said"."""
    timeout = limit and limit + GRACE
    names = "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS".split()
    environment = os.environ | dict.fromkeys(names, str(spec["threads"]))
    if python != sys.executable:
        environment.pop("PYTHONPATH", None)  # it would lead to this environment's packages
    command = [python, "-W", "ignore", __file__, "--child", json.dumps(spec)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return {"said": f"not done after {timeout:g} s in all"}
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    if done.returncode:
        return {"said": lines[-1] if lines else f"ended with {done.returncode}"}
    return json.loads(lines[-1])


def compared(contenders, repeat):
    """Take turns; one row of medians for each contender, with its time beside the first's."""
    found = {label: [] for label in contenders}
    for _ in range(repeat):
        for label, (python, spec) in contenders.items():
            found[label].append(measured(python, **spec))
            print(f"  {label}: {found[label][-1]}", file=sys.stderr, flush=True)
    rows = []
    for label, results in found.items():
        good = [result for result in results if "said" not in result]
        middle = {key: statistics.median(r[key] for r in good) for key in (good or [{}])[0]}
        said = "; ".join(dict.fromkeys(r["said"] for r in results if "said" in r))
        rows.append({"library": label, **middle} | ({"said": said} if said else {}))
    ours = rows[0].get("seconds")
    for row in rows:
        row["x skxent"] = row["seconds"] / ours if ours and "seconds" in row else None
    return rows


def growth(args):
    """Return points and lines of each thing that varies, and where a contender was given up."""
    points, missing, contenders = [], [], contenders_of(args)
    for what in args.growth:
        sizes = [size for size in SIZES[what] if size <= args.largest]
        base = {"rows": args.rows, "columns": args.columns, "classes": args.classes}
        if what == "levels":
            base |= {"rows": max(args.rows, *sizes), "categories": 1}
        given_up = set()
        for size, (name, python) in itertools.product(sizes, contenders.items()):
            if name in given_up:
                continue
            spec = dict(name=name, task="growth", threads=args.threads, table=base | {what: size})
            found = measured(python, args.limit, **spec)
            point = {"varies": what, "size": size, "library": name}
            print(f"  {point | found}", file=sys.stderr, flush=True)
            if "seconds" in found:
                points.append(point | {"seconds": found["seconds"]})
            if found.get("seconds", np.inf) > args.limit:
                given_up.add(name)
                said = found.get("said") or f"took {found['seconds']:.0f} s"
                said += "; larger ones were not tried" if size < sizes[-1] else ""
                missing.append(point | {"said": said})
    tables = {"points": points, "lines": straight_lines(points), "missing": missing}
    for title, rows in tables.items():
        if rows:
            show(f"growth, {args.threads} thread(s): {title}", rows)
    return tables


def contenders_of(args):
    """Return which Python each contender is measured with."""
    peers = ENCODERS if args.encoding else ["mlp"] if args.seconds else args.peers
    absent = [p for p in peers if p in PEERS and not find_spec(PEERS[p][0].partition(".")[0])]
    if absent:
        print(f"not installed, so left out: {', '.join(absent)}")
    ours = {OURS: sys.executable} | ({BASELINE: args.baseline} if args.baseline else {})
    return ours | {peer: sys.executable for peer in peers if peer not in absent}


def turns(args):
    """Measure one table for all contenders; return the rows of the result."""
    task = "encoding" if args.encoding else "seconds" if args.seconds else "fit"
    table = {key: getattr(args, key) for key in ("rows", "columns", "categories", "classes")}
    spec = dict(task=task, threads=args.threads, max_time=args.seconds, table=table)
    spec["at_hand"] = args.at_hand
    runs = {name: (python, spec | {"name": name}) for name, python in contenders_of(args).items()}
    if args.encoding and args.with_fit:
        runs["skxent, default fit"] = (sys.executable, spec | {"name": OURS, "task": "growth"})
    rows = compared(runs, args.repeat)
    told = ", ".join(f"{value} {key}" for key, value in table.items())
    show(f"{task}: {told}; {args.threads} thread(s), median of {args.repeat}", rows)
    return rows


def some_of(known):
    """Return a type of argument: names of these, with commas."""

    def names(text):
        found = [name for name in text.split(",") if name]
        if unknown := [name for name in found if name not in known]:
            text = f"{', '.join(unknown)}: none of {', '.join(known)}"
            raise argparse.ArgumentTypeError(text)
        return found

    return names


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--fit", action="store_true", help="default fit beside other libraries")
    mode.add_argument("--seconds", type=float, help="log loss after so many seconds of fit")
    mode.add_argument("--growth", type=some_of(SIZES), help="time of fit against each of these")
    mode.add_argument("--encoding", action="store_true", help="making a matrix of a table")
    mode.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help="by default as above")
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--categories", type=int, help="how many of the columns have categories")
    parser.add_argument("--classes", type=int, default=2)
    peers = dict(type=some_of(PEERS), default="catboost,lightgbm,hgb,mlp")
    parser.add_argument("--peers", **peers, help=f"of {', '.join(PEERS)}")
    parser.add_argument("--baseline", help="Python of another skxent to measure too")
    parser.add_argument("--with-fit", action="store_true", help="with --encoding, fit as well")
    parser.add_argument("--at-hand", type=float, default=0, help="GB of memory, with --encoding")
    parser.add_argument("--limit", type=float, default=120, help="seconds, with --growth")
    parser.add_argument("--largest", type=int, default=10**6, help="with --growth, no size above")
    parser.add_argument("--picture", help="with --growth, PNG or SVG file")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3, help="--growth measures once")
    parser.add_argument("--out", help="JSON file for the results")
    args = parser.parse_args()
    if args.rows is None:
        args.rows = 5_000 if args.growth else 100_000 if args.fit else 1_000_000
    if args.categories is None:
        args.categories = 6 if args.encoding else 0
    return args


def main():
    """Measure what was asked for, and show it."""
    args = arguments()
    if args.child:
        child(**args.child)
        return
    tables = growth(args) if args.growth else {"rows": turns(args)}
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, tables)
    if args.picture and args.growth:
        draw_lines(tables["points"], tables["lines"], args.picture, "seconds of default fit")


if __name__ == "__main__":
    main()
