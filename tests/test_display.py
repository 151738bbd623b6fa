"""Displays, by what the figure contains."""

import builtins
import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skxent import LossCurveDisplay, NetworkDisplay, SoftmaxMLPClassifier
from skxent._display import NEGATIVE, POSITIVE

pytest.importorskip("matplotlib").use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_rgba  # noqa: E402

NAN = float("nan")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


class Fitted(BaseEstimator):
    """What a display may read of a fitted estimator, and nothing else."""

    def __init__(self, validation=True):
        self.history_ = {
            "epoch": [1, 2, 3, 4],
            "loss": [1.0, 0.5, 0.3, 0.2],
            "train_log_loss": [0.9, 0.4, 0.2, 0.1] if validation else [NAN] * 4,
            "validation_loss": [1.1, 0.7, 0.6, 0.65] if validation else [NAN] * 4,
        }
        self.best_epoch_ = 3 if validation else 4
        self.coefs_ = [np.array([[2.0, -1.0], [0.0, 0.5]]), np.array([[1.0, -4.0, 0.2]] * 2)]
        self.intercepts_ = [np.array([0.5, -0.5]), np.array([0.0, 1.0, 2.0])]
        self.classes_ = np.array(["a", "b", "c"])
        self.feature_names_in_ = np.array(["length", "width"], dtype=object)

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True


def texts(display):
    return [text.get_text() for text in display.texts_]


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


class TestLossCurve:
    def test_the_curves_hold_the_history(self):
        fitted = Fitted()
        display = LossCurveDisplay.from_estimator(fitted)
        training, validation = display.lines_
        assert list(training.get_xdata()) == fitted.history_["epoch"]
        assert list(training.get_ydata()) == fitted.history_["train_log_loss"]
        assert list(validation.get_ydata()) == fitted.history_["validation_loss"]
        assert legend(display) == ["training", "validation", "best epoch (3)"]
        assert display.figure_ is display.ax_.figure
        assert display.ax_.get_xlabel() == "Epoch"
        assert display.ax_.get_ylabel() == "Log loss"

    def test_the_objective_is_drawn_on_demand(self):
        fitted = Fitted()
        display = LossCurveDisplay.from_estimator(fitted, objective=True)
        *_, objective = display.lines_
        assert list(objective.get_ydata()) == fitted.history_["loss"]
        assert legend(display) == ["training", "validation", "objective", "best epoch (3)"]
        assert display.best_line_.get_color() == display.lines_[1].get_color()
        assert display.ax_.get_ylabel() == "Loss"
        assert len({line.get_linestyle() for line in display.lines_}) == 3
        assert len(display.plot().lines_) == 2

    @pytest.mark.parametrize("how", ["without the column", "with gaps only"])
    def test_the_history_of_an_older_model(self, how):
        """The objective stands in for the log loss of training rows, under its own name."""
        fitted = Fitted()
        fitted.history_["train_log_loss"] = [NAN] * 4
        if how == "without the column":
            del fitted.history_["train_log_loss"]
        display = LossCurveDisplay.from_estimator(fitted)
        assert legend(display) == ["objective", "validation", "best epoch (3)"]
        assert display.best_line_.get_xydata().tolist() == [[3.0, 0.6]]

    def test_the_best_epoch_is_marked_on_the_validation_curve(self):
        display = LossCurveDisplay.from_estimator(Fitted())
        assert display.best_line_.get_xydata().tolist() == [[3.0, 0.6]]

    def test_without_held_out_rows_there_is_one_curve(self):
        display = LossCurveDisplay.from_estimator(Fitted(validation=False))
        assert len(display.lines_) == 1
        assert display.best_line_ is None  # no epoch was chosen
        assert legend(display) == ["objective"]

    def test_without_a_best_epoch_nothing_is_marked(self):
        display = LossCurveDisplay(epoch=[1, 2], loss=[2.0, 1.0]).plot()
        assert display.best_line_ is None
        assert legend(display) == ["objective"]

    def test_a_best_epoch_by_training_loss_can_be_given(self):
        display = LossCurveDisplay(epoch=[1, 2], loss=[2.0, 1.0], best_epoch=2).plot()
        assert display.best_line_.get_xydata().tolist() == [[2.0, 1.0]]

    def test_given_axes_names_and_styles_are_used(self):
        _, ax = plt.subplots()
        display = LossCurveDisplay.from_estimator(
            Fitted(), ax=ax, name="net", log_scale=True, line_kw={"linewidth": 5}
        )
        assert display.ax_ is ax
        assert ax.get_yscale() == "log"
        assert legend(display)[0] == "net, training"
        assert all(line.get_linewidth() == 5 for line in display.lines_)
        again = display.plot(name="other")
        assert legend(again)[0] == "other, training"
        assert again.ax_ is not ax

    def test_the_end_of_a_pipeline_or_search_is_found(self):
        pipeline = make_pipeline(FunctionTransformer(), Fitted())
        search = SimpleNamespace(best_estimator_=pipeline)
        for estimator in (pipeline, search):
            assert len(LossCurveDisplay.from_estimator(estimator).lines_) == 2

    def test_a_network_without_a_curve_is_not_said_to_be_unfitted(self):
        network = MLPClassifier(2, solver="lbfgs", tol=1.0).fit([[0.0], [1.0]], [0, 1])
        with pytest.raises(ValueError, match="no loss curve.*'adam' or 'sgd'"):
            LossCurveDisplay.from_estimator(network)


class TestNetwork:
    def test_one_circle_per_unit_and_one_line_per_weight(self):
        display = NetworkDisplay.from_estimator(Fitted())
        assert [len(units.get_offsets()) for units in display.units_] == [2, 2, 3]
        assert [len(lines.get_segments()) for lines in display.lines_] == [4, 6]
        assert display.figure_ is display.ax_.figure

    def test_width_is_size_and_color_is_sign(self):
        display = NetworkDisplay.from_estimator(Fitted(), max_width=8.0)
        first, second = display.lines_
        np.testing.assert_allclose(first.get_linewidths(), [4.0, 2.0, 0.0, 1.0])
        np.testing.assert_allclose(second.get_linewidths(), [2.0, 8.0, 0.4] * 2)
        signs = [POSITIVE, NEGATIVE, POSITIVE] * 2
        np.testing.assert_allclose(second.get_colors(), [to_rgba(color) for color in signs])

    def test_lines_join_the_units_of_their_weight(self):
        display = NetworkDisplay.from_estimator(Fitted())
        inputs, hidden, _ = (units.get_offsets() for units in display.units_)
        # W[0, 1] is second in row-major order: from input 0 to hidden unit 1
        np.testing.assert_allclose(display.lines_[0].get_segments()[1], [inputs[0], hidden[1]])

    def test_names_of_features_and_classes(self):
        assert texts(NetworkDisplay.from_estimator(Fitted())) == ["length", "width", "a", "b", "c"]

    def test_names_where_none_are_known(self):
        fitted = Fitted()
        del fitted.feature_names_in_
        assert texts(NetworkDisplay.from_estimator(fitted))[:2] == ["x0", "x1"]

    def test_names_of_an_encoders_columns(self):
        fitted = Fitted()
        fitted.encoder_ = SimpleNamespace(get_feature_names_out=lambda: np.array(["e0", "e1"]))
        assert texts(NetworkDisplay.from_estimator(fitted))[:2] == ["e0", "e1"]

    def test_one_member_of_a_committee(self):
        fitted = Fitted()
        single = NetworkDisplay.from_estimator(fitted, max_width=8.0)
        fitted.coefs_ = [np.stack([np.ones_like(W), W]) for W in fitted.coefs_]
        fitted.intercepts_ = [np.stack([np.ones_like(b), b]) for b in fitted.intercepts_]
        second = NetworkDisplay.from_estimator(fitted, member=1, max_width=8.0)
        for lines, expected in zip(second.lines_, single.lines_, strict=True):
            np.testing.assert_array_equal(lines.get_linewidths(), expected.get_linewidths())
        assert set(NetworkDisplay.from_estimator(fitted).lines_[0].get_linewidths()) == {4.0}

    @pytest.mark.parametrize("member", [2, -3, 0.5, None])
    def test_a_member_that_a_committee_has_not(self, member):
        fitted = Fitted()
        fitted.coefs_ = [np.stack([W, W]) for W in fitted.coefs_]
        fitted.intercepts_ = [np.stack([b, b]) for b in fitted.intercepts_]
        with pytest.raises(ValueError, match=rf"member .* 0 to 1 .* 2\); got {member}"):
            NetworkDisplay.from_estimator(fitted, member=member)
        with pytest.raises(ValueError, match=r"member .* 0 to 0 .* 1\); got 1"):
            NetworkDisplay.from_estimator(Fitted(), member=1)

    def test_one_logistic_output_stands_for_the_second_class(self):
        fitted = Fitted()
        fitted.coefs_[1] = np.ones((2, 1))
        fitted.intercepts_[1] = np.zeros(1)
        fitted.classes_ = np.array(["no", "yes"])
        assert texts(NetworkDisplay.from_estimator(fitted))[-1] == "yes"

    def test_weights_and_biases_in_writing(self):
        written = texts(NetworkDisplay.from_estimator(Fitted(), annotate=True))
        assert written.count("-4") == 2
        assert "+0.5" in written and "-0.5" in written

    @pytest.mark.parametrize("sizes", [(2, 2, 3), (3, 2, 1), (4, 4, 2)])
    def test_no_number_covers_another(self, sizes):
        coefs = [np.full(shape, -8.88) for shape in zip(sizes[:-1], sizes[1:], strict=True)]
        _, ax = plt.subplots(figsize=(8, 6), layout="constrained")
        display = NetworkDisplay(coefs=coefs, intercepts=[np.ones(n) for n in sizes[1:]])
        display.plot(ax, values=[np.ones(n) for n in sizes], annotate=True)
        display.figure_.canvas.draw()
        boxes = [text.get_window_extent() for text in display.texts_]
        assert len(boxes) > sum(sizes)
        pairs = itertools.combinations(boxes, 2)
        assert not [(a, b) for a, b in pairs if a.overlaps(b)]

    def test_values_in_the_units(self):
        values = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.25, 0.25]]
        display = NetworkDisplay.from_estimator(Fitted(), values=values)
        assert texts(display)[-7:] == ["0.10", "0.20", "0.30", "0.40", "0.50", "0.25", "0.25"]
        with pytest.raises(ValueError, match=r"layers of \[2, 2, 3\].*\[2, 3\]"):
            NetworkDisplay.from_estimator(Fitted(), values=values[::2])

    def test_wide_layers_are_cut_and_say_so(self):
        display = NetworkDisplay(
            coefs=[np.ones((40, 9)), np.ones((9, 3))], intercepts=[np.zeros(9), np.zeros(3)]
        ).plot(max_units=5)
        assert [len(units.get_offsets()) for units in display.units_] == [5, 5, 3]
        assert [len(lines.get_segments()) for lines in display.lines_] == [25, 15]
        assert texts(display) == ["35 more", "4 more"]

    @pytest.mark.parametrize("weight", [0.0, NAN, float("inf")])
    def test_weights_that_have_no_width(self, weight):
        display = NetworkDisplay(coefs=[[[weight]]], intercepts=[[0.0]]).plot()
        assert list(display.lines_[0].get_linewidths()) == [0.0]
        display.figure_.canvas.draw()

    def test_given_axes_are_used(self):
        _, ax = plt.subplots()
        assert NetworkDisplay.from_estimator(Fitted(), ax=ax).ax_ is ax


@pytest.mark.parametrize("display", [LossCurveDisplay, NetworkDisplay])
class TestBoth:
    @pytest.mark.parametrize("n_members", [1, 2])
    def test_a_real_classifier(self, display, n_members, iris):
        X, y = iris
        classifier = SoftmaxMLPClassifier(4, n_members=n_members, random_state=0).fit(X, y)
        display = display.from_estimator(classifier)
        assert len(display.lines_) == 2  # two curves, or two layers
        display.figure_.canvas.draw()

    def test_an_unfitted_estimator_is_refused(self, display):
        from sklearn.linear_model import LogisticRegression

        with pytest.raises(NotFittedError):
            display.from_estimator(LogisticRegression())

    def test_a_missing_matplotlib_is_named(self, display, monkeypatch):
        real = builtins.__import__

        def without_matplotlib(name, *args, **kwargs):
            if name.split(".")[0] == "matplotlib":
                raise ImportError(name)
            return real(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without_matplotlib)
        with pytest.raises(ImportError, match=f"{display.__name__}.from_estimator requires"):
            display.from_estimator(Fitted())


@pytest.mark.parametrize("early_stopping", [False, True])
def test_loss_curve_of_scikit_learns_own_network(early_stopping, iris):
    X, y = iris
    theirs = MLPClassifier(3, max_iter=5, early_stopping=early_stopping, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y)
    display = LossCurveDisplay.from_estimator(make_pipeline(theirs))
    (line,) = display.lines_
    assert_array_equal(line.get_ydata(), theirs.loss_curve_)
    assert_array_equal(line.get_xdata(), np.arange(1, theirs.n_iter_ + 1))
    if early_stopping:
        assert display.best_epoch == np.argmax(theirs.validation_scores_) + 1
    else:
        assert display.best_epoch is None
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(MLPClassifier())
