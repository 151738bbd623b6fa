/* What the Cython wrapper hands to the compiled networks, and what they answer. */
#ifndef SKXENT_NETWORK_H
#define SKXENT_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#if defined(_MSC_VER) && !defined(__clang__)
#define restrict __restrict
#endif

typedef enum { SKX_NONE, SKX_U8, SKX_U16, SKX_I32, SKX_I64, SKX_F32, SKX_F64 } skx_type;

typedef enum { SKX_DENSE, SKX_SPARSE, SKX_TABLE } skx_kind;

typedef enum {
    SKX_IDENTITY, SKX_LOGISTIC, SKX_TANH, SKX_RELU, SKX_LEAKY_RELU, SKX_ELU, SKX_SELU, SKX_GELU,
    SKX_SILU, SKX_MISH, SKX_SOFTPLUS
} skx_activation;

typedef enum {
    SKX_SOFTMAX_CROSS_ENTROPY, SKX_SIGMOID_CROSS_ENTROPY, SKX_SOFTMAX_SQUARED_ERROR,
    SKX_SIGMOID_SQUARED_ERROR
} skx_loss;

typedef enum { SKX_SGD, SKX_ADAM } skx_rule;

typedef enum { SKX_ONE_HOT, SKX_PIECEWISE_LINEAR } skx_field_kind;

/* What a call can end with. */
typedef enum { SKX_OK, SKX_NO_MEMORY, SKX_BAD_TARGET } skx_status;

/* Rows of features where they lie in the caller's memory. */
typedef struct {
    skx_kind kind;
    ptrdiff_t n_rows, n_features; /* of the expanded matrix */
    /* the dense matrix, or the leading dense columns of a table; strides in bytes */
    const char *dense;
    skx_type dense_type;
    ptrdiff_t n_dense, row_stride, column_stride;
    /* compressed sparse rows */
    const void *indptr, *indices, *values;
    skx_type indptr_type, indices_type, values_type;
    /* lookup fields of a table: field f stands for features starts[f] .. starts[f] + widths[f] */
    const float *positions;
    ptrdiff_t n_fields;
    const int32_t *field_kinds;
    const ptrdiff_t *widths, *starts;
    const float *last_bins; /* widths - 1 */
} skx_inputs;

/* Class codes (an integer type) or a matrix of target values; strides in bytes. */
typedef struct {
    const char *data;
    skx_type type;
    ptrdiff_t row_stride, column_stride;
} skx_targets;

/* A vector of row weights, or none (every weight 1); stride in bytes. */
typedef struct {
    const char *data;
    skx_type type;
    ptrdiff_t stride;
} skx_weights;

/* Row numbers, or none (0, 1, 2 ...). */
typedef struct {
    const void *ids;
    skx_type type;
    ptrdiff_t count;
} skx_rows;

/* A network before it has any memory of its own. */
typedef struct {
    int n_layers, n_threads;
    const ptrdiff_t *sizes;            /* n_layers + 1 */
    const skx_activation *activations; /* n_layers - 1 */
    skx_loss loss;
    double loss_scale;
} skx_plan;

/* One pass over the rows in mini-batches. Vectors without a type have the network's. */
typedef struct {
    ptrdiff_t batch_size;
    const double *rates; /* one per batch */
    skx_rule rule;
    void *slots[2];
    double hyper[3];
    int64_t step;
    double decay, penalty, clip;
    const double *dropout; /* one rate per hidden layer, or NULL */
    const double *relevance; /* of each feature, or NULL: 1 */
    uint64_t seed;
    void *average; /* or NULL */
    double average_decay;
    /* answers */
    double loss_sum, weight_sum, square_sum;
    ptrdiff_t n_done;
} skx_pass;

/* The networks of one number type compiled for one instruction set. */
typedef struct {
    void *(*create)(const skx_plan *plan);
    void (*destroy)(void *network);
    skx_status (*value_and_gradient)(void *network, const void *params, const skx_inputs *inputs,
                                     const skx_targets *targets, const skx_weights *weights,
                                     const skx_rows *rows, double scale, double penalty,
                                     void *gradient, double *value);
    /* those of one network; or, as numbers of a type, the mean of several, one vector of parameters
     * after the other */
    skx_status (*logits)(void *network, const void *params, const skx_inputs *inputs,
                         const skx_rows *rows, void *out);
    skx_status (*mean_logits)(void *network, const void *params, ptrdiff_t n_members,
                              const skx_inputs *inputs, const skx_rows *rows, void *out,
                              skx_type type);
    skx_status (*train)(void *network, void *params, const skx_inputs *inputs,
                        const skx_targets *targets, const skx_weights *weights,
                        const skx_rows *order, skx_pass *pass);
    /* a = activation(z), da = its derivative; and the functions they are made of */
    void (*activation)(skx_activation which, ptrdiff_t n, const void *z, void *a, void *da);
    void (*function)(int which, ptrdiff_t n, const void *x, void *out);
} skx_engine;

/* The engine of a SIMD level (512: AVX-512, 256: AVX2, 0: any machine); NULL where this machine or
 * the compiler lacks it. */
const skx_engine *skx_engine_of(int level, int is_double);

/* Matrix products of the plain level, set once from scipy.linalg.cython_blas. */
typedef void skx_sgemm(char *, char *, int *, int *, int *, float *, float *, int *, float *, int *,
                       float *, float *, int *);
typedef void skx_dgemm(char *, char *, int *, int *, int *, double *, double *, int *, double *,
                       int *, double *, double *, int *);
extern skx_sgemm *skx_blas_f32;
extern skx_dgemm *skx_blas_f64;

#endif
