"""What a fitted classifier tells of itself: as lines to print, and as tables for a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ._model import Model
from ._table.summary import SummaryText, TableSummary


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
    """What became of the columns of a fitted classifier, its layers, and what was chosen for it."""

    name: str
    table: TableSummary
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
            f"{self.n_members} member{'s' * (self.n_members > 1)}, "
            f"{' -> '.join(map(str, sizes))}, {n_params} parameters, "
            f"temperature {self.temperature:.3f}"
        )

    @property
    def decisions(self) -> list[tuple[str, list[Choice]]]:
        """Every reason, with what was chosen for it."""
        decisions: dict[str, list[Choice]] = {}
        for choice in self.choices:
            decisions.setdefault(choice.why, []).append(choice)
        return [*decisions.items()]

    def text(self) -> SummaryText:
        """Lines to print."""
        lines = [f"{self.name}: a table of {self.table.headline}", *self.table.lines, self.headline]
        for why, choices in self.decisions:
            lines.append(_wrapped([f"{c.parameter} = {c.chosen!r}" for c in choices], why))
        return SummaryText("\n".join(lines), self.table)

    def html(self) -> str:
        """Three tables, in the style that scikit-learn gives to parameters."""
        columns = [(f.what, len(f.columns), f.which) for f in self.table.findings]
        layers = [
            (number, layer.n_in, layer.n_out, layer.activation, layer.n_params)
            for number, layer in enumerate(self.layers, start=1)
        ]
        choices = [
            (c.parameter, repr(c.chosen), "" if number else why)
            for why, choices in self.decisions
            for number, c in enumerate(choices)
        ]
        return (
            _table(f"Table: {self.table.headline}", ("What", "Columns", "Which"), columns)
            + _table(
                f"Layers: {self.headline}",
                ("Layer", "In", "Out", "Activation", "Parameters"),
                layers,
            )
            + _table('What "auto" chose', ("Parameter", "Chosen", "Why"), choices)
        )


def summarize(name: str, model: Model, columns: Sequence[str]) -> Summary:
    """Return what the classifier called `name` tells of its model, whose table has the columns."""
    network, table = model.network, model.reader.summary(columns)
    if model.trained.relevance is not None:
        sources = model.reader.sources(len(columns))
        table = table.with_relevance(model.trained.relevance, sources)
    activations = (*network.activations, model.outputs.activation)
    return Summary(
        name=name,
        table=table,
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


def _wrapped(chosen: Sequence[str], why: str) -> str:
    """Return what was chosen and why, as a line; what does not fit goes on below."""
    whole = (choice.replace(" ", "\0") for choice in chosen)  # no line ends within one
    lines = textwrap.fill(
        f"{', '.join(whole)}  ({why})",
        width=100,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace("\0", " ")


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
