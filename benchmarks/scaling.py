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
from _common import in_turn, machine, save, show
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


def straight_line(sizes, times):
    """Fit a and b of seconds = a + b * size; every point counts by its relative error."""
    sizes, times = np.array(sizes, dtype=float), np.array(times)
    A = np.stack([np.ones_like(sizes), sizes], axis=1) / times[:, None]
    return np.linalg.lstsq(A, np.ones_like(times), rcond=None)[0]


def draw(points, lines, path):
    """Save one panel per size, measured points and their lines."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for ax, what in zip(axes.flat, dict.fromkeys(p["varies"] for p in points), strict=False):
        for library, color in (("skxent", "C0"), ("scikit-learn", "C7")):
            part = [p for p in points if p["varies"] == what and p["library"] == library]
            line = next(r for r in lines if r["varies"] == what and r["library"] == library)
            x = np.geomspace(part[0]["size"], part[-1]["size"], 100)
            label = f"{library}: {line['µs per unit']:.3g} µs per {what.rstrip('s')}"
            label = label.replace("classe", "class")
            ax.plot([p["size"] for p in part], [p["seconds"] for p in part], "o", color=color)
            ax.plot(x, line["a"] + line["µs per unit"] * 1e-6 * x, color=color, label=label)
        ax.set(xscale="log", yscale="log", xlabel=what, ylabel="seconds per epoch")
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
    figure.savefig(path, dpi=110)


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
    points, lines = [], []
    with threadpool_limits(args.threads):
        for what, sizes in SIZES.items():
            for size in (s for s in sizes if s <= args.largest):
                calls = epoch_calls(**base | {what: size}, threads=args.threads)
                for library, t in in_turn(calls, args.repeat).items():
                    points.append({"varies": what, "size": size, "library": library, "seconds": t})
            for library in ("skxent", "scikit-learn"):
                part = [p for p in points if p["varies"] == what and p["library"] == library]
                a, b = straight_line([p["size"] for p in part], [p["seconds"] for p in part])
                fitted = [a + b * p["size"] for p in part]
                off = max(abs(f / p["seconds"] - 1) for f, p in zip(fitted, part, strict=True))
                lines.append(
                    {"varies": what, "library": library, "a": a, "µs per unit": b * 1e6}
                    | {"largest distance %": 100 * off}
                )
    show(f"seconds per epoch, {args.threads} thread(s), median of {args.repeat}", points)
    show("straight lines", lines)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"points": points, "lines": lines})
    if args.picture:
        draw(points, lines, args.picture)


if __name__ == "__main__":
    main()
