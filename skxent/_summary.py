"""What a fitted classifier tells of itself: as lines to print, and as tables for a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from ._model import Model


@dataclass(frozen=True)
class Layer:
    """One layer of a network: what goes in, what comes out, and what that takes."""

    n_in: int
    n_out: int
    activation: str

    @property
    def n_params(self) -> int:
        """Weights and biases."""
        return self.n_in * self.n_out + self.n_out


@dataclass(frozen=True)
class Choice:
    """One parameter that was "auto": what it became, and why."""

    parameter: str
    chosen: Any
    why: str


@dataclass(frozen=True)
class Summary:
    """The layers of a fitted classifier, and what was chosen for it."""

    name: str
    n_members: int
    layers: tuple[Layer, ...]
    temperature: float
    choices: tuple[Choice, ...]

    @property
    def headline(self) -> str:
        """How many networks of which sizes there are, in one line."""
        sizes = [self.layers[0].n_in, *(layer.n_out for layer in self.layers)]
        n_params = self.n_members * sum(layer.n_params for layer in self.layers)
        return (
            f"{self.n_members} member(s), {' -> '.join(map(str, sizes))}, {n_params} parameters, "
            f"temperature {self.temperature:.3f}"
        )

    def text(self) -> str:
        """Lines to print."""
        return "\n".join(
            [
                f"{self.name}: {self.headline}",
                *(f"  {c.parameter} = {c.chosen!r}  ({c.why})" for c in self.choices),
            ]
        )

    def html(self) -> str:
        """Two tables, in the style that scikit-learn gives to parameters."""
        layers = [
            (number, layer.n_in, layer.n_out, layer.activation, layer.n_params)
            for number, layer in enumerate(self.layers, start=1)
        ]
        choices = [(c.parameter, repr(c.chosen), c.why) for c in self.choices]
        return _table(
            f"Layers: {self.headline}", ("Layer", "In", "Out", "Activation", "Parameters"), layers
        ) + _table('What "auto" chose', ("Parameter", "Chosen", "Why"), choices)


def summarize(name: str, model: Model) -> Summary:
    """Return what the classifier called `name` tells of its model."""
    network = model.network
    activations = (*network.activations, model.outputs.activation)
    return Summary(
        name=name,
        n_members=len(model.params),
        layers=tuple(
            Layer(*shape, activation)
            for shape, activation in zip(network.shapes, activations, strict=True)
        ),
        temperature=model.temperature,
        choices=tuple(
            Choice(parameter, value, model.reasons.get(parameter, "as given"))
            for parameter, value in model.auto.items()
        ),
    )


def _table(title: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """One table that folds away; its cells are text, whatever they hold."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        '<tr class="default">' + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="estimator-table"><details open><summary>{escape(title)}</summary>'
        f'<table class="parameters-table"><tbody><tr>{head}</tr>{body}</tbody></table>'
        "</details></div>"
    )
