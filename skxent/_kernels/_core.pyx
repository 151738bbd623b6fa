# cython: language_level=3, cdivision=True, embedsignature=True
# cython: freethreading_compatible=True
"""Calls the compiled networks, without the GIL, and names the instructions that they use."""

from libc.stdint cimport int32_t, uint64_t
from scipy.linalg.cython_blas cimport dgemm, sgemm

from skxent._kernels._inputs cimport (
    Inputs, Rows, Targets, Weights, address_of, check_array, check_number, check_vector,
)
from skxent._kernels._network cimport (
    SKX_ADAM, SKX_BAD_TARGET, SKX_F32, SKX_F64, SKX_NO_MEMORY, SKX_SGD, skx_activation,
    skx_blas_f32, skx_blas_f64, skx_dgemm, skx_engine, skx_engine_of, skx_loss, skx_pass, skx_plan,
    skx_sgemm, skx_status, skx_type,
)

import numbers

import numpy as np

from ._inputs import FLOATS

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
    cdef int32_t *out = <int32_t *>address_of(order)
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
        if self.dtype not in FLOATS:
            raise ValueError(f"dtype must be float32 or float64; got {dtype!r}.")
        if not isinstance(n_threads, numbers.Integral) or n_threads < 1:
            raise ValueError(f"n_threads must be an integer of at least 1; got {n_threads!r}.")
        check_number("loss_scale", loss_scale, 0.0)
        self.n_threads = min(n_threads, 64)
        self.n_params = sum(
            (a + 1) * b for a, b in zip(self.sizes[:-1], self.sizes[1:], strict=True)
        )
        c_sizes = np.array(self.sizes, dtype=np.intp)
        c_activations = np.array([ACTIVATIONS.index(a) for a in self.activations], dtype=np.intc)
        plan.n_layers = len(self.sizes) - 1
        plan.n_threads = self.n_threads
        plan.sizes = <const Py_ssize_t *>address_of(c_sizes)
        plan.activations = <const skx_activation *>address_of(c_activations)
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

    cdef _check(self, Inputs inputs):
        if self.network == NULL:
            raise RuntimeError("This kernel's initialisation failed or was left out; make another.")
        if inputs.c.n_features != self.sizes[0]:
            raise ValueError(
                f"inputs must have {self.sizes[0]} features; got {inputs.c.n_features}."
            )

    cdef _check_logits(self, out, dtypes, Py_ssize_t n_rows):
        check_array("out", out, dtypes, 2)
        if out.shape != (n_rows, self.sizes[-1]):
            raise ValueError(f"out must have shape {(n_rows, self.sizes[-1])}; got {out.shape}.")
        if not out.flags.carray:
            raise ValueError("out must be writeable, aligned and C-contiguous.")

    cdef _begin(self):
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
        self._check(inputs)
        cdef Rows c_rows = Rows(rows, inputs.c.n_rows)
        cdef Targets c_targets = Targets(targets, inputs.c.n_rows, self.sizes[-1])
        cdef Weights c_weights = Weights(weights, inputs.c.n_rows)
        cdef double value = 0.0
        cdef skx_status status
        check_vector("params", params, (self.dtype,), self.n_params)
        check_vector("gradient", gradient, (self.dtype,), self.n_params, True)
        cdef const void *c_params = address_of(params)
        cdef void *c_gradient = address_of(gradient)
        self._begin()
        with nogil:
            status = self.engine.value_and_gradient(
                self.network, c_params, &inputs.c, &c_targets.c, &c_weights.c, &c_rows.c, scale,
                penalty, c_gradient, &value)
        self._end(status)
        return value

    def logits(self, params, Inputs inputs not None, rows, out):
        """Outputs of the last layer, before any softmax or sigmoid, written into `out`."""
        self._check(inputs)
        cdef Rows c_rows = Rows(rows, inputs.c.n_rows)
        cdef skx_status status
        check_vector("params", params, (self.dtype,), self.n_params)
        self._check_logits(out, (self.dtype,), c_rows.c.count)
        cdef const void *c_params = address_of(params)
        cdef void *c_out = address_of(out)
        self._begin()
        with nogil:
            status = self.engine.logits(self.network, c_params, &inputs.c, &c_rows.c, c_out)
        self._end(status)

    def mean_logits(self, params, Inputs inputs not None, rows, out):
        """Mean of the logits of several networks, written into `out` (float32 or float64).

        Each row of `params` holds the parameters of one of them. A logit beyond 1e30 counts as
        1e30, so that the mean of infinite ones exists; that of a NaN is NaN. The sum is taken in
        float64, in the order of the networks.
        """
        self._check(inputs)
        cdef Rows c_rows = Rows(rows, inputs.c.n_rows)
        cdef skx_status status
        check_array("params", params, (self.dtype,), 2)
        cdef Py_ssize_t n_members = params.shape[0]
        if params.shape[1] != self.n_params or n_members == 0:
            raise ValueError(
                f"params must have rows of {self.n_params} numbers, at least one; got shape "
                f"{params.shape}."
            )
        if not params.flags.c_contiguous or not params.flags.aligned:
            raise ValueError("params must be C-contiguous and aligned.")
        self._check_logits(out, FLOATS, c_rows.c.count)
        cdef skx_type c_type = SKX_F32 if out.dtype == np.float32 else SKX_F64
        cdef const void *c_params = address_of(params)
        cdef void *c_out = address_of(out)
        self._begin()
        with nogil:
            status = self.engine.mean_logits(
                self.network, c_params, n_members, &inputs.c, &c_rows.c, c_out, c_type)
        self._end(status)

    def train(
        self, params, Inputs inputs not None, targets, weights, order, Py_ssize_t batch_size,
        rates, *, rule, slots, hyper, step, double decay, double penalty, dropout=None,
        double clip=0.0, seed=0, average=None, double average_decay=0.0, relevance=None,
    ):
        """One pass over the rows in `order`, updating `params` after each batch.

        The weights of a feature of `relevance` r change as if the feature were r times as large,
        and its weights 1/r times: their penalty is divided by r^2, and adam's rate multiplied by r.
        `clip` bounds the gradient by the weights as they are.

        Returns ``(loss_sum, weight_sum, grad_sq_sum, n_done)``: sums over the batches done of
        weight times loss, of the weights, and of the squared norm of the gradient. A batch whose
        loss is not finite ends the pass before its update.
        """
        self._check(inputs)
        cdef Rows c_rows = Rows(order, inputs.c.n_rows, "order")
        cdef Targets c_targets = Targets(targets, inputs.c.n_rows, self.sizes[-1])
        cdef Weights c_weights = Weights(weights, inputs.c.n_rows)
        cdef skx_pass c
        cdef skx_status status
        cdef int i
        f8 = (np.dtype(np.float64),)
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
        n_batches = (c_rows.c.count + batch_size - 1) // batch_size
        check_vector("params", params, (self.dtype,), self.n_params, True)
        check_vector("rates", rates, f8, n_batches)
        if rule not in _RULES:
            raise ValueError(f"rule must be among {tuple(_RULES)}; got {rule!r}.")
        c.rule, n_slots, n_hyper = _RULES[rule]
        if len(slots) != n_slots:
            raise ValueError(f"slots of {rule} must be {n_slots} vectors; got {len(slots)}.")
        if len(hyper) != n_hyper:
            raise ValueError(f"hyper of {rule} must be {n_hyper} numbers; got {hyper}.")
        for i in range(n_slots):
            check_vector(f"slots[{i}]", slots[i], (self.dtype,), self.n_params, True)
            c.slots[i] = address_of(slots[i])
        for i in range(n_hyper):
            c.hyper[i] = hyper[i]
        check_number("decay", decay, 0.0)
        check_number("clip", clip, 0.0)
        check_number("average_decay", average_decay, 0.0, 1.0)
        c.dropout = NULL
        if dropout is not None:
            dropout = np.ascontiguousarray(dropout, dtype=np.float64)
            check_vector("dropout", dropout, f8, len(self.sizes) - 2)
            for value in dropout:
                check_number("dropout", value, 0.0, 1.0, True)
            if dropout.any():
                c.dropout = <const double *>address_of(dropout)
        c.relevance = NULL
        if relevance is not None:
            check_vector("relevance", relevance, f8, self.sizes[0])
            if not (np.isfinite(relevance).all() and (relevance > 0).all()):
                raise ValueError("relevance must be finite and above 0.")
            c.relevance = <const double *>address_of(relevance)
        c.average = NULL
        if average is not None:
            check_vector("average", average, (self.dtype,), self.n_params, True)
            c.average = address_of(average)
        c.batch_size = batch_size
        c.rates = <const double *>address_of(rates)
        c.step = step
        c.penalty = penalty
        c.decay = decay
        c.clip = clip
        c.seed = int(seed) & 0xFFFFFFFFFFFFFFFF
        c.average_decay = average_decay
        cdef void *c_params = address_of(params)
        self._begin()
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


# ---- elementwise functions ---------------------------------------------------------------------


_FUNCTIONS = ("exp", "expm1", "log1p")


cdef _checked(z):
    if not isinstance(z, np.ndarray) or z.dtype not in FLOATS:
        raise ValueError("The argument must be a float32 or float64 array.")
    return np.ascontiguousarray(z)


def evaluate_activation(name, z):
    """Value and derivative of an activation function at each element of `z`."""
    if name not in ACTIVATIONS:
        raise ValueError(f"name must be among {ACTIVATIONS}; got {name!r}.")
    z = _checked(z)
    a, da = np.empty_like(z), np.empty_like(z)
    _engine(z.dtype).activation(
        <skx_activation><int>ACTIVATIONS.index(name), z.size, address_of(z), address_of(a),
        address_of(da))
    return a, da


def evaluate_function(name, x):
    """Value at each element of `x` of exp, of expm1 (x <= 0) or of log1p (x >= 0)."""
    if name not in _FUNCTIONS:
        raise ValueError(f"name must be among {_FUNCTIONS}; got {name!r}.")
    x = _checked(x)
    out = np.empty_like(x)
    _engine(x.dtype).function(_FUNCTIONS.index(name), x.size, address_of(x), address_of(out))
    return out
