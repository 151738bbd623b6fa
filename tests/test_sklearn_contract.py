"""What scikit-learn expects of a classifier, and the tools of scikit-learn at work on ours."""

import os
import pickle
import subprocess
import sys
import warnings
from unittest import SkipTest

import joblib
import numpy as np
import pytest
import sklearn
from common import CLASSES, SOLVERS, both_classes, smooth_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    train_test_split,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.fixes import parse_version

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder

since_1_8 = pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.8"), reason="new in scikit-learn 1.8"
)

# Left out of check_estimator by scikit-learn, and expected of its own estimators
CHECKS_BY_HAND = (
    "param_validation",
    "dataframe_column_names_consistency",
    "inplace_ensure_writeable",
)


def checked_estimators():
    """Both classes as they are, and with every solver."""
    for Classifier in CLASSES:
        yield Classifier()
        for solver in SOLVERS:
            # BFGS keeps a matrix of the size of the parameters squared
            layers = (8,) if solver in ("bfgs", "cg") else (30,)
            params = {"hidden_layer_sizes": layers, "solver": solver}
            if solver == "tnc":
                # it takes second derivatives from differences of gradients, so that its steps
                # magnify rounding: weights equal repeated rows where it ends, in one sharp minimum
                # without an encoder: numbers that enter twice make it flat
                params |= {"hidden_layer_sizes": (), "alpha": 100.0, "tol": 1e-10}
                params["encoder"] = "passthrough"
            elif solver in ("gradient_descent", "sgd"):
                params["learning_rate_init"] = 0.05
            elif solver in ("adam", "adamw"):
                params["learning_rate_init"] = 0.01
            yield Classifier(**params)


def checks():
    """Every (estimator, check) of scikit-learn, those it leaves out included."""
    for estimator in checked_estimators():
        label = f"{type(estimator).__name__}-{estimator.solver}"
        seen = {}
        for instance, check in estimator_checks.estimator_checks_generator(estimator):
            name = getattr(check, "func", check)
            while hasattr(name, "func"):
                name = name.func
            seen[name.__name__] = seen.get(name.__name__, 0) + 1
            yield pytest.param(
                instance, check, id=f"{label}-{name.__name__[6:]}-{seen[name.__name__]}"
            )
        for name in CHECKS_BY_HAND:
            check = getattr(estimator_checks, f"check_{name}")

            def by_hand(instance, check=check):
                check(type(instance).__name__, instance)

            yield pytest.param(estimator, by_hand, id=f"{label}-{name}")


def run_check(estimator, check):
    """Run a check; a skip counts as a failure unless it is the array API's, not asked for."""
    with warnings.catch_warnings():
        # as scikit-learn's own run of these checks: few iterations on noise do not converge
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            check(clone(estimator))
        except SkipTest as reason:
            if "SCIPY_ARRAY_API" in str(reason) and not os.environ.get("SCIPY_ARRAY_API"):
                pytest.skip(str(reason))
            raise AssertionError(f"skipped: {reason}") from reason


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_estimator_checks(estimator, check):
    run_check(estimator, check)


def test_nothing_is_left_to_excuse():
    """check_estimator as users call it, with nothing expected to fail."""
    for Classifier in CLASSES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sklearn.exceptions.SkipTestWarning)
            # on the noise of some checks 200 iterations are not enough, nor are they scikit-learn's
            warnings.simplefilter("ignore", ConvergenceWarning)
            results = estimator_checks.check_estimator(Classifier(solver="lbfgs"))
        assert {result["status"] for result in results} <= {"passed", "skipped"}
        skipped = [result for result in results if result["status"] == "skipped"]
        assert all("array_api" in result["check_name"] for result in skipped), skipped


ARRAY_API_SCRIPT = """
import sys, warnings
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator
sys.path.insert(0, sys.argv[1])
from test_sklearn_contract import checked_estimators
warnings.simplefilter("error")
warnings.simplefilter("ignore", ConvergenceWarning)
for estimator in checked_estimators():
    if estimator.solver not in ("auto", "lbfgs", "adam"):
        continue
    results = check_estimator(estimator, on_fail=None)
    for result in results:
        if result["status"] != "passed":
            print(estimator, result["check_name"], result["status"], repr(result["exception"]))
    assert any("array_api" in result["check_name"] for result in results)
print("done")
"""


@since_1_8
@pytest.mark.skipif(
    bool(os.environ.get("SCIPY_ARRAY_API")), reason="this whole run is already the other one"
)
def test_estimator_checks_with_array_api(tmp_path):
    """In a process of its own: the variable is read when SciPy is imported."""
    run = subprocess.run(
        [sys.executable, "-c", ARRAY_API_SCRIPT, os.path.dirname(__file__)],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["done"], run.stdout + run.stderr


# ---- The drop-in promise: names, defaults


@both_classes
def test_every_parameter_of_mlpclassifier_is_there(Classifier):
    assert set(MLPClassifier().get_params()) <= set(Classifier().get_params())


@both_classes
def test_positional_parameters_are_those_of_mlpclassifier(Classifier):
    clf = Classifier((7, 5), "tanh")
    assert clf.hidden_layer_sizes == (7, 5)
    assert clf.activation == "tanh"
    with pytest.raises(TypeError):
        Classifier((7, 5), "tanh", "adam")


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("early_stopping", [False, True])
@both_classes
def test_every_fitted_attribute_of_mlpclassifier_is_there(
    Classifier, solver, early_stopping, breast_cancer
):
    X, y = breast_cancer
    params = dict(
        hidden_layer_sizes=4,
        solver=solver,
        early_stopping=early_stopping,
        alpha=1.0,
        max_iter=400,
        learning_rate_init=0.01,
        random_state=0,
    )
    theirs = MLPClassifier(**params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs.fit(X, y)
    ours = Classifier(encoder="passthrough", **params).fit(X, y)
    expected = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    missing = {name for name in expected if not hasattr(ours, name)}
    assert not missing
    assert ours.n_layers_ == theirs.n_layers_ == 3
    assert ours.n_outputs_ == theirs.n_outputs_ == 1
    assert ours.out_activation_ == theirs.out_activation_ == "logistic"
    assert ours.n_features_in_ == 30
    assert [W.shape for W in ours.coefs_] == [W.shape for W in theirs.coefs_]
    assert [b.shape for b in ours.intercepts_] == [b.shape for b in theirs.intercepts_]
    assert isinstance(ours.coefs_, list)
    assert isinstance(ours.loss_curve_, list)
    assert isinstance(ours.loss_, float)
    assert isinstance(ours.n_iter_, int)
    if solver != "lbfgs":
        assert len(ours.loss_curve_) == ours.n_iter_
        n_training_rows = 512 if early_stopping else 569
        assert ours.t_ == ours.n_iter_ * n_training_rows


# ---- Tools of scikit-learn, each on real data


def network(Classifier=SoftmaxMLPClassifier, **params):
    """A small network that converges, behind the encoder that a table has by default."""
    return smooth_network(Classifier, **{"encoder": "auto"} | params)


def test_defaults_learn_real_data(wine):
    X_train, X_test, y_train, y_test = train_test_split(*wine, stratify=wine[1], random_state=0)
    clf = SoftmaxMLPClassifier(random_state=0).fit(X_train, y_train)
    assert clf.score(X_test, y_test) > 0.9
    assert log_loss(y_test, clf.predict_proba(X_test)) < 0.3


@both_classes
def test_pipeline(Classifier, breast_cancer):
    X, y = breast_cancer
    X = 1000.0 * X + 5.0
    model = make_pipeline(StandardScaler(), network(Classifier)).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.94
    assert model.predict_proba(X[1::2]).shape == (284, 2)
    assert model.decision_function(X[1::2]).shape == (284,)
    assert_array_equal(model.classes_, [0, 1])


def test_grid_search(iris):
    search = GridSearchCV(
        network(tol=1e-2),
        [
            {
                "hidden_layer_sizes": [(), 3, (4, 3)],
                "activation": ["relu", "gelu"],
                "alpha": [0.1, 10.0],
            },
            {"solver": ["bfgs", "adam"], "learning_rate_init": [0.02], "alpha": [0.1]},
        ],
        scoring="neg_log_loss",
        n_jobs=2,
        cv=3,
    )
    search.fit(*iris)
    assert len(search.cv_results_["params"]) == 14
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > -0.2
    assert search.best_estimator_.n_layers_ >= 2


def test_randomized_search_over_plain_integers(iris):
    """Depth and width are searched with integers, without tuples."""
    search = RandomizedSearchCV(
        network(),
        {"hidden_layer_sizes": range(1, 9), "alpha": np.geomspace(0.01, 10, 50)},
        n_iter=5,
        cv=3,
        random_state=0,
    )
    search.fit(*iris)
    assert isinstance(search.best_params_["hidden_layer_sizes"], (int, np.integer))


def test_halving_grid_search(digits):
    X, y = digits
    search = HalvingGridSearchCV(
        network(hidden_layer_sizes=10, max_iter=3000),
        {"alpha": [0.1, 1.0, 10.0], "activation": ["tanh", "relu"]},
        cv=3,
        min_resources=150,
        max_resources=600,
        factor=2,
        random_state=0,
    )
    search.fit(X, y)
    assert search.n_iterations_ == 3
    assert search.best_score_ > 0.85


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_halving_grid_search_over_iterations(iris):
    search = HalvingGridSearchCV(
        network(solver="adam", learning_rate_init=0.01),
        {"alpha": [0.1, 10.0], "activation": ["tanh", "relu"]},
        resource="max_iter",
        min_resources=20,
        max_resources=80,
        factor=2,
        cv=3,
        random_state=0,
    )
    search.fit(*iris)
    assert search.n_resources_ == [20, 40, 80]
    assert search.best_estimator_.n_iter_ <= 80


@both_classes
def test_cross_val_score(Classifier, breast_cancer):
    scores = cross_val_score(network(Classifier), *breast_cancer, scoring="neg_log_loss", cv=3)
    assert scores.shape == (3,)
    assert scores.min() > -0.2


def test_cross_val_predict_and_learning_curve(iris):
    X, y = iris
    P = cross_val_predict(network(), X, y, cv=3, method="predict_proba")
    assert P.shape == (150, 3)
    assert log_loss(y, P) < 0.2
    sizes, train_scores, _ = learning_curve(
        network(), X, y, cv=3, train_sizes=[30, 90], shuffle=True, random_state=0
    )
    assert sizes.tolist() == [30, 90]
    assert train_scores.min() > 0.9


@both_classes
@pytest.mark.parametrize(
    "method", ["sigmoid", "isotonic", pytest.param("temperature", marks=since_1_8)]
)
def test_calibrated_classifier(Classifier, method, breast_cancer):
    X, y = breast_cancer
    model = CalibratedClassifierCV(network(Classifier), method=method, cv=3).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.93
    if method != "isotonic":  # which gives probabilities of 0
        assert log_loss(y[1::2], model.predict_proba(X[1::2])) < 0.25


@since_1_8
def test_temperature_calibration_of_many_classes(iris):
    X, y = iris
    model = CalibratedClassifierCV(network(), method="temperature", cv=3).fit(X, y)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert log_loss(y, model.predict_proba(X)) < 0.2


@both_classes
def test_bagging(Classifier, breast_cancer):
    X, y = breast_cancer
    model = BaggingClassifier(
        network(Classifier), n_estimators=4, max_features=0.7, random_state=0, n_jobs=2
    ).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.93


@both_classes
def test_adaboost(Classifier, breast_cancer):
    X, y = breast_cancer
    # AdaBoost's weights have the sum 1, so alpha counts as for one row
    weak = network(Classifier, hidden_layer_sizes=(), alpha=0.1)
    model = AdaBoostClassifier(weak, n_estimators=4, random_state=0).fit(X[::2], y[::2])
    assert len(model.estimators_) == 4
    assert model.score(X[1::2], y[1::2]) > 0.93


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_voting(voting, iris):
    X, y = iris
    model = VotingClassifier(
        [("network", network()), ("linear", LogisticRegression())], voting=voting
    ).fit(X, y)
    assert model.score(X, y) > 0.95


def test_stacking(iris):
    X, y = iris
    model = StackingClassifier(
        [("tanh", network()), ("relu", network(activation="relu"))],
        final_estimator=network(hidden_layer_sizes=()),
        cv=3,
    ).fit(X, y)
    assert model.score(X, y) > 0.95


def test_one_versus_rest_of_sigmoid_networks(iris):
    model = OneVsRestClassifier(network(SigmoidMLPClassifier)).fit(*iris)
    assert model.score(*iris) > 0.95


def test_several_outputs(multilabel):
    X, Y = multilabel
    for model in (MultiOutputClassifier(network()), ClassifierChain(network())):
        assert model.fit(X, Y).score(X, Y) > 0.95


def test_permutation_importance(iris):
    X, y = iris
    model = network().fit(X, y)
    importance = permutation_importance(
        model, X, y, scoring="neg_log_loss", n_repeats=3, random_state=0
    )
    petals, sepals = importance.importances_mean[2:], importance.importances_mean[:2]
    assert petals.min() > sepals.max()


@both_classes
def test_clone(Classifier, breast_cancer):
    X, y = breast_cancer
    clf = network(Classifier, class_weight={0: 1.0, 1: 2.0}).fit(X, y)
    copy = clone(clf)
    assert copy.get_params() == clf.get_params()
    assert not hasattr(copy, "coefs_")
    assert_array_equal(copy.fit(X, y).predict_proba(X), clf.predict_proba(X))


@pytest.mark.parametrize("Estimator", [*CLASSES, TableEncoder])
def test_dir_lists_what_there_is(Estimator, breast_cancer):
    """scikit-learn's asks for every attribute, and completion by tab goes by that."""
    X, y = breast_cancer
    given = {} if Estimator is TableEncoder else {"solver": "lbfgs", "max_iter": 500}
    estimator = Estimator(**given)
    before = set(dir(estimator))
    assert "fit" in before and not {"n_features_in_", "dtype_", "coefs_"} & before
    after = set(dir(estimator.fit(X, y)))
    assert before < after and "n_features_in_" in after


@both_classes
def test_clone_with_initial_weights(Classifier, breast_cancer):
    X, y = breast_cancer
    first = network(Classifier).fit(X, y)
    clf = network(Classifier, init=(first.coefs_, first.intercepts_))
    again = clone(clf).fit(X, y)
    assert_allclose(again.loss_, first.loss_, rtol=1e-3)


@both_classes
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_pickle_and_joblib(Classifier, solver, breast_cancer, tmp_path):
    X, y = breast_cancer
    clf = network(Classifier, solver=solver, learning_rate_init=0.01).fit(X, y)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(clf, protocol=protocol))
        assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    path = tmp_path / "model.joblib"
    joblib.dump(clf, path)
    assert_array_equal(joblib.load(path).predict_proba(X), clf.predict_proba(X))
    mapped = joblib.load(path, mmap_mode="r")
    assert_array_equal(mapped.predict_proba(X), clf.predict_proba(X))
    assert again.get_params() == clf.get_params()
    assert again.loss_curve_ == clf.loss_curve_


def test_transform_output_pandas(wine):
    pytest.importorskip("pandas")
    X, y = wine
    with sklearn.config_context(transform_output="pandas"):
        model = make_pipeline(StandardScaler(), network()).fit(X, y)
        assert isinstance(model.predict_proba(X), np.ndarray)
        assert model.score(X, y) > 0.95
    assert model[-1].feature_names_in_.tolist() == [f"x{i}" for i in range(13)]


@both_classes
def test_metadata_routing_of_sample_weight(Classifier, breast_cancer, rng):
    X, y = breast_cancer
    X, y = X[::3], y[::3]
    w = rng.uniform(0.0, 2.0, size=len(y)) ** 4
    with sklearn.config_context(enable_metadata_routing=True):
        requested = network(Classifier).set_fit_request(sample_weight=True)
        blind = StandardScaler().set_fit_request(sample_weight=False)
        weighing = StandardScaler().set_fit_request(sample_weight=True)
        routed = make_pipeline(blind, requested).fit(X, y, sample_weight=w)
        ignoring = network(Classifier).set_fit_request(sample_weight=False)
        search = GridSearchCV(
            requested.set_score_request(sample_weight=True), {"alpha": [0.5, 1.0]}, cv=3
        )
        search.fit(X, y, sample_weight=w)
        with pytest.raises(TypeError, match="sample_weight"):
            make_pipeline(clone(blind), ignoring).fit(X, y, sample_weight=w)
        not_routed = make_pipeline(weighing, ignoring).fit(X, y, sample_weight=w)
    Xs = StandardScaler().fit_transform(X)
    X_weighted = StandardScaler().fit(X, sample_weight=w).transform(X)
    weighted = network(Classifier).fit(Xs, y, sample_weight=w).predict_proba(Xs)
    plain = network(Classifier).fit(X_weighted, y).predict_proba(X_weighted)
    assert_allclose(routed.predict_proba(X), weighted, atol=1e-10)
    assert_allclose(not_routed.predict_proba(X), plain, atol=1e-10)
    assert not np.allclose(weighted, plain, atol=1e-3)
    best = network(Classifier, **search.best_params_).fit(X, y, sample_weight=w)
    assert_allclose(search.predict_proba(X), best.predict_proba(X), atol=1e-10)


@both_classes
def test_representations(Classifier, breast_cancer):
    clf = network(Classifier).fit(*breast_cancer)
    assert repr(clf).startswith(f"{Classifier.__name__}(")
    assert Classifier.__name__ in clf._repr_html_()
    assert Classifier.__module__ == "skxent"


@both_classes
def test_tags(Classifier):
    tags = sklearn.utils.get_tags(Classifier())
    assert tags.estimator_type == "classifier"
    assert tags.target_tags.required
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_label == (Classifier is SigmoidMLPClassifier)
