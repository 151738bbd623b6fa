"""Work with skxent beside other packages, which are to be installed first, as the pages show it.

    pip install mlflow mapie ray skrub fairlearn imbalanced-learn shap
    pip install lightgbm xgboost catboost skorch torch
    python -m pytest -W default tests/long/ecosystem.py [-k NAME]

Not part of the suite: these packages are large, and change when they like.
"""

import re
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skxent import SoftmaxMLPClassifier, TableEncoder, attributions

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def table():
    """Training and test rows of numbers with gaps, a category and a truth value; two classes."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.iloc[:, :5].copy()
    X["size"] = pd.qcut(X.pop("mean area"), 3, labels=["small", "medium", "large"]).astype(object)
    X["smooth"] = X.pop("mean smoothness") < 0.1
    X.loc[::10, "mean radius"] = None
    y = y.map({0: "malignant", 1: "benign"})
    return train_test_split(X, y, stratify=y, random_state=0)


@pytest.fixture(scope="module")
def model(table):
    X, _, y, _ = table
    return SoftmaxMLPClassifier(n_members=2, random_state=0).fit(X, y)


def small(**settings):
    """Return a classifier that is trained in a moment."""
    return SoftmaxMLPClassifier(n_members=2, max_iter=20, random_state=0, **settings)


def test_mlflow(table, model, tmp_path):
    import mlflow

    _, X, _, _ = table
    trusted = ["skxent.SoftmaxMLPClassifier"]
    mlflow.sklearn.save_model(model, tmp_path / "model", skops_trusted_types=trusted)
    again = mlflow.sklearn.load_model(str(tmp_path / "model"))
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    served = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert_array_equal(served.predict(X), model.predict(X))
    with pytest.raises(mlflow.exceptions.MlflowException, match="untrusted"):
        mlflow.sklearn.save_model(model, tmp_path / "refused")


def test_mlflow_run(table, tmp_path):
    import mlflow

    X, X_test, y, y_test = table
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    mlflow.create_experiment("table", artifact_location=f"file://{tmp_path}/artifacts")
    mlflow.set_experiment("table")
    with mlflow.start_run() as run:
        model = small().fit(X, y)
        mlflow.log_params(model.get_params())
        for epoch, loss in enumerate(model.history_["validation_loss"]):
            mlflow.log_metric("validation_loss", loss, step=epoch + 1)
        trusted = ["skxent.SoftmaxMLPClassifier"]
        mlflow.sklearn.log_model(model, name="model", skops_trusted_types=trusted)
    logged = mlflow.get_run(run.info.run_id).data
    assert logged.params["n_members"] == "2"
    assert logged.metrics["validation_loss"] == model.history_["validation_loss"][-1]
    again = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    assert again.score(X_test, y_test) == model.score(X_test, y_test)


def test_mapie_cross_conformal(table):
    from mapie.classification import CrossConformalClassifier

    X, X_test, y, y_test = table
    conformal = CrossConformalClassifier(small(), confidence_level=0.9, cv=5, random_state=0)
    conformal.fit_conformalize(X, y)
    labels, sets = conformal.predict_set(X_test)
    assert sets.shape == (len(X_test), 2, 1)
    covered = sets[np.arange(len(y_test)), (y_test == "malignant").astype(int), 0]
    assert covered.mean() > 0.8


def test_mapie_split_conformal(table):
    from mapie.classification import SplitConformalClassifier

    X, X_test, y, y_test = table
    X, X_held, y, y_held = train_test_split(X, y, stratify=y, random_state=0)
    pipeline = make_pipeline(TableEncoder(), small(encoder="passthrough")).fit(X, y)
    conformal = SplitConformalClassifier(pipeline, confidence_level=0.9, prefit=True)
    conformal.conformalize(X_held, y_held)
    labels, sets = conformal.predict_set(X_test)
    covered = sets[np.arange(len(y_test)), (y_test == "malignant").astype(int), 0]
    assert covered.mean() > 0.8


def test_ray(table):
    import ray
    from ray.util.joblib import register_ray

    X, _, y, _ = table
    search = GridSearchCV(small(), {"alpha": [0.1, 10.0]}, scoring="neg_log_loss", cv=3, n_jobs=2)
    here = search.fit(X, y).cv_results_["mean_test_score"]
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        register_ray()
        with joblib.parallel_backend("ray"):
            there = search.fit(X, y).cv_results_["mean_test_score"]
    finally:
        ray.shutdown()
    assert_array_equal(there, here)


def test_skrub(table):
    import skrub

    X, X_test, y, y_test = table
    begin = {"seen": pd.date_range("2024-01-01", periods=len(X), freq="7h")}
    X, X_test = X.assign(**begin), X_test.assign(seen=begin["seen"][: len(X_test)])
    dates = skrub.ApplyToCols(skrub.DatetimeEncoder(), cols=["seen"])
    assert make_pipeline(dates, small()).fit(X, y).score(X_test, y_test) > 0.8
    every = skrub.TableVectorizer(
        low_cardinality="passthrough", datetime=skrub.DatetimeEncoder(periodic_encoding="circular")
    )
    assert make_pipeline(every, small()).fit(X, y).score(X_test, y_test) > 0.8
    assert skrub.tabular_pipeline(small()).fit(X, y).score(X_test, y_test) > 0.8


def test_fairlearn(table):
    from fairlearn.metrics import MetricFrame, demographic_parity_difference
    from fairlearn.postprocessing import ThresholdOptimizer
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient

    X, _, y, _ = table
    y, group = (y == "benign").astype(int), (X["mean texture"] > 18).map({True: "a", False: "b"})
    plain = small().fit(X, y)
    frame = MetricFrame(
        metrics=lambda y_true, y_pred: (y_true == y_pred).mean(),
        y_true=y, y_pred=plain.predict(X), sensitive_features=group,
    )  # fmt: skip
    assert frame.by_group.min() > 0.8
    before = demographic_parity_difference(y, plain.predict(X), sensitive_features=group)
    reduced = ExponentiatedGradient(small(), DemographicParity(), max_iter=10)
    reduced.fit(X, y, sensitive_features=group)
    found = reduced.predict(X, random_state=0)
    assert demographic_parity_difference(y, found, sensitive_features=group) < before
    moved = ThresholdOptimizer(
        estimator=small(), constraints="demographic_parity", predict_method="predict_proba"
    ).fit(X, y, sensitive_features=group)
    found = moved.predict(X, sensitive_features=group, random_state=0)
    assert demographic_parity_difference(y, found, sensitive_features=group) < before


def test_imbalanced_learn(table):
    from imblearn.ensemble import BalancedBaggingClassifier
    from imblearn.over_sampling import SMOTENC, RandomOverSampler
    from imblearn.pipeline import make_pipeline
    from imblearn.under_sampling import RandomUnderSampler

    X, X_test, y, y_test = table
    for sampler in (RandomOverSampler(random_state=0), RandomUnderSampler(random_state=0)):
        assert make_pipeline(sampler, small()).fit(X, y).score(X_test, y_test) > 0.8
    bagging = BalancedBaggingClassifier(small(), n_estimators=3, random_state=0)
    assert bagging.fit(X, y).score(X_test, y_test) > 0.8
    filled = X.fillna({"mean radius": X["mean radius"].median()}).astype({"size": "category"})
    nearest = SMOTENC(categorical_features=["size", "smooth"], random_state=0)
    pipeline = make_pipeline(nearest, small()).fit(filled, y)
    assert pipeline.score(X_test.astype({"size": "category"}), y_test) > 0.8


def test_shap(table, model):
    import shap

    X, X_test, _, _ = table
    coded = X.copy()
    levels = {name: np.unique(X[name]) for name in ("size", "smooth")}
    for name, values in levels.items():
        coded[name] = np.searchsorted(values, X[name])
    coded = coded.astype(float)

    def predict_proba(rows):
        frame = pd.DataFrame(rows, columns=X.columns)
        for name, values in levels.items():
            frame[name] = values[frame[name].astype(int)]
        return model.predict_proba(frame)

    assert_array_equal(predict_proba(coded.to_numpy()), model.predict_proba(X))
    explained = shap.Explainer(predict_proba, coded.iloc[:50])(coded.iloc[:4])
    assert explained.values.shape == (4, X.shape[1], 2)
    total = explained.base_values + explained.values.sum(axis=1)
    assert_allclose(total, model.predict_proba(X.iloc[:4]), atol=1e-6)

    ours = shap.Explanation(**attributions(model, X_test, X)._asdict(), data=X_test.to_numpy())
    assert list(ours[0].feature_names) == X.columns.tolist()
    total = ours[7].base_values + ours[7].values.sum()
    assert_allclose(total, model.decision_function(X_test)[7], atol=1e-5)


def test_every_line_of_coming_from(tmp_path, monkeypatch):
    """Those of the other packages too, in the order of the page and on its table."""
    monkeypatch.chdir(tmp_path)
    theirs = r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)"
    ours = r"(>>> .*\n(?:\.\.\. .*\n)*)"
    found = re.findall(f"^{theirs}|^{ours}", (DOCS / "coming_from.rst").read_text(), re.MULTILINE)
    names = {}
    for block, lines in found:
        cut, text = (3, block) if block else (4, lines)
        exec("\n".join(line[cut:] for line in text.splitlines()), names)
    assert sum(block != "" for block, _ in found) == 8
    assert sum(lines != "" for _, lines in found) > 40


def test_versions_on_the_pages():
    """What is installed is what the pages say was tried, or they are to be tried again."""
    pages = {
        "coming_from.rst": "LightGBM XGBoost CatBoost skorch",
        "ecosystem.rst": "MLflow MAPIE Ray skrub fairlearn imbalanced-learn SHAP",
    }
    for page, packages in pages.items():
        text = (DOCS / page).read_text()
        for package in packages.split():
            series = re.search(rf"{package} +(\d+\.\d+)", text)[1]
            assert version(package).startswith(f"{series}."), package
