"""What is saved comes back the same, in few and plain objects, and says which version wrote it."""

import copy
import json
import pickle
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path

import joblib
import numpy as np
import pytest
from common import SMALL
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

import skxent
from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder, _persistence
from skxent._kernels import NumberReader
from skxent._model import fitted_model
from skxent._persistence import (
    FORMAT,
    pack_plain,
    pack_texts,
    unpack_plain,
    unpack_texts,
)

pd = pytest.importorskip("pandas")
skops_io = pytest.importorskip("skops.io")

SOFTMAX, SIGMOID, ENCODER = (
    f"skxent.{name}" for name in ("SoftmaxMLPClassifier", "SigmoidMLPClassifier", "TableEncoder")
)
FUZZ = Path(__file__).parent / "long" / "fuzz_skops.py"


@pytest.fixture(scope="module")
def table():
    """Numbers and categories with gaps, and names and levels in several scripts."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "größe": rng.standard_normal(1000),
            "町": rng.choice(["京都", "大阪", "", "a\nb", "🂡"], 1000),
            "many": rng.choice([f"level {i}" for i in range(300)], 1000),
            "flag": pd.Categorical(rng.choice([True, False], 1000)),
            "bit": rng.integers(0, 2, 1000),
            "id": [f"row {i}" for i in range(1000)],
        }
    )
    X["町"] = X["町"].astype(object)
    X.loc[::7, ["größe", "町"]] = None
    low = X["many"].str.removeprefix("level ").astype(int) < 120  # so that its levels tell of y
    y = np.where(X["町"].eq("京都") ^ (X["größe"] > 0) | low, "yes", "no")
    return X, y


def through_skops(estimator, trusted):
    data = skops_io.dumps(estimator)
    assert skops_io.get_untrusted_types(data=data) == trusted
    return skops_io.loads(data, trusted=trusted)


def through_joblib(estimator, directory):
    joblib.dump(estimator, directory / "model")
    return joblib.load(directory / "model", mmap_mode="r")


def equal(a, b):
    """Whether two states hold equal values of the same types."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
    if isinstance(a, np.random.RandomState):
        return equal(a.get_state(), b.get_state())
    if isinstance(a, np.random.Generator):
        return equal(a.bit_generator.state, b.bit_generator.state)
    if isinstance(a, NumberReader):
        return equal(a.__reduce__(), b.__reduce__())
    if isinstance(a, TableEncoder) or is_dataclass(a):
        return equal(vars(a), vars(b))
    return a == b or a != a


@pytest.mark.parametrize("how", ["pickle", "skops", "deepcopy"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"warm_start": True},
        {"dtype": "float64", "solver": "lbfgs", "max_iter": 200},
        {"warm_start": True, "solver": "sgd", "learning_rate": "cosine", "early_stopping": True},
    ],
    ids=str,
)
def test_everything_comes_back(how, settings, table):
    X, y = table
    estimator = SoftmaxMLPClassifier(**SMALL | {"tol": 0.1} | settings)
    estimator.fit(X, y)
    if how == "pickle":
        again = pickle.loads(pickle.dumps(estimator))
    elif how == "skops":
        again = through_skops(estimator, [SOFTMAX])
    else:
        again = copy.deepcopy(estimator)
    assert equal(vars(again), vars(estimator))
    np.testing.assert_array_equal(again.predict_proba(X), estimator.predict_proba(X))
    assert again.summary() == estimator.summary()
    again.fit(X, y), estimator.fit(X, y)  # from the same place, if they go on at all
    np.testing.assert_array_equal(again.predict_proba(X), estimator.predict_proba(X))


@pytest.mark.parametrize("kind", ["array", "passthrough", "sparse", "multilabel", "objects"])
def test_other_tables_and_targets(kind, iris, multilabel, tmp_path):
    X, y = iris
    estimator, trusted = SoftmaxMLPClassifier(**SMALL), [SOFTMAX]
    if kind == "passthrough":
        estimator.set_params(encoder="passthrough")
    elif kind == "sparse":
        from scipy.sparse import csr_array

        X = csr_array(X)
    elif kind == "multilabel":
        estimator, trusted, y = SigmoidMLPClassifier(**SMALL), [SIGMOID], multilabel[1]
    elif kind == "objects":
        X = np.column_stack([X.astype(object), np.where(X[:, 0] > 0, "a", None)])
        y = np.array(["a", "b", "c"], dtype=object)[y]
    estimator.fit(X, y)
    for again in (through_skops(estimator, trusted), through_joblib(estimator, tmp_path)):
        assert equal(again.history_, estimator.history_)
        np.testing.assert_array_equal(again.predict_proba(X), estimator.predict_proba(X))
        np.testing.assert_array_equal(again.predict(X), estimator.predict(X))


def test_partial_fit_goes_on(table):
    X, y = table
    one = SoftmaxMLPClassifier(hidden_layer_sizes=5, random_state=0)
    one.partial_fit(X[:500], y[:500], classes=["no", "yes"])
    other = through_skops(one, [SOFTMAX])
    for estimator in (one, other):
        estimator.partial_fit(X[500:], y[500:])
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def test_estimators_that_are_not_fitted(table):
    estimator = SoftmaxMLPClassifier(hidden_layer_sizes=(3, 4), alpha=2.0)
    for again in (pickle.loads(pickle.dumps(estimator)), through_skops(estimator, [SOFTMAX])):
        assert again.get_params() == estimator.get_params()
    again = through_skops(TableEncoder(n_bins=4), [ENCODER])
    assert again.get_params() == TableEncoder(n_bins=4).get_params()


def test_encoder(table):
    X, y = table
    encoder = TableEncoder().fit(X, y)
    for again in (pickle.loads(pickle.dumps(encoder)), through_skops(encoder, [ENCODER])):
        assert equal(vars(again), vars(encoder))
        np.testing.assert_array_equal(again.transform(X), encoder.transform(X))
        assert again.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
    assert len(pickle.dumps(encoder)) < 50_000


def test_an_encoder_that_was_given_is_a_type_of_its_own(table):
    estimator = SoftmaxMLPClassifier(encoder=TableEncoder(n_bins=3), **SMALL).fit(*table)
    through_skops(estimator, [SOFTMAX, ENCODER])


def test_copies_share_their_arrays(iris):
    """A shallow copy is made in every fit: it neither packs nor copies what is learnt."""
    estimator = SoftmaxMLPClassifier(**SMALL).fit(*iris)
    twin = copy.copy(estimator)
    assert (
        fitted_model(twin).params is fitted_model(estimator).params
        and twin.history_ is estimator.history_
    )
    twin.alpha = 5.0
    assert estimator.alpha == "auto"
    assert not hasattr(clone(estimator), "_model")


@pytest.mark.parametrize("data", ["table", "digits"])
def test_size_of_the_file(data, request):
    """At most 1.2 times the weights and the encoder."""
    X, y = request.getfixturevalue(data)
    estimator = SoftmaxMLPClassifier(max_iter=20, n_jobs=1, random_state=0).fit(X, y)
    content = fitted_model(estimator).params.nbytes + len(pickle.dumps(estimator.encoder_))
    assert len(skops_io.dumps(estimator)) < 1.2 * content
    assert len(pickle.dumps(estimator)) < 1.05 * content


def test_size_of_a_small_model(iris):
    """What is neither weights nor encoder is parameters, history and states of random numbers."""
    estimator = SoftmaxMLPClassifier(64, n_members=1, random_state=0).fit(*iris)
    content = fitted_model(estimator).params.nbytes + len(pickle.dumps(estimator.encoder_))
    assert content < 5_000
    assert len(skops_io.dumps(estimator)) < content + 21_000
    assert len(pickle.dumps(estimator)) < content + 17_500


@pytest.mark.parametrize("cls", [SoftmaxMLPClassifier, TableEncoder])
@pytest.mark.parametrize("how", ["pickle", "skops"])
def test_another_version_says_so(cls, how, iris, monkeypatch):
    estimator = cls().set_params(**SMALL if cls is SoftmaxMLPClassifier else {}).fit(*iris)
    with monkeypatch.context() as patch:
        patch.setattr(_persistence, "__version__", "9.8.7")
        data = pickle.dumps(estimator) if how == "pickle" else skops_io.dumps(estimator)
    expected = f"unpickle estimator skxent.{cls.__name__} from version 9.8.7 when using version"
    with pytest.warns(InconsistentVersionWarning, match=expected) as caught:
        if how == "pickle":
            again = pickle.loads(data)
        else:
            again = skops_io.loads(data, trusted=[f"skxent.{cls.__name__}"])
    assert caught[0].message.original_sklearn_version == "9.8.7"
    assert equal(vars(again), vars(estimator))


def test_another_format_is_refused(iris):
    estimator = SoftmaxMLPClassifier(**SMALL).fit(*iris)
    state = estimator.__getstate__()
    assert state["_skxent_format"] == FORMAT and state["_skxent_version"] == skxent.__version__
    newer = state | {"_skxent_format": FORMAT + 1, "_skxent_version": "9.8.7"}
    with pytest.raises(ValueError, match="saved by skxent 9.8.7 in format 2; skxent .* format 1"):
        SoftmaxMLPClassifier().__setstate__(newer)


def without_version(estimator):
    return {n: v for n, v in estimator.__getstate__().items() if not n.startswith("_skxent")}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
@pytest.mark.parametrize("damage", ["another shape", "not finite", "as it is", "nothing"])
@pytest.mark.parametrize("version", [{}, {"_skxent_version": "9.8.7"}], ids=["none", "version"])
def test_a_state_without_a_format_is_checked_too(damage, version, iris):
    estimator = SoftmaxMLPClassifier(**SMALL).fit(*iris)
    state = without_version(estimator)
    content = unpack_plain(state)
    params = content["_params"]
    if damage == "another shape":
        content["_params"] = params[:, :-1]
    elif damage == "not finite":
        content["_params"] = np.where(params == params[0, 0], np.nan, params)
    state = vars(estimator) if damage == "as it is" else pack_plain(content)
    if damage != "nothing":
        with pytest.raises(ValueError, match="This saved SoftmaxMLPClassifier is damaged"):
            SoftmaxMLPClassifier().__setstate__(state | version)
        return
    again = SoftmaxMLPClassifier()
    again.__setstate__(state | version)
    assert equal(vars(again), vars(estimator))


def test_an_encoder_without_a_format_is_checked_too(table):
    encoder = TableEncoder().fit(*table)
    state = unpack_plain(without_version(encoder))
    again = TableEncoder()
    with pytest.warns(InconsistentVersionWarning, match="from version pre-0.1"):
        again.__setstate__(pack_plain(state))
    assert equal(vars(again), vars(encoder))
    with (
        pytest.raises(ValueError, match="_center or _mean is not one finite"),
        pytest.warns(InconsistentVersionWarning, match="from version pre-0.1"),
    ):
        TableEncoder().__setstate__(pack_plain(state | {"_center": state["_center"] * np.nan}))


@pytest.mark.parametrize("texts", [[], [""], ["", "a", ""], ["é", "日本", "\ud800", "a\0b"]])
def test_texts(texts):
    assert unpack_texts(pack_texts(texts)) == texts


def test_damaged_texts():
    packed = pack_texts(["ab", "c"])
    for lengths in ([2, 2], [2], [4, -1]):
        with pytest.raises(ValueError, match="lengths of texts|of texts are"):
            unpack_texts(packed | {"lengths": np.array(lengths)})


# ---- damaged states


@pytest.fixture(scope="module")
def states(table):
    """The state of a classifier and that of its encoder, each unpacked into its entries."""
    X, y = table
    estimator = SoftmaxMLPClassifier(**SMALL | {"warm_start": True}).fit(X, y)
    state = unpack_plain(pickle.loads(pickle.dumps(estimator.__getstate__())))
    return state, unpack_plain(state["_encoder_state"])


def entry(state, name):
    """The last dictionary on the way to an entry, and its key there."""
    *way, key = name.split(".")
    for step in way:
        state = state[step]
    return state, key


def load(state, cls=SoftmaxMLPClassifier):
    state = pack_plain({name: state[name] for name in state if not name.startswith("_skxent")})
    estimator = cls()
    estimator.__setstate__(
        state | {"_skxent_format": FORMAT, "_skxent_version": skxent.__version__}
    )
    return estimator


HUGE = [-(2**62), -1, 0, 2**31, 2**40, 2**62]


@pytest.mark.parametrize(
    "name",
    ["n_features_in_", "_widths", "_levels.sizes", "_levels.lengths", "_numeric", "_linear"]
    + ["_gaps", "_binned", "_standard", "_categorical", "_rare_codes", "_gap_codes", "_kinds"]
    + ["_flags", "_identifiers"]
    + ["_statistics.columns", "_statistics.sizes", "_statistics.lengths"],
)
@pytest.mark.parametrize("number", HUGE)
def test_numbers_in_an_encoder_that_no_fit_comes_to(name, number, states):
    """Widths whose sum overflows would place rows of the weights outside of them."""
    state, encoder = copy.deepcopy(states)
    at, key = entry(encoder, name)
    value = at[key]
    if isinstance(value, int):
        at[key] = number
    elif isinstance(value, list):
        value[-1] = number
    else:
        at[key] = value.astype(np.float64 if value.dtype.kind == "f" else np.int64)
        at[key][-1] = number
        if np.array_equal(at[key], value):  # it was that before
            at[key][-1] = -3
    with pytest.raises(ValueError, match="This saved SoftmaxMLPClassifier is damaged"):
        load(state | {"_encoder_state": pack_plain(encoder)})
    with pytest.raises(ValueError, match="This saved TableEncoder is damaged"):
        load(encoder, TableEncoder)


@pytest.mark.parametrize(
    "name, number",
    [
        *((name, number) for name in ("n_features_in_", "n_outputs_") for number in HUGE),
        *((name, -1) for name in ("t_", "n_iter_", "best_epoch_")),
        *(("temperature_", number) for number in (0.0, -1.0, 1e-9, np.inf, np.nan, "1")),
        ("_dtype", "float64"),
        ("_dtype", "int8"),
        ("_params", np.zeros((2, 3), np.float32)),
        ("_params", None),
        ("classes_", np.arange(5)),
        ("classes_", np.array([["no", "yes"]])),
        ("_rng.state.pos", 625),
        ("_rng.state.pos", -1),
        ("_states", [{}]),
        ("history_", np.zeros((2, 2))),
        ("feature_names_in_", pack_texts(["a"])),
        ("_encoder_state", None),
    ],
)
def test_numbers_in_a_classifier_that_no_fit_comes_to(name, number, states):
    state, _ = copy.deepcopy(states)
    at, key = entry(state, name)
    assert key in at
    at[key] = number
    with pytest.raises(ValueError, match="This saved SoftmaxMLPClassifier is damaged"):
        load(state)


@pytest.mark.parametrize("sizes", [[4, 8, 7, 2**62], [2**62, 8, 7, 1], [4, -8, 7, 1], [4, 0, 7, 1]])
def test_a_shape_that_is_not_that_of_the_weights(sizes, states):
    state, _ = copy.deepcopy(states)
    state["_network_shape"][0] = sizes
    with pytest.raises(ValueError, match="This saved SoftmaxMLPClassifier is damaged"):
        load(state)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["_params", "_center", "_scale", "_edges", "_mean", "_std"])
def test_numbers_that_are_not_finite(name, bad, states):
    state, encoder = copy.deepcopy(states)
    at = state if name == "_params" else encoder
    at[name] = at[name].copy()
    at[name][0] = bad
    with pytest.raises(ValueError, match="This saved SoftmaxMLPClassifier is damaged"):
        load(state | {"_encoder_state": pack_plain(encoder)})


def test_what_is_sound_loads(states, table):
    """The tests above would pass if nothing did."""
    state, encoder = states
    load(state | {"_encoder_state": pack_plain(encoder)}).predict(table[0])
    load(encoder, TableEncoder).transform(table[0])


def test_many_standardised_columns_are_saved():
    """An array too large for the text is an entry of its own, which has a name of its own."""
    X = np.random.default_rng(0).standard_normal((30, 600))
    encoder = TableEncoder().fit(X)
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.transform(X), encoder.transform(X))


# ---- damaged files


def test_damaged_files_neither_run_code_nor_crash():
    """A few hundred of them; tests/long/fuzz_skops.py by itself runs 10,000."""
    command = [sys.executable, FUZZ, "--cases", "400"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    outcomes = json.loads(run.stdout)
    assert sum(outcomes.values()) == 400
    assert outcomes["refused"] > 100 and outcomes["same"] + outcomes["other"] > 0


@pytest.mark.parametrize(
    "code", ["os.system('true')", "open('x', 'w')", "import antigravity", "pickle.loads(data)"]
)
def test_the_watch_over_damaged_files_sees(code, tmp_path):
    program = (
        f"import os, pickle, sys; sys.path.insert(0, {str(FUZZ.parent)!r}); import fuzz_skops; "
        "data = pickle.dumps(print); "
        f"fuzz_skops.watch({{m.partition('.')[0] for m in sys.modules}}); {code}"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert run.returncode == 3 and "FORBIDDEN" in run.stderr
