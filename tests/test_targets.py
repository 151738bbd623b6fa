"""Labels of every type, multilabel indicators, and targets that are none."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from common import both_classes, smooth_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import DataConversionWarning

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier

LABELS = {
    "strings": np.array(["setosa", "versicolor", "virginica"]),
    "objects": np.array(["setosa", "versicolor", "virginica"], dtype=object),
    "integers with gaps": np.array([-7, 0, 1000]),
    "small integers": np.array([3, 4, 200], dtype=np.uint8),
    "floats that are integers": np.array([1.0, 2.0, 5.0]),
    "unsorted": np.array(["z", "a", "m"]),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_labels_of_every_type(kind, solver, iris):
    X, codes = iris
    y = LABELS[kind][codes]
    clf = smooth_network(solver=solver, learning_rate_init=0.01).fit(X, y)
    assert_array_equal(clf.classes_, np.unique(y))
    assert clf.classes_.dtype == y.dtype
    predicted = clf.predict(X)
    assert predicted.dtype == y.dtype
    assert set(predicted) <= set(y)
    assert clf.score(X, y) > 0.95
    columns = np.searchsorted(clf.classes_, y)
    assert_array_equal(
        clf.predict_proba(X).argmax(axis=1), np.searchsorted(clf.classes_, predicted)
    )
    assert (clf.predict_proba(X).argmax(axis=1) == columns).mean() > 0.95


@both_classes
@pytest.mark.parametrize(
    "labels",
    [
        np.array([False, True]),
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([-1, 1]),
        np.array([5, 17]),
    ],
    ids=lambda labels: f"{labels.dtype}-{labels[1]}",
)
def test_two_labels_of_every_type(Classifier, labels, breast_cancer):
    X, codes = breast_cancer
    clf = smooth_network(Classifier).fit(X, labels[codes])
    assert_array_equal(clf.classes_, labels)
    assert clf.predict(X).dtype == labels.dtype
    assert clf.score(X, labels[codes]) > 0.95
    # the same numbers, whatever the classes are called
    assert_array_equal(
        clf.predict_proba(X), smooth_network(Classifier).fit(X, codes).predict_proba(X)
    )


def test_labels_in_lists_and_series(iris):
    pd = pytest.importorskip("pandas")
    X, codes = iris
    names = LABELS["strings"][codes]
    expected = smooth_network().fit(X, names).predict(X)
    for y in (names.tolist(), pd.Series(names), pd.Series(names).astype("category")):
        assert_array_equal(smooth_network().fit(X, y).predict(X), expected)


def test_labels_in_polars_series(iris):
    pl = pytest.importorskip("polars")
    X, codes = iris
    names = LABELS["strings"][codes]
    assert_array_equal(
        smooth_network().fit(X, pl.Series(names.tolist())).predict(X),
        smooth_network().fit(X, names).predict(X),
    )


@both_classes
def test_column_vector_of_labels_warns_as_scikit_learn_does(Classifier, breast_cancer):
    X, y = breast_cancer
    with pytest.warns(DataConversionWarning, match="column-vector"):
        clf = smooth_network(Classifier).fit(X, y[:, None])
    assert_array_equal(clf.predict(X), smooth_network(Classifier).fit(X, y).predict(X))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csr_array, list])
def test_multilabel_indicators(container, multilabel):
    X, Y = multilabel
    target = Y.tolist() if container is list else container(Y)
    clf = smooth_network(SigmoidMLPClassifier).fit(X, target)
    assert clf.out_activation_ == "logistic"
    assert clf.n_outputs_ == 2
    assert_array_equal(clf.classes_, [0, 1])
    predicted = clf.predict(X)
    predicted = predicted.toarray() if sp.issparse(predicted) else predicted
    assert predicted.shape == Y.shape
    assert (predicted == Y).mean() > 0.95
    assert clf.predict_proba(X).shape == clf.decision_function(X).shape == Y.shape
    assert_array_equal(predicted, clf.predict_proba(X) > 0.5)
    assert_allclose(clf.predict_log_proba(X), np.log(clf.predict_proba(X)), rtol=1e-9)
    assert clf.score(X, Y) == (predicted == Y).all(axis=1).mean()  # subset accuracy


def test_sigmoid_classifier_refuses_many_classes(iris):
    with pytest.raises(ValueError, match="SoftmaxMLPClassifier"):
        smooth_network(SigmoidMLPClassifier).fit(*iris)


def test_softmax_classifier_refuses_multilabel_and_says_why(multilabel):
    with pytest.raises(ValueError, match="SigmoidMLPClassifier") as error:
        smooth_network().fit(*multilabel)
    assert re.search("sum|independent", str(error.value))


@both_classes
def test_multilabel_through_partial_fit(Classifier, multilabel):
    X, Y = multilabel
    clf = smooth_network(Classifier, solver="adam", learning_rate_init=0.02)
    if Classifier is SoftmaxMLPClassifier:
        with pytest.raises(ValueError, match="SigmoidMLPClassifier"):
            clf.partial_fit(X, Y, classes=[0, 1])
        return
    for _ in range(60):
        clf.partial_fit(X, Y, classes=[0, 1])
    assert clf.score(X, Y) > 0.9


@pytest.mark.parametrize("missing", [None, pd.NA, pd.NaT])
@pytest.mark.parametrize("Classifier", [SoftmaxMLPClassifier, SigmoidMLPClassifier])
def test_missing_labels_are_named(Classifier, missing):
    y = np.array(["yes", "no", missing, "no"], dtype=object)
    with pytest.raises(ValueError, match="Input y contains missing values"):
        Classifier().fit(np.arange(4.0)[:, None], y)


@both_classes
def test_partial_fit_wants_classes_first(Classifier, breast_cancer):
    with pytest.raises(ValueError, match="classes"):
        smooth_network(Classifier, solver="adam").partial_fit(*breast_cancer)


@both_classes
def test_partial_fit_refuses_unseen_classes(Classifier, breast_cancer):
    X, y = breast_cancer
    clf = smooth_network(Classifier, solver="sgd")
    with pytest.raises(ValueError, match="class"):
        clf.partial_fit(X, y + 1, classes=[0, 1])
    clf.partial_fit(X, y, classes=[0, 1])
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match="class"):
        clf.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="classes"):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    assert_array_equal(clf.predict_proba(X), before)


def test_shares_are_no_multilabel_targets(multilabel):
    X, Y = multilabel
    for y in (Y * 0.5, Y * 3):
        with pytest.raises(ValueError, match="holds 0 and 1 only"):
            smooth_network(SigmoidMLPClassifier).fit(X, y)


def test_indicators_that_are_objects_say_what_to_make_of_them(multilabel):
    X, Y = multilabel
    with pytest.raises(ValueError, match=r"numbers as objects \(int\).*y.astype\(int\)"):
        smooth_network(SigmoidMLPClassifier).fit(X, Y.astype(int).astype(object))


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[s]"])
def test_a_date_that_is_missing_is_no_class(dtype, iris):
    X, codes = iris
    y = np.array([0, 1, "NaT"], dtype=dtype)[codes]
    with pytest.raises(ValueError, match="missing values"):
        smooth_network().fit(X, y)
