"""What predictions look like: shapes, formulas, agreement of the two classes."""

import numpy as np
import pytest
from common import smooth_network
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.metrics import log_loss

from skxent import SigmoidMLPClassifier
from skxent._outputs import Outputs
from skxent.losses import log_softmax, softmax


def test_binary_outputs(breast_cancer):
    X, y = breast_cancer
    clf = smooth_network().fit(X, y)
    z, P = clf.decision_function(X), clf.predict_proba(X)
    assert z.shape == (569,)
    assert P.shape == (569, 2)
    assert clf.n_outputs_ == 1
    assert clf.out_activation_ == "logistic"
    assert_allclose(P[:, 1], expit(z))
    assert_allclose(P.sum(axis=1), 1.0)
    assert_array_equal(clf.predict(X), (z > 0).astype(int))
    assert_allclose(clf.predict_log_proba(X), np.log(P), rtol=1e-9)


def test_the_two_classes_agree_on_binary_targets(breast_cancer):
    X, y = breast_cancer
    softmax_probabilities = smooth_network().fit(X, y).predict_proba(X)
    sigmoid = smooth_network(SigmoidMLPClassifier).fit(X, y)
    assert_allclose(sigmoid.predict_proba(X), softmax_probabilities, atol=1e-10)


def test_multiclass_outputs(iris):
    X, y = iris
    clf = smooth_network().fit(X, y)
    z, P = clf.decision_function(X), clf.predict_proba(X)
    assert z.shape == P.shape == (150, 3)
    assert clf.n_outputs_ == 3
    assert clf.out_activation_ == "softmax"
    assert_allclose(P, softmax(z))
    assert_allclose(clf.predict_log_proba(X), log_softmax(z))
    assert_array_equal(clf.predict(X), z.argmax(axis=1))


def test_logits_are_those_of_the_published_weights(iris):
    X, y = iris
    clf = smooth_network(hidden_layer_sizes=(5, 3)).fit(X, y)
    a = X
    for W, b in zip(clf.coefs_[:-1], clf.intercepts_[:-1], strict=True):
        a = np.tanh(a @ W + b)
    assert_allclose(clf.decision_function(X), a @ clf.coefs_[-1] + clf.intercepts_[-1], rtol=1e-9)
    assert clf.n_layers_ == 4
    assert [W.shape for W in clf.coefs_] == [(4, 5), (5, 3), (3, 3)]


def test_a_row_is_predicted_the_same_alone_and_in_company(digits):
    X, y = digits
    clf = smooth_network(hidden_layer_sizes=17, alpha=10.0).fit(X[:300], y[:300])
    together = clf.decision_function(X)
    for rows in (slice(0, 1), slice(5, 12), slice(1700, None), np.arange(1796, -1, -7)):
        assert_allclose(clf.decision_function(X[rows]), together[rows], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.0, 2.0, 1.5]), np.full(4, 1e308)])
def test_the_loss_of_the_shares_of_the_classes(weights):
    """It is the lowest log loss of one answer for all rows."""
    three = np.array([0, 2, 1, 2])
    w = np.ones(4) if weights is None else weights / weights.max()
    shares = np.average(np.eye(3)[three], axis=0, weights=w)
    expected = log_loss(three, np.tile(shares, (4, 1)), sample_weight=w)
    outputs = Outputs(np.arange(3), 3, exclusive=True)
    assert outputs.prior_loss(three, weights) == pytest.approx(expected)
    assert outputs.prior_loss(np.eye(3)[three], weights) == pytest.approx(expected)
    assert outputs.prior_loss(np.tile(shares, (4, 1)), weights) == pytest.approx(expected)
    several = np.array([[0, 1], [1, 1], [1, 0], [0, 1]])
    each = [log_loss(y, np.full(4, np.average(y, weights=w)), sample_weight=w) for y in several.T]
    two = Outputs(np.arange(2), 1, exclusive=True)
    assert two.prior_loss(several[:, 0], weights) == pytest.approx(each[0])
    labels = Outputs(np.arange(2), 2, exclusive=False)
    assert labels.prior_loss(several, weights) == pytest.approx(sum(each))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_of_several_labels_are_never_0_or_1(dtype):
    outputs = Outputs(np.arange(2), 2, exclusive=False)
    p = outputs.proba(np.array([[200.0, -1e4], [0.0, 40.0]], dtype=dtype))
    assert p.dtype == dtype and (p > 0).all() and (p < 1).all() and p[1, 0] == 0.5
