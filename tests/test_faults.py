"""What must never happen: crashes, NaN, half a model after Ctrl-C, memory that grows.

A few cases of what abuse.py and faults.py in tests/long do at length, and what they have found.
"""

import multiprocessing
import subprocess
import sys
import textwrap
import tracemalloc
from itertools import product
from pathlib import Path

import abuse
import agreement
import faults
import joblib
import numpy as np
import pandas as pd
import pytest
import reference
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxMLPClassifier, TableEncoder
from skxent._training.temperature import fit_temperature


def test_whatever_is_given():
    abuse.run(300)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_agreement_with_the_formulas_sees_small_mistakes(dtype, iris, monkeypatch):
    X, y = iris
    model = SoftmaxMLPClassifier(
        8, activation="gelu", n_members=2, max_iter=3, random_state=0, dtype=dtype
    ).fit(X, y)

    def check():
        agreement.check_reference(model, X)
        assert agreement.check_gradient(model, X, np.random.default_rng(0))

    check()
    gelu, loss = reference.ACTIVATIONS["gelu"], reference.LOSSES["softmax_cross_entropy"]
    mistakes = [
        (reference.ACTIVATIONS, "gelu", (lambda z: 1.0001 * gelu[0](z), gelu[1]), "logits"),
        (reference.ACTIVATIONS, "gelu", (gelu[0], lambda z: 1.001 * gelu[1](z)), "gradient"),
        (
            reference.LOSSES, "softmax_cross_entropy",
            lambda z, y: (loss(z, y)[0], 1.001 * loss(z, y)[1]), "gradient",
        ),
    ]  # fmt: skip
    for registry, name, wrong, what in mistakes:
        with monkeypatch.context() as patch:
            patch.setitem(registry, name, wrong)
            with pytest.raises(AssertionError, match=what):
                check()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_at_random_moments():
    """In a process of its own: Ctrl-C while coverage holds its lock would stop it for ever."""
    program = """
    import threading
    import faults
    before = threading.active_count()
    endings = faults.check_interrupts(24)
    assert endings["raised"] + endings["warned"] > 0
    assert threading.active_count() == before
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=Path(faults.__file__).parent, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


def test_memory_does_not_grow():
    faults.check_growth(60)


# ---- other processes


def send(connection, model, X):
    connection.send(model.predict_proba(X))


@pytest.mark.filterwarnings("ignore:.*fork")  # Python 3.12: of a process with several threads
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_predictions_in_another_process(method, n_jobs, digits):
    """The parent has used the kernel's threads before, which a forked child does not have."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    X, y = digits
    model = SoftmaxMLPClassifier(
        (2000, 10), n_members=2, max_iter=1, random_state=0, n_jobs=n_jobs
    ).fit(X[:300], y[:300])
    expected = model.predict_proba(X)
    context = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=send, args=(sender, model, X))
    child.start()
    sender.close()
    assert receiver.poll(300), "no answer"
    assert_array_equal(receiver.recv(), expected)
    child.join()
    assert child.exitcode == 0


def test_predictions_in_processes_of_joblib(digits):
    X, y = digits
    model = SoftmaxMLPClassifier(max_iter=1, n_members=2, random_state=0).fit(X, y)
    results = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(model.predict_proba)(X) for _ in range(3)
    )
    for result in results:
        assert_array_equal(result, model.predict_proba(X))


# ---- larger than memory


def test_a_parquet_file_is_learnt_batch_by_batch(tmp_path):
    """32 MB of numbers and text, in less than half of that: two groups of rows at a time."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    rng = np.random.default_rng(0)
    path, n, n_columns, n_bytes = tmp_path / "table.parquet", 10_000, 20, 0
    direction, writer = rng.standard_normal(n_columns), None
    for _ in range(18):
        X = pd.DataFrame(rng.standard_normal((n, n_columns)), columns=[f"x{i}" for i in range(20)])
        score = X.to_numpy() @ direction
        X["kind"] = rng.choice(["a", "b"], n)
        X["y"] = np.where(X["kind"] == "a", score > 0, score < 0).astype(np.int64)
        batch = pa.Table.from_pandas(X, preserve_index=False)
        n_bytes += batch.nbytes
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_table(batch)
    writer.close()
    del X, batch, score

    def batches():
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            X = file.read_row_group(group).to_pandas()
            yield X.drop(columns="y"), X["y"]

    encoder = TableEncoder(dtype="float32")
    encoder.fit(pd.concat([X.sample(200, random_state=0) for X, _ in batches()]))
    clf = SoftmaxMLPClassifier(32, encoder=encoder, random_state=0, n_jobs=1)
    pool = pa.default_memory_pool()
    pool.release_unused()
    arrow = pool.bytes_allocated()
    tracemalloc.start()
    try:
        most = 0
        for X, y in batches():
            clf.partial_fit(X, y, classes=[0, 1])
            most = max(most, pool.bytes_allocated() - arrow)
        peak = tracemalloc.get_traced_memory()[1] + most
    finally:
        tracemalloc.stop()
    assert peak < n_bytes / 2, (peak, n_bytes)
    assert np.mean([clf.score(X, y) for X, y in batches()]) > 0.9


# ---- what tests/long/abuse.py has found


@pytest.mark.parametrize("name", ["learning_rate_init", "weight_decay"])
def test_rates_may_be_whole_numbers(name, iris):
    given = {"solver": "adamw", "random_state": 0, "max_iter": 3, name: 1}
    with pytest.warns(ConvergenceWarning):
        whole = SoftmaxMLPClassifier(**given).fit(*iris)
        same = SoftmaxMLPClassifier(**given | {name: 1.0}).fit(*iris)
    assert_array_equal(whole.predict_proba(iris[0]), same.predict_proba(iris[0]))


def test_large_integers_that_are_one_number_in_float64():
    X = np.array([[2**63 - 1, 1], [2**63 - 2, 2], [2**63 - 1, 3]])
    assert TableEncoder().fit_transform(X).shape == (3, 1)


def test_encoder_takes_labels_as_a_column():
    levels = np.repeat([f"level {i}" for i in range(40)], 5)
    X, y = pd.DataFrame({"level": levels}), np.arange(200) % 2
    encoded = TableEncoder().fit(X, y[:, None]).transform(X)
    assert_array_equal(encoded, TableEncoder().fit(X, y).transform(X))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TableEncoder().fit(X, y[:-1])


def test_rows_to_train_on_without_weight_are_an_error(iris):
    X, y = iris
    weights = np.zeros(len(y))
    weights[[0, 60]] = 1
    cv = [(np.arange(1, 60), np.arange(60, 150))]
    clf = SoftmaxMLPClassifier(cv=cv, max_iter=2)
    with pytest.raises(ValueError, match="rows of no weight to train a network on"):
        clf.fit(X, y, weights)


@pytest.mark.parametrize("split", [([0, 1], [-1]), ([0, 150], [1])])
def test_cv_with_rows_that_are_not_there(split, iris):
    with pytest.raises(ValueError, match="but X has the rows 0 to 149"):
        SoftmaxMLPClassifier(cv=[split], max_iter=2).fit(*iris)


@pytest.mark.parametrize(
    "schedule", [lambda f: "a", lambda f: f[:0], lambda f: None, lambda f: np.ones((len(f), 2))]
)
def test_schedule_that_returns_no_numbers(schedule, iris):
    clf = SoftmaxMLPClassifier(solver="adam", learning_rate=schedule, max_iter=2)
    with pytest.raises(ValueError, match="learning_rate must return a number for each fraction"):
        clf.fit(*iris)


@pytest.mark.parametrize("rate", [1e20, 1e30, 1e300])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_weights_beyond_all_bounds_are_no_model(rate, early_stopping, iris):
    """Finite, but their products overflow: such a model predicted NaN."""
    clf = SoftmaxMLPClassifier(
        (20, 20), learning_rate_init=rate, max_iter=1, early_stopping=early_stopping,
        random_state=0, dtype="float32",
    )  # fmt: skip
    with pytest.raises(ValueError, match="diverged in its first epoch"):
        clf.fit(*iris)
    assert not hasattr(clf, "classes_")


def test_a_step_that_overflows(iris):
    X, y = iris
    clf = SoftmaxMLPClassifier(
        4, solver="gradient_descent", learning_rate_init=1e300, encoder="passthrough", max_iter=3
    )
    with np.errstate(all="raise"), pytest.raises(ValueError, match="weights of all rows sum to"):
        clf.fit(X, y, np.full(len(y), 1e-300))
    assert not hasattr(clf, "classes_")


def test_infinite_levels_of_other_floats():
    for dtype in (np.float32, np.float64, np.longdouble):
        X = np.array([[1.0], [2.0], [2.5], [np.inf]], dtype=dtype)
        encoder = TableEncoder(categorical_features=[0]).fit(X[[0, 0, 1, 1, 2, 2]])
        with np.errstate(all="raise"):
            assert_array_equal(encoder.transform(X[[0, 3]])[1], encoder.transform([[7.0]])[0])


def test_temperature_of_logits_without_a_square(iris):
    clf = SoftmaxMLPClassifier(
        max_iter=1, n_members=2, dtype="float64", weight_decay=1e10, random_state=0, n_jobs=1
    )
    X, y = iris
    assert np.isfinite(clf.fit(np.tile(X, (3, 1)), np.tile(y, 3)).predict_proba(X)).all()
    assert fit_temperature(np.array([[1e200, 0.0]]), np.eye(2)[[0]], np.ones(1)) > 0
    wrong = np.array([[0.0, 1.0], [1.0, 0.0]])
    # from 3e3 on exp gives nothing but 0 and 1
    for largest, weight in product([1.0, 3e3, 1e100], [1e-300, 1.0, 1e300]):
        assert fit_temperature(wrong * largest, np.eye(2), np.full(2, weight)) == 8
    assert fit_temperature(np.zeros((2, 2)), np.eye(2), np.ones(2)) == 1


@pytest.mark.parametrize("cls", [0, 1])
def test_rows_so_far_out_that_outputs_overflow(cls, iris):
    X, y = iris
    for classes, labels in [(3, y), (2, y > 0)]:
        clf = SoftmaxMLPClassifier(
            [(), (5,)][cls], solver="lbfgs", encoder="passthrough", random_state=0, alpha=1.0
        ).fit(X, labels)
        far = np.vstack([X[:2], np.full((1, 4), 1e308) * [1, -1, 1, -1]])
        try:
            p, log_p = clf.predict_proba(far), clf.predict_log_proba(far)
        except ValueError as error:
            assert "outputs for row 2 are not finite" in str(error)
            continue
        assert np.isfinite(log_p).all() and np.allclose(p.sum(axis=1), 1)
        assert_array_equal(p[:2], clf.predict_proba(far[:2]))
        assert p.shape == (3, classes)


def test_labels_beyond_int64():
    y = np.array([2**64 - 1, 2**64 - 2] * 5, dtype=np.uint64)
    clf = SoftmaxMLPClassifier(max_iter=1, random_state=0).fit(np.arange(10.0)[:, None], y)
    assert clf.classes_.tolist() == [2**64 - 2, 2**64 - 1]


def test_weights_whose_products_overflow_are_an_error(iris):
    X, y = iris
    clf = SoftmaxMLPClassifier(class_weight={0: 1e300})
    with pytest.raises(ValueError, match="times the class weights, sum to inf"):
        clf.fit(X, y, np.full(len(y), 1e300))


def test_long_doubles_through_an_encoder_of_ones_own(iris):
    X, y = iris
    clf = SoftmaxMLPClassifier(encoder=TableEncoder(), max_iter=1, random_state=0)
    p = clf.fit(X, y).predict_proba(X)
    assert_array_equal(clf.fit(X.astype(np.longdouble), y).predict_proba(X), p)


def test_lists_where_there_were_texts_are_an_error():
    encoder = TableEncoder().fit(np.array([["a"], ["b"]], dtype=object))
    X = np.empty((2, 1), dtype=object)
    X[:, 0] = [[1], None]
    with pytest.raises(ValueError, match="Column 0 holds other values, but held text values"):
        encoder.transform(X)


def test_huge_numbers_as_they_are_do_not_warn():
    """Their sum is infinity minus infinity."""
    X = np.full((64, 4), np.finfo(np.float32).max, dtype=np.float32) * np.float32([1, 1, -1, -1])
    clf = SoftmaxMLPClassifier((), encoder="passthrough", alpha=0.0, max_iter=1)
    with pytest.raises(ValueError, match="diverged in its first epoch"):
        clf.fit(X, np.arange(64) % 2)


# ---- first rows that say little


def test_partial_fit_row_by_row(iris):
    """What is constant in the first row stays: later rows are told apart by it."""
    X, y = iris
    clf = SoftmaxMLPClassifier(random_state=0)
    for row in np.random.default_rng(0).permutation(len(y)):
        clf.partial_fit(X[[row]], y[[row]], classes=[0, 1, 2])
    assert clf.encoder_.get_feature_names_out().tolist() == ["x0", "x1", "x2", "x3"]
    assert clf.score(X, y) > 0.9


def test_partial_fit_keeps_what_is_constant_so_far():
    first = pd.DataFrame({"a": [5.0] * 4, "gaps": [np.nan] * 4, "level": list("uuuu")})
    clf = SoftmaxMLPClassifier(random_state=0).partial_fit(first, [0, 1, 0, 1], classes=[0, 1])
    names = clf.encoder_.get_feature_names_out().tolist()
    assert names == ["a", "gaps", "gaps_missing", "level_u"]
    later = pd.DataFrame({"a": [5.0, 6.0], "gaps": [0.0, None], "level": ["u", "v"]})
    one, other = clf.encoder_.transform(later)
    assert one.tolist() == [0, 0, 0, 1] and other[0] > 0.9 and other[1:].tolist() == [0, 1, 0]
    assert np.isfinite(clf.partial_fit(later, [0, 1]).predict_proba(later)).all()
