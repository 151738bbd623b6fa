"""Building blocks of graphs: nodes, constants, and the columns of a table among the inputs."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from onnx import TensorProto, numpy_helper
from skl2onnx.common.data_types import (
    BooleanTensorType,
    DoubleTensorType,
    FloatTensorType,
    StringTensorType,
    guess_proto_type,
)

from .._columns import text_of

_TENSOR_TYPES = {
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}


class Graph:
    """Adds nodes and constants to a graph, each under a new name, which it returns."""

    def __init__(self, scope, container):
        self._scope, self._container = scope, container

    def __call__(self, op, *inputs, domain="", **attributes):
        output = self._scope.get_unique_variable_name(op.lower())
        self._container.add_node(
            op,
            list(inputs),
            [output],
            op_domain=domain,
            name=self._scope.get_unique_operator_name(op),
            **attributes,
        )
        return output

    def constant(self, values):
        """Add an array of numbers or texts."""
        values = np.asarray(values)
        name = self._scope.get_unique_variable_name("constant")
        if values.dtype.kind in "OU":
            texts = [str(text).encode() for text in values.ravel()]
            self._container.add_initializer(name, TensorProto.STRING, values.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(values))
            self._container.add_initializer(name, None, None, tensor)
        return name

    def numbers(self, values):
        """Add an array of floats as it is, and make it float64 when the graph runs."""
        return self.cast(self.constant(values), np.float64)

    def cast(self, x, dtype):
        """Convert to another type."""
        return self("Cast", x, to=_TENSOR_TYPES[np.dtype(dtype).name])

    def pick(self, x, columns):
        """Return the given columns of x."""
        return self("Gather", x, self.constant(np.asarray(columns, dtype=np.int64)), axis=1)

    def end(self, x, output):
        """Let the graph end with x in an output variable, in the type that it has."""
        self._container.add_node(
            "Cast", [x], [output.full_name], to=guess_proto_type(output.type),
            name=self._scope.get_unique_operator_name("Cast"),
        )  # fmt: skip


class Columns:
    """The columns of a table among the inputs of an operator, whether it has one or many."""

    def __init__(self, graph, inputs, n_columns):
        self._graph = graph
        self._of = []  # the input of each column, the place therein, the width of the input
        for variable in inputs:
            shape = variable.type.shape
            width = shape[1] if len(shape) > 1 else 1
            if width is None:  # unknown: then it is the only one
                width = n_columns
            self._of += [(variable, place, width) for place in range(width)]
        if len(self._of) != n_columns:
            raise ValueError(
                f"The inputs have {len(self._of)} columns, but the estimator was fitted on "
                f"{n_columns}: give an X like that of fit."
            )

    def type_of(self, i):
        """Return the type of a column's input."""
        return type(self._of[i][0].type)

    def column(self, i):
        """Return one column, of shape (n, 1)."""
        variable, place, width = self._of[i]
        if width == 1:
            return variable.full_name
        return self._graph("Gather", variable.full_name, self._graph.constant([place]), axis=1)

    def numbers(self, chosen):
        """Return the chosen columns as one matrix of float64."""
        g, inputs, places, width = self._graph, [], [], 0
        for i in chosen:
            variable, place, _ = self._of[i]
            if isinstance(variable.type, StringTensorType):
                raise ValueError(
                    f"Input {variable.raw_name!r} holds text, but the estimator was fitted on "
                    "numbers there. Give X as a DataFrame: each column is an input of its own type."
                )
            if not inputs or inputs[-1] is not variable:
                inputs.append(variable)
                width += self._of[i][2]
            places.append(width - self._of[i][2] + place)
        parts = []
        for _, alike in groupby(inputs, key=lambda variable: type(variable.type)):
            x = self._joined([variable.full_name for variable in alike])
            parts.append(g.cast(x, np.float64))  # one for all: a table may have many columns
        x = self._joined(parts)
        return x if places == list(range(width)) else g.pick(x, places)

    def zeros(self, width):
        """Return a matrix of zeros with as many rows as the table."""
        g = self._graph
        rows = g("Slice", g("Shape", self._of[0][0].full_name), g.constant([0]), g.constant([1]))
        return g(
            "Expand",
            g.constant(np.zeros((1, width))),
            g("Concat", rows, g.constant([width]), axis=0),
        )

    def _joined(self, parts):
        return parts[0] if len(parts) == 1 else self._graph("Concat", *parts, axis=1)

    def codes(self, i, codes, missing, unknown, missing_texts):
        """Look up a column in a dictionary of codes by text; return an int64 vector.

        `missing` is the code of a gap, which among texts is one of `missing_texts`.
        """
        g, column, kind = self._graph, self.column(i), self.type_of(i)
        if kind is BooleanTensorType:
            pair = [codes.get(text, unknown) for text in ("False", "True")]
            found = g("Gather", g.constant(pair), g.cast(column, np.int64))
        elif kind is StringTensorType:
            keys = dict.fromkeys(missing_texts, missing) | codes
            found = self._look_up(column, keys, unknown, "keys_strings")
        elif kind in (FloatTensorType, DoubleTensorType):
            found = self._codes_of_floats(g.cast(column, np.float64), codes, missing, unknown)
        else:
            found = self._codes_of_integers(g.cast(column, np.int64), codes, unknown)
        return g("Reshape", found, g.constant([-1]))

    def _codes_of_integers(self, x, codes, unknown):
        keys = {n: code for n, code in _by_number(int, codes).items() if abs(n) < 2**63}
        # an encoder of no keys is not allowed
        return self._look_up(x, keys or {0: unknown}, unknown, "keys_int64s")

    def _codes_of_floats(self, x, codes, missing, unknown):
        """Look whole numbers up as integers, and compare with every other level."""
        g = self._graph
        found = self._codes_of_integers(g.cast(x, np.int64), codes, unknown)
        found = g("Where", g("Equal", x, g("Floor", x)), found, g.constant([unknown]))
        others = _by_number(float, codes)
        others = {n: c for n, c in others.items() if n != np.floor(n) or abs(n) >= 2.0**63}
        if others:
            matches = g.cast(g("Equal", x, g.constant(np.array([[*others]]))), np.float64)
            steps = np.array([[code - unknown] for code in others.values()], dtype=np.float64)
            step = g.cast(g("MatMul", matches, g.constant(steps)), np.int64)
            found = g("Add", found, step)
        return g("Where", g("IsNaN", x), g.constant([missing]), found)

    def _look_up(self, column, keys, unknown, kind):
        return self._graph(
            "LabelEncoder",
            column,
            domain="ai.onnx.ml",
            op_version=2,
            **{kind: list(keys), "values_int64s": list(keys.values()), "default_int64": unknown},
        )


def _by_number(number, codes):
    """Return codes by number, of those levels that are the text of a number."""
    found = {}
    for text, code in codes.items():
        try:
            value = number(text)
        except ValueError:
            continue
        if text_of(value) == text:
            found[value] = code
    return found
