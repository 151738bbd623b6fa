"""What predictions look like: shapes, formulas, agreement of the two classes."""

import numpy as np
from common import smooth_network
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from skxent import SigmoidMLPClassifier
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
