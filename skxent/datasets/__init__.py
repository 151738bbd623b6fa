"""A small sample of public data: a table with text and gaps, for examples and tests."""

from __future__ import annotations

import csv
import gzip
import io
from importlib import resources
from typing import Any

import numpy as np
from sklearn.utils import Bunch

__all__ = ["load_adult"]

_TARGET = "income"


def load_adult(*, return_X_y: bool = False, as_frame: bool = True) -> Any:
    """Load 6,000 people of the census of the USA of 1994, and who earns more than 50,000 dollars.

    A table as tables are: numbers (two of them mostly 0), texts with up to 40 levels, many of them
    rare, and gaps among the texts. It comes with the package and needs no network.

    ============  ==========================================================
    rows          6,000, a simple random sample (without replacement)
    columns       13: 5 of whole numbers, 8 of texts
    gaps          792, in workclass, occupation and native_country
    classes       2: "<=50K" (4,596 rows) and ">50K" (1,404 rows)
    ============  ==========================================================

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return (data, target) instead of a Bunch.
    as_frame : bool, default=True
        Whether data is a DataFrame and target a Series, which needs pandas. If False they are
        arrays of objects: numbers, texts, and None for gaps.

    Returns
    -------
    data : Bunch
        Like a dictionary, with the entries data (the table, of shape (6000, 13)), target (the
        income, of shape (6000,)), frame (both beside each other, or None without as_frame),
        feature_names, target_names and DESCR (this text).
    (data, target) : tuple
        The table and the income, if return_X_y is True.

    See Also
    --------
    sklearn.datasets.fetch_openml : For all 48,842 rows, over the network: data_id 1590.

    Notes
    -----
    Drawn from the data set Adult [1]_, which is licensed under the `Creative Commons Attribution
    4.0 International licence <https://creativecommons.org/licenses/by/4.0/>`_ (CC BY 4.0). Changed
    are: rows of the parts for training and for testing are mixed and 6,000 of them drawn; the
    column fnlwgt, how many people a row stands for in the survey, is left out; "?" is a gap; names
    of columns have underscores.

    The data are thirty years old, and they hold what society was like: race and sex are among the
    columns. They are here to try a classifier on, not to judge people by.

    References
    ----------
    .. [1] Becker, B. & Kohavi, R. (1996). Adult [Dataset]. UCI Machine Learning Repository.
       https://doi.org/10.24432/C5XW20.

    Examples
    --------
    >>> from skxent.datasets import load_adult
    >>> X, y = load_adult(return_X_y=True)
    >>> X.shape
    (6000, 13)
    >>> int(X["occupation"].isna().sum())
    340
    >>> y.value_counts().to_dict()
    {'<=50K': 4596, '>50K': 1404}
    """
    columns = _read("adult.csv.gz")
    names = [name for name in columns if name != _TARGET]
    if as_frame:
        import pandas as pd  # only who wants a frame needs it

        frame = pd.DataFrame(columns)
        X, y = frame[names], frame[_TARGET]
    else:
        frame = None
        X = np.array([columns[name] for name in names], dtype=object).T
        y = np.array(columns[_TARGET], dtype=object)
    if return_X_y:
        return X, y
    return Bunch(
        data=X,
        target=y,
        frame=frame,
        feature_names=names,
        target_names=np.unique(columns[_TARGET]),
        DESCR=load_adult.__doc__,
    )


def _read(name: str) -> dict[str, list]:
    """Return the columns of a file by name: whole numbers, or texts with None for gaps."""
    content = gzip.decompress(resources.files(__name__).joinpath(name).read_bytes())
    names, *rows = csv.reader(io.StringIO(content.decode()))
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return {name: _values(texts) for name, texts in columns}


def _values(texts: tuple[str, ...]) -> list:
    return [*map(int, texts)] if texts[0].isdigit() else [text or None for text in texts]
