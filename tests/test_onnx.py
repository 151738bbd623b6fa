"""ONNX models predict what the estimators do, whatever the table, the classes and the layers."""

import subprocess
import sys

import numpy as np
import pytest
from common import SMALL
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder
from skxent._model import fitted_model
from skxent._table.encoder import encoding_of
from skxent._training.activations import ACTIVATIONS

pd = pytest.importorskip("pandas")
onnx = pytest.importorskip("onnx")
pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from skxent.onnx import feed, to_onnx  # noqa: E402


def loaded(model):
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def assert_same(estimator, X, *, example=None):
    """Labels are identical and probabilities equal to 1e-6; of any rows, not only those of fit."""
    session = loaded(to_onnx(estimator, X if example is None else example))
    labels, probabilities = session.run(None, feed(session, X))
    np.testing.assert_array_equal(labels, estimator.predict(X))
    expected = estimator.predict_proba(X)
    assert probabilities.shape == expected.shape
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-6)
    return session


def table(rng, n=1200):
    """A table with every kind of column, gaps in most of them, and rare levels."""
    many = np.array([f"id{i}" for i in range(50)], dtype=object)
    X = pd.DataFrame(
        {
            "number": rng.standard_normal(n),
            "single": rng.standard_normal(n).astype(np.float32),
            "whole": rng.integers(-(2**40), 2**40, n),
            "small": rng.integers(0, 200, n).astype(np.uint8),
            "skewed": np.exp(3 * rng.standard_normal(n)),
            "binary": rng.integers(0, 2, n).astype(bool),
            "text with spaces": rng.choice(["a", "b", "c", "1"], n),
            "category": pd.Categorical(rng.choice(["x", "y", "z"], n), categories=list("zwyx")),
            "coded": pd.Categorical(rng.choice([3, 1, 20], n)),
            "shares": pd.Categorical(rng.choice([0.5, 1.0, 2.25], n)),
            "many": rng.choice(many, n, p=np.arange(1, 51) / np.arange(1, 51).sum()),
            "flag": rng.choice(np.array([True, False, None], dtype=object), n),
        }
    )
    for column in ("number", "skewed", "text with spaces", "category", "coded", "shares", "many"):
        X.loc[rng.random(n) < 0.1, column] = None
    X.loc[:1, "text with spaces"] = "once"
    return X


def labels(X, rng, n_classes=2):
    score = X["number"].fillna(0) + X["binary"] + (X["many"].fillna("id0").str[2:].astype(int) > 40)
    score += 0.3 * rng.standard_normal(len(X))
    return np.searchsorted(np.quantile(score, np.arange(1, n_classes) / n_classes), score)


@pytest.fixture(scope="module")
def everything():
    rng = np.random.default_rng(0)
    X = table(rng)
    return X, labels(X, rng), labels(X, rng, 3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_activation(activation, dtype, iris):
    X, y = iris
    estimator = SoftmaxMLPClassifier(activation=activation, dtype=dtype, **SMALL).fit(X, y)
    assert_same(estimator, X)
    assert_same(estimator, 30 * X)  # where the activations saturate


@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_kind_of_column(n_classes, everything):
    X, two, three = everything
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, two if n_classes == 2 else three)
    encoding = encoding_of(estimator.encoder_)
    assert len(encoding.log_odds.tables) == 1 and len(encoding.numbers.binned) > 3
    assert len(encoding.numbers.gaps) and np.isfinite(encoding.categories.rare_codes).any()
    assert estimator.temperature_ != 1.0 and len(fitted_model(estimator).params) == 2
    session = assert_same(estimator, X)
    assert [i.name for i in session.get_inputs()] == list(X.columns)
    assert_same(estimator, table(np.random.default_rng(1), 500), example=X)  # other rows

    odd = X.iloc[:60].copy()
    odd.loc[:10, "text with spaces"] = "never seen"
    odd.loc[10:20, "many"] = "never seen"
    odd["category"] = pd.Categorical(["q"] * 60)
    odd.loc[:30, "number"] = [*np.geomspace(1, 1e300, 30), np.nan]
    odd.loc[:5, ["skewed", "coded", "shares"]] = None
    assert_same(estimator, odd, example=X)


def test_gaps_among_texts_may_be_given_as_they_are(everything):
    """onnxruntime makes "nan", "None" and "<NA>" of them; all are the missing level."""
    X, y, _ = everything
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    session = loaded(to_onnx(estimator, X))
    fed = feed(session, X)
    expected = session.run(None, fed)[1]
    for gap in ("nan", "None", "<NA>", None, np.nan, pd.NA):
        texts = [name for name, values in fed.items() if values.dtype == object]
        given = {name: np.where(fed[name] == "", gap, fed[name]) for name in texts}
        np.testing.assert_array_equal(session.run(None, fed | given)[1], expected)


def test_columns_as_numpy_gives_them(everything):
    X = everything[0][["number", "single", "whole", "binary", "text with spaces", "category"]]
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, everything[1])
    session = loaded(to_onnx(estimator, X))
    expected = session.run(None, feed(session, X))
    given = {name: X[[name]].to_numpy() for name in X} | {"whole": X[["whole"]].to_numpy(float)}
    got = session.run(None, given)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_numbers_taken_as_categories(rng):
    """A level is known by its text: 1, 1.0 and "1" are one."""
    X = np.column_stack([rng.integers(0, 4, 300), rng.choice([0.5, 1.5, 1e20], 300)])
    y = (X[:, 0] > 1) ^ (X[:, 1] > 1)
    estimator = SoftmaxMLPClassifier(categorical_features=[0, 1], **SMALL).fit(X, y)
    X[:9, 0], X[3:12, 1] = 7, np.nan
    assert_same(estimator, X)
    assert_same(estimator, X.astype(np.float32).astype(float))
    frame = pd.DataFrame({"a": X[:, 0].astype(int), "b": X[:, 1]})
    named = SoftmaxMLPClassifier(categorical_features=["a", "b"], **SMALL).fit(frame[20:], y[20:])
    assert_same(named, frame)


def test_mixed_texts_and_numbers(rng):
    X = pd.DataFrame({"a": rng.choice(np.array(["x", 1.0, 2.5, None], dtype=object), 200)})
    estimator = SoftmaxMLPClassifier(categorical_features=["a"], **SMALL)
    assert_same(estimator.fit(X, X["a"] == "x"), X)


def test_polars(everything):
    pl = pytest.importorskip("polars")
    X = everything[0].drop(columns=["coded", "shares", "flag"])
    X["category"] = X["category"].astype(object)
    estimator = SoftmaxMLPClassifier(**SMALL).fit(pl.from_pandas(X), everything[1])
    assert_same(estimator, pl.from_pandas(X[::3]), example=pl.from_pandas(X))


@pytest.mark.parametrize("hidden", [(), (5,), (6, 5, 4)])
@pytest.mark.parametrize("members", [1, 3])
def test_layers_and_members(hidden, members, wine):
    X, y = wine
    settings = SMALL | {"hidden_layer_sizes": hidden, "n_members": members}
    assert_same(SoftmaxMLPClassifier(**settings).fit(X, y), X)


@pytest.mark.parametrize(
    "kind", ["float32", "float64", "int64", "int32", "int16", "int8", "uint8", "uint16", "bool"]
)
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_types_of_a_matrix(kind, encoder, rng):
    X = rng.integers(0, 5, (100, 3)).astype(kind)
    y = X[:, 0] > X[:, 1]
    estimator = SoftmaxMLPClassifier(encoder=encoder, **SMALL).fit(X, y)
    session = assert_same(estimator, X)
    wanted = "float32" if kind == "float32" else "float64"  # whole or not is not of the column
    session.run(None, {"X": X.astype(wanted)})


def test_labels_of_sigmoid_outputs(multilabel):
    X, Y = multilabel
    estimator = SigmoidMLPClassifier(**SMALL).fit(X, Y)
    assert_same(estimator, X)
    assert_same(SigmoidMLPClassifier(**SMALL).fit(X, Y[:, 1]), X)


@pytest.mark.parametrize("kind", [SoftmaxMLPClassifier, SigmoidMLPClassifier])
def test_small_probabilities_keep_their_digits(kind, breast_cancer):
    X, y = breast_cancer
    estimator = kind(encoder="passthrough", **SMALL).fit(X, y)
    far = X[:50] * np.logspace(0, 2.5, 50)[:, None]
    session = loaded(to_onnx(estimator, X))
    probabilities, expected = session.run(None, feed(session, far))[1], estimator.predict_proba(far)
    assert expected.min() < 1e-40  # where onnxruntime's sigmoid is 0
    np.testing.assert_allclose(probabilities, expected, rtol=1e-8)


@pytest.mark.parametrize(
    "classes",
    [
        [False, True],
        [-5, 7],
        [-3, 0, 10**12],
        [1.0, 2.0, 3.0],
        ["no", "yes"],
        np.array(["é", "日本", ""], dtype=object),
    ],
    ids=str,
)
def test_class_labels(classes, iris):
    X, codes = iris
    classes = np.asarray(classes)
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, classes[codes % len(classes)])
    assert_same(estimator, X)


def test_pipelines(everything, iris):
    X, y, _ = everything
    mixed = X[["number", "text with spaces"]].fillna({"number": 0.0, "text with spaces": "gap"})
    columns = make_column_transformer(
        (StandardScaler(), ["number"]), (OneHotEncoder(sparse_output=False), ["text with spaces"])
    )
    assert_same(make_pipeline(columns, SoftmaxMLPClassifier(**SMALL)).fit(mixed, y), mixed)
    scaled = make_pipeline(StandardScaler(), SoftmaxMLPClassifier(encoder="passthrough", **SMALL))
    assert_same(scaled.fit(*iris), iris[0])
    X = X[["number", "whole", "category", "many"]]
    assert_same(make_pipeline(SoftmaxMLPClassifier(**SMALL)).fit(X, y), X)
    assert_same(make_pipeline(TableEncoder(), LogisticRegression(max_iter=1000)).fit(X, y), X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_encoder(dtype, everything):
    X, y, _ = everything
    encoder = TableEncoder(dtype=dtype).fit(X, y)
    session = loaded(to_onnx(encoder, X))
    (encoded,) = session.run(None, feed(session, X))
    expected = encoder.transform(X)
    assert encoded.dtype == expected.dtype == dtype
    np.testing.assert_allclose(encoded, expected, rtol=0, atol=2e-7 if dtype == "float32" else 1e-6)


def test_encoder_of_categories_only(everything):
    X = everything[0][["category", "binary"]]
    encoder = TableEncoder().fit(X)
    session = loaded(to_onnx(encoder, X))
    np.testing.assert_array_equal(session.run(None, feed(session, X))[0], encoder.transform(X))


def test_encoder_of_a_sparse_matrix(rng):
    """It reads dense rows just as well."""
    from scipy.sparse import csr_array

    X = rng.standard_normal((200, 6)) * (rng.random((200, 6)) < 0.3)
    y = X.sum(axis=1) > 0
    estimator = SoftmaxMLPClassifier(**SMALL).fit(csr_array(X), y)
    X[0, 0] = np.nan
    assert_same(estimator, X)
    with pytest.raises(ValueError, match="X is a sparse matrix, which ONNX does not have"):
        to_onnx(estimator, csr_array(X))


def test_unused_columns(rng):
    """Constants are left out of the network, but remain inputs."""
    X = pd.DataFrame({"same": np.ones(100), "x": rng.standard_normal(100), "gone": [None] * 100})
    assert_same(SoftmaxMLPClassifier(**SMALL).fit(X, X["x"] > 0), X)


def test_converter_of_skl2onnx(iris):
    """Registered with its own options: a dictionary by class is its default."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    X, y = iris[0].astype(np.float32), iris[1]
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, np.array(["a", "b", "c"])[y])
    types = [("X", FloatTensorType([None, 4]))]
    session = loaded(convert_sklearn(estimator, initial_types=types))
    rows = session.run(None, {"X": X})[1]
    expected = estimator.predict_proba(X)
    np.testing.assert_allclose([[r[c] for c in "abc"] for r in rows], expected, rtol=0, atol=1e-6)
    options = {id(estimator): {"nocl": True, "zipmap": False}}
    coded = loaded(convert_sklearn(estimator, initial_types=types, options=options))
    np.testing.assert_array_equal(coded.run(None, {"X": X})[0], expected.argmax(axis=1))
    options = {id(estimator): {"output_class_labels": True, "zipmap": False}}
    with_classes = loaded(convert_sklearn(estimator, initial_types=types, options=options))
    assert with_classes.run(None, {"X": X})[2].tolist() == ["a", "b", "c"]


def test_matrix_of_unknown_width(iris):
    """What a step before has made may have no shape that is known."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType

    X, y = iris
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    types, options = [("X", DoubleTensorType([None, None]))], {id(estimator): {"zipmap": False}}
    session = loaded(convert_sklearn(estimator, initial_types=types, options=options))
    expected = estimator.predict_proba(X)
    np.testing.assert_allclose(session.run(None, {"X": X})[1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("opset", [13, 15, 18, 21])
def test_older_operators(opset, everything):
    X, y, _ = everything
    estimator = SoftmaxMLPClassifier(activation="gelu", **SMALL).fit(X, y)
    model = to_onnx(estimator, X, target_opset={"": opset, "ai.onnx.ml": 3})
    assert max(i.version for i in model.opset_import if i.domain == "") <= opset
    session = loaded(model)
    expected = estimator.predict_proba(X)
    np.testing.assert_allclose(session.run(None, feed(session, X))[1], expected, rtol=0, atol=1e-6)


def test_weights_keep_their_precision(digits):
    """The model is not much larger than the weights."""
    X, y = digits
    estimator = SoftmaxMLPClassifier(n_members=2, max_iter=2, random_state=0).fit(X, y)
    assert fitted_model(estimator).params.dtype == np.float32
    assert (
        len(to_onnx(estimator, X).SerializeToString()) < 1.2 * fitted_model(estimator).params.nbytes
    )


# ---- what cannot be exported


def test_errors(iris):
    X, y = iris
    with pytest.raises(NotFittedError):
        to_onnx(SoftmaxMLPClassifier(), X)
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="X has 3 columns, but .* was fitted on 4"):
        to_onnx(estimator, X[:, :3])
    with pytest.raises(ValueError, match="a table of rows and columns"):
        to_onnx(estimator, X[0])
    with pytest.raises(ValueError, match="Column 0 holds text values, but held number"):
        to_onnx(estimator, X.astype(str).astype(object))
    dates = SoftmaxMLPClassifier(**SMALL).fit(X, np.array(["2020", "2021"], "M8[Y]")[y % 2])
    with pytest.raises(ValueError, match="Labels in ONNX are whole numbers or texts"):
        to_onnx(dates, X)


def test_inputs_are_wired_by_name(everything):
    X, codes, _ = everything
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, codes)
    session = assert_same(estimator, X, example=X[X.columns[::-1]])
    assert [given.name for given in session.get_inputs()] == list(X.columns)
    with pytest.raises(ValueError, match=r"X lacks the columns \['small'\]"):
        to_onnx(estimator, X.rename(columns={"small": "little"}))
    harmless = X.rename(columns={"small": "variable"})  # which an encoder's output is called
    assert_same(SoftmaxMLPClassifier(**SMALL).fit(harmless, codes), harmless)
    twin = SoftmaxMLPClassifier(**SMALL).fit(X.rename(columns={"small": "label"}), codes)
    with pytest.raises(ValueError, match=r"named \['label'\], which are names of outputs"):
        to_onnx(twin, X.rename(columns={"small": "label"}))


def test_errors_of_tables(rng):
    X = pd.DataFrame({"a": rng.standard_normal(100), "n": rng.integers(0, 9, 100)})
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, X["a"] > 0)
    dates = X.assign(a=pd.Timestamp("2020-01-01"))
    with pytest.raises(ValueError, match="Column 'a' holds date values"):
        to_onnx(estimator, dates)
    session = loaded(to_onnx(estimator, X))
    with pytest.raises(ValueError, match=r"X lacks the columns \['n'\]"):
        feed(session, X[["a"]])
    with pytest.raises(ValueError, match=r"several columns named \['a'\]"):
        feed(session, X[["a", "n", "a"]])
    with pytest.raises(ValueError, match=r"an input for each of the columns \['a', 'n'\]"):
        feed(session, X.to_numpy())
    with pytest.raises(ValueError, match="Column 'a' holds date values"):
        feed(session, dates)
    with pytest.raises(ValueError, match="Column 'a' is to hold numbers: .* 'x'"):
        feed(session, X.assign(a="x"))


@pytest.mark.parametrize("name", ["feed", "to_onnx"])
def test_documentation(name):
    validate = pytest.importorskip("numpydoc.validate")
    from test_public_api import NUMPYDOC_IGNORED

    errors = validate.validate(f"skxent.onnx.{name}")["errors"]
    assert [error for error in errors if error[0] not in NUMPYDOC_IGNORED] == []


def test_without_skl2onnx():
    code = "import sys; sys.modules['skl2onnx'] = None; import skxent; import skxent.onnx"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'skxent[onnx]'" in run.stderr
