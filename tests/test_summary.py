"""The summary and the HTML view in notebooks, by what a reader finds there."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder
from skxent._summary import Choice, Layer, Summary

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
    choices = {choice.parameter: choice for choice in clf._summary.choices}
    assert f"{n_rows} rows" in choices["solver"].why
    assert len({choice.why for choice in choices.values()}) == len(choices)
    for name, threshold in (("alpha", 1000), ("batch_size", 3000), ("n_iter_no_change", 1000)):
        assert str(threshold) in choices[name].why
        assert str(choices[name].chosen).removesuffix(".0") in choices[name].why or name == "alpha"
    assert (choices["alpha"].chosen == 3.0) == ("or more" in choices["alpha"].why)


def test_what_auto_chose_and_why_is_what_the_summary_prints(committee):
    found = tables(committee)['What "auto" chose']
    assert found[0] == ["Parameter", "Chosen", "Why"]
    assert [row[0] for row in found[1:]] == list(committee.auto_)
    assert [row[1] for row in found[1:]] == [repr(value) for value in committee.auto_.values()]
    headline, *lines = committee.summary().splitlines()
    assert lines == [f"  {name} = {value}  ({why})" for name, value, why in found[1:]]
    (title,) = (title for title in tables(committee) if title.startswith("Layers: "))
    assert headline == title.replace("Layers", "SoftmaxMLPClassifier")
    assert "3 member(s), 4 -> 5 -> 3 -> 3, 165 parameters, temperature " in headline
    assert "90 rows" in found[1][2]


def test_a_named_solver_and_no_hidden_layer(rows):
    linear = SoftmaxMLPClassifier((), encoder="passthrough", **SETTINGS).fit(*rows)
    assert layers(linear) == [["1", "4", "3", "softmax", "15"]]
    assert tables(linear)['What "auto" chose'][1] == ["solver", "'lbfgs'", "as given"]


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
        n_members=1,
        layers=(Layer(1, 2, EVIL),),
        temperature=1.0,
        choices=(Choice(EVIL, EVIL, EVIL),),
    )
    page = Tables(summary.html())
    assert page.tags == {"div", "details", "summary", "table", "tbody", "tr", "th", "td"}
    assert page.found['What "auto" chose'][1] == [EVIL, repr(EVIL), EVIL]
    assert summary.text().startswith(EVIL)


def test_what_is_kept_from_an_earlier_fit_is_said_to_be(iris):
    X, y = iris
    clf = SoftmaxMLPClassifier(warm_start=True, max_iter=2, random_state=0).fit(X, y)
    summary = clf.partial_fit(X, y).summary()
    assert "n_members = 8  (as it was, since training goes on)" in summary
    assert "hidden_layer_sizes = (128, 128)  (partial_fit:" in summary  # as for a first call
    summary = clf.fit(X[::5], y[::5]).summary()
    assert "hidden_layer_sizes = (128, 128)  (as it was, since training goes on)" in summary
    assert "solver = 'lbfgs'  (fewer than 60 rows" in summary
