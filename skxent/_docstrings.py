"""Docstrings of classes that share parameters: sections of one, another head and tail."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc
from textwrap import dedent

_NO_CHANGES: Mapping[str, str] = {}


def docstring_like(
    source: str | None,
    *,
    head: str,
    tail: str,
    parameters: str = "",
    changes: Mapping[str, str] = _NO_CHANGES,
) -> str | None:
    """Return a docstring with the parameters and attributes of another.

    `parameters` are added to its own, and the texts of `changes` are replaced, each of which must
    be there: LookupError if one is not. None without a source, as under ``python -OO``.
    """
    if source is None:
        return None
    # Python 3.13 takes the indentation off docstrings; taken off here, all versions are alike
    _, rest = _split(cleandoc(source), "Parameters\n----------\n")
    own, rest = _split(rest, "Attributes\n----------\n")
    attributes, _ = _split(rest, "See Also\n--------\n")
    more = f"{dedent(parameters).strip()}\n" if parameters else ""
    body = (
        f"Parameters\n----------\n{own.rstrip()}\n{more}\n"
        f"Attributes\n----------\n{attributes.rstrip()}\n"
    )
    for old, new in changes.items():
        if old not in body:
            raise LookupError(f"{old!r} is not in the docstring that another is made from.")
        body = body.replace(old, new)
    return f"{cleandoc(head)}\n\n{body}\n{cleandoc(tail)}\n"


def _split(text, heading):
    before, found, after = text.partition(heading)
    if not found:
        raise LookupError(f"The docstring has no section {heading.splitlines()[0]!r}.")
    return before, after
