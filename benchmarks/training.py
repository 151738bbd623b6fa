"""Measure training: time for a fixed amount of work, and time to a given training loss.

    python benchmarks/training.py [--parts shapes,activations,lbfgs] [--threads 1] [--repeat 5]
        [--shapes small,wide] [--data DATA_DIR] [--out training.json]

shapes: the same ReLU network, rows, batches and number of epochs of Adam for everybody. The share
of gemm is against `np.dot` on float32 matrices of 1024 x 1024 in the same run.
activations: the network of `small` with each activation.
lbfgs: per evaluation of the objective, and until scikit-learn's final training loss is reached, on
digits and, with --data, on the numeric columns of some of its tables (--sets).
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
import warnings
from pathlib import Path
from unittest import mock

import numpy as np
import scipy.optimize
from _common import gemm_rate, in_turn, load_table, machine, save, show
from sklearn.datasets import load_digits, make_classification
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skxent import SoftmaxMLPClassifier

SHAPES = {  # rows, features, classes, hidden layers, batch, epochs
    "small": (5_000, 20, 5, (100,), 200, 20),
    "tiny_batch": (20_000, 30, 5, (64, 64), 32, 3),
    "deep": (20_000, 50, 10, (256, 256, 256), 256, 3),
    "wide": (30_000, 784, 10, (256,), 256, 2),
}
ACTIVATIONS = "relu identity leaky_relu logistic tanh elu selu softplus silu mish gelu".split()
SETS = "magic,satimage,letter,vehicle,eeg_eye_state"


def plain(**settings) -> SoftmaxMLPClassifier:
    """One network on the features as they are, like scikit-learn's."""
    return SoftmaxMLPClassifier(encoder="passthrough", n_members=1, calibration=None, **settings)


def data(shape: str):
    """Rows of a shape, as float32, and its labels."""
    n, d, k = SHAPES[shape][:3]
    X, y = make_classification(n, d, n_informative=min(d, 15), n_classes=k, random_state=0)
    return X.astype(np.float32), y


def adam(shape: str) -> dict:
    """Give the settings that both classifiers share: nothing stops before the last epoch."""
    hidden, batch, epochs = SHAPES[shape][3:]
    return dict(
        hidden_layer_sizes=hidden,
        batch_size=batch,
        max_iter=epochs,
        solver="adam",
        tol=0.0,
        n_iter_no_change=10**6,
        random_state=0,
    )


def torch_fit(shape, X, y, threads):
    """Training of the same network in PyTorch, written as its tutorials do; None without it."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    hidden, batch, epochs = SHAPES[shape][3:]
    X, y = torch.from_numpy(X), torch.from_numpy(y)

    def fit():
        torch.manual_seed(0)
        sizes = [X.shape[1], *hidden, int(y.max()) + 1]
        layers = []
        for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
        net = torch.nn.Sequential(*layers[:-1])
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
        loss = torch.nn.CrossEntropyLoss()
        for _ in range(epochs):
            for rows in torch.randperm(len(X)).split(batch):
                optimizer.zero_grad()
                loss(net(X[rows]), y[rows]).backward()
                optimizer.step()

    return fit


def contenders(shape: str, threads: int) -> dict:
    """Name of each library and what it does for `shape`."""
    X, y = data(shape)
    X64 = X.astype(np.float64)
    calls = {
        "skxent": lambda: plain(n_jobs=threads, **adam(shape)).fit(X, y),
        "scikit-learn float64": lambda: MLPClassifier(**adam(shape)).fit(X64, y),
        "scikit-learn float32": lambda: MLPClassifier(**adam(shape)).fit(X, y),
        "torch eager": torch_fit(shape, X, y, threads),
    }
    return {name: call for name, call in calls.items() if call is not None}


def measure_shapes(shapes, threads, repeat):
    """One row per shape and library."""
    result = []
    for shape in shapes:
        n, d, k, hidden, batch, epochs = SHAPES[shape]
        sizes = [d, *hidden, k]
        n_weights = sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        # forward, gradient of the weights, gradient of the inputs of all layers but the first
        operations = n * epochs * (6 * n_weights - 2 * sizes[0] * sizes[1])
        gemm = gemm_rate()
        median = in_turn(contenders(shape, threads), repeat)
        gemm = max(gemm, gemm_rate())
        result += [
            {
                "shape": shape,
                "library": name,
                "seconds": t,
                "µs/step": t / (epochs * -(-n // batch)) * 1e6,
                "of gemm %": 100 * operations / t / gemm,
                "x skxent's time": t / median["skxent"],
            }
            for name, t in median.items()
        ]
    return result


def measure_activations(threads, repeat):
    """One row per activation, on the network of `small`."""
    X, y = data("small")

    def call(name):
        return lambda: plain(activation=name, n_jobs=threads, **adam("small")).fit(X, y)

    median = in_turn({name: call(name) for name in ACTIVATIONS}, repeat)
    n, batch, epochs = SHAPES["small"][0], *SHAPES["small"][4:]
    steps = epochs * -(-n // batch)
    return [
        {"activation": name, "µs/step": t / steps * 1e6, "x relu's time": t / median["relu"]}
        for name, t in median.items()
    ]


class Reached(Exception):  # noqa: N818
    """Ends a fit at the wanted value."""


class Trace:
    """Stands in for :func:`scipy.optimize.minimize` and notes time and value of every call.

    The fit ends where the objective is as low as `until`.
    """

    def __init__(self, fit, until=-np.inf):
        self.times, self.values = [], []
        minimize = scipy.optimize.minimize

        def traced(fun, *args, **options):
            def noted(*x):
                value = fun(*x)
                self.times.append(time.perf_counter() - start)
                self.values.append(float(value[0]))
                if self.values[-1] <= until:
                    raise Reached
                return value

            return minimize(noted, *args, **options)

        with (
            mock.patch("scipy.optimize.minimize", traced),
            mock.patch("skxent._training.full_batch.minimize", traced),
            contextlib.suppress(Reached),
        ):
            start = time.perf_counter()
            fit()
        self.seconds = time.perf_counter() - start
        self.reached = self.values[-1] <= until

    @property
    def per_call(self):
        """Seconds per evaluation, the line search and SciPy's own work included."""
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1)


def lbfgs_data(data_dir, sets):
    """Name, rows and labels: digits, and numeric columns of tables."""
    X, y = load_digits(return_X_y=True)
    yield "digits", X / 16, y
    for name in sets if data_dir else []:
        X, y = load_table(Path(data_dir) / f"{name}.parquet")
        X = X.select_dtypes("number").fillna(0).to_numpy(dtype=np.float64)
        rows = np.random.default_rng(0).permutation(len(y))[:6000]
        yield name, StandardScaler().fit_transform(X[rows]), y[rows]


def measure_lbfgs(data_dir, sets, threads, repeat):
    """One row per data set: both in float64, from the same distribution of first weights."""
    result = []
    for name, X, y in lbfgs_data(data_dir, sets):
        rows = []
        for seed in range(repeat):
            shared = dict(solver="lbfgs", tol=1e-5, random_state=seed)
            theirs = MLPClassifier(max_iter=200, **shared)
            theirs = Trace(lambda m=theirs: m.fit(X, y))  # noqa: B023
            ours = plain(max_iter=1000, n_jobs=threads, **shared | {"tol": 1e-8})
            until = min(theirs.values) * (1 + 1e-6)  # they often take the same steps
            ours = Trace(lambda m=ours: m.fit(X, y), until)  # noqa: B023
            lasted = ours.seconds if ours.reached else np.inf
            rows.append((ours.per_call, theirs.per_call, lasted, theirs.seconds))
        ours_call, their_call, ours_time, their_time = map(
            statistics.median, zip(*rows, strict=True)
        )
        result.append(
            {
                "data": name,
                "rows": len(y),
                "skxent µs/call": ours_call * 1e6,
                "scikit-learn µs/call": their_call * 1e6,
                "times faster per call": their_call / ours_call,
                "skxent s to its loss": ours_time,
                "scikit-learn s": their_time,
                "share of its time": ours_time / their_time,
            }
        )
    return result


def main():
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default="shapes,activations,lbfgs")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--data", help="folder of parquet files: features, then `target`")
    parser.add_argument("--sets", default=SETS, help="tables of --data for the part lbfgs")
    parser.add_argument("--out", help="JSON file for the results")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = {}
    with threadpool_limits(args.threads):
        for part in args.parts.split(","):
            if part == "shapes":
                rows = measure_shapes(args.shapes.split(","), args.threads, args.repeat)
            elif part == "activations":
                rows = measure_activations(args.threads, args.repeat)
            elif part == "lbfgs":
                sets = args.sets.split(",")
                rows = measure_lbfgs(args.data, sets, args.threads, args.repeat)
            else:
                parser.error(f"no part {part!r}: shapes, activations or lbfgs")
            show(f"{part}, {args.threads} thread(s), median of {args.repeat}", rows)
            tables[part] = rows
    show("machine", [{"what": k, "": v} for k, v in machine().items()])
    save(args.out, tables)


if __name__ == "__main__":
    main()
