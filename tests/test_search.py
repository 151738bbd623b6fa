"""The search space: every candidate fits, and searches over it find what the defaults miss."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    HalvingRandomSearchCV,
    ParameterSampler,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, search_space

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "optuna_search.py"


def test_names_are_parameters_left_open():
    """Naming a solver would turn the others into scikit-learn's defaults."""
    defaults = SoftmaxMLPClassifier().get_params()
    assert "solver" not in search_space()
    for name in search_space():
        assert defaults[name] == ("relu" if name == "activation" else "auto")


def test_the_space_is_around_the_defaults(breast_cancer):
    chosen = SoftmaxMLPClassifier(max_iter=1, random_state=0).fit(*breast_cancer).auto_
    for name, values in search_space().items():
        if isinstance(values, list):
            assert chosen.get(name, "relu") in [*values, chosen["batch_size"]]
        else:
            low, high = values.support()
            assert low < chosen[name] < high


def test_every_call_gives_a_space_of_its_own():
    space = search_space()
    space.pop("alpha")
    space["activation"].append("identity")
    assert "alpha" in search_space() and "identity" not in search_space()["activation"]


def test_every_candidate_fits(iris):
    """Each of the lists' choices, and the ends of the distributions, among 40 candidates."""
    X, y = iris
    space = search_space()
    seen = {name: set() for name in space}
    for candidate in ParameterSampler(space, 40, random_state=0):
        model = SoftmaxMLPClassifier(n_members=2, max_iter=2, random_state=0, **candidate)
        assert np.isfinite(model.fit(X, y).predict_proba(X)).all()
        assert model.auto_["solver"] == "adamw"
        for name, value in candidate.items():
            seen[name].add(value)
    for name, values in space.items():
        if isinstance(values, list):
            assert seen[name] == set(values)
        else:
            low, high = (function(list(seen[name])) for function in (min, max))
            assert values.cdf(low) < 0.1 and values.cdf(high) > 0.9


def test_randomised_search_beats_the_defaults(breast_cancer):
    """On the folds it is judged by, as on most of the tables of benchmarks/search.py."""
    X, y = breast_cancer
    model = SoftmaxMLPClassifier(n_members=2, random_state=0)
    judged = {"scoring": "neg_log_loss", "cv": StratifiedKFold(3, shuffle=True, random_state=0)}
    search = RandomizedSearchCV(model, search_space(), n_iter=12, random_state=0, **judged)
    assert search.fit(X, y).best_score_ > cross_val_score(model, X, y, **judged).mean()


def test_halving_search(digits):
    X, y = digits[0][:600], digits[1][:600]
    search = HalvingRandomSearchCV(
        SoftmaxMLPClassifier(n_members=2, max_iter=5, random_state=0),
        search_space(),
        n_candidates=4,
        factor=2,
        min_resources=150,
        scoring="neg_log_loss",
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_candidates_ == [4, 2, 1] and search.score(X, y) > -1


def test_in_a_pipeline_and_with_several_labels(multilabel):
    X, Y = multilabel
    space = search_space(prefix="sigmoidmlpclassifier")
    model = make_pipeline(StandardScaler(), SigmoidMLPClassifier(n_members=2, max_iter=3))
    search = RandomizedSearchCV(model, space, n_iter=2, cv=2).fit(X, Y)
    assert search.best_score_ > 0
    assert search.best_estimator_[-1].alpha == search.best_params_["sigmoidmlpclassifier__alpha"]


def test_prefix():
    """As scikit-learn names what is inside, at any depth: every name is a parameter."""
    model = Pipeline([("outer", Pipeline([("mlp", SoftmaxMLPClassifier())]))])
    space = search_space(prefix="outer__mlp")
    assert set(space) == {f"outer__mlp__{name}" for name in search_space()}
    assert set(space) <= set(model.get_params())
    with pytest.raises(ValueError, match="without the underscores, got 'mlp__': give 'mlp'"):
        search_space(prefix="mlp__")
    with pytest.raises(TypeError, match="prefix must be the name of a step, a text, got 3"):
        search_space(prefix=3)


@pytest.mark.skipif(not EXAMPLE.exists(), reason="tests run without the checkout")
def test_the_example_with_optuna():
    pytest.importorskip("optuna")
    run = subprocess.run([sys.executable, EXAMPLE, "2"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert re.search(r"best of 2 trials 0\.\d+\n{'hidden_layer_sizes': \(\d+", run.stdout)
