"""What each column of a table adds to the logits of a row, compared with the average row."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ._compat import _check_feature_names_in
from ._kernels import evaluate_activation
from ._model import Model, fitted_model
from ._table.compact import CompactRows

_BLOCK = 1 << 17  # numbers of a temporary array: few enough to stay near the processor
_LEVEL = np.finfo(np.float64).eps ** 0.5  # shorter chords have the slope of the tangent


class Attributions(NamedTuple):
    """What columns add to the logits of rows, what they are added to, and their names."""

    values: NDArray
    base_values: NDArray
    feature_names: NDArray


def attributions(estimator: Any, X: Any, background: Any) -> Attributions:
    r"""Share out the logits of each row among the columns of the table.

    Where a row :math:`x` differs from the average row :math:`b` of the background, both as the
    encoder gives them, each encoded column has a part in the difference of the logits: its own
    difference times a slope,

    .. math::

        A_{jk} &= \sum_{e \in j} M_{ke}\, (x_e - b_e), \\
        M &= W_L^\top S_{L-1} W_{L-1}^\top \cdots S_1 W_1^\top, \\
        S_l &= \operatorname{diag} \frac{\varphi(h_l(x)) - \varphi(h_l(b))}{h_l(x) - h_l(b)},

    summed over all encoded columns :math:`e` (scaled, gap, bins, levels) of column :math:`j`. This
    is one backward pass in which the derivative of each activation :math:`\varphi` is replaced by
    the slope of its chord, DeepLIFT's rule of rescaling [1]_. Tangents say what the logit does next
    to :math:`x`, chords how it came there from :math:`b`; so the sum is complete, whatever the
    network:

    .. math:: \sum_j A_{jk} = z_k(x) - z_k(b) .

    Of a committee it is the mean over the members, and all is divided by the temperature.

    Parameters
    ----------
    estimator : SoftmaxMLPClassifier or SigmoidMLPClassifier
        A fitted classifier.
    X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        The rows to be explained.
    background : like X
        The rows whose mean each row is compared with: usually those of training. One row asks why
        the answer differs from the answer to that row.

    Returns
    -------
    result : Attributions
        A named tuple of

        values : ndarray of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
            With two classes, what each column adds to the log-odds of the second. With more,
            what it adds to each logit, less the mean of all logits of the row: the softmax does
            not see that mean, and over the classes the values of a column sum to 0. For multilabel
            targets, what it adds to the log-odds of each output. A column that is left out by the
            encoder has 0. Always dense and float64.
        base_values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The same logits of the average row, repeated for each row, as SHAP has them.
            ``base_values + values.sum(axis=1)`` is ``decision_function(X)``, less its mean over the
            classes where there are more than two.
        feature_names : ndarray of shape (n_features,)
            Names of the columns; "x0", "x1", ... where ``fit`` saw none.

    Raises
    ------
    TypeError
        If the estimator is none of this package, such as a pipeline.
    ValueError
        If X or the background is not a table as in ``fit``, or numbers that are passed through are
        so large that logits are not finite.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    See Also
    --------
    sklearn.inspection.permutation_importance : What a column is worth to a score.
    sklearn.inspection.partial_dependence : The mean answer as a column changes.

    Notes
    -----
    Without hidden layers this is :math:`W_{ek} (x_e - b_e)`. With one hidden layer it is the
    integrated gradient [2]_ along the straight line from :math:`b` to :math:`x`, exactly, and with
    more it is close to that [3]_, which is not complete itself until it takes many steps.

    The importance of columns over a table is ``np.abs(values).mean(axis=0)``. Values are measured
    in nats of log-odds; how they move a probability depends on where it stands. They tell what the
    network makes of a row, not what causes the class, and columns that say the same share what they
    add as the network happens to weigh them.

    The cost is a pass forwards and, for every output, one backwards, in NumPy and float64.

    References
    ----------
    .. [1] Shrikumar, A., Greenside, P., & Kundaje, A. (2017). "Learning important features through
       propagating activation differences." ICML.
    .. [2] Sundararajan, M., Taly, A., & Yan, Q. (2017). "Axiomatic attribution for deep networks."
       ICML.
    .. [3] Ancona, M., Ceolini, E., Öztireli, C., & Gross, M. (2018). "Towards better understanding
       of gradient-based attribution methods for deep neural networks." ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skxent import SoftmaxMLPClassifier, attributions
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = SoftmaxMLPClassifier(n_members=2, random_state=0).fit(X, y)
    >>> values, base, names = attributions(clf, X[:5], background=X)
    >>> values.shape
    (5, 30)
    >>> logits = clf.decision_function(X[:5])
    >>> bool(abs(base + values.sum(axis=1) - logits).max() < 1e-4)
    True
    """
    fitted = copy.copy(estimator)  # one snapshot: another thread may fit this meanwhile
    model = fitted_model(fitted)
    n_columns, outputs = fitted.n_features_in_, model.outputs
    with np.errstate(over="ignore", invalid="ignore"):  # looked at below
        average = _mean(model.reader.compact(fitted, background))
        members = _members(model, average)
        rows = model.reader.compact(fitted, X)
        sources = model.reader.sources(n_columns)
        values = _values(members, average, rows, sources, n_columns) / model.temperature
        base = np.mean([member.logits for member in members], axis=0) / model.temperature
    if not (np.isfinite(values).all() and np.isfinite(base).all()):
        raise ValueError(
            "The network's outputs are not finite: numbers of X or of the background are too large "
            "for these weights. Scale them as in training (encoder='auto' bounds them)."
        )
    names = _check_feature_names_in(fitted)
    base = np.broadcast_to(base, (len(values), *base.shape))
    if outputs.n_outputs == 1 and not outputs.multilabel:
        return Attributions(values[:, :, 0], base[:, 0], names)
    return Attributions(values, base, names)


def _values(
    members: Sequence[_Member],
    average: NDArray,
    rows: CompactRows,
    sources: NDArray,
    n_columns: int,
) -> NDArray:
    """Return the attributions of all rows, of shape (n, n_columns, k), not divided by anything."""
    n_encoded, k = len(sources), len(members[0].logits)
    ones = np.ones(n_encoded)
    of_column = sp.csr_array((ones, (np.arange(n_encoded), sources)), (n_encoded, n_columns))
    widest = max(n_encoded, *(W.shape[1] for W in members[0].weights))
    parts = []
    for x in _encoded(rows, k * widest):
        difference = x - average
        slopes = sum(member.slopes(difference) for member in members) / len(members)
        each = (slopes * difference[:, None, :]).reshape(len(x) * k, n_encoded)
        parts.append((each @ of_column).reshape(len(x), k, n_columns).transpose(0, 2, 1))
    return np.concatenate(parts)


def _encoded(rows: CompactRows, width: int) -> Iterator[NDArray]:
    """Yield the encoded rows as float64, some at a time: `width` numbers are made of each."""
    step = max(_BLOCK // max(width, 1), 1)
    for start in range(0, rows.arrays[0].shape[0], step):
        some: Any = rows.with_arrays([array[start : start + step] for array in rows.arrays])
        matrix = some.expand()
        yield (matrix.toarray() if sp.issparse(matrix) else matrix).astype(np.float64)


def _mean(rows: CompactRows) -> NDArray:
    """Return the mean of the encoded rows."""
    total: Any = sum(x.sum(axis=0) for x in _encoded(rows, rows.inputs().n_features))
    return total / rows.arrays[0].shape[0]


class _Member(NamedTuple):
    """A network, and what it makes of the average row.

    For each hidden layer, the sums that units get and their values.
    """

    weights: Sequence[NDArray]
    activations: Sequence[str]
    hidden: Sequence[tuple[NDArray, NDArray]]
    logits: NDArray

    def slopes(self, difference: NDArray) -> NDArray:
        """Return the slope of each logit by each encoded column, of shape (n, k, n_encoded).

        Rows are given by their difference from the average row. Without hidden layers n is 1: all
        rows have the same slopes.
        """
        chords, h = [], difference @ self.weights[0]
        for layer, (h_b, a_b) in enumerate(self.hidden):
            a, tangent = evaluate_activation(self.activations[layer], h + h_b)
            chords.append(_chord(h, a - a_b, tangent))
            h = (a - a_b) @ self.weights[layer + 1]
        g = self.weights[-1].T[None]
        for chord, W in zip(reversed(chords), reversed(self.weights[:-1]), strict=True):
            g = g * chord[:, None, :]
            g = (g.reshape(-1, g.shape[2]) @ W.T).reshape(*g.shape[:2], len(W))
        return g


def _chord(run: NDArray, rise: NDArray, tangent: NDArray) -> NDArray:
    """Return rise over run; the slope of the tangent where the run is too short to divide by."""
    short = np.abs(run) < _LEVEL
    return np.where(short, tangent, rise / np.where(short, 1.0, run))


def _members(model: Model, average: NDArray) -> list[_Member]:
    """Return the networks in float64, each with what it makes of the average row."""
    members = []
    for params in model.params.astype(np.float64):
        weights, biases = model.network.views(params)
        if model.outputs.softmax:  # which does not see the mean of the logits
            weights[-1] = weights[-1] - weights[-1].mean(axis=1, keepdims=True)
            biases[-1] = biases[-1] - biases[-1].mean()
        hidden, h = [], average @ weights[0] + biases[0]
        for layer, name in enumerate(model.network.activations, start=1):
            a, _ = evaluate_activation(name, h)
            hidden.append((h, a))
            h = a @ weights[layer] + biases[layer]
        members.append(_Member(weights, model.network.activations, hidden, h))
    return members
