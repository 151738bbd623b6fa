"""Give the estimators what nobody would give them: tables, targets and parameters at random.

    python tests/long/abuse.py [--cases 100000] [--seed 0]

A case draws a table (NumPy of any dtype and layout, pandas, pyarrow, polars, SciPy, lists),
targets, weights and parameters, in two thirds of the cases all of them sound, calls `fit` or
`partial_fit` a few times, and predicts for other rows and other tables. Whatever it draws:

- probabilities and logits are finite, and probabilities of classes sum to 1;
- every engine of this machine computes what the formulas in NumPy do from the encoded table and
  the weights (`agreement.py`): logits, probabilities, labels, and the gradient in the hands of
  L-BFGS, Adam and SGD;
- the same table in another form (another library, flags as numbers, texts as categories, anything
  in a column that was empty) gives the same probabilities;
- in every fifth case, an ONNX model predicts the same;
- an error is a ValueError or TypeError that skxent or scikit-learn raises on purpose, never one of
  an array library that came upon something unforeseen, and where all that was drawn is sound, it is
  one of the few in `FORESEEN`;
- no warning comes but those of training that ended badly;
- a call that fails leaves the estimator as it was;
- what is pickled, and what is fitted again from its seed in other threads, predicts the same.

hypothesis makes the smallest case of what fails.
"""

import argparse
import contextlib
import faulthandler
import importlib.util
import io
import linecache
import pickle
import re
import signal
import traceback
import warnings
from collections import Counter

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
from agreement import check_gradient, check_onnx, check_reference
from draws import Draw
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError, UndefinedMetricWarning
from sklearn.utils import _safe_indexing

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder
from skxent._columns import labels_of

HAS_ONNX = all(map(importlib.util.find_spec, ["onnx", "skl2onnx", "onnxruntime"]))
PIECE = 1000  # cases that hypothesis draws at a time: it remembers them all

# what may be said of sound draws that cannot go together, or whose numbers leave no way down
FORESEEN = [
    "diverged in its first epoch",
    "a classifier needs rows of at least 2 classes",
    "binary targets have two",
    "dates, which are no categories",
    "durations, which are no categories",
    "validation set is too small",
    "calibration='temperature' needs rows",
    "partial_fit does not support early_stopping=True",
    "has no attribute 'partial_fit'",
    "The rows held out have no weight",
    "same classes as in the previous",
    "NaN",  # of encoder="passthrough", as scikit-learn says it
    "encoder='passthrough' hands X on as it is",
    "could not convert",
    "convert string to float",
    "Cannot cast",
    "argument must be",
    "infinity",
    "holds text",  # with categorical_features=None
    "holds both text and numbers",
    "held out leave rows of no weight",
    "Unknown label type",
    "Only binary classification is supported",
    "several classes may be true of one row",
    "A sparse X cannot have categorical_features",
    "should be passed as an array of integers or as a boolean mask",  # of a table without names
    "activation must be one name, or one for each",
    "dropout must be one number, or one for each",
    "class_weight names",  # of labels that are not there
    "class_weight is for one class per row",
    "is for encoder='auto'",  # categorical_features beside another encoder
    "class_weight is none of binary targets",
    "cannot have number of splits",
    "Cannot have number of folds",
    "which has no such value",  # ONNX: integers beyond 2^53 where a table has one type, float64
    "n_splits=",
    "scoring=",
    "judges labels, but the rows to judge by have probabilities",
    "outputs for row",  # of encoder="passthrough", far from the rows of training
    "The sample weights, times the class weights, sum to 0.0",
    "classes not in `self.classes_`",
    "Training goes on with",
    "but held",  # of another table
    "numbers may stand for them where they are 0 and 1",
    "X is one matrix, whose type of number",  # for ONNX
    "Labels in ONNX are whole numbers or texts",
    "has gaps, but the model takes",  # of other rows, for ONNX
    "values, for which ONNX has no type",  # dates
    "has the name '', which in ONNX",
    "feature names should match",
    "sum to inf",
    "not a valid feature name",
    "multi_class must be in",  # of roc_auc
]

outcomes: Counter = Counter()


def raised_on_purpose(error):
    """Whether a `raise` of skxent or scikit-learn made the error, with something to read."""
    # what scikit-learn's check_array leaves to NumPy and pandas; they say what is wrong
    if re.match("could not convert string|float\\(\\) argument must be|Cannot cast", str(error)):
        return True
    frame = traceback.extract_tb(error.__traceback__)[-1]
    ours = re.search(r"[/\\](skxent|sklearn)[/\\]", frame.filename)
    return ours and "raise" in linecache.getline(frame.filename, frame.lineno)


def attempt(drawn, name, call, refusal=None):
    """Return the result of a call, or None if it was refused as it should be.

    `refusal` is what must be said of it, where it must be refused.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", category=ConvergenceWarning)
            warnings.filterwarnings("ignore", category=UndefinedMetricWarning)
            warnings.filterwarnings("ignore", "scoring was NaN")
            warnings.filterwarnings("ignore", "Not used: ")  # beside solver="auto"
            warnings.filterwarnings("ignore", "A column-vector y was passed")
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
            warnings.filterwarnings("ignore", "The y_prob values do not sum to one")  # log loss
            warnings.filterwarnings("ignore", "The least populated class in y has only")  # of cv
            warnings.filterwarnings("ignore", "pandas.DataFrame with sparse columns found")
            warnings.filterwarnings("ignore", "X (does not have valid|has) feature names")
            with contextlib.redirect_stdout(io.StringIO()):  # verbose
                result = call()
    except (ValueError, TypeError, AttributeError) as error:
        message = str(error)
        assert not isinstance(error, NotFittedError)
        assert raised_on_purpose(error) and len(message) > 15, "an error that nobody foresaw"
        foreseen = any(text in message for text in FORESEEN)
        if refusal is not None:
            foreseen = re.search(refusal, message)
        assert foreseen or drawn.unsound, "refused though all that was drawn is sound"
        outcomes[f"{name} refused"] += 1
        return None
    assert refusal is None, "not refused"
    outcomes[name] += 1
    return result


def classes_of(y):
    """Return what to declare as classes."""
    y = labels_of(y)
    if y is None or np.ndim(y) > 1 and np.shape(y)[1] > 1:
        return None if y is None else np.arange(np.shape(y)[1])
    try:
        return np.unique(np.asarray(y))
    except TypeError:
        return None


def strange_rows(drawn, X, kind, columns):
    """Return rows that are not those of training, with what must be said of them, if anything."""
    what = drawn.one_of(
        "strange rows", ["another table", "one row", "no rows", "fewer columns", "renamed", "text"]
    )
    if what == "another table":
        return drawn.table(4, kind, columns), None
    if what == "one row":
        return X[:1], None
    if what == "no rows":
        return X[:0], "0 sample|minimum of 1|Expected 2D array"
    if what == "text":
        return np.full((3, columns), "a", dtype=object), None
    X = pd.DataFrame(np.zeros((3, columns + (what == "fewer columns"))))
    X.columns = [f"other {j}" for j in range(X.shape[1])]
    return X, None if what == "renamed" else "feature names|features"


def check_predictions(model, X, n, one_of_several):
    """All outputs are finite and fit each other."""
    p, z = model.predict_proba(X), model.decision_function(X)
    log_p, labels = model.predict_log_proba(X), model.predict(X)
    assert len(p) == len(z) == len(log_p) == len(labels) == n
    assert np.isfinite(p).all() and np.isfinite(z).all() and np.isfinite(log_p).all()
    assert (p >= 0).all() and (p <= 1).all() and (log_p <= 0).all()
    if one_of_several:
        tolerance = 1e-5 if p.dtype == np.float32 else 1e-9
        assert np.allclose(p.sum(axis=1), 1, rtol=0, atol=tolerance)
        assert np.isin(labels, model.classes_).all()
    return p


def agree(drawn, model, X):
    """Compare with the formulas."""
    check_reference(model, X)
    if not check_gradient(model, X, drawn.rng):
        outcomes["gradient not compared"] += 1


def agree_with_onnx(drawn, model, X, other):
    """Compare with an ONNX model, in some cases."""
    wanted = HAS_ONNX and not sp.issparse(X)
    if drawn.one_of("onnx", [False, False, False, False, True]) and wanted:
        check_onnx(model, X, other)
        outcomes["ONNX compared"] += 1


def _rows_of(table, rows):
    """Rows of a table; scikit-learn's own way is not for all frames."""
    if hasattr(type(table), "to_native") or isinstance(table, pa.RecordBatch):
        return table[rows]
    return _safe_indexing(table, rows)


def abuse(data):
    """Draw one case and check all that must hold of it."""
    drawn = Draw(data)
    n = drawn.one_of("rows", [5, 2, 3, 1, 20, 59, 61, 150, *(5, 2, 3, 20, 59, 61), 1001])
    columns = drawn(st.integers(1, 5), "columns")
    kind = drawn.one_of(
        "table",
        ["numbers", "integers", "objects", "pandas", "polars", "sparse", "list", "pyarrow", "text",
         "bool", "narwhals", "masked", "record batch", "variable text"],
    )  # fmt: skip
    several = drawn.one_of("several", [False, True])
    cls = SigmoidMLPClassifier if several else SoftmaxMLPClassifier
    parameters = drawn.parameters()
    table, w = drawn.table(n + 3, kind, columns), drawn.weights(n)
    table = table.tocsr() if sp.issparse(table) and table.format in ("coo", "bsr") else table
    X, other = (_rows_of(table, slice(*rows)) for rows in ((0, n), (n, n + 3)))
    y = drawn.targets(n, several and drawn.one_of("indicator", [True, False]))

    encoder = TableEncoder(n_bins=drawn.one_of("n_bins", ["auto", 0, 1, 16, 255]))
    if attempt(drawn, "encoder", lambda: encoder.fit(X, y if w is None else None)) is not None:
        encoded = attempt(drawn, "transform", lambda: encoder.transform(X))
        if encoded is not None:
            assert np.isfinite(encoded.data if sp.issparse(encoded) else encoded).all()

    model = cls(**parameters)
    calls = drawn(
        st.lists(st.sampled_from(["fit", "partial_fit"]), min_size=1, max_size=3), "calls"
    )

    def step(model, call):
        if call == "fit":
            return model.fit(X, y, w)
        return model.partial_fit(X, y, w, classes=classes_of(y))

    first = before = None
    for call in calls:
        done = attempt(drawn, call, lambda call=call: step(model, call))
        if done is None and before is None:
            assert not hasattr(model, "classes_"), "a refused call left something behind"
            return
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            one = cls is SoftmaxMLPClassifier or model.n_outputs_ == 1
            p = check_predictions(model, X, n, one)
        if done is None:
            assert np.array_equal(p, before), "a refused call changed the model"
        before = p
        first = p if first is None else first

    attempt(drawn, "formulas", lambda: agree(drawn, model, X))
    attempt(drawn, "ONNX", lambda: agree_with_onnx(drawn, model, X, other))
    form = None if model.encoder_ is None or calls[0] != "fit" else drawn.other_form(X)
    if form is not None:
        p = attempt(drawn, "other form", lambda: model.predict_proba(form))
        assert p is None or np.allclose(p, before, rtol=0, atol=1e-6), "another form tells more"
    attempt(drawn, "other rows", lambda: check_predictions(model, other, 3, one))
    rows, refusal = strange_rows(drawn, X, kind, columns)
    size = rows.shape[0] if hasattr(rows, "shape") else len(rows)
    attempt(drawn, "strange rows", lambda: check_predictions(model, rows, size, one), refusal)
    if not drawn.unsound:
        again = pickle.loads(pickle.dumps(model))
        assert again.summary() == model.summary() and repr(again) == repr(model)
        assert np.array_equal(again.predict_proba(X), before)
    repeats = model.random_state is not None and model.max_time is None and calls[0] == "fit"
    if repeats and drawn.one_of("fit again", [False, False, True]):
        again = clone(model).set_params(n_jobs=drawn.one_of("other n_jobs", [1, 2]))
        assert attempt(drawn, "fit again", lambda: step(again, "fit")) is not None
        assert np.array_equal(again.predict_proba(X), first)


def run(cases, seed=None):
    """Run that many cases; the first that fails is made small and raised."""
    settings = hypothesis.settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
    )
    test = settings(hypothesis.given(st.data())(abuse))
    if seed is not None:
        test = hypothesis.seed(seed)(test)
    test()


def main():
    """Run in pieces, and print what became of the calls."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    pieces = [min(PIECE, args.cases - done) for done in range(0, args.cases, PIECE)]
    for seed, cases in enumerate(pieces, args.seed):
        print(f"--cases {cases} --seed {seed}", flush=True)
        run(cases, seed)
    for name, count in sorted(outcomes.items()):
        print(f"{name:24} {count:8}")


if __name__ == "__main__":
    main()
