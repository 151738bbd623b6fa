"""Tables and labels of every kind that libraries make of them: one table, one answer."""

import datetime
import warnings

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset  # noqa: F401
import pytest
from common import SMALL
from numpy.testing import assert_array_equal

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder

N = 40
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RNG.normal(size=N), "t": RNG.choice(["u", "v"], N)})
NUMBERS = TABLE[["a"]]
Y = np.arange(N) % 2
ARROW = pa.Table.from_pandas(TABLE)


def classifier():
    return SoftmaxMLPClassifier(4, max_iter=2, solver="adam", random_state=0, verbose=False)


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FRAMES = {
    "polars": pl.from_pandas(TABLE),
    "pyarrow": ARROW,
    "record batch": ARROW.to_batches()[0],
    "narwhals of pandas": nw.from_native(TABLE),
    "narwhals of polars": nw.from_native(pl.from_pandas(TABLE)),
    "narwhals of pyarrow": nw.from_native(ARROW),
}


@pytest.mark.parametrize("X", FRAMES.values(), ids=FRAMES)
def test_every_frame_is_the_same_table(X):
    expected = classifier().fit(TABLE, Y).predict_proba(TABLE)
    clf = classifier().fit(X, Y, X_val=X, y_val=Y)
    assert_array_equal(classifier().fit(X, Y).predict_proba(X), expected)
    assert clf.predict(X).shape == (N,)
    assert_array_equal(TableEncoder().fit_transform(X), TableEncoder().fit_transform(TABLE))


LABELS = {
    "polars": pl.Series,
    "pyarrow": pa.array,
    "chunked": lambda y: pa.chunked_array([y[:9], y[9:]]),
    "narwhals": lambda y: nw.from_native(pl.Series(y), series_only=True),
    "nullable": lambda y: pd.Series(pd.array(y, dtype="boolean" if y.dtype == bool else "Int64")),
    "nullable array": lambda y: pd.array(y, dtype="boolean" if y.dtype == bool else "Int64"),
    "arrow": lambda y: pd.Series(y, dtype="bool[pyarrow]" if y.dtype == bool else "int64[pyarrow]"),
    "category": lambda y: pd.Series(y, dtype="category"),
    "masked": lambda y: np.ma.MaskedArray(y, np.zeros(len(y), dtype=bool)),
}


@pytest.mark.parametrize("y", [Y, Y + 2**53, Y == 1], ids=["int", "large", "bool"])
@pytest.mark.parametrize("kind", LABELS.values(), ids=LABELS)
def test_classes_are_of_the_kind_of_the_labels(kind, y):
    clf = classifier().fit(TABLE, kind(y))
    assert clf.classes_.dtype == y.dtype
    assert_array_equal(clf.classes_, np.unique(y))
    assert clf.predict(TABLE).dtype == y.dtype


TEXTS = {
    "StringDType": lambda y: y.astype(np.dtypes.StringDType()),
    "objects": lambda y: y.astype(object),
    "category": lambda y: pd.Series(y, dtype="category"),
    "arrow": lambda y: pd.Series(y, dtype="string[pyarrow]"),
    "polars": pl.Series,
    "pyarrow": pa.array,
}


@pytest.mark.parametrize("kind", TEXTS.values(), ids=TEXTS)
def test_texts_are_labels_wherever_labels_go(kind):
    many = pd.DataFrame({"many": np.repeat([f"level {i}" for i in range(40)], 5)})
    codes = np.arange(200) // 5 % 2
    labels = np.array(["no", "yes"])[codes]
    assert_array_equal(  # whose levels tell of y
        TableEncoder().fit(many, kind(labels)).transform(many),
        TableEncoder().fit(many, codes).transform(many),
    )
    y = kind(labels[:N])
    clf = classifier().fit(TABLE, y, X_val=TABLE, y_val=y)
    assert clf.classes_.tolist() == ["no", "yes"]
    first = classifier().partial_fit(TABLE, y, classes=kind(np.array(["no", "yes"])))
    assert first.partial_fit(TABLE, y).classes_.tolist() == ["no", "yes"]


COLUMNS = {
    "pandas": lambda y: pd.DataFrame({"y": y}),
    "nullable": lambda y: pd.DataFrame({"y": pd.array(y, dtype="Int64")}),
    "polars": lambda y: pl.DataFrame({"y": y}),
    "pyarrow": lambda y: pa.table({"y": y}),
    "record batch": lambda y: pa.table({"y": y}).to_batches()[0],
    "narwhals": lambda y: nw.from_native(pl.DataFrame({"y": y})),
}


@pytest.mark.parametrize("frame", COLUMNS.values(), ids=COLUMNS)
def test_a_frame_of_one_column_is_a_column_of_labels(frame):
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        clf = classifier().fit(TABLE, frame(Y + 2**53))
    assert_array_equal(clf.classes_, [2**53, 2**53 + 1])


@pytest.mark.parametrize("frame", [pl.DataFrame, pa.table, lambda d: nw.from_native(pa.table(d))])
def test_soft_targets_in_any_frame(frame):
    p = RNG.random(N)
    clf = classifier().fit(TABLE, frame({"yes": p, "no": 1 - p}))
    expected = classifier().fit(TABLE, pd.DataFrame({"yes": p, "no": 1 - p}))
    assert clf.classes_.tolist() == ["no", "yes"]
    assert_array_equal(clf.predict_proba(TABLE), expected.predict_proba(TABLE))


def of_duckdb():
    return pytest.importorskip("duckdb").from_arrow(ARROW)


def of_xarray():
    pytest.importorskip("xarray")
    return TABLE.to_xarray()


def reader():
    return pa.RecordBatchReader.from_batches(ARROW.schema, ARROW.to_batches())


NOT_READ = {
    "polars": (lambda: pl.from_pandas(TABLE).lazy(), "collect"),
    "narwhals of polars": (lambda: nw.from_native(pl.from_pandas(TABLE).lazy()), "collect"),
    "narwhals of duckdb": (lambda: nw.from_native(of_duckdb()), "collect"),
    "duckdb": (of_duckdb, "df"),
    "xarray": (of_xarray, "to_dataframe"),
    "reader": (reader, "read_all"),
    "pyarrow dataset": (lambda: pa.dataset.dataset(ARROW), "to_table"),
    "scanner": (lambda: pa.dataset.dataset(ARROW).scanner(), "to_table"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_has_not_been_read_says_what_to_call(name):
    make, how = NOT_READ[name]
    X = make()
    clf = classifier().fit(TABLE, Y)
    calls = {
        "X": [lambda: classifier().fit(X, Y), lambda: clf.predict(X), lambda: clf.fit(X, Y)],
        "X_val": [lambda: clf.fit(TABLE, Y, X_val=X, y_val=Y)],
        "y": [lambda: clf.fit(TABLE, X)],
    }
    calls["X"].append(lambda: TableEncoder().fit(X))
    for argument, several in calls.items():
        message = rf"{argument} is a .*rows have not been read: give {argument}\.{how}\(\) instead"
        for call in several:
            with pytest.raises(TypeError, match=message):
                call()
    expected = classifier().fit(TABLE, Y).predict_proba(TABLE)
    assert_array_equal(clf.predict_proba(getattr(X, how)()), expected)  # which works


@pytest.mark.parametrize(
    ("make", "name"), [(lambda dd: dd.from_pandas(TABLE, 2), "DataFrame"),
                       (lambda dd: dd.from_pandas(TABLE["a"], 2), "Series")]
)  # fmt: skip
def test_what_is_of_dask_names_the_class_for_it(make, name):
    X = make(pytest.importorskip("dask.dataframe"))
    clf = classifier().fit(TABLE, Y)
    message = rf"is a Dask {name}: skxent.dask.DaskSoftmaxMLPClassifier .*give {{}}.compute\(\)"
    for argument, call in [
        ("X", lambda: classifier().fit(X, Y)),
        ("X", lambda: clf.predict_proba(X)),
        ("X", lambda: TableEncoder().fit(X)),
        ("y", lambda: classifier().fit(TABLE, X)),
        ("X_val", lambda: classifier().fit(TABLE, Y, X_val=X, y_val=Y)),
    ]:
        with pytest.raises(TypeError, match=f"{argument} {message.format(argument)}"):
            call()


def test_a_dictionary_of_columns_says_what_to_make_of_it():
    clf = classifier().fit(TABLE, Y)
    X = TABLE.to_dict("list")
    for call in (lambda: clf.fit(X, Y), lambda: clf.predict(X), lambda: TableEncoder().fit(X)):
        with pytest.raises(TypeError, match=r"X is a dict: .* pandas.DataFrame\(X\)"):
            call()


def test_a_column_may_be_called_like_a_method():
    X = TABLE.rename(columns={"a": "to_pandas", "t": "get_columns"})
    expected = classifier().fit(TABLE, Y).predict_proba(TABLE)
    assert_array_equal(classifier().fit(X, Y).predict_proba(X), expected)


ATTRIBUTES = [
    *("dtype", "shape", "columns", "size", "index", "values", "iloc", "dtypes", "ndim", "T"),
    *("kind", "name", "toarray", "numblocks", "map_blocks", "to_delayed", "sparse"),
]


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("solver", ["auto", "adam"])  # of so few rows also "auto" asks for a dtype
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_columns_may_be_called_like_attributes(library, solver, encoder, rng):
    values = rng.normal(size=(40, len(ATTRIBUTES)))
    clf = SoftmaxMLPClassifier(4, solver=solver, max_iter=2, random_state=0, encoder=encoder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that two epochs are few
        expected = clf.fit(values, Y).predict_proba(values)
        X = library.DataFrame(dict(zip(ATTRIBUTES, values.T, strict=True)))
        assert_array_equal(clf.fit(X, Y).predict_proba(X), expected)
    assert clf.feature_names_in_.tolist() == ATTRIBUTES


# ---- missing


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_what_is_masked_is_missing(dtype):
    values = RNG.integers(0, 9, (N, 2)).astype(dtype)
    X = np.ma.MaskedArray(values, RNG.random((N, 2)) < 0.3)
    gaps = np.where(X.mask, np.nan, values)
    encoder = TableEncoder().fit(gaps)
    assert_array_equal(TableEncoder().fit_transform(X), encoder.transform(gaps))
    assert_array_equal(encoder.transform(X), encoder.transform(gaps))
    with pytest.raises(ValueError, match="NaN"):
        classifier().set_params(encoder="passthrough").fit(X, Y)


def test_what_is_masked_among_objects_is_missing():
    values = np.array([["u", 1.5], ["v", 2.0]] * 20, dtype=object)
    X = np.ma.MaskedArray(values, RNG.random((N, 2)) < 0.3)
    gaps = np.where(X.mask, None, values)
    assert_array_equal(TableEncoder().fit_transform(X), TableEncoder().fit_transform(gaps))


FIRST = np.arange(N) == 0


@pytest.mark.parametrize(
    "y",
    [
        np.ma.MaskedArray(Y, FIRST),
        np.ma.MaskedArray(np.where(Y, "u", "v"), FIRST),
        pd.Series(Y, dtype="Int64").mask(FIRST),
        pd.Series(Y, dtype="int64[pyarrow]").mask(FIRST),
        pd.Series(np.where(Y, "u", "v"), dtype="category").mask(FIRST),
        pd.Series(np.where(Y, "u", "v"), dtype="string").mask(FIRST),
        pd.Series(np.where(Y, "u", "v")).mask(FIRST),
        pa.array([None, *Y[1:].tolist()]),
        pl.Series([None, *Y[1:].tolist()]),
    ],
)
def test_missing_labels_of_any_kind_are_refused(y):
    with pytest.raises(ValueError, match="Input y contains (missing values|NaN)"):
        classifier().fit(TABLE, y)


# ---- labels that are none


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.Series(["u", 1] * 20, dtype=object), "labels of mixed types: int, text. Make them all"),
        ([datetime.date(2020, 1, 1 + i) for i in Y], r"objects of type date.*datetime64\[s\]"),
        (pd.cut(TABLE["a"], 2), "objects of type Interval.*astype"),
        (pd.Series(pd.period_range("2020", periods=2)).repeat(20), "objects of type Period"),
        (np.array([*map(int, Y > 0)], dtype=object), r"numbers as objects \(int\).*astype\(int\)"),
        (pd.Series([0.0, 1.0] * 20, dtype=object), r"as objects \(float\).*y.astype\(float\)"),
        (np.array([False, True] * 20, dtype=object), r"as objects \(bool\).*y.astype\(bool\)"),
        (np.array([1, 2.0] * 20, dtype=object), r"as objects \(float, int\).*y.astype\(float\)"),
    ],
)
@pytest.mark.parametrize("Classifier", [SoftmaxMLPClassifier, SigmoidMLPClassifier])
def test_labels_that_cannot_be_scored_say_what_to_make_of_them(y, message, Classifier):
    with pytest.raises(ValueError, match=message):
        Classifier(**SMALL).fit(TABLE, y)


# ---- what has no value has no family


@pytest.mark.parametrize(
    "empty",
    [
        np.nan,
        None,
        pd.NaT,
        pd.array([None] * N, dtype="Int64"),
        pd.array([None] * N, dtype="boolean"),
        pd.Series([None] * N, dtype="str"),
        pd.Series([None] * N, dtype="category"),
    ],
)
@pytest.mark.parametrize("value", ["text", 3.5, True, datetime.date(2020, 1, 1)])
def test_an_empty_column_takes_what_comes(empty, value):
    encoder = TableEncoder().fit(TABLE.assign(z=empty))
    bare = TableEncoder().fit(TABLE)
    assert encoder.get_feature_names_out().tolist() == bare.get_feature_names_out().tolist()
    assert_array_equal(encoder.transform(TABLE.assign(z=value)), bare.transform(TABLE))
    clf = SoftmaxMLPClassifier(4, random_state=0)
    clf.partial_fit(TABLE.assign(z=empty), Y, classes=[0, 1])
    if empty is pd.NaT and not isinstance(value, datetime.date):  # its dtype waits for dates
        with pytest.raises(ValueError, match="'z' holds .* values, but held date values in fit"):
            clf.partial_fit(TABLE.assign(z=value), Y)
        return
    assert np.isfinite(
        clf.partial_fit(TABLE.assign(z=value), Y).predict_proba(TABLE.assign(z=value))
    ).all()


# ---- categories go by their text, flags are 0 and 1


@pytest.mark.parametrize(
    ("levels", "later"),
    [
        (["1", "2", "x", "x"], [1, 2, 1, 2]),
        (["1", "2", "x", "x"], [1.0, 2.0, np.nan, 2.0]),
        ([1, 2, 3, 3], ["1", "2", "3", "x"]),
        ([1, 2, 3, 3], ["1", 2, 3.0, None]),
        (["True", "False", "x", "x"], [True, False, True, False]),
        ([True, False, "x", "x"], ["True", "False", "x", "True"]),
    ],
)
def test_categories_are_one_by_their_text(levels, later):
    def table(values):
        return NUMBERS.assign(c=pd.Series(values * (N // 4), dtype=object))

    encoder = TableEncoder(["c"]).fit(table(levels))
    texts = [
        v if v is None or v != v else str(int(v)) if type(v) is float else str(v) for v in later
    ]
    expected = TableEncoder(["c"]).fit(table([*map(str, levels)])).transform(table(texts))
    assert_array_equal(encoder.transform(table(later)), expected)


FLAGS = pd.DataFrame({"f": [True, False] * 20, "g": [True, True, False, False] * 10})
AS_FLAGS = {
    "bool array": FLAGS.to_numpy(),
    "0/1": FLAGS.astype(int),
    "1.0/0.0": FLAGS.astype(float),
    "array": FLAGS.astype(float).to_numpy(),
    "objects": FLAGS.astype(object),
    "mixed objects": FLAGS.astype(int).astype(object),
    "nullable": FLAGS.astype("boolean"),
    "nullable integers": FLAGS.astype("Int8"),
    "text": FLAGS.astype(str),
    "polars": pl.from_pandas(FLAGS),
    "lists": FLAGS.astype(int).to_numpy().tolist(),
}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("X", AS_FLAGS.values(), ids=AS_FLAGS)
def test_flags_are_0_and_1(X):
    encoder = TableEncoder().fit(FLAGS)
    assert_array_equal(encoder.transform(X), encoder.transform(FLAGS))


def test_flags_may_be_missing_among_numbers():
    encoder = TableEncoder().fit(FLAGS)
    gaps = FLAGS.astype(object).mask(np.column_stack([FIRST, FIRST]))
    assert_array_equal(
        encoder.transform(gaps.astype(float)), encoder.transform(gaps.astype("boolean"))
    )


@pytest.mark.parametrize("other", [2, -1, 0.5])
def test_other_numbers_are_no_flags(other):
    encoder = TableEncoder().fit(FLAGS)
    with pytest.raises(ValueError, match=f"Column 'g' holds the number {other}.*0 and 1"):
        encoder.transform(FLAGS.assign(g=[0, other] * 20))


def test_numbers_that_are_categories_take_flags():
    encoder = TableEncoder(["f"]).fit(FLAGS.astype(int))
    assert_array_equal(encoder.transform(FLAGS), encoder.transform(FLAGS.astype(int)))
