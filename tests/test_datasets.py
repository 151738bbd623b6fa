"""The sample of public data is what its documentation says, and is read as it is."""

import numpy as np
import pytest

from skxent import SoftmaxMLPClassifier
from skxent.datasets import load_adult


def test_the_table():
    pytest.importorskip("pandas")
    data = load_adult()
    X, y = data.data, data.target
    assert data.frame.shape == (6000, 14) and X.shape == (6000, 13) and y.name == "income"
    assert [*X] == data.feature_names
    assert data.target_names.tolist() == ["<=50K", ">50K"]
    assert y.value_counts().to_dict() == {"<=50K": 4596, ">50K": 1404}
    numbers = X.select_dtypes("number")
    assert [*numbers] == [
        *("age", "education_num", "capital_gain", "capital_loss", "hours_per_week")
    ]
    assert numbers.isna().sum().sum() == 0 and numbers["age"].between(17, 90).all()
    gaps = X.isna().sum()
    assert gaps[gaps > 0].index.tolist() == ["workclass", "occupation", "native_country"]
    assert gaps.sum() == 792 and "?" not in X["occupation"].unique()
    assert "CC BY 4.0" in data.DESCR


def test_arrays():
    X, y = load_adult(return_X_y=True, as_frame=False)
    assert X.shape == (6000, 13) and X.dtype == object and isinstance(X[0, 0], int)
    assert sum(value is None for value in X.ravel()) == 792
    pytest.importorskip("pandas")
    frame, target = load_adult(return_X_y=True)
    assert frame.shape == X.shape and (target == y).all()
    np.testing.assert_array_equal(frame["age"], X[:, 0].astype(int))


def test_it_is_learnt():
    """Better than the shares of the classes, by far; from the texts too."""
    X, y = load_adult(return_X_y=True, as_frame=False)
    model = SoftmaxMLPClassifier(n_members=2, max_iter=10, random_state=0).fit(X[:2000], y[:2000])
    assert model.score(X[2000:], y[2000:]) > 0.83
    texts = SoftmaxMLPClassifier(n_members=2, max_iter=10, random_state=0)
    assert texts.fit(X[:2000, [5]], y[:2000]).score(X[2000:, [5]], y[2000:]) > 0.75
