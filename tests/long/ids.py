"""Fit beside a column that identifies rows: what is learnt must be what is learnt without it.

    python tests/long/ids.py [--seeds 3]

A cell is a number of rows, a share of the rows whose id another row has as well, and what the ids
are: texts, or numbers that somebody has made text. The ids say nothing of the classes. In every
cell, over a few seeds,

- the log loss of new rows, of which the same share has an id that was there in fit, is at most 1 %
  above what it is without the column;
- to permute the column changes it by no more than 1 % either.

Both fits of a seed are of the same rows and the same random numbers. Ends with 1 if a cell breaks.
"""

import argparse
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from skxent import SoftmaxMLPClassifier

ROWS = [60, 120, 300, 700, 2000, 5000]
SHARES = [0.01, 0.05, 0.2, 0.5]
N_NEW = 4000
WITHIN = 0.01


def ids(n, share, kind, rng):
    """Return ids of n rows and of the new ones: in both, a share comes twice."""
    pairs = np.arange(n + N_NEW)
    again = rng.choice(np.arange(1, n), int(share * n / 2), replace=False)
    pairs[again] = pairs[rng.integers(0, again)]
    seen = n + np.flatnonzero(rng.random(N_NEW) < share)
    pairs[seen] = pairs[rng.integers(0, n, len(seen))]
    if kind == "numbers as text":
        values = rng.standard_normal(n + N_NEW)
        return np.array([f"{value:.9f}" for value in values], dtype=object)[pairs]
    return np.array([f"id{number}" for number in rng.permutation(n + N_NEW)], dtype=object)[pairs]


def loss_of(model, X, y):
    """Log loss of rows."""
    return log_loss(y, model.predict_proba(X), labels=model.classes_)


def cell(tables, share, kind):
    """Return the log loss with the ids over that without, and what to permute them changes."""
    with_ids = without = permuted = 0.0
    for seed, (X, y, X_new, y_new, loss) in enumerate(tables):
        rng = np.random.default_rng([seed, len(X), int(100 * share)])
        of_rows = ids(len(X), share, kind, rng)
        X, X_new = X.assign(id=of_rows[: len(X)]), X_new.assign(id=of_rows[len(X) :])
        model = SoftmaxMLPClassifier(random_state=seed).fit(X, y)
        with_ids += loss_of(model, X_new, y_new)
        permuted += loss_of(model, X_new.assign(id=rng.permutation(X_new["id"])), y_new)
        without += loss
    return with_ids / without, (permuted - with_ids) / without


def drawn(n, seed):
    """Return rows, classes, new rows and classes, and the log loss of a fit without ids."""
    rng = np.random.default_rng([seed, n])
    X = pd.DataFrame(rng.standard_normal((n + N_NEW, 3)), columns=list("abc"))
    y = np.where(X["a"] + rng.standard_normal(n + N_NEW) > 0, "yes", "no")
    X, X_new, y, y_new = X[:n], X[n:].reset_index(drop=True), y[:n], y[n:]
    return (
        X,
        y,
        X_new,
        y_new,
        loss_of(SoftmaxMLPClassifier(random_state=seed).fit(X, y), X_new, y_new),
    )


def main():
    """Print every cell, and the worst of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    worst = (0.0, 0.0)
    print("rows  repeated  ids              loss / without   change when permuted")
    for n in ROWS:
        tables = [drawn(n, seed) for seed in range(args.seeds)]
        for kind in ("texts", "numbers as text"):
            for share in SHARES:
                ratio, importance = cell(tables, share, kind)
                print(
                    f"{n:4}  {share:8.0%}  {kind:15}  {ratio:14.4f}  {importance:+21.4f}",
                    flush=True,
                )
                worst = max(worst[0], ratio - 1), max(worst[1], abs(importance))
    print(f"worst: log loss {worst[0]:+.2%}, permuted {worst[1]:.2%}")
    return 1 if max(worst) > WITHIN else 0


if __name__ == "__main__":
    sys.exit(main())
