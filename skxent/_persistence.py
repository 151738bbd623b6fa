"""What is saved of an estimator: a few plain arrays and numbers, and the version that wrote them.

Formats such as that of skops store every string and number as an object of its own, of some 400
bytes; the parameters and the levels of a table would outweigh the networks. So lists of texts
become two arrays on the way out, a history one matrix, and all that is plain or small one text.
"""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Collection, Iterable, Mapping
from itertools import accumulate, islice, pairwise
from typing import Any

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from ._version import __version__

FORMAT = 1  # goes up when a saved state is read in another way than before
_OLDEST = 1  # of what was saved without a number


class Versioned:
    """Saves an estimator with its version, and says so if another version loads it.

    `_pack` makes the saved form of a state, and `_unpack` the state again.
    """

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def __copy__(self):
        new = type(self).__new__(type(self))
        vars(new).update(vars(self))
        return new

    def __getstate__(self):
        state = pack_plain(self._pack(dict(super().__getstate__())))
        return state | {"_skxent_version": __version__, "_skxent_format": FORMAT}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_skxent_version", "pre-0.1")
        written = state.pop("_skxent_format", _OLDEST)
        if written != FORMAT:
            raise ValueError(
                f"This {type(self).__name__} was saved by skxent {version} in format {written}; "
                f"skxent {__version__} reads format {FORMAT}. Load it with skxent {version}, or "
                "fit and save it again."
            )
        if version != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=f"skxent.{type(self).__name__}",
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        super().__setstate__(self._sound(state))

    def _sound(self, state):
        """Return the state again; ValueError, whatever is wrong with it."""
        try:
            return self._unpack(unpack_plain(state))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(
                f"This saved {type(self).__name__} is damaged ({error}). Load another copy of it, "
                "or fit and save it again."
            ) from error


def require(holds: bool, what: str) -> None:
    """Raise if what was saved is not as it must be; `what` says what is wrong."""
    if not holds:
        raise ValueError(what)


# ---- what is plain and small

_PLAIN, _ARRAY = "_plain", "_array"
_SMALL = 4096  # bytes of an array that is not worth an entry of its own


def pack_plain(state: dict[str, Any]) -> dict[str, Any]:
    """Put all plain values and small arrays of numbers into one text of JSON."""
    plain, rest = {}, {}
    for name, value in state.items():
        try:
            plain[name] = _to_json(value)
        except TypeError:
            plain[name], rest[name] = None, value  # None holds its place among the others
    return rest | {_PLAIN: json.dumps(plain).encode()}


def unpack_plain(state: dict[str, Any]) -> dict[str, Any]:
    """Take them out again."""
    rest = dict(state)
    return json.loads(rest.pop(_PLAIN), object_hook=_from_json) | rest


def _to_json(value):
    """Return what stands for a value in JSON; TypeError where that is not the same one again."""
    if type(value) is list:
        return [_to_json(item) for item in value]
    if type(value) is dict and all(type(key) is str and key != _ARRAY for key in value):
        return {key: _to_json(item) for key, item in value.items()}
    if type(value) is np.ndarray and value.dtype.kind in "biuf" and value.nbytes <= _SMALL:
        content = base64.b64encode(value.tobytes()).decode()
        return {_ARRAY: [value.dtype.str, value.shape, content]}
    if value is None or type(value) in (str, int, float, bool):
        return value
    raise TypeError(f"{type(value).__name__} is not plain")


def _from_json(value):
    if _ARRAY not in value:
        return value
    dtype, shape, content = value[_ARRAY]
    return np.frombuffer(base64.b64decode(content), dtype=dtype).reshape(shape).copy()


# ---- texts


def pack_texts(texts: Iterable[str]) -> dict[str, np.ndarray]:
    """Return texts as one array of bytes and one of their lengths."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return {
        "bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "lengths": np.array([len(text) for text in encoded], dtype=np.int32),
    }


def unpack_texts(packed: Mapping[str, np.ndarray]) -> list[str]:
    """Return the texts that were packed."""
    content, ends = packed["bytes"].tobytes(), [*accumulate(_sizes(packed["lengths"]))]
    require(len(content) == max(ends, default=0), "the lengths of texts are not those of the bytes")
    pairs = pairwise([0, *ends])
    return [content[start:stop].decode("utf-8", "surrogatepass") for start, stop in pairs]


def _sizes(packed: np.ndarray) -> list[int]:
    """Return how many there are of something in each of several, as numbers that never overflow."""
    require(packed.ndim == 1 and packed.dtype.kind == "i", "numbers of texts are no integers")
    require(not (packed < 0).any(), "numbers of texts are negative")
    return packed.tolist()


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
    require(len(names) == state["n_features_in_"], "feature_names_in_ has not n_features_in_ names")
    return state | {"feature_names_in_": names}


def pack_tables(tables: Iterable[Collection[str]]) -> dict[str, np.ndarray]:
    """Pack several lists of texts, such as the keys of dictionaries."""
    tables = list(tables)
    texts = pack_texts(text for table in tables for text in table)
    return texts | {"sizes": np.array([len(table) for table in tables], dtype=np.int64)}


def unpack_tables(packed: Mapping[str, np.ndarray]) -> list[list[str]]:
    """Return the texts of each list."""
    texts, sizes = unpack_texts(packed), _sizes(packed["sizes"])
    require(sum(sizes) == len(texts), "the texts are more or less than there should be")
    remaining = iter(texts)
    return [[*islice(remaining, size)] for size in sizes]


# ---- random numbers

_MT19937_WORDS = 624


def pack_rng(rng: Any) -> Any:
    """Return the state of a RandomState as plain values, where it is the usual one."""
    if type(rng) is not np.random.RandomState:
        return rng
    state = rng.get_state(legacy=False)
    return rng if state["bit_generator"] != "MT19937" else state


def unpack_rng(packed: Any) -> Any:
    """Return the RandomState that was packed."""
    if not isinstance(packed, dict):
        return packed
    # NumPy takes any position, and reads there
    require(0 <= packed["state"]["pos"] <= _MT19937_WORDS, "a random state has no such position")
    rng = np.random.RandomState()
    rng.set_state(packed)
    return rng
