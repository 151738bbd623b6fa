"""What the kernel makes of columns of numbers, against the formulas in NumPy."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skxent import TableEncoder
from skxent._kernels import NumberReader
from skxent._table.encoder import encoding_of, learn_encoder

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def parts(m=4, n_edges=6, widths=(5, 1), seed=0):
    """Arguments of a reader of m columns: all are bent, some more."""
    rng = np.random.default_rng(seed)
    edges = np.full((n_edges, len(widths)), np.inf)
    for k, width in enumerate(widths):
        edges[: width + 1, k] = np.sort(rng.normal(size=width + 1))
    return {
        "center": rng.normal(size=m),
        "scale": rng.uniform(0.5, 2, m),
        "linear": np.arange(m),
        "gaps": np.array([1, 3]),
        "plain": np.array([2, 0]),
        "mean": rng.normal(size=2),
        "std": rng.uniform(0.1, 2, 2),
        "binned": np.array([3, 1]),
        "edges": edges,
        "widths": np.array(widths),
        "farthest": 10.0,
    }


def expected(given, x):
    x = x.astype(np.float64)
    gaps = np.isnan(x)
    x = np.where(gaps, given["center"], x)
    with np.errstate(over="ignore"):
        z = ((x - given["center"]) / given["scale"]).clip(-1e6, 1e6)
        plain = (x[:, given["plain"]] - given["mean"]) / given["std"]
    bent = z / np.sqrt(1 + (z / 3) ** 2)
    plain = np.where(gaps[:, given["plain"]], 0, plain.clip(-10, 10))
    dense = np.hstack([bent[:, given["linear"]], gaps[:, given["gaps"]], plain])
    positions = np.empty((len(x), len(given["binned"])))
    for k, (j, width) in enumerate(zip(given["binned"], given["widths"], strict=True)):
        edges = given["edges"][: width + 1, k]
        bins = np.searchsorted(edges[1:-1], x[:, j], side="right")
        low, high = edges[bins], edges[bins + 1]
        with np.errstate(over="ignore"):
            length = np.minimum(high - low, np.finfo(float).max)
            positions[:, k] = bins + ((x[:, j] - low) / length).clip(0, 1)
    return dense, positions.astype(np.float32)


def read(given, x, dtype=np.float64, room=0):
    """What a reader writes, of which positions have room beside them."""
    dense = np.full((len(x), 8), np.nan, dtype)
    positions = np.full((len(x), 2 + room), np.nan, np.float32)
    assert NumberReader(**given).read(x, dense, positions[:, :2]) == -1
    assert np.isnan(positions[:, 2:]).all()
    return dense, positions[:, :2]


@both_dtypes
@pytest.mark.parametrize("of", [np.float32, np.float64])
@pytest.mark.parametrize("widths", [(5, 1), (31, 32), (33, 200)])
def test_the_formulas_to_the_last_bit(widths, of, dtype):
    given = parts(n_edges=max(widths) + 1, widths=widths)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 4)) * 10 ** rng.uniform(-3, 3, (400, 1))
    x[rng.random(x.shape) < 0.2] = np.nan
    x[: widths[0] + 1, 3] = given["edges"][: widths[0] + 1, 0]
    x[: widths[1] + 1, 1] = given["edges"][: widths[1] + 1, 1]
    x[-2:] = [[np.finfo(of).max], [-np.finfo(of).max]]
    x = x.astype(of)
    dense, positions = expected(given, x)
    wide, strided = np.asfortranarray(x), np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3]
    for rows in (x, wide, strided, x[::-1].copy()[::-1]):
        found = read(given, rows, dtype, room=3)
        assert_array_equal(found[0], dense.astype(dtype))
        assert_array_equal(found[1], positions)
    for i in (0, 7):
        found = read(given, x[i : i + 1], dtype)
        assert_array_equal(found[0][0], dense[i].astype(dtype))
        assert_array_equal(found[1][0], positions[i])


@both_dtypes
def test_any_number_of_threads_gives_the_same_bits(dtype, rng):
    given, n = parts(), 20_000  # more numbers than one thread is worth
    x = rng.normal(size=(n, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    dense, positions = read(given, x, dtype, room=1)
    for n_threads in (2, 3, 1000):
        room = np.empty_like(dense), np.empty((n, 3), np.float32)[:, :2]
        assert NumberReader(**given).read(x, *room, n_threads) == -1
        assert_array_equal(room[0], dense)
        assert_array_equal(room[1], positions)
    x[-1, 2], x[10, 3] = np.inf, np.inf
    assert NumberReader(**given).read(x, *room, 3) == 2


def test_numbers_below_the_least_normal_one_are_told_apart():
    x = np.linspace(0, 1, 1500)[:, None]
    bins = TableEncoder(dtype="float64").fit(x).transform(np.array([[1e-40], [2e-40]]))[:, 2]
    assert 0 < bins[0] < bins[1]
    tiny = 1e-310 * np.arange(1500)[:, None]
    bent, first = TableEncoder().fit(tiny).transform(tiny)[:, [0, 2]].T
    assert (np.diff(bent) >= 0).all() and np.isfinite(first).all() and bent[0] < 0 < bent[-1]


def test_the_first_column_with_an_infinite_number():
    x = np.zeros((5, 4))
    x[1, 2], x[3, 1], x[4, 0] = np.inf, -np.inf, np.nan
    reader = NumberReader(**parts())
    room = np.empty((5, 8)), np.empty((5, 2), np.float32)
    assert reader.read(x, *room) == 1
    x[3, 1] = 0
    assert reader.read(x, *room) == 2


def test_no_rows_and_nothing_but_gaps():
    assert [a.shape for a in read(parts(), np.empty((0, 4)))] == [(0, 8), (0, 2)]
    given = parts() | {"linear": np.arange(0), "plain": np.arange(0), "mean": np.empty(0)}
    given |= {"std": np.empty(0), "binned": np.arange(0), "edges": np.empty((0, 0))}
    reader, dense = NumberReader(**given | {"widths": np.arange(0)}), np.empty((3, 2))
    x = np.array([[0, np.nan, 0, 1.0]] * 3)
    assert reader.read(x, dense, np.empty((3, 0), np.float32)) == -1
    assert_array_equal(dense, [[1, 0]] * 3)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_read_alike(again, rng):
    X = rng.normal(size=(1500, 3))
    encoder = TableEncoder().fit(X)
    encoding = encoding_of(encoder)
    before = encoder.transform(X)
    assert_array_equal(again(encoding).read(X).expand(), before)
    given = parts()
    dense, positions = read(given, X[:, [0, 1, 2, 0]])
    room = np.empty_like(dense), np.empty_like(positions)
    again(NumberReader(**given)).read(X[:, [0, 1, 2, 0]], *room)
    assert_array_equal(room[0], dense)
    assert_array_equal(room[1], positions)


def test_what_has_been_checked_stays(rng):
    given, x = parts(), rng.normal(size=(5, 4))
    reader = NumberReader(**given)
    before = read(given, x)
    for name in ("linear", "gaps", "plain", "binned", "widths"):
        given[name][...] = 2**40
    room = np.empty_like(before[0]), np.empty_like(before[1])
    reader.__init__(**given)  # does nothing: it is made once
    reader.read(x, *room)
    assert_array_equal(room[0], before[0])
    assert_array_equal(room[1], before[1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scale": np.ones(3)}, "scale must have 4 entries"),
        ({"center": np.ones(4, np.float32)}, "center must have dtype float64"),
        ({"linear": np.array([0, 4])}, "linear must lie in 0..3"),
        ({"gaps": np.array([-1])}, "gaps must lie in 0..3"),
        ({"binned": np.array([1])}, "edges must have 1 columns; got 2"),
        ({"widths": np.array([5, 6])}, "widths must lie in 1..5"),
        ({"widths": np.array([0, 1])}, "widths must lie in 1..5"),
        ({"mean": np.zeros(3)}, "mean must have 2 entries"),
        ({"linear": np.arange(4, dtype=np.int16)}, "linear must have dtype int64"),
    ],
)
def test_what_cannot_be_read_by(wrong, message):
    with pytest.raises(ValueError, match=message):
        NumberReader(**parts() | wrong)


@pytest.mark.parametrize(
    ("x", "dense", "positions", "message"),
    [
        (np.ones((3, 5)), (3, 8), (3, 2), "x must have 4 columns"),
        (np.ones((3, 4), int), (3, 8), (3, 2), "x must have dtype"),
        (np.ones((3, 4)), (3, 7), (3, 2), "must have the shapes"),
        (np.ones((3, 4)), (3, 8), (2, 2), "must have the shapes"),
    ],
)
def test_what_cannot_be_read(x, dense, positions, message):
    with pytest.raises(ValueError, match=message):
        NumberReader(**parts()).read(x, np.empty(dense), np.empty(positions, np.float32))


def test_what_cannot_be_written_to():
    x, dense, positions = np.ones((3, 4)), np.zeros((3, 8)), np.zeros((3, 2), np.float32)
    fixed = dense.copy()
    fixed.flags.writeable = False
    wide = np.empty((2, 3), np.float32).T
    for room in ((np.asfortranarray(dense), positions), (fixed, positions), (dense, wide)):
        with pytest.raises(ValueError, match="writeable, aligned and contiguous"):
            NumberReader(**parts()).read(x, *room)
    with pytest.raises(ValueError, match="dense must have dtype"):
        NumberReader(**parts()).read(x, dense.astype(int), positions)
    with pytest.raises(ValueError, match="positions must have dtype"):
        NumberReader(**parts()).read(x, dense, np.empty((3, 2)))


@pytest.mark.parametrize("weighted", [False, True])
def test_columns_are_learnt_alike_by_any_number_of_threads(monkeypatch, weighted):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 9)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 0], X[:, 1], X[:, 2] = np.nan, 1, rng.integers(0, 2, 3000)
    X[:, 3] = np.where(rng.random(3000) < 0.8, 0, rng.integers(0, 30, 3000))
    weights = rng.integers(0, 3, 3000) if weighted else None
    monkeypatch.setattr("skxent._table.numbers._LARGE", 0)
    alone, *others = (
        learn_encoder(TableEncoder(), X, None, weights, n_threads=n)[0] for n in (1, 2, 20)
    )
    for other in others:
        assert_array_equal(other.transform(X), alone.transform(X))
        assert list(other.get_feature_names_out()) == list(alone.get_feature_names_out())
    X[7, 5] = np.inf
    with pytest.raises(ValueError, match="infinit"):
        learn_encoder(TableEncoder(), X, None, None, n_threads=2)
