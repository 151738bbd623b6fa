"""Train on tables that are larger than the memory that training may use.

    python benchmarks/larger_than_memory.py [--gigabytes 1] [--memory 2] [--folder DIR] [--out FILE]

Two tables of that many gigabytes are made, one after the other, in the folder:

- a Parquet file of 40 numbers and 8 categories, 5 % of each missing, which goes through
  `partial_fit` once, by row groups in random order, with an encoder learnt from a sample;
- a NumPy file of 100 numbers, which `fit` reads as a read-only memory map, one epoch.

Each is trained on in a process of its own, whose memory is bounded to `--memory` gigabytes by
RLIMIT_DATA: the kernel refuses more of anything but program text, pages of files and the first
thread's stack. Pages of a memory map are no such memory: they are the system's copy of the file,
which it drops when others need room. (A control group, as by `systemd-run --scope -p MemoryMax=2G`,
counts them too and drops them sooner.) So resident memory is given in two parts, each at its peak:
"anonymous", which is the process's own, and "of files". The files are dropped from the system's
cache before they are read. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from _common import machine, save, seconds, show
from sklearn.metrics import log_loss

from skxent import SoftmaxMLPClassifier, TableEncoder

NUMBERS, CATEGORIES, LEVELS = 40, 8, 12  # of the Parquet file
COLUMNS = 100  # of the memory map
PIECE = 50_000  # rows that are made, or trained on, at a time
HELD_OUT = 100_000  # rows at the end, for the log loss
GB = 1e9


def labels(rng, numbers, effect=0.0):
    """Return one of two classes, which four numbers and an effect decide, but for some noise."""
    score = numbers[:, 0] * numbers[:, 1] + numbers[:, 2] - numbers[:, 3] + effect
    return np.where(score + rng.standard_normal(len(numbers)) > 0, 1, 0).astype(np.uint8)


def write_parquet(path: Path, size: float) -> None:
    """Write row groups until there are as many bytes in them, as they are in memory."""
    rng = np.random.default_rng(0)
    names = pa.array([f"level {i}" for i in range(LEVELS)])
    writer, written = None, 0
    while written < size:
        numbers = rng.standard_normal((NUMBERS, PIECE))
        codes = rng.integers(LEVELS, size=(CATEGORIES, PIECE), dtype=np.int32)
        y = labels(rng, numbers.T, codes[0] % 3 - 1.0)
        columns = {f"x{i}": column for i, column in enumerate(numbers)}
        columns |= {f"c{i}": pa.DictionaryArray.from_arrays(c, names) for i, c in enumerate(codes)}
        for name, values in columns.items():
            gaps = rng.random(PIECE, dtype=np.float32) < 0.05
            values = pa.array(values) if isinstance(values, np.ndarray) else values
            columns[name] = pa.compute.if_else(pa.array(gaps), None, values)
        table = pa.table(columns | {"label": y})
        if writer is None:
            dictionaries = [f"c{i}" for i in range(CATEGORIES)]
            writer = pq.ParquetWriter(
                path, table.schema, compression="none", use_dictionary=dictionaries
            )
        writer.write_table(table, row_group_size=PIECE)
        written += table.nbytes
    writer.close()


def write_map(path: Path, size: float) -> None:
    """Write a matrix of float32, and beside it the labels."""
    rng = np.random.default_rng(0)
    n = int(size / 4 / COLUMNS)
    y = np.empty(n, dtype=np.uint8)
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (n, COLUMNS)}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, n, PIECE):
            part = rng.standard_normal((min(PIECE, n - start), COLUMNS), dtype=np.float32)
            y[start : start + len(part)] = labels(rng, part)
            file.write(part.data)
    np.save(path.with_suffix(".y.npy"), y)


def through_parquet(path):
    """Learn the encoder from a sample, then go through the file once."""
    file = pq.ParquetFile(path)
    n_groups = file.num_row_groups
    n_train = n_groups - HELD_OUT // PIECE

    def group(i):
        X = file.read_row_group(i).to_pandas()
        return X, X.pop("label").to_numpy()

    rng = np.random.default_rng(0)
    sample = [
        group(i)[0].sample(5000, random_state=0) for i in range(0, n_train, -(-n_train // 20))
    ]
    encoder = TableEncoder(dtype="float32").fit(pd.concat(sample))
    model = SoftmaxMLPClassifier(
        32, encoder=encoder, solver="adam", random_state=0, n_jobs=1, batch_size=512
    )
    for i in rng.permutation(n_train).tolist():
        X, y = group(i)
        model.partial_fit(X, y, classes=[0, 1])
    held_out = [(y, model.predict_proba(X)) for X, y in map(group, range(n_train, n_groups))]
    return file.metadata.num_rows, held_out


def on_memory_map(path):
    """Fit on the map as it is."""
    X, y = np.load(path, mmap_mode="r"), np.load(path.with_suffix(".y.npy"))
    model = SoftmaxMLPClassifier(
        32, encoder="passthrough", solver="adam", max_iter=1, random_state=0, n_jobs=1,
        batch_size=512,
    ).fit(X[:-HELD_OUT], y[:-HELD_OUT])  # fmt: skip
    return len(X), [(y[-HELD_OUT:], model.predict_proba(X[-HELD_OUT:]))]


class Peak(threading.Thread):
    """Look at the resident memory of this process every 20 ms, and remember the largest."""

    def __init__(self):
        super().__init__(daemon=True)
        self.largest = {"RssAnon": 0.0, "RssFile": 0.0}
        self.over = threading.Event()

    def run(self):
        """Look until it is over."""
        while not self.over.wait(0.02):
            for line in Path("/proc/self/status").read_text().splitlines():
                name = line.partition(":")[0]
                if name in self.largest:
                    found = int(line.split()[1]) * 1024 / GB
                    self.largest[name] = max(self.largest[name], found)


def child(way, path: Path, memory: float) -> None:
    """Train within the limit and print what it took; runs in a process of its own."""
    resource.setrlimit(resource.RLIMIT_DATA, (int(memory * GB),) * 2)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    peak, found = Peak(), []
    peak.start()
    time = seconds(lambda: found.append(way(path)))
    peak.over.set()
    peak.join()
    ((rows, held_out),) = found
    truth, proba = (np.concatenate(parts) for parts in zip(*held_out, strict=True))
    result = {"rows": rows, "GB on disk": path.stat().st_size / GB}
    result |= {"anonymous GB": peak.largest["RssAnon"], "of files GB": peak.largest["RssFile"]}
    result |= {"minutes": time / 60, "log loss": log_loss(truth, proba)}
    result["of the classes alone"] = log_loss(truth, [np.mean(truth)] * len(truth))
    print(json.dumps(result))


WAYS = {
    "partial_fit, Parquet": (write_parquet, through_parquet, "X.parquet"),
    "fit, memory map": (write_map, on_memory_map, "X.npy"),
}


def main():
    """Make each table, train on it in another process, and delete it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of each table in memory")
    parser.add_argument("--memory", type=float, default=2.0, help="gigabytes of RLIMIT_DATA")
    parser.add_argument("--folder", help="where tables are written, by default a temporary one")
    parser.add_argument("--out", help="JSON file for the results")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        name, path = args.child
        child(WAYS[name][1], Path(path), args.memory)
        return
    rows = []
    for name, (write, _, filename) in WAYS.items():
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            path = Path(folder) / filename
            made = seconds(lambda write=write, path=path: write(path, args.gigabytes * GB))
            command = [sys.executable, "-W", "ignore", __file__, "--memory", str(args.memory)]
            found = subprocess.check_output([*command, "--child", name, str(path)])
        rows.append({"": name} | json.loads(found) | {"minutes to make it": made / 60})
    show(f"{args.gigabytes:g} GB each, within {args.memory:g} GB", rows)
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, {"larger than memory": rows})


if __name__ == "__main__":
    main()
