# cython: language_level=3, cdivision=True, embedsignature=True
# cython: freethreading_compatible=True
"""Reads columns of numbers: scaled, standardised, and placed along their bins."""

from cython cimport floating
from libc.math cimport sqrt
from libc.stdlib cimport free, malloc

from skxent._kernels._inputs cimport address_of, check_array, check_vector

import numpy as np

from ._inputs import FLOATS

_DOUBLE, _INDEX = (np.dtype(np.float64),), (np.dtype(np.intp),)
cdef double _LARGEST = np.finfo(np.float64).max
cdef Py_ssize_t _MANY = 32  # bins from where on edges are not all looked at

ctypedef fused given:
    float
    double


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

    cdef Py_ssize_t m, n_linear, n_gaps, n_plain, n_binned, n_edges
    cdef const double *center
    cdef const double *scale
    cdef const double *mean
    cdef const double *std
    cdef const double *edges
    cdef const Py_ssize_t *linear
    cdef const Py_ssize_t *gaps
    cdef const Py_ssize_t *plain
    cdef const Py_ssize_t *binned
    cdef const Py_ssize_t *widths
    cdef double farthest
    cdef tuple keep

    def __cinit__(
        self, center, scale, mean, std, linear, gaps, plain, binned, widths, edges, double farthest,
    ):
        self.m, self.n_linear, self.n_gaps = len(center), len(linear), len(gaps)
        self.n_plain, self.n_binned = len(plain), len(binned)
        check_array("edges", edges, _DOUBLE, 2)
        self.n_edges, n_columns = edges.shape
        if n_columns != self.n_binned:
            raise ValueError(f"edges must have {self.n_binned} columns; got {n_columns}.")
        for name, vector, length in (
            ("center", center, self.m), ("scale", scale, self.m),
            ("mean", mean, self.n_plain), ("std", std, self.n_plain),
        ):
            check_vector(name, vector, _DOUBLE, length)
        for name, vector, length, low, high in (
            ("linear", linear, self.n_linear, 0, self.m), ("gaps", gaps, self.n_gaps, 0, self.m),
            ("plain", plain, self.n_plain, 0, self.m), ("binned", binned, self.n_binned, 0, self.m),
            ("widths", widths, self.n_binned, 1, self.n_edges),
        ):
            check_vector(name, vector, _INDEX, length)
            if length and not (low <= vector.min() and vector.max() < high):
                raise ValueError(f"{name} must lie in {low}..{high - 1}; got {vector.tolist()}.")
        edges = edges.T.copy()  # those of a column one after the other
        # what has been checked stays so: copies
        linear, gaps, plain = linear.copy(), gaps.copy(), plain.copy()
        binned, widths = binned.copy(), widths.copy()
        self.keep = center, scale, mean, std, linear, gaps, plain, binned, widths, edges
        self.center, self.scale = <const double *>address_of(center), <const double *>address_of(scale)
        self.mean, self.std = <const double *>address_of(mean), <const double *>address_of(std)
        self.edges = <const double *>address_of(edges)
        self.linear = <const Py_ssize_t *>address_of(linear)
        self.gaps = <const Py_ssize_t *>address_of(gaps)
        self.plain = <const Py_ssize_t *>address_of(plain)
        self.binned = <const Py_ssize_t *>address_of(binned)
        self.widths = <const Py_ssize_t *>address_of(widths)
        self.farthest = farthest

    def __reduce__(self):
        *others, edges = self.keep
        return NumberReader, (*others, edges.T, self.farthest)

    def read(self, x, dense, positions):
        """Write what becomes of the rows of x, and where they stand along bins.

        Parameters
        ----------
        x : ndarray of float32 or float64, of shape (n, m)
        dense : ndarray of float32 or float64, of shape (n, n_linear + n_gaps + n_plain)
            Is written to.
        positions : ndarray of float32, of shape (n, n_binned)
            Is written to; its rows may lie apart.

        Returns
        -------
        int
            The first column with an infinite number, of which nothing is to be used; else -1.
        """
        check_array("x", x, FLOATS, 2)
        check_array("dense", dense, FLOATS, 2)
        check_array("positions", positions, (FLOATS[0],), 2)
        cdef Py_ssize_t n = x.shape[0]
        cdef Py_ssize_t apart = positions.strides[0] // 4
        if x.shape[1] != self.m:
            raise ValueError(f"x must have {self.m} columns; got {x.shape[1]}.")
        n_dense = self.n_linear + self.n_gaps + self.n_plain
        if dense.shape != (n, n_dense) or positions.shape != (n, self.n_binned):
            raise ValueError(
                f"dense and positions must have the shapes {(n, n_dense)} and "
                f"{(n, self.n_binned)}; got {dense.shape} and {positions.shape}."
            )
        if not dense.flags.carray or not positions.flags.behaved or (
            n > 0 and self.n_binned > 1 and positions.strides[1] != 4
        ):
            raise ValueError("dense and positions must be writeable, aligned and contiguous.")
        if not x.flags.aligned:
            x = x.copy()
        cdef Py_ssize_t row_stride = x.strides[0], column_stride = x.strides[1]
        cdef const char *from_x = <const char *>address_of(x)
        cdef void *to = address_of(dense)
        cdef float *place = <float *>address_of(positions)
        cdef bint x_single = x.dtype == FLOATS[0], dense_single = dense.dtype == FLOATS[0]
        cdef Py_ssize_t infinite = -1
        cdef double *row = <double *>malloc((self.m + 1) * sizeof(double))
        if row == NULL:
            raise MemoryError("There is no memory for a row.")
        with nogil:
            if x_single and dense_single:
                infinite = _read(self, n, <const float *>from_x, row_stride, column_stride,
                                 <float *>to, place, apart, row)
            elif x_single:
                infinite = _read(self, n, <const float *>from_x, row_stride, column_stride,
                                 <double *>to, place, apart, row)
            elif dense_single:
                infinite = _read(self, n, <const double *>from_x, row_stride, column_stride,
                                 <float *>to, place, apart, row)
            else:
                infinite = _read(self, n, <const double *>from_x, row_stride, column_stride,
                                 <double *>to, place, apart, row)
        free(row)
        return infinite


cdef Py_ssize_t _read(
    NumberReader to_be, Py_ssize_t n, const given *x, Py_ssize_t row_stride,
    Py_ssize_t column_stride, floating *dense, float *positions, Py_ssize_t apart, double *row,
) noexcept nogil:
    """Read n rows; `row` has room for one. Returns the first column with an infinite number."""
    cdef Py_ssize_t i, j, k, infinite = to_be.m
    cdef double value, z
    cdef const char *at = <const char *>x
    cdef const char *of_row
    for i in range(n):
        of_row = at + i * row_stride
        for j in range(to_be.m):
            value = (<const given *>(of_row + j * column_stride))[0]
            if value - value != 0 and value == value and j < infinite:
                infinite = j
            row[j] = value
        for k in range(to_be.n_linear):
            j = to_be.linear[k]
            z = 0 if row[j] != row[j] else _bent((row[j] - to_be.center[j]) / to_be.scale[j])
            dense[k] = <floating>z
        dense += to_be.n_linear
        for k in range(to_be.n_gaps):
            dense[k] = row[to_be.gaps[k]] != row[to_be.gaps[k]]
        dense += to_be.n_gaps
        for k in range(to_be.n_plain):
            value = row[to_be.plain[k]]
            z = (value - to_be.mean[k]) / to_be.std[k]
            z = min(max(z, -to_be.farthest), to_be.farthest)
            dense[k] = <floating>(0 if value != value else z)
        dense += to_be.n_plain
        for k in range(to_be.n_binned):
            j = to_be.binned[k]
            value = to_be.center[j] if row[j] != row[j] else row[j]
            positions[k] = <float>_position(
                value, to_be.edges + k * to_be.n_edges, to_be.widths[k])
        positions += apart
    return infinite if infinite < to_be.m else -1


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
