"""One test for each known defect of scikit-learn's MLPClassifier, by its issue number there."""

import pickle
import signal
import warnings

import numpy as np
import pytest
from common import network, stopping_short
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss

from skxent import SigmoidMLPClassifier, SoftmaxMLPClassifier

# ---------------------------------------------------------------- early stopping


@stopping_short
@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b", "c"]),
        np.array(["a", "b", "c"], dtype=object),
        np.array([1, 20, -5]),
        np.array([1.0, 2.0, 4.0]),
    ],
    ids=["str", "object", "int", "float"],
)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_pitfall_01_every_label_type_with_early_stopping(labels, solver, iris):
    """#33760: string labels with early stopping crashed."""
    X, codes = iris
    clf = network(solver=solver, early_stopping=True, max_iter=40).fit(X, labels[codes])
    assert np.isfinite(clf.validation_scores_).all()
    assert len(clf.validation_scores_) == clf.n_iter_
    assert set(clf.predict(X)) <= set(labels)
    scored = network(solver=solver, early_stopping=True, max_iter=5, scoring="accuracy")
    assert 0 <= scored.fit(X, labels[codes]).best_validation_score_ <= 1


@stopping_short
@pytest.mark.parametrize("labels", [np.array([False, True]), np.array(["no", "yes"], dtype=object)])
def test_pitfall_01_two_labels_with_early_stopping(labels, breast_cancer):
    X, codes = breast_cancer
    clf = network(early_stopping=True, max_iter=10).fit(X, labels[codes])
    assert np.isfinite(clf.validation_scores_).all()
    assert clf.predict(X).dtype == labels.dtype


@stopping_short
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
@pytest.mark.parametrize("scoring", [None, "accuracy", "neg_log_loss"])
def test_pitfall_02_no_warning_about_names_with_early_stopping(encoder, scoring, iris):
    """#24846: a DataFrame with early stopping warned about feature names at every epoch."""
    pd = pytest.importorskip("pandas")
    X, y = iris
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = network(encoder=encoder, early_stopping=True, scoring=scoring, max_iter=5)
        clf.fit(frame, pd.Series(y)).predict(frame)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_pitfall_03_divergence_is_called_by_its_name(early_stopping, iris):
    """#29504: divergence surfaced as "Input contains NaN"."""
    X, y = iris
    clf = network(
        hidden_layer_sizes=(20, 20, 20),
        activation="identity",
        solver="sgd",
        learning_rate_init=3.0,
        early_stopping=early_stopping,
        n_iter_no_change=1000,
        batch_size=135,
        max_iter=1000,
    )
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch \d+.*learning_rate_init"):
        clf.fit(X, y)
    assert all(np.isfinite(W).all() for W in (*clf.coefs_, *clf.intercepts_))
    assert np.isfinite(clf.predict_proba(X)).all()
    assert np.isfinite(clf.loss_curve_).all()
    if early_stopping:
        assert np.isfinite(clf.best_validation_score_)
        assert clf.best_validation_score_ == np.max(clf.validation_scores_)


def test_pitfall_03_divergence_before_any_finite_epoch_is_an_error(iris):
    X, y = iris
    clf = network(solver="sgd", activation="identity", hidden_layer_sizes=(8, 8))
    with pytest.raises(ValueError, match="diverged|finite|overflow"):
        clf.fit(X * 1e200, y)
    assert not hasattr(clf, "coefs_")


def test_pitfall_04_patience_is_the_users(iris):
    """#6512: patience was hard-coded at 2 epochs."""
    X, y = iris
    n_iter = {
        patience: network(tol=1e6, n_iter_no_change=patience, max_iter=500).fit(X, y).n_iter_
        for patience in (1, 2, 5, 40)
    }
    # with such a tolerance nothing is an improvement after the first epoch
    assert {n_iter[patience] - patience for patience in n_iter} == {n_iter[1] - 1}
    assert 1 <= n_iter[1] <= 3


@stopping_short
def test_pitfall_04_endless_patience(iris):
    clf = network(tol=1e6, n_iter_no_change=np.inf, max_iter=70).fit(*iris)
    assert clf.n_iter_ == 70


def held_out_labels(y, **params):
    """The labels of the validation rows of a fit, seen through a scorer."""
    seen = []

    def scorer(estimator, X, y):
        seen.append(np.asarray(y))
        return 0.5

    X = np.random.default_rng(0).normal(size=(len(y), 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = network(early_stopping=True, scoring=scorer, max_iter=2, **params).fit(X, y)
    assert all(np.array_equal(labels, seen[0]) for labels in seen)
    return clf, seen[0]


@pytest.mark.parametrize("seed", range(5))
def test_pitfall_05_the_split_is_stratified(seed):
    """#13164: the split was not stratified."""
    y = np.repeat(["rare", "common", "usual"], [20, 60, 120])
    _, held_out = held_out_labels(y, validation_fraction=0.1, random_state=seed)
    counts = {label: int((held_out == label).sum()) for label in np.unique(y)}
    assert counts == {"rare": 2, "common": 6, "usual": 12}


def test_pitfall_05_classes_of_one_row_are_trained_on(iris):
    """Stratifying must not refuse a class of one row: the row stays in training."""
    y = np.array(["alone"] + ["a"] * 30 + ["b"] * 29)
    clf, held_out = held_out_labels(y, validation_fraction=0.2)
    assert clf.classes_.tolist() == ["a", "alone", "b"]
    assert "alone" not in held_out
    assert {"a", "b"} <= set(held_out)
    assert len(held_out) == 12


def test_pitfall_06_partial_fit_with_early_stopping_is_explained(iris):
    """#25693: partial_fit after a fit with early stopping crashed."""
    X, y = iris
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = network(early_stopping=True, max_iter=5).fit(X, y)
    before = clf.predict_proba(X)
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        clf.partial_fit(X, y)
    assert_array_equal(clf.predict_proba(X), before)
    clf.set_params(early_stopping=False).partial_fit(X, y)
    assert not np.array_equal(clf.predict_proba(X), before)


@stopping_short
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    "solver", ["auto", "lbfgs", "bfgs", "cg", "tnc", "gradient_descent", "sgd", "adam", "adamw"]
)
def test_pitfall_07_best_attributes_are_always_there(solver, early_stopping, iris):
    """#24683: best-score attributes were there only sometimes."""
    X, y = iris
    clf = network(solver=solver, early_stopping=early_stopping, max_iter=6).fit(X, y)
    assert len(clf.loss_curve_) == clf.n_iter_
    assert 1 <= clf.best_epoch_ <= clf.n_iter_
    if early_stopping:
        assert clf.best_loss_ is None
        assert len(clf.validation_scores_) == clf.n_iter_
        assert clf.best_validation_score_ == max(clf.validation_scores_)
        assert clf.best_validation_score_ == clf.validation_scores_[clf.best_epoch_ - 1]
    else:
        assert clf.best_loss_ == min(clf.loss_curve_)
        assert clf.validation_scores_ is None
        assert clf.best_validation_score_ is None


def test_pitfall_08_stops_on_log_loss(iris):
    """#24411, #19818: accuracy plateaus while the log loss still improves."""
    X, y = iris
    y = (y == 0).astype(int)  # separable: accuracy is 1 within a few epochs
    params = dict(early_stopping=True, n_iter_no_change=20, max_iter=2000, learning_rate_init=0.02)
    by_log_loss = network(**params).fit(X, y)
    by_accuracy = network(scoring="accuracy", **params).fit(X, y)
    assert by_accuracy.best_validation_score_ == 1.0
    assert by_log_loss.n_iter_ > 2 * by_accuracy.n_iter_
    assert log_loss(y, by_log_loss.predict_proba(X)) < 0.02
    assert log_loss(y, by_log_loss.predict_proba(X)) < log_loss(y, by_accuracy.predict_proba(X))


@stopping_short
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "sgd", "adam"])
def test_pitfall_08_the_best_epoch_on_validation_rows_is_kept(solver, wine):
    X, y = wine
    rng = np.random.default_rng(1)
    noisy = np.where(rng.uniform(size=len(y)) < 0.3, rng.integers(0, 3, size=len(y)), y)
    train, validation = np.arange(len(y)) % 2 == 0, np.arange(len(y)) % 2 == 1
    clf = network(
        hidden_layer_sizes=30, solver=solver, alpha=0.0, max_iter=80, learning_rate_init=0.1
    )
    clf.fit(X[train], noisy[train], X_val=X[validation], y_val=noisy[validation])
    losses = clf.history_["validation_loss"]
    assert clf.best_epoch_ == np.argmin(losses) + 1
    assert clf.best_epoch_ < clf.n_iter_  # it overfits, so this shows something
    P = clf.predict_proba(X[validation])
    assert_allclose(log_loss(noisy[validation], P), min(losses), rtol=1e-6)


# ---------------------------------------------------------------- optimisation


@pytest.mark.parametrize("batch_size", [1, 7, 32, 150])
def test_pitfall_09_l2_does_not_depend_on_the_batch_size(batch_size, iris):
    """#10477: L2 was divided by the batch size.

    Where the features are zero only the penalty moves the weights, and J says how far: by the
    factor 1 - rate * alpha / N in every step.
    """
    _, y = iris
    X, W = np.zeros((150, 4)), np.arange(1.0, 13.0).reshape(4, 3)
    clf = network(
        hidden_layer_sizes=(),
        solver="sgd",
        momentum=0.0,
        alpha=15.0,
        learning_rate_init=0.1,
        batch_size=batch_size,
        init=([W], [np.zeros(3)]),
    )
    clf.partial_fit(X, y, classes=[0, 1, 2])
    n_steps = -(-150 // batch_size)
    assert_allclose(clf.coefs_[0], W * (1 - 0.1 * 15.0 / 150) ** n_steps, rtol=1e-10)


@stopping_short
@pytest.mark.parametrize("max_iter", [1, 3, 20])
@pytest.mark.parametrize("solver", ["lbfgs", "bfgs", "cg", "tnc"])
def test_pitfall_10_max_iter_counts_iterations(solver, max_iter, iris):
    """#9273: max_iter was passed as maxfun, and loss_curve_ was empty."""
    five = {"hidden_layer_sizes": 5, "max_iter": max_iter, "tol": 0.0, "alpha": 0.0}
    clf = network(solver=solver, **five).fit(*iris)
    assert clf.n_iter_ == max_iter
    assert len(clf.loss_curve_) == max_iter
    assert np.all(np.diff(clf.loss_curve_) <= 1e-12)
    assert clf.loss_curve_[-1] == clf.loss_


def test_pitfall_10_max_fun_limits_function_calls(iris):
    with pytest.warns(ConvergenceWarning, match="max_fun"):
        clf = network(solver="lbfgs", max_fun=10, max_iter=1000).fit(*iris)
    assert clf.n_iter_ <= 10


@pytest.mark.parametrize("solver", ["lbfgs", "bfgs", "cg", "tnc", "gradient_descent"])
def test_pitfall_10_full_batch_solvers_stop_early(solver, wine):
    """early_stopping was ignored by lbfgs."""
    X, y = wine
    rng = np.random.default_rng(0)
    y = np.where(rng.uniform(size=len(y)) < 0.4, rng.integers(0, 3, size=len(y)), y)
    params = dict(
        hidden_layer_sizes=8,
        activation="tanh",
        solver=solver,
        max_iter=1500,
        learning_rate_init=0.5,
        alpha=1e-4,
        tol=1e-5,
    )
    stopped = network(early_stopping=True, validation_fraction=0.3, **params).fit(X, y)
    assert stopped.n_iter_ < 500
    assert len(stopped.history_["validation_loss"]) == stopped.n_iter_
    assert stopped.best_epoch_ == np.argmin(stopped.history_["validation_loss"]) + 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert network(**params).fit(X, y).loss_ < stopped.loss_


@stopping_short
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_pitfall_11_warm_start_keeps_the_optimiser_state(solver, shuffle, iris):
    """#6091: warm_start reset Adam's state."""
    params = dict(solver=solver, shuffle=shuffle, batch_size=32, tol=0.0, n_iter_no_change=np.inf)
    at_once = network(max_iter=10, **params).fit(*iris)
    in_parts = network(max_iter=4, warm_start=True, **params).fit(*iris)
    in_parts.set_params(max_iter=6).fit(*iris)
    for one, other in zip(at_once.coefs_, in_parts.coefs_, strict=True):
        assert_array_equal(one, other)


@stopping_short
def test_pitfall_11_single_lbfgs_iterations_converge(iris):
    """#13656: repeated L-BFGS with max_iter=1 did not converge."""
    params = dict(hidden_layer_sizes=(), solver="lbfgs", alpha=10.0, tol=1e-4)
    goal = network(max_iter=1000, **params).fit(*iris).loss_
    clf = network(max_iter=1, warm_start=True, **params)
    losses = [clf.fit(*iris).loss_ for _ in range(100)]
    assert np.all(np.diff(losses) <= 1e-12)
    assert_allclose(losses[-1], goal, rtol=1e-3)


@stopping_short
@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "sgd", "adam"])
def test_pitfall_12_max_iter_is_per_call(solver, iris):
    """#8713, #16812: compared with ==, against a cumulative counter; later calls ran once."""
    clf = network(solver=solver, max_iter=3, warm_start=True, tol=0.0, n_iter_no_change=np.inf)
    losses = []
    for _ in range(3):
        clf.fit(*iris)
        assert clf.n_iter_ == 3
        losses.append(clf.loss_)
    assert losses[2] < losses[1] < losses[0]


def test_pitfall_12_partial_fit_goes_on_after_max_iter_calls(iris):
    clf = network(max_iter=3)
    for _ in range(10):
        clf.partial_fit(*iris, classes=[0, 1, 2])
    before = clf.coefs_[0].copy()
    clf.partial_fit(*iris)
    assert not np.array_equal(clf.coefs_[0], before)
    assert clf.t_ == 11 * 150


def test_pitfall_13_adaptive_rate_survives_a_lucky_loss():
    """#15596: the adaptive rate kept shrinking after one lucky loss.

    Training starts next to the minimum and is at once thrown far out by its large rate. The loss
    of that first epoch stays out of reach for long, although it falls in every epoch: as long as
    it falls the rate must stay as it is.
    """
    X, y = np.ones((10, 1)), np.array([1] * 9 + [0])
    clf = network(
        hidden_layer_sizes=(),
        solver="sgd",
        momentum=0.0,
        alpha=0.0,
        learning_rate="adaptive",
        learning_rate_init=2000.0,
        n_iter_no_change=3,
        max_iter=5000,
        init=([np.array([[1.2]])], [np.array([1.2])]),
    ).fit(X, y)
    losses, rates = np.array(clf.loss_curve_), np.array(clf.history_["learning_rate"])
    minimum = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert losses[0] < minimum + 0.01
    assert losses[1:6].min() > 10.0
    assert_allclose(losses[-1], minimum, atol=1e-3)
    for epoch in np.flatnonzero(np.diff(rates) < 0) + 1:  # the rate fell before this epoch
        recent = losses[epoch - 4 : epoch]
        assert recent[1:].min() > recent[0] - 1e-4 or recent[1:].min() > losses[:epoch].min() - 1e-4
        assert_allclose(rates[epoch], rates[epoch - 1] / 5)


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "sgd", "adam", "adamw"])
@pytest.mark.parametrize("Classifier", [SoftmaxMLPClassifier, SigmoidMLPClassifier])
def test_pitfall_14_weights_are_finite_or_there_is_an_error(Classifier, solver, breast_cancer):
    """#22150: silent non-finite weights."""
    X, y = breast_cancer
    X = X * (np.finfo(np.float64).max / 1e6)
    clf = network(Classifier, solver=solver, max_iter=10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            clf.fit(X, y)
        except ValueError as error:
            assert "finite" in str(error)
        else:
            assert all(np.isfinite(W).all() for W in (*clf.coefs_, *clf.intercepts_))
            assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("n", [2, 30, 199, 201, 401])
@pytest.mark.parametrize("solver", ["auto", "sgd", "adam", "adamw"])
def test_pitfall_15_no_warning_about_our_own_batch_size(n, solver, digits):
    """#5670: a warning about its own default batch_size."""
    X, y = digits
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        network(solver=solver, max_iter=2, learning_rate_init="auto").fit(X[:n], y[:n])


@pytest.mark.parametrize("batch_size", [1, 74, 149])
def test_pitfall_15_a_last_batch_of_one_row(batch_size, iris):
    clf = network(batch_size=batch_size, shuffle=False)
    clf.partial_fit(*iris, classes=[0, 1, 2])
    assert all(np.isfinite(W).all() for W in clf.coefs_)
    assert len(iris[1]) % batch_size in (0, 1, 2)
    assert np.isfinite(clf.loss_)


# ---------------------------------------------------------------- state and API


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_pitfall_16_unpickled_estimators_go_on_learning(solver, encoder, iris):
    """#19626: after unpickling, partial_fit silently updated stale arrays."""
    X, y = iris
    clf = network(solver=solver, encoder=encoder, batch_size=16)
    for _ in range(3):
        clf.partial_fit(X, y, classes=[0, 1, 2])
    again = pickle.loads(pickle.dumps(clf))
    before = again.predict_proba(X)
    for _ in range(3):
        clf.partial_fit(X, y)
        again.partial_fit(X, y)
    assert not np.array_equal(again.predict_proba(X), before)
    assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert again.loss_curve_ == clf.loss_curve_


@stopping_short
def test_pitfall_16_pickling_between_warm_starts_changes_nothing(iris):
    clf = network(warm_start=True, max_iter=3).fit(*iris)
    again = pickle.loads(pickle.dumps(clf))
    assert_array_equal(again.fit(*iris).coefs_[0], clf.fit(*iris).coefs_[0])


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_pitfall_17_the_pickle_does_not_grow(solver, iris):
    """#19959: the pickle grew with every partial_fit."""
    clf = network(solver=solver, hidden_layer_sizes=200)
    sizes = []
    for _ in range(30):
        clf.partial_fit(*iris, classes=[0, 1, 2])
        sizes.append(len(pickle.dumps(clf)))
    n_bytes = 8 * sum(array.size for array in (*clf.coefs_, *clf.intercepts_))
    assert sizes[-1] - sizes[4] <= 25 * 100  # a row of history_ per call, and nothing else
    assert sizes[-1] < 3 * n_bytes + 10_000  # weights and the state of the optimiser


def test_pitfall_17_a_fitted_estimator_keeps_only_its_weights(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = network(hidden_layer_sizes=200, max_iter=3).fit(*iris)
    n_bytes = 8 * sum(array.size for array in (*clf.coefs_, *clf.intercepts_))
    assert len(pickle.dumps(clf)) < 1.1 * n_bytes + 10_000


@pytest.mark.parametrize("solver", ["auto", "sgd", "adam", "adamw"])
def test_pitfall_18_a_batch_may_lack_declared_classes(solver, iris):
    """#6994: partial_fit crashed when a batch lacked some declared class."""
    X, y = iris
    names = np.array(["a", "b", "c"])[y]
    clf = SoftmaxMLPClassifier(solver=solver, hidden_layer_sizes=5, random_state=0)
    clf.partial_fit(X[:50], names[:50], classes=["a", "b", "c", "d"])
    assert clf.classes_.tolist() == ["a", "b", "c", "d"]
    assert clf.predict_proba(X).shape == (150, 4)
    clf.partial_fit(X[50:100], names[50:100])
    clf.partial_fit(X[100:101], names[100:101])
    assert np.isfinite(clf.predict_proba(X)).all()


def test_pitfall_19_multilabel_uses_sigmoids(multilabel):
    """#7393: multilabel must use sigmoids, not a softmax."""
    X, Y = multilabel
    params = dict(solver="lbfgs", alpha=1.0, max_iter=1000)
    clf = network(SigmoidMLPClassifier, **params).fit(X, Y)
    assert clf.out_activation_ == "logistic"
    sums = clf.predict_proba(X).sum(axis=1)
    assert sums.min() < 0.2
    assert sums.max() > 1.8
    with pytest.raises(ValueError, match="SigmoidMLPClassifier"):
        network(**params).fit(X, Y)


@stopping_short
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
def test_pitfall_20_n_iter_is_that_of_the_last_call(solver, iris):
    """#24764: n_iter_ was cumulative."""
    clf = network(solver=solver, warm_start=True, max_iter=4, tol=0.0, n_iter_no_change=np.inf)
    assert clf.fit(*iris).n_iter_ == 4
    assert clf.set_params(max_iter=6).fit(*iris).n_iter_ == 6


@pytest.mark.parametrize("solver", ["lbfgs", "gradient_descent", "sgd", "adam"])
def test_pitfall_21_an_interrupt_is_reported_and_leaves_a_model(solver, iris):
    """#7596: KeyboardInterrupt was silently swallowed."""
    X, y = iris
    n_calls = 0

    def score_and_interrupt(estimator, X, y):
        nonlocal n_calls
        n_calls += 1
        if n_calls == 4:
            signal.raise_signal(signal.SIGINT)
        return accuracy_score(y, estimator.predict(X))

    clf = network(solver=solver, early_stopping=True, scoring=score_and_interrupt, max_iter=50)
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y)
    assert clf.n_iter_ == len(clf.loss_curve_) == 3
    assert clf.best_epoch_ <= 3
    assert np.isfinite(clf.predict_proba(X)).all()
    assert np.isfinite(clf.loss_)


def test_pitfall_21_an_interrupt_before_there_is_a_model_is_raised(iris):
    def interrupt(fraction):
        signal.raise_signal(signal.SIGINT)

    clf = network(learning_rate=interrupt)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*iris)
    assert not hasattr(clf, "coefs_")


@stopping_short
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "sgd", "adam", "adamw"])
def test_pitfall_22_the_global_seed_has_no_part_in_it(solver, iris):
    """#15266: reproducibility broken by the global seed."""
    X, y = iris
    results = []
    for seed in (1, 2):
        np.random.seed(seed)
        clf = SoftmaxMLPClassifier(
            hidden_layer_sizes=5,
            solver=solver,
            early_stopping=True,
            dropout=0.2 if solver in ("sgd", "adam", "adamw") else "auto",
            max_iter=5,
            random_state=0,
        ).fit(X, y)
        results.append(clf.predict_proba(X))
        following = np.random.uniform()
        np.random.seed(seed)
        assert following == np.random.uniform()  # nothing was drawn from it either
    assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("size", [1e3, 1e6, 1e12])
def test_pitfall_23_extreme_logits(size, iris, multilabel):
    """#17978: predict_proba was NaN at extreme logits."""
    X, y = iris
    start = ([size * np.array([[1.0, -2.0, 0.5]] * 4)], [np.zeros(3)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for Classifier, target, init in (
            (SoftmaxMLPClassifier, y, start),
            (SoftmaxMLPClassifier, y == 0, ([start[0][0][:, :1]], [np.zeros(1)])),
            (SigmoidMLPClassifier, multilabel[1], ([start[0][0][:, :2]], [np.zeros(2)])),
        ):
            clf = network(
                Classifier,
                hidden_layer_sizes=(),
                solver="gradient_descent",
                init=init,
                learning_rate_init=1e-9,
                max_iter=1,
            ).fit(X, target)
            P, log_P = clf.predict_proba(X), clf.predict_log_proba(X)
            assert np.isfinite(P).all()
            assert np.isfinite(log_P).all()  # also where P is 0
            assert P.min() < 1e-300
            assert log_P.min() < -700
            assert_allclose(np.exp(log_P), P, rtol=1e-9, atol=1e-300)
            assert np.isfinite(clf.loss_)
            if Classifier is SoftmaxMLPClassifier:
                assert_allclose(P.sum(axis=1), 1.0)


@stopping_short
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam", "adamw"])
@pytest.mark.parametrize("encoder", ["auto", "passthrough"])
def test_pitfall_24_float32_stays_float32(solver, encoder, iris):
    """#17759: float32 was upcast."""
    X, y = iris
    X = X.astype(np.float32)
    clf = network(solver=solver, encoder=encoder, early_stopping=True, max_iter=5).fit(X, y)
    assert {array.dtype for array in (*clf.coefs_, *clf.intercepts_)} == {np.dtype(np.float32)}
    assert clf.predict_proba(X).dtype == np.float32
    assert clf.predict_log_proba(X).dtype == np.float32
    assert clf.decision_function(X).dtype == np.float32
    doubles = clf.predict_proba(X.astype(np.float64))
    assert_allclose(doubles, clf.predict_proba(X), atol=1e-5)
