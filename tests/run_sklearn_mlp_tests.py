"""scikit-learn's own tests of MLPClassifier, with our classes put in its place.

The tests are imported from the installed scikit-learn, never copied. Run them with
``python -m pytest tests/test_sklearn_mlp_suite.py``, or this file itself for a list of what
is run and what is left out, and why.
"""

import importlib.util

import sklearn.neural_network

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier

SUITE = "sklearn.neural_network.tests.test_mlp"

REGRESSOR = "tests MLPRegressor, which this package does not have"
PRIVATE = "reads or writes private attributes of MLPClassifier"

# test -> why it is left out
LEFT_OUT = {
    "test_lbfgs_regression": REGRESSOR,
    "test_lbfgs_regression_maxfun": REGRESSOR,
    "test_mlp_diverging_loss": REGRESSOR,
    "test_mlp_loading_from_joblib_partial_fit": REGRESSOR,
    "test_mlp_regressor_dtypes_casting": REGRESSOR,
    "test_mlp_sample_weight_with_early_stopping": REGRESSOR,
    "test_mlp_vs_poisson_glm_equivalent": REGRESSOR,
    "test_minimum_input_sample_size": REGRESSOR,
    "test_multioutput_regression": REGRESSOR,
    "test_nonfinite_params": REGRESSOR,
    "test_partial_fit_regression": REGRESSOR,
    "test_shuffle": REGRESSOR,
    "test_fit": f"{PRIVATE}: sets up weights, buffers and counters by hand. The step it works out "
    "is in test_worked_examples.py, where the weights are given as init=(coefs, intercepts)",
    "test_gradient": f"{PRIVATE}: _loss_grad_lbfgs and its buffers. The gradients of every "
    "activation and loss are in test_objective.py",
    "test_learning_rate_warmstart": f"{PRIVATE}: _optimizer.learning_rate. The rates are in "
    'history_["learning_rate"] and tested in test_classifier.py',
    "test_adaptive_learning_rate": f"{PRIVATE}: _optimizer.learning_rate. See "
    "test_pitfall_13 in test_pitfalls.py",
    "test_n_iter_no_change": f"{PRIVATE}: _no_improvement_count. See test_pitfall_04",
    "test_n_iter_no_change_inf": f"{PRIVATE}: _no_improvement_count. See test_pitfall_04",
    "test_verbose_sgd": 'asserts an undocumented word of the printed line, "Iteration"; the lines '
    "printed here are in test_classifier.py",
    "test_predict_proba_multilabel": "wants the largest of several probabilities that are all 1.0 "
    "after rounding to be the largest log-probability; the log-probabilities here still tell them "
    "apart (see test_pitfall_23). All else that it asserts is in test_classifier.py",
    "test_early_stopping_stratified": "asserts a defect (#13164): a class of one row is refused. "
    "Here the row stays in training, see test_pitfall_05",
    "test_preserve_feature_names": "its labels are all of one class, which is an error here; the "
    "rest of it, no warning about feature names with early stopping, is test_pitfall_02",
}

# test -> the class that has to answer, where it is not SoftmaxMLPClassifier
MULTILABEL = ("test_multilabel_classification",)


def _in_place_of_mlpclassifier(Classifier):
    """The class with MLPClassifier's solver by default, and no preparation of the table."""

    def make(*args, **kwargs):
        params = {
            "solver": "adam",
            "encoder": "passthrough",
            "n_members": 1,
            "calibration": None,
            **kwargs,
        }
        return Classifier(*args, **params)

    make.__name__ = Classifier.__name__
    return make


def load_suite(Classifier=SoftmaxMLPClassifier, replacement=None):
    """Import the tests anew, with our class where they say MLPClassifier."""
    replacement = replacement or _in_place_of_mlpclassifier(Classifier)
    spec = importlib.util.find_spec(SUITE)
    module = importlib.util.module_from_spec(spec)
    original = sklearn.neural_network.MLPClassifier
    sklearn.neural_network.MLPClassifier = replacement
    try:
        spec.loader.exec_module(module)
    finally:
        sklearn.neural_network.MLPClassifier = original
    return module


def _without_the_regressor(function, regressor):
    """Take MLPRegressor out of the values a test is parametrised over."""
    for mark in getattr(function, "pytestmark", []):
        if mark.name == "parametrize":
            values = mark.args[1]
            if regressor in values:
                values.remove(regressor)
    return function


def all_tests(module):
    """Name -> function of all tests of the suite."""
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


def suite():
    """Name -> function of the tests to run."""
    softmax, sigmoid = load_suite(), load_suite(SigmoidMLPClassifier)
    chosen = {}
    for name in all_tests(softmax):
        module = sigmoid if name in MULTILABEL else softmax
        if name not in LEFT_OUT:
            chosen[name] = _without_the_regressor(getattr(module, name), module.MLPRegressor)
    return chosen


if __name__ == "__main__":
    for test in suite():
        print(f"run       {test}")
    for test, reason in LEFT_OUT.items():
        print(f"left out  {test}: {reason}")
