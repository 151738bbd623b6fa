"""What is told of a fit: callbacks, lines printed, warnings."""

import pickle
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from common import Stop, assert_same_network, both_classes, network, smooth_network
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier

# runs are cut short here all the time; what should warn is tested by name
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "gradient_descent", "sgd", "adam"])
def test_scoring_monitor(solver, noisy):
    callback = pytest.importorskip("sklearn.callback")
    X, y, X_val, y_val = noisy
    monitor = callback.ScoringMonitor(scoring=["neg_log_loss", "accuracy"])
    clf = network(solver=solver, max_iter=5).set_callbacks(monitor)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    log = monitor.get_logs().data
    assert len(log) == clf.n_iter_
    for row in log:
        assert row["task_name"] == "epoch"
        assert row["neg_log_loss"] < 0 and 0 <= row["accuracy"] <= 1
    if solver == "lbfgs":  # the loss of an iteration is that of its end
        losses = [-row["neg_log_loss"] for row in log]
        assert_allclose(losses, clf.loss_curve_, rtol=1e-3)
    assert not hasattr(clf, "_callback_fit_ctx")
    pickle.dumps(clone(clf).set_callbacks())


def test_callbacks_change_no_bit(noisy):
    callback = pytest.importorskip("sklearn.callback")
    X, y, X_val, y_val = noisy
    for solver in ("lbfgs", "adam"):
        plain = network(solver=solver, max_iter=6).fit(X, y, X_val=X_val, y_val=y_val)
        watched = network(solver=solver, max_iter=6)
        watched.set_callbacks(callback.ScoringMonitor(scoring="accuracy"))
        assert_same_network(watched.fit(X, y, X_val=X_val, y_val=y_val), plain)


def test_callbacks_in_a_pipeline_and_a_search(iris):
    callback = pytest.importorskip("sklearn.callback")
    X, y = iris
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    clf = network(max_iter=3).set_callbacks(monitor)
    pipe = make_pipeline(StandardScaler(), clf).fit(X, y)
    assert len(monitor.get_logs().data) == 3
    assert pipe[-1].n_iter_ == 3
    search = GridSearchCV(pipe, {"softmaxmlpclassifier__alpha": [0.1, 1.0]}, cv=2)
    search.fit(X, y)
    assert search.best_estimator_[-1].n_iter_ == 3
    runs = monitor.get_logs(select="all")
    assert sum(len(run.data) for run in runs) == 3 + 3 * (2 * 2 + 1)
    stop = Stop(after=1)
    nested = GridSearchCV(network(max_iter=9).set_callbacks(stop), {"alpha": [0.1]}, cv=2)
    nested.fit(X, y)
    assert nested.best_estimator_.n_iter_ == 1


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_callbacks_of_a_search_reach_the_network(solver, iris):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    bar = callback.ProgressBar()
    search = GridSearchCV(network(solver=solver, max_iter=2), {"alpha": [0.1, 1.0]}, cv=2)
    search.set_callbacks(bar).fit(*iris)
    assert search.best_estimator_.n_iter_ == 2
    assert not hasattr(search.best_estimator_, "_parent_callback_ctx")


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "sgd"])
def test_progress_bar(solver, iris):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    clf = network(solver=solver, max_iter=3).set_callbacks(callback.ProgressBar())
    assert clf.fit(*iris).n_iter_ == 3
    clf.set_callbacks()
    pipe = make_pipeline(StandardScaler(), clf).set_callbacks(callback.ProgressBar())
    assert pipe.fit(*iris)[-1].n_iter_ == 3


def test_a_callback_stops_a_committee(iris):
    pytest.importorskip("sklearn.callback")
    clf = SoftmaxMLPClassifier(hidden_layer_sizes=4, n_members=3, random_state=0)
    assert clf.set_callbacks(Stop(after=3)).fit(*iris).n_iter_ == 3
    assert clf.coefs_[0].shape[0] == 3


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_a_callback_stops_members_that_wait_for_each_other(solver, iris):
    pytest.importorskip("sklearn.callback")
    clf = network(solver=solver, n_members=3, n_jobs=1, max_iter=50, early_stopping=True)
    clf.set_callbacks(Stop(after=3)).fit(*iris)
    assert clf.n_iter_ == 3
    assert clf.coefs_[0].shape == (4, 6)  # the others had not begun
    clf.set_params(n_jobs=2).fit(*iris)
    assert np.isfinite(clf.predict_proba(iris[0])).all()


@pytest.mark.parametrize("Classifier", [SoftmaxMLPClassifier, SigmoidMLPClassifier])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "adam"])
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_verbose(Classifier, solver, verbose, breast_cancer, capfd):
    X, y = breast_cancer
    X, y = X[:120], y[:120]
    clf = Classifier(
        hidden_layer_sizes=4, solver=solver, verbose=verbose, max_iter=12, random_state=0,
        early_stopping=True, scoring="accuracy",
    ).fit(X, y)  # fmt: skip
    clf.predict_proba(X)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert err == ""
    if verbose:  # one more line, in the end
        last = lines.pop()
        assert last.startswith(f"ended after {clf.n_iter_} epochs: ")
        assert f"parameters of epoch {clf.best_epoch_};" in last
        assert last.endswith(f"temperature {clf.temperature_:.3f}")
    assert len(lines) == (clf.n_iter_ if verbose else 0)
    assert len({len(line) for line in lines}) <= 1
    # the columns are in their places
    assert len({tuple(m.start() for m in re.finditer(r"[a-z|]+", line)) for line in lines}) <= 1
    for number, line in enumerate(lines, 1):
        assert re.match(rf"epoch +{number}  .*train log loss .*validation log loss .*score ", line)
        assert ("|gradient|" in line) == ("objective" in line) == (verbose == 2)
        assert ("rate" in line) == (verbose == 2 and solver != "lbfgs")


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent"])
def test_verbose_of_members_that_train_by_themselves(solver, n_jobs, iris, capsys):
    network(
        solver=solver, n_members=3, n_jobs=n_jobs, verbose=1, max_iter=4, early_stopping=True
    ).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    for member in (1, 2, 3):
        mine = [line for line in lines if line.startswith(f"member   {member}  epoch ")]
        assert [int(line.split()[3]) for line in mine] == [1, 2, 3, 4]
    assert len(lines) == 13 and lines[-1].startswith("ended after 4 epochs: max_iter reached")


def test_lines_stay_aligned_whatever_the_numbers():
    from skxent._training.history import append, new_history
    from skxent._training.reporting import last_line

    lines, history = [], new_history()
    for value in (0.5, 123.4, 5e3, 1.23456e17, -0.25, -7e5):
        append(history, epoch=1, loss=value, validation_loss=value, score=value, seconds=1.0,
               gradient_norm=abs(value), learning_rate=1e-3)  # fmt: skip
        lines.append(last_line(history, more=True))
    append(history, epoch=2, loss=0.5, validation_loss=0.5, seconds=1.0, gradient_norm=1.0,
           learning_rate=1e-3)  # fmt: skip
    lines.append(last_line(history, more=True))  # a score that is NaN keeps its column
    assert len({len(line) for line in lines}) == 1
    assert "score        nan" in lines[-1]


def test_verbose_of_partial_fit(iris, capsys):
    clf = network(verbose=True)
    for _ in range(3):
        clf.partial_fit(*iris, classes=[0, 1, 2])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["1", "2", "3"]


def data_sets():
    """Ten data sets of different sizes and kinds."""
    rng = np.random.default_rng(0)

    def numbers(n, d, y):
        return rng.normal(size=(n, d)), np.asarray(y)

    yield "6 rows, 2 classes", *numbers(6, 2, [0, 1, 0, 1, 0, 1])
    yield "6 rows, 2 classes, one of one row", *numbers(6, 3, [0, 0, 0, 0, 0, 1])
    yield "6 rows, 6 classes", *numbers(6, 3, range(6))
    yield "2 rows", *numbers(2, 1, ["a", "b"])
    yield "20 rows", *numbers(20, 4, rng.integers(0, 3, 20))
    yield "60 rows, one class of one row", *numbers(60, 4, [2] + [0, 1] * 29 + [0])
    yield "75 rows, 25 classes", *numbers(75, 5, np.repeat(np.arange(25), 3))
    yield "200 equal rows", np.ones((200, 3)), rng.integers(0, 2, 200)
    X, y = numbers(300, 6, rng.integers(0, 4, 300))
    yield "sparse", sp.csr_array(np.where(X > 0.5, X, 0.0)), y
    X = rng.normal(size=(520, 3))
    X[::7, 1] = np.nan
    yield "gaps", X, (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("name, X, y", list(data_sets()), ids=[s[0] for s in data_sets()])
def test_no_warnings_of_our_own_for_our_own_defaults(name, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf = SoftmaxMLPClassifier(random_state=0).fit(X, y)
        assert np.isfinite(clf.predict_proba(X)).all()
        clf.summary()


def test_warnings_say_what_to_do_once(iris):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network(max_iter=3).fit(*iris)
        network(solver="lbfgs", max_iter=3).fit(*iris)
    assert len(caught) == 2
    assert all("Raise max_iter" in str(w.message) for w in caught)


@both_classes
@pytest.mark.parametrize("verbose", [False, 0])
def test_silence(Classifier, verbose, breast_cancer, capfd):
    for solver in ("auto", "lbfgs", "adam"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            Classifier(solver=solver, verbose=verbose, max_iter=5).fit(*breast_cancer)
    out, err = capfd.readouterr()
    assert out == err == ""


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "adam"])
def test_verbose_prints_a_line_an_epoch(solver, iris, capsys):
    clf = smooth_network(solver=solver, verbose=True, max_iter=4).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert lines.pop().startswith("ended after 4 epochs: max_iter reached; kept the parameters of")
    assert len(lines) == clf.n_iter_ == 4
    assert len({len(line) for line in lines}) == 1
    printed = [float(re.search(r"objective\s+([\d.]+)", line)[1]) for line in lines]
    assert_allclose(printed, clf.loss_curve_, atol=1e-5)
    assert "log loss" not in lines[0]  # nothing judges


def test_verbose_prints_both_log_losses(iris, capsys):
    clf = smooth_network(solver="adam", early_stopping=True, verbose=1, max_iter=4).fit(*iris)
    *lines, last = capsys.readouterr().out.splitlines()
    for name, column in (("train", "train_log_loss"), ("validation", "validation_loss")):
        printed = [float(re.search(rf"{name} log loss\s+([\d.]+)", line)[1]) for line in lines]
        assert_allclose(printed, clf.history_[column], atol=1e-5)
    assert "objective" not in "".join(lines)
    assert last.startswith("ended after 4 epochs: max_iter reached; kept the parameters of epoch ")
