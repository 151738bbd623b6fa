"""Distillation: one network learns a committee's answers, on rows made of others."""

import pickle

import numpy as np
import pytest
from common import SMALL, mini_batch_solvers, stopping_short
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder, distill
from skxent._table.crossing import crossed
from skxent._table.encoder import encoding_of
from skxent.losses import cross_entropy

pd = pytest.importorskip("pandas")


def _table(n=600, seed=0):
    """Numbers with gaps, text of few and of many levels, flags and dates, of three classes."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "other": rng.normal(size=n),
            "town": rng.choice(["Bonn", "Kiel", "Ulm"], n),
            "shop": rng.choice([f"shop {i}" for i in range(50)], n),
            "member": rng.choice([True, False], n),
            "when": np.datetime64("2024-01-01", "s") + rng.integers(0, 10**7, n).astype("m8[s]"),
        }
    )
    score = X["number"] * X["other"] + (X["town"] == "Ulm") - X["member"]
    score += 2 * (X["shop"] < "shop 3") - 1 + rng.normal(size=n)
    y = np.array(["low", "middle", "high"])[np.digitize(score, [-0.5, 1.0])]
    X.loc[::9, "number"] = np.nan
    X.loc[::7, "town"] = None
    X.loc[::8, "when"] = pd.NaT
    return X, y


@pytest.fixture(scope="module")
def taught():
    """A table, its labels, a committee, and its student."""
    X, y = _table()
    committee = SoftmaxMLPClassifier(random_state=0, max_iter=30).fit(X, y)
    return X, y, committee, distill(committee, X)


def _distance(model, committee, X):
    """How far a model is from the committee: the mean Kullback-Leibler divergence."""
    q = committee.predict_proba(X)
    return (q * (np.log(q) - model.predict_log_proba(X))).sum(axis=1).mean()


# ---- the student


def test_the_student_is_near_its_teacher(taught):
    """On rows that neither has seen, nearer by far than a network that learnt from labels."""
    X, y, committee, student = taught
    single = clone(committee).set_params(n_members=1).fit(X, y)
    new, labels = _table(2000, seed=1)
    assert _distance(student, committee, new) < 0.3 * _distance(single, committee, new)
    loss, of_single, of_committee = (
        -model.predict_log_proba(new)[
            np.arange(2000), np.searchsorted(model.classes_, labels)
        ].mean()
        for model in (student, single, committee)
    )
    assert of_committee < of_single
    assert of_single - loss > 0.6 * (of_single - of_committee)


def test_rows_that_are_made_bring_it_nearer(taught, monkeypatch):
    X, _, committee, student = taught
    monkeypatch.setattr("skxent._distill._COPIES", 0)
    new, _ = _table(2000, seed=1)
    assert _distance(student, committee, new) < _distance(distill(committee, X), committee, new)


def test_the_student_is_one_network_of_the_same_class(taught):
    X, _, committee, student = taught
    assert type(student) is SoftmaxMLPClassifier
    assert [W.ndim for W in student.coefs_] == [2, 2, 2]
    assert [W.shape for W in student.coefs_] == [W.shape[1:] for W in committee.coefs_]
    assert_array_equal(student.classes_, committee.classes_)
    assert_array_equal(student.feature_names_in_, X.columns)
    assert student.temperature_ == 1 and set(student.predict(X)) == {"low", "middle", "high"}
    changed = {
        name: value
        for name, value in student.get_params().items()
        if value != committee.get_params()[name]
    }
    assert changed == {
        **dict(n_members=1, early_stopping=False, calibration=None),
        **dict(alpha=0.0, dropout=0.0, weight_decay=0.0),
    }
    assert "1 member, " in student.summary()
    assert len(student.history_["loss"]) == 30
    again = pickle.loads(pickle.dumps(student))
    assert_array_equal(again.predict_proba(X), student.predict_proba(X))


def test_a_seed_makes_it_the_same_again(taught):
    X, _, committee, student = taught
    assert_array_equal(distill(committee, X).coefs_[0], student.coefs_[0])
    other = distill(committee, X, random_state=1)
    assert other.random_state == 1 and (other.coefs_[0] != student.coefs_[0]).any()


def test_bins_are_the_teachers():
    X, y = _table(1500)
    committee = SoftmaxMLPClassifier(n_members=2, max_iter=2, random_state=0).fit(X, y)
    student = distill(committee, X)
    assert student.auto_["bins"] == committee.auto_["bins"]
    assert f"bins = {committee.auto_['bins']}" in student.summary()
    encoded = student.encoder_.transform(X)
    assert_array_equal(encoded, committee.encoder_.transform(X))
    assert len(student.coefs_[0]) == encoded.shape[1]


def test_onnx_of_the_student(taught):
    pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    from skxent.onnx import feed, to_onnx

    X, y, _, _ = taught
    X = X.drop(columns="when")
    student = distill(SoftmaxMLPClassifier(random_state=0, max_iter=3).fit(X, y), X)
    session = runtime.InferenceSession(to_onnx(student, X).SerializeToString())
    labels, p = session.run(None, feed(session, X))
    assert_array_equal(labels, student.predict(X))
    assert_allclose(p, student.predict_proba(X), atol=1e-6)


# ---- of every kind


@mini_batch_solvers
@stopping_short
def test_two_classes_and_every_solver(solver, breast_cancer):
    X, y = breast_cancer
    committee = SoftmaxMLPClassifier(
        8, solver=solver, learning_rate_init=0.01, n_members=3, max_iter=20, random_state=0
    ).fit(X, y)
    student = distill(committee, X)
    assert student.coefs_[-1].shape == (8, 1)
    assert (student.predict(X) == committee.predict(X)).mean() > 0.95


def test_full_batch_and_no_encoder(iris):
    X, y = iris
    committee = SoftmaxMLPClassifier(
        5, solver="lbfgs", alpha=1.0, n_members=3, encoder="passthrough", random_state=0
    )
    committee.set_params(max_iter=2000).fit(X, y)
    student = distill(committee, X, tol=1e-2)
    assert _distance(student, committee, X) < 0.01
    assert student.encoder_ is None and student.score(X, y) > 0.95


@pytest.mark.parametrize("n_classes", [2, 3])
def test_several_labels_per_row(n_classes):
    X, Y = make_multilabel_classification(n_classes=n_classes, random_state=0)
    Y = Y if n_classes > 2 else Y[:, 0]
    committee = SigmoidMLPClassifier(n_members=3, max_iter=20, random_state=0).fit(X, Y)
    student = distill(committee, X)
    assert student.predict(X).shape == Y.shape
    assert_allclose(student.predict_proba(X), committee.predict_proba(X), atol=0.15)


def test_weights_are_of_a_row_and_what_is_made_of_it(iris):
    """What has no weight is nothing to learn from, so a student of one class's rows knows one."""
    X, y = iris
    committee = SoftmaxMLPClassifier(**SMALL | {"max_iter": 60}).fit(X, y)
    student = distill(committee, X, sample_weight=(y == 0).astype(float))
    q, p = committee.predict_proba(X[y == 0]), student.predict_proba(X[y == 0])
    assert cross_entropy(np.log(p), q)[0] < cross_entropy(np.log(q), q)[0] + 0.02
    assert student.predict_proba(X)[:, 0].mean() > committee.predict_proba(X)[:, 0].mean() + 0.1


def test_parameters_of_the_student(iris):
    X, y = iris
    committee = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    student = distill(committee, X, hidden_layer_sizes=(5,), max_iter=3, alpha=0.5)
    assert [W.shape[1] for W in student.coefs_] == [5, 3] and student.n_iter_ == 3
    assert student.get_params()["alpha"] == 0.5
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        distill(committee, X, depth=3)
    with pytest.raises(ValueError, match="'max_iter' parameter of SoftmaxMLPClassifier must be"):
        distill(committee, X, max_iter=0)
    for name, value in {"encoder": TableEncoder(), "dtype": "float64"}.items():
        with pytest.raises(ValueError, match=f"{name} cannot be set: the student reads"):
            distill(committee, X, **{name: value})


@pytest.mark.parametrize(
    "ignored",
    [
        *({"early_stopping": True}, {"validation_fraction": 0.5}, {"cv": 3}),
        *({"scoring": "accuracy"}, {"calibration": "temperature"}, {"class_weight": "balanced"}),
    ],
)
def test_what_would_be_ignored_is_refused(ignored, iris):
    X, y = iris
    committee = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match=f"{[*ignored][0]} cannot be set: (no rows|the student)"):
        distill(committee, X, **ignored)


@stopping_short
@pytest.mark.parametrize("n_taught, n_asked", [(50, 150), (150, 50)])
def test_the_layers_are_those_of_a_member_whatever_the_number_of_rows(n_taught, n_asked, iris):
    """Below 60 rows "auto" would be other layers."""
    X, y = (each[np.random.RandomState(0).permutation(150)] for each in iris)
    committee = SoftmaxMLPClassifier(n_members=2, random_state=0, max_iter=3)
    committee.fit(X[:n_taught], y[:n_taught])
    student = distill(committee, X[:n_asked])
    assert [W.shape for W in student.coefs_] == [W.shape[1:] for W in committee.coefs_]
    assert student.auto_["hidden_layer_sizes"] == committee.auto_["hidden_layer_sizes"]
    assert "those of a member of the teacher" in student.summary()


def test_what_cannot_be_distilled(iris):
    X, y = iris
    with pytest.raises(NotFittedError):
        distill(SoftmaxMLPClassifier(), X)
    committee = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="is one network.* committee"):
        distill(distill(committee, X), X)
    with pytest.raises(TypeError, match="got Pipeline. Of a pipeline, give the last step"):
        distill(make_pipeline(StandardScaler(), committee), X)
    with pytest.raises(ValueError, match="X has 3 features, but SoftmaxMLPClassifier"):
        distill(committee, X[:, :3])
    on_sparse = clone(committee).fit(sparse.csr_array(X), y)
    with pytest.raises(ValueError, match=r"sparse matrix. Fit a network on model.predict_proba"):
        distill(on_sparse, sparse.csr_array(X))


# ---- the rows that are made


def test_rows_are_crossed_column_by_column():
    """Rows crossed after they were encoded are those that were crossed before."""
    X, y = _table()
    encoding = encoding_of(TableEncoder(n_bins=6).fit(X, y))
    rows = encoding.read(X)
    assert {"shop_odds0", "when_days", "number_missing"} <= {*encoding.names(X.columns)}
    assert len(encoding.origins[0]) == rows.dense.shape[1]
    assert len(encoding.origins[1]) == rows.positions.shape[1]
    crossed_rows = crossed(rows, encoding.origins, np.random.RandomState(0))
    rng, n = np.random.RandomState(0), len(X)
    others = rng.randint(n, size=n)
    taken = rng.random_sample(X.shape) < 0.25 * rng.random_sample((n, 1))
    assert 0.11 < taken.mean() < 0.14
    before = X.copy()
    for i, name in enumerate(X.columns):
        rows_of = np.where(taken[:, i], others, np.arange(n))
        before[name] = X[name].to_numpy()[rows_of]
    assert_array_equal(crossed_rows.expand(), encoding.read(before).expand())
