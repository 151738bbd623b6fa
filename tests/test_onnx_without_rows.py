"""An ONNX model of what the estimator saw in fit, without rows, is that with rows."""

import numpy as np
import pytest
from common import SMALL
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skxent import SoftmaxMLPClassifier, TableEncoder

pd = pytest.importorskip("pandas")
onnx = pytest.importorskip("onnx")
pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from test_onnx import labels, loaded, table  # noqa: E402
from test_onnx_others import AROUND, LABELS  # noqa: E402

from skxent.onnx import feed, to_onnx  # noqa: E402


def types_of(session):
    return {given.name: given.type for given in session.get_inputs()}


def assert_same_without_rows(estimator, X):
    bare, usual = loaded(to_onnx(estimator)), loaded(to_onnx(estimator, X))
    assert types_of(bare) == types_of(usual)
    assert bare.get_modelmeta().custom_metadata_map == usual.get_modelmeta().custom_metadata_map
    for a, b in zip(bare.run(None, feed(bare, X)), usual.run(None, feed(usual, X)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_kind_of_column(rng):
    X = table(rng, 300)
    y = labels(X, rng)
    X = X.drop(columns="single")  # of single precision: below
    assert_same_without_rows(SoftmaxMLPClassifier(**SMALL).fit(X, y), X)
    assert_same_without_rows(TableEncoder().fit(X, y), X)
    X = X[["number", "category"]]
    linear = make_pipeline(TableEncoder(), LogisticRegression(max_iter=1000)).fit(X, y)
    assert_same_without_rows(linear, X)


@pytest.mark.parametrize("name", AROUND)
def test_around(name, iris):
    """Where an estimator of scikit-learn's reads the table, the message asks for rows."""
    X, y = iris
    estimator = clone(AROUND[name]).fit(X, np.asarray(LABELS["three"])[y])
    of_others = ("union", "columns", "selection", "elimination", "search in a search")
    others_read = name in of_others or "pipeline" in name
    if others_read:
        with pytest.raises(ValueError, match=r"Give some rows: to_onnx\(estimator, X\)"):
            to_onnx(estimator)
    else:
        assert_same_without_rows(estimator, X)


def test_matrices(iris, rng):
    X, y = iris
    for settings in ({}, {"encoder": "passthrough"}):
        assert_same_without_rows(SoftmaxMLPClassifier(**SMALL, **settings).fit(X, y), X)
    texts = rng.choice(np.array(["a", "b"], dtype=object), (150, 2))
    assert_same_without_rows(SoftmaxMLPClassifier(**SMALL).fit(texts, y), texts)
    mixed = SoftmaxMLPClassifier(**SMALL).fit(np.column_stack([X.astype(object), texts]), y)
    with pytest.raises(ValueError, match="Give X as a DataFrame"):
        to_onnx(mixed)


def test_numbers_are_of_double_precision(iris):
    """What single precision was read in fit is not known any more; it goes in as it is."""
    X, y = iris
    X = X.astype(np.float32)
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    session = loaded(to_onnx(estimator))
    assert types_of(session) == {"X": "tensor(double)"}
    found = session.run(None, feed(session, X))[1]
    np.testing.assert_allclose(found, estimator.predict_proba(X), rtol=0, atol=1e-6)


def test_saved_in_one_line(iris, tmp_path):
    X, y = iris
    estimator = SoftmaxMLPClassifier(**SMALL).fit(X, y)
    onnx.save(to_onnx(estimator), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    np.testing.assert_array_equal(session.run(["label"], {"X": X})[0], estimator.predict(X))
