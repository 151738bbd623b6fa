/* Matrix products with packed right sides and an epilogue, for one number type and SIMD level.
 *
 *     C[m x n] = start + A[m x k] * B[k x n]
 *
 * T(product)(&args)      args: T(product_args), below
 * T(pack_b)              packs B, also transposed; SKX_PACK_SIZE(k, n) elements
 * T(column_sums)         gradient of a bias
 *
 * B may be given as it is, if row-major (`ldb` >= n, B[p, j] = b[p * ldb + j]), or packed
 * (`ldb` = 0, `b` filled by T(pack_b)). Packing pays where many rows of A (m over about 64) read
 * B, and it is the only way to multiply by a transposed matrix:
 *
 *     forward    X W      a = X, ars = ldx, aks = 1;    b = pack of W,   brs = ldw, bcs = 1
 *     backward   D W^T    a = D, ars = ldd, aks = 1;    b = pack of W^T, brs = 1,   bcs = ldw
 *     gradient   X^T D    a = X, ars = 1,   aks = ldx;  b = D as it is,  ldb = ldd
 *
 * `finish`, if not NULL, is called for every finished block of whole rows while it is in cache:
 * `c` points at C[first, 0]. Where ldc == n the block is one array of rows * n values. Blocks come
 * in order of rows; their size is unspecified, so what is done to a row must be the row's own
 * affair.
 *
 * Order of summation: C[i, j] is summed over p = 0 .. k-1 by fused multiply-adds, in an order that
 * depends on n, k and on which of ars, aks is 1, never on m, on i, or on how rows are divided
 * among calls and threads (a + i0 * ars, c + i0 * ldc, fewer m; one pack for all). At level 0 it is
 * the order of the BLAS.
 *
 * Nothing allocates. C must not overlap A or B. m, n and k may be 0.
 */

typedef struct {
    ptrdiff_t m, n, k;
    const REAL *a; /* A[i, p] = a[i * ars + p * aks]; ars == 1 or aks == 1 */
    ptrdiff_t ars, aks;
    const REAL *b;
    ptrdiff_t ldb; /* 0: packed */
    REAL *c;
    ptrdiff_t ldc;
    skx_start start;
    const REAL *bias; /* SKX_BIAS */
    void (*finish)(void *context, REAL *c, ptrdiff_t ldc, ptrdiff_t first, ptrdiff_t rows,
                   ptrdiff_t n);
    void *context;
} T(product_args);

static void T(product)(const T(product_args) * args);

/* packed <- B[p, j] = b[p * brs + j * bcs], p < k, j < n; brs == 1 or bcs == 1. */
static void T(pack_b)(ptrdiff_t k, ptrdiff_t n, const REAL *b, ptrdiff_t brs, ptrdiff_t bcs,
                      REAL *packed);

/* out[j] = start + sum over i of x[i * ldx + j], i < m, j < n, in order of i; SKX_ZERO, SKX_ADD. */
static void T(column_sums)(ptrdiff_t m, ptrdiff_t n, const REAL *x, ptrdiff_t ldx, skx_start start,
                           REAL *out);

/* Elements that a pack of a k x n matrix takes, at any level; speed wants it 64-byte aligned. */
#define SKX_PACK_SIZE(k, n) ((ptrdiff_t)(k) * (((ptrdiff_t)(n) + 15) / 16 * 16))
