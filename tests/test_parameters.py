"""Parameters that fit, and those that are refused."""

import numpy as np
import pytest
from common import both_classes, smooth_network
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

from skxent import SoftmaxMLPClassifier, TableEncoder

GOOD_LAYERS = {(): 2, (3,): 3, 3: 3, (4, 3): 4}


@pytest.mark.parametrize("layers", GOOD_LAYERS, ids=str)
def test_hidden_layer_sizes(layers, iris):
    assert smooth_network(hidden_layer_sizes=layers).fit(*iris).n_layers_ == GOOD_LAYERS[layers]


@pytest.mark.parametrize("layers", [[3, 2], np.array([3, 2]), np.int64(3), []])
def test_hidden_layer_sizes_in_other_containers(layers, iris):
    assert smooth_network(hidden_layer_sizes=layers).fit(*iris).score(*iris) > 0.9


def test_one_activation_per_layer(iris):
    X, y = iris
    clf = smooth_network(hidden_layer_sizes=(5, 4), activation=("relu", "tanh")).fit(X, y)
    a = np.maximum(X @ clf.coefs_[0] + clf.intercepts_[0], 0.0)
    a = np.tanh(a @ clf.coefs_[1] + clf.intercepts_[1])
    assert_allclose(clf.decision_function(X), a @ clf.coefs_[2] + clf.intercepts_[2], rtol=1e-9)
    with pytest.raises(ValueError, match="activation"):
        smooth_network(hidden_layer_sizes=(5, 4), activation=("relu",)).fit(X, y)


@pytest.mark.parametrize(
    "init",
    [
        ([np.zeros((4, 4)), np.zeros((4, 2))], [np.zeros(4), np.zeros(3)]),
        ([np.zeros((4, 4))], [np.zeros(4)]),
        ([np.zeros((4, 4)), np.zeros((4, 3))], [np.zeros(4)]),
        ([np.full((4, 4), np.nan), np.zeros((4, 3))], [np.zeros(4), np.zeros(3)]),
        "glorious_uniform",
        (1, 2, 3),
    ],
)
def test_bad_init(init, iris):
    with pytest.raises((ValueError, TypeError), match="init"):
        smooth_network(init=init).fit(*iris)


BAD_PARAMETERS = [
    ("hidden_layer_sizes", -1),
    ("hidden_layer_sizes", (5, -2)),
    ("hidden_layer_sizes", (5, 0)),
    ("hidden_layer_sizes", "wide"),
    ("activation", "swish"),
    ("activation", ("relu", "swish")),
    ("solver", "newton"),
    ("alpha", -1.0),
    ("batch_size", 0),
    ("learning_rate", "falling"),
    ("learning_rate_init", 0.0),
    ("power_t", -1.0),
    ("max_iter", 0),
    ("max_iter", -3),
    ("tol", -1e-4),
    ("momentum", 1.5),
    ("validation_fraction", 1.0),
    ("beta_1", 1.0),
    ("beta_2", 1.0),
    ("epsilon", 0.0),
    ("n_iter_no_change", 0),
    ("max_fun", 0),
    ("loss", "hinge"),
    ("dropout", 1.0),
    ("label_smoothing", 1.5),
    ("weight_decay", -0.1),
    ("encoder", "one_hot"),
    ("n_members", 0),
    ("calibration", "isotone"),
    ("random_state", "seed"),
    ("shuffle", "yes"),
]


@both_classes
@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS)
def test_bad_parameters(Classifier, name, value, breast_cancer):
    params = {"solver": "adam", "encoder": "passthrough", name: value}
    with pytest.raises(ValueError, match=name) as error:
        Classifier(**params).fit(*breast_cancer)
    if not isinstance(value, tuple):
        assert isinstance(error.value, InvalidParameterError)


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "bfgs", "cg", "tnc", "gradient_descent"])
def test_full_batch_solvers_have_no_partial_fit(Classifier, solver):
    assert not hasattr(Classifier(solver=solver), "partial_fit")


@both_classes
@pytest.mark.parametrize("solver", ["auto", "sgd", "adam", "adamw"])
def test_mini_batch_solvers_have_partial_fit(Classifier, solver):
    assert hasattr(Classifier(solver=solver), "partial_fit")


def test_parameters_that_nothing_would_heed(iris):
    X, y = iris
    with pytest.raises(ValueError, match="groups are for a splitter"):
        SoftmaxMLPClassifier().fit(X, y, groups=y)
    for encoder in ("passthrough", TableEncoder()):
        with pytest.raises(ValueError, match="categorical_features=.* is for encoder='auto'"):
            SoftmaxMLPClassifier(encoder=encoder, categorical_features=[0]).fit(X, y)
        smooth_network(encoder=encoder, categorical_features=None).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        smooth_network(max_iter=3, learning_rate="cosine").fit(X, y)
