"""The fitted thing: one value that reads a table and predicts, and its form when it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ._columns import dtype_of
from ._kernels import Inputs, Kernel
from ._outputs import Outputs
from ._persistence import pack_rng, require, unpack_rng
from ._products import dot
from ._settings import is_auto
from ._table.reader import Reader, unpack_reader
from ._threads import effective_n_jobs
from ._training.activations import ACTIVATIONS
from ._training.history import pack_history, unpack_history
from ._training.network import Network
from ._training.temperature import TEMPERATURES
from ._training.train import State, Trained


@dataclass(frozen=True, eq=False)
class Model:
    """What reads a table, the networks behind it, and what their outputs mean.

    `auto` is what became of the parameters that were open, and `reasons` why.
    """

    reader: Reader
    outputs: Outputs
    trained: Trained
    auto: dict[str, Any]
    reasons: dict[str, str]

    @property
    def network(self) -> Network:
        """Sizes and activations, which all members share."""
        return self.trained.network

    @property
    def params(self) -> NDArray:
        """Parameters, a row for each member."""
        return self.trained.params

    @property
    def temperature(self) -> float:
        """What logits are divided by."""
        return self.trained.temperature

    def logits(self, X: Any, estimator: Any) -> NDArray:
        """Logits of shape (n, n_outputs): the mean of the members' over the temperature.

        Names and shape of X are checked on behalf of the estimator. Large tables are shared out
        over its threads.
        """
        inputs, n_threads = self._read(X, estimator)
        dtype = np.float32 if dtype_of(X) == np.float32 else np.float64
        return self.logits_of(inputs, dtype, n_threads)

    def logits_of(self, inputs: Inputs, dtype: type, n_threads: int) -> NDArray:
        """Logits, in this precision, of rows that have been read."""
        z: NDArray = np.empty((inputs.n_rows, self.network.sizes[-1]), dtype=dtype)
        self._kernel(n_threads).mean_logits(self.params, inputs, None, z)
        _check_not_nan(z)
        return z if self.temperature == 1.0 else z / dtype(self.temperature)

    def member_logits(self, X: Any, estimator: Any) -> NDArray:
        """Logits of each member over the temperature, of shape (n_members, n, n_outputs).

        Their mean over the members is that of :meth:`logits`, but for rounding.
        """
        (inputs, n_threads), params = self._read(X, estimator), self.params
        kernel = self._kernel(n_threads)
        z = np.empty((len(params), inputs.n_rows, self.network.sizes[-1]))
        for m, out in enumerate(z):
            kernel.mean_logits(params[m : m + 1], inputs, None, out)
            _check_not_nan(out)
        return z / self.temperature

    def _read(self, X: Any, estimator: Any) -> tuple[Inputs, int]:
        """Return the rows of a table, and how many of the estimator's threads they are worth."""
        n_threads = effective_n_jobs(estimator.n_jobs)
        inputs = self.reader.compact(estimator, X, n_threads=n_threads).inputs()
        large = inputs.n_rows * self.params.shape[1] > 1 << 24
        return inputs, n_threads if large else 1

    def _kernel(self, n_threads: int) -> Kernel:
        return Kernel(
            self.network.sizes,
            self.network.activations,
            self.outputs.kernel_loss("cross_entropy"),
            self.params.dtype,
            n_threads=n_threads,
        )

    def check_goes_on(self, given: Mapping[str, Any], passes_through: bool) -> None:
        """Raise if a parameter that the networks to go on from depend on was changed."""
        hidden, activation = given["hidden_layer_sizes"], given["activation"]
        kept_and_given = {
            "hidden_layer_sizes": (
                list(self.network.sizes[1:-1]),
                hidden if isinstance(hidden, str) else np.atleast_1d(hidden).tolist(),
            ),
            "activation": (
                list(self.network.activations),
                [activation] * (len(self.network.sizes) - 2)
                if isinstance(activation, str)
                else activation,
            ),
            "n_members": (len(self.params), given["n_members"]),
            "dtype": (self.params.dtype.name, given["dtype"]),
            **self._encoder_kept_and_given(given, passes_through),
        }
        for name, (kept, wanted) in kept_and_given.items():
            if not (is_auto(wanted) or _same(kept, wanted)):
                raise ValueError(
                    f"Training goes on with {name}={kept!r}, but {name}={wanted!r} is set. Set it "
                    "back, or start afresh by fit with warm_start=False."
                )

    def _encoder_kept_and_given(self, given, passes_through):
        """Return the parameter that says what reads tables, as it was learnt and as it is given."""
        encoder = given["encoder"]
        if self.reader.passes_through:
            return {"encoder": ("passthrough", "auto" if passes_through else encoder)}
        learnt = self.reader.encoder
        if is_auto(encoder):
            return {
                "categorical_features": (learnt.categorical_features, given["categorical_features"])
            }
        same = isinstance(encoder, type(learnt)) and all(
            is_auto(value) or _same(learnt.get_params()[name], value)
            for name, value in encoder.get_params().items()
        )
        return {"encoder": (learnt, "auto" if same else encoder)}


def _same(one, other):
    """Whether values of a parameter are equal, be they arrays, lists or tuples."""
    return np.array(one, dtype=object).tolist() == np.array(other, dtype=object).tolist()


def fitted_model(estimator: Any) -> Model:
    """Return the model of a fitted classifier."""
    check_is_fitted(estimator)
    if not hasattr(estimator, "_model"):
        raise TypeError(
            f"A classifier of skxent is required, got {type(estimator).__name__}. Of a pipeline "
            "give the last step, pipeline[-1], and tables as it gets them, "
            "pipeline[:-1].transform(X); of a search, its best_estimator_."
        )
    return estimator._model


def _check_not_nan(logits):
    """Raise an error for rows whose outputs are no numbers.

    Only rows far from those of training, not encoded, lead so far. The kernel keeps infinite
    outputs within bounds, so that their sums, differences and quotients stay finite in float32.
    """
    flat = logits.ravel()
    if dot(flat, flat) < np.inf or not np.isnan(logits).any():  # at the least cost
        return
    row = np.flatnonzero(np.isnan(logits).any(axis=1))[0]
    raise ValueError(
        f"The network's outputs for row {row} are not finite: its numbers are too large for "
        "these weights. Scale the features as in training (encoder='auto' bounds them)."
    )


# ---- saving


def pack_model(model: Model) -> dict[str, Any]:
    """Return the entries that are saved of a model: arrays, lists, numbers and texts."""
    trained, outputs, reader = model.trained, model.outputs, model.reader
    state = trained.state
    if state is None:
        raise ValueError("A model that is still being trained cannot be saved.")
    return {
        "classes_": outputs.classes,
        "n_outputs_": outputs.n_outputs,
        "out_activation_": outputs.activation,
        "_encoder_state": reader.pack(),
        "_dtype": reader.dtype,
        "_network_shape": [list(trained.network.sizes), list(trained.network.activations)],
        "_params": trained.params,
        "temperature_": trained.temperature,
        "auto_": dict(model.auto),
        "_reasons": dict(model.reasons),
        "history_": pack_history(trained.history),
        "n_iter_": trained.n_iter,
        "best_epoch_": trained.best_epoch,
        "best_loss_": trained.best_loss,
        "best_validation_score_": trained.best_score,
        "t_": state.t,
        "_rng": pack_rng(state.rng),
        "_split_rng": pack_rng(state.split_rng),
        "_judges": state.split_hash,
        "_states": state.paths,
        "_rate": state.rate,
        "_patience": state.patience,
        "_relevance": trained.relevance,
    }


# what was saved once, and follows from the rest
_DERIVED = ("n_layers_", "loss_")


def unpack_model(saved: dict[str, Any], *, exclusive: bool) -> tuple[Model, dict[str, Any]]:
    """Return the model that was saved, and the entries that are not its own."""
    rest = dict(saved)
    take = rest.pop
    for name in _DERIVED:
        take(name, None)
    reader = unpack_reader(take("_encoder_state"), take("_dtype"))
    outputs = Outputs(take("classes_"), take("n_outputs_"), exclusive)
    take("out_activation_")
    sizes, activations = take("_network_shape")
    state = State(
        rng=unpack_rng(take("_rng")),
        split_rng=unpack_rng(take("_split_rng")),
        split_hash=take("_judges"),
        paths=take("_states"),
        rate=take("_rate", None),
        patience=take("_patience"),
        t=take("t_"),
    )
    trained = Trained(
        Network(tuple(sizes), tuple(activations)),
        take("_params"),
        take("temperature_"),
        unpack_history(take("history_")),
        n_iter=take("n_iter_"),
        best_epoch=take("best_epoch_"),
        best_loss=take("best_loss_"),
        best_score=take("best_validation_score_"),
        state=state,
        relevance=take("_relevance", None),
    )
    model = Model(reader, outputs, trained, take("auto_"), take("_reasons"))
    _check(model, rest["n_features_in_"])
    return model, rest


def _check(model: Model, n_features_in: int) -> None:
    """Raise if parts of a model that was saved do not fit each other, or no fit leads there."""
    reader, trained, params = model.reader, model.trained, model.params
    require(reader.dtype in ("float32", "float64"), f"_dtype is {reader.dtype!r}")
    _check_network(model.network, model.outputs, reader.n_encoded(n_features_in))
    shape = params.shape if isinstance(params, np.ndarray) else ()
    n_params = model.network.n_params
    require(len(shape) == 2 and shape[0] > 0 and shape[1] == n_params, "_params has another shape")
    require(params.dtype == reader.dtype, f"_params is {params.dtype}, not {reader.dtype}")
    require(bool(np.isfinite(params).all()), "_params is not finite")
    temperature = trained.temperature
    low, high = TEMPERATURES
    sound = isinstance(temperature, float) and low <= temperature <= high
    require(sound, f"temperature_ is {temperature!r}, not in [{low}, {high}]")
    relevance = trained.relevance
    if relevance is not None:
        same = isinstance(relevance, np.ndarray) and relevance.shape == model.network.sizes[:1]
        require(same and relevance.dtype == np.float64, "_relevance is not one of each input")
        require(bool(((relevance > 0) & (relevance < np.inf)).all()), "_relevance is not positive")
    state = trained.state
    assert state is not None
    for name, value in {
        "n_iter_": trained.n_iter,
        "best_epoch_": trained.best_epoch,
        "t_": state.t,
    }.items():
        require(isinstance(value, Integral) and value >= 0, f"{name} is {value!r}")
    for path in state.paths or ():
        slots = [*path["slots"], path.get("average", params[0]), path.get("params", params[0])]
        same = all(slot.shape == (n_params,) and slot.dtype == params.dtype for slot in slots)
        require(same and path["step"] >= 0, "_states is not that of a network of this shape")
    require(len(state.paths or params) == len(params), "_states is not one state for each network")


def _check_network(network: Network, outputs: Outputs, n_encoded: int) -> None:
    sizes, n = network.sizes, outputs.n_outputs
    require(
        all(isinstance(size, Integral) for size in sizes) and min(sizes[1:]) > 0 and sizes[-1] == n,
        "_network_shape has no sizes of layers that end with n_outputs_",
    )
    require(sizes[0] == n_encoded, f"the network has not the {n_encoded} inputs of its encoder")
    known = len(network.activations) == len(sizes) - 2 and set(network.activations) <= {
        *ACTIVATIONS
    }
    require(known, "_network_shape has not one activation for each hidden layer")
    n_classes = len(outputs.classes) if np.ndim(outputs.classes) == 1 else 0
    one = n == 1 and n_classes == 2  # two classes are one output
    many = n_classes == n and (n > 2 or not outputs.exclusive)
    require(one or many, f"n_outputs_ is {n}, beside {n_classes} classes")
