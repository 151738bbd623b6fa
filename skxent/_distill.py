"""Distillation: one network that learns what a committee answers, to take its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import check_random_state

from ._base import BaseMLP
from ._model import Model, fitted_model
from ._reading import network_of
from ._settings import resolve
from ._table.compact import concat
from ._table.crossing import crossed
from ._threads import effective_n_jobs
from ._training.blas import products_on_one_thread
from ._training.problem import LocalRows, Problem
from ._training.train import Call, train
from ._weights import read_weights

_COPIES = 4  # made of every row, on top of itself

# there is no noise to guard against: a penalty or dropout would keep the student from its teacher
_STUDENT: dict[str, Any] = {
    "n_members": 1,
    **dict.fromkeys(["alpha", "dropout", "weight_decay", "label_smoothing"], 0.0),
    **dict.fromkeys(["class_weight", "cv", "scoring", "calibration"]),
    "early_stopping": False,
}
# parameters that a student cannot have, and why
_NOT_ITS_OWN = {
    **dict.fromkeys(
        ["encoder", "categorical_features", "dtype"], "the student reads tables as its teacher does"
    ),
    **dict.fromkeys(
        ["early_stopping", "validation_fraction", "cv", "scoring", "calibration"],
        "no rows are held out to judge the student by",
    ),
    "class_weight": "the student learns probabilities, not classes. Weight rows by sample_weight",
}


def distill(
    model: BaseMLP, X: Any, sample_weight: ArrayLike | None = None, **params: Any
) -> BaseMLP:
    r"""Train one network on what a fitted committee answers, to predict in its place.

    The student has the layers of one member, so that a prediction takes an eighth of the arithmetic
    where the teacher has eight. It learns the teacher's probabilities :math:`q` instead of labels
    [2]_, by the cross-entropy :math:`-\sum_c q_c \ln p_c`, on the rows of X and on four times as
    many that are made of them, in the spirit of [1]_: of each row some columns take the values that
    another row has there. The other row, and a share of the columns from 0 to a quarter, are drawn
    at random. These answers have no noise that could be learnt by mistake, so the closer they are
    fitted, the better: there is no penalty and no dropout, and nothing is held out.

    The teacher's probabilities are calibrated, and the student takes them over: it has no
    temperature of its own. It reads tables through the teacher's encoder.

    Parameters
    ----------
    model : SoftmaxMLPClassifier or SigmoidMLPClassifier
        A fitted committee of two or more networks.
    X : like X in fit, of shape (n_samples, n_features)
        Rows to be asked about, without labels: those of training, and more from the same source if
        there are some. No sparse matrix.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of these rows, and of what is made of them.
    **params : dict
        Parameters that the student is to have, such as ``hidden_layer_sizes=(256, 256)`` or
        ``max_iter=120``. All others are the teacher's, but for n_members=1, no penalty (alpha,
        dropout, weight_decay, label_smoothing: 0), no early stopping and no calibration.

    Returns
    -------
    student : object
        A fitted estimator of the same class, whose parameters are as told above. It can be saved
        and exported as any other. Do not fit it to labels: it has nothing against overfitting.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    TypeError
        If it is none of these classifiers, such as a pipeline.
    ValueError
        If it has one network only, X does not fit it or is sparse, or params name what is the
        teacher's (encoder, categorical_features, dtype) or what has no use here: early_stopping,
        validation_fraction, cv, scoring, calibration, class_weight.

    See Also
    --------
    skxent.onnx.to_onnx : To take the student elsewhere.

    References
    ----------
    .. [1] Buciluǎ, C., Caruana, R., & Niculescu-Mizil, A. (2006). "Model compression." KDD.
    .. [2] Hinton, G., Vinyals, O., & Dean, J. (2015). "Distilling the knowledge in a neural
       network." arXiv:1503.02531.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skxent import SoftmaxMLPClassifier, distill
    >>> X, y = load_wine(return_X_y=True)
    >>> committee = SoftmaxMLPClassifier(random_state=0).fit(X, y)
    >>> student = distill(committee, X)
    >>> bool(abs(student.predict_proba(X) - committee.predict_proba(X)).mean() < 0.01)
    True
    """
    teacher = _teacher(model)
    if fixed := [name for name in _NOT_ITS_OWN if name in params]:
        raise ValueError(f"{fixed[0]} cannot be set: {_NOT_ITS_OWN[fixed[0]]}.")
    student: Any = clone(model).set_params(**_STUDENT | params)
    student._validate_params()
    with products_on_one_thread():
        student._model = _learn(teacher, model, student, X, sample_weight)
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            setattr(student, name, getattr(model, name))
    return student


def _teacher(model: Any) -> Model:
    if not isinstance(model, BaseMLP):
        raise TypeError(
            f"distill takes a fitted SoftmaxMLPClassifier or SigmoidMLPClassifier, got "
            f"{type(model).__name__}. Of a pipeline, give the last step, and X as the steps before "
            "it transform it."
        )
    teacher = fitted_model(model)
    if len(teacher.params) == 1:
        raise ValueError(
            "The model is one network, of which distilling would make another one: give a "
            "committee (n_members of 2 or more), or use the model as it is."
        )
    return teacher


def _learn(teacher: Model, model: Any, student: Any, X: Any, sample_weight: Any) -> Model:
    """Return what the student has learnt of the teacher, who is asked through its `model`."""
    reader, outputs, dtype = teacher.reader, teacher.outputs, np.dtype(teacher.reader.dtype)
    rows = reader.compact(model, X)
    if sp.issparse(rows.arrays[0]):
        raise ValueError(
            "distill makes rows by taking columns from other rows, and X is a sparse matrix. Fit "
            "a network on model.predict_proba(X) instead, or use dense tables from the beginning."
        )
    n = rows.inputs().n_rows
    settings = resolve(student.get_params(deep=False), n)
    if settings.is_open("hidden_layer_sizes"):  # whatever the number of rows to be asked about
        settings = replace(
            settings,
            hidden_layer_sizes=teacher.network.sizes[1:-1],
            reasons=settings.reasons | {"hidden_layer_sizes": "those of a member of the teacher"},
        )
    rng = check_random_state(settings.random_state)
    origins = reader.origins(model.n_features_in_)
    rows = concat([rows, *(crossed(rows, origins, rng) for _ in range(_COPIES))])
    n_threads = effective_n_jobs(settings.n_jobs)
    inputs = rows.inputs()
    local = LocalRows(inputs, n_threads)
    p = outputs.proba(teacher.logits_of(inputs, np.float64, n_threads))
    targets = p if p.shape[1] == outputs.n_outputs else p[:, 1:]  # of two classes, one output
    weights = read_weights(sample_weight, None, outputs, np.zeros(n, dtype=np.intp)).rows
    problem = Problem(
        network_of(settings, local, outputs),
        outputs,
        local,
        outputs.kernel_targets(targets, settings.label_smoothing, dtype),
        None if weights is None else np.tile(weights, _COPIES + 1),
        dtype,
        splits=[(None, None)] * settings.n_members,
        split_rng=None,
        split_hash=None,
        judgement=None,
        rng=rng,
    )
    trained = train(problem, settings, Call())
    inherited = {"bins"} & teacher.auto.keys()  # chosen with the encoder
    auto = settings.auto | {name: teacher.auto[name] for name in inherited}
    reasons = settings.reasons | {name: teacher.reasons[name] for name in inherited}
    return Model(reader, outputs, trained, auto, reasons)
