"""The two classifiers: what their parameters and attributes mean, and what they predict."""

from __future__ import annotations

from numpy.typing import NDArray

from ._base import BaseMLP
from ._docstrings import docstring_like
from ._outputs import Outputs


class SoftmaxMLPClassifier(BaseMLP):
    r"""Neural-network classifier that learns class probabilities by minimising cross-entropy.

    From a DataFrame or an array to calibrated probabilities with one line: categories, dates, gaps
    and scales are handled by a :class:`~skxent.TableEncoder`, and a small committee of networks is
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
        size, and without hidden layers equals ``LogisticRegression(C=1/alpha)``. "auto": a race on
        rows held out may make it a tenth, or three times, of what the number of rows suggests. With
        ``solver="auto"`` it also tells the :ref:`relevance <relevance>` r of each encoded feature,
        whose weights in the first layer have the penalty alpha / r^2 and steps r times as long.
    batch_size : int or "auto", default="auto"
        Rows per step of the mini-batch solvers.
    learning_rate : str or callable, default="auto"
        Schedule: "constant", "invscaling" (as in scikit-learn), "adaptive" (as there, but each rate
        is judged against itself, not against the lowest loss ever), "cosine" with warm-up,
        "one_cycle", "coslog4", "inverse_sqrt" (warm-up over 200 steps, then (1 + t / 10,000)^-1/2
        after t more: it needs no length), or a callable from an array of fractions of the run done
        to multipliers of `learning_rate_init`.
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
        Least improvement that counts; gradient tolerance of the SciPy solvers. With the defaults
        and n > 50,000 rows an epoch must gain sqrt(n / 50,000) times as much.
    verbose : int or bool, default=False
        0: nothing is printed. 1: a line per epoch (of every member, where a full-batch solver
        trains several) with the log losses of training and held-out rows, or with the objective
        where no rows are held out, and in the end a line that tells why training ended (not in
        `partial_fit`). 2: objective, learning rate and gradient norm in every line too.
    warm_start : bool, default=False
        Whether a further call of fit goes on from where the last one ended, optimiser included.
        A schedule runs through anew; a table of the same size is split as before. The layers
        and their activations, `n_members`, `dtype`, the encoder and `categorical_features` stay:
        changing them is an error.
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
        as "neg_log_loss", is told `classes_`, so held-out rows may lack rare ones. Weights are
        given to a scorer or metric that takes `sample_weight`.
    cv : splitter, iterable of splits, int or None, default=None
        Which rows early stopping holds out: one split per member of a committee; one network takes
        the last, which of splits in the order of time has the most rows to train on.
    max_time : float or None, default=None
        Seconds after which training stops with the best parameters so far. The clock is looked at
        every 16,384 rows of each member, or every iteration of a full-batch solver: that much can
        be added, and the time for judging.
    encoder : {"auto", "passthrough"} or TableEncoder, default="auto"
        "auto" learns a :class:`~skxent.TableEncoder`, and with ``solver="auto"`` drops its bins, or
        what standardised columns repeat, where rows held out say so; "passthrough" takes X as it
        is: finite numbers, in columns of any dtype.
    categorical_features : array-like, "from_dtype" or None, default="from_dtype"
        Which columns are categories: by dtype, or a mask, indices or names; a list with
        "from_dtype" in it names more than those.
    n_members : int or "auto", default="auto"
        Number of networks whose predictions are averaged, each trained on all folds but one.
        "auto": one with a named solver or below 60 rows, else eight; from 20,000 rows on four of
        these (two with `max_time`), and as many again while they lower the log loss by more than
        .3 % and `tol`, as the disagreement of the first tells; with `cv` one for each of its
        splits.
    calibration : {"auto", "temperature"} or None, default="auto"
        Whether logits are divided by a temperature learnt on held-out rows. "auto": yes with
        ``solver="auto"`` where rows are held out. `partial_fit` keeps the last one learnt.
    n_jobs : int or None, default=None
        Threads; None for all that are free to this process, as in HistGradientBoosting.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Of weights and arithmetic. "auto": that of X if it is an array or a sparse matrix, or a
        DataFrame that is passed through, else float64; and float32 with ``solver="auto"`` where
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
        One entry per epoch: epoch, loss, train_log_loss, validation_loss, score, learning_rate,
        gradient_norm, seconds. ``pandas.DataFrame(clf.history_)`` is its table. `loss` is the
        objective that training makes small, with penalty, dropout and label smoothing, of a
        mini-batch solver the mean over the epoch. `train_log_loss` and `validation_loss` are log
        losses per row in nats at the end of the epoch, without any of these: the former on rows
        that the networks were trained on, as many as are held out and at most 1,000 for all
        members together (with `X_val`, at least 250 of all members), always the same; that is what
        it costs, a forward pass for each. They are NaN where no rows are held out.
    loss_, best_loss_ : float
        Last and lowest value of the objective; `best_loss_` is None with early stopping.
    loss_curve_ : list of float
        The objective by epoch.
    validation_scores_ : list of float or None
        Score by epoch on held-out rows: the negative log loss, or `scoring`.
    best_validation_score_ : float or None
        That of `best_epoch_`; None without early stopping. It is the highest, but where a
        full-batch solver trains members by themselves: their scores are averaged by epoch.
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
    attributions : What each column adds to an answer.
    uncertainty : How far the members disagree about it.
    distill : One network in place of the committee.

    References
    ----------
    .. [1] Goodfellow, I., Bengio, Y., & Courville, A. (2016). "Deep Learning", chapters 6 to 8.
    .. [2] Holzmüller, D., Grinsztajn, L., & Steinwart, I. (2024). "Better by default: strong
       pre-tuned MLPs and boosted trees on tabular data." arXiv:2407.04491.
    .. [3] Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. (2017). "On calibration of modern neural
       networks." ICML.
    .. [4] Radhakrishnan, A., Beaglehole, D., Pandit, P., & Belkin, M. (2024). "Mechanism for
       feature learning in neural networks and backpropagation-free machine learning models."
       Science, 383.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = SoftmaxMLPClassifier(random_state=0).fit(X, y)
    >>> clf.predict_proba(X).shape
    (150, 3)
    """

    _exclusive = True

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
        return self._predicted(Outputs.labels, X)

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
        return self._predicted(Outputs.decision_function, X)

    def predict_proba(self, X) -> NDArray:
        """Probability of every class.

        Parameters
        ----------
        X : like X in fit
            Rows.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; rows sum to 1. float32 for an array or
            sparse matrix of float32, else float64.
        """
        return self._predicted(Outputs.proba, X)

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
        return self._predicted(Outputs.log_proba, X)


class SigmoidMLPClassifier(BaseMLP):
    _exclusive = False

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
        return self._predicted(Outputs.labels, X)

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
        return self._predicted(Outputs.decision_function, X)

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
        return self._predicted(Outputs.proba, X)

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
        return self._predicted(Outputs.log_proba, X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.multi_label = True
        return tags


SigmoidMLPClassifier.__doc__ = docstring_like(
    SoftmaxMLPClassifier.__doc__,
    head=r"""Neural network with independent sigmoid outputs, for several labels per row.

    Minimises the sum of the binary cross-entropies of its outputs,
    :math:`-\sum_j [y_j \ln a_j + (1 - y_j) \ln(1 - a_j)]` with :math:`a = \sigma(z)`, for
    multilabel indicator targets and for binary ones. All else is as in
    :class:`SoftmaxMLPClassifier`.
    """,
    changes={
        "Loss on the softmax outputs": "Loss on the sigmoid outputs",
        "outputs (1 for two classes)": "sigmoid outputs",
        '"softmax", or "logistic" for two classes.': '"logistic".',
        "Class labels.": "Class labels; numbers of the outputs for multilabel targets.",
    },
    tail="""See Also
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
    """,
)
