"""Measure how the cost of an epoch grows with rows, features, classes and layers.

    python benchmarks/scaling.py [--threads 1] [--repeat 3] [--rows 30000] [--picture scaling.png]
        [--out scaling.json]

One thing varies at a time around `--rows` rows, 30 features, 5 classes and two hidden layers of
128. To each curve belongs a straight line, seconds = a + b * size, with its b in words: what one
more row, feature, class or layer costs an epoch.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from _common import draw_lines, in_turn, machine, save, show, straight_lines
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skxent import SoftmaxMLPClassifier

WIDTH = 128
SIZES = {
    "rows": [1_000, 3_000, 10_000, 30_000, 100_000, 300_000],
    "features": [10, 30, 100, 300, 1000],
    "classes": [2, 5, 20, 50, 100],
    "layers": [1, 2, 4, 6, 8],
}


def epoch_calls(rows, features, classes, layers, threads):
    """One epoch of Adam on random data, for each library."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, features), dtype=np.float32)
    y = np.arange(rows) % classes
    shared = dict(hidden_layer_sizes=(WIDTH,) * layers, solver="adam", max_iter=1, batch_size=256)
    ours = SoftmaxMLPClassifier(encoder="passthrough", n_jobs=threads, random_state=0, **shared)
    theirs = MLPClassifier(random_state=0, **shared)
    return {"skxent": lambda: ours.fit(X, y), "scikit-learn": lambda: theirs.fit(X, y)}


def main():
    """Measure, fit the lines, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--largest", type=int, default=10**6, help="no size above this")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--picture", help="PNG or SVG file")
    parser.add_argument("--out", help="JSON file for the results")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    base = dict(rows=args.rows, features=30, classes=5, layers=2)
    points = []
    with threadpool_limits(args.threads):
        for what, sizes in SIZES.items():
            for size in (s for s in sizes if s <= args.largest):
                calls = epoch_calls(**base | {what: size}, threads=args.threads)
                for library, t in in_turn(calls, args.repeat).items():
                    points.append({"varies": what, "size": size, "library": library, "seconds": t})
    lines = straight_lines(points)
    show(f"seconds per epoch, {args.threads} thread(s), median of {args.repeat}", points)
    show("straight lines", lines)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"points": points, "lines": lines})
    if args.picture:
        draw_lines(points, lines, args.picture, "seconds per epoch")


if __name__ == "__main__":
    main()
