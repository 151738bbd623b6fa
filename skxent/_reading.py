"""What fit was given becomes a problem: network, splits, and what the members are judged by."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from ._columns import labels_of, table_of
from ._compat import _safe_indexing
from ._model import Model
from ._outputs import Outputs
from ._settings import Settings
from ._table.reader import Reader
from ._targets import Expected, Targets, read_targets
from ._training.held_out import Judgement
from ._training.network import Network, build_network, initial_params, too_large
from ._training.problem import LocalRows, Problem, Rows
from ._training.race import MEMBERS, Outcome, epochs_of, may_race_penalties, other_penalty, race
from ._training.relevance import relevance_of
from ._training.splits import Split, draw_splits, splits_of
from ._training.train import Call, State, Trained
from ._weights import Weights, weights_beside


@dataclass(frozen=True, eq=False)
class Reading:
    """What reads a table, its rows for training, and what was chosen on the way and why.

    `relevance` is what features count for, where networks have told; else None.
    """

    reader: Reader
    rows: Rows
    chosen: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    relevance: NDArray | None = None


@dataclass(frozen=True, eq=False)
class Given:
    """The training rows: as they were given, and as they were read."""

    X: Any
    y: Any
    reading: Reading
    targets: Targets
    weights: Weights


def read_problem(estimator: Any, given: Given, settings: Settings, call: Call) -> Problem:
    """Return what is to be learnt; `estimator` is what scorers and callbacks are shown."""
    targets, outputs = given.targets, given.targets.outputs
    dtype = np.dtype(given.reading.reader.dtype)
    network = network_of(settings, given.reading.rows, outputs)
    so_far = call.so_far
    rng = check_random_state(settings.random_state) if so_far is None else copy.deepcopy(so_far.rng)
    splits, split_rng = _splits(given.X, targets.codes, settings, call, rng)
    relevance = _relevance(given.reading, settings, call)
    draft = _Draft(estimator, given.reading.reader, outputs, network, settings, relevance)
    judgement = _judgement(given, splits, settings, call, draft)
    # only a fit that may be gone on with by another asks whether the rows are the same
    kept = judgement is not None and settings.warm_start
    tell = None
    if call.callbacks is not None:
        t = 0 if so_far is None else so_far.t
        state = State(rng, split_rng, None, None, None, [math.inf, 0], t)
        tell = draft.teller(call.callbacks, state)
    return Problem(
        network,
        outputs,
        given.reading.rows,
        outputs.kernel_targets(targets.values, settings.label_smoothing, dtype),
        given.weights.rows,
        dtype,
        splits,
        split_rng,
        joblib.hash(splits) if kept else None,
        judgement,
        rng,
        tell,
        relevance,
    )


def _relevance(reading: Reading, settings: Settings, call: Call) -> NDArray | None:
    """Return what features count for: what networks to go on from have learnt by stays theirs."""
    if call.previous is None:
        return reading.relevance
    batches = settings.is_open("solver") and not settings.full_batch
    return call.previous.relevance if batches else None


# ---- what is chosen by a race


def choose(
    ways: dict[str, Reading],
    X: Any,
    targets: Targets,
    weights: Weights,
    settings: Settings,
    call: Call,
) -> tuple[Reading, Settings]:
    """Return the best of several ways to read a table, and the settings with the best penalty.

    Both are found by races on the rows held out, whose networks also tell what features matter. The
    keys are what is said of the ways; the first is the usual one. Rows of one's own to judge by are
    left for judging what is trained in the end.
    """
    ways = _that_fit(ways, settings, targets.outputs)
    if call.validation is not None:  # beside which no cv is used
        call, settings = replace(call, validation=None), replace(settings, cv=None)
    elif settings.cv is not None:  # once: a splitter may draw others the next time
        splits = splits_of(settings.cv, X, targets.codes, call.groups)
        settings = replace(settings, cv=splits)
    usually = next(iter(ways.values()))
    n_rows = usually.rows.n_rows
    problems = _problems(ways, X, targets, weights, settings, call)
    best, outcomes = race([(problem, settings) for problem in problems], call)
    reading, problem, outcome = [*ways.values()][best], problems[best], outcomes[best]
    if len(ways) > 1:
        why = _told(outcomes, ways, problems[0], settings)
        if best and len(ways) > 2:
            why += f"; taken: {[*ways][best]}"
        reading = replace(reading, chosen={"bins": reading.reader.n_bins}, reasons={"bins": why})
    if not all(math.isfinite(each.loss) for each in outcomes):
        return reading, settings
    if settings.is_open("alpha") and may_race_penalties(n_rows):
        prior = targets.outputs.prior_loss(targets.values, weights.rows)
        settings, outcome = _with_best_penalty(settings, problem, outcome, prior, call)
    assert isinstance(reading.rows, LocalRows)
    relevance = relevance_of(
        problem.network,
        outcome.params,
        reading.rows.inputs,
        reading.reader.blocks(problem.network.sizes[0]),
        weights.rows,
        centre=targets.outputs.softmax,
    )
    return replace(reading, relevance=relevance), settings


def _that_fit(ways: dict[str, Reading], settings: Settings, outputs: Outputs) -> dict[str, Reading]:
    """Return the ways that weights given as `init` fit; all if there are none to fit."""
    if isinstance(settings.init, str):
        return ways
    fitting = {}
    for how, way in ways.items():
        network = network_of(settings, way.rows, outputs)
        with suppress(ValueError):  # training says what is wrong, if no way is right
            initial_params(network, settings.init, np.random.RandomState(), np.float64)
            fitting[how] = way
    return fitting or ways


def _with_best_penalty(
    settings: Settings, problem: Problem, usual: Outcome, prior: float, call: Call
) -> tuple[Settings, Outcome]:
    """Return the settings with the best penalty, given what the usual one and the classes leave."""
    other = other_penalty(settings.alpha, usual.loss, prior, problem.rows.n_rows)
    if other is None:
        return settings, usual
    penalties = [settings, replace(settings, alpha=other)]
    margin = 1.0 if other > settings.alpha else None  # the stronger one is the safer
    contenders = [(problem, penalty) for penalty in penalties]
    best, outcomes = race(contenders, call, first=usual, margin=margin)
    told = _told(outcomes, [f"with {penalty.alpha:g}" for penalty in penalties], problem, settings)
    why = {"alpha": f"{settings.reasons['alpha']}; {told}"}
    return replace(penalties[best], reasons=settings.reasons | why), outcomes[best]


def with_earlier_penalty(settings: Settings, model: Model) -> Settings:
    """Return the settings with the penalty that a race found for the model to go on from.

    That is where its reason goes on from the one that holds here.
    """
    why = model.reasons.get("alpha", "")
    if not (settings.is_open("alpha") and why.startswith(f"{settings.reasons['alpha']}; ")):
        return settings
    return replace(settings, alpha=model.auto["alpha"], reasons=settings.reasons | {"alpha": why})


def read_as_before(reading: Reading, model: Model) -> Reading:
    """Return the reading with what a race chose for the model to go on from."""
    if "bins" not in model.reasons:
        return reading
    chosen, reasons = ({"bins": found["bins"]} for found in (model.auto, model.reasons))
    return replace(reading, chosen=chosen, reasons=reasons)


def _problems(ways, X, targets, weights, settings, call) -> list[Problem]:
    """Return what is to be learnt of each way to read the table, for a race."""
    outputs = targets.outputs
    networks = [network_of(settings, way.rows, outputs) for way in ways.values()]
    rng = copy.deepcopy(check_random_state(settings.random_state))
    splits, _ = _splits(X, targets.codes, settings, call, rng)
    if settings.cv is not None:  # in the order of time the first have little to train on
        splits = sorted(splits, key=lambda split: -len(np.asarray(split[0])))
    dtype = np.dtype(next(iter(ways.values())).reader.dtype)
    values = outputs.kernel_targets(targets.values, settings.label_smoothing, dtype)
    judgement = Judgement(targets.values, weights.rows)
    return [
        Problem(
            network,
            outputs,
            way.rows,
            values,
            weights.rows,
            dtype,
            splits,
            None,
            None,
            judgement,
            rng,
        )
        for network, way in zip(networks, ways.values(), strict=True)
    ]


def _told(outcomes, of_what, problem, settings) -> str:
    """Say how a race went."""
    losses = [outcome.loss for outcome in outcomes]
    if not math.isfinite(sum(losses)):
        return "as usual: the race was cut short, or could not be judged"
    told = ", ".join(f"{loss:.4f} {what}" for what, loss in zip(of_what, losses, strict=True))
    n_epochs, n = epochs_of(problem.rows.n_rows, settings.max_iter), len(problem.splits)
    members = f"{MEMBERS} members" if n >= MEMBERS else "one member"
    return f"log loss {told}, on rows held out from {members} in up to {n_epochs} epochs"


def network_of(settings: Settings, rows: Rows, outputs: Outputs) -> Network:
    """Return the network; MemoryError if its weights are more than there is room for."""
    network = build_network(
        settings.hidden_layer_sizes, settings.activation, rows.n_features, outputs.n_outputs
    )
    try:
        np.empty((int(settings.n_members), network.n_params), dtype=np.float32)  # room, not memory
    except (MemoryError, OverflowError, ValueError):
        raise too_large(network, settings.hidden_layer_sizes, settings.n_members) from None
    return network


# ---- which rows are held out


def _splits(
    X: Any, codes: NDArray, settings: Settings, call: Call, rng: np.random.RandomState
) -> tuple[list[Split], np.random.RandomState | None]:
    """(training rows, held-out rows) of every member; None stands for all, or for no rows."""
    n_members = int(settings.n_members)
    earlier = None if call.so_far is None else call.so_far.split_rng
    if not settings.early_stopping or call.validation is not None:
        return [(None, None)] * n_members, earlier
    if settings.cv is None:
        n_folds = settings.n_folds or n_members
        dealt, before = draw_splits(codes, n_folds, settings.validation_fraction, rng, earlier)
        return dealt[:n_members], before
    every = splits_of(settings.cv, X, codes, call.groups)
    if n_members == 1:  # of splits in the order of time the last has the longest past
        return every[-1:], earlier
    if settings.is_open("n_members"):
        return every, earlier
    return [every[i % len(every)] for i in range(n_members)], earlier


# ---- what members are judged by


@dataclass(frozen=True, eq=False)
class _Draft:
    """An estimator that is being fitted, as others are shown it: fitted with some parameters."""

    estimator: Any
    reader: Reader
    outputs: Any
    network: Network
    settings: Settings
    relevance: NDArray | None

    def model(self, params: NDArray, **so_far: Any) -> Model:
        """Return a model of these parameters."""
        trained = Trained(self.network, params, relevance=self.relevance, **so_far)
        return Model(self.reader, self.outputs, trained, self.settings.auto, self.settings.reasons)

    def fitted(self, params: NDArray) -> Any:
        """Return a fitted copy of the estimator."""
        judged = copy.copy(self.estimator)
        judged._model = self.model(params)
        return judged

    def teller(self, callbacks: Any, state: State) -> Callable[[NDArray, Any], bool]:
        """Return what tells callbacks of an epoch; `state` is what their copies go on from."""
        names = ("n_features_in_", "feature_names_in_")
        table = {n: getattr(self.estimator, n) for n in names if hasattr(self.estimator, n)}

        def tell(params, history):
            n = len(history["epoch"])
            model = self.model(params, history=history, n_iter=n, best_epoch=n, state=state)
            return callbacks.epoch(lambda: table | {"_model": model})

        return tell


def _judgement(
    given: Given, splits: Sequence[Split], settings: Settings, call: Call, draft: _Draft
) -> Judgement | None:
    """Return what judges the members while they train; None if no rows are held out."""
    scorer = None if settings.scoring is None else _scorer(draft, settings)
    if call.validation is None and splits[0][1] is None:
        return None
    X, y, own = given.X, given.y, None
    values, weights = given.targets.values, given.weights.rows
    parts = [np.asarray(rows) for _, rows in splits]
    if call.validation is not None:
        X, y, sample_weight = call.validation
        X, y = table_of(X, "X_val"), labels_of(y, "y_val")
        with at_fault("X_val and y_val"):
            check_consistent_length(X, y)
        expected = Expected(draft.outputs.exclusive, known=draft.outputs)
        with at_fault("y_val"):
            targets = read_targets(y, type(draft.estimator).__name__, expected)
        values = targets.values
        with at_fault("y_val" if sample_weight is None else "sample_weight_val"):
            weights = weights_beside(given.weights, sample_weight, targets.codes).rows
        with at_fault("X_val"):
            own = given.reading.reader.compact(draft.estimator, X).inputs()
        parts = [np.arange(len(targets))]
    elif weights is not None and not any(weights[rows].sum() > 0 for rows in parts):
        raise ValueError(
            "The rows held out have no weight, so nothing can be judged by them. Give X_val "
            "and y_val or cv with rows of positive weight, or set early_stopping=False."
        )
    trained = given.targets.values if given.reading.rows.are_here else None
    if scorer is None:
        return Judgement(values, weights, own, trained=trained)
    if (
        isinstance(settings.scoring, str)
        and draft.outputs.one_class_per_row
        and (values.dtype.kind == "f")
    ):
        raise ValueError(
            f"scoring={settings.scoring!r} judges labels, but the rows to judge by have "
            "probabilities. Set scoring=None (the log loss), give a callable, or give "
            "X_val and y_val with labels."
        )
    tables = [(_safe_indexing(X, rows), _safe_indexing(y, rows)) for rows in parts]
    shares: list[dict[str, NDArray]] = [{} for _ in parts]
    if weights is not None and _takes_weights(scorer):
        shares = [{"sample_weight": weights[rows]} for rows in parts]

    def one(params, part):
        return _number(scorer(draft.fitted(params), *tables[part], **shares[part]))

    def score(stack, members):
        pairs = zip(stack, members, strict=True)
        scores = [one(params[None], m) for params, m in pairs if len(parts[m])]
        return float(np.mean(scores)) if scores else math.nan  # more members than rows

    def score_as_one(stack, members):
        return one(stack, 0)

    return Judgement(values, weights, own, score if own is None else score_as_one, trained)


@contextmanager
def at_fault(name):
    """Let errors say what they are of, where that is not X and y."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} cannot be used: {error}") from error


def _scorer(draft, settings):
    from sklearn.metrics import check_scoring  # costs time at import, and few need it

    scorer = check_scoring(draft.estimator, scoring=settings.scoring)
    outputs = draft.outputs
    return with_labels(scorer, outputs.classes) if outputs.one_class_per_row else scorer


def with_labels(scorer: Callable, classes: NDArray) -> Callable:
    """Return the scorer, of probabilities, told all classes: held-out rows may lack some.

    Left as it is where it judges predictions, or where its metric has no parameter `labels`.
    """
    if getattr(scorer, "_response_method", "predict") == "predict":
        return scorer
    if "labels" not in _parameters(scorer):
        return scorer
    scorer = copy.copy(scorer)
    scorer._kwargs = {"labels": classes} | scorer._kwargs  # type: ignore[attr-defined]
    return scorer


def _takes_weights(scorer):
    given = _parameters(scorer)
    return "sample_weight" in given or any(p.kind is p.VAR_KEYWORD for p in given.values())


def _parameters(scorer):
    """Return the parameters of a scorer; scikit-learn's own hand any on to their metrics."""
    return inspect.signature(getattr(scorer, "_score_func", scorer)).parameters


def _number(score):
    with suppress(TypeError, ValueError):
        if not isinstance(score, str):
            return float(score)
    raise ValueError(
        "scoring must return one number, the larger the better, for the rows held out; got "
        f"{score!r:.100}."
    )
