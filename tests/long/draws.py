"""Draws tables, targets, weights and parameters at random, sound and unsound, for abuse.py."""

import warnings

import hypothesis
import hypothesis.strategies as st
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit

from skxent import TableEncoder

NUMBERS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "huge": lambda rng, n: rng.standard_normal(n) * 1e300,
    "largest": lambda rng, n: rng.choice([-1.0, 1.0], n) * np.finfo(float).max,
    "tiny": lambda rng, n: rng.standard_normal(n) * 1e-310,
    "both": lambda rng, n: 10.0 ** rng.uniform(-320, 308, n),
    "offset": lambda rng, n: 1e15 + rng.standard_normal(n),
    "constant": lambda rng, n: np.full(n, rng.choice([0.0, -3.5, 1e308, 5e-324])),
    "mostly zero": lambda rng, n: rng.standard_normal(n) * (rng.random(n) < 0.1),
    "two values": lambda rng, n: rng.choice([0.0, 1.0], n),
    "whole": lambda rng, n: rng.integers(-5, 5, n).astype(float),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
    "negative zero": lambda rng, n: rng.choice([0.0, -0.0], n),
    "counts": lambda rng, n: np.arange(float(n)),
    "large in float32": lambda rng, n: rng.standard_normal(n) * 1e38,
    "small in float32": lambda rng, n: rng.standard_normal(n) * 1e-38,
    "below float32": lambda rng, n: rng.standard_normal(n) * 1e-42,
    "one stands out": lambda rng, n: np.where(np.arange(n) == n // 2, 1e30, 1.0),
    "neighbours": lambda rng, n: np.nextafter(1.0, rng.choice([0.0, 2.0], n)),
}
INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
LEVELS = {
    "few": ["a", "b"],
    "many": [f"level {i}" for i in range(60)],
    "odd": ["", " ", "\0", "nan", "None", "ä", "🎈", "x" * 1000, "1", "1.0", "-0"],
    "one": ["only"],
}
ARROW = {
    f"arrow {dtype}": dtype
    for dtype in (pa.float64(), pa.float32(), pa.int8(), pa.int64(), pa.bool_(), pa.string())
}
GAPS = [0.0, 0.0, 0.0, 0.01, 0.5, 0.99, 1.0]

chances = st.integers(0, 2**32 - 1)


def often(*usual, seldom=()):
    """Draw one of the usual values mostly; the first is the simplest."""
    return st.sampled_from(list(usual) * (3 if seldom else 1) + list(seldom))


class Draw:
    """Draws one case, and notes whether all of it is sound."""

    def __init__(self, data):
        self.data = data
        self.rng = np.random.default_rng(data.draw(chances, label="seed of the numbers"))
        self.unsound = []
        self.all_sound = data.draw(st.sampled_from([True, True, False]), label="all sound")

    def __call__(self, strategy, label):
        return self.data.draw(strategy, label=label)

    def one_of(self, label, usual, unsound=(), share=0.05):
        """Draw a sound value, or by a small chance an unsound one."""
        unsound = () if self.all_sound else unsound
        if unsound and self.data.draw(st.floats(0, 1), label=f"{label}?") > 1 - share:
            value = self(st.sampled_from(list(unsound)), f"unsound {label}")
            self.unsound.append(label)
            return value
        return self(st.sampled_from(list(usual)), label)

    # ---- tables

    def number_column(self, n):
        x = NUMBERS[self.one_of("numbers", NUMBERS)](self.rng, n)
        x[self.rng.random(n) < self(st.sampled_from(GAPS), "gaps")] = np.nan
        if self.one_of("infinite", [False], [True], 0.01):
            x[self.rng.integers(n)] = np.inf
        return x

    def level_column(self, n):
        levels = LEVELS[self.one_of("levels", LEVELS)]
        x = self.rng.choice(np.array(levels, dtype=object), n)
        x[self.rng.random(n) < self(st.sampled_from(GAPS), "gaps")] = None
        return x

    def frame_column(self, n):
        kind = self.one_of(
            "column",
            ["numbers", "float32", "integers", "levels", "category", "bool", "Int64", "string",
             "numbers as objects", "decimals", "empty", "boolean", "Float64", "sparse column",
             "category of numbers", "ids", "flags", "empty numbers", "empty text",
             "dates", "with time zone", "durations", *ARROW],
            ["complex", "mixed", "lists", "periods", "intervals", "bytes"],
            0.02,
        )  # fmt: skip
        if kind == "numbers":
            return self.number_column(n)
        if kind == "float32":
            return self.floats(self.number_column(n), np.float32)
        if kind == "integers":
            return self.integers(n)
        if kind == "levels":
            return self.level_column(n)
        if kind == "category":
            return pd.Categorical(self.level_column(n))
        if kind == "bool":
            return self.rng.random(n) < 0.5
        if kind == "Int64":
            gaps = self.rng.random(n) < self(st.sampled_from(GAPS), "gaps")
            return pd.array(np.where(gaps, None, self.rng.integers(-9, 9, n)), dtype="Int64")
        if kind == "string":
            return pd.array(self.level_column(n), dtype="string")
        if kind == "boolean":
            return pd.array(self.rng.choice([True, False, None], n), dtype="boolean")
        if kind == "Float64":
            return pd.array(self.number_column(n), dtype="Float64")
        if kind == "sparse column":
            return pd.arrays.SparseArray(self.number_column(n))
        if kind == "category of numbers":
            return pd.Categorical(self.rng.integers(0, 3, n) / 2)
        if kind == "ids":  # some of which come twice
            return np.array([f"id{i}" for i in self.rng.integers(0, 9 * n, n)], dtype=object)
        if kind == "flags":
            flags = self.rng.random(n) < 0.5
            return self.one_of("flags", [flags, flags * 1, flags * 1.0, flags.astype(object)])
        if kind == "empty numbers":
            return np.full(n, np.nan)
        if kind == "empty text":
            return pd.array([None] * n, dtype="string")
        if kind in ARROW:
            x = self.rng.choice([0, 1, None], n)
            if pa.types.is_floating(ARROW[kind]):
                x = self.floats(self.number_column(n), ARROW[kind].to_pandas_dtype())
            elif kind == "arrow string":
                x = self.level_column(n)
            return pd.array(pa.array(x, from_pandas=True).cast(ARROW[kind]), f"{kind[6:]}[pyarrow]")
        if kind == "numbers as objects":
            return self.number_column(n).astype(object)
        if kind == "decimals":
            from decimal import Decimal

            return np.array([Decimal(int(v)) / 7 for v in self.rng.integers(-9, 9, n)])
        if kind == "empty":
            return np.full(n, None, dtype=object)
        if kind == "dates":
            return pd.date_range("2020-01-01", periods=n).to_numpy()
        if kind == "with time zone":
            return pd.date_range("2020-01-01", periods=n, tz="Asia/Tokyo")
        if kind == "periods":
            return pd.period_range("2020-01", periods=n, freq="D")
        if kind == "intervals":
            return pd.interval_range(0, n)
        if kind == "durations":
            return pd.to_timedelta(np.arange(n), "h")
        if kind == "bytes":
            return np.array([b"a", b"b"] * n, dtype=object)[:n]
        if kind == "complex":
            return self.rng.standard_normal(n) * 1j
        if kind == "mixed":
            return np.where(
                self.rng.random(n) < 0.5, "a", self.rng.integers(0, 3, n).astype(object)
            )
        return np.array([[1]] * n + [None], dtype=object)[:n]

    def floats(self, x, dtype):
        """Numbers cut to what the dtype holds."""
        largest = np.finfo(dtype).max
        with np.errstate(all="ignore"):
            return np.where(np.isfinite(x), np.clip(x, -largest, largest), x).astype(dtype)

    def integers(self, n):
        dtype = self.one_of("integers", INTEGERS)
        bounds = np.iinfo(dtype)
        low, high = self(
            st.sampled_from([(0, 3), (bounds.min, bounds.max), (bounds.max - 3, bounds.max)]),
            "range",
        )
        return self.rng.integers(low, high, n, dtype=dtype, endpoint=True)

    def table(self, n, kind, columns):
        """Return n rows in a container of this kind."""
        if kind == "narwhals":
            of = self(st.sampled_from(["pandas", "polars", "pyarrow"]), "narwhals of")
            return nw.from_native(self.table(n, of, columns))
        if kind == "record batch":
            return self.table(n, "pyarrow", columns).combine_chunks().to_batches()[0]
        if kind == "masked":
            X = np.column_stack([self.number_column(n) for _ in range(columns)])
            return np.ma.MaskedArray(X, self.rng.random(X.shape) < 0.3)
        if kind in ("pandas", "polars", "pyarrow"):
            frame = pd.DataFrame({f"c{j}": self.frame_column(n) for j in range(columns)})
            if self.one_of("twins", [False, False, True]):
                frame[f"c{columns - 1}"] = frame["c0"]
            if kind == "pandas":
                frame.index = self.one_of("index", [range(n), [7] * n, [f"r{i}" for i in range(n)]])
                frame.columns = self.one_of(
                    "names",
                    [[*frame], [*range(columns)], ["ä", "", " ", "x", "1"][:columns]],
                    [["a", 1, "b", 2, "c"][:columns]],
                )  # fmt: skip
                return frame
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return self.polars(frame) if kind == "polars" else self.arrow(frame)
            except Exception:  # there is no such column
                hypothesis.reject()
        if kind == "variable text":  # NumPy's own
            x = np.array([self.level_column(n) for _ in range(columns)]).T
            return x.astype(str).astype(np.dtypes.StringDType())
        if kind == "text":
            return np.array([self.level_column(n) for _ in range(columns)]).T.astype(str)
        if kind == "bool":
            return self.rng.random((n, columns)) < 0.5
        if kind == "objects":
            x = [self.frame_column(n) for _ in range(columns)]
            X = np.empty((n, columns), dtype=object)
            for j, column in enumerate(x):
                X[:, j] = np.asarray(column, dtype=object)
            return X
        if kind == "integers":
            return np.column_stack([self.integers(n) for _ in range(columns)])
        X = np.column_stack([self.number_column(n) for _ in range(columns)])
        dtype = self.one_of("dtype", [np.float64, np.float32, np.float16, np.longdouble])
        X = self.floats(X, dtype) if dtype in (np.float32, np.float16) else X.astype(dtype)
        if kind == "list":
            return X.tolist()
        if kind == "sparse":
            dtype = np.float64 if dtype in (np.float16, np.longdouble) else dtype
            X = np.where(self.rng.random(X.shape) < 0.5, X, 0).astype(dtype)
            X = sp.csr_array(X).asformat(self.one_of("form", ["csr", "csc", "coo", "lil", "bsr"]))
            kind = self.one_of("sparse kind", ["array", "matrix", "wide indices", "twice"])
            if kind == "matrix":
                return sp.csr_matrix(X)
            if kind == "twice" and X.format == "coo":  # entries that are sums of two
                at = np.concatenate
                entries = at([X.data, X.data]) / 2, (at([X.row] * 2), at([X.col] * 2))
                return sp.coo_array(entries, shape=X.shape)
            if kind == "wide indices" and X.format in ("csr", "csc"):
                X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
            return X
        layout = self.one_of("layout", ["C", "F", "strided", "reversed", "read-only", "swapped"])
        if layout == "F":
            X = np.asfortranarray(X)
        elif layout == "strided":
            X = np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2]
        elif layout == "reversed":
            X = np.ascontiguousarray(X[::-1])[::-1]
        elif layout == "read-only":
            X.flags.writeable = False
        elif layout == "swapped" and dtype != np.longdouble:
            X = X.astype(X.dtype.newbyteorder())
        return X

    def polars(self, frame):
        """Return a frame of polars, some of whose columns are of types that pandas has not."""
        frame = pl.from_pandas(frame)
        text = self.one_of("texts of polars", [pl.String, pl.Categorical])
        whole = self.one_of("integers of polars", [None, pl.Int128])
        casts = {
            name: text if dtype == pl.String else whole
            for name, dtype in frame.schema.items()
            if dtype == pl.String or (whole and dtype.is_integer())
        }
        return frame.cast(casts)

    def arrow(self, frame):
        """Return a table of pyarrow, some of whose texts are dictionaries or large."""
        table = pa.Table.from_pandas(frame, preserve_index=False)
        text = self.one_of("texts of pyarrow", [None, "dictionary", pa.large_string()])
        for i, field in enumerate(table.schema):
            if text is not None and pa.types.is_string(field.type):
                column = table.column(i)
                column = column.dictionary_encode() if text == "dictionary" else column.cast(text)
                table = table.set_column(i, field.name, column)
        return table

    def other_form(self, X):
        """Return a table of the same meaning, or None if this is none of pandas or polars."""
        if isinstance(X, pl.DataFrame):
            plain = {pl.Categorical: pl.String, pl.Int128: pl.Float64}
            X = X.cast({name: plain[d] for name, d in X.schema.items() if d in plain}).to_pandas()
        elif isinstance(X, pa.Table):
            X = X.to_pandas()
        if not isinstance(X, pd.DataFrame):
            return None
        columns = [self.other_column(X.iloc[:, j].array) for j in range(X.shape[1])]
        return pd.concat(
            [pd.Series(column, index=X.index) for column in columns], axis=1, keys=X.columns
        )

    def other_column(self, values):
        """Return what a column holds as another library, or another dtype, would have it."""
        kind = pd.api.types.infer_dtype(values, skipna=True)
        plain = np.array([None if pd.isna(v) else v for v in values], dtype=object)
        missing = pd.isna(plain)
        if missing.all():
            return self.one_of("instead of nothing", [values, plain, np.full(len(plain), "text")])
        if kind == "boolean":
            numbers = [None if v is None else int(v) for v in plain]
            return self.one_of(
                "flags",
                [plain, pd.array(numbers, dtype="Int8"), np.array(numbers, dtype=float),
                 np.array(numbers, dtype=object), pd.array(plain, dtype="bool[pyarrow]"),
                 np.array([None if v is None else str(v) for v in plain], dtype=object)],
            )  # fmt: skip
        if kind == "string":
            return self.one_of(
                "text as",
                [plain, pd.array(plain, dtype="string"), pd.array(plain, dtype="string[pyarrow]"),
                 pd.Categorical(plain)],
            )  # fmt: skip
        if kind in ("floating", "integer", "mixed-integer-float") and not isinstance(
            values, pd.Categorical
        ):
            return self.one_of("numbers as", [values, plain])
        return values

    # ---- targets and weights

    def targets(self, n, several):
        """Return targets of n rows; `several` for those of several outputs."""
        if several:
            return (self.rng.random((n, self.one_of("outputs", [2, 3]))) < 0.4).astype(int)
        k = self.one_of("classes", [2, 3, 12, 40], [1], 0.03)
        k = 300 if n > 1000 and k == 40 else k
        codes = self.rng.integers(0, k, n)
        if n >= k:
            codes[:k] = np.arange(k)
        kind = self.one_of(
            "y",
            ["int", "text", "objects", "float", "bool", "far apart", "list", "column", "uint8",
             "series", "category", "Int64", "string", "arrow", "polars", "negative", "uint64",
             "pyarrow", "narwhals", "masked", "boolean", "chunked", "Arrow booleans", "Arrow text",
             "category of numbers", "categorical", "StringDType", "frame", "polars frame",
             "pyarrow table", "narwhals frame", "record batch"],
            ["soft", "continuous", "gaps", "None", "short", "3-D", "mixed", "dates", "NA", "bytes",
             "scalar", "complex"],
            0.04,
        )  # fmt: skip
        if kind == "text":
            return np.array([f"class {c}" for c in range(k)])[codes]
        if kind == "objects":
            return np.array([f"class {c}" for c in range(k)], dtype=object)[codes]
        if kind == "float":
            return codes.astype(float)
        if kind == "bool":
            return codes > 0
        if kind == "far apart":
            return (codes - 1) * (1 << 40)
        if kind == "series":
            return pd.Series(codes, index=np.arange(n)[::-1] * 2, name="y")
        if kind == "category":
            return pd.Series(pd.Categorical.from_codes(codes, [f"class {c}" for c in range(k)]))
        if kind in ("Int64", "string"):
            return pd.Series(codes).astype(kind)
        if kind == "arrow":
            return pd.Series(codes, dtype="int32[pyarrow]")
        if kind == "pyarrow":
            return pa.array(codes)
        if kind == "narwhals":
            return nw.from_native(pl.Series("y", codes), series_only=True)
        if kind == "masked":
            return np.ma.MaskedArray(codes, np.zeros(n, dtype=bool))
        if kind == "boolean":
            return pd.Series(codes > 0, dtype="boolean")
        if kind == "chunked":
            return pa.chunked_array([codes[: n // 2], codes[n // 2 :]])
        if kind == "Arrow booleans":
            return pd.Series(codes > 0, dtype="bool[pyarrow]")
        if kind == "Arrow text":
            return pd.Series([f"class {c}" for c in codes], dtype="string[pyarrow]")
        if kind == "category of numbers":
            return pd.Series(pd.Categorical(codes))
        if kind == "categorical":
            return pd.Categorical([f"class {c}" for c in codes])
        if kind == "StringDType":
            return np.array([f"class {c}" for c in codes], dtype=np.dtypes.StringDType())
        if kind == "frame":
            return pd.DataFrame({"y": codes}).convert_dtypes()
        if kind == "polars frame":
            return pl.DataFrame({"y": [f"class {c}" for c in codes]})
        if kind == "pyarrow table":
            return pa.table({"y": codes})
        if kind == "record batch":
            return pa.table({"y": codes > 0}).to_batches()[0]
        if kind == "narwhals frame":
            return nw.from_native(pa.table({"y": codes}))
        if kind == "polars":
            return pl.Series("y", [f"class {c}" for c in codes])
        if kind == "negative":
            return np.array([-(2**63), 2**63 - 1, *range(k)])[codes]
        if kind == "uint64":
            return np.array([2**64 - 1, *range(k)], dtype=np.uint64)[codes]
        if kind == "dates":
            return pd.date_range("2020-01-01", periods=k).to_numpy()[codes]
        if kind == "NA":
            return pd.array(np.where(self.rng.random(n) < 0.5, None, codes), dtype="Int64")
        if kind == "bytes":
            return np.array([b"a", b"b"] * k)[codes]
        if kind == "scalar":
            return 1
        if kind == "complex":
            return codes * 1j
        if kind == "soft":
            return self.rng.dirichlet(np.ones(max(k, 2)), n)
        if kind == "list":
            return codes.tolist()
        if kind == "column":
            return codes[:, None]
        if kind == "uint8":
            return codes.astype(np.uint8)
        if kind == "continuous":
            return self.rng.standard_normal(n)
        if kind == "gaps":
            return np.where(self.rng.random(n) < 0.5, np.nan, codes)
        if kind == "None":
            return None
        if kind == "short":
            return codes[:-1]
        if kind == "3-D":
            return codes.reshape(n, 1, 1)
        if kind == "mixed":
            return np.array([1, "a", None] * n, dtype=object)[:n]
        return codes

    def weights(self, n):
        kind = self.one_of(
            "weights",
            [None, None, "ones", "whole", "some zero", "random", "huge", "tiny"],
            ["zero", "negative", "gaps", "infinite", "short", "text"],
            0.04,
        )  # fmt: skip
        w = self.rng.random(n) + 0.1
        if kind is None:
            return None
        if kind == "ones":
            return np.ones(n)
        if kind == "whole":
            return self.rng.integers(1, 4, n)
        if kind == "some zero":
            w[1:][self.rng.random(n - 1) < 0.5] = 0
        elif kind == "huge":
            w *= 1e300
        elif kind == "tiny":
            w *= 1e-300
        elif kind == "zero":
            w[:] = 0
        elif kind == "negative":
            w[0] = -1
        elif kind == "gaps":
            w[0] = np.nan
        elif kind == "infinite":
            w[0] = np.inf
        elif kind == "short":
            w = w[:-1]
        elif kind == "text":
            return ["a"] * n
        return w

    # ---- parameters

    def parameters(self):
        """Return parameters other than the defaults, and bounds of the time a fit takes."""
        given = {"max_iter": self.one_of("max_iter", [1, 2, 4], [0, -1, 1.5, "x", None])}
        given["n_members"] = self.one_of("n_members", ["auto", 1, 2, 3], [0, 2.5, "x"])
        given["random_state"] = self.one_of("random_state", [0, 1, None], ["x", -1])
        given["n_jobs"] = self.one_of("n_jobs", [1, 2, None, -1], [0, "x", 0.5])
        names = self(
            st.lists(st.sampled_from(sorted(PARAMETERS)), max_size=6, unique=True), "names"
        )
        for name in names:
            given[name] = self.one_of(name, *PARAMETERS[name])
        if given.get("solver") == "bfgs":  # a step takes the cube of the number of weights
            given["hidden_layer_sizes"] = 1
        return given


def far_below(estimator, X, y):
    """Judge everything as hopeless."""
    return -1e300


PARAMETERS = {
    "hidden_layer_sizes": ([(), 1, (3,), (5, 4), [2, 2, 2], np.array([3]), (1, 1, 1, 1)],
                           [0, -1, (0,), (2.5,), "x", ((2,),), None, (3, "a"), np.nan]),
    "activation": (["relu", "tanh", "identity", "logistic", "gelu", "selu", "mish", "softplus",
                    "elu", "silu", "leaky_relu", ["tanh"], ("mish", "elu")],
                   ["x", ("relu",) * 9, (), 1, None, ("relu", 3)]),
    "solver": (["auto", "adam", "sgd", "adamw", "lbfgs", "bfgs", "cg", "tnc", "gradient_descent"],
               ["x", None, 1]),
    "alpha": ([0, 1e-300, 1e-4, 1, 1e5, 1e30], [-1, np.nan, np.inf, "x", None]),
    "batch_size": ([1, 2, 7, 10**9], [0, -1, 1.5, "x", None]),
    "learning_rate": (["constant", "invscaling", "adaptive", "cosine", "one_cycle", "coslog4"],
                      ["x", 1.0, None, lambda f: "a", lambda f: f[:0], lambda f: f * np.nan]),
    "learning_rate_init": ([1e-300, 1e-3, 1, 1e10, 1e300], [0, -1, np.nan, np.inf, "x"]),
    "power_t": ([0, 0.5, 1e3, 1e300], [-1, np.nan, "x"]),
    "shuffle": ([True, False], ["x", None, 3]),
    "tol": ([0, 1e-4, 1e300], [-1, np.nan, "x"]),
    "verbose": ([False, 1, 2], [-1, "x", None]),
    "warm_start": ([True, False], ["x", None]),
    "momentum": ([0, 0.9, 1], [-1, 1.1, np.nan]),
    "nesterovs_momentum": ([True, False], ["x"]),
    "early_stopping": ([True, False], ["x", None, 1.5]),
    "validation_fraction": ([1e-9, 0.1, 0.5, 0.999], [0, 1, -1, np.nan]),
    "beta_1": ([0, 0.9, 1 - 1e-16], [1, -1, np.nan]),
    "beta_2": ([0, 0.99, 1 - 1e-16], [1, -1, np.nan]),
    "epsilon": ([1e-300, 1e-8, 1, 1e300], [0, -1, np.nan]),
    "n_iter_no_change": ([1, 3, np.inf], [0, -1, np.nan, 1.5]),
    "max_fun": ([1, 2, 15000], [0, -1, 1.5]),
    "loss": (["cross_entropy", "squared_error"], ["x", None]),
    "class_weight": ([None, "balanced", {0: 1, 1: 1e-300}, {0: 1e300}, {0: 0, 1: 2}, {}],
                     ["x", {"nobody": 1}, {0: -1}, {0: np.nan, 1: 1}, {0: "x", 1: 1}]),
    "init": (["glorot_uniform", "he_normal", "he_uniform"],
             ["x", ([], []), (1, 2, 3), ([np.ones((2, 2))], [np.ones(2)]), ["a", "b"]]),
    "dropout": ([0, 0.3, 0.999, (0.1,), [0.5, 0]], [1, -1, np.nan, (0.1,) * 9, ("a",), "x"]),
    "label_smoothing": ([0, 0.1, 0.999], [1, -1, np.nan]),
    "weight_decay": ([0, 0.01, 1, 1e10, 1e300], [-1, np.nan, "x"]),
    "max_grad_norm": ([None, 1e-300, 1, 1e300], [0, -1, np.nan]),
    "averaging": ([0, 0.5, 1 - 1e-16], [1, -1, np.nan]),
    "scoring": ([None, "neg_log_loss", "accuracy", "roc_auc", far_below],
                ["x", 3, lambda e, X, y: "a", lambda e, X, y: np.nan]),
    "cv": ([None, 2, 5, KFold(3), StratifiedKFold(2), TimeSeriesSplit(2)],
           [0, 1, "x", [], [([], [])], [([0], [10**6])], [([0, 1], [-10**6])]]),
    "max_time": ([None, 1e-9, 1e300], [0, -1, np.nan]),
    "encoder": (["auto", "passthrough", TableEncoder(), TableEncoder(n_bins=3, dtype="float32"),
                 TableEncoder([0], n_bins=255)], ["x", TableEncoder, TableEncoder(n_bins=999), 1]),
    "categorical_features": (["from_dtype", None, [0], ["c0"]],
                             ["x", [99], [-1], [True], ["nobody"], [0.5], [None],
                              [[0]]]),
    "calibration": (["auto", "temperature", None], ["x", 1]),
    "dtype": (["auto", "float32", "float64"], ["float16", float, None]),
}  # fmt: skip
