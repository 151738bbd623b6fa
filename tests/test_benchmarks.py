"""What the benchmarks compute is right, and the one on large tables runs at a small scale."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="tests run without the checkout")


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module


def test_points_on_a_line_give_that_line(load):
    points = [
        {"varies": "rows", "size": n, "library": "ours", "seconds": 0.5 + 2e-6 * n}
        for n in (10, 1_000, 100_000)
    ]
    points += [{**points[0], "library": "theirs"}] * 2  # too few for a line
    (line,) = load("_common").straight_lines(points)
    assert line["varies"] == "rows" and line["library"] == "ours"
    assert line["a"] == pytest.approx(0.5)
    assert line["µs per unit"] == pytest.approx(2)
    assert line["largest distance %"] == pytest.approx(0, abs=1e-9)


def test_made_tables_have_every_class_and_every_level(load):
    pytest.importorskip("pandas")
    made_table = load("_contenders").made_table
    X, y = made_table(25_000, columns=7, categories=2, classes=40, levels=300)
    assert X.shape == (25_000, 7)
    assert set(y) == set(range(40))
    for name in ("category 0", "category 1"):
        counts = X[name].value_counts()
        assert len(counts) == 300 and counts.max() - counts.min() <= 1
    array, _ = made_table(25_000, columns=7)
    assert array.dtype == np.float32
    assert array.std(axis=0) == pytest.approx(np.ones(7), abs=0.02)  # the last piece is filled too


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_large_runs_at_a_small_scale(tmp_path):
    out = tmp_path / "found.json"
    options = ["--fit", "--rows", "200", "--repeat", "1", "--threads", "1", "--peers", ""]
    command = [sys.executable, str(FOLDER / "large.py"), *options, "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    (row,) = json.loads(out.read_text())["rows"]
    assert row["library"] == "skxent" and row["x skxent"] == 1
    assert 0 < row["log loss"] < np.log(2)  # better than no model
    assert min(row[key] for key in ("seconds", "µs/row", "one row µs")) > 0
