"""What c/network.h and c/threads.h declare: read there what each part is for."""

from libc.stdint cimport int32_t, int64_t, uint64_t


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
    ctypedef enum skx_field_kind:
        SKX_ONE_HOT, SKX_PIECEWISE_LINEAR
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
        const double *relevance
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
        skx_status (*logits)(
            void *, const void *, const skx_inputs *, const skx_rows *, void *) noexcept nogil
        skx_status (*mean_logits)(
            void *, const void *, Py_ssize_t, const skx_inputs *, const skx_rows *, void *,
            skx_type) noexcept nogil
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


cdef extern from "threads.h" nogil:
    enum:
        SKX_MAX_THREADS
    ctypedef struct skx_team:
        int size
    void skx_run_team(skx_team *, int size, void (*work)(void *, int) noexcept nogil, void *job)
    void skx_keep_denormals()
    Py_ssize_t skx_share(Py_ssize_t n, int me, int size)
