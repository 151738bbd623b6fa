"""Estimators of scikit-learn's: which of them skl2onnx converts rightly, and what reads their X.

Of some, skl2onnx leaves out a part without a word, such as the threshold of
``TunedThresholdClassifierCV``. So only those are converted whose results on new rows a test has
compared, each around, before or after an estimator of this package.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn import decomposition, feature_selection, linear_model, naive_bayes, preprocessing
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from .._classifier import SigmoidMLPClassifier, SoftmaxMLPClassifier
from .._columns import Column
from .._model import fitted_model
from .._table import TableEncoder
from .._table.encoder import encoding_of
from ._inputs import Content, contents_of, merged

_SEARCHES = "sklearn.model_selection._search"  # the modules of all of them
_OURS = (SoftmaxMLPClassifier, SigmoidMLPClassifier, TableEncoder)

TRANSFORMERS = (
    decomposition.KernelPCA,
    decomposition.PCA,
    decomposition.TruncatedSVD,
    feature_selection.SelectKBest,
    feature_selection.VarianceThreshold,
    preprocessing.Binarizer,
    preprocessing.FunctionTransformer,
    preprocessing.KBinsDiscretizer,
    preprocessing.MaxAbsScaler,
    preprocessing.MinMaxScaler,
    preprocessing.Normalizer,
    preprocessing.OneHotEncoder,
    preprocessing.OrdinalEncoder,
    preprocessing.PolynomialFeatures,
    preprocessing.PowerTransformer,
    preprocessing.QuantileTransformer,
    preprocessing.RobustScaler,
    preprocessing.StandardScaler,
    SimpleImputer,
)
CLASSIFIERS = (
    KNeighborsClassifier,
    MLPClassifier,
    RandomForestClassifier,
    linear_model.LogisticRegression,
    linear_model.SGDClassifier,
    naive_bayes.GaussianNB,
)


def _steps(pipeline):
    return [step for _, step in pipeline.steps if step not in (None, "passthrough")]


# what is inside: the estimators that read the very X, and all others
WRAPPERS: dict[type, Callable[[Any], tuple[list, list]]] = {
    Pipeline: lambda w: (_steps(w)[:1], _steps(w)[1:]),
    FeatureUnion: lambda w: ([t for _, t in w.transformer_list if not isinstance(t, str)], []),
    ColumnTransformer: lambda w: ([], [t for _, t, _ in w.transformers_ if not isinstance(t, str)]),
    feature_selection.SelectFromModel: lambda w: ([], [w.estimator_]),
    feature_selection.RFE: lambda w: ([], [w.estimator_]),
    GridSearchCV: lambda w: ([w.best_estimator_], []),
    CalibratedClassifierCV: lambda w: ([c.estimator for c in w.calibrated_classifiers_], []),
    OneVsRestClassifier: lambda w: (w.estimators_, []),
    MultiOutputClassifier: lambda w: (w.estimators_, []),
    BaggingClassifier: lambda w: (w.estimators_, []),
    VotingClassifier: lambda w: (w.estimators_, []),
    StackingClassifier: lambda w: (w.estimators_, [w.final_estimator_]),
}


def prepared(estimator: Any) -> Any:
    """Return an estimator that predicts the same, as skl2onnx can convert it.

    A search predicts with the best that it found. Of a vote, the weights become an array, and how
    it transforms, which predicts nothing, is what skl2onnx knows. What is given stays as it is.
    """
    kind = type(estimator)
    if kind.__module__.startswith(_SEARCHES):
        if not hasattr(estimator, "best_estimator_"):
            raise ValueError(
                f"{kind.__name__} with refit={estimator.refit!r} has no best estimator to convert. "
                "Set refit=True, or fit the best parameters and convert that."
            )
        return prepared(estimator.best_estimator_)
    if kind is VotingClassifier:
        estimator = copy.copy(estimator)
        estimator.flatten_transform = False
        if estimator.weights is not None:
            estimator.weights = np.asarray(estimator.weights)
    elif kind is Pipeline:
        estimator = copy.copy(estimator)
        estimator.steps = [(name, prepared(step)) for name, step in estimator.steps]
    return estimator


def check_known(estimator: Any) -> None:
    """Raise unless the estimator and all inside it are known to be converted rightly."""
    kind = type(estimator)
    if kind in _OURS:
        return
    if kind not in (*WRAPPERS, *TRANSFORMERS, *CLASSIFIERS):
        raise _refusal(kind, "")
    first, others = WRAPPERS[kind](estimator) if kind in WRAPPERS else ([], [])
    for why in _exceptions(estimator, [*first, *others]):
        raise _refusal(kind, why)
    for part in [*first, *others]:
        check_known(part)


def _exceptions(estimator, parts):
    """Yield what makes an estimator another one than those compared."""
    kind, kinds = type(estimator), {type(part) for part in parts}
    if kind is CalibratedClassifierCV:
        if estimator.method != "sigmoid":
            yield f" with method={estimator.method!r}"
        if inside := [part.__name__ for part in kinds if part in WRAPPERS]:
            yield f" around a {inside[0]}"
    elif kind is BaggingClassifier and (estimator.max_features != 1.0):
        yield f" with max_features={estimator.max_features!r}"
    elif kind is BaggingClassifier and estimator.bootstrap_features:
        yield " with bootstrap_features=True"
    elif kind is StackingClassifier and {*estimator.stack_method_} != {"predict_proba"}:
        yield f" with stack_method_={estimator.stack_method_}"
    elif kind is VotingClassifier and isinstance(estimator.weights, list | tuple):
        yield " whose weights are no array, inside of another estimator,"
    elif kind is VotingClassifier and estimator.flatten_transform:
        yield " with flatten_transform=True, inside of another estimator,"
    elif kind is ColumnTransformer and TableEncoder in kinds:
        yield " with a TableEncoder inside, which reads whole tables itself,"
    if kind in (*WRAPPERS, *CLASSIFIERS) and kind not in (Pipeline, GridSearchCV):
        labels = np.asarray(getattr(estimator, "classes_", []))
        wide = labels.dtype.kind in "if" and (abs(labels) > 2**24).any()  # floats of 32 bits
        if wide or labels.dtype.kind == "u":
            yield f" with the labels {labels.tolist()} of type {labels.dtype}"


def _refusal(kind, why):
    return ValueError(
        f"{kind.__name__}{why} is not among what skl2onnx is known to convert rightly. Convert "
        "what is inside it and do the rest where the model runs; or call "
        "skl2onnx.convert_sklearn, and compare labels and probabilities on new rows."
    )


def known_contents(estimator: Any, columns: Sequence[Column]) -> list[Content] | None:
    """Return what the columns of an estimator's X can hold, or None where nothing is known.

    ValueError if the given columns are not what they were in fit.
    """
    found = [_contents(reader, columns) for reader in _readers(estimator)]
    return merged(found) if found else None


def _readers(estimator):
    """Yield the estimators of this package that read the very X."""
    if type(estimator) in _OURS:
        yield estimator
    elif type(estimator) in WRAPPERS:
        for part in WRAPPERS[type(estimator)](estimator)[0]:
            yield from _readers(part)


def _contents(estimator, columns):
    if len(columns) != estimator.n_features_in_:
        raise ValueError(
            f"X has {len(columns)} columns, but the estimator was fitted on "
            f"{estimator.n_features_in_}: give an X like that of fit."
        )
    if isinstance(estimator, TableEncoder):
        encoding = encoding_of(estimator)
    else:
        reader = fitted_model(estimator).reader
        if reader.passes_through:
            return [Content()] * len(columns)
        encoding = encoding_of(reader.encoder)
    encoding.schema.check(columns)
    return contents_of(encoding)
