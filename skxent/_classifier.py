"""The two classifiers: their parameters, their targets, and what they predict."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from ._decisions import log_softmax
from ._estimator import BaseMLP
from ._frames import columns_of, is_floating, numbers_of
from ._labels import check_present


class SoftmaxMLPClassifier(BaseMLP):
    r"""Neural-network classifier that learns class probabilities by minimising cross-entropy.

    From a DataFrame or an array to calibrated probabilities with one line: categories, gaps and
    scales are handled by a :class:`~skxent.TableEncoder`, and a small committee of networks is
    trained on folds of the rows, stopped by the log loss of the rows held out, and calibrated on
    them. Every parameter of scikit-learn's :class:`~sklearn.neural_network.MLPClassifier` exists
    with the same meaning (`alpha` but for a factor); **name a solver and every "auto" is
    scikit-learn's default**, one plain network.

    With logits :math:`z`, weights :math:`w`, their sum :math:`S` over the rows of a batch and
    :math:`N` over all training rows, every solver minimises

    .. math:: J = \frac1S \sum_i w_i\, \mathrm{loss}(z_i, y_i)
              + \frac{\alpha}{2N} \sum_l \lVert W_l \rVert^2 .

    Parameters
    ----------
    hidden_layer_sizes : int, array-like of int or "auto", default="auto"
        Units of each hidden layer; an empty tuple for none (multinomial logistic regression).
    activation : str or sequence of str, default="relu"
        One name for all hidden layers, or one per layer: identity, logistic, tanh, relu,
        leaky_relu, elu, selu, gelu, silu, mish, softplus.
    solver : str, default="auto"
        "auto" chooses by the number of rows. Full batch: "lbfgs", "bfgs", "cg", "tnc" (through
        :func:`scipy.optimize.minimize`) and "gradient_descent" (constant step). Mini-batch: "sgd",
        "adam", "adamw" (decoupled weight decay). "bfgs" is for small networks: with n weights it
        keeps n x n numbers, and a step takes time of order n^3.
    alpha : float or "auto", default="auto"
        Strength of the L2 penalty on weights, as in the formula; it does not depend on the batch
        size, and without hidden layers equals ``LogisticRegression(C=1/alpha)``.
    batch_size : int or "auto", default="auto"
        Rows per step of the mini-batch solvers.
    learning_rate : str or callable, default="auto"
        Schedule: "constant", "invscaling", "adaptive" (as in scikit-learn), "cosine" with warm-up,
        "one_cycle", "coslog4", or a callable from an array of fractions of the run done to
        multipliers of `learning_rate_init`.
    learning_rate_init : float or "auto", default="auto"
        Learning rate of the mini-batch solvers and step of "gradient_descent".
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int or "auto", default="auto"
        Epochs of a mini-batch solver, iterations of a full-batch one, at most; per call.
    shuffle : bool, default=True
        Whether rows are shuffled in every epoch.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, splits, row order and dropout; nothing else random is used.
    tol : float, default=1e-4
        Least improvement that counts; gradient tolerance of the SciPy solvers.
    verbose : int or bool, default=False
        0: nothing is printed. 1: a line per epoch (of every member, where a full-batch solver
        trains several). 2: learning rate and gradient norm in it too, and a line at the end that
        tells why training ended.
    warm_start : bool, default=False
        Whether a further call of fit goes on from where the last one ended, optimiser included.
        A schedule runs through anew; a table of the same size is split as before. The layers,
        `n_members`, `dtype` and the encoder stay: changing them is an error.
    momentum : float, default=0.9
        Momentum of "sgd".
    nesterovs_momentum : bool, default=True
        Whether "sgd" uses Nesterov's momentum.
    early_stopping : bool or "auto", default="auto"
        Whether to hold rows out, stop when the log loss (or `scoring`) on them no longer improves,
        and keep the best parameters. "auto": yes with ``solver="auto"`` from 60 rows on, and where
        `cv`, `X_val` or ``calibration="temperature"`` is given. With False all rows train to the
        end, whatever `cv` is; `X_val` is then judged for `history_` and the temperature only.
    validation_fraction : float, default=0.1
        Share of rows held out, stratified, when one network is trained with early stopping.
    beta_1 : float, default=0.9
        Decay of Adam's first moment.
    beta_2 : float or "auto", default="auto"
        Decay of Adam's second moment.
    epsilon : float, default=1e-8
        Adam's constant in the denominator.
    n_iter_no_change : int, inf or "auto", default="auto"
        Epochs without an improvement of more than `tol` before training stops.
    max_fun : int, default=15000
        Function calls of the SciPy solvers, at most.
    loss : {"cross_entropy", "squared_error"}, default="cross_entropy"
        Loss on the softmax outputs; half the squared residual is there for comparison.
    class_weight : dict, "balanced" or None, default=None
        Factors on the sample weights by class; "balanced" gives all classes equal total weight.
        They count on held-out rows too, those of `X_val` included: in the validation loss, in
        `scoring` that takes weights, and in the temperature.
    init : str, (coefs, intercepts) or "auto", default="auto"
        "glorot_uniform" (scikit-learn's), "he_normal", "he_uniform", or given weights and biases
        of every layer.
    dropout : float, array-like or "auto", default="auto"
        Rate after every hidden layer, or one per layer, from 0 to below 1.
    label_smoothing : float, default=0.0
        Share of the target spread evenly over all classes.
    weight_decay : float or "auto", default="auto"
        Decoupled decay of "adamw", times the learning rate.
    max_grad_norm : float or None, default=None
        Longest gradient of a batch; longer ones are scaled down.
    averaging : float or "auto", default="auto"
        Decay of an exponential moving average of the parameters; 0 for none.
    scoring : str, callable or None, default=None
        What early stopping judges by; None is the log loss. A scorer of probabilities named, such
        as "neg_log_loss", is told `classes_`, so held-out rows may lack rare ones.
    cv : splitter, iterable of splits, int or None, default=None
        Which rows early stopping holds out: one split per member of a committee; one network takes
        the last, which of splits in the order of time has the most rows to train on.
    max_time : float or None, default=None
        Seconds after which training stops with the best parameters so far. The clock is looked at
        every 16,384 rows of each member, or every iteration of a full-batch solver: that much can
        be added, and the time for judging.
    encoder : {"auto", "passthrough"} or TableEncoder, default="auto"
        "auto" learns a :class:`~skxent.TableEncoder`; "passthrough" takes X as it is: finite
        numbers, in columns of any dtype.
    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Which columns are categories: by dtype, or a mask, indices or names.
    n_members : int or "auto", default="auto"
        Number of networks whose predictions are averaged, each trained on all folds but one.
    calibration : {"auto", "temperature"} or None, default="auto"
        Whether logits are divided by a temperature learnt on held-out rows. "auto": yes with
        ``solver="auto"`` where rows are held out. `partial_fit` keeps the last one learnt.
    n_jobs : int or None, default=None
        Threads; None for all that are free to this process, as in HistGradientBoosting.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Of weights and arithmetic. "auto": that of X, and float32 with ``solver="auto"`` where
        batches are used. L-BFGS in float64 begins in float32 where rows times weights are more
        than a million, and goes on in float64 when the loss falls slowly; not with "float64".

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_, intercepts_ : list of ndarray
        Weights of shape (fan_in, fan_out) and biases of every layer; with several members, one
        more axis in front. `coefs_[0]` has one row per column of ``encoder_.transform(X)``.
    temperature_ : float
        What logits are divided by; 1.0 without calibration.
    encoder_ : TableEncoder or None
        The fitted encoder.
    history_ : dict of lists
        One entry per epoch: epoch, loss, validation_loss, score, learning_rate, gradient_norm,
        seconds. ``pandas.DataFrame(clf.history_)`` is its table.
    loss_, best_loss_ : float
        Last and lowest training loss; `best_loss_` is None with early stopping.
    loss_curve_ : list of float
        Training loss by epoch.
    validation_scores_ : list of float or None
        Score by epoch on held-out rows: the negative log loss, or `scoring`.
    best_validation_score_ : float or None
        The highest of them; None without early stopping.
    best_epoch_ : int
        The epoch the parameters are from: the best with early stopping, else the last. Of members
        that a full-batch solver trains by themselves, the first's.
    n_iter_ : int
        Epochs of the last call.
    t_ : int
        Training rows seen by a member, those of an epoch that `max_time` broke off included.
    n_layers_, n_outputs_ : int
        Layers with input and output; outputs (1 for two classes).
    out_activation_ : str
        "softmax", or "logistic" for two classes.
    auto_ : dict
        What every "auto" was resolved to.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where all are strings.

    See Also
    --------
    SigmoidMLPClassifier : For several labels per row.
    TableEncoder : The encoding by itself.

    References
    ----------
    .. [1] Goodfellow, I., Bengio, Y., & Courville, A. (2016). "Deep Learning", chapters 6 to 8.
    .. [2] Holzmüller, D., Grinsztajn, L., & Steinwart, I. (2024). "Better by default: strong
       pre-tuned MLPs and boosted trees on tabular data." arXiv:2407.04491.
    .. [3] Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. (2017). "On calibration of modern neural
       networks." ICML.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = SoftmaxMLPClassifier(random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (150, 3)
    """

    def _read_targets(self, X, y, warm, incremental, classes):
        """Check y, set the classes, and return the kernel's targets and every row's class number.

        A 2-D float y whose rows are probabilities is a soft target; its classes are the columns
        of a DataFrame, or 0, 1, ...
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        soft = _soft_targets(y)
        if soft is not None:
            matrix, labels = soft
            if not warm:
                found = np.arange(matrix.shape[1]) if labels is None else labels
                self._set_classes(found if classes is None else np.unique(classes))
            else:
                self._check_declared(classes)
            if matrix.shape[1] != len(self.classes_):
                raise ValueError(
                    f"y has {matrix.shape[1]} columns of probabilities, but there are "
                    f"{len(self.classes_)} classes: {self.classes_}."
                )
            if labels is not None and not np.array_equal(labels, self.classes_):
                raise ValueError(
                    f"y has the columns {labels}, but the classes are {self.classes_}: name the "
                    "columns of probabilities after the classes."
                )
            targets = matrix if self.n_outputs_ > 1 else matrix[:, 1:].copy()
            return targets, matrix.argmax(axis=1)
        if np.asarray(y).ndim == 2 and type_of_target(y) == "multilabel-indicator":
            raise ValueError(
                "y is a multilabel indicator: several classes may be true of one row. The outputs "
                "of a softmax sum to 1 and cannot say that; use SigmoidMLPClassifier, whose "
                "outputs are independent. (One class per row as an indicator: pass "
                "y.argmax(axis=1); rows of probabilities: pass them as floats.)"
            )
        y = column_or_1d(y, warn=True)
        return self._read_codes(y, warm, incremental, classes)

    def _set_classes(self, classes):
        if len(classes) < 2:
            raise ValueError(
                f"y has {_count(classes)}; a classifier needs rows of at least 2 classes."
            )
        self.classes_ = classes
        self.n_outputs_ = 1 if len(classes) == 2 else len(classes)
        self.out_activation_ = "logistic" if len(classes) == 2 else "softmax"

    def predict(self, X) -> NDArray:
        """Most probable class of every row.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.
        """
        z = self._logits(X)
        codes = (z[:, 0] > 0).astype(np.intp) if self.n_outputs_ == 1 else z.argmax(axis=1)
        return self.classes_[codes]

    def decision_function(self, X) -> NDArray:
        """Logits: ``softmax(logits)``, or the sigmoid for two classes, are the probabilities.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        z : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            Logits.
        """
        z = self._logits(X)
        return z[:, 0] if self.n_outputs_ == 1 else z

    def predict_proba(self, X) -> NDArray:
        """Probability of every class.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; rows sum to 1. float32 for float32 X.
        """
        z = self._logits(X)
        if self.n_outputs_ > 1:
            return _positive(np.exp(log_softmax(z)))
        with np.errstate(over="ignore"):  # odds of infinity are a probability of 0
            p = np.hstack([z, -z])
            np.exp(p, out=p)
        p += 1
        return _positive(np.reciprocal(p, out=p))

    def predict_log_proba(self, X) -> NDArray:
        """Logarithm of the probability of every class, finite also where that underflows.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            Log-probabilities in the order of `classes_`.
        """
        z = self._logits(X)
        if self.n_outputs_ == 1:
            return np.hstack([log_expit(-z), log_expit(z)])
        return log_softmax(z)


class SigmoidMLPClassifier(BaseMLP):
    def _read_targets(self, X, y, warm, incremental, classes):
        """Check y, set the outputs, and return the kernel's targets and a class per row."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        if not hasattr(y, "toarray") and np.asarray(y).ndim == 1:
            check_present(np.asarray(y))
        kind = type_of_target(y)
        if kind != "multilabel-indicator" and not (warm and self.n_outputs_ > 1):
            if kind.endswith("multioutput"):
                raise ValueError(
                    f"A 2-D y is a multilabel indicator, which holds 0 and 1 only; got {kind} "
                    "values. Probabilities as targets are SoftmaxMLPClassifier's."
                )
            y = column_or_1d(y, warn=True)
            if kind == "multiclass":
                raise ValueError(
                    "Only binary classification is supported. The type of the target is "
                    "multiclass. One of several classes per row is SoftmaxMLPClassifier's task."
                )
            return self._read_codes(y, warm, incremental, classes)
        matrix = check_array(y, accept_sparse=True, dtype=np.float64, input_name="y")
        matrix = matrix.toarray() if hasattr(matrix, "toarray") else matrix
        if not np.isin(matrix, (0, 1)).all():
            raise ValueError("A multilabel y holds 0 and 1 only.")
        if self.class_weight is not None:
            raise ValueError(
                "class_weight is for one class per row, and the rows of a multilabel y have "
                f"several; got {self.class_weight!r}. Set it to None, and weight rows by "
                "sample_weight."
            )
        if not warm:
            self.classes_ = np.arange(matrix.shape[1])
            self.n_outputs_ = matrix.shape[1]
            self.out_activation_ = "logistic"
        elif matrix.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {matrix.shape[1]} outputs, but the network was made for {self.n_outputs_}."
            )
        return matrix, np.zeros(len(matrix), dtype=np.intp)

    def _set_classes(self, classes):
        if len(classes) != 2:
            raise ValueError(
                f"y has {_count(classes)}; binary targets have two, several labels per row are a "
                "multilabel indicator matrix."
            )
        self.classes_ = classes
        self.n_outputs_ = 1
        self.out_activation_ = "logistic"

    @property
    def _is_binary_softmax(self):
        return False

    @property
    def _is_multilabel(self):
        return len(self.classes_) == self.n_outputs_

    def predict(self, X) -> NDArray:
        """Labels of every row: an output is 1 where its probability is above 1/2.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels, or an indicator matrix.
        """
        on = (self._logits(X) > 0).astype(np.intp)
        return on if self._is_multilabel else self.classes_[on[:, 0]]

    def decision_function(self, X) -> NDArray:
        """Logits, whose sigmoids are the probabilities.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        z : ndarray of shape (n_samples, n_outputs), or (n_samples,) for binary targets
            Logits.
        """
        z = self._logits(X)
        return z if self._is_multilabel else z[:, 0]

    def predict_proba(self, X) -> NDArray:
        """Probability of every output, or of both classes for binary targets.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        p : ndarray of shape (n_samples, n_outputs), or (n_samples, 2)
            Probabilities; the outputs of a row are independent and need not sum to 1.
        """
        z = self._logits(X)
        if self._is_multilabel:
            return np.minimum(_positive(expit(z)), 1 - np.finfo(z.dtype).epsneg)
        return _positive(np.hstack([expit(-z), expit(z)]))

    def predict_log_proba(self, X) -> NDArray:
        """Logarithm of :meth:`predict_proba`, finite also where that underflows.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        log_p : ndarray
            Of the shape of the probabilities.
        """
        z = self._logits(X)
        return log_expit(z) if self._is_multilabel else np.hstack([log_expit(-z), log_expit(z)])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = True
        return tags


def _count(classes):
    return f"one class only, {classes.tolist()}" if len(classes) == 1 else f"{len(classes)} classes"


def _positive(p: NDArray) -> NDArray:
    """Probabilities that underflow are the smallest number, not 0: their logarithm is finite."""
    return np.maximum(p, np.finfo(p.dtype).tiny, out=p)


def _soft_targets(y: Any) -> tuple[NDArray, NDArray | None] | None:
    """Return rows of probabilities and the sorted labels, if that is what y is, else None.

    The columns of a DataFrame are put into the order of their labels; those of an array have none.
    """
    labels = None
    if hasattr(y, "columns"):
        columns = columns_of(y)
        if len(columns) < 2 or not all(map(is_floating, columns)):
            return None
        labels, order = np.unique(np.asarray(y.columns), return_index=True)
        if len(labels) < len(columns):
            raise ValueError(f"y has several columns of one name among {list(y.columns)}.")
        values = np.column_stack([numbers_of(columns[i]) for i in order])
    else:
        if getattr(y, "ndim", 1) != 2 and not isinstance(y, list):
            return None
        values = np.asarray(y)
        if values.ndim != 2 or values.dtype.kind != "f" or values.shape[1] < 2:
            return None
    values = check_array(values, dtype=np.float64, input_name="y")
    if (values < 0).any() or not np.allclose(values.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            "A 2-D float y holds rows of class probabilities: not negative, each row with the sum "
            "1. Got rows that are not; for one label per row pass a 1-D y."
        )
    return values, labels


# Python 3.13 takes the indentation off docstrings; taken off here, all versions are alike
_head, _parameters = cleandoc(str(SoftmaxMLPClassifier.__doc__)).split("Parameters\n", 1)
SigmoidMLPClassifier.__doc__ = (
    cleandoc(r"""Neural network with independent sigmoid outputs, for several labels per row.

    Minimises the sum of the binary cross-entropies of its outputs,
    :math:`-\sum_j [y_j \ln a_j + (1 - y_j) \ln(1 - a_j)]` with :math:`a = \sigma(z)`, for
    multilabel indicator targets and for binary ones. All else is as in
    :class:`SoftmaxMLPClassifier`.
""")
    + "\n\nParameters\n"
    + _parameters.split("See Also\n", 1)[0]
    .replace("Loss on the softmax outputs", "Loss on the sigmoid outputs")
    .replace("outputs (1 for two classes)", "sigmoid outputs")
    .replace('"softmax", or "logistic" for two classes.', '"logistic".')
    .replace("Class labels.", "Class labels; numbers of the outputs for multilabel targets.")
    + cleandoc("""See Also
    --------
    SoftmaxMLPClassifier : For one class per row.

    References
    ----------
    .. [1] Nielsen, M. (2015). "Neural Networks and Deep Learning", chapter 3.

    Examples
    --------
    >>> from sklearn.datasets import make_multilabel_classification
    >>> from skxent import SigmoidMLPClassifier
    >>> X, Y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> clf = SigmoidMLPClassifier(solver="lbfgs", random_state=0).fit(X, Y)
    >>> clf.predict_proba(X).shape
    (100, 3)
    """)
)
del _head, _parameters
