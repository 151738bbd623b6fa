/* Matrix products with an epilogue, for one number type and SIMD level.
 *
 *     C[m x n] = start + A[m x k] * B[k x n]        T(product)(&args), args: T(product_args)
 *
 * C and B are row-major, A is row-major or the transpose of a row-major matrix. Nothing is packed:
 *
 *     forward    X W      a = X, ars = ldx, aks = 1;    b = W, ldb = ldw
 *     gradient   X^T D    a = X, ars = 1,   aks = ldx;  b = D, ldb = ldd
 *     backward   D W^T    a = D, ars = ldd, aks = 1;    b = what T(transpose) made of W
 *
 * `finish`, if not NULL, is called for every finished block of whole rows while it is in cache:
 * `c` points at C[first, 0]. Where ldc == n the block is one array of rows * n values. Blocks come
 * in order of rows; their size is unspecified, so what is done to a row must be the row's own
 * affair.
 *
 * `relu` and `gate` say that finish does no more than C = max(C, 0), or C = 0 where gate <= 0: then
 * tiles may do it before they are stored, and finish is not called for them.
 *
 * Order of summation: C[i, j] is summed over p by fused multiply-adds, in an order that depends on
 * n, k and on whether ars is 1, never on m, i, j, or on how rows are divided among calls and threads
 * (a + i0 * ars, c + i0 * ldc, fewer m). It is p = 0 .. k-1, in one sum, unless ars is not 1, n is
 * at most 6 and k at least 4 n or 8 n. At level 0 it is the order of the BLAS.
 *
 * Nothing allocates. C must not overlap A or B. m, n and k may be 0.
 *
 * T(column_sums)(m, n, x, ldx, start, out)          out[j] = start + sum over i of x[i * ldx + j],
 *                                                   as if by a product with ones
 */

typedef struct {
    ptrdiff_t m, n, k;
    const REAL *a; /* A[i, p] = a[i * ars + p * aks]; ars == 1 or aks == 1 */
    ptrdiff_t ars, aks;
    const REAL *b;
    ptrdiff_t ldb;
    REAL *c;
    ptrdiff_t ldc;
    skx_start start;
    const REAL *bias; /* SKX_BIAS */
    void (*finish)(void *context, REAL *c, ptrdiff_t ldc, ptrdiff_t first, ptrdiff_t rows,
                   ptrdiff_t n);
    void *context;
    int relu;
    const REAL *gate; /* or NULL; rows as far apart as those of C */
} T(product_args);


#if SKX_LEVEL == 0

static void T(product)(const T(product_args) * g)
{
    int m = (int)g->m, n = (int)g->n, k = (int)g->k, ldb = (int)g->ldb, ldc = (int)g->ldc;
    int by_rows = g->aks == 1 && g->ars != 1; /* where both are 1, m or k is */
    ptrdiff_t least = by_rows ? g->k : g->m, stride = by_rows ? g->ars : g->aks;
    int lda = (int)(stride > least ? stride : least);
    char a_is = by_rows ? 'N' : 'T', b_is = 'N';
    REAL one = 1, keep = g->start == SKX_ZERO ? 0 : 1;
    if (m == 0 || n == 0)
        return;
    for (ptrdiff_t i = 0; i < m && (k == 0 || g->start == SKX_BIAS); i++)
        for (ptrdiff_t j = 0; j < n && g->start != SKX_ADD; j++)
            g->c[i * g->ldc + j] = g->start == SKX_BIAS ? g->bias[j] : 0;
    if (k > 0) /* row-major C = A B is, to a BLAS, column-major C^T = B^T A^T */
        BLAS(&b_is, &a_is, &n, &m, &k, &one, (REAL *)g->b, &ldb, (REAL *)g->a, &lda, &keep, g->c,
             &ldc);
    if (g->finish)
        g->finish(g->context, g->c, g->ldc, 0, g->m, g->n);
}

#else

#include "tiles.inc.h"

#include "dots.inc.h"

static void T(product)(const T(product_args) * g)
{
    void (*part)(const T(product_args) *, ptrdiff_t, ptrdiff_t) = T(product_rows);
    ptrdiff_t block = T(near_rows), finished = 0;
    if (g->m == 0 || g->n == 0)
        return;
    if (g->aks == 1 && g->ars != 1 && g->n <= T(few) &&
        g->k >= T(many_terms) * g->n) { /* must not depend on m */
        part = T(product_dots);
        block = g->m;
    } else if (g->aks != 1 && g->n <= T(narrow) && g->m > VEC_N) {
        ptrdiff_t parts = (g->m + T(narrow_rows) - 1) / T(narrow_rows);
        part = T(product_narrow);
        block = ((g->m + parts - 1) / parts + VEC_N / 2 - 1) / (VEC_N / 2) * (VEC_N / 2);
    } else if (T(scattered)(g->ldb, g->k) || T(scattered)(g->aks, g->k)) {
        block = T(far_rows);
    }
    const int fused = part == T(product_rows) && (g->relu || g->gate);
    for (ptrdiff_t i = 0, end; i < g->m; i = end) {
        end = i + block < g->m ? i + block : g->m;
        part(g, i, end - i);
        if (g->finish && !fused && ((end - finished) * g->n >= 4096 || end == g->m)) {
            g->finish(g->context, g->c + finished * g->ldc, g->ldc, finished, end - finished, g->n);
            finished = end;
        }
    }
}

#undef WIDEST
#undef TALLEST
#undef SCATTERED

#endif

/* ---- Sums of columns ---- */

static void T(column_sums)(ptrdiff_t m, ptrdiff_t n, const REAL *x, ptrdiff_t ldx, skx_start start,
                           REAL *out)
{
#if SKX_LEVEL == 0
    for (ptrdiff_t j = 0; j < n && start == SKX_ZERO; j++)
        out[j] = 0;
    for (ptrdiff_t i = 0; i < m; i++)
        for (ptrdiff_t j = 0; j < n; j++)
            out[j] += x[i * ldx + j];
#else
    const REAL one = 1; /* the transpose of a column of ones */
    T(product)(&(T(product_args)){.m = 1, .n = n, .k = m, .a = &one, .ars = 1, .aks = 0, .b = x,
                                  .ldb = ldx, .c = out, .ldc = n, .start = start});
#endif
}
