"""Make the tables of large.py, and the classifiers and encoders that it compares on them."""

from __future__ import annotations

import itertools
import time
from importlib import import_module

import numpy as np
from _common import prepared

OURS, BASELINE = "skxent", "skxent (baseline)"
ENCODERS = NO_BINS, SPARSE, DENSE = "skxent, no bins", "scikit-learn", "scikit-learn, dense"
PEERS = {  # module, class, settings; categories are known to all but catboost by their dtype
    "catboost": ("catboost", "CatBoostClassifier", {"verbose": 0, "allow_writing_files": False}),
    "lightgbm": ("lightgbm", "LGBMClassifier", {"verbose": -1}),
    "xgboost": ("xgboost", "XGBClassifier", {"enable_categorical": True}),
    "hgb": ("sklearn.ensemble", "HistGradientBoostingClassifier", {}),
    "mlp": ("sklearn.neural_network", "MLPClassifier", {}),
}
MADE_AT_ONCE, LEARNT_AT_ONCE = 10_000, 50_000  # rows


def made_table(rows, columns, categories=0, classes=2, levels=None):
    """Return X, an array or else a DataFrame, and y; made in pieces, to need no memory beside."""
    rng = np.random.default_rng(0)
    n_levels = [levels or min(3 * 2**c, 200) for c in range(categories)]
    effects = [rng.standard_normal((n, classes), dtype=np.float32) / 2 for n in n_levels]
    codes = [(rng.permutation(rows) % n).astype(np.int32) for n in n_levels]
    numbers = columns - categories
    X = np.empty((rows, numbers), dtype=np.float32, order="F" if categories else "C")
    y = np.empty(rows, dtype=np.int64)
    directions = rng.standard_normal((numbers, 10), dtype=np.float32) / numbers**0.5
    weights = rng.standard_normal((10 + 2 * min(numbers, 5), classes), dtype=np.float32)
    for start in range(0, rows, MADE_AT_ONCE):
        piece = slice(start, start + MADE_AT_ONCE)
        X[piece] = Z = rng.standard_normal(X[piece].shape, dtype=np.float32)
        first = Z[:, :5]
        parts = np.tanh(2 * Z @ directions), first > 0.5, first * np.roll(first, 1, axis=1)
        scores = np.hstack(parts) @ weights
        for effect, code in zip(effects, codes, strict=True):
            scores += effect[code[piece]]
        y[piece] = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)  # drawn from softmax
    y[:classes] = np.arange(classes)  # none is missing
    return (as_frame(X, codes, n_levels) if categories else X), y


def as_frame(X, codes, n_levels):
    """Put numbers, without a copy of them, and categories into a DataFrame."""
    import pandas as pd

    frame = pd.DataFrame(X, columns=[f"number {i}" for i in range(X.shape[1])], copy=False)
    for i, (code, n) in enumerate(zip(codes, n_levels, strict=True)):
        names = [f"level {level}" for level in range(n)]
        frame[f"category {i}"] = pd.Categorical.from_codes(code, names)
    return frame


def classifier(name, X, threads, max_time):
    """Return an unfitted classifier with its defaults for the columns of X."""
    if name in (OURS, BASELINE):
        from skxent import SoftmaxMLPClassifier

        return SoftmaxMLPClassifier(random_state=0, n_jobs=threads, max_time=max_time)
    module, kind, settings = PEERS[name]
    table = hasattr(X, "columns")
    if name == "catboost":
        settings = settings | {"thread_count": threads}
        settings["cat_features"] = list(X.select_dtypes("category")) if table else None
    elif name in ("lightgbm", "xgboost"):
        settings = settings | {"n_jobs": threads}
    model = getattr(import_module(module), kind)(random_state=0, **settings)
    if name != "mlp":
        return model
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return prepared(model) if table else make_pipeline(StandardScaler(), model)


def encoder(name):
    """Return what makes a matrix for a network of a table with categories."""
    if name in (OURS, BASELINE, NO_BINS):
        from skxent import TableEncoder

        return TableEncoder(n_bins=0) if name == NO_BINS else TableEncoder()
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    return make_column_transformer(
        (QuantileTransformer(random_state=0), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_include="category")),
        sparse_threshold=0 if name == DENSE else 0.3,
    )


def fit_for(max_time, pipeline, X, y):
    """Fit what comes before a network; the network learns piece by piece until time is over."""
    end = time.perf_counter() + max_time
    Z, classes = pipeline[:-1].fit_transform(X), np.unique(y)
    for start in itertools.cycle(range(0, len(Z), LEARNT_AT_ONCE)):
        if time.perf_counter() >= end:
            return
        piece = slice(start, start + LEARNT_AT_ONCE)
        pipeline[-1].partial_fit(Z[piece], y[piece], classes=classes)
