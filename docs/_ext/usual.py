"""On the API pages, the parameters that are usually set come first, and all others by themselves.

Docstrings have parameters in the order of the signature, which is that of scikit-learn's; a page
that is read has the few first that most people need. The rest becomes the section of numpydoc's
for what is rarely used, "Other Parameters".
"""

import re

USUAL = """
    hidden_layer_sizes random_state n_members n_jobs categorical_features class_weight alpha dropout
    early_stopping scoring cv max_time verbose
""".split()

_FEW = 15  # a list that is as short is left as it is


def separated(lines):
    """Return the lines of a docstring with the usual parameters first."""
    try:
        begin = lines.index("Parameters") + 2
    except ValueError:
        return lines
    end = next(
        (i - 1 for i in range(begin + 1, len(lines)) if re.fullmatch("-{3,}", lines[i])), len(lines)
    )
    entries = []  # [name, lines]
    for line in lines[begin:end]:
        if line and not line[0].isspace():
            entries.append([line.partition(" :")[0], []])
        if entries:
            entries[-1][1].append(line.rstrip())
    if len(entries) <= _FEW:
        return lines
    named = dict(entries)
    first = [line for name in USUAL for line in named.get(name, ())]
    rest = [line for name, text in entries if name not in USUAL for line in text]
    heading = ["Other Parameters", "-" * len("Other Parameters")]
    return [*lines[:begin], *first, "", *heading, *rest, "", *lines[end:]]


def _process(app, what, name, obj, options, lines):
    if what == "class":
        lines[:] = separated(lines)


def setup(app):
    """Connect it before numpydoc, which reads the sections."""
    app.connect("autodoc-process-docstring", _process, priority=450)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
