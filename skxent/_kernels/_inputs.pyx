# cython: language_level=3, cdivision=True, embedsignature=True
# cython: freethreading_compatible=True
"""Checks arrays, and says to the compiled networks where they lie."""

from cpython.buffer cimport (
    PyBUF_STRIDED_RO,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cython cimport floating
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from skxent._kernels._network cimport (
    SKX_DENSE, SKX_F32, SKX_F64, SKX_I32, SKX_I64, SKX_MAX_THREADS, SKX_NONE,
    SKX_PIECEWISE_LINEAR, SKX_SPARSE, SKX_TABLE, SKX_U8, SKX_U16,
    skx_keep_denormals, skx_run_team, skx_share, skx_team,
)

import numbers

import numpy as np

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_TYPES = {
    np.dtype(np.uint8): SKX_U8, np.dtype(np.uint16): SKX_U16, np.dtype(np.int32): SKX_I32,
    np.dtype(np.int64): SKX_I64, np.dtype(np.float32): SKX_F32, np.dtype(np.float64): SKX_F64,
}
_INDICES = (np.dtype(np.int32), np.dtype(np.int64))
_CODES = (np.dtype(np.uint8), np.dtype(np.uint16), *_INDICES)
cdef Py_ssize_t _WIDEST = 1 << 24  # beyond, positions are no longer exact in float32


cdef void *address_of(array) except? NULL:
    """Where an array's first element lies; the array must be kept alive by the caller."""
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_STRIDED_RO)
    cdef void *address = view.buf
    PyBuffer_Release(&view)
    return address


cdef check_array(name, array, dtypes, ndim):
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} must be a numpy array, got {type(array).__name__}.")
    if array.dtype not in dtypes:
        allowed = ", ".join(dtype.name for dtype in dtypes)
        raise ValueError(f"{name} must have dtype {allowed}; got {array.dtype}.")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s); got {array.ndim}.")


cdef check_vector(name, array, dtypes, Py_ssize_t length, writeable=False):
    check_array(name, array, dtypes, 1)
    if array.shape[0] != length:
        raise ValueError(f"{name} must have {length} entries; got {array.shape[0]}.")
    if not array.flags.c_contiguous or not array.flags.aligned:
        raise ValueError(f"{name} must be contiguous and aligned.")
    if writeable and not array.flags.writeable:
        raise ValueError(f"{name} is written to, but it is read-only.")


cdef check_number(name, value, low, high=float("inf"), open_high=False):
    if not isinstance(value, numbers.Real) or not value >= low or not value <= high or (
        open_high and value == high
    ):
        raise ValueError(
            f"{name} must be a number in [{low}, {high}{')' if open_high else ']'}; got {value!r}."
        )


cdef class Rows:
    """Row numbers, checked against the number of rows there are."""

    def __init__(self, rows, Py_ssize_t n_rows, name="rows"):
        cdef Py_ssize_t i, count
        cdef const uint32_t *short_ids
        cdef const uint64_t *long_ids
        cdef uint32_t n_short = <uint32_t>min(n_rows, <Py_ssize_t>1 << 31)
        cdef int bad = 0  # an int, and comparisons without a sign: loops that become vectors
        self.keep = rows
        if rows is None:
            self.c.ids, self.c.type, self.c.count = NULL, SKX_NONE, n_rows
            return
        check_array(name, rows, _INDICES, 1)
        count = rows.shape[0]
        check_vector(name, rows, _INDICES, count)
        self.c.ids, self.c.type, self.c.count = address_of(rows), _TYPES[rows.dtype], count
        with nogil:
            if self.c.type == SKX_I32:
                short_ids = <const uint32_t *>self.c.ids
                for i in range(count):
                    bad |= short_ids[i] >= n_short
            else:
                long_ids = <const uint64_t *>self.c.ids
                for i in range(count):
                    bad |= long_ids[i] >= <uint64_t>n_rows
        if bad:
            raise ValueError(f"{name} must lie in 0..{n_rows - 1}; got {rows.min()}..{rows.max()}.")


cdef class Targets:
    """Class codes or a matrix of target values."""

    def __init__(self, targets, Py_ssize_t n_rows, Py_ssize_t k):
        self.keep = targets
        if not isinstance(targets, np.ndarray) or targets.ndim not in (1, 2):
            raise ValueError("targets must be a 1-D array of codes or a 2-D array of values.")
        if targets.ndim == 1:
            check_array("targets", targets, _CODES, 1)
        else:
            check_array("targets", targets, FLOATS, 2)
            if targets.shape[1] != k:
                raise ValueError(f"targets must have {k} columns; got {targets.shape[1]}.")
            self.c.column_stride = targets.strides[1]
        if targets.shape[0] != n_rows:
            raise ValueError(f"targets must have {n_rows} rows; got {targets.shape[0]}.")
        if not targets.flags.aligned:
            raise ValueError("targets must be aligned.")
        self.c.data, self.c.type = <const char *>address_of(targets), _TYPES[targets.dtype]
        self.c.row_stride = targets.strides[0]


cdef class Weights:
    """Row weights, or None for ones."""

    def __init__(self, weights, Py_ssize_t n_rows):
        self.keep = weights
        if weights is None:
            return
        check_array("weights", weights, FLOATS, 1)
        if weights.shape[0] != n_rows:
            raise ValueError(f"weights must have {n_rows} entries; got {weights.shape[0]}.")
        self.c.data, self.c.type = <const char *>address_of(weights), _TYPES[weights.dtype]
        self.c.stride = weights.strides[0]


# ---- rows of features ------------------------------------------------------------------------


cdef class Inputs:
    """Rows of features as the kernel reads them: dense, sparse, or an encoded table.

    Made by `Inputs.dense`, `Inputs.sparse` or `Inputs.table`. The arrays are referred to, never
    copied; they must not change while a kernel reads them.

    Attributes
    ----------
    n_rows, n_features : int
        Shape of the matrix; of the expanded one for a table.
    """

    def __init__(self):
        raise TypeError("Use Inputs.dense, Inputs.sparse or Inputs.table.")

    @property
    def n_rows(self):
        return self.c.n_rows

    @property
    def n_features(self):
        return self.c.n_features

    @property
    def shape(self):
        return self.c.n_rows, self.c.n_features

    def __reduce__(self):
        raise TypeError("Inputs refer to arrays and cannot be pickled.")

    cdef _set_dense(self, name, X):
        check_array(name, X, FLOATS, 2)
        self.c.n_rows = X.shape[0]
        self.c.n_dense = self.c.n_features = X.shape[1]
        self.c.dense, self.c.dense_type = <const char *>address_of(X), _TYPES[X.dtype]
        self.c.row_stride, self.c.column_stride = X.strides

    @staticmethod
    def dense(X):
        """Refer to a 2-D float32 or float64 array of any strides."""
        cdef Inputs self = Inputs.__new__(Inputs)
        self.c.kind = SKX_DENSE
        self._set_dense("X", X)
        self.keep = (X,)
        return self

    @staticmethod
    def sparse(indptr, indices, data, n_features):
        """Refer to the three arrays of a matrix in compressed sparse row format."""
        cdef Inputs self = Inputs.__new__(Inputs)
        check_array("indptr", indptr, _INDICES, 1)
        check_vector("indptr", indptr, _INDICES, indptr.shape[0])
        check_array("indices", indices, _INDICES, 1)
        check_vector("indices", indices, _INDICES, indices.shape[0])
        check_vector("data", data, FLOATS, indices.shape[0])
        if len(indptr) == 0 or indptr[0] < 0 or indptr[-1] > len(indices) or (
            len(indptr) > 1 and np.any(indptr[1:] < indptr[:-1])
        ):
            raise ValueError("indptr must rise from 0 or more to at most the number of entries.")
        if len(indices) and (indices.min() < 0 or indices.max() >= n_features):
            raise ValueError(
                f"indices must lie in 0..{n_features - 1}; got {indices.min()}..{indices.max()}."
            )
        self.c.kind = SKX_SPARSE
        self.c.n_rows, self.c.n_features = indptr.shape[0] - 1, n_features
        self.c.indptr, self.c.indptr_type = address_of(indptr), _TYPES[indptr.dtype]
        self.c.indices, self.c.indices_type = address_of(indices), _TYPES[indices.dtype]
        self.c.values, self.c.values_type = address_of(data), _TYPES[data.dtype]
        self.keep = (indptr, indices, data)
        return self

    @staticmethod
    def table(dense, positions, kinds, widths):
        """Refer to dense columns and to the positions of lookup fields.

        Field f stands for ``widths[f]`` columns after the dense ones. Kind 0: the position is a
        code, and the column of that number is 1 (none is where the position is NaN or negative).
        Kind 1: columns before ``floor(position)`` are 1, that column is the rest, and those after
        it are 0 (all are where the position is NaN).
        """
        cdef Inputs self = Inputs.__new__(Inputs)
        self._set_dense("dense", dense)
        self.c.kind = SKX_TABLE
        check_array("positions", positions, (np.dtype(np.float32),), 2)
        if positions.shape[0] != self.c.n_rows:
            raise ValueError(
                f"positions must have as many rows as dense, {self.c.n_rows}; "
                f"got {positions.shape[0]}."
            )
        if not positions.flags.c_contiguous or not positions.flags.aligned:
            raise ValueError("positions must be C-contiguous.")
        kinds = np.ascontiguousarray(kinds, dtype=np.int32)
        widths = np.ascontiguousarray(widths, dtype=np.intp)
        if kinds.shape != (positions.shape[1],) or widths.shape != kinds.shape:
            raise ValueError(
                f"kinds and widths must have {positions.shape[1]} entries, one per field; "
                f"got shapes {kinds.shape} and {widths.shape}."
            )
        starts, last_bins = np.empty_like(widths), np.empty(len(widths), dtype=np.float32)
        self.c.positions = <const float *>address_of(positions)
        self.c.n_fields = positions.shape[1]
        self.c.field_kinds = <const int32_t *>address_of(kinds)
        self.c.widths = <const Py_ssize_t *>address_of(widths)
        self.c.starts = <const Py_ssize_t *>address_of(starts)
        self.c.last_bins = <const float *>address_of(last_bins)
        self.keep = (dense, positions, kinds, widths, starts, last_bins)
        self._place_fields()
        return self

    def expand(self, out, int n_threads=1):
        """Write the matrix that a table stands for into `out`, of the type of the dense columns."""
        if self.c.kind != SKX_TABLE:
            raise ValueError("Only a table is expanded: what is dense or sparse is a matrix.")
        check_array("out", out, (self.keep[0].dtype,), 2)
        if out.shape != self.shape:
            raise ValueError(f"out must have shape {self.shape}; got {out.shape}.")
        if not out.flags.carray:
            raise ValueError("out must be writeable, aligned and C-contiguous.")
        cdef skx_team team
        cdef _Expansion job = _Expansion(&team, &self.c, address_of(out))
        n_threads = max(1, min(n_threads, SKX_MAX_THREADS))
        with nogil:
            if self.c.dense_type == SKX_F32:
                skx_run_team(&team, n_threads, _expand_singles, &job)
            else:
                skx_run_team(&team, n_threads, _expand_doubles, &job)

    cdef _place_fields(self):
        # one row is predicted often: loops here take less time than calls of NumPy
        cdef Py_ssize_t f, i, n = self.c.n_fields, at = self.c.n_dense
        cdef float *last = <float *>self.c.last_bins
        cdef float *top = <float *>self.c.positions
        for f in range(n):
            if self.c.field_kinds[f] not in (0, 1):
                raise ValueError(f"kinds must be 0 or 1; got {self.keep[2].tolist()}.")
            if not 1 <= self.c.widths[f] <= _WIDEST:
                raise ValueError(f"widths must lie in 1..{_WIDEST}; got {self.keep[3].tolist()}.")
            (<Py_ssize_t *>self.c.starts)[f] = at
            last[f] = self.c.widths[f] - 1
            at += self.c.widths[f]
        self.c.n_features = at
        for i in range(self.c.n_rows):
            for f in range(n):
                if top[f] > last[f] + self.c.field_kinds[f]:
                    raise ValueError(
                        f"positions of field {f} reach {top[f]}, beyond its width "
                        f"{self.c.widths[f]}."
                    )
            top += n


cdef struct _Expansion:
    const skx_team *team
    const skx_inputs *table
    void *out


cdef void _expand_singles(void *job, int me) noexcept nogil:
    _expand_share(<_Expansion *>job, me, <float *>(<_Expansion *>job).out)


cdef void _expand_doubles(void *job, int me) noexcept nogil:
    _expand_share(<_Expansion *>job, me, <double *>(<_Expansion *>job).out)


cdef void _expand_share(const _Expansion *job, int me, floating *out) noexcept nogil:
    cdef const skx_inputs *table = job.table
    cdef Py_ssize_t i, j, f, b
    cdef Py_ssize_t start = skx_share(table.n_rows, me, job.team.size)
    cdef Py_ssize_t stop = skx_share(table.n_rows, me + 1, job.team.size)
    cdef const float *positions = table.positions + start * table.n_fields
    cdef const char *dense
    cdef floating *block
    cdef float position, inside
    skx_keep_denormals()
    out += start * table.n_features
    for i in range(start, stop):
        dense = table.dense + i * table.row_stride
        for j in range(table.n_dense):
            memcpy(out + j, dense + j * table.column_stride, sizeof(floating))
        for f in range(table.n_fields):
            block, position = out + table.starts[f], positions[f]
            if table.field_kinds[f] == SKX_PIECEWISE_LINEAR:
                for b in range(table.widths[f]):
                    inside = position - <float><int32_t>b
                    inside = inside if inside > 0 else 0
                    block[b] = inside if inside < 1 else 1
            else:
                memset(block, 0, table.widths[f] * sizeof(floating))
                if position >= 0:
                    block[<Py_ssize_t>position] = 1
        positions += table.n_fields
        out += table.n_features
