"""Around, before and after other estimators, ONNX models predict the same, or there are none."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

pytest.importorskip("pandas")
pytest.importorskip("onnx")
pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

from test_onnx import loaded  # noqa: E402

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier, TableEncoder  # noqa: E402
from skxent.onnx import _others, feed, to_onnx  # noqa: E402

SMALL = {"hidden_layer_sizes": (5,), "n_members": 1, "max_iter": 3, "random_state": 0}
NET = SoftmaxMLPClassifier(**SMALL)
PARTS = [("net", NET), ("linear", LogisticRegression())]

# every wrapper there may be, and how it is used
AROUND = {
    "pipeline": make_pipeline(StandardScaler(), NET),
    "pipeline of pipelines": make_pipeline(make_pipeline(StandardScaler(), MinMaxScaler()), NET),
    "union": make_pipeline(make_union(StandardScaler(), MinMaxScaler()), NET),
    "columns": make_pipeline(
        make_column_transformer((StandardScaler(), [2, 0]), remainder="passthrough"), NET
    ),
    "selection": make_pipeline(SelectFromModel(LogisticRegression()), NET),
    "elimination": make_pipeline(RFE(LogisticRegression(), n_features_to_select=2), NET),
    "search": GridSearchCV(NET, {"alpha": [0.1, 1.0]}, cv=2),
    "search of a pipeline": GridSearchCV(make_pipeline(StandardScaler(), NET), {}, cv=2),
    "search at random": RandomizedSearchCV(NET, {"alpha": [0.1, 1.0]}, n_iter=2, cv=2),
    "search by halves": HalvingGridSearchCV(NET, {"alpha": [0.1, 1.0]}, cv=2, random_state=0),
    "search in a search": GridSearchCV(
        RandomizedSearchCV(make_pipeline(StandardScaler(), NET), {}, n_iter=1, cv=2), {}, cv=2
    ),
    "search in a pipeline": make_pipeline(
        StandardScaler(), RandomizedSearchCV(NET, {"alpha": [0.1, 1.0]}, n_iter=2, cv=2)
    ),
    "calibration": CalibratedClassifierCV(NET, cv=2),
    "one calibration": CalibratedClassifierCV(NET, cv=2, ensemble=False),
    "one against the rest": OneVsRestClassifier(NET),
    "bag": BaggingClassifier(NET, 2, random_state=0),
    "bag of pipelines": BaggingClassifier(make_pipeline(StandardScaler(), NET), 2, random_state=0),
    "votes": VotingClassifier([*PARTS, ("third", NET)], flatten_transform=False),
    "weighted votes": VotingClassifier(
        PARTS, weights=np.array([1, 3]), voting="soft", flatten_transform=False
    ),
    "votes as they come": VotingClassifier(PARTS),
    "votes weighted by a list": VotingClassifier(PARTS, weights=[1, 3], voting="soft"),
    "votes weighted by a tuple": VotingClassifier(PARTS, weights=(3, 1)),
    "votes in a pipeline": make_pipeline(
        StandardScaler(), VotingClassifier(PARTS, weights=[0.5, 1.7], voting="soft")
    ),
    "searched votes": RandomizedSearchCV(
        VotingClassifier(PARTS, weights=[2, 1], voting="soft"), {}, n_iter=1, cv=2
    ),
    "stack": StackingClassifier(PARTS, cv=2),
    "stack that sees X": StackingClassifier(PARTS, cv=2, passthrough=True),
    "stack under a net": StackingClassifier(PARTS, final_estimator=NET, cv=2),
}
TRANSFORMERS = {
    np.float64: [
        KernelPCA(2, kernel="rbf"),
        PCA(2),
        TruncatedSVD(2),
        SelectKBest(k=2),
        VarianceThreshold(),
        Binarizer(),
        FunctionTransformer(),
        KBinsDiscretizer(encode="ordinal", quantile_method="averaged_inverted_cdf"),
        MaxAbsScaler(),
        MinMaxScaler(clip=True),
        Normalizer(),
        OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        QuantileTransformer(n_quantiles=20),
        RobustScaler(),
        StandardScaler(),
    ],
    np.float32: [PolynomialFeatures(2), PowerTransformer(), SimpleImputer()],
}
CLASSIFIERS = [
    KNeighborsClassifier(),
    MLPClassifier((3,), max_iter=200, tol=1.0),
    RandomForestClassifier(3, random_state=0),
    LogisticRegression(),
    SGDClassifier(loss="log_loss", random_state=0),
    GaussianNB(),
]
LABELS = {
    "three": [0, 1, 2],
    "two": [0, 1, 1],
    "texts": np.array(["oak", "ash", "elm"], dtype=object),
    "two texts": np.array(["oak", "ash", "ash"]),
    "bool": [False, True, True],
    "floats": [-1.0, 7.0, 3.0],
    "24 bits": [-3, 2**24, 5],
}


@pytest.fixture(scope="module")
def rows(iris):
    """Rows to fit on, their codes, and other rows."""
    X, y = iris
    rng = np.random.default_rng(0)
    return X + 0.3 * rng.standard_normal(X.shape), y, 1.5 * X + 0.1


def assert_same(estimator, X, new):
    session = loaded(to_onnx(estimator, X))
    label, *rest = session.run(None, feed(session, new))
    np.testing.assert_array_equal(label, estimator.predict(new))
    if hasattr(estimator, "predict_proba"):
        expected = np.asarray(estimator.predict_proba(new))
        np.testing.assert_allclose(rest[0], expected, rtol=0, atol=2e-6)


def names_of(estimators):
    return [type(estimator).__name__ for estimator in estimators]


@pytest.mark.parametrize("labels", ["three", "two texts"])
@pytest.mark.parametrize("name", AROUND)
def test_around(name, labels, rows):
    X, y, new = rows
    assert_same(clone(AROUND[name]).fit(X, np.asarray(LABELS[labels])[y]), X, new)


def test_around_several_targets(rows):
    X, y, new = rows
    Y = np.column_stack([y == 0, X[:, 0] > 0]).astype(int)
    assert_same(MultiOutputClassifier(NET).fit(X, Y), X, new)
    assert_same(make_pipeline(StandardScaler(), SigmoidMLPClassifier(**SMALL)).fit(X, Y), X, new)
    assert_same(OneVsRestClassifier(NET).fit(X, Y), X, new)


@pytest.mark.parametrize("labels", ["texts", "bool", "floats", "24 bits"])
@pytest.mark.parametrize("name", ["calibration", "bag", "votes", "stack", "one against the rest"])
def test_labels_of_wrappers(name, labels, rows):
    X, y, new = rows
    X, new = X.astype(np.float32), new.astype(np.float32)
    assert_same(clone(AROUND[name]).fit(X, np.asarray(LABELS[labels])[y]), X, new)


@pytest.mark.parametrize("kind", _others.TRANSFORMERS, ids=lambda kind: kind.__name__)
def test_transformers_before(kind, rows):
    ((dtype, transformer),) = [
        (dtype, each) for dtype, several in TRANSFORMERS.items() for each in several
        if type(each) is kind
    ]  # fmt: skip
    X, y, new = (values.astype(dtype) for values in rows)
    if kind in (OneHotEncoder, OrdinalEncoder):
        X, new = X.round(), new.round()
    if kind is SimpleImputer:
        X[::7, 0] = new[::5, 1] = np.nan
    assert_same(make_pipeline(transformer, NET).fit(X, y), X, new)


@pytest.mark.parametrize("labels", ["three", "two", "two texts"])
@pytest.mark.parametrize("kind", _others.CLASSIFIERS, ids=lambda kind: kind.__name__)
def test_classifiers_after(kind, labels, rows):
    (classifier,) = [each for each in CLASSIFIERS if type(each) is kind]
    X, y, new = rows
    assert_same(
        make_pipeline(TableEncoder(), clone(classifier)).fit(X, np.asarray(LABELS[labels])[y]),
        X,
        new,
    )


def test_every_known_wrapper_is_compared():
    inside = {Pipeline, MultiOutputClassifier}
    for estimator in AROUND.values():
        inside.add(type(estimator))
        if isinstance(estimator, Pipeline):
            inside.update(type(step) for _, step in estimator.steps)
    assert set(_others.WRAPPERS) - inside == set()
    assert FeatureUnion in inside


# ---- what cannot be exported


@pytest.mark.parametrize(
    ("estimator", "why"),
    [
        (
            TunedThresholdClassifierCV(NET, cv=2, thresholds=[0.3, 0.5]),
            "TunedThresholdClassifierCV is not among",
        ),
        (FixedThresholdClassifier(NET, threshold=0.2), "FixedThresholdClassifier is not among"),
        (CalibratedClassifierCV(NET, cv=2, method="isotonic"), "with method='isotonic'"),
        (CalibratedClassifierCV(NET, cv=2, method="temperature"), "with method='temperature'"),
        (CalibratedClassifierCV(AROUND["pipeline"], cv=2), "around a Pipeline is not among"),
        (CalibratedClassifierCV(AROUND["search"], cv=2), "around a GridSearchCV is not among"),
        (OneVsOneClassifier(NET), "OneVsOneClassifier is not among"),
        (
            BaggingClassifier(RandomizedSearchCV(NET, {}, n_iter=1, cv=2), 2),
            "RandomizedSearchCV is not",
        ),
        (
            RandomizedSearchCV(OneVsOneClassifier(NET), {}, n_iter=1, cv=2),
            "OneVsOneClassifier is not among",
        ),
        (BaggingClassifier(NET, 2, max_features=0.5), "with max_features=0.5"),
        (BaggingClassifier(NET, 2, bootstrap_features=True), "with bootstrap_features=True"),
        (StackingClassifier(PARTS, cv=2, stack_method="decision_function"), "with stack_method_="),
        (
            BaggingClassifier(VotingClassifier(PARTS, voting="soft", weights=[1, 3]), 2),
            "whose weights are no array",
        ),
        (
            BaggingClassifier(VotingClassifier(PARTS, voting="soft"), 2),
            "with flatten_transform=True, inside of another",
        ),
        (make_pipeline(TableEncoder(), LinearDiscriminantAnalysis()), "LinearDiscriminantAnalysis"),
        (
            make_pipeline(StandardScaler(), FixedThresholdClassifier(NET, threshold=0.2)),
            "FixedThresholdClassifier is not among",
        ),
        (AdaBoostClassifier(LogisticRegression(), n_estimators=2), "AdaBoostClassifier is not"),
        (
            make_pipeline(make_column_transformer((TableEncoder(), [0, 1])), LogisticRegression()),
            "with a TableEncoder inside",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_others_are_refused(estimator, why, rows):
    X, y, _ = rows
    fitted = estimator.fit(X, y == 1)
    with pytest.raises(ValueError, match=why) as error:
        to_onnx(fitted, X)
    assert "known to convert rightly" in str(error.value)


@pytest.mark.parametrize("Search", [GridSearchCV, RandomizedSearchCV])
def test_a_search_without_a_best_estimator(Search, rows):
    X, y, _ = rows
    with pytest.raises(ValueError, match=f"{Search.__name__} with refit=False has no best"):
        to_onnx(
            Search(
                NET,
                {"alpha": [0.1]},
                cv=2,
                refit=False,
                **({} if Search is GridSearchCV else {"n_iter": 1}),
            ).fit(X, y),
            X,
        )


def test_what_is_converted_stays_as_it_is(rows):
    X, y, _ = rows
    votes = VotingClassifier(PARTS, weights=[1, 3])
    pipeline = make_pipeline(StandardScaler(), votes).fit(X, y)
    steps = list(pipeline.steps)
    to_onnx(pipeline, X)
    assert pipeline.steps == steps and votes.weights == [1, 3] and votes.flatten_transform


def test_frozen_and_chained_are_refused(rows):
    X, y, _ = rows
    with pytest.raises(ValueError, match="FrozenEstimator is not among"):
        to_onnx(FrozenEstimator(clone(NET).fit(X, y)), X)
    chain = ClassifierChain(NET).fit(X, np.column_stack([y == 0, y == 1]).astype(int))
    with pytest.raises(ValueError, match="ClassifierChain is not among"):
        to_onnx(chain, X)


@pytest.mark.parametrize(
    "labels", [[0, 5, 2**24 + 1], [-3, 0, 10**12], np.array([1, 2, 3], "u8")], ids=str
)
@pytest.mark.parametrize("name", ["calibration", "bag", "votes", "stack", "one against the rest"])
def test_labels_that_skl2onnx_makes_others_of(name, labels, rows):
    X, y, _ = rows
    fitted = clone(AROUND[name]).fit(X, np.asarray(labels)[y])
    with pytest.raises(ValueError, match=r"with the labels \[.*known to convert rightly"):
        to_onnx(fitted, X)


def test_labels_that_skl2onnx_makes_others_of_after_an_encoder(rows):
    X, y, _ = rows
    linear = make_pipeline(TableEncoder(), LogisticRegression()).fit(X, 10**12 * y)
    with pytest.raises(ValueError, match=r"LogisticRegression with the labels \[0, 1000000000000"):
        to_onnx(linear, X)


def test_a_subclass_may_differ(rows):
    class Other(BaggingClassifier):
        def predict_proba(self, X):
            return super().predict_proba(X) ** 2

    X, y, _ = rows
    with pytest.raises(ValueError, match="Other is not among"):
        to_onnx(Other(NET, 2).fit(X, y), X)
