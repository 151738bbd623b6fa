"""What the benchmarks share: timing, the machine they ran on, data sets, and tables."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np


def machine() -> dict[str, str]:
    """Processor and versions, to stand beside every result."""
    from skxent._kernels import simd_level

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        processor = platform.processor()
    found = {
        "processor": f"{processor}, {os.cpu_count()} cores, skxent uses {simd_level()}",
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    packages = "skxent numpy scipy pandas scikit-learn torch lightgbm catboost xgboost dask"
    for package in packages.split():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            pass
    return found


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turn(contenders: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Median seconds of each contender; they take turns, so that a slow minute hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeat):
        for name, call in contenders.items():
            times[name].append(seconds(call))
    return {name: statistics.median(values) for name, values in times.items()}


def gemm_rate(size: int = 1024, repeat: int = 10) -> float:
    """Floating-point operations per second of `np.dot` on float32 matrices: the machine's limit."""
    a = np.random.default_rng(0).random((size, size), dtype=np.float32)
    out = np.empty_like(a)
    np.dot(a, a, out=out)
    return 2 * size**3 / min(seconds(lambda: np.dot(a, a, out=out)) for _ in range(repeat))


def load_table(path: Path):
    """Return features and labels of a parquet file, made ready."""
    import pandas as pd

    return features_and_labels(pd.read_parquet(path))


def features_and_labels(table):
    """Take a table with its `target` apart: text becomes categories, classes too rare go."""
    import pandas as pd

    X = table.drop(columns="split", errors="ignore")
    y = X.pop("target").astype(str).to_numpy()
    for name in X.columns:
        if pd.api.types.is_bool_dtype(X[name]):
            X[name] = X[name].astype("int8")
        elif not pd.api.types.is_numeric_dtype(X[name]):
            X[name] = X[name].astype("category")
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    keep = counts[codes] >= 4  # a class too rare for both sides of a stratified split
    return X[keep].reset_index(drop=True), y[keep]


def prepared(model):
    """Put what scikit-learn's users put before a network: impute, scale, one-hot encode."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", max_categories=100, sparse_output=False)
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_include="category")),
    )
    return make_pipeline(columns, model)


def straight_lines(points: list[dict]) -> list[dict]:
    """Fit seconds = a + b * size for each library and what varies, where it has three sizes.

    Every point counts by its relative error; b is in microseconds per unit of size.
    """
    lines = []
    for what, library in dict.fromkeys((p["varies"], p["library"]) for p in points):
        part = [p for p in points if (p["varies"], p["library"]) == (what, library)]
        if len(part) < 3:
            continue
        sizes, times = (
            np.array([p[key] for p in part], dtype=float) for key in ("size", "seconds")
        )
        A = np.stack([np.ones_like(sizes), sizes], axis=1)
        a, b = np.linalg.lstsq(A / times[:, None], np.ones_like(times), rcond=None)[0]
        off = np.abs((a + b * sizes) / times - 1).max()
        lines.append(
            {"varies": what, "library": library, "a": float(a), "µs per unit": float(1e6 * b)}
            | {"largest distance %": float(100 * off)}
        )
    return lines


def draw_lines(points: list[dict], lines: list[dict], path: str, time: str) -> None:
    """Save one log-log panel for each thing that varies: measured points and straight lines."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = list(dict.fromkeys(p["varies"] for p in points))
    libraries = dict.fromkeys(p["library"] for p in points)
    found = {(line["varies"], line["library"]): line for line in lines}
    height = (len(panels) + 1) // 2
    figure, axes = plt.subplots(
        height, 2, figsize=(9, 3.5 * height), layout="constrained", squeeze=False
    )
    for ax, what in zip(axes.flat, panels, strict=False):
        unit = {"classes": "class"}.get(what, what.rstrip("s"))
        for library, color in zip(libraries, ("C0", "C7", "C1", "C2", "C4", "C5"), strict=False):
            part = [p for p in points if p["varies"] == what and p["library"] == library]
            sizes, label = [p["size"] for p in part], library
            if line := found.get((what, library)):
                x = np.geomspace(sizes[0], sizes[-1], 100)
                y = line["a"] + line["µs per unit"] * 1e-6 * x
                ax.plot(x[y > 0], y[y > 0], color=color)
                label += f": {line['µs per unit']:,.3g} µs per {unit}"
            if part:
                ax.plot(sizes, [p["seconds"] for p in part], "o", color=color, label=label)
        ax.set(xscale="log", yscale="log", xlabel=what, ylabel=time)
        ax.grid(alpha=0.3)
        ax.legend(frameon=False)
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    figure.savefig(path, dpi=110)


def show(title: str, rows: Iterable[dict]) -> None:
    """Print an aligned table: text to the left, numbers to the right with four digits."""
    rows = list(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))

    def text(value):
        if isinstance(value, float):
            return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
        return "" if value is None else str(value)

    cells = [names, *([text(row.get(name)) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = [isinstance(rows[0].get(name), str) for name in names]
    print(f"\n{title}")
    for line in cells:
        parts = zip(line, widths, left, strict=True)
        print("  " + "  ".join(c.ljust(w) if flag else c.rjust(w) for c, w, flag in parts).rstrip())


def save(path: str | None, tables: dict[str, list[dict]]) -> None:
    """Write the tables, with the machine they were made on, as JSON."""
    if path:
        result = {"machine": machine(), **tables}
        Path(path).write_text(json.dumps(result, indent=1) + "\n")
