"""Load damaged files of skops: each is refused or loads, none runs code, none ends the process.

    python tests/long/fuzz_skops.py [--cases 10000] [--seed 0] [--reasons]

Some cases damage the file itself: bits flipped, bytes overwritten, the end cut off, pieces moved.
Checksums catch most of these, so the others damage what is inside, an array or the description of
the objects, and make a sound archive of it again; of these, some name functions that an attacker
would like to be called. Others, of types that nobody distrusts, hold numbers that no fit comes to:
zero, negative, or so large that sums of them overflow. What loads must give probabilities, or raise
an exception.

Code that a file brings to run would show as an audit event (PEP 578): a process, a socket, a file
that is written, an import of a module that nothing here needs. Any of them is an error at once.
"""

import argparse
import base64
import faulthandler
import io
import json
import os
import random
import sys
import warnings
import zipfile
from collections import Counter

import numpy as np
import skops.io

from skxent import SoftmaxMLPClassifier

ATTACKS = [
    {"__class__": "system", "__module__": module, "__loader__": loader, "content": "true"}
    for module in ("os", "posix", "subprocess")
    for loader in ("FunctionNode", "TypeNode", "ConstructorFromReduceNode", "MethodNode")
] + [
    {"__class__": name, "__module__": "builtins", "__loader__": loader, "content": "print('!')"}
    for name in ("eval", "exec", "__import__")
    for loader in ("FunctionNode", "ObjectNode", "OperatorFuncNode", "PartialNode")
]
FORBIDDEN = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pickle.", "marshal.", "pty.")


def model_and_rows():
    """A fitted committee over numbers, categories and gaps."""
    rng = np.random.default_rng(0)
    X = np.array(
        [
            rng.standard_normal(1000).round(3),
            rng.choice(["a", "b", "c", None], 1000),
            rng.choice([f"level {i}" for i in range(60)], 1000),
        ],
        dtype=object,
    ).T
    X[::9, 0] = None
    y = np.where(X[:, 1] == "a", "yes", "no")
    model = SoftmaxMLPClassifier(hidden_layer_sizes=40, n_members=2, max_iter=3, random_state=0)
    return model.fit(X, y), X[:20]


def damaged(data, rng):
    """Return bytes with one or more random changes."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 50])):
        kind, at = rng.randrange(6), rng.randrange(max(len(data), 1))
        if kind <= 1 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            data[at : at + 8] = rng.randbytes(8)
        elif kind == 3:
            data[at : at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"9999", b"-1-1"])
        elif kind == 4:
            del data[at : at + rng.randrange(1, 100)]
        else:
            piece = data[at : at + rng.randrange(1, 100)]
            to = rng.randrange(len(data) + 1)
            data[to:to] = piece
    return bytes(data)


def nodes(tree):
    """All dictionaries in a tree of JSON."""
    if isinstance(tree, dict):
        yield tree
    for child in (
        tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    ):
        yield from nodes(child)


def redescribed(schema, rng):
    """Return the description of the objects, with nodes exchanged or replaced by attacks."""
    tree = json.loads(schema)
    every = list(nodes(tree))
    for _ in range(rng.choice([1, 1, 3])):
        node = rng.choice(every)
        other = rng.choice([rng.choice(every), rng.choice(ATTACKS)])
        kind = rng.randrange(4)
        if kind == 0:
            shared = [key for key in node if key in other]
            if shared:
                key = rng.choice(shared)
                node[key] = other[key]
        elif kind == 1:
            node[rng.choice(list(node))] = rng.choice([None, -1, 2**70, "", [], {}, 1e308, other])
        elif kind == 2:
            node.pop(rng.choice(list(node)))
        else:
            node.clear()
            node.update(other)
    return json.dumps(tree, default=str).encode()


NUMBERS = [-(2**62), -(2**31), -1, 0, 1, 2**24, 2**31, 2**40, 2**62, 2**63 - 1]
FLOATS = [float("nan"), float("inf"), -float("inf"), 1e-320, 1e308, 0.5]


def renumbered(content, rng):
    """Return an array, or values in JSON, with some numbers replaced by those nobody expects."""
    if content.startswith(b"\x93NUMPY"):
        array = np.load(io.BytesIO(content))
        file = io.BytesIO()
        np.save(file, other_numbers(array, rng))
        return file.getvalue()
    tree = json.loads(content)
    places = [
        (parent, key)
        for parent in nodes_and_lists(tree)
        for key in (parent if isinstance(parent, dict) else range(len(parent)))
        if isinstance(parent[key], int | float) or "_array" in (key, *as_dict(parent[key]))
    ]
    for _ in range(rng.choice([1, 1, 2])):
        parent, key = rng.choice(places)
        value = parent[key]
        if isinstance(value, dict):
            dtype, shape, text = value["_array"]
            array = np.frombuffer(base64.b64decode(text), dtype).reshape(shape)
            array = other_numbers(array, rng)
            text = base64.b64encode(array.tobytes()).decode()
            parent[key] = {"_array": [array.dtype.str, list(array.shape), text]}
        elif key != "_array":
            parent[key] = rng.choice(NUMBERS + FLOATS)
    return json.dumps(tree).encode()


def other_numbers(array, rng):
    """Return a copy of an array with a few other numbers, of another type or of another shape."""
    kind = rng.randrange(8)
    if kind == 0:
        return array[: len(array) // 2] if array.ndim else array
    if kind == 1:
        return np.concatenate([array, array]) if array.ndim else array
    if kind == 2:
        return array.astype(rng.choice([np.float32, np.int8, np.uint64, bool, complex]))
    if kind == 3:
        return array[None]
    array = array.astype(np.int64) if array.dtype.kind in "iub" and kind > 5 else array.copy()
    floats = array.dtype.kind == "f"
    for _ in range(rng.choice([1, 1, 2, 5]) if array.size else 0):
        with np.errstate(all="ignore"):
            value = np.array(rng.choice(NUMBERS + FLOATS * floats)).astype(array.dtype)
        array.flat[rng.randrange(array.size)] = value
    return array


def as_dict(value):
    """Return a dictionary itself, and nothing of anything else."""
    return value if isinstance(value, dict) else {}


def nodes_and_lists(tree):
    """All dictionaries and lists in a tree of JSON."""
    if isinstance(tree, dict | list):
        yield tree
        for child in tree.values() if isinstance(tree, dict) else tree:
            yield from nodes_and_lists(child)


def case(data, rng):
    """Return one damaged file."""
    kind = rng.randrange(8)
    if kind == 0:
        return damaged(data, rng)
    if kind == 1:
        return data[: rng.randrange(len(data))]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = "schema.json" if kind == 3 else rng.choice(sorted({*members} - {"schema.json"}))
    change = redescribed if kind == 3 else damaged if kind == 2 else renumbered
    try:
        members[name] = change(members[name], rng)
    except (ValueError, TypeError, IndexError, RecursionError):
        # nodes that contain each other, or nothing; an array whose shape is damaged already
        return damaged(data, rng)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def watch(allowed):
    """Forbid what only a file's own code would do, from now on."""

    def hook(event, arguments):
        writes = (
            event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        )
        imports = event == "import" and arguments[0].partition(".")[0] not in allowed
        if event.startswith(FORBIDDEN) or writes or imports:
            sys.__stderr__.write(f"FORBIDDEN: {event} {arguments!r:.300}\n")
            sys.__stderr__.flush()
            os._exit(3)

    sys.addaudithook(hook)


def main():
    """Load that many damaged files, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reasons", action="store_true", help="why what loads cannot predict")
    args = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("ignore")
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    except ImportError:  # Windows
        pass
    model, X = model_and_rows()
    data = skops.io.dumps(model)
    trusted = ["skxent.SoftmaxMLPClassifier"]
    expected = skops.io.loads(data, trusted=trusted).predict_proba(X)
    rng = random.Random(args.seed)
    watch({name.partition(".")[0] for name in sys.modules})
    outcomes = dict.fromkeys(["refused", "useless", "other", "same", "nonsense"], 0)
    reasons = Counter()
    for _ in range(args.cases):
        file = case(data, rng)
        try:
            loaded = skops.io.loads(file, trusted=trusted)
        except Exception:
            outcomes["refused"] += 1
            continue
        try:
            p = loaded.predict_proba(X)
            loaded.encoder_.get_feature_names_out()
        except Exception as error:
            outcomes["useless"] += 1
            reasons[f"{type(error).__name__}: {error}"[:100]] += 1
            continue
        sound = p.shape == expected.shape and np.allclose(p.sum(axis=1), 1) and (p >= 0).all()
        same = sound and np.array_equal(p, expected)
        outcomes["same" if same else "other" if sound else "nonsense"] += 1
    print(json.dumps(outcomes))
    if args.reasons:
        for reason, count in reasons.most_common(40):
            print(count, reason, file=sys.stderr)
    return 1 if outcomes["nonsense"] else 0


if __name__ == "__main__":
    sys.exit(main())
