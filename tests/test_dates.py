"""Columns of dates and durations: the same numbers from every library, and what these are."""

import datetime
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skxent import SoftmaxMLPClassifier, TableEncoder
from skxent._columns import columns_of
from skxent._table.dates import PARTS, date_parts
from skxent._table.encoder import encoding_of

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

NAMES = [f"when_{part}" for part in PARTS]


@pytest.fixture(scope="module")
def times():
    """Times of three years, to the second, one in 17 of them missing."""
    rng = np.random.default_rng(0)
    seconds = rng.integers(0, 3 * 365 * 86400, 300)
    out = np.array("2019-03-05T00", "M8[s]") + seconds.astype("m8[s]")
    out[::17] = np.datetime64("NaT")
    return out


def _objects(times):
    return [None if np.isnat(time) else time.astype(object) for time in times]


def _frame(values):
    return pd.DataFrame({"when": values})


def _parts(times):
    """Return the parts of an array of dates by their names."""
    (column,) = columns_of(np.array(times).reshape(-1, 1))
    return dict(zip(PARTS, date_parts(column), strict=True))


# ---- what dates become


def test_parts_of_dates():
    parts = _parts(np.array(["1970-01-01T00:00", "1970-01-05T06:00", "NaT"], "M8[m]"))
    assert_array_equal(parts["days"], [0, 4.25, np.nan])
    assert_allclose(parts["day_sin"], [0, 1, np.nan], atol=1e-15)  # six in the morning
    assert_allclose(parts["day_cos"], [1, 0, np.nan], atol=1e-15)
    quarter = 2 * np.pi * 0.25 / 7  # the fifth was a Monday, where weeks begin
    assert_allclose(parts["week_sin"][1:], [np.sin(quarter), np.nan])
    assert_allclose(parts["week_cos"][1:], [np.cos(quarter), np.nan])
    assert_allclose(parts["year_sin"], [0, np.sin(2 * np.pi * 4.25 / 365), np.nan])


def test_circles_close():
    """The last moment of a year, a week or a day is beside the first one of the next."""
    for unit, before, after in (
        ("year", "2023-12-31T23:59:59", "2024-01-01"),
        ("year", "2024-12-31T23:59:59", "2025-01-01"),  # a leap year has a day more
        ("week", "2024-01-07T23:59:59", "2024-01-08"),
        ("day", "1969-06-01T23:59:59", "1969-06-02"),
    ):
        parts = _parts(np.array([before, after], "M8[s]"))
        for part in (f"{unit}_sin", f"{unit}_cos"):
            assert abs(np.diff(parts[part])) < 1e-4
        assert_allclose([parts[f"{unit}_sin"][1], parts[f"{unit}_cos"][1]], [0, 1], atol=1e-12)


def test_what_does_not_vary_is_left_out(times):
    """Days have no time of day; an hour, seen in seconds, is all but one day of the week."""
    named = TableEncoder().fit(_frame(times)).get_feature_names_out().tolist()
    assert named == [*NAMES, "when_days_missing"]
    days = TableEncoder().fit(_frame(times.astype("M8[D]").astype("M8[s]")))
    assert days.get_feature_names_out().tolist() == [*NAMES[:-2], "when_days_missing"]
    one_day_in_many_years = np.arange("1990", "2020", dtype="M8[Y]").astype("M8[s]")
    years = TableEncoder().fit(_frame(one_day_in_many_years)).get_feature_names_out().tolist()
    assert years == ["when_days", "when_week_sin", "when_week_cos"]
    assert TableEncoder().fit_transform(_frame(times[:1].repeat(9))).shape == (9, 0)


def test_dates_have_bins_as_numbers_have(times):
    encoder = TableEncoder(n_bins=4).fit(_frame(times))
    assert {f"when_days_bin{b}" for b in range(4)} <= {*encoder.get_feature_names_out()}


def test_dates_beyond_those_of_fit_stay_near(times):
    encoder = TableEncoder(n_bins=8).fit(_frame(times))
    far = encoder.transform(_frame(pd.Series(["1700-01-01", "9999-12-31"], dtype="M8[s]")))
    assert np.abs(far).max() <= 3 and far[0, 0] < -2.99 and far[1, 0] > 2.99


def test_missing_dates_are_the_median_and_say_so(times):
    encoder = TableEncoder().fit(_frame(times))
    for missing in (pd.NaT, None, np.nan, pd.NA):
        rows = encoder.transform(_frame([missing] * 2))
        assert_array_equal(rows, [[0.0] * len(NAMES) + [1.0]] * 2)
    full = TableEncoder().fit(_frame(times[~np.isnat(times)]))
    assert full.get_feature_names_out().tolist() == NAMES


# ---- from every library


FORMS = {
    "ns": lambda t: _frame(t.astype("M8[ns]")),
    "us": lambda t: _frame(pd.Series(t.astype("M8[us]"))),
    "zone": lambda t: _frame(pd.Series(t).dt.tz_localize("Asia/Tokyo")),
    "objects": lambda t: _frame(pd.Series(_objects(t), dtype=object)),
    "stamps": lambda t: _frame(pd.Series(list(pd.Series(t)), dtype=object)),
    "aware": lambda t: _frame(
        pd.Series([x and x.replace(tzinfo=datetime.UTC) for x in _objects(t)], dtype=object)
    ),
    "NumPy's among objects": lambda t: _frame(pd.Series(list(t), dtype=object)),
    "arrow": lambda t: _frame(pd.Series(t).astype(pd.ArrowDtype(pa.timestamp("us")))),
    "arrow with zone": lambda t: _frame(
        pd.Series(t).dt.tz_localize("UTC").astype(pd.ArrowDtype(pa.timestamp("us", "UTC")))
    ),
    "polars": lambda t: pl.DataFrame({"when": _objects(t)}),
    "polars, ms": lambda t: pl.DataFrame({"when": pl.Series(_objects(t)).cast(pl.Datetime("ms"))}),
    "polars, zone": lambda t: pl.DataFrame(
        {"when": pl.Series(_objects(t)).dt.replace_time_zone("Asia/Tokyo")}
    ),
    "pyarrow": lambda t: pa.table({"when": pa.array(_objects(t), pa.timestamp("ms"))}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_library_gives_the_same(form, times):
    fitted = TableEncoder().fit(_frame(times))
    expected = fitted.transform(_frame(times))
    assert_array_equal(fitted.transform(FORMS[form](times)), expected)
    assert_array_equal(TableEncoder().fit_transform(FORMS[form](times)), expected)


def test_days_of_every_library(times):
    days = times.astype("M8[D]")
    fitted = TableEncoder().fit(_frame(days.astype("M8[s]")))
    expected = fitted.transform(_frame(days.astype("M8[s]")))
    for X in (
        _frame(pd.Series(_objects(days), dtype=object)),
        _frame(pd.Series(pa.array(_objects(days)), dtype=pd.ArrowDtype(pa.date32()))),
        pl.DataFrame({"when": _objects(days)}),
    ):
        assert_array_equal(fitted.transform(X), expected)
    with pytest.warns(UserWarning, match="feature names"):
        assert_array_equal(fitted.transform(days.reshape(-1, 1)), expected)


def test_durations_are_seconds():
    seconds = np.random.default_rng(0).integers(0, 10**6, 60)
    expected = TableEncoder().fit_transform(pd.DataFrame({"took": seconds.astype(float)}))
    took = pd.Series(pd.to_timedelta(seconds, unit="s"))
    python = [datetime.timedelta(seconds=int(s)) for s in seconds]
    encoder = TableEncoder().fit(pd.DataFrame({"took": took}))
    assert encoder.get_feature_names_out().tolist() == ["took", "took_standard"]
    for X in (
        pd.DataFrame({"took": took}),
        pd.DataFrame({"took": took.astype("m8[ms]")}),
        pd.DataFrame({"took": took.astype(pd.ArrowDtype(pa.duration("us")))}),
        pd.DataFrame({"took": pd.Series(python, dtype=object)}),
        pl.DataFrame({"took": python}),
    ):
        assert_array_equal(encoder.transform(X), expected)
    gap = encoder.transform(pd.DataFrame({"took": [None, pd.Timedelta(1, "s")]}))
    assert gap[0, 0] == 0


# ---- in a classifier, and what is refused


def test_a_classifier_learns_from_dates(times):
    """Weekends, and a gap, tell the class."""
    when = pd.Series(times)
    y = np.where((when.dt.day_of_week >= 5) | when.isna(), "rest", "work")
    X = pd.DataFrame({"when": when, "noise": np.random.default_rng(0).normal(size=len(y))})
    clf = SoftmaxMLPClassifier(n_members=2, random_state=0).fit(X[:200], y[:200])
    assert clf.score(X[200:], y[200:]) > 0.9
    again = pickle.loads(pickle.dumps(clf))
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_beside_dates_other_columns_are_what_they_are(times):
    rng = np.random.default_rng(0)
    level = pd.Series(rng.choice([f"level {i}" for i in range(40)], len(times)))
    number, y = pd.Series(rng.normal(size=len(times))), (level < "level 2").to_numpy()
    other = pd.DataFrame({"a": number, "b": level})
    alone, beside = (TableEncoder(n_bins=8).fit(X, y) for X in (other, other.assign(when=times)))
    names = [*beside.get_feature_names_out()]
    assert "b_odds" in names and "when_days" in names
    same = [names.index(name) for name in alone.get_feature_names_out()]
    assert_array_equal(beside.transform(other.assign(when=times))[:, same], alone.transform(other))
    assert_array_equal(encoding_of(beside).schema.dates, [2])


@pytest.mark.parametrize("change", [5, "2020-01-01", pd.Timedelta(1, "s"), datetime.time(3)])
def test_a_column_of_dates_stays_one(change, times):
    encoder = TableEncoder().fit(_frame(times))
    with pytest.raises(ValueError, match="'when' holds .* values, but held date values in fit"):
        encoder.transform(_frame([change] * 3))


def test_dates_are_no_categories(times):
    with pytest.raises(ValueError, match="'when' holds dates, which are no categories: leave it"):
        TableEncoder(["when"]).fit(_frame(times))
    for values in (times[1:5].astype("M8[s]"), pd.to_timedelta([1, 2, 3, 4])):
        with pytest.raises(ValueError, match=r"(date|duration) values, but encoder='passthrough'"):
            SoftmaxMLPClassifier(encoder="passthrough").fit(_frame(values), [0, 1, 0, 1])


def test_dates_have_no_place_in_onnx(times):
    pytest.importorskip("skl2onnx")
    from skxent.onnx import to_onnx

    X, y = _frame(times), np.arange(len(times)) % 2
    clf = SoftmaxMLPClassifier(4, solver="lbfgs", alpha=1.0, max_iter=1000).fit(X, y)
    for table in ([], [X]):
        with pytest.raises(ValueError, match="'when' holds date.*, for which ONNX has no type: "):
            to_onnx(clf, *table)


def test_dates_may_come_after_the_first_rows(times):
    """A column of their dtype without a value in the first call is one of dates all the same."""
    X, y = _frame(times), np.arange(len(times)) % 2
    clf = SoftmaxMLPClassifier(4, random_state=0)
    clf.partial_fit(_frame(times[::17]), y[::17], classes=[0, 1]).partial_fit(X, y)
    Z = pd.DataFrame(clf.encoder_.transform(X), columns=clf.encoder_.get_feature_names_out())
    there = ~np.isnat(times)
    assert_array_equal(Z["when_days_missing"], ~there)
    sines = date_parts(columns_of(X)[0])[PARTS.index("year_sin")]
    order = np.argsort(sines[there])
    assert (np.diff(Z["when_year_sin"][there].to_numpy()[order]) >= 0).all()
    assert Z["when_year_sin"].nunique() > 200
