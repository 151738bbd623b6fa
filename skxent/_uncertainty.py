"""How sure a committee is of each row, and how far its members agree on that."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._model import fitted_model


class Uncertainty(NamedTuple):
    """Entropies in nats, by row, and the probabilities of each member they are of."""

    total: NDArray
    aleatoric: NDArray
    epistemic: NDArray
    members: NDArray


def uncertainty(estimator: Any, X: Any) -> Uncertainty:
    r"""Split the uncertainty of each row into doubt that members share, and their disagreement.

    With :math:`p_m = \operatorname{softmax}(z_m / T)`, the probabilities of member :math:`m` at
    the temperature of the committee, their mean :math:`q = \frac1M \sum_m p_m`, and the entropy
    :math:`H(p) = -\sum_c p_c \ln p_c`,

    .. math:: \underbrace{H(q)}_{\text{total}}
              = \underbrace{\frac1M \sum_m H(p_m)}_{\text{aleatoric}}
              + \underbrace{\frac1M \sum_m \sum_c p_{mc} \ln \frac{p_{mc}}{q_c}}_{\text{epistemic}}

    [1]_ [2]_. The aleatoric part is what the members hold to be chance; more rows do not take it
    away. The epistemic part is the mutual information of the class and the member that is asked:
    0 where all members say the same, and at most :math:`\ln M` and :math:`\ln` of the number of
    classes. More rows like this one make it smaller.

    Parameters
    ----------
    estimator : SoftmaxMLPClassifier or SigmoidMLPClassifier
        A fitted classifier. With ``n_members=1`` the epistemic part is exactly 0.
    X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        Rows.

    Returns
    -------
    result : Uncertainty
        A named tuple of

        total, aleatoric, epistemic : ndarray of shape (n_samples,)
            Entropies in nats; for multilabel targets of shape (n_samples, n_outputs), each output
            a decision between two classes. None is negative, and the first is the sum of the
            others, to the bit.
        members : ndarray of shape (n_members, n_samples, n_classes)
            Probabilities of each member, in the form of ``predict_proba``.

    Raises
    ------
    TypeError
        If the estimator is none of this package, such as a pipeline.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Notes
    -----
    The committee's own prediction is not :math:`q`: it averages logits, that is, it takes the
    geometric mean of the members' probabilities, scaled to sum 1. The two agree where the members
    do. Of the geometric mean there is no such split whose parts are both entropies.

    Disagreement is a sign of missing rows, not a measure of it. Members are alike in kind, and far
    away from all rows of training they may be wrong together and sure of it [3]_.

    References
    ----------
    .. [1] Houlsby, N., Huszár, F., Ghahramani, Z., & Lengyel, M. (2011). "Bayesian active learning
       for classification and preference learning." arXiv:1112.5745.
    .. [2] Depeweg, S., Hernández-Lobato, J. M., Doshi-Velez, F., & Udluft, S. (2018).
       "Decomposition of uncertainty in Bayesian deep learning for efficient and risk-sensitive
       learning." ICML.
    .. [3] Hein, M., Andriushchenko, M., & Bitterwolf, J. (2019). "Why ReLU networks yield
       high-confidence predictions far away from the training data and how to mitigate the problem."
       CVPR.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxMLPClassifier, uncertainty
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = SoftmaxMLPClassifier(n_members=3, random_state=0).fit(X, y)
    >>> total, aleatoric, epistemic, members = uncertainty(clf, X)
    >>> bool((total == aleatoric + epistemic).all())
    True
    >>> members.shape
    (3, 150, 3)
    """
    fitted = copy.copy(estimator)  # one snapshot: another thread may fit this meanwhile
    model = fitted_model(fitted)
    z, outputs = model.member_logits(X, fitted), model.outputs
    log_p = np.stack([outputs.log_decisions(of_one) for of_one in z])
    peak = log_p.max(axis=0)
    log_q = peak + np.log(np.exp(log_p - peak).mean(axis=0))  # exactly log_p where all are equal
    p = np.exp(log_p)
    aleatoric = -(p * log_p).sum(axis=-1).mean(axis=0)
    # a sum of divergences, none of them negative but for rounding
    epistemic = np.maximum((p * (log_p - log_q)).sum(axis=-1).mean(axis=0), 0.0)
    if outputs.multilabel:
        aleatoric = aleatoric.reshape(-1, outputs.n_outputs)
        epistemic = epistemic.reshape(-1, outputs.n_outputs)
    members = np.stack([outputs.proba(of_one) for of_one in z])
    return Uncertainty(aleatoric + epistemic, aleatoric, epistemic, members)
