"""Compare the predictions of exported models with the originals on real tables, and file sizes.

    python benchmarks/deployment.py --data DATA_DIR [--only adult,titanic]

DATA_DIR holds NAME.parquet: features, then `target`; a column `split` is left out. On each, a
classifier with nothing but a seed is trained on up to --rows rows; up to --compare rows, in their
order in the file, then go through it and through its ONNX model in onnxruntime. Files are given as
a multiple of the weights and the pickled encoder. It ends with an error where a label differs, a
probability by more than 1e-6, or a file of skops is larger than 1.2.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import skops.io
from _common import load_table, seconds, show
from onnxruntime import InferenceSession

from skxent import SoftmaxMLPClassifier
from skxent.onnx import feed, to_onnx


def predictions(model, session, X, batch=4096):
    """Labels and probabilities of both, batch by batch."""
    for start in range(0, len(X), batch):
        rows = X.iloc[start : start + batch]
        yield (
            model.predict(rows),
            model.predict_proba(rows),
            *session.run(None, feed(session, rows)),
        )


def measure(path, args):
    """Return one line of the table."""
    X, y = load_table(path)
    rows = np.random.default_rng(0).permutation(len(y))[: args.rows]
    model = SoftmaxMLPClassifier(random_state=0, n_jobs=1).fit(X.iloc[rows], y[rows])
    content = to_onnx(model, X).SerializeToString()
    session = InferenceSession(content)
    X = X[: args.compare]
    ours, p, theirs, q = map(np.concatenate, zip(*predictions(model, session, X), strict=True))
    inputs = sum(params.nbytes for params in model._params) + len(pickle.dumps(model.encoder_))
    one = X[:1]
    inputs_of_one = feed(session, one)
    return {
        "data": path.stem,
        "rows": len(X),
        "labels differ": int((ours != theirs).sum()),
        "largest difference": float(np.abs(p - q).max()),
        "skops file": len(skops.io.dumps(model)) / inputs,
        "pickle": len(pickle.dumps(model)) / inputs,
        "onnx file": len(content) / inputs,
        "1 row, us": 1e6 * min(seconds(lambda: model.predict_proba(one)) for _ in range(20)),
        "onnx, us": 1e6 * min(seconds(lambda: session.run(None, inputs_of_one)) for _ in range(20)),
    }


def main():
    """Measure every data set, small files first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--only", help="names of data sets, comma between")
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--compare", type=int, default=20_000)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = []
    for path in sorted(Path(args.data).glob("*.parquet"), key=lambda path: path.stat().st_size):
        if not args.only or path.stem in args.only.split(","):
            lines.append(measure(path, args))
            print(lines[-1], flush=True)
    show("exported models beside the originals", lines)
    bad = [
        line["data"]
        for line in lines
        if line["labels differ"] or line["largest difference"] > 1e-6 or line["skops file"] > 1.2
    ]
    sys.exit(f"not as promised on {bad}" if bad else 0)


if __name__ == "__main__":
    main()
