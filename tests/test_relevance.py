"""Features count by what the networks of a race have made of them."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder, _reading
from skxent._kernels import Inputs, set_simd_level
from skxent._persistence import pack_plain, unpack_plain
from skxent._training.network import Network, initial_params
from skxent._training.objective import Objective
from skxent._training.optimizers import adam, sgd
from skxent._training.relevance import relevance_of


@pytest.fixture(autouse=True)
def best_level():
    yield
    set_simd_level(None)


def relevance(clf):
    return clf._model.trained.relevance


@pytest.fixture(scope="module")
def few_matter():
    """Two of twenty columns decide, and one of ten levels."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(1500, 20))).add_prefix("n")
    X["level"] = rng.choice([*"abcdefghij"], len(X))
    z = 2 * X["n3"] - 2 * X["n7"] + 3 * (X["level"] == "c")
    return X, (z + rng.logistic(size=len(X)) > 0).astype(int)


@pytest.fixture(scope="module")
def fitted(few_matter):
    return SoftmaxMLPClassifier(16, max_iter=15, random_state=0).fit(*few_matter)


# ---- what it is


@pytest.mark.parametrize("hidden", [(), (5,), (7, 4)])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("centre", [False, True])
def test_it_is_the_root_of_the_mean_squared_slope(hidden, k, centre, rng):
    network = Network((4, *hidden, k), ("tanh", "silu")[: len(hidden)])
    params = rng.normal(size=(2, network.n_params))
    X, step = rng.normal(size=(50, 4)), 1e-5

    def logits(params, X):
        objective = Objective(
            network, "softmax_cross_entropy", 0.0, Inputs.dense(X), np.zeros(len(X), np.int32)
        )
        z = objective.logits(params)
        return z - z.mean(axis=1, keepdims=True) if centre and k > 1 else z

    def mean_logits(X):
        return np.mean([logits(each, X) for each in params], axis=0)

    slopes = np.empty(4)
    for j, e in enumerate(step * np.eye(4)):
        slope = (mean_logits(X + e) - mean_logits(X - e)) / (2 * step)
        slopes[j] = (slope**2).sum(axis=1).mean()
    root = np.sqrt(slopes)
    centre = centre and k > 1
    found = relevance_of(network, params, Inputs.dense(X), np.arange(4), centre=centre)
    bounded = np.clip((root / root.mean()) ** 0.75, 0.2, 5)
    np.testing.assert_allclose(found, bounded / np.sqrt((bounded**2).mean()), rtol=1e-6)
    shared = relevance_of(network, params, Inputs.dense(X), np.array([0, 1, 1, 2]), centre=centre)
    assert shared[1] == shared[2]
    root[1:3] = np.sqrt((root[1:3] ** 2).mean())
    np.testing.assert_allclose(shared[1] / shared[0], (root[1] / root[0]) ** 0.75, rtol=1e-6)


def test_rows_of_any_kind_and_many_outputs(rng):
    network = Network((6, 8, 5000), ("relu",))
    params = rng.normal(size=(1, network.n_params))
    X = rng.normal(size=(30, 6)) * (rng.random((30, 6)) < 0.5)
    S = sparse.csr_array(X)
    dense = relevance_of(network, params, Inputs.dense(X), np.arange(6), centre=True)
    rows = Inputs.sparse(S.indptr, S.indices, S.data, 6)
    thin = relevance_of(network, params, rows, np.arange(6), centre=True)
    np.testing.assert_allclose(dense, thin)


def test_rows_count_by_their_weights(rng):
    network = Network((4, 8, 3), ("tanh",))
    params, X = rng.normal(size=(2, network.n_params)), rng.normal(size=(60, 4))
    w = rng.integers(0, 4, 60).astype(float)

    def found(X, weights=None):
        return relevance_of(network, params, Inputs.dense(X), np.arange(4), weights, centre=True)

    np.testing.assert_allclose(found(X, w), found(np.repeat(X, w.astype(int), axis=0)))
    np.testing.assert_allclose(found(X, 1e300 * w), found(X, w))
    assert not np.allclose(found(X, w), found(X))


@pytest.mark.parametrize("params", [0.0, np.nan, 1e200])
def test_where_nothing_matters_or_all_is_lost_there_is_none(params):
    network = Network((3, 4, 2), ("relu",))
    stack = np.full((2, network.n_params), params)
    X = Inputs.dense(np.ones((5, 3)))
    assert relevance_of(network, stack, X, np.arange(3), centre=True) is None


# ---- what it does


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rule", [adam(0.9, 0.99, 1e-12), sgd(0.9, True), sgd(0.5, False)])
@pytest.mark.parametrize("clip", [0.0, 0.05])
@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("level", ["avx512", "avx2", "blas"])
def test_training_is_that_of_features_multiplied_by_it(dtype, rule, clip, averaged, level, rng):
    try:
        set_simd_level(level)
    except ValueError:
        pytest.skip(f"this machine lacks {level}")
    n, d, h = 300, 7, 9
    X, r = rng.normal(size=(n, d)).astype(dtype), np.array([0.5, 2, 1, 1.5, 0.3, 0.7, 1.0])
    y = rng.integers(0, 3, n).astype(np.int32)
    network = Network((d, h, 3), ("tanh",))
    start = (rng.normal(size=network.n_params) * 0.3).astype(dtype)

    def first(params):
        return network.views(params)[0][0]

    def descend(X, start, relevance):
        objective = Objective(
            *(network, "softmax_cross_entropy", 3.0, Inputs.dense(X), y),
            dtype=dtype,
            clip=clip,
            relevance=relevance,
        )
        params, slots = start.copy(), rule.slots(start)
        average = start.copy() if averaged else None
        state = {"optimizer": rule, "slots": slots, "average": average, "average_decay": 0.9}
        for epoch in range(4):
            steps = {"step": 10 * epoch, "seed": 0, "decay": 0.01, "batch_size": 32}
            objective.train(params, None, np.full(10, 0.01), **state, **steps)
        return params if average is None else average, objective.penalty_value(params)

    found, penalty = descend(X, start, r)
    scaled = start.copy()
    first(scaled)[...] /= r[:, None].astype(dtype)
    expected, other = descend((X * r).astype(dtype), scaled, None)
    first(expected)[...] *= r[:, None].astype(dtype)
    if clip:  # the gradient's norm is that of the weights as they are: the bound is another one
        assert np.isfinite(found).all() and not np.allclose(found, start, atol=1e-3)
        return
    assert np.abs(found - start).max() > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-10 if dtype is np.float64 else 1e-5)
    np.testing.assert_allclose(penalty, other, rtol=1e-5)
    plain, _ = descend(X, start, None)
    np.testing.assert_array_equal(descend(X, start, np.ones(d))[0], plain)


def test_weights_are_drawn_for_such_features_but_those_given_stay(rng):
    network, r = Network((3, 4, 2), ("relu",)), np.array([0.5, 1.0, 2.0])
    drawn = initial_params(network, "he_normal", np.random.RandomState(0), np.float64, r)
    usual = initial_params(network, "he_normal", np.random.RandomState(0), np.float64)
    (W, *rest), (V, *others) = network.views(drawn)[0], network.views(usual)[0]
    np.testing.assert_array_equal(W, V * r[:, None])
    np.testing.assert_array_equal(rest[0], others[0])
    given = network.views(usual)
    np.testing.assert_array_equal(
        initial_params(network, given, np.random.RandomState(0), np.float64, r), usual
    )


@pytest.mark.parametrize("relevance", [[1.0, 0.0], [1.0, -1.0], [1.0, np.nan], [1.0, np.inf], [1]])
def test_a_kernel_takes_no_other(relevance):
    network = Network((2, 2), ())
    X, y = np.ones((4, 2)), np.zeros(4, np.int32)
    relevance = np.array(relevance, dtype=np.float64)
    objective = Objective(
        network, "softmax_cross_entropy", 0.0, Inputs.dense(X), y, relevance=relevance
    )
    state = {"slots": [np.zeros(6)], "step": 0, "seed": 0, "decay": 0.0, "batch_size": 4}
    with pytest.raises(ValueError, match="relevance"):
        objective.train(
            np.zeros(6), None, np.ones(1), optimizer=sgd(0.0, False), average=None, **state
        )


# ---- where it comes from, and where it goes


def test_columns_that_decide_are_found(fitted):
    r, sources = relevance(fitted), fitted._model.reader.sources(21)
    names = [fitted.feature_names_in_[i] for i in sources[np.argsort(-r)]]
    assert set(names[:3]) == {"n3", "n7"}
    np.testing.assert_allclose((r**2).mean(), 1)
    levels = r[sources == 20]
    assert len(levels) == 10 and (levels == levels[0]).all()
    (line,) = (line for line in fitted.summary().splitlines() if "relevance above 1" in line)
    assert "'n3'" in line.split(":")[1].split(",")[0] + line.split(",")[1] and "'n7'" in line
    frame = fitted.summary().to_frame().set_index("column")
    assert set(frame["relevance"].nlargest(2).index) == {"n3", "n7"}
    assert frame["relevance"]["level"] == levels[0]
    assert "relevance" not in fitted.encoder_.summary().to_frame()


def test_few_columns_that_decide_are_learnt_better(few_matter, monkeypatch):
    X, y = few_matter
    rows = np.arange(len(X)) < 700
    clf = SoftmaxMLPClassifier(random_state=0).fit(X[rows], y[rows])
    monkeypatch.setattr(_reading, "relevance_of", lambda *_, **__: None)
    usual = SoftmaxMLPClassifier(random_state=0).fit(X[rows], y[rows])
    assert relevance(usual) is None and "relevance" not in usual.summary()
    p, q = (c.predict_proba(X[~rows])[np.arange((~rows).sum()), y[~rows]] for c in (clf, usual))
    assert -np.log(p).mean() < -np.log(q).mean() - 0.005


def test_it_is_that_of_the_networks_which_won(few_matter, monkeypatch):
    """Lighter penalties leave other slopes: those of the penalty that is taken count."""
    asked = []

    def seen(network, params, *rest, **more):
        asked.append(params)
        return relevance_of(network, params, *rest, **more)

    monkeypatch.setattr(_reading, "relevance_of", seen)
    clf = SoftmaxMLPClassifier(8, max_iter=3, random_state=0).fit(*few_matter)
    (params,) = asked
    assert len(params) == 2 and params.shape[1] == clf._model.network.n_params


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("params", [{"solver": "adamw"}, {"early_stopping": False}])
def test_without_a_race_all_features_count_alike(params, few_matter):
    X, y = few_matter
    clf = SoftmaxMLPClassifier(4, max_iter=2, random_state=0, **params).fit(X[:400], y[:400])
    assert relevance(clf) is None
    assert relevance(SoftmaxMLPClassifier().fit(X[:50], y[:50])) is None  # full batch


def test_every_kind_of_table_and_target_has_one(few_matter, rng):
    X, y = rng.normal(size=(600, 5)), rng.integers(0, 3, 600)
    X[:, 2] += 2 * y
    settings = {"hidden_layer_sizes": 32, "max_iter": 20, "n_members": 2, "random_state": 0}
    for table, d in ((sparse.csr_array(X), 5), (X, 5)):
        clf = SoftmaxMLPClassifier(encoder="passthrough", **settings).fit(table, y)
        assert relevance(clf).shape == (d,) and relevance(clf).argmax() == 2
    assert relevance(SoftmaxMLPClassifier(**settings).fit(sparse.csr_array(X), y)).shape == (5,)
    many = SigmoidMLPClassifier(**settings).fit(X, np.column_stack([y == 0, y > 0]))
    encoder = many.encoder_
    assert isinstance(encoder, TableEncoder)
    assert relevance(many).shape == (len(encoder.get_feature_names_out()),)
    linear = SoftmaxMLPClassifier(**settings | {"hidden_layer_sizes": ()}).fit(X, y)
    assert relevance(linear) is not None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_gone_on_with_keeps_it(few_matter):
    X, y = few_matter
    clf = SoftmaxMLPClassifier(8, max_iter=3, random_state=0, warm_start=True).fit(X, y)
    found = relevance(clf)
    other = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(relevance(other), found)
    for again in (clf, other):
        again.fit(X, y)
        np.testing.assert_array_equal(relevance(again), found)
    np.testing.assert_array_equal(clf.predict_proba(X), other.predict_proba(X))
    more = copy.deepcopy(clf).partial_fit(X, y)
    np.testing.assert_array_equal(relevance(more), found)
    by_name = copy.deepcopy(clf).set_params(solver="adam", n_members=8).fit(X, y)
    assert relevance(by_name) is None


@pytest.mark.parametrize("wrong", [np.ones(3), np.zeros(1), [1.0], np.float32([1]), np.nan])
def test_a_saved_model_with_another_is_refused(wrong, few_matter):
    X, y = few_matter
    clf = SoftmaxMLPClassifier(4, max_iter=1, random_state=0).fit(X[:100], y[:100])
    state = clf.__getstate__()
    marks = {name: state.pop(name) for name in ("_skxent_version", "_skxent_format")}
    content = unpack_plain(state)
    if isinstance(wrong, np.ndarray) and wrong.shape == (1,):
        wrong = np.broadcast_to(wrong, relevance(clf).shape).copy()
    with pytest.raises(ValueError, match="_relevance"):
        SoftmaxMLPClassifier().__setstate__(pack_plain(content | {"_relevance": wrong}) | marks)
    del content["_relevance"]  # saved before there was one
    loaded = SoftmaxMLPClassifier()
    loaded.__setstate__(pack_plain(content) | marks)
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_a_splitter_is_asked_once(few_matter):
    """One that draws other rows each time gives those of the race to training as well."""
    X, y = few_matter
    asked = []

    class Splits:
        def get_n_splits(self, *_):
            return 2

        def split(self, X, y=None, groups=None):
            asked.append(len(X))
            rows = np.random.permutation(len(X))
            yield rows[:1000], rows[1000:]
            yield rows[500:], rows[:500]

    SoftmaxMLPClassifier(4, max_iter=2, random_state=0, cv=Splits()).fit(X, y)
    assert asked == [len(X)]
