"""A network's shape: sizes and activations, and the parameter vector with its views per layer."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .activations import ACTIVATIONS


@dataclass(frozen=True)
class Network:
    """Layer sizes (inputs, hidden..., outputs) and one activation per hidden layer.

    The parameters are one vector: W_1 (fan_in x fan_out, row by row), b_1, W_2, b_2, and so on.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Shape of every weight matrix."""
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    @property
    def n_params(self) -> int:
        """Length of the parameter vector."""
        return sum(fan_in * fan_out + fan_out for fan_in, fan_out in self.shapes)

    @property
    def weight_slices(self) -> list[slice]:
        """Where each weight matrix stands in the parameter vector."""
        slices, start = [], 0
        for fan_in, fan_out in self.shapes:
            slices.append(slice(start, start + fan_in * fan_out))
            start += (fan_in + 1) * fan_out
        return slices

    def views(self, params: NDArray) -> tuple[list[NDArray], list[NDArray]]:
        """Weights and biases as views of `params`, whose leading axes (members) are kept."""
        coefs, intercepts, start = [], [], 0
        lead = params.shape[:-1]
        for fan_in, fan_out in self.shapes:
            stop = start + fan_in * fan_out
            coefs.append(params[..., start:stop].reshape(*lead, fan_in, fan_out))
            start = stop + fan_out
            intercepts.append(params[..., stop:start])
        return coefs, intercepts

    def stays_below(self, limit: float, params: NDArray, x: float) -> bool:
        """Whether rows of numbers up to `x` in absolute value become none as large as `limit`.

        No activation but "selu" (by 1.06) enlarges what it gets, nor by more than a constant. The
        sums of absolute weights, which cost little, bound what a layer makes of numbers; only where
        they do not settle it, in deep networks, the spectral norms do.
        """
        coefs, intercepts = self.views(np.atleast_2d(params).astype(np.float64))
        top = x
        for W, b in zip(coefs, intercepts, strict=True):
            top = (1 + 1.1 * top * np.abs(W).sum(axis=-2) + np.abs(b)).max()
        if top < limit or not np.isfinite(params).all():
            return bool(top < limit)
        length = np.full(len(coefs[0]), x * self.sizes[0] ** 0.5)
        for W, b in zip(coefs, intercepts, strict=True):
            most = 1.1 * length * np.linalg.norm(W, ord=2, axis=(-2, -1))
            length = most + np.linalg.norm(b, axis=-1) + b.shape[-1] ** 0.5
        return bool(length.max() < limit)

    def pack(self, coefs, intercepts, dtype) -> NDArray:
        """One vector from given weights and biases; ValueError if their shapes do not fit."""
        params = np.empty(self.n_params, dtype=dtype)
        for name, views, given in zip(
            ("coefs", "intercepts"), self.views(params), (coefs, intercepts), strict=True
        ):
            shapes = [view.shape for view in views]
            if [np.shape(array) for array in given] != shapes:
                raise ValueError(
                    f"init's {name} must have the shapes {shapes} (inputs, hidden layers, outputs "
                    f"of this network), got {[np.shape(array) for array in given]}."
                )
            for view, array in zip(views, given, strict=True):
                view[...] = array
        if not np.isfinite(params).all():
            raise ValueError("init holds NaN or infinite values; give finite weights.")
        return params

    def initialize(self, scheme: str, rng: np.random.RandomState, dtype) -> NDArray:
        """Draw initial parameters by a named scheme.

        ``"glorot_uniform"`` draws exactly what scikit-learn's MLPClassifier draws from the same
        `rng`: weights and biases uniform within ±sqrt(6 / (fan_in + fan_out)), 2 instead of 6
        beside logistic units (Glorot & Bengio, 2010). ``"he_normal"`` and ``"he_uniform"`` give
        weights of variance gain² / fan_in (He et al., 2015) and zero biases.
        """
        params = np.zeros(self.n_params, dtype=dtype)
        coefs, intercepts = self.views(params)
        names = [*self.activations, "identity"]
        for layer, (W, b, name) in enumerate(zip(coefs, intercepts, names, strict=True)):
            fan_in, fan_out = W.shape
            if scheme == "glorot_uniform":
                logistic = "logistic" in (name, names[layer - 1] if layer else name)
                bound = np.sqrt((2.0 if logistic else 6.0) / (fan_in + fan_out))
                W[...] = rng.uniform(-bound, bound, W.shape)
                b[...] = rng.uniform(-bound, bound, b.shape)
                continue
            scale = ACTIVATIONS[name].gain / np.sqrt(max(fan_in, 1))  # constants alone: no inputs
            if scheme == "he_uniform":
                W[...] = rng.uniform(-np.sqrt(3) * scale, np.sqrt(3) * scale, W.shape)
            else:
                W[...] = rng.standard_normal(W.shape) * scale
        return params


INIT_SCHEMES = ("glorot_uniform", "he_uniform", "he_normal")


def _in_order(values: Any) -> list[Any]:
    """Return what is given for each layer; what has no order, such as a set, is one thing."""
    array = np.asarray(values, dtype=object)
    return list(array) if array.ndim == 1 else [values]


def build_network(
    hidden_layer_sizes: Any, activation: Any, n_features: int, n_outputs: int
) -> Network:
    """Return the network that the parameters describe; ValueError if they describe none."""
    sizes = hidden_layer_sizes
    hidden = [sizes] if isinstance(sizes, Integral) else _in_order(sizes)
    if any(not isinstance(size, Integral) or size <= 0 for size in hidden):
        raise ValueError(
            "hidden_layer_sizes must be integers > 0, one or a list of one for each hidden layer; "
            f"got {sizes!r}."
        )
    names = [activation] * len(hidden) if isinstance(activation, str) else _in_order(activation)
    unknown = sorted({str(name) for name in names} - set(ACTIVATIONS))
    if unknown or len(names) != len(hidden):
        raise ValueError(
            f"activation must be one name, or one for each of the {len(hidden)} hidden layers, "
            f"of {sorted(ACTIVATIONS)}; got {activation!r}."
        )
    return Network((n_features, *(int(size) for size in hidden), n_outputs), tuple(names))


def dropout_rates(dropout: Any, n_hidden: int) -> list[float]:
    """Return the rate of dropout after each hidden layer."""
    values: list[Any] = [dropout] * n_hidden if isinstance(dropout, Real) else _in_order(dropout)
    if len(values) != n_hidden or not all(
        isinstance(v, Real) and 0 <= float(v) < 1 for v in values
    ):
        raise ValueError(
            f"dropout must be one number, or one for each of the {n_hidden} hidden layers, from "
            f"0 to below 1; got {dropout!r}."
        )
    return values


def too_large(network: Network, hidden_layer_sizes: Any, n_members: int) -> MemoryError:
    """Return what to raise where there is no memory for the weights of so many networks."""
    return MemoryError(
        f"hidden_layer_sizes={hidden_layer_sizes!r} and n_members={n_members} make "
        f"{network.n_params:,} weights in each network, more than there is memory for. Make the "
        "layers smaller, or have fewer members."
    )


def initial_params(
    network: Network,
    init: Any,
    rng: np.random.RandomState,
    dtype: Any,
    relevance: NDArray | None = None,
) -> NDArray:
    """Draw the parameters to start from, or take those that `init` gives.

    What is drawn is meant for features that are multiplied by their relevance.
    """
    if isinstance(init, str):
        params = network.initialize(init, rng, dtype)
        if relevance is not None:
            network.views(params)[0][0][...] *= relevance[:, None]
        return params
    try:
        coefs, intercepts = map(list, init)
    except (TypeError, ValueError):
        types = ", ".join(type(item).__name__ for item in init)
        raise ValueError(
            "init must be the name of a scheme, or a pair (coefs, intercepts) with one array "
            f"for each layer; got ({types})."
        ) from None
    return network.pack(coefs, intercepts, dtype)
