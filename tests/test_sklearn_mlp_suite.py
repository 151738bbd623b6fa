"""scikit-learn's own tests of MLPClassifier, run against our classes."""

import pytest
import run_sklearn_mlp_tests as suite

# as in scikit-learn's own run, where many of these fits are cut short on purpose
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

globals().update(suite.suite())


def test_list_of_those_left_out_is_in_order():
    """Each is a test of this version of scikit-learn, and has a reason."""
    tests = suite.all_tests(suite.load_suite())
    if "test_mlp_early_stopping_string_labels" in tests:  # scikit-learn 1.9
        assert set(suite.LEFT_OUT) <= set(tests)
    assert all(suite.LEFT_OUT.values())
    of_the_classifier = [name for name in tests if suite.LEFT_OUT.get(name) != suite.REGRESSOR]
    assert len(suite.suite()) > len(of_the_classifier) // 2
