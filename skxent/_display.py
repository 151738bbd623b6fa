"""Pictures of fitted classifiers: the course of training, and the network itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ._compat import check_matplotlib_support

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POSITIVE, NEGATIVE = "tab:blue", "tab:orange"


class LossCurveDisplay:
    """Log loss of training and held-out rows by epoch, with the epoch whose weights were kept.

    Both are measured in the same way, without penalty and dropout, so that the gap between them is
    what the network does better on rows it was trained on. The objective, which training makes
    small, has penalty and dropout in it and is a mean over weights on the move: it is drawn where
    the log loss of training rows is not known, or when asked for.

    Use :meth:`from_estimator` to make one. All parameters are stored as attributes.

    Parameters
    ----------
    epoch : array-like of shape (n_epochs,)
        Number of each epoch.
    loss : array-like of shape (n_epochs,)
        Objective of each epoch.
    train_log_loss : array-like of shape (n_epochs,), default=None
        Log loss on training rows, in nats. None, or all NaN, where it is not known.
    validation_loss : array-like of shape (n_epochs,), default=None
        Log loss on the held-out rows, in nats. None, or all NaN, where there were none.
    best_epoch : int, default=None
        The epoch whose weights the estimator kept.
    estimator_name : str, default=None
        Name shown in the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure containing the axes.
    lines_ : list of matplotlib Line2D
        The training curve, or else the objective; then the validation curve, if there is one; then
        the objective, if it was asked for.
    best_line_ : matplotlib Line2D or None
        The point of the best epoch.

    See Also
    --------
    NetworkDisplay : The layers and weights of a small network.

    Examples
    --------
    >>> from skxent import LossCurveDisplay
    >>> display = LossCurveDisplay(epoch=[1, 2, 3], loss=[0.9, 0.5, 0.4])
    >>> display.plot().ax_.get_ylabel()
    'Loss'
    """

    def __init__(
        self,
        *,
        epoch: ArrayLike,
        loss: ArrayLike,
        train_log_loss: ArrayLike | None = None,
        validation_loss: ArrayLike | None = None,
        best_epoch: int | None = None,
        estimator_name: str | None = None,
    ) -> None:
        self.epoch = epoch
        self.loss = loss
        self.train_log_loss = train_log_loss
        self.validation_loss = validation_loss
        self.best_epoch = best_epoch
        self.estimator_name = estimator_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        ax: Axes | None = None,
        name: str | None = None,
        objective: bool = False,
        log_scale: bool = False,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the loss curve of a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance
            A fitted classifier of this package or scikit-learn's MLPClassifier, of which only the
            objective is known, or a pipeline or search that ends in one.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        name : str, default=None
            Name for the legend; None means no name.
        objective : bool, default=False
            Whether the objective is drawn beside the log losses.
        log_scale : bool, default=False
            Whether the axis of the loss is logarithmic.
        line_kw : dict, default=None
            Further arguments of all curves, for :func:`matplotlib.pyplot.plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skxent import LossCurveDisplay, SoftmaxMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> classifier = SoftmaxMLPClassifier(8, solver="lbfgs", random_state=0).fit(X, y)
        >>> LossCurveDisplay.from_estimator(classifier).ax_.get_xlabel()
        'Epoch'
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        estimator = _classifier_of(estimator)
        check_is_fitted(estimator)
        if not (hasattr(estimator, "history_") or hasattr(estimator, "loss_curve_")):
            raise ValueError(
                f"{type(estimator).__name__} has no loss curve: scikit-learn's networks keep one "
                "with solver='adam' or 'sgd'. Fit with such a solver."
            )
        if not hasattr(estimator, "history_"):
            loss, scores = estimator.loss_curve_, getattr(estimator, "validation_scores_", None)
            display = cls(
                epoch=np.arange(1, len(loss) + 1),
                loss=loss,
                best_epoch=None if scores is None else int(np.argmax(scores)) + 1,
                estimator_name=name,
            )
            return display.plot(ax=ax, objective=objective, log_scale=log_scale, line_kw=line_kw)
        history = estimator.history_
        # without held-out rows no epoch is chosen: the last one is kept
        chosen = np.isfinite(np.asarray(history["validation_loss"], dtype=float)).any()
        display = cls(
            epoch=history["epoch"],
            loss=history["loss"],
            train_log_loss=history.get("train_log_loss"),
            validation_loss=history["validation_loss"],
            best_epoch=estimator.best_epoch_ if chosen else None,
            estimator_name=name,
        )
        return display.plot(ax=ax, objective=objective, log_scale=log_scale, line_kw=line_kw)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        name: str | None = None,
        objective: bool = False,
        log_scale: bool = False,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        name : str, default=None
            Name for the legend; None means `estimator_name`.
        objective : bool, default=False
            Whether the objective is drawn beside the log losses.
        log_scale : bool, default=False
            Whether the axis of the loss is logarithmic.
        line_kw : dict, default=None
            Further arguments of all curves, for :func:`matplotlib.pyplot.plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots()
        name = self.estimator_name if name is None else name
        prefix = f"{name}, " if name else ""
        epoch = np.asarray(self.epoch, dtype=float)
        curves = self._curves(objective)
        self.lines_: list[Any] = []
        for curve, values in curves.items():
            style = {"label": f"{prefix}{curve}", "linestyle": "-"}
            if self.lines_:
                style["linestyle"] = "--" if curve == "validation" else ":"
            self.lines_ += ax.plot(epoch, values, **{**style, **(line_kw or {})})

        self.best_line_ = None
        if self.best_epoch is not None and self.best_epoch in epoch:
            best = epoch == self.best_epoch
            judge = "validation" if "validation" in curves else next(iter(curves))
            (self.best_line_,) = ax.plot(
                epoch[best],
                curves[judge][best],
                marker="o",
                linestyle="none",
                color=self.lines_[[*curves].index(judge)].get_color(),
                label=f"{prefix}best epoch ({self.best_epoch})",
            )

        ax.set(xlabel="Epoch", ylabel="Loss" if "objective" in curves else "Log loss")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        if log_scale:
            ax.set_yscale("log")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _curves(self, objective: bool) -> dict[str, NDArray]:
        """Return what is drawn, by its name: log losses, and the objective if need be or wanted."""
        log_losses = {"training": self.train_log_loss, "validation": self.validation_loss}
        curves = {
            name: np.asarray(values, dtype=float)
            for name, values in log_losses.items()
            if values is not None and np.isfinite(np.asarray(values, dtype=float)).any()
        }
        if "training" not in curves:
            return {"objective": np.asarray(self.loss, dtype=float)} | curves
        return curves | ({"objective": np.asarray(self.loss, dtype=float)} if objective else {})


class NetworkDisplay:
    """The layers of a small network: units as circles, weights as lines.

    A line is as wide as its weight is large, relative to the largest of the whole network; its
    color tells the sign. Use :meth:`from_estimator` to make one. All parameters are stored as
    attributes.

    Parameters
    ----------
    coefs : list of array-like of shape (fan_in, fan_out)
        Weight matrix of each layer.
    intercepts : list of array-like of shape (fan_out,)
        Bias of each layer.
    input_names : sequence of str, default=None
        Names of the inputs.
    output_names : sequence of str, default=None
        Names of the outputs.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the network.
    figure_ : matplotlib Figure
        Figure containing the axes.
    lines_ : list of matplotlib LineCollection
        The weights between each layer and the next.
    units_ : list of matplotlib PathCollection
        The units of each layer, the inputs first.
    texts_ : list of matplotlib Text
        Names, and the numbers asked for.

    See Also
    --------
    LossCurveDisplay : The loss by epoch.

    Examples
    --------
    >>> from skxent import NetworkDisplay
    >>> display = NetworkDisplay(coefs=[[[1.0, -2.0]]], intercepts=[[0.0, 0.5]])
    >>> len(display.plot().units_)
    2
    """

    def __init__(
        self,
        *,
        coefs: Sequence[ArrayLike],
        intercepts: Sequence[ArrayLike],
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        self.coefs = coefs
        self.intercepts = intercepts
        self.input_names = input_names
        self.output_names = output_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        member: int = 0,
        ax: Axes | None = None,
        values: Sequence[ArrayLike] | None = None,
        annotate: bool = False,
        max_units: int = 16,
        max_width: float = 4.0,
    ) -> Self:
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance
            A fitted classifier of this package, or a pipeline or search that ends in one.
        member : int, default=0
            Which network of a committee to draw.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        values : sequence of array-like, default=None
            Numbers to write into the units, one array per layer, the inputs first.
        annotate : bool, default=False
            Whether to write each weight on its line and each bias above its unit.
        max_units : int, default=16
            Layers of more units show this many and say how many are left out.
        max_width : float, default=4.0
            Width of the line of the largest weight, in points.

        Returns
        -------
        display : NetworkDisplay
            The display, drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skxent import NetworkDisplay, SoftmaxMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> classifier = SoftmaxMLPClassifier(
        ...     3, solver="lbfgs", encoder="passthrough", max_iter=500, random_state=0
        ... ).fit(X, y)
        >>> [len(units.get_offsets()) for units in NetworkDisplay.from_estimator(classifier).units_]
        [4, 3, 3]
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        estimator = _classifier_of(estimator)
        check_is_fitted(estimator, "coefs_")
        coefs, intercepts = estimator.coefs_, estimator.intercepts_
        n = len(coefs[0]) if coefs[0].ndim == 3 else 1  # a committee: one more axis, of the members
        if member not in range(-n, n):
            raise ValueError(
                f"member must be from 0 to {n - 1} (number of networks: {n}); got {member!r}."
            )
        if coefs[0].ndim == 3:
            coefs, intercepts = [W[member] for W in coefs], [b[member] for b in intercepts]
        display = cls(
            coefs=coefs,
            intercepts=intercepts,
            input_names=_input_names(estimator, coefs[0].shape[0]),
            output_names=_output_names(estimator, coefs[-1].shape[1]),
        )
        return display.plot(
            ax=ax, values=values, annotate=annotate, max_units=max_units, max_width=max_width
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        values: Sequence[ArrayLike] | None = None,
        annotate: bool = False,
        max_units: int = 16,
        max_width: float = 4.0,
    ) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        values : sequence of array-like, default=None
            Numbers to write into the units, one array per layer, the inputs first.
        annotate : bool, default=False
            Whether to write each weight on its line and each bias above its unit.
        max_units : int, default=16
            Layers of more units show this many and say how many are left out.
        max_width : float, default=4.0
            Width of the line of the largest weight, in points.

        Returns
        -------
        display : NetworkDisplay
            The display, drawn.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots()
        coefs = [np.asarray(W, dtype=float) for W in self.coefs]
        sizes = [coefs[0].shape[0], *(W.shape[1] for W in coefs)]
        if values is not None and [np.size(v) for v in values] != sizes:
            raise ValueError(
                f"values must hold one number per unit, layers of {sizes}; got arrays of "
                f"{[np.size(v) for v in values]}."
            )
        places = [
            np.column_stack([np.full(shown, layer), (shown - 1) / 2 - np.arange(shown)])
            for layer, shown in enumerate(min(size, max_units) for size in sizes)
        ]
        area = 200 if values is None else 700  # of a circle, in points squared
        self.texts_: list[Any] = []
        self.lines_ = _draw_weights(ax, coefs, places, max_width)
        self.units_ = [
            ax.scatter(at[:, 0], at[:, 1], s=area, c="white", edgecolor="black", zorder=2)
            for at in places
        ]
        margin = area**0.5 / 2 + 4
        self._write_names(ax, sizes, places, margin)
        if annotate:
            self._write_weights(ax, coefs, places, margin)
        if values is not None:
            for at, layer in zip(places, values, strict=True):
                for xy, value in zip(at, np.ravel(np.asarray(layer)), strict=False):
                    self._write(
                        ax, f"{value:.2f}", xy, (0, 0), ha="center", va="center", fontsize=8
                    )

        heights = [len(at) for at in places]
        ax.set(
            xlim=(-0.6, len(sizes) - 0.4), ylim=(-max(heights) / 2 - 0.1, max(heights) / 2 + 0.1)
        )
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _write_names(
        self, ax: Axes, sizes: list[int], places: list[NDArray], margin: float
    ) -> None:
        """Write the names of inputs and outputs beside them, and what is left out below."""
        for names, at, side, shift in (
            (self.input_names, places[0], "right", -margin),
            (self.output_names, places[-1], "left", margin),
        ):
            for xy, name in zip(at, names if names is not None else [], strict=False):
                self._write(ax, name, xy, (shift, 0), ha=side, va="center")
        for size, at in zip(sizes, places, strict=True):
            if size > len(at):
                more = f"{size - len(at)} more"
                self._write(ax, more, at[-1], (0, -margin), ha="center", va="top", fontsize=8)

    def _write_weights(
        self, ax: Axes, coefs: list[NDArray], places: list[NDArray], margin: float
    ) -> None:
        """Write each weight on its line and each bias above its unit.

        With m units on the right, the numbers stand at 1 / (m + 1) of the way: there the lines of
        units one apart are evenly spaced, so that no number covers another.
        """
        style: dict[str, Any] = {"ha": "center", "fontsize": 8}
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        for W, left, right in zip(coefs, places[:-1], places[1:], strict=True):
            for i, start in enumerate(left):
                for j, end in enumerate(right):
                    xy = start + (end - start) / (len(right) + 1)
                    self._write(ax, f"{W[i, j]:.3g}", xy, (0, 0), va="center", bbox=box, **style)
        for b, at in zip(self.intercepts, places[1:], strict=True):
            for bias, xy in zip(np.ravel(np.asarray(b)), at, strict=False):
                self._write(ax, f"{bias:+.3g}", xy, (0, margin - 2), va="bottom", **style)

    def _write(self, ax: Axes, text: str, xy: NDArray, offset: tuple, **style: Any) -> None:
        """Write a text at a place, moved by an offset in points."""
        self.texts_.append(
            ax.annotate(text, tuple(xy), offset, textcoords="offset points", **style)
        )


def _draw_weights(
    ax: Axes, coefs: list[NDArray], places: list[NDArray], max_width: float
) -> list[Any]:
    """One collection of lines per layer; a weight that is 0 or not finite has no width."""
    from matplotlib.collections import LineCollection

    largest = max((np.abs(W[np.isfinite(W)]).max(initial=0.0) for W in coefs), default=0.0)
    drawn = []
    for W, left, right in zip(coefs, places[:-1], places[1:], strict=True):
        W = np.nan_to_num(W[: len(left), : len(right)], nan=0.0, posinf=0.0, neginf=0.0)
        segments = [(start, end) for start in left for end in right]
        widths = np.abs(W).ravel() * (max_width / largest if largest > 0 else 0.0)
        colors = np.where(W.ravel() >= 0, POSITIVE, NEGATIVE)
        drawn.append(
            ax.add_collection(LineCollection(segments, linewidths=widths, colors=colors, zorder=1))
        )
    return drawn


def _classifier_of(estimator: Any) -> Any:
    """Return the classifier at the end of a search or a pipeline."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def _input_names(estimator: Any, n_inputs: int) -> list[str]:
    """Names of the first layer's inputs: the encoder's columns, the features, or x0, x1, ..."""
    encoder = getattr(estimator, "encoder_", None)
    if encoder is not None:
        names = encoder.get_feature_names_out()
    else:
        names = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(n_inputs)])
    return [str(name) for name in names]


def _output_names(estimator: Any, n_outputs: int) -> list[str]:
    """Names of the classes; with one logistic output, of the class that it stands for."""
    return [str(label) for label in estimator.classes_[-n_outputs:]]
