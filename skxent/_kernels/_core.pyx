# cython: language_level=3, cdivision=True, embedsignature=True
# cython: freethreading_compatible=True
"""Checks arguments, takes addresses of arrays, and calls the compiled networks without the GIL."""

from cpython.buffer cimport (
    PyBUF_STRIDED_RO,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from scipy.linalg.cython_blas cimport dgemm, sgemm

import numbers

import numpy as np


cdef extern from "network.h" nogil:
    ctypedef enum skx_type:
        SKX_NONE, SKX_U8, SKX_U16, SKX_I32, SKX_I64, SKX_F32, SKX_F64
    ctypedef enum skx_kind:
        SKX_DENSE, SKX_SPARSE, SKX_TABLE
    ctypedef enum skx_activation:
        pass
    ctypedef enum skx_loss:
        pass
    ctypedef enum skx_rule:
        SKX_SGD, SKX_ADAM
    ctypedef enum skx_status:
        SKX_OK, SKX_NO_MEMORY, SKX_BAD_TARGET

    ctypedef struct skx_inputs:
        skx_kind kind
        Py_ssize_t n_rows, n_features
        const char *dense
        skx_type dense_type
        Py_ssize_t n_dense, row_stride, column_stride
        const void *indptr
        const void *indices
        const void *values
        skx_type indptr_type, indices_type, values_type
        const float *positions
        Py_ssize_t n_fields
        const int32_t *field_kinds
        const Py_ssize_t *widths
        const Py_ssize_t *starts
        const float *last_bins

    ctypedef struct skx_targets:
        const char *data
        skx_type type
        Py_ssize_t row_stride, column_stride

    ctypedef struct skx_weights:
        const char *data
        skx_type type
        Py_ssize_t stride

    ctypedef struct skx_rows:
        const void *ids
        skx_type type
        Py_ssize_t count

    ctypedef struct skx_plan:
        int n_layers, n_threads
        const Py_ssize_t *sizes
        const skx_activation *activations
        skx_loss loss
        double loss_scale

    ctypedef struct skx_pass:
        Py_ssize_t batch_size
        const double *rates
        skx_rule rule
        void *slots[2]
        double hyper[3]
        int64_t step
        double decay, penalty, clip
        const double *dropout
        uint64_t seed
        void *average
        double average_decay
        double loss_sum, weight_sum, square_sum
        Py_ssize_t n_done

    ctypedef struct skx_engine:
        void *(*create)(const skx_plan *) noexcept nogil
        void (*destroy)(void *) noexcept nogil
        skx_status (*value_and_gradient)(
            void *, const void *, const skx_inputs *, const skx_targets *, const skx_weights *,
            const skx_rows *, double, double, void *, double *) noexcept nogil
        skx_status (*losses)(
            void *, const void *, const skx_inputs *, const skx_targets *, const skx_rows *,
            double *) noexcept nogil
        skx_status (*outputs)(
            void *, const void *, const skx_inputs *, const skx_rows *, int, void *) noexcept nogil
        skx_status (*train)(
            void *, void *, const skx_inputs *, const skx_targets *, const skx_weights *,
            const skx_rows *, skx_pass *) noexcept nogil
        void (*activation)(skx_activation, Py_ssize_t, const void *, void *, void *) noexcept nogil
        void (*function)(int, Py_ssize_t, const void *, void *) noexcept nogil

    const skx_engine *skx_engine_of(int level, int is_double)
    ctypedef void skx_sgemm(char *, char *, int *, int *, int *, float *, float *, int *, float *,
                            int *, float *, float *, int *) noexcept
    ctypedef void skx_dgemm(char *, char *, int *, int *, int *, double *, double *, int *,
                            double *, int *, double *, double *, int *) noexcept
    skx_sgemm *skx_blas_f32
    skx_dgemm *skx_blas_f64


skx_blas_f32 = <skx_sgemm *>sgemm
skx_blas_f64 = <skx_dgemm *>dgemm

ACTIVATIONS = (
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish",
    "softplus",
)
LOSSES = (
    "softmax_cross_entropy", "sigmoid_cross_entropy", "softmax_squared_error",
    "sigmoid_squared_error",
)
_RULES = {"sgd": (SKX_SGD, 1, 2), "adam": (SKX_ADAM, 2, 3)}
_TYPES = {
    np.dtype(np.uint8): SKX_U8, np.dtype(np.uint16): SKX_U16, np.dtype(np.int32): SKX_I32,
    np.dtype(np.int64): SKX_I64, np.dtype(np.float32): SKX_F32, np.dtype(np.float64): SKX_F64,
}
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_INDICES = (np.dtype(np.int32), np.dtype(np.int64))
_CODES = (np.dtype(np.uint8), np.dtype(np.uint16), *_INDICES)


# ---- arguments ------------------------------------------------------------------------------


cdef void *_address(array) except? NULL:
    """Where an array's first element lies; the array must be kept alive by the caller."""
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_STRIDED_RO)
    cdef void *address = view.buf
    PyBuffer_Release(&view)
    return address


cdef _check_array(name, array, dtypes, ndim):
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} must be a numpy array, got {type(array).__name__}.")
    if array.dtype not in dtypes:
        allowed = ", ".join(dtype.name for dtype in dtypes)
        raise ValueError(f"{name} must have dtype {allowed}; got {array.dtype}.")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s); got {array.ndim}.")


cdef _check_vector(name, array, dtypes, Py_ssize_t length, writeable=False):
    _check_array(name, array, dtypes, 1)
    if array.shape[0] != length:
        raise ValueError(f"{name} must have {length} entries; got {array.shape[0]}.")
    if not array.flags.c_contiguous or not array.flags.aligned:
        raise ValueError(f"{name} must be contiguous and aligned.")
    if writeable and not array.flags.writeable:
        raise ValueError(f"{name} is written to, but it is read-only.")


cdef _check_number(name, value, low, high=float("inf"), open_high=False):
    if not isinstance(value, numbers.Real) or not value >= low or not value <= high or (
        open_high and value == high
    ):
        raise ValueError(
            f"{name} must be a number in [{low}, {high}{')' if open_high else ']'}; got {value!r}."
        )


cdef class _Rows:
    """Row numbers, checked against the number of rows there are."""

    cdef skx_rows c
    cdef object keep

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
        _check_array(name, rows, _INDICES, 1)
        count = rows.shape[0]
        _check_vector(name, rows, _INDICES, count)
        self.c.ids, self.c.type, self.c.count = _address(rows), _TYPES[rows.dtype], count
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


cdef class _Targets:
    """Class codes or a matrix of target values."""

    cdef skx_targets c
    cdef object keep

    def __init__(self, targets, Py_ssize_t n_rows, Py_ssize_t k):
        self.keep = targets
        if not isinstance(targets, np.ndarray) or targets.ndim not in (1, 2):
            raise ValueError("targets must be a 1-D array of codes or a 2-D array of values.")
        if targets.ndim == 1:
            _check_array("targets", targets, _CODES, 1)
        else:
            _check_array("targets", targets, _FLOATS, 2)
            if targets.shape[1] != k:
                raise ValueError(f"targets must have {k} columns; got {targets.shape[1]}.")
            self.c.column_stride = targets.strides[1]
        if targets.shape[0] != n_rows:
            raise ValueError(f"targets must have {n_rows} rows; got {targets.shape[0]}.")
        if not targets.flags.aligned:
            raise ValueError("targets must be aligned.")
        self.c.data, self.c.type = <const char *>_address(targets), _TYPES[targets.dtype]
        self.c.row_stride = targets.strides[0]


cdef class _Weights:
    """Row weights, or None for ones."""

    cdef skx_weights c
    cdef object keep

    def __init__(self, weights, Py_ssize_t n_rows):
        self.keep = weights
        if weights is None:
            return
        _check_array("weights", weights, _FLOATS, 1)
        if weights.shape[0] != n_rows:
            raise ValueError(f"weights must have {n_rows} entries; got {weights.shape[0]}.")
        self.c.data, self.c.type = <const char *>_address(weights), _TYPES[weights.dtype]
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

    cdef skx_inputs c
    cdef tuple keep

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
        _check_array(name, X, _FLOATS, 2)
        self.c.n_rows = X.shape[0]
        self.c.n_dense = self.c.n_features = X.shape[1]
        self.c.dense, self.c.dense_type = <const char *>_address(X), _TYPES[X.dtype]
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
        _check_array("indptr", indptr, _INDICES, 1)
        _check_vector("indptr", indptr, _INDICES, indptr.shape[0])
        _check_array("indices", indices, _INDICES, 1)
        _check_vector("indices", indices, _INDICES, indices.shape[0])
        _check_vector("data", data, _FLOATS, indices.shape[0])
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
        self.c.indptr, self.c.indptr_type = _address(indptr), _TYPES[indptr.dtype]
        self.c.indices, self.c.indices_type = _address(indices), _TYPES[indices.dtype]
        self.c.values, self.c.values_type = _address(data), _TYPES[data.dtype]
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
        _check_array("positions", positions, (np.dtype(np.float32),), 2)
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
        self.c.positions = <const float *>_address(positions)
        self.c.n_fields = positions.shape[1]
        self.c.field_kinds = <const int32_t *>_address(kinds)
        self.c.widths = <const Py_ssize_t *>_address(widths)
        self.c.starts = <const Py_ssize_t *>_address(starts)
        self.c.last_bins = <const float *>_address(last_bins)
        self.keep = (dense, positions, kinds, widths, starts, last_bins)
        self._place_fields()
        return self

    cdef _place_fields(self):
        # one row is predicted often: loops here take less time than calls of NumPy
        cdef Py_ssize_t f, i, n = self.c.n_fields, at = self.c.n_dense
        cdef float *last = <float *>self.c.last_bins
        cdef float *top = <float *>self.c.positions
        for f in range(n):
            if self.c.field_kinds[f] not in (0, 1):
                raise ValueError(f"kinds must be 0 or 1; got {self.keep[2].tolist()}.")
            if self.c.widths[f] < 1:
                raise ValueError(f"widths must be at least 1; got {self.keep[3].tolist()}.")
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


# ---- the order of rows -----------------------------------------------------------------------


def permutation(Py_ssize_t n, uint64_t seed):
    """0 .. n - 1, as int32, in an order drawn from `seed`: the inside-out shuffle of Fisher & Yates.

    Five times as fast as NumPy's, which is felt where batches are small. An index up to i is the
    upper half of a product with 32 random bits, which favours no value by more than i / 2^32.
    """
    cdef Py_ssize_t i, j
    cdef uint64_t mixed
    if not 0 <= n < 1 << 31:
        raise ValueError(f"n must lie in 0..{(1 << 31) - 1}; got {n}.")
    order = np.empty(n, dtype=np.int32)
    cdef int32_t *out = <int32_t *>_address(order)
    with nogil:
        for i in range(n):
            seed += 0x9e3779b97f4a7c15u  # SplitMix64, of which the upper bits are used
            mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu
            j = <Py_ssize_t>(((mixed >> 32) * <uint64_t>(i + 1)) >> 32)
            out[i] = out[j]
            out[j] = <int32_t>i
    return order


# ---- networks --------------------------------------------------------------------------------


cdef class Kernel:
    """Arithmetic of one network, with the memory it works in.

    Parameters of the network are one flat vector: for each layer the weights W (fan_in x fan_out,
    row by row), then the biases. A kernel may be used by one thread at a time.

    Parameters
    ----------
    sizes : sequence of int
        Features, units of each hidden layer, outputs.
    activations : sequence of str
        One of `ACTIVATIONS` for each hidden layer.
    loss : str
        One of `LOSSES`.
    dtype : float32 or float64
        Of the parameters and of the arithmetic.
    n_threads : int, default=1
        At most so many threads; the results are the same for any number.
    loss_scale : float, default=1.0
        Multiplies every loss.
    """

    cdef const skx_engine *engine
    cdef void *network
    cdef readonly tuple sizes, activations
    cdef readonly str loss
    cdef readonly object dtype
    cdef readonly int n_threads
    cdef readonly Py_ssize_t n_params
    cdef bint busy

    def __init__(self, sizes, activations, loss, dtype, *, n_threads=1, loss_scale=1.0):
        cdef skx_plan plan
        if self.network != NULL:
            raise TypeError("A kernel is initialised once.")
        self.sizes = tuple(int(size) for size in sizes)
        self.activations = tuple(activations)
        self.loss = loss
        self.dtype = np.dtype(dtype)
        if len(self.sizes) < 2 or min(self.sizes[1:]) < 1 or self.sizes[0] < 0:
            raise ValueError(
                f"sizes must be features, hidden units ..., outputs, all positive; got {sizes}."
            )
        if len(self.activations) != len(self.sizes) - 2:
            raise ValueError(
                f"activations must name one function for each of the {len(self.sizes) - 2} hidden "
                f"layers; got {activations}."
            )
        for name in self.activations:
            if name not in ACTIVATIONS:
                raise ValueError(f"activations must be among {ACTIVATIONS}; got {name!r}.")
        if loss not in LOSSES:
            raise ValueError(f"loss must be among {LOSSES}; got {loss!r}.")
        if self.dtype not in _FLOATS:
            raise ValueError(f"dtype must be float32 or float64; got {dtype!r}.")
        if not isinstance(n_threads, numbers.Integral) or n_threads < 1:
            raise ValueError(f"n_threads must be an integer of at least 1; got {n_threads!r}.")
        _check_number("loss_scale", loss_scale, 0.0)
        self.n_threads = min(n_threads, 64)
        self.n_params = sum(
            (a + 1) * b for a, b in zip(self.sizes[:-1], self.sizes[1:], strict=True)
        )
        c_sizes = np.array(self.sizes, dtype=np.intp)
        c_activations = np.array([ACTIVATIONS.index(a) for a in self.activations], dtype=np.intc)
        plan.n_layers = len(self.sizes) - 1
        plan.n_threads = self.n_threads
        plan.sizes = <const Py_ssize_t *>_address(c_sizes)
        plan.activations = <const skx_activation *>_address(c_activations)
        plan.loss = <skx_loss><int>LOSSES.index(loss)
        plan.loss_scale = loss_scale
        self.engine = _engine(self.dtype)
        self.network = self.engine.create(&plan)
        if self.network == NULL:
            raise MemoryError("There is no memory for a network of this size.")

    def __dealloc__(self):
        if self.network != NULL:
            self.engine.destroy(self.network)

    def __reduce__(self):
        raise TypeError("A kernel cannot be pickled; make one where it is needed.")

    cdef _begin(self, Inputs inputs):
        if inputs.c.n_features != self.sizes[0]:
            raise ValueError(
                f"inputs must have {self.sizes[0]} features; got {inputs.c.n_features}."
            )
        if self.busy:
            raise RuntimeError("This kernel is at work in another thread; make one per thread.")
        self.busy = True

    cdef _end(self, skx_status status):
        self.busy = False
        if status == SKX_NO_MEMORY:
            raise MemoryError("There is no memory for this call.")
        if status == SKX_BAD_TARGET:
            k = self.sizes[-1]
            if k == 1 and self.loss.startswith("sigmoid"):
                k = 2
            raise ValueError(f"targets must be codes in 0..{k - 1}.")

    def value_and_gradient(
        self, params, Inputs inputs not None, targets, weights, rows, double scale,
        double penalty, gradient,
    ):
        """Objective at `params`, and its gradient written into `gradient`.

        Returns ``scale * sum_i weights_i * loss_i + penalty / 2 * sum ||W_l||^2``, the sum over
        the given rows (None: all of them).
        """
        cdef _Rows c_rows = _Rows(rows, inputs.c.n_rows)
        cdef _Targets c_targets = _Targets(targets, inputs.c.n_rows, self.sizes[-1])
        cdef _Weights c_weights = _Weights(weights, inputs.c.n_rows)
        cdef double value = 0.0
        cdef skx_status status
        _check_vector("params", params, (self.dtype,), self.n_params)
        _check_vector("gradient", gradient, (self.dtype,), self.n_params, True)
        cdef const void *c_params = _address(params)
        cdef void *c_gradient = _address(gradient)
        self._begin(inputs)
        with nogil:
            status = self.engine.value_and_gradient(
                self.network, c_params, &inputs.c, &c_targets.c, &c_weights.c, &c_rows.c, scale,
                penalty, c_gradient, &value)
        self._end(status)
        return value

    def losses(self, params, Inputs inputs not None, targets, rows, out):
        """Unweighted loss of each of the rows, written into `out` (float64)."""
        cdef _Rows c_rows = _Rows(rows, inputs.c.n_rows)
        cdef _Targets c_targets = _Targets(targets, inputs.c.n_rows, self.sizes[-1])
        cdef skx_status status
        _check_vector("params", params, (self.dtype,), self.n_params)
        _check_vector("out", out, (np.dtype(np.float64),), c_rows.c.count, True)
        cdef const void *c_params = _address(params)
        cdef double *c_out = <double *>_address(out)
        self._begin(inputs)
        with nogil:
            status = self.engine.losses(
                self.network, c_params, &inputs.c, &c_targets.c, &c_rows.c, c_out)
        self._end(status)

    def logits(self, params, Inputs inputs not None, rows, out, int layer=-1):
        """Outputs of the last layer, or activations of hidden layer `layer`, written into `out`."""
        cdef _Rows c_rows = _Rows(rows, inputs.c.n_rows)
        cdef skx_status status
        cdef int last = len(self.sizes) - 2
        if layer == -1:
            layer = last
        if not 0 <= layer <= last:
            raise ValueError(
                f"layer must be -1 or the number of a hidden layer, 0..{last - 1}; got {layer}."
            )
        _check_vector("params", params, (self.dtype,), self.n_params)
        _check_array("out", out, (self.dtype,), 2)
        if out.shape != (c_rows.c.count, self.sizes[layer + 1]):
            raise ValueError(
                f"out must have shape {(c_rows.c.count, self.sizes[layer + 1])}; got {out.shape}."
            )
        if not (out.flags.carray):
            raise ValueError("out must be writeable, aligned and C-contiguous.")
        cdef const void *c_params = _address(params)
        cdef void *c_out = _address(out)
        self._begin(inputs)
        with nogil:
            status = self.engine.outputs(
                self.network, c_params, &inputs.c, &c_rows.c, layer, c_out)
        self._end(status)

    def train(
        self, params, Inputs inputs not None, targets, weights, order, Py_ssize_t batch_size,
        rates, *, rule, slots, hyper, step, double decay, double penalty, dropout=None,
        double clip=0.0, seed=0, average=None, double average_decay=0.0,
    ):
        """One pass over the rows in `order`, updating `params` after each batch.

        Returns ``(loss_sum, weight_sum, grad_sq_sum, n_done)``: sums over the batches done of
        weight times loss, of the weights, and of the squared norm of the gradient. A batch whose
        loss is not finite ends the pass before its update.
        """
        cdef _Rows c_rows = _Rows(order, inputs.c.n_rows, "order")
        cdef _Targets c_targets = _Targets(targets, inputs.c.n_rows, self.sizes[-1])
        cdef _Weights c_weights = _Weights(weights, inputs.c.n_rows)
        cdef skx_pass c
        cdef skx_status status
        cdef int i
        f8 = (np.dtype(np.float64),)
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
        n_batches = (c_rows.c.count + batch_size - 1) // batch_size
        _check_vector("params", params, (self.dtype,), self.n_params, True)
        _check_vector("rates", rates, f8, n_batches)
        if rule not in _RULES:
            raise ValueError(f"rule must be among {tuple(_RULES)}; got {rule!r}.")
        c.rule, n_slots, n_hyper = _RULES[rule]
        if len(slots) != n_slots:
            raise ValueError(f"slots of {rule} must be {n_slots} vectors; got {len(slots)}.")
        if len(hyper) != n_hyper:
            raise ValueError(f"hyper of {rule} must be {n_hyper} numbers; got {hyper}.")
        for i in range(n_slots):
            _check_vector(f"slots[{i}]", slots[i], (self.dtype,), self.n_params, True)
            c.slots[i] = _address(slots[i])
        for i in range(n_hyper):
            c.hyper[i] = hyper[i]
        _check_number("decay", decay, 0.0)
        _check_number("clip", clip, 0.0)
        _check_number("average_decay", average_decay, 0.0, 1.0)
        c.dropout = NULL
        if dropout is not None:
            dropout = np.ascontiguousarray(dropout, dtype=np.float64)
            _check_vector("dropout", dropout, f8, len(self.sizes) - 2)
            for value in dropout:
                _check_number("dropout", value, 0.0, 1.0, True)
            if dropout.any():
                c.dropout = <const double *>_address(dropout)
        c.average = NULL
        if average is not None:
            _check_vector("average", average, (self.dtype,), self.n_params, True)
            c.average = _address(average)
        c.batch_size = batch_size
        c.rates = <const double *>_address(rates)
        c.step = step
        c.penalty = penalty
        c.decay = decay
        c.clip = clip
        c.seed = int(seed) & 0xFFFFFFFFFFFFFFFF
        c.average_decay = average_decay
        cdef void *c_params = _address(params)
        self._begin(inputs)
        with nogil:
            status = self.engine.train(
                self.network, c_params, &inputs.c, &c_targets.c, &c_weights.c, &c_rows.c, &c)
        self._end(status)
        return c.loss_sum, c.weight_sum, c.square_sum, c.n_done


# ---- SIMD level ------------------------------------------------------------------------------


_LEVELS = {"avx512": 512, "avx2": 256, "blas": 0}
cdef int _level = 0


cdef const skx_engine *_engine(dtype):
    return skx_engine_of(_level, dtype == np.float64)


def simd_level():
    """Name the instructions in use: "avx512", "avx2", or "blas" for SciPy's BLAS."""
    return next(name for name, level in _LEVELS.items() if level == _level)


def set_simd_level(name=None):
    """Choose the instructions that kernels made from now on use; None for the best there are."""
    global _level
    if name is not None and name not in _LEVELS:
        raise ValueError(f"name must be among {tuple(_LEVELS)}; got {name!r}.")
    for level in _LEVELS.values() if name is None else (_LEVELS[name],):
        if skx_engine_of(level, False) != NULL:
            _level = level
            return
    raise ValueError(f"This machine, or the build for it, lacks {name!r}.")


set_simd_level()


# ---- elementwise functions, for tests ----------------------------------------------------------


_FUNCTIONS = ("exp", "expm1", "log1p")


cdef _checked(z):
    if not isinstance(z, np.ndarray) or z.dtype not in _FLOATS:
        raise ValueError("The argument must be a float32 or float64 array.")
    return np.ascontiguousarray(z)


def evaluate_activation(name, z):
    """Value and derivative of an activation function at each element of `z`."""
    if name not in ACTIVATIONS:
        raise ValueError(f"name must be among {ACTIVATIONS}; got {name!r}.")
    z = _checked(z)
    a, da = np.empty_like(z), np.empty_like(z)
    _engine(z.dtype).activation(
        <skx_activation><int>ACTIVATIONS.index(name), z.size, _address(z), _address(a),
        _address(da))
    return a, da


def evaluate_function(name, x):
    """Value at each element of `x` of exp, of expm1 (x <= 0) or of log1p (x >= 0)."""
    if name not in _FUNCTIONS:
        raise ValueError(f"name must be among {_FUNCTIONS}; got {name!r}.")
    x = _checked(x)
    out = np.empty_like(x)
    _engine(x.dtype).function(_FUNCTIONS.index(name), x.size, _address(x), _address(out))
    return out
