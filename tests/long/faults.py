"""Interrupt fits at random moments, and watch memory over many fits.

    python tests/long/faults.py [--interrupts 200] [--fits 1000] [--seed 0]

Ctrl-C: a fit, or a call of partial_fit, is interrupted at a random moment of the time it takes. It
must either raise KeyboardInterrupt and leave the estimator as it was, bit by bit, or warn and leave
a model that predicts, is saved and goes on. Needs signals of POSIX.

Memory: after some fits that fill caches, what Python and NumPy have allocated must not grow by more
than 200 kB over all others, and the resident memory of the process by no more than 10 MB.
"""

import argparse
import gc
import pickle
import random
import signal
import sys
import time
import tracemalloc
import warnings
from collections import Counter
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from skxent import SoftmaxMLPClassifier

TRACED, RESIDENT = 200e3, 10e6  # bytes that a run of fits may leave behind


def table(n=300):
    """A small table of numbers, categories and gaps, and its labels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(n)
    x[::7] = np.nan
    X = pd.DataFrame({"number": x, "level": rng.choice(["a", "b", "c"], n), "count": np.arange(n)})
    return X, np.where(rng.random(n) < 0.3, "yes", np.where(x > 0, "no", "perhaps"))


def state(model):
    """Return a number for all that an estimator is."""
    return joblib.hash({name: v for name, v in vars(model).items() if name != "_rng"})


def models():
    """One estimator of every kind of training."""
    few = {"hidden_layer_sizes": 8, "random_state": 0}
    for given in [
        {"max_iter": 5, "n_members": 3, "n_jobs": 1},
        {"max_iter": 5, "n_members": 3, "n_jobs": 2},
        {"solver": "adam", "max_iter": 20, "warm_start": True},
        {"solver": "lbfgs", "max_iter": 20},
        {"solver": "lbfgs", "max_iter": 20, "n_members": 2, "n_jobs": 2, "early_stopping": True},
        {"solver": "gradient_descent", "max_iter": 20},
    ]:
        yield SoftmaxMLPClassifier(**few, **given)


def interrupt(call, delay):
    """Run a call, pressed Ctrl-C in after a time; return how it ended."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    ending = "done"
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            signal.setitimer(signal.ITIMER_REAL, delay)
            call()
            signal.setitimer(signal.ITIMER_REAL, 0)
        if any("interrupted by user" in str(warning.message) for warning in caught):
            ending = "warned"
    except KeyboardInterrupt:
        ending = "raised"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return ending


def check_interrupts(times, seed=0):
    """Interrupt that many calls; return how often they ended in which way."""
    rng, endings = random.Random(seed), Counter()
    X, y = table()
    fitted = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in models():
            model.fit(X, y)
            start = time.perf_counter()
            pickle.loads(pickle.dumps(model)).fit(X, y)
            fitted.append((pickle.dumps(model), time.perf_counter() - start))
    for number in range(times):
        saved, duration = fitted[number % len(fitted)]
        model = pickle.loads(saved)
        if number % 12 == 11:  # one that was not fitted before
            model = SoftmaxMLPClassifier(**model.get_params())
        before = state(model)
        incremental = model.solver == "adam" and number % 2
        call = model.partial_fit if incremental else model.fit
        ending = interrupt(lambda call=call: call(X, y), rng.uniform(0, 1.1 * duration))
        endings[ending] += 1
        if ending == "raised" and state(model) == before:
            continue
        # it ended before the key was pressed, or while that was so: there is a model then
        again = pickle.loads(pickle.dumps(model))
        p = again.predict_proba(X)
        assert np.isfinite(p).all() and np.allclose(p.sum(axis=1), 1, atol=1e-5)
        assert len({len(column) for column in again.history_.values()}) == 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again.fit(X, y)
    return endings


def resident():
    """Resident memory of this process in bytes; 0 where there is no /proc."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 if statm.exists() else 0


def check_growth(fits):
    """Fit that often; return by how many bytes traced and resident memory have grown."""
    X, y = table()
    every = list(models())

    def run(n):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in range(n):
                model = every[number % len(every)]
                model.set_params(warm_start=False, max_iter=2).fit(X, y).predict_proba(X)
        gc.collect()

    run(5 * len(every))
    tracemalloc.start()
    try:
        run(len(every))  # what tracing itself keeps
        before, was = tracemalloc.get_traced_memory()[0], resident()
        run(fits)
        grown = tracemalloc.get_traced_memory()[0] - before, resident() - was
    finally:
        tracemalloc.stop()
    assert grown[0] < TRACED and grown[1] < RESIDENT, f"grown by {grown} bytes"
    return grown


def main():
    """Run both, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interrupts", type=int, default=200)
    parser.add_argument("--fits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.interrupts and sys.platform != "win32":
        endings = check_interrupts(args.interrupts, args.seed)
        print(f"{args.interrupts} interrupts:", dict(endings))
    if args.fits:
        traced, rss = check_growth(args.fits)
        print(f"{args.fits} fits: traced {traced / 1e3:+.1f} kB, resident {rss / 1e6:+.2f} MB")


if __name__ == "__main__":
    main()
