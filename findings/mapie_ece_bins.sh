#!/usr/bin/env bash
# expected_calibration_error of MAPIE 1.6.0 counts other bins than it is asked for. "array split"
# cuts the rows into parts in the order in which they stand, and takes the largest score of each
# part for the end of a bin: in a table that is not sorted by score these are all near 1, and one
# bin holds nearly all rows, so that errors of both signs cancel. "uniform", the default, makes one
# bin less than num_bins. top_label_ece is made of the same.
#
# Expected: the error does not depend on the order of the rows, and ten bins are ten.
# Seen (1.6.0, Python 3.11), ten bins, rows of an overconfident model whose error is about .09:
#   "array split", rows as they come             .0001
#   "array split", the same sorted by score      .0920
#   "uniform", num_bins=10                       that of nine bins, to 15 digits
#   "uniform", num_bins=2                        .0001, that of one bin
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mapie==1.6.0 scikit-learn==1.9.1 numpy==2.4.6
cd -- "$folder"
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
from mapie.metrics.calibration import expected_calibration_error

rng = np.random.default_rng(0)
true = rng.uniform(size=20_000)
y = (rng.random(20_000) < true).astype(int)
claimed = true**2 / (true**2 + (1 - true) ** 2)  # too near to 0 and 1
by_score = np.argsort(claimed)


def mapie(rows, bins, strategy):
    error = expected_calibration_error(y[rows], claimed[rows], bins, strategy)
    print(f"mapie {version('mapie')}  {strategy:11} num_bins={bins:2}  {error:.4f}")
    return error


def by_hand(bins):
    """The definition, for bins of equal width."""
    place = np.minimum((claimed * bins).astype(int), bins - 1)
    error = np.bincount(place, y - claimed, bins)
    print(f"by hand      uniform     {bins} bin(s)     {np.abs(error).sum() / len(y):.4f}")
    return np.abs(error).sum() / len(y)


as_they_come = np.arange(len(y))
print("rows as they come:")
loose, equal, halves = (mapie(as_they_come, *how)
                        for how in ((10, "array split"), (10, "uniform"), (2, "uniform")))
print("rows sorted by score:")
tight = mapie(by_score, 10, "array split")
assert loose < 0.001 and tight > 0.09, "the order of the rows does not matter any more"
assert abs(equal - by_hand(9)) < 1e-12 < abs(equal - by_hand(10)), "ten bins are ten now"
assert abs(halves - by_hand(1)) < 1e-12 and by_hand(2) > 0.09
PY
