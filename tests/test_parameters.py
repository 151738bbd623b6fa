"""Parameters that fit, and those that are refused."""

import re
import warnings

import numpy as np
import pytest
import sklearn
from common import SMALL, both_classes, smooth_network, stopping_short
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import InvalidParameterError

from skxent import SoftmaxMLPClassifier, TableEncoder
from skxent._threads import effective_n_jobs

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


@pytest.mark.parametrize("init", [(), (1, 2), (None, None), ([np.zeros((4, 4))], None)], ids=str)
def test_init_is_a_pair_of_lists(init, iris):
    types = ", ".join(type(item).__name__ for item in init)
    with pytest.raises(ValueError, match=rf"a pair \(coefs, intercepts\).* got \({types}\)"):
        smooth_network(init=init).fit(*iris)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_layer_sizes", {4, 3}),
        ("hidden_layer_sizes", {}),
        ("hidden_layer_sizes", np.array(5)),
        ("hidden_layer_sizes", [[4, 3]]),
        ("hidden_layer_sizes", [[4], [4, 3]]),
        ("activation", {"relu", "tanh"}),
        ("activation", np.array("relu")),
        ("dropout", {0.1, 0.2}),
        ("dropout", np.array(0.1)),
    ],
)
def test_what_has_no_order_is_refused_where_layers_have_one(name, value, iris):
    params = {"hidden_layer_sizes": (4, 3), "solver": "adam", name: value}
    with pytest.raises(ValueError, match=f"(?s){name} must be .*[Gg]ot .*{re.escape(repr(value))}"):
        SoftmaxMLPClassifier(**params).fit(*iris)


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
    for validation in ({}, {"X_val": X, "y_val": y}):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            SoftmaxMLPClassifier(cv=3).fit(X, y, groups=y[1:], **validation)
    for encoder in ("passthrough", TableEncoder()):
        with pytest.raises(ValueError, match="categorical_features=.* is for encoder='auto'"):
            SoftmaxMLPClassifier(encoder=encoder, categorical_features=[0]).fit(X, y)
        smooth_network(encoder=encoder, categorical_features=None).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        smooth_network(max_iter=3, learning_rate="cosine").fit(X, y)


# ---- parameters without a use


@pytest.mark.parametrize(
    ("params", "n_rows", "told"),
    [
        (
            {"learning_rate_init": 0.01, "batch_size": 8},
            40,
            ["batch_size=8.*'lbfgs'", "rate_init"],
        ),
        ({"weight_decay": 0.1}, 40, ["weight_decay by 'adamw'"]),
        ({"shuffle": False, "learning_rate": "cosine"}, 40, ["shuffle=False"]),
        ({"momentum": 0.5}, 80, ["momentum=0.5.*'adamw'.*momentum by 'sgd'"]),
        ({"max_fun": 99}, 80, ["max_fun by 'lbfgs'"]),
        ({"power_t": 0.3}, 80, ["power_t with learning_rate='invscaling'"]),
        ({"validation_fraction": 0.3}, 80, ["validation_fraction=0.3.*n_members=1"]),
        ({"scoring": "accuracy"}, 40, ["scoring with early_stopping=True"]),
    ],
)
def test_one_warning_names_what_has_no_use(params, n_rows, told):
    X, y = np.random.default_rng(0).normal(size=(n_rows, 2)), np.arange(n_rows) % 2
    with pytest.warns(UserWarning, match="Not used") as caught:
        SoftmaxMLPClassifier(**SMALL | params).fit(X, y)
    (warning,) = [w for w in caught if "Not used" in str(w.message)]
    assert warning.filename == __file__
    for text in told:
        assert re.search(text, str(warning.message))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"momentum": 0.9, "max_fun": 15000, "batch_size": "auto"},
        {"solver": "lbfgs", "learning_rate_init": 0.01, "momentum": 0.5},
        {"validation_fraction": 0.3, "n_members": 1, "early_stopping": True, "scoring": "accuracy"},
    ],
)
@pytest.mark.parametrize("n_rows", [40, 80])
def test_defaults_and_what_goes_with_a_named_solver_are_no_reason_to_warn(params, n_rows):
    X, y = np.random.default_rng(0).normal(size=(n_rows, 2)), np.arange(n_rows) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        SoftmaxMLPClassifier(**SMALL | params).fit(X, y)


# ---- metadata routing


def test_validation_rows_and_groups_are_not_routed_unless_asked_for():
    X, y = np.random.default_rng(0).normal(size=(90, 2)), np.arange(90) % 2
    groups, seen = np.arange(90) // 5, []

    class Groups(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y, groups)

    with sklearn.config_context(enable_metadata_routing=True):
        clf = SoftmaxMLPClassifier(**SMALL)
        routed = clf.get_metadata_routing().fit.requests
        assert routed == {"sample_weight": None} | dict.fromkeys(
            ["X_val", "y_val", "sample_weight_val", "groups"], False
        )
        search = GridSearchCV(clf, {"alpha": [1.0]}, cv=GroupKFold(3))
        assert search.fit(X, y, groups=groups).n_splits_ == 3
        search.set_params(estimator=clf.set_params(cv=Groups(2)).set_fit_request(groups=True))
        search.fit(X, y, groups=groups)
        assert len(seen) == 4 and all(g is not None for g in seen)  # three folds, and the whole
        with pytest.raises(TypeError, match="X_val"):
            search.fit(X, y, groups=groups, X_val=X)


def test_max_fun_is_an_int_of_c(iris):
    with pytest.raises(ValueError, match="'max_fun' .* must be an int in the range"):
        SoftmaxMLPClassifier(solver="lbfgs", max_fun=2**31).fit(*iris)


@pytest.mark.parametrize("value", ["\u00b2", "two", "-1", ""])
def test_an_environment_that_names_no_number_of_threads(value, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    every = effective_n_jobs(None)
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert effective_n_jobs(None) == every


@stopping_short
@both_classes
@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu", "identity"])
def test_initial_weights_are_those_of_scikit_learn(Classifier, activation, iris, breast_cancer):
    X, y = iris if Classifier is SoftmaxMLPClassifier else breast_cancer
    params = dict(
        hidden_layer_sizes=(5, 4), activation=activation, solver="sgd", learning_rate_init=1e-12,
        max_iter=1, random_state=3,
    )  # fmt: skip
    ours = Classifier(**params, encoder="passthrough").fit(X, y)
    theirs = MLPClassifier(**params).fit(X, y)
    for one, other in zip(
        [*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True
    ):
        assert_allclose(one, other, atol=1e-6)
