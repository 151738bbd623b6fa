"""Training on a Dask cluster: the same bits as in one process, whatever happens to the rows."""

import itertools
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from skxent import SoftmaxMLPClassifier, TableEncoder
from skxent._model import fitted_model
from skxent._table.compact import DenseRows
from skxent._table.encoder import encoding_of

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
pd = pytest.importorskip("pandas")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

from skxent.dask import (  # noqa: E402
    DaskSoftmaxMLPClassifier,  # noqa: E402
    _classifier,
    _rows,
    _table,
    _worker,
)

pytestmark = pytest.mark.filterwarnings("ignore:The .* solver reached max_iter")

signals = pytest.mark.skipif(sys.platform == "win32", reason="signals")

N = 9500  # three blocks of rows, the last one short
LBFGS = dict(solver="lbfgs", hidden_layer_sizes=(6,), max_iter=15, random_state=0)
ADAM = dict(solver="adam", hidden_layer_sizes=(6,), max_iter=4, random_state=0, early_stopping=True)


@pytest.fixture(scope="module")
def without_stealing():
    """Idle workers leave to others what these have: however slow they are, it stays where it is."""
    with dask.config.set({"distributed.scheduler.work-stealing": False}):
        yield


@pytest.fixture(scope="module")
def client(without_stealing):
    """Two processes with one thread each."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def table():
    """Numbers with gaps, three classes by name, and weights; sorted by class."""
    X, y = make_classification(N, 7, n_informative=5, n_classes=3, random_state=0)
    X[::9, 1] = np.nan
    order = np.argsort(y, kind="stable")
    weights = np.random.default_rng(0).uniform(0, 2, N)
    return X[order], np.array(["ash", "elm", "oak"])[y[order]], weights


@pytest.fixture(scope="module")
def frame(table):
    """The same with a column of few categories, one of many, and a gap in both."""
    X, y, _ = table
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(7)])
    few = np.where(rng.random(N) < 0.7, y, rng.choice(["fir", "ivy"], N)).astype(object)
    few[::11] = None
    towns = rng.integers(0, 40, N) + 10 * np.unique(y, return_inverse=True)[1]
    many = np.char.add("town", towns.astype(str)).astype(object)
    many[::13] = None
    frame["few"], frame["many"] = pd.Categorical(few), many
    return frame


def array(values, chunks):
    """A Dask Array with the given chunks of rows."""
    values = np.asarray(values)
    return da.from_array(values, chunks=(chunks, *values.shape[1:]))


def assert_same(model, local):
    """The networks, and all that is learnt beside them, to the bit."""
    np.testing.assert_array_equal(fitted_model(model).params, fitted_model(local).params)
    np.testing.assert_array_equal(model.classes_, local.classes_)
    assert model.history_["loss"] == local.history_["loss"]
    assert model.temperature_ == local.temperature_


def during_round(monkeypatch, number, act):
    """Do something while the workers are at a given round."""
    run, rounds = _rows.ClusterRows.run, []

    def counted(self, task, members, *args):
        rounds.append(task)
        if len(rounds) == number:
            act()
        return run(self, task, members, *args)

    monkeypatch.setattr(_rows.ClusterRows, "run", counted)
    return rounds


def in_task(monkeypatch, folder, name, act, number=1):
    """Have the worker that does the so-and-so-many-th task of a kind do something first, once."""
    task, submit = getattr(_worker, name), _table.ClusterTable.submit
    numbers, flag = itertools.count(1), folder / "done"

    def acting(*args):
        if not flag.exists():
            flag.touch()
            act()
        return task(*args)

    def submitted(self, given, *args, **where):
        chosen = given is task and next(numbers) == number
        return submit(self, acting if chosen else given, *args, **where)

    monkeypatch.setattr(_table.ClusterTable, "submit", submitted)
    return flag


# ---- the same solution


@pytest.fixture(scope="module")
def local(table):
    X, y, _ = table
    with pytest.warns(match="max_iter"):  # a fixture has no filters of its own
        return SoftmaxMLPClassifier(**LBFGS).fit(X, y)


@pytest.mark.parametrize(
    "chunks, y_chunks",
    [((5000, 4500), (5000, 4500)), ((1, 0, 8000, 1499, 0), (4000, 5500)), ((N,), (N,))],
    ids=["two", "uneven and empty", "one"],
)
def test_partitions_make_no_difference(client, table, local, chunks, y_chunks):
    """The classes are sorted: most partitions lack two of three."""
    X, y, _ = table
    model = DaskSoftmaxMLPClassifier(**LBFGS).fit(array(X, chunks), array(y, y_chunks))
    assert_same(model, local)


def test_weights_of_rows_and_classes(client, table):
    X, y, w = table
    settings = LBFGS | {"class_weight": "balanced", "max_iter": 5, "alpha": 1.0}
    local = SoftmaxMLPClassifier(**settings).fit(X, y, w)
    chunks = (3000, 6500)
    model = DaskSoftmaxMLPClassifier(**settings)
    model.fit(array(X, chunks), array(y, chunks), array(w, (9000, 500)))
    assert_same(model, local)


def test_categories_and_gaps(client, frame, table):
    """Out-of-fold statistics of the column of many levels included."""
    _, y, _ = table
    settings = LBFGS | {"max_iter": 5}
    places = np.arange(len(frame)) % 20  # levels that tell something of the class
    frame = frame.assign(place=[f"{c} {i}" for c, i in zip(y, places, strict=True)])
    with dask.config.set({"dataframe.convert-string": False}):
        parts = dd.from_pandas(frame, npartitions=3)
        labels = dd.from_pandas(pd.Series(y), npartitions=2)
    local = SoftmaxMLPClassifier(**settings).fit(frame, y)
    assert encoding_of(local.encoder_).log_odds.tables
    model = DaskSoftmaxMLPClassifier(**settings).fit(parts, labels)
    assert_same(model, local)
    np.testing.assert_array_equal(model.feature_names_in_, frame.columns)
    proba = model.predict_proba(parts)
    assert isinstance(proba, da.Array)
    np.testing.assert_array_equal(proba.compute(), local.predict_proba(frame))
    assert model.score(parts, labels) == local.score(frame, y)


def test_members_on_folds(client, table):
    """Each member has rows of its own, and those that it does not see are judged."""
    X, y, w = table
    settings = LBFGS | {"n_members": 2, "early_stopping": True, "calibration": "temperature"}
    settings |= {"max_iter": 4, "encoder": "passthrough"}
    X = np.nan_to_num(X)
    local = SoftmaxMLPClassifier(**settings).fit(X, y, w)
    model = DaskSoftmaxMLPClassifier(**settings)
    model.fit(array(X, (4000, 5500)), array(y, (9000, 500)), array(w, (N,)))
    assert_same(model, local)
    assert model.history_["validation_loss"] == local.history_["validation_loss"]
    assert np.isnan(model.history_["train_log_loss"]).all()  # a message more for each epoch


def test_sparse_chunks_and_soft_targets(client, table):
    X, y, _ = table
    X = sparse.csr_array(np.where(np.nan_to_num(X) > 1, np.nan_to_num(X), 0))
    p = np.eye(3)[np.unique(y, return_inverse=True)[1]] * 0.9 + 0.1 / 3
    settings = LBFGS | {"max_iter": 3}
    local = SoftmaxMLPClassifier(**settings).fit(X, p)
    parts = [
        da.from_delayed(dask.delayed(X[rows]), (X[rows].shape[0], 7), X.dtype, meta=X[:0])
        for rows in (slice(0, 4500), slice(4500, N))
    ]
    model = DaskSoftmaxMLPClassifier(**settings).fit(da.concatenate(parts), array(p, (4000, 5500)))
    assert_same(model, local)


def test_encoder_from_a_sample(client, frame, table, monkeypatch):
    """Larger tables are encoded by what a sample of them says, drawn by number of row."""
    _, y, w = table
    monkeypatch.setattr(_classifier, "_SAMPLE", 3000 * frame.shape[1])
    settings = LBFGS | {"max_iter": 3}
    fits = []
    for n in (2, 3):
        parts, labels = dd.from_pandas(frame, npartitions=n), array(y, (N,))
        fits.append(DaskSoftmaxMLPClassifier(**settings).fit(parts, labels, array(w, (N,))))
    assert_same(*fits)
    rows = np.sort(np.random.default_rng(0).choice(N, 3000, replace=False, shuffle=False))
    codes = np.unique(y, return_inverse=True)[1]
    encoder = TableEncoder(dtype="float64").fit(frame.iloc[rows], codes[rows], w[rows])
    found, expected = encoding_of(fits[0].encoder_), encoding_of(encoder)
    for name in ("center", "scale", "edges"):
        numbers = getattr(found.numbers, name)
        np.testing.assert_array_equal(numbers, getattr(expected.numbers, name))
    assert found.categories.levels == expected.categories.levels


class Record(distributed.SchedulerPlugin):
    """What the scheduler knows of the tasks that were done: which, and by whom."""

    def __init__(self):
        self.done = []

    def transition(self, key, start, finish, *args, worker=None, **kwargs):
        if (start, finish) == ("processing", "memory"):
            self.done.append((str(key).partition("-")[0], worker))


@pytest.mark.parametrize("settings", [LBFGS, ADAM], ids=["lbfgs", "adam"])
def test_a_round_is_one_task_of_each_worker_and_moves_nothing(client, table, settings, monkeypatch):
    X, y, _ = table

    def received():
        moved = client.run(lambda dask_worker: len(dask_worker.transfer_incoming_log))
        return sum(moved.values())

    record, before = Record(), []
    client.cluster.scheduler.add_plugin(record, name="record")

    def begin():
        before.append(received())
        record.done.clear()

    rounds = during_round(monkeypatch, 1, begin)
    model = DaskSoftmaxMLPClassifier(**settings).fit(array(X, (4000, 5500)), array(y, (N,)))
    client.cluster.scheduler.remove_plugin("record")
    assert received() == before[0] > 0
    assert len(rounds) >= model.n_iter_ == settings["max_iter"]
    kinds = Counter(task.__name__ for task in rounds)
    if "early_stopping" in settings:
        assert kinds == {"descend": 4, "logits": 4}
        kinds["same"] = 1  # the numbers of the held-out rows
    workers = client.nthreads()
    done = Counter(task for task in record.done if task[0] != "objective_beside")  # the first round
    assert done == {(kind, worker): n for kind, n in kinds.items() for worker in workers}


# ---- rounds of mini-batches


def test_one_worker_trains_as_one_process_does(client, table, monkeypatch):
    X, y, w = table
    workers = _table.ClusterTable.workers
    monkeypatch.setattr(
        _table.ClusterTable, "workers", lambda table: dict([*workers(table).items()][:1])
    )
    settings = dict(solver="adamw", max_iter=3, averaging=0.9, dropout=0.1, random_state=0)
    settings |= {"hidden_layer_sizes": (8,), "early_stopping": True}
    local = SoftmaxMLPClassifier(**settings).fit(X, y, w)
    model = DaskSoftmaxMLPClassifier(**settings)
    model.fit(array(X, (4000, 5500)), array(y, (N,)), array(w, (N,)))
    assert_same(model, local)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_two_workers_learn_what_one_process_learns(client, table, solver):
    """Rows are dealt one by one, so that sorted labels do no harm."""
    X, y, _ = table
    settings = dict(solver=solver, max_iter=10, random_state=0, learning_rate_init=0.01)
    settings |= {"hidden_layer_sizes": (16,)}
    local = SoftmaxMLPClassifier(**settings).fit(X, y)
    one, two = (
        DaskSoftmaxMLPClassifier(**settings).fit(array(X, chunks), array(y, chunks))
        for chunks in [(4000, 5500), (100, 9400)]
    )
    assert_same(two, one)
    assert one.score(X, y) > local.score(X, y) - 0.05 > 0.7
    assert one.t_ == 10 * N


def test_defaults(client, table):
    """A committee over folds, stopped early and calibrated, goes on where it was."""
    X, y, _ = table
    X, y = array(X[::8], (1000, 188)), array(y[::8], (1000, 188))
    model = DaskSoftmaxMLPClassifier(max_iter=1, random_state=0, warm_start=True).fit(X, y)
    assert len(fitted_model(model).params) == 8
    assert model.temperature_ != 1
    first = model.best_validation_score_
    model.fit(X, y)
    assert model.history_["epoch"] == [1, 2]
    assert model.best_validation_score_ > first
    assert "adamw" in model.summary()


# ---- faults


def test_rows_that_are_not_what_they_were(table):
    """Read again, after their worker was lost: an error, not another answer."""
    X, y, _ = table
    dense, codes = np.nan_to_num(X), np.unique(y, return_inverse=True)[1]
    kept = _worker.Kept(DenseRows(dense), codes, None)
    member = _worker.WorkerObjective(None, _worker.check_sum(kept), {"dtype": 0})
    dense[5, 5] += 1e-12
    with pytest.raises(RuntimeError, match="read again and are not what they were"):
        member.on(kept)


def test_rows_are_dealt_when_there_is_a_worker(client, table, monkeypatch):
    X, y, _ = table
    table = _table.ClusterTable(client, array(X, (N,)), array(y, (N,)), None)
    threads = client.nthreads()
    answers = iter([{}, threads])  # the only one is being started again
    monkeypatch.setattr(client, "nthreads", lambda: next(answers))
    assert table.workers() == threads


@signals
@pytest.mark.parametrize("settings", [LBFGS, ADAM], ids=["lbfgs", "adam"])
@pytest.mark.parametrize("first", [True, False], ids=["first fit", "second fit"])
def test_interrupt(client, table, settings, first, monkeypatch, tmp_path):
    """Ctrl-C while workers are at the task named: what is usable is kept, or what was."""
    X, y, _ = table
    X, y, caller = array(X, (4000, 5500)), array(y, (N,)), os.getpid()

    def interrupt():
        os.kill(caller, signal.SIGINT)
        time.sleep(0.1)

    model = DaskSoftmaxMLPClassifier(**settings)
    if not first:
        model.fit(X, y)
    name = "sums" if settings is LBFGS else "descend"
    for task in ("length", "encoded", name):  # a round of which each worker does one, the first
        before = vars(model).copy()
        (tmp_path / task).mkdir()
        with monkeypatch.context() as patch:
            in_task(patch, tmp_path / task, task, interrupt)
            with pytest.raises(KeyboardInterrupt):
                model.fit(X, y)
        assert vars(model) == before
    with monkeypatch.context() as patch:
        in_task(patch, tmp_path, name, interrupt, 7)  # of two workers
        with pytest.warns(UserWarning, match="interrupted by user after"):
            model.fit(X, y)
    assert 1 <= model.n_iter_ <= 3
    assert model.predict(X).compute().shape == (N,)


def test_errors_of_workers_are_those_of_one_process(client, table):
    X, y, _ = table
    X = np.where(np.arange(N)[:, None] == 7000, np.inf, X)
    with pytest.raises(ValueError, match="Column 0 holds an infinite value"):
        DaskSoftmaxMLPClassifier(**LBFGS).fit(array(X, (4000, 5500)), array(y, (N,)))


# ---- the estimator


@pytest.fixture(scope="module")
def fitted(client, table):
    X, y, _ = table
    settings = dict(solver="lbfgs", hidden_layer_sizes=(), alpha=10.0)
    model = DaskSoftmaxMLPClassifier(client=client, **settings)
    return model.fit(array(X[::19], (300, 200)), array(y[::19] > "ash", (500,)))


def test_predictions_are_lazy(fitted, client, table):
    X, _, _ = table
    X = X[:100]
    parts = da.from_array(X, chunks=((60, 0, 40), (3, 4)))
    frame = dd.from_pandas(pd.DataFrame(X), npartitions=3)
    frame = frame[frame[0] > -1]  # rows that nobody has counted
    here = X[X[:, 0] > -1]
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        expected = getattr(fitted.to_local(), method)(X)
        lazy = getattr(fitted, method)(parts)
        assert isinstance(lazy, da.Array)
        assert (lazy.shape, lazy.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(lazy.compute(), expected)
        np.testing.assert_array_equal(getattr(fitted, method)(X), expected)
        of_frame = getattr(fitted, method)(frame)
        assert of_frame.ndim == expected.ndim
        np.testing.assert_array_equal(
            of_frame.compute(), getattr(fitted.to_local(), method)(pd.DataFrame(here))
        )
    single = fitted.predict_proba(parts.astype(np.float32))
    assert single.dtype == single.compute().dtype == np.float32


def test_columns_may_be_called_like_attributes(client, table):
    X, y, _ = table
    names = ["dtype", "shape", "numblocks", "map_blocks", "to_delayed", "columns", "size"]
    X = pd.DataFrame(X, columns=names)
    parts = dd.from_pandas(X, npartitions=2)
    settings = LBFGS | {"max_iter": 2}
    local = SoftmaxMLPClassifier(**settings).fit(X, y)
    model = DaskSoftmaxMLPClassifier(**settings).fit(parts, array(y, (N,)))
    assert_same(model, local)
    np.testing.assert_array_equal(model.predict_proba(parts).compute(), local.predict_proba(X))
    np.testing.assert_array_equal(model.predict_proba(X), local.predict_proba(X))


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of pandas 3.1, to Dask
@pytest.mark.parametrize("kind", ["parquet", "csv", "pandas"])
@pytest.mark.parametrize("n_parts", [1, 3])
def test_predictions_of_files(kind, n_parts, fitted, table, tmp_path):
    """One file is one task, which Dask puts together with what comes after it."""
    frame = pd.DataFrame(table[0][::95], columns=[f"x{i}" for i in range(7)])
    model = SoftmaxMLPClassifier(3, max_iter=1, random_state=0).fit(frame, table[1][::95])
    far = DaskSoftmaxMLPClassifier()
    vars(far).update(vars(model))
    labels = dd.from_pandas(pd.Series(model.predict(frame)), npartitions=1)
    if kind == "pandas":
        rows = dd.from_pandas(frame, npartitions=n_parts)
    else:
        for number, part in enumerate(np.array_split(np.arange(len(frame)), n_parts)):
            path = tmp_path / f"{number}.{kind}"
            to_file = frame.iloc[part].to_csv if kind == "csv" else frame.iloc[part].to_parquet
            to_file(path, index=False)
        rows = (dd.read_csv if kind == "csv" else dd.read_parquet)(tmp_path / f"*.{kind}")
    assert rows.npartitions == n_parts
    for collection in (rows, rows.persist()):
        for method in ("predict", "predict_proba", "decision_function"):
            lazy = getattr(far, method)(collection)
            assert isinstance(lazy, da.Array)
            expected = getattr(model, method)(frame)
            for scheduler in (None, "threads"):  # None: the cluster
                if scheduler is None or collection is rows:
                    got = lazy.compute(scheduler=scheduler)
                    np.testing.assert_array_equal(got, expected)
        assert far.score(collection, labels) == 1.0


def test_there_are_no_races_on_a_cluster(client):
    X, y = make_classification(400, flip_y=0.3, random_state=0)
    params = dict(hidden_layer_sizes=(4,), n_members=1, max_iter=1, random_state=0)
    model = DaskSoftmaxMLPClassifier(**params).fit(array(X, 200), array(y, 200))
    local = SoftmaxMLPClassifier(**params).fit(X, y)
    assert " with 3, on rows held out" in local.summary()
    assert "rows held out" not in model.summary() and model.auto_["alpha"] == 1.0
    for doc, races in ((SoftmaxMLPClassifier.__doc__, True), (type(model).__doc__, False)):
        assert ("a race on" in doc) == ("drops its bins" in doc) == races


def test_local_model_needs_no_cluster(fitted, table):
    X, _, _ = table
    local = pickle.loads(pickle.dumps(fitted.to_local()))
    assert type(local) is SoftmaxMLPClassifier
    assert "client" not in vars(local)
    np.testing.assert_array_equal(local.predict_proba(X), fitted.predict_proba(X))
    assert local.get_params() == {k: v for k, v in fitted.get_params().items() if k != "client"}


def test_client(fitted, client):
    assert fitted.client_ is fitted.client is client
    assert clone(fitted).client is client
    assert pickle.loads(pickle.dumps(fitted)).client is None
    assert DaskSoftmaxMLPClassifier().client_ is client
    names = set(SoftmaxMLPClassifier().get_params())
    assert set(DaskSoftmaxMLPClassifier().get_params()) == names | {"client"}
    assert repr(DaskSoftmaxMLPClassifier(alpha=2)) == "DaskSoftmaxMLPClassifier(alpha=2)"


def test_no_client(monkeypatch):
    def none():
        raise ValueError("No clients found")

    monkeypatch.setattr(distributed, "default_client", none)
    with pytest.raises(TypeError, match="must be a dask.distributed.Client.* got 'tcp://"):
        _ = DaskSoftmaxMLPClassifier(client="tcp://localhost:8786").client_
    with pytest.raises(ValueError, match="no Dask client: start one"):
        DaskSoftmaxMLPClassifier().fit([[1.0]], [1])


def test_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'skxent\[dask\]'"):
        DaskSoftmaxMLPClassifier().fit([[1.0]], [1])


def test_what_is_refused(client, table):
    X, y, _ = table
    parts, labels = array(X, (N,)), array(y, (N,))
    model = DaskSoftmaxMLPClassifier(**LBFGS)
    with pytest.raises(TypeError, match="X must be a Dask Array, DataFrame or Series, got ndarray"):
        model.fit(X, labels)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(parts, labels[1:])
    with pytest.raises(ValueError, match="X has no rows"):
        model.fit(parts[:0], labels[:0])
    with pytest.raises(TypeError, match="rows of your own as X_val"):
        model.set_params(scoring="accuracy", early_stopping=True).fit(parts, labels)
    with pytest.raises(ValueError, match="alpha"):
        model.set_params(alpha=-1).fit(parts, labels)
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit(parts, labels)
    with pytest.raises(ValueError, match="'n_bins' parameter of TableEncoder .* Got 300"):
        clone(model).set_params(alpha=1.0, encoder=TableEncoder(n_bins=300)).fit(parts, labels)
    repeated = [(np.array([1, 1, 2]), np.array([3, 4]))]
    with pytest.raises(ValueError, match="repeats rows"):
        model.set_params(alpha=1.0, scoring=None, cv=repeated).fit(parts, labels)


def test_validation_rows_of_ones_own(client, table):
    X, y, _ = table
    settings = LBFGS | {"max_iter": 3, "scoring": "accuracy", "early_stopping": True}
    own = dict(X_val=X[::10], y_val=y[::10])
    local = SoftmaxMLPClassifier(**settings).fit(X, y, **own)
    model = DaskSoftmaxMLPClassifier(**settings).fit(array(X, (4000, 5500)), array(y, (N,)), **own)
    assert_same(model, local)
    assert model.validation_scores_ == local.validation_scores_


# ---- searches


def test_grid_search(client, iris):
    """The local classifier, under joblib's backend: no class of ours is needed."""
    X, y = iris
    model = SoftmaxMLPClassifier(solver="lbfgs", hidden_layer_sizes=(), random_state=0)
    search = GridSearchCV(model, {"alpha": [0.01, 1.0, 1000.0]}, cv=2, scoring="neg_log_loss")
    with joblib.parallel_backend("dask"):
        search.fit(X, y)
    alone = clone(search).fit(X, y)
    assert search.best_params_ == alone.best_params_
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


# ---- workers that are killed


class Workers:
    """Processes of one thread each that nobody starts again: a nanny may be too slow to do so."""

    def __init__(self, client):
        self.client, self.processes = client, []

    def start(self):
        command = [sys.executable, "-m", "distributed.cli.dask_worker"]
        command += [self.client.scheduler.address, "--no-nanny", "--nthreads", "1"]
        process = subprocess.Popen([*command, "--no-dashboard"], stderr=subprocess.DEVNULL)
        self.processes.append(process)

    def have(self, n):
        """Kill or start as many as it takes for n to be alive."""
        alive = [process for process in self.processes if process.poll() is None]
        for process in alive[n:]:
            process.kill()
            process.wait()
        for _ in range(n - len(alive)):
            self.start()
        while len(self.client.nthreads()) != n:
            time.sleep(0.01)


@pytest.fixture(scope="module")
def workers(without_stealing):
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address=":0", silence_logs=50, protocol="tcp://"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = Workers(client)
        yield workers
        workers.have(0)


@pytest.fixture(scope="module")
def rounds_of_two(client, table):
    X, y, _ = table
    with pytest.warns(match="max_iter"):
        return DaskSoftmaxMLPClassifier(client=client, **ADAM).fit(array(X, (N,)), array(y, (N,)))


@signals
@pytest.mark.parametrize(
    "task, number",
    [
        *[("length", 1), ("cut", 1), ("encoded", 2), ("put_together", 2), ("objective_beside", 1)],
        *[("sums", 9), ("descend", 4), ("logits", 3)],
    ],
)
def test_one_worker_of_two_is_killed(
    workers, table, local, rounds_of_two, task, number, monkeypatch, tmp_path
):
    """Its rows are read and encoded again, elsewhere; the answer has the same bits."""
    X, y, _ = table
    workers.have(2)
    settings = ADAM if task in ("descend", "logits") else LBFGS
    model = DaskSoftmaxMLPClassifier(client=workers.client, **settings)
    X, y = workers.client.persist([array(X, (4000, 5500)), array(y, (4000, 5500))])
    in_task(monkeypatch, tmp_path, task, lambda: os.kill(os.getpid(), signal.SIGKILL), number)
    model.fit(X, y)
    assert len(workers.client.nthreads()) == 1
    assert_same(model, local if settings is LBFGS else rounds_of_two)


@signals
def test_a_worker_is_killed_when_it_has_done_its_task(workers):
    """What it came to is lost before it has come here."""
    workers.have(2)
    one = da.ones((2, 1), chunks=1)
    table = _table.ClusterTable(workers.client, one, one[:, 0], None)
    pids = workers.client.run(os.getpid)
    worker = max(pids)
    future = table.submit(_worker.same, "result", worker=worker)
    future.result()
    os.kill(pids[worker], signal.SIGKILL)
    assert table.results([future]) == ["result"]


@signals
@pytest.mark.parametrize("task", ["encoded", "sums", "descend"])
def test_rows_that_are_lost_for_good(workers, table, task, monkeypatch, tmp_path):
    X, y, _ = table
    workers.have(2)
    pids = workers.client.run(os.getpid)
    worker = max(pids)
    settings = (ADAM if task == "descend" else LBFGS) | {"max_iter": 2}
    model = DaskSoftmaxMLPClassifier(client=workers.client, **settings)
    model.fit(array(X, (N,)), array(y, (N,)))
    before = vars(model).copy()
    future = workers.client.scatter(X, workers=[worker], hash=False)
    scattered = da.from_delayed(dask.delayed(future), X.shape, X.dtype)
    in_task(monkeypatch, tmp_path, task, lambda: os.kill(pids[worker], signal.SIGKILL))
    with pytest.raises(RuntimeError, match="lost rows or workers"):
        model.fit(scattered, array(y, (N,)))
    assert vars(model) == before


@signals
@pytest.mark.parametrize("task", ["encoded", "sums", "logits"])
def test_the_only_worker_is_killed_and_replaced(workers, table, local, task, monkeypatch, tmp_path):
    """All rows are read again, and all else that only it had is made again."""
    X, y, _ = table
    data = array(X, (4000, 5500)), array(y, (4000, 5500))
    settings = ADAM if task == "logits" else LBFGS
    undisturbed = local if settings is LBFGS else SoftmaxMLPClassifier(**ADAM).fit(X, y)
    workers.have(1)
    doomed = workers.processes[-1]
    replacing = threading.Thread(target=lambda: (doomed.wait(), workers.start()))
    replacing.start()
    in_task(monkeypatch, tmp_path, task, lambda: os.kill(os.getpid(), signal.SIGKILL))
    model = DaskSoftmaxMLPClassifier(client=workers.client, **settings).fit(*data)
    replacing.join()
    assert_same(model, undisturbed)


@signals
@pytest.mark.parametrize("task", ["encoded", "sums", "descend"])
def test_the_only_worker_is_killed_for_good(workers, table, task, monkeypatch, tmp_path):
    """Nobody replaces it: an error, after two looks at a cluster that does nothing."""
    X, y, _ = table
    data = array(X, (4000, 5500)), array(y, (4000, 5500))
    settings = (ADAM if task == "descend" else LBFGS) | {"max_iter": 2}
    workers.have(1)
    model = DaskSoftmaxMLPClassifier(client=workers.client, **settings).fit(*data)
    before = vars(model).copy()
    monkeypatch.setattr(_table, "_PATIENCE", 0.5)
    in_task(monkeypatch, tmp_path, task, lambda: os.kill(os.getpid(), signal.SIGKILL))
    for _ in range(2):  # the second time, nobody is there from the beginning
        with pytest.raises(RuntimeError, match="no worker that takes a task"):
            model.fit(*data)
        assert vars(model) == before


@signals
def test_a_worker_that_is_killed_again_and_again(table, monkeypatch, tmp_path):
    """Under a nanny, which starts it again, more often than the scheduler puts up with."""
    X, y, _ = table
    data = array(X, (4000, 5500)), array(y, (4000, 5500))
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster),
    ):
        model = DaskSoftmaxMLPClassifier(**ADAM).fit(*data)
        before, cluster.scheduler.allowed_failures = vars(model).copy(), 0
        in_task(monkeypatch, tmp_path, "descend", lambda: os.kill(os.getpid(), signal.SIGKILL))
        with pytest.raises(RuntimeError, match="lost rows or workers .* killed again and again"):
            model.fit(*data)
        assert vars(model) == before
