"""What is saved of an estimator: a few plain arrays and numbers, and the version that wrote them.

Formats such as that of skops store every string and number of a list or dictionary as an object of
its own, of some 150 bytes; the levels of a large table would outweigh the networks. So lists of
texts become two arrays on the way out, and a history one matrix.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from ._history import COLUMNS, History

FORMAT = 1  # goes up when a saved state is read in another way than before


class Versioned:
    """Saves an estimator with its version, and says so if another version loads it.

    `_pack` makes the saved form of a state, and `_unpack` the state again.
    """

    @staticmethod
    def _pack(state: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    @staticmethod
    def _unpack(state: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def __copy__(self):
        new = type(self).__new__(type(self))
        vars(new).update(vars(self))
        return new

    def __getstate__(self):
        state = self._pack(dict(super().__getstate__()))
        return state | {"_skxent_version": _version(), "_skxent_format": FORMAT}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_skxent_version", "pre-0.1")
        written = state.pop("_skxent_format", None)
        if written not in (None, FORMAT):
            raise ValueError(
                f"This {type(self).__name__} was saved by skxent {version} in format {written}; "
                f"skxent {_version()} reads format {FORMAT}. Load it with skxent {version}, or fit "
                "and save it again."
            )
        if version != _version():
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=f"skxent.{type(self).__name__}",
                    current_sklearn_version=_version(),
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        super().__setstate__(state if written is None else self._unpack(state))


def _version():
    from . import __version__

    return __version__


# ---- texts


def pack_texts(texts: Iterable[str]) -> dict[str, np.ndarray]:
    """Return texts as one array of bytes and one of their lengths."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return {
        "bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "lengths": np.array([len(text) for text in encoded], dtype=np.int32),
    }


def unpack_texts(packed: dict[str, np.ndarray]) -> list[str]:
    """Return the texts that were packed."""
    content, ends = packed["bytes"].tobytes(), np.cumsum(packed["lengths"], dtype=np.int64)
    if len(content) != (ends[-1] if len(ends) else 0) or (packed["lengths"] < 0).any():
        raise ValueError("The saved texts are damaged: their lengths are not those of the bytes.")
    pairs = zip([0, *ends[:-1].tolist()], ends.tolist(), strict=False)
    return [content[start:stop].decode("utf-8", "surrogatepass") for start, stop in pairs]


def pack_names(state: dict[str, Any]) -> dict[str, Any]:
    """Pack the names of the columns of X, where there are any."""
    if "feature_names_in_" not in state:
        return state
    return state | {"feature_names_in_": pack_texts(state["feature_names_in_"])}


def unpack_names(state: dict[str, Any]) -> dict[str, Any]:
    """Unpack them."""
    if "feature_names_in_" not in state:
        return state
    names = np.array(unpack_texts(state["feature_names_in_"]), dtype=object)
    return state | {"feature_names_in_": names}


def pack_tables(tables: Iterable[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Pack the keys of dictionaries by text."""
    tables = list(tables)
    texts = pack_texts(text for table in tables for text in table)
    return texts | {"sizes": np.array([len(table) for table in tables], dtype=np.int64)}


def unpack_tables(packed: dict[str, np.ndarray]) -> list[list[str]]:
    """Return the keys of each dictionary."""
    texts = iter(unpack_texts(packed))
    return [[next(texts) for _ in range(size)] for size in packed["sizes"].tolist()]


# ---- history


def pack_history(history: History) -> np.ndarray:
    """Return a history as a matrix, of a row for each column."""
    return np.array([history[column] for column in COLUMNS], dtype=np.float64)


def unpack_history(packed: np.ndarray) -> History:
    """Return the history that was packed; epochs are whole numbers."""
    history = dict(zip(COLUMNS, packed.tolist(), strict=True))
    return history | {"epoch": [int(epoch) for epoch in history["epoch"]]}
