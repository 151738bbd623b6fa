"""Any table goes into an ONNX model as it goes into the estimator, or an error names the column."""

import numpy as np
import pytest
from numpy.dtypes import StringDType
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SoftmaxMLPClassifier, TableEncoder

pd = pytest.importorskip("pandas")
pytest.importorskip("onnx")
pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

from skl2onnx import convert_sklearn  # noqa: E402
from skl2onnx.common import data_types  # noqa: E402
from test_onnx import assert_same, loaded  # noqa: E402

from skxent.onnx import feed, to_onnx  # noqa: E402

SMALL = {"hidden_layer_sizes": (5,), "n_members": 1, "max_iter": 5, "random_state": 0}


def fitted(X, y, **settings):
    return SoftmaxMLPClassifier(**SMALL | settings).fit(X, y)


def tells_apart(model, X, flag):
    """Whether the rows of both kinds are not one to a model."""
    p = model.predict_proba(X)[:, 1]
    return abs(np.median(p[flag == 0]) - np.median(p[flag == 1])) > 1e-4


def types_of(session):
    return {given.name: given.type for given in session.get_inputs()}


@pytest.fixture
def flag(rng):
    """A target of 200 rows."""
    return rng.integers(0, 2, 200)


# ---- types hold what the column can hold


def test_a_sample_that_happens_to_be_whole(flag, rng):
    """The numbers 100.9 and 100.4 stay what they are."""
    X = pd.DataFrame({"a": 100 + flag * 0.5 + 0.4 * rng.random(200), "b": rng.random(200)})
    model = fitted(X, flag)
    whole = pd.DataFrame({"a": [100, 101], "b": [0, 1]})
    session = assert_same(model, X, example=whole)
    assert set(types_of(session).values()) == {"tensor(double)"}
    assert_same(model, X.assign(b=None), example=whole)  # nor need the sample have the gaps
    assert_same(fitted(X.to_numpy(), flag), X.to_numpy(), example=whole.to_numpy())


def test_categories_of_any_type(flag, rng):
    """A sample without gaps, of other levels or of another type says nothing of the column."""
    X = pd.DataFrame({"a": rng.choice([0.5, 1.0, np.nan, 3.0], 200), "b": rng.random(200)})
    X["c"] = rng.choice(np.array(["u", "v", None], dtype=object), 200)
    model = fitted(X, flag, categorical_features=["a", "c"])
    sample = pd.DataFrame({"a": [1, 3], "b": [1.0, 2.0], "c": [None, None]})
    session = assert_same(model, X, example=sample)
    assert types_of(session) == {
        "a": "tensor(double)",
        "b": "tensor(double)",
        "c": "tensor(string)",
    }


def test_flags(flag):
    """Booleans are that if fit saw no gaps among them, or the sample has some."""
    X = pd.DataFrame({"a": flag == 1})
    with_gaps = pd.DataFrame({"a": np.where(np.arange(200) % 9, flag == 1, None)})
    assert types_of(assert_same(fitted(X, flag), X)) == {"a": "tensor(bool)"}
    assert types_of(assert_same(fitted(with_gaps, flag), with_gaps, example=X)) == {
        "a": "tensor(string)"
    }
    assert_same(fitted(X, flag), with_gaps, example=with_gaps)


def test_a_column_that_had_no_value(flag, rng):
    """It is left out, and may hold anything; of partial_fit it may become numbers."""
    X = pd.DataFrame({"a": rng.random(200), "b": np.full(200, None)})
    model = fitted(X, flag)
    assert_same(model, X.assign(b="text"), example=X)
    assert_same(model, X.assign(b=1.5), example=X)


def test_single_precision(flag, rng):
    """An X of float32 asks for inputs of float32, but not where a level would change."""
    X = np.column_stack([rng.random(200), flag / 10]).astype(np.float32)
    assert types_of(assert_same(fitted(X, flag), X)) == {"X": "tensor(float)"}
    model = fitted(X.astype(float).round(1), flag, categorical_features=[1])
    assert types_of(loaded(to_onnx(model, X))) == {"X": "tensor(double)"}


# ---- integers of 64 bits


@pytest.mark.parametrize("dtype", ["uint64", "UInt64", "Int64", "object"])
def test_large_integers_as_numbers(dtype, flag, rng):
    """As float64, which is how the estimator reads them."""
    top = 2**64 if dtype in ("uint64", "UInt64") else 2**62
    large = [top - 1 - int(k) * 2**40 for k in flag * 2**20 + rng.integers(0, 9, 200)]
    X = pd.DataFrame({"a": rng.random(200), "b": np.array(large, dtype=object)})
    X["b"] = X["b"].astype(dtype)
    assert_same(fitted(X, flag), X)


@pytest.mark.parametrize("dtype", ["uint64", "int64", "UInt64", "Int64"])
@pytest.mark.parametrize("gaps", [False, True])
def test_large_integers_as_categories(dtype, gaps, flag):
    """No two are one that float64 cannot tell apart."""
    if gaps and dtype.islower():
        pytest.skip("has no missing value")
    first = 2**64 - 3 if dtype.lower() == "uint64" else 2**53
    codes = pd.array([first + k for k in flag.tolist()], dtype=dtype)
    if gaps:
        codes[::10] = pd.NA
    X = pd.DataFrame({"a": codes, "b": pd.Categorical(codes)})
    model = fitted(X, flag, categorical_features=["a", "b"], hidden_layer_sizes=())
    assert tells_apart(model, X, flag)
    session = assert_same(model, X)
    assert set(types_of(session).values()) == {"tensor(string)"}
    assert_same(model, X.assign(a=first + 2), example=X)  # one that is no level


def test_large_integers_as_categories_of_a_matrix(flag):
    X = np.column_stack([flag + 2**53, flag])
    model = fitted(X, flag, categorical_features=[0])
    assert types_of(assert_same(model, X)) == {"X": "tensor(int64)"}
    X = X.astype(np.uint64) + np.uint64(2**63)
    model = fitted(X, flag, categorical_features=[0])
    with pytest.raises(ValueError, match="X is one matrix, whose type of number cannot hold all"):
        to_onnx(model, X)


def test_a_category_that_would_become_another(flag):
    X = np.where(flag, 2.0**60, 0.5)[:, None]
    model = fitted(X, flag, categorical_features=[0])
    session = assert_same(model, X)
    with pytest.raises(ValueError, match=f"Column 0 holds {2**60 + 1}, but .* takes float64"):
        feed(session, np.array([[2**60], [2**60 + 1]]))


@pytest.mark.parametrize("labels", [[0, 2**64 - 1], [2**63, 2**63 + 2]], ids=str)
def test_labels_beyond_64_bits(labels, flag, rng):
    X = rng.random((200, 2))
    with pytest.raises(ValueError, match="Labels in ONNX are whole numbers or texts"):
        to_onnx(fitted(X, np.array(labels, dtype=np.uint64)[flag]), X)


@pytest.mark.parametrize("labels", [[0, 2**63 - 1], [-(2**63), 5], [-3.0, 2.0**62]], ids=str)
def test_labels_of_64_bits(labels, flag, rng):
    X = rng.random((200, 2))
    assert_same(fitted(X, np.array(labels)[flag]), X)
    assert_same(fitted(X, np.array([3, 2**63 - 1], dtype=np.uint64)[flag]), X)


# ---- texts


@pytest.mark.parametrize(
    "level", ["", "nan", "None", "<NA>", ("", "nan"), ("", "nan", "None", "<NA>"), "other"], ids=str
)
def test_levels_that_look_missing(level, rng):
    """A gap is fed as a text that is no level, and a text that is no level never as a gap."""
    own = [level] if isinstance(level, str) else [*level]
    texts = rng.choice(np.array([*own, "a", None], dtype=object), 300)
    y = np.array([text in own for text in texts])
    X = pd.DataFrame({"t": texts, "u": rng.choice(np.array(["a", "b", None], dtype=object), 300)})
    model = fitted(X, y)
    session = assert_same(model, X)
    (gap,) = set(feed(session, X)["t"].ravel()) - {*own, "a"}
    assert gap in ("", "nan", "None", "<NA>", "missing") and gap not in own
    odd = pd.DataFrame({"t": ["", "nan", "None", "<NA>", "missing", "other", "other_", None, "a"]})
    assert_same(model, odd.assign(u=odd["t"]), example=X)


def test_levels_that_look_missing_among_many(rng):
    """Also where the levels are many, and the log-odds of each are known."""
    levels = np.array([f"level {i}" for i in range(60)] + ["nan", "None", None], dtype=object)
    texts = np.append(rng.choice(levels, 900), levels)
    X = pd.DataFrame({"t": texts, "x": rng.random(963)})
    y = np.array([text is None or text in ("nan", "level 3") for text in texts])
    y ^= rng.random(963) < 0.2
    model = fitted(X, y)
    assert_same(model, X)
    odd = pd.DataFrame({"t": ["nan", "None", "<NA>", None, "never"], "x": 0.5})
    assert_same(model, odd, example=X)


def test_a_matrix_of_texts(rng):
    """Each of its columns has levels of its own."""
    X = rng.choice(np.array(["", "a", None], dtype=object), (300, 2))
    X[:, 1][X[:, 1] == ""] = "nan"
    y = (X[:, 0] == "") ^ (X[:, 1] == "nan")
    model = fitted(X, y)
    assert_same(model, X)
    assert_same(model, X[:, ::-1], example=X)
    assert_same(fitted(X.tolist(), y), X.tolist())


def test_parts_that_differ_in_what_is_missing(rng, flag):
    X = rng.choice(np.array(["", "a", None], dtype=object), (200, 1))
    other = np.where(X == "", "b", X)
    votes = VotingClassifier([("net", SoftmaxMLPClassifier(**SMALL))], flatten_transform=False)
    votes.fit(X, flag)
    votes.estimators_.append(fitted(other, flag))
    with pytest.raises(ValueError, match="Column 0 is not the same to all parts"):
        to_onnx(votes, X)


# ---- feed changes no value


def session_of(kind, names=("n",)):
    """A model whose inputs have types that were chosen by hand."""
    X = pd.DataFrame({name: [0, 1, 2, 3] * 20 for name in names})
    model = fitted(X, X[names[0]] % 2)
    types = [(name, getattr(data_types, f"{kind}TensorType")([None, 1])) for name in names]
    return loaded(convert_sklearn(model, initial_types=types, options={"zipmap": False}))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Int64", 100.9),
        ("Int64", 2.0**63),
        ("Int64", -np.inf),
        ("Int64", 2**63),
        ("Int32", 2**40),
        ("Int32", -(2**31) - 1),
        ("UInt8", 300),
        ("UInt8", -1),
        ("UInt8", 0.5),
        ("Int8", 128),
        ("Boolean", 2),
        ("Float", 1e300),
        ("Float", 0.1),
        ("Float", 2**24 + 1),
    ],
)
def test_values_that_do_not_fit(kind, value):
    session = session_of(kind)
    for values in (np.array([1, value]), pd.array([1, value]), np.array([1, value], dtype=object)):
        with pytest.raises(ValueError, match=r"Column 'n' holds .*, but the model takes") as error:
            feed(session, pd.DataFrame({"n": values}))
        assert any(f"holds {v!r}," in str(error.value) for v in (value, float(value)))
    with pytest.raises(ValueError, match="Column 0 holds"):
        feed(session, np.array([[1], [value]]))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("Int64", [2**63 - 1, -(2**63)]),
        ("Int64", [5.0, -0.0]),
        ("Int32", [2**31 - 1, -(2**31)]),
        ("UInt8", [255.0, 0]),
        ("Int8", [127, -128]),
        ("Int8", [True, False]),
        ("Boolean", [1.0, 0.0]),
        ("Float", [0.5, np.nan, 2**24]),
        ("Float", [3.0, None]),
        ("Double", [0.1, None]),
        ("Double", ["0.5", "1"]),
    ],
)
def test_values_that_fit(kind, values):
    session = session_of(kind)
    fed = feed(session, pd.DataFrame({"n": values}))["n"]
    assert fed.shape == (len(values), 1)
    wanted = [np.nan if value is None else float(value) for value in values]
    np.testing.assert_array_equal(fed.ravel().astype(float), wanted)
    session.run(None, {"n": fed})


def test_integers_are_fed_as_they_are():
    """Also from a type that NumPy does not have, without a way through floats."""
    session = session_of("Int64")
    for dtype in ("int64", "Int64", "object"):
        X = pd.DataFrame({"n": pd.Series([2**53 + 1, 2**62 + 1], dtype=dtype)})
        assert feed(session, X)["n"].ravel().tolist() == [2**53 + 1, 2**62 + 1]
    levels = pd.Categorical([7, None], categories=[7, 300])  # 300 is in no row
    assert feed(session_of("UInt8"), pd.DataFrame({"n": levels[:1]}))["n"].tolist() == [[7]]


@pytest.mark.parametrize("kind", ["Int64", "UInt8", "Boolean"])
def test_gaps_that_do_not_fit(kind):
    session = session_of(kind)
    for values in ([1.0, np.nan], [1, None], pd.array([1, None], dtype="Int64")):
        with pytest.raises(ValueError, match="Column 'n' has gaps, but the model takes"):
            feed(session, pd.DataFrame({"n": values}))


@pytest.mark.parametrize("dtype", [int, bool, np.float32, "Int64"])
def test_types_of_what_others_read(dtype, flag, rng):
    """Before a step that is not ours, too, whole numbers and booleans make nothing else of others.

    skl2onnx gives all columns of a scaler the type of the first.
    """
    X = pd.DataFrame({"a": rng.integers(0, 2, 200), "b": rng.random(200)}).astype({"a": dtype})
    model = make_pipeline(StandardScaler(), SoftmaxMLPClassifier(**SMALL)).fit(X, flag)
    session = assert_same(model, X)
    wanted = "tensor(float)" if dtype is np.float32 else "tensor(double)"
    assert types_of(session) == {"a": wanted, "b": "tensor(double)"}
    assert_same(model, X.assign(a=0.75, b=1), example=X[:9])
    assert_same(model.fit(X.to_numpy(float), flag), X.to_numpy(float), example=np.ones((3, 2), int))


def test_feed_wants_the_session(flag, rng):
    X = rng.random((200, 2))
    model = fitted(X, flag)
    onnx_model = to_onnx(model, X)
    for wrong, name in [
        (model, "SoftmaxMLPClassifier"),
        (onnx_model, "ModelProto"),
        (b"", "bytes"),
    ]:
        with pytest.raises(TypeError, match=f"session must be the loaded model.* got {name}"):
            feed(wrong, X)
    with pytest.raises(ValueError, match="a table of rows and columns"):
        feed(loaded(onnx_model), X[0])


# ---- every table that fit takes


@pytest.mark.parametrize("library", ["polars", "pyarrow", "list", "rows"])
def test_other_tables(library, flag, rng):
    X = pd.DataFrame({"a": rng.random(200), "t": rng.choice(["u", "v", "w"], 200)})
    X.loc[::7, "t"] = None
    X["whole"] = rng.integers(0, 9, 200)
    if library == "polars":
        X = pytest.importorskip("polars").from_pandas(X)
    elif library == "pyarrow":
        X = pytest.importorskip("pyarrow").table(dict(X.items()))
    elif library == "list":
        X = X[["a", "whole"]].to_numpy().tolist()
    else:
        X = X[["t"]].to_numpy().tolist()
    assert_same(fitted(X, flag), X)


@pytest.mark.parametrize("dtype", ["Int128", "UInt128"])
@pytest.mark.parametrize("categorical_features", [[], ["i"]])
def test_integers_of_128_bits(dtype, categorical_features, flag, rng):
    pl = pytest.importorskip("polars")
    if not hasattr(pl, dtype):
        pytest.skip("this polars has none")
    values = [10**20 * k for k in flag.tolist()]
    values[3] = None
    X = pl.DataFrame({"i": pl.Series(values, dtype=getattr(pl, dtype)), "x": rng.random(200)})
    model = fitted(X, flag, categorical_features=categorical_features)
    assert tells_apart(model, X, flag)
    assert_same(model, X)


def test_texts_of_numpy(flag):
    """NumPy's own type of texts, as labels and as X."""
    words = np.array(["ash", "oak"], dtype=StringDType())[flag]
    X = flag[:, None] + 0.5
    model = fitted(X, words)
    assert model.classes_.tolist() == ["ash", "oak"]
    assert (model.predict(X) == words.astype(object)).all()
    assert_same(model, X)
    assert_same(fitted(words[:, None], flag), words[:, None])
    with pytest.raises(ValueError, match="Input y contains missing values"):
        fitted(X, np.array(["ash", None] * 100, dtype=StringDType(na_object=None)))


METHODS = ["to_pandas", "toarray", "get_columns", "dtype", "fit", "to_numpy", "values", "iloc"]
METHODS += ["columns", "shape", "compute", "tocsr", "__array__", "sparse", "_get_column_array"]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_called_like_methods(name, library, flag, rng):
    data = {name: rng.random(200), "b": rng.choice(["u", "v"], 200)}
    X = pytest.importorskip(library).DataFrame(data)
    assert_same(fitted(X, flag), X)


def test_a_column_without_a_name(flag, rng):
    X = pd.DataFrame(rng.normal(size=(len(flag), 2)), columns=["a", ""])
    clf = SoftmaxMLPClassifier(**SMALL).fit(X, flag)
    with pytest.raises(ValueError, match="Column 1 of X has the name '', which in ONNX stands for"):
        to_onnx(clf, X)
    with pytest.raises(ValueError, match="Column 1 of X has the name ''"):
        to_onnx(clf)


def test_encoders_that_leave_no_column(flag):
    """All columns are constant: probabilities are those of the classes."""
    for X in (np.ones((200, 3)), pd.DataFrame({"a": np.ones(200), "b": "u"})):
        model = fitted(X, flag)
        session = assert_same(model, X)
        assert session.run(None, feed(session, X[:7]))[1].shape == (7, 2)
        encoder = TableEncoder().fit(X)
        session = loaded(to_onnx(encoder, X))
        assert session.run(None, feed(session, X[:7]))[0].shape == (7, 0)
        committee = fitted(X, flag, n_members=2, hidden_layer_sizes=())
        assert_same(committee, X)
