"""The summary and the HTML view in notebooks, by what a reader finds there."""

import builtins
import pickle
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder
from skxent._persistence import pack_plain, unpack_plain
from skxent._summary import Choice, Layer, Summary
from skxent._table.summary import ColumnSummary, SummaryText, TableSummary

SETTINGS = {"solver": "lbfgs", "alpha": 1.0, "tol": 1e-2, "max_iter": 1000, "random_state": 0}


class Tables(HTMLParser):
    """All tables of a page, by the text of the summary above them: rows of cells."""

    def __init__(self, page):
        super().__init__()
        self.found, self.tags, self.title, self.inside = {}, set(), "", None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "summary":
            self.title = ""
        elif tag == "table":
            self.found.setdefault(self.title.strip(), [])
        elif tag == "tr":
            self.found[self.title.strip()].append([])
        elif tag in ("td", "th"):
            self.found[self.title.strip()][-1].append("")
        if tag in ("summary", "td", "th"):
            self.inside = tag

    def handle_endtag(self, tag):
        if tag == self.inside:
            self.inside = None

    def handle_data(self, data):
        if self.inside == "summary":
            self.title += data
        elif self.inside is not None:
            self.found[self.title.strip()][-1][-1] += data


def tables(estimator):
    return Tables(estimator._repr_html_()).found


def layers(estimator):
    (rows,) = (rows for title, rows in tables(estimator).items() if title.startswith("Layers: "))
    assert rows[0] == ["Layer", "In", "Out", "Activation", "Parameters"]
    return rows[1:]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(90, 4)), np.arange(90) % 3


@pytest.fixture(scope="module")
def committee(rows):
    return SoftmaxMLPClassifier(
        (5, 3), activation=["relu", "tanh"], n_members=3, random_state=0, encoder="passthrough"
    ).fit(*rows)


def test_the_layers_are_those_of_the_network(committee):
    assert layers(committee) == [
        ["1", "4", "5", "relu", "25"],
        ["2", "5", "3", "tanh", "18"],
        ["3", "3", "3", "softmax", "12"],
    ]
    n_params = sum(array[0].size for array in committee.coefs_ + committee.intercepts_)
    assert sum(int(row[-1]) for row in layers(committee)) == n_params


@pytest.mark.parametrize("n_rows", [100, 501, 999, 1000, 1001, 3001])
def test_every_setting_has_a_reason_that_names_its_thresholds(n_rows, rows):
    X, y = np.resize(rows[0], (n_rows, 4)), np.resize(rows[1], n_rows)
    clf = SoftmaxMLPClassifier((2,), n_members=2, max_iter=1, encoder="passthrough").fit(X, y)
    choices = {choice.parameter: choice for choice in clf._summary().choices}
    assert f"{n_rows} rows" in choices["solver"].why
    assert len({choice.why for choice in choices.values()}) == len(choices)
    for name, threshold in (("alpha", 1000), ("batch_size", 3000), ("n_iter_no_change", 1000)):
        assert str(threshold) in choices[name].why
        assert str(choices[name].chosen).removesuffix(".0") in choices[name].why or name == "alpha"
    many, raced = n_rows >= 1000, 300 <= n_rows < 1000
    assert many == ("or more" in choices["alpha"].why)
    assert raced == (" with 3, on rows held out" in choices["alpha"].why)
    assert choices["alpha"].chosen in ([1.0, 3.0] if raced else [3.0 if many else 1.0])


def test_what_auto_chose_and_why_is_what_the_summary_prints(committee):
    found = tables(committee)['What "auto" chose']
    assert found[0] == ["Parameter", "Chosen", "Why"]
    assert [row[0] for row in found[1:]] == list(committee.auto_)
    assert [row[1] for row in found[1:]] == [repr(value) for value in committee.auto_.values()]
    _, _, relevance, headline, *lines = committee.summary().splitlines()
    assert relevance.startswith("  relevance above 1 (")
    assert lines == [f"  {name} = {value}  ({why})" for name, value, why in found[1:]]
    (title,) = (title for title in tables(committee) if title.startswith("Layers: "))
    assert headline == title.removeprefix("Layers: ")
    assert "3 members, 4 -> 5 -> 3 -> 3, 165 parameters, temperature " in headline
    assert "90 rows" in found[1][2]


def test_a_named_solver_and_no_hidden_layer(rows):
    linear = SoftmaxMLPClassifier((), encoder="passthrough", **SETTINGS).fit(*rows)
    assert layers(linear) == [["1", "4", "3", "softmax", "15"]]
    assert tables(linear)['What "auto" chose'][1] == ["solver", "'lbfgs'", "as given"]
    assert "\n1 member, 4 -> 3, 15 parameters" in linear.summary()


def test_logistic_outputs(rows):
    X, y = rows
    labels = np.column_stack([y == 0, y == 1]).astype(int)
    several = SigmoidMLPClassifier(2, encoder="passthrough", **SETTINGS).fit(X, labels)
    assert layers(several)[-1] == ["2", "2", "2", "logistic", "6"]


def test_nothing_is_told_before_the_fit():
    assert not [title for title in tables(SoftmaxMLPClassifier()) if title != "Parameters"]


def test_inside_a_pipeline_and_a_search(rows):
    pipeline = make_pipeline(
        FunctionTransformer(), SoftmaxMLPClassifier(2, encoder="passthrough", **SETTINGS)
    )
    assert not any(title.startswith("Layers") for title in tables(pipeline))
    assert layers(pipeline.fit(*rows))[0] == ["1", "4", "2", "relu", "10"]
    search = GridSearchCV(pipeline, {"softmaxmlpclassifier__alpha": [1.0]}, cv=2).fit(*rows)
    assert layers(search)[0] == ["1", "4", "2", "relu", "10"]


def test_the_parameters_are_still_there(committee, rows):
    assert "Parameters" in tables(committee)
    has_attributes = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 9)
    assert ("Fitted attributes" in tables(committee)) == has_attributes
    assert committee._get_params_html().keys() == committee.get_params().keys()


def test_a_fitted_estimator_in_a_callback_tells_too(rows):
    pytest.importorskip("sklearn.callback")

    class Look:
        seen = ()

        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                self.seen = layers(fitted_estimator)
                return True

    look = Look()
    first = SoftmaxMLPClassifier(2, solver="adam", encoder="passthrough", random_state=0)
    first.set_callbacks(look).fit(*rows)
    assert look.seen == layers(first)


EVIL = "<script>alert('x')</script>"


def test_names_of_the_users_are_text(rows):
    X, y = rows
    X = pd.DataFrame(X, columns=[EVIL, "a&b", "c", "d"])
    labels = np.array([EVIL, "b", "c"], dtype=object)[y]
    weights = {EVIL: 2.0, "b": 1.0, "c": 1.0}
    alone = SoftmaxMLPClassifier(2, class_weight=weights, **SETTINGS)
    pipeline = make_pipeline(
        TableEncoder(), SoftmaxMLPClassifier(2, encoder="passthrough", **SETTINGS)
    )
    for estimator in (alone, pipeline):
        page = estimator.fit(X, labels)._repr_html_()
        assert EVIL not in page
        assert "Layers: " in page


def test_whatever_is_told_is_text():
    """Also what no estimator says today."""
    summary = Summary(
        name=EVIL,
        table=TableSummary((ColumnSummary(EVIL),)),
        n_members=1,
        layers=(Layer(1, 2, EVIL),),
        temperature=1.0,
        choices=(Choice(EVIL, EVIL, EVIL),),
    )
    page = Tables(summary.html())
    assert page.tags == {"div", "details", "summary", "table", "tbody", "tr", "th", "td"}
    assert page.found['What "auto" chose'][1] == [EVIL, repr(EVIL), EVIL]
    assert page.found["Table: 1 column, encoded as 1"][1] == ["numbers", "1", repr(EVIL)]
    assert summary.text().startswith(EVIL)


def test_what_is_kept_from_an_earlier_fit_is_said_to_be(iris):
    X, y = iris
    clf = SoftmaxMLPClassifier(warm_start=True, max_iter=2, random_state=0).fit(X, y)
    summary = clf.partial_fit(X, y).summary()
    assert "n_members = 8  (as it was, since training goes on)" in summary
    assert "  solver = 'adamw', hidden_layer_sizes = (128, 128), alpha = " in summary
    assert summary.count("partial_fit:") == 1
    summary = clf.fit(X[::5], y[::5]).summary()
    kept = "hidden_layer_sizes = (128, 128), n_members = 8  (as it was, since training goes on)"
    assert kept in summary
    assert "\n  solver = 'lbfgs', " in summary and summary.count("(fewer than 60 rows") == 1


def test_what_a_race_has_chosen_is_still_said_when_training_goes_on(rng):
    X = rng.normal(size=(1100, 3))
    clf = SoftmaxMLPClassifier(4, n_members=2, max_iter=2, warm_start=True, random_state=0)
    line = clf.fit(X, X[:, 0] > 0).summary().splitlines()[-2:]
    assert line[0].startswith("  bins = ") and clf.auto_["bins"] in (0, 16)
    for go_on in (clf.fit, clf.partial_fit):
        assert go_on(X, X[:, 0] > 0).summary().splitlines()[-2:] == line


# ---------------------------------------------------------------- the columns


@pytest.fixture(scope="module")
def mixed():
    """A table with a column of each kind, and what decides over it; 1200 rows."""
    rng = np.random.default_rng(0)
    n = 1200
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "gappy": np.where(np.arange(n) % 5 == 0, np.nan, rng.normal(size=n)),
            "same": 7.0,
            "nothing": None,
            "bit": rng.integers(0, 2, n),
            "pair": rng.integers(1, 3, n),
            "flag": rng.random(n) < 0.5,
            "town": np.where(np.arange(n) % 7 == 0, None, rng.choice(["a", "b"], n)),
            "street": rng.choice([f"street {i}" for i in range(300)], n),
            "one": ["all"] * n,
            "id": [f"row {i}" for i in range(n)],
        }
    )
    number = X["street"].str.removeprefix("street ").astype(int)
    return X, np.where(number < 100, "low", "high")


BECAME = {
    "size": ("number", "", 16, 0, False, False, False, 18),
    "gappy": ("number", "", 16, 0, True, False, False, 19),  # and an indicator
    "same": ("number", "constant", 0, 0, False, False, False, 0),
    "nothing": ("number", "empty", 0, 0, False, False, False, 0),
    "bit": ("flag", "", 0, 0, False, False, False, 1),
    "pair": ("number", "", 0, 0, False, False, False, 1),
    "flag": ("flag", "", 0, 2, False, False, False, 2),
    "town": ("category", "", 0, 2, True, False, False, 3),
    "one": ("category", "constant", 0, 0, False, False, False, 0),
    "id": ("category", "identifier", 0, 0, False, False, False, 0),
}


def test_every_column_is_told_once(mixed):
    encoder = TableEncoder().fit(*mixed)
    frame = encoder.summary().to_frame().set_index("column")
    assert list(frame) == [
        *("kind", "left_out", "bins", "levels", "gaps", "rare_levels", "log_odds", "width")
    ]
    for name, expected in BECAME.items():
        assert tuple(frame.loc[name]) == expected, name
    street = frame.loc["street"]
    assert (street["kind"], street["left_out"], street["bins"]) == ("category", "", 0)
    assert street["rare_levels"] and street["log_odds"] and not street["gaps"]
    names = encoder.get_feature_names_out()
    for name, width in frame["width"].items():  # by the names of what there is
        assert width == sum(n == name or n.startswith(f"{name}_") for n in names), name
    levels = {n for n in names if n.startswith("street_street")}
    assert street["levels"] == len(levels) > 100


LINES = """\
  numbers (3): 'size', 'gappy', 'pair'
  categories (2): 'town', 'street'
  flags (2): 'bit', 'flag'
  left out, constant (2): 'same', 'one'
  left out, empty (1): 'nothing'
  left out, identifier (1): 'id'
  up to 16 bins (2): 'size', 'gappy'
  gaps (2): 'gappy', 'town'
  rare levels (1): 'street'
  log-odds (1): 'street'"""


def test_summary_and_html_open_with_the_table(mixed):
    X, y = mixed
    encoder = TableEncoder().fit(X, y)
    clf = SoftmaxMLPClassifier(2, encoder=encoder, **(SETTINGS | {"max_iter": 2}))
    with pytest.warns(UserWarning):
        clf.fit(X, y)
    n_inputs = len(encoder.get_feature_names_out())
    headline = f"11 columns, encoded as {n_inputs}"
    assert clf.summary().startswith(
        f"SoftmaxMLPClassifier: a table of {headline}\n{LINES}\n1 member, "
    )
    assert encoder.summary() == f"TableEncoder: a table of {headline}\n{LINES}"
    first = next(title for title in tables(clf) if title.startswith("Table: "))
    assert first == f"Table: {headline}"
    shown = tables(clf)[first]
    assert shown[0] == ["What", "Columns", "Which"]
    assert [f"  {what} ({n}): {which}" for what, n, which in shown[1:]] == LINES.splitlines()
    assert clf.summary().to_frame().equals(encoder.summary().to_frame())
    assert f", {n_inputs} -> 2 -> 1, " in clf.summary()


def test_long_tables_are_told_in_short(rng):
    X = rng.normal(size=(30, 3000))
    encoder = TableEncoder().fit(X)
    headline, numbers = encoder.summary().splitlines()
    assert headline == "TableEncoder: a table of 3000 columns, encoded as 3000"
    assert numbers == "  numbers (3000): 'x0', 'x1', 'x2', 'x3', 'x4' and 2995 more"
    assert encoder.summary().to_frame().shape == (3000, 9)


@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_arrays_and_sparse_matrices_are_numbers(encoder, container, rows):
    X, y = rows
    clf = SoftmaxMLPClassifier((), encoder=encoder, **SETTINGS)
    clf.fit(container(X).rename(columns=str) if container is pd.DataFrame else container(X), y)
    names = ["0", "1", "2", "3"] if container is pd.DataFrame else ["x0", "x1", "x2", "x3"]
    frame = clf.summary().to_frame()
    assert list(frame["column"]) == names and set(frame["kind"]) == {"number"}
    assert frame["width"].sum() == clf.coefs_[0].shape[0]
    assert f"\n  numbers (4): {', '.join(map(repr, names))}\n" in clf.summary()


def test_what_is_constant_in_the_first_rows_is_not_left_out(iris):
    X, y = iris
    X = pd.DataFrame(X, columns=list("abcd")).assign(later=None, level="only")
    clf = SoftmaxMLPClassifier(4, random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    frame = clf.summary().to_frame().set_index("column")
    assert set(frame["left_out"]) == {""} and (frame.loc[["later", "level"], "width"] > 0).all()


def test_a_reason_that_many_parameters_share_is_said_once(rows):
    clf = SoftmaxMLPClassifier((), encoder="passthrough", **SETTINGS).fit(*rows)
    text = clf.summary()
    reason = "(solver='lbfgs' is named: scikit-learn's default)"
    assert " ".join(text.split()).count(reason) == 1
    assert max(map(len, text.splitlines())) <= 100
    unbroken = " ".join(text.split())
    named = [name for name in clf.auto_ if name != "solver"]
    choices = ", ".join(f"{name} = {clf.auto_[name]!r}" for name in named)
    assert f"{choices} {reason}" in unbroken
    shown = tables(clf)['What "auto" chose'][2:]
    assert [row[0] for row in shown] == named
    assert [row[2] for row in shown] == [reason.strip("()"), *[""] * (len(named) - 1)]


def test_the_summary_is_a_text_like_any_other(committee):
    text = committee.summary()
    assert isinstance(text, SummaryText) and text == str(text)
    again = pickle.loads(pickle.dumps(text))
    assert again == text and again.to_frame().equals(text.to_frame())


def test_a_missing_pandas_is_named(committee, monkeypatch):
    real = builtins.__import__

    def without_pandas(name, *args, **kwargs):
        if name.split(".")[0] == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    text = committee.summary()
    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(ImportError, match=r"summary\(\).to_frame\(\) requires pandas"):
        text.to_frame()


def test_a_file_from_before_identifiers_were_known(mixed):
    """What is not in the file is not made up."""
    encoder = TableEncoder().fit(*mixed)
    saved = encoder.__getstate__()
    versions = {name: saved.pop(name) for name in ("_skxent_version", "_skxent_format")}
    state = unpack_plain(saved)
    for name in ("_flags", "_identifiers"):
        del state[name]
    again = TableEncoder()
    again.__setstate__(pack_plain(state) | versions)
    frame = again.summary().to_frame().set_index("column")
    assert list(frame.loc[["id", "one"], "left_out"]) == ["constant or identifier"] * 2
    assert frame.loc["bit", "kind"] == "number"
    assert (again.transform(mixed[0]) == encoder.transform(mixed[0])).all()
