"""Measure the memory that fit needs beyond the data, which is a read-only memory map on disk.

    python benchmarks/memory.py [--rows 100000,1000000,10000000] [--limit 50] [--out FILE.json]

The data are n x 20 float32, the labels one byte each. Fit runs in a process of its own, one epoch
of Adam with `encoder="passthrough"`. Its peak of resident memory, less what is resident before fit
and less the size of X (pages of the map that were read count as resident), must stay below the
limit. Needs Linux (/proc) and disk space for X.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _common import machine, save, seconds, show

FEATURES, CLASSES = 20, 5
MB = 1e6


def write(folder: Path, n: int) -> None:
    """Make the data in pieces, so that this process stays small too."""
    rng = np.random.default_rng(0)
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", np.float32, (n, FEATURES))
    y = np.empty(n, dtype=np.uint8)
    directions = rng.standard_normal((FEATURES, CLASSES), dtype=np.float32)
    for start in range(0, n, 100_000):
        part = rng.standard_normal((min(100_000, n - start), FEATURES), dtype=np.float32)
        X[start : start + len(part)] = part
        y[start : start + len(part)] = (part @ directions).argmax(axis=1)
    X.flush()
    np.save(folder / "y.npy", y)


def resident(field: str) -> float:
    """Resident memory of this process in MB: "VmRSS" now, "VmHWM" at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024 / MB


def child(folder: Path) -> None:
    """Fit and print what it took; runs in a process of its own."""
    from skxent import SoftmaxMLPClassifier

    model = SoftmaxMLPClassifier(
        solver="adam", encoder="passthrough", max_iter=1, random_state=0, n_jobs=1
    )
    X, y = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "y.npy")
    model.fit(X[:1000], y[:1000])  # code that is loaded on first use is not fit's
    before = resident("VmRSS")
    time = seconds(lambda: model.fit(X, y))
    beyond = resident("VmHWM") - before
    result = {"rows": len(X), "X MB": X.nbytes / MB, "before fit MB": before}
    result |= {"peak - before MB": beyond, "beyond X MB": beyond - X.nbytes / MB, "fit s": time}
    print(json.dumps(result))


def main():
    """Measure every size; exit with an error where one is over the limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="100000,1000000,10000000")
    parser.add_argument("--limit", type=float, default=50, help="MB beyond X")
    parser.add_argument("--folder", help="where X is written, by default the temporary folder")
    parser.add_argument("--out", help="JSON file for the results")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child)
        return
    rows = []
    for n in map(int, args.rows.split(",")):
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            write(Path(folder), n)
            command = [sys.executable, "-W", "ignore", __file__, "--child", folder]
            rows.append(json.loads(subprocess.check_output(command)))
    show("fit on a read-only memory map", rows)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"memory": rows})
    worst = max(row["beyond X MB"] for row in rows)
    if worst > args.limit:
        sys.exit(f"{worst:.0f} MB beyond X, more than {args.limit:.0f}")


if __name__ == "__main__":
    main()
