# cython: language_level=3, cdivision=True, embedsignature=True
# cython: freethreading_compatible=True
"""Reads columns of numbers: scaled, standardised, and placed along their bins."""

from cython cimport floating
from libc.math cimport sqrt

from skxent._kernels._inputs cimport address_of, check_array, check_vector
from skxent._kernels._network cimport (
    SKX_MAX_THREADS, skx_keep_denormals, skx_run_team, skx_share, skx_team,
)

import numpy as np

from ._inputs import FLOATS

_DOUBLE, _INDEX = (np.dtype(np.float64),), (np.dtype(np.intp),)
cdef double _LARGEST = np.finfo(np.float64).max
cdef Py_ssize_t _SHARE = 1 << 14  # numbers that are worth a thread
cdef Py_ssize_t _MANY = 32  # bins from where on edges are not all looked at

ctypedef fused given:
    float
    double


cdef struct _Columns:
    Py_ssize_t m, n_linear, n_gaps, n_plain, n_binned, n_edges
    const double *center
    const double *scale
    const double *mean
    const double *std
    const double *edges
    const Py_ssize_t *linear
    const Py_ssize_t *gaps
    const Py_ssize_t *plain
    const Py_ssize_t *binned
    const Py_ssize_t *widths
    double farthest


cdef struct _Rows:
    const skx_team *team
    const _Columns *columns
    const char *x
    Py_ssize_t n, row_stride, column_stride, apart  # bytes; numbers from position to position
    void *dense
    float *positions
    double *row  # of each thread: room for one
    Py_ssize_t[SKX_MAX_THREADS] infinite  # of each thread: the first column that has some


cdef class NumberReader:
    """What is to be made of the numbers of m columns, in double precision.

    Of a column with the number x, or where that is NaN, of its centre: ``z = (x - center) / scale``
    within 1e6, bent to ``z / sqrt(1 + (z / 3)^2)``; whether there was a gap; ``(x - mean) / std``
    within `farthest`, 0 for a gap; and the bin that x is in, plus the part of it that lies below x.

    Parameters
    ----------
    center, scale : ndarray of float64, of shape (m,)
    mean, std : ndarray of float64
        Of the standardised columns.
    linear, gaps, plain, binned : ndarray of intp
        Columns that are bent, that tell gaps, that are standardised, and that have bins.
    widths : ndarray of intp
        Number of bins of each.
    edges : ndarray of float64, of shape (n_edges, n_binned)
        Of the bins, a column each, filled up.
    farthest : float
    """

    cdef _Columns c
    cdef tuple keep

    def __cinit__(
        self, center, scale, mean, std, linear, gaps, plain, binned, widths, edges, double farthest,
    ):
        cdef _Columns c
        c.m, c.n_linear, c.n_gaps = len(center), len(linear), len(gaps)
        c.n_plain, c.n_binned = len(plain), len(binned)
        check_array("edges", edges, _DOUBLE, 2)
        c.n_edges, n_columns = edges.shape
        if n_columns != c.n_binned:
            raise ValueError(f"edges must have {c.n_binned} columns; got {n_columns}.")
        for name, vector, length in (
            ("center", center, c.m), ("scale", scale, c.m), ("mean", mean, c.n_plain),
            ("std", std, c.n_plain),
        ):
            check_vector(name, vector, _DOUBLE, length)
        for name, vector, length, low, high in (
            ("linear", linear, c.n_linear, 0, c.m), ("gaps", gaps, c.n_gaps, 0, c.m),
            ("plain", plain, c.n_plain, 0, c.m), ("binned", binned, c.n_binned, 0, c.m),
            ("widths", widths, c.n_binned, 1, c.n_edges),
        ):
            check_vector(name, vector, _INDEX, length)
            if length and not (low <= vector.min() and vector.max() < high):
                raise ValueError(f"{name} must lie in {low}..{high - 1}; got {vector.tolist()}.")
        edges = edges.T.copy()  # those of a column one after the other
        # what has been checked stays so: copies
        linear, gaps, plain = linear.copy(), gaps.copy(), plain.copy()
        binned, widths = binned.copy(), widths.copy()
        c.center, c.scale = <const double *>address_of(center), <const double *>address_of(scale)
        c.mean, c.std = <const double *>address_of(mean), <const double *>address_of(std)
        c.edges = <const double *>address_of(edges)
        c.linear = <const Py_ssize_t *>address_of(linear)
        c.gaps = <const Py_ssize_t *>address_of(gaps)
        c.plain = <const Py_ssize_t *>address_of(plain)
        c.binned = <const Py_ssize_t *>address_of(binned)
        c.widths = <const Py_ssize_t *>address_of(widths)
        c.farthest = farthest
        self.keep = center, scale, mean, std, linear, gaps, plain, binned, widths, edges
        self.c = c

    def __reduce__(self):
        *others, edges = self.keep
        return NumberReader, (*others, edges.T, self.c.farthest)

    def read(self, x, dense, positions, Py_ssize_t n_threads=1):
        """Write what becomes of the rows of x, and where they stand along bins.

        Parameters
        ----------
        x : ndarray of float32 or float64, of shape (n, m)
        dense : ndarray of float32 or float64, of shape (n, n_linear + n_gaps + n_plain)
            Is written to.
        positions : ndarray of float32, of shape (n, n_binned)
            Is written to; its rows may lie apart.
        n_threads : int, default=1
            At most so many threads; each has a share of the rows.

        Returns
        -------
        int
            The first column with an infinite number, of which nothing is to be used; else -1.
        """
        check_array("x", x, FLOATS, 2)
        check_array("dense", dense, FLOATS, 2)
        check_array("positions", positions, (FLOATS[0],), 2)
        cdef Py_ssize_t n = x.shape[0]
        if x.shape[1] != self.c.m:
            raise ValueError(f"x must have {self.c.m} columns; got {x.shape[1]}.")
        n_dense = self.c.n_linear + self.c.n_gaps + self.c.n_plain
        if dense.shape != (n, n_dense) or positions.shape != (n, self.c.n_binned):
            raise ValueError(
                f"dense and positions must have the shapes {(n, n_dense)} and "
                f"{(n, self.c.n_binned)}; got {dense.shape} and {positions.shape}."
            )
        if not dense.flags.carray or not positions.flags.behaved or (
            n > 0 and self.c.n_binned > 1 and positions.strides[1] != 4
        ):
            raise ValueError("dense and positions must be writeable, aligned and contiguous.")
        if not x.flags.aligned:
            x = x.copy()
        n_threads = max(1, min(n_threads, SKX_MAX_THREADS, n * self.c.m // _SHARE))
        room = np.empty((n_threads, self.c.m))
        cdef skx_team team
        cdef _Rows rows
        rows.team, rows.columns, rows.n = &team, &self.c, n
        rows.x = <const char *>address_of(x)
        rows.row_stride, rows.column_stride = x.strides
        rows.dense, rows.positions = address_of(dense), <float *>address_of(positions)
        rows.apart = positions.strides[0] // 4
        rows.row = <double *>address_of(room)
        cdef bint x_single = x.dtype == FLOATS[0], dense_single = dense.dtype == FLOATS[0]
        cdef int size = <int>n_threads
        with nogil:
            if x_single and dense_single:
                skx_run_team(&team, size, _singles_to_singles, &rows)
            elif x_single:
                skx_run_team(&team, size, _singles_to_doubles, &rows)
            elif dense_single:
                skx_run_team(&team, size, _doubles_to_singles, &rows)
            else:
                skx_run_team(&team, size, _doubles_to_doubles, &rows)
        cdef Py_ssize_t me, infinite = self.c.m
        for me in range(team.size):
            infinite = min(infinite, rows.infinite[me])
        return infinite if infinite < self.c.m else -1


cdef void _singles_to_singles(void *rows, int me) noexcept nogil:
    _read(<_Rows *>rows, me, <const float *>NULL, <float *>(<_Rows *>rows).dense)


cdef void _singles_to_doubles(void *rows, int me) noexcept nogil:
    _read(<_Rows *>rows, me, <const float *>NULL, <double *>(<_Rows *>rows).dense)


cdef void _doubles_to_singles(void *rows, int me) noexcept nogil:
    _read(<_Rows *>rows, me, <const double *>NULL, <float *>(<_Rows *>rows).dense)


cdef void _doubles_to_doubles(void *rows, int me) noexcept nogil:
    _read(<_Rows *>rows, me, <const double *>NULL, <double *>(<_Rows *>rows).dense)


cdef void _read(_Rows *rows, int me, const given *x, floating *dense) noexcept nogil:
    """Read one thread's share of the rows; `x` says of what type their numbers are."""
    cdef const _Columns *c = rows.columns
    cdef Py_ssize_t i, j, k, infinite = c.m
    cdef Py_ssize_t start = skx_share(rows.n, me, rows.team.size)
    cdef Py_ssize_t stop = skx_share(rows.n, me + 1, rows.team.size)
    cdef float *positions = rows.positions + start * rows.apart
    cdef double *row = rows.row + me * c.m
    cdef double value, z
    cdef const char *at
    skx_keep_denormals()
    dense += start * (c.n_linear + c.n_gaps + c.n_plain)
    for i in range(start, stop):
        at = rows.x + i * rows.row_stride
        for j in range(c.m):
            value = (<const given *>(at + j * rows.column_stride))[0]
            if value - value != 0 and value == value and j < infinite:
                infinite = j
            row[j] = value
        for k in range(c.n_linear):
            j = c.linear[k]
            z = 0 if row[j] != row[j] else _bent((row[j] - c.center[j]) / c.scale[j])
            dense[k] = <floating>z
        dense += c.n_linear
        for k in range(c.n_gaps):
            dense[k] = row[c.gaps[k]] != row[c.gaps[k]]
        dense += c.n_gaps
        for k in range(c.n_plain):
            value = row[c.plain[k]]
            z = min(max((value - c.mean[k]) / c.std[k], -c.farthest), c.farthest)
            dense[k] = <floating>(0 if value != value else z)
        dense += c.n_plain
        for k in range(c.n_binned):
            j = c.binned[k]
            value = c.center[j] if row[j] != row[j] else row[j]
            positions[k] = <float>_position(value, c.edges + k * c.n_edges, c.widths[k])
        positions += rows.apart
    rows.infinite[me] = infinite


cdef inline double _bent(double z) noexcept nogil:
    """Bend z smoothly into (-3, 3)."""
    z = min(max(z, -1e6), 1e6)
    return z / sqrt(1.0 + (z / 3.0) * (z / 3.0))


cdef inline double _position(double x, const double *edges, Py_ssize_t width) noexcept nogil:
    """Number of the bin that x is in, the first and the last being open, and the part below x."""
    cdef Py_ssize_t bin = 0, k, high
    cdef double length, part
    if width < _MANY:
        for k in range(1, width):
            bin += x >= edges[k]
    else:
        high = width  # the bin is in bin .. high - 1
        while high - bin > 1:
            k = (bin + high) // 2
            if x >= edges[k]:
                bin = k
            else:
                high = k
    length = min(edges[bin + 1] - edges[bin], _LARGEST)
    part = (x - edges[bin]) / length
    return bin + min(max(part, 0.0), 1.0)
