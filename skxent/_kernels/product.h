/* Matrix products with packed right sides and an epilogue, for the SIMD level of this machine.
 *
 *   C[m x n] = start + A[m x k] * B[k x n],      float (_f32) and double (_f64)
 *
 * Sources to compile: simd.c simd_avx512.c simd_avx2.c simd_plain.c  (no -march flag is needed;
 * everything they include ends in .inc.h).  Nothing here allocates, locks or keeps state, except
 * the SIMD level, which is chosen once (at the first call, or by simd_set_level).
 *
 * Order of summation.  C[i, j] is summed over p = 0 .. k-1 by fused multiply-adds in one order that
 * depends on n, k and on the way A lies in memory, never on m, on i, or on how the caller divides
 * the rows among calls and threads.  (Level "blas": whatever the BLAS does.)
 */
#ifndef SKXENT_PRODUCT_H
#define SKXENT_PRODUCT_H

#include <stddef.h>

/* ---- SIMD level ---------------------------------------------------------------------------- */

/* "avx512", "avx2" or "blas" (any machine: BLAS products, plain loops). */
const char *simd_level(void);

/* Choose a level by name, or the best one of this machine with NULL.  Returns 0, or -1 where the
 * name is unknown or the machine (or the compiler that built this) lacks it.  Packed matrices
 * belong to the level that packed them.  Not to be called while another thread computes. */
int simd_set_level(const char *name);

/* To be called once at import: the routines of scipy.linalg.cython_blas, for level "blas". */
typedef void (*sgemm_pointer)(char *, char *, int *, int *, int *, float *, float *, int *,
                              float *, int *, float *, float *, int *);
typedef void (*dgemm_pointer)(char *, char *, int *, int *, int *, double *, double *, int *,
                              double *, int *, double *, double *, int *);
void simd_set_blas(sgemm_pointer sgemm, dgemm_pointer dgemm);

/* ---- Product ------------------------------------------------------------------------------- */

enum product_start {
    PRODUCT_ZERO, /* C = A B            */
    PRODUCT_BIAS, /* C = bias + A B     (bias: n values, added to every row) */
    PRODUCT_ADD,  /* C = C + A B        */
};

/* B may be given as it is, if row-major (`ldb` >= n, B[p, j] = b[p * ldb + j]), or packed
 * (`ldb` = 0, `b` filled by pack_b_f32).  Packing pays where B is read by many rows of A (m over
 * about 64), and it is the only way to multiply by a transposed matrix:
 *
 *     forward    Z = X W       a = X, ars = ldx, aks = 1;    b = pack of W,   brs = ldw, bcs = 1
 *     backward   D W^T         a = D, ars = ldd, aks = 1;    b = pack of W^T, brs = 1, bcs = ldw
 *     gradient   X^T D         a = X, ars = 1, aks = ldx;    b = D as it is,  ldb = ldd
 *
 * `finish`, if not NULL, is called for every finished block of whole rows, first .. first + rows-1,
 * while they are in cache: `c` points at C[first, 0], and the row i of the block is c + i * ldc.
 * Where ldc == n the block is one contiguous array of rows * n values.  The blocks come in order
 * of rows, and their size depends on m, so what it does to a row should be the row's own affair.
 *
 * Threads: each computes some of the rows (a + i0 * ars, c + i0 * ldc, fewer m) from one pack.
 * C must not overlap A or B.  m, n or k may be 0.
 */
#define PRODUCT_TYPE(NAME, T)                                                                   \
    typedef struct {                                                                            \
        ptrdiff_t m, n, k;                                                                      \
        const T *a;         /* A[i, p] = a[i * ars + p * aks]; ars == 1 or aks == 1 */          \
        ptrdiff_t ars, aks;                                                                     \
        const T *b;                                                                             \
        ptrdiff_t ldb;      /* 0: b is packed */                                                \
        T *c;                                                                                   \
        ptrdiff_t ldc;                                                                          \
        enum product_start start;                                                               \
        const T *bias;      /* PRODUCT_BIAS only */                                             \
        void (*finish)(void *context, T *c, ptrdiff_t ldc,                                      \
                       ptrdiff_t first, ptrdiff_t rows, ptrdiff_t n);                           \
        void *context;                                                                          \
    } NAME;

PRODUCT_TYPE(product_args_f32, float)
PRODUCT_TYPE(product_args_f64, double)

void product_f32(const product_args_f32 *args);
void product_f64(const product_args_f64 *args);

/* Elements (not bytes) that a pack of a k x n matrix takes, at most, at any level. The buffer
 * should start on a 64-byte boundary (only speed depends on it). */
ptrdiff_t pack_b_size(ptrdiff_t k, ptrdiff_t n);

/* Pack B[p, j] = b[p * brs + j * bcs], p < k, j < n (brs == 1 or bcs == 1 are the fast ways). */
void pack_b_f32(ptrdiff_t k, ptrdiff_t n, const float *b, ptrdiff_t brs, ptrdiff_t bcs,
                float *packed);
void pack_b_f64(ptrdiff_t k, ptrdiff_t n, const double *b, ptrdiff_t brs, ptrdiff_t bcs,
                double *packed);

/* out[j] = sum over i of x[i * ldx + j], i < m, j < n: gradient of a bias. Summed in order of i. */
void column_sums_f32(ptrdiff_t m, ptrdiff_t n, const float *x, ptrdiff_t ldx, float *out);
void column_sums_f64(ptrdiff_t m, ptrdiff_t n, const double *x, ptrdiff_t ldx, double *out);

#endif
