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
 * T(transpose)(rows, columns, x, ldx, out, ldo)     out[j * ldo + i] = x[i * ldx + j]
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

/* ---- Transposition ---- */

#if SKX_LEVEL == 0

enum { T(side) = 8 };

INLINE void T(transpose_square)(const int whole, ptrdiff_t rows, ptrdiff_t columns, const REAL *x,
                                ptrdiff_t ldx, REAL *out, ptrdiff_t ldo)
{
    rows = whole ? T(side) : rows;
    columns = whole ? T(side) : columns;
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < columns; j++)
            out[j * ldo + i] = x[i * ldx + j];
}

#else

enum { T(side) = SHORT_N };

/* A square, or less of it: in two steps within 16 bytes and one between them. */
INLINE void T(transpose_square)(const int whole, ptrdiff_t rows, ptrdiff_t columns, const REAL *x,
                                ptrdiff_t ldx, REAL *out, ptrdiff_t ldo)
{
    const int n = SHORT_N;
    SHORT r[SHORT_N], s[SHORT_N];
    UNROLL for (int i = 0; i < n; i++)
        r[i] = whole ? S_OP(loadu)(x + i * ldx)
                     : i < rows ? S_LOAD_SOME(x + i * ldx, columns) : S_OP(set1)(0);
    UNROLL for (int i = 0; i < n / 2; i++)
    {
        s[i] = S_OP(permute2f128)(r[i], r[i + n / 2], 0x20);
        s[i + n / 2] = S_OP(permute2f128)(r[i], r[i + n / 2], 0x31);
    }
    UNROLL for (int i = 0; i < n; i += 2)
    {
        r[i] = S_OP(unpacklo)(s[i], s[i + 1]);
        r[i + 1] = S_OP(unpackhi)(s[i], s[i + 1]);
    }
#if REAL_BITS == 32
    UNROLL for (int i = 0; i < n; i += 4)
    {
        s[i] = _mm256_shuffle_ps(r[i], r[i + 2], 0x44);
        s[i + 1] = _mm256_shuffle_ps(r[i], r[i + 2], 0xee);
        s[i + 2] = _mm256_shuffle_ps(r[i + 1], r[i + 3], 0x44);
        s[i + 3] = _mm256_shuffle_ps(r[i + 1], r[i + 3], 0xee);
    }
#define TURNED s
#else
#define TURNED r
#endif
    UNROLL for (int j = 0; j < n; j++)
    {
        if (whole)
            S_OP(storeu)(out + j * ldo, TURNED[j]);
        else if (j < columns)
            S_STORE_SOME(out + j * ldo, TURNED[j], rows);
    }
#undef TURNED
}

#endif

MAYBE_UNUSED static void T(transpose)(ptrdiff_t rows, ptrdiff_t columns, const REAL *x,
                                      ptrdiff_t ldx, REAL *out, ptrdiff_t ldo)
{
    const ptrdiff_t side = T(side);
    for (ptrdiff_t i = 0; i < rows; i += 2 * side) /* two at a time write whole cache lines */
        for (ptrdiff_t j = 0; j < columns; j += side)
            for (ptrdiff_t u = i; u < i + 2 * side && u < rows; u += side) {
                const REAL *from = x + u * ldx + j;
                REAL *to = out + j * ldo + u;
                if (u + side <= rows && j + side <= columns)
                    T(transpose_square)(1, side, side, from, ldx, to, ldo);
                else
                    T(transpose_square)(0, rows - u < side ? rows - u : side,
                                        columns - j < side ? columns - j : side, from, ldx, to,
                                        ldo);
            }
}

/* ---- Product ---- */

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

/* ---- The microkernel: a tile of C stays in registers while k goes by ---- */

#if SKX_LEVEL == 512
#define WIDEST 4       /* vectors in a row of the widest tile */
#define SCATTERED 4096 /* bytes from row to row */
#else
#define WIDEST 2
#define SCATTERED 2048
#endif
#define TALLEST 12

/* Rows of C in a block; also where rows of A or B are far apart. Then k goes in parts, and from so
 * many rows of C on, the part of B that a tile reads is copied first. */
enum { T(near_rows) = 48, T(far_rows) = 384, T(copying_rows) = 128, T(copied_depth) = 256 };

typedef struct {
    ptrdiff_t k;
    const REAL *a;
    ptrdiff_t ars, aks;
    const REAL *b;
    ptrdiff_t ldb;
    const REAL *start;
    ptrdiff_t start_stride;
    REAL *c;
    ptrdiff_t ldc;
    ptrdiff_t last; /* columns of the last vector (or half vector) */
    REAL least;     /* of C: 0 or -inf */
    const REAL *gate;
} T(tile_args);

INLINE VEC T(gated)(VEC x, VEC gate)
{
    return V_SELECT(V_LESS(V_SET(0), gate), x, V_SET(0));
}

/* `rows` rows of `full` vectors and, where `half`, half a vector. The last one of all these has
 * `last` columns; where it is `whole`, the machine need not be told which. */
INLINE void T(tile)(const int rows, const int full, const int half, const int whole,
                    const T(tile_args) * g)
{
    const int sure = half || whole ? full : full - 1; /* vectors without a mask */
    const ptrdiff_t k = g->k, ars = g->ars, aks = g->aks, ldb = g->ldb, last = g->last;
    const REAL *a = g->a, *b = g->b;
    VEC sum[TALLEST][WIDEST];
    HALF rest[TALLEST];

    UNROLL for (int i = 0; i < rows; i++)
    {
        const REAL *start = g->start + i * g->start_stride;
        UNROLL for (int j = 0; j < full; j++)
            sum[i][j] = j < sure ? V_LOAD(start + j * VEC_N) : V_LOAD_SOME(start + j * VEC_N, last);
        if (half)
            rest[i] = H_LOAD_SOME(start + full * VEC_N, last);
    }
    for (ptrdiff_t p = 0; p < k; p++, a += aks, b += ldb) {
        VEC row[WIDEST];
        HALF row_rest;
        UNROLL for (int j = 0; j < full; j++)
            row[j] = j < sure ? V_LOAD(b + j * VEC_N) : V_LOAD_SOME(b + j * VEC_N, last);
        if (half)
            row_rest = H_LOAD_SOME(b + full * VEC_N, last);
        UNROLL for (int i = 0; i < rows; i++)
        {
            const VEC factor = V_SET(a[i * ars]);
            UNROLL for (int j = 0; j < full; j++)
                sum[i][j] = V_FMA(factor, row[j], sum[i][j]);
            if (half)
                rest[i] = H_FMA(H_OF(factor), row_rest, rest[i]);
        }
    }
    UNROLL for (int i = 0; i < rows; i++)
    {
        UNROLL for (int j = 0; j < full; j++)
            sum[i][j] = V_AT_LEAST(sum[i][j], V_SET(g->least));
        if (half)
            rest[i] = H_AT_LEAST(rest[i], H_SET(g->least));
    }
    if (g->gate)
        UNROLL for (int i = 0; i < rows; i++)
    {
        const REAL *gate = g->gate + i * g->ldc;
        UNROLL for (int j = 0; j < full; j++)
            sum[i][j] = T(gated)(sum[i][j], j < sure ? V_LOAD(gate + j * VEC_N)
                                                     : V_LOAD_SOME(gate + j * VEC_N, last));
        if (half)
            rest[i] = H_GATED(rest[i], H_LOAD_SOME(gate + full * VEC_N, last));
    }
    UNROLL for (int i = 0; i < rows; i++)
    {
        REAL *c = g->c + i * g->ldc;
        UNROLL for (int j = 0; j < sure; j++)
            V_STORE(c + j * VEC_N, sum[i][j]);
        if (half)
            H_STORE_SOME(c + full * VEC_N, rest[i], last);
        else if (!whole)
            V_STORE_SOME(c + sure * VEC_N, sum[i][sure], last);
    }
}

#define TILE(rows, full, half, whole)                                                              \
    static void T(tile_##rows##_##full##_##half##_##whole)(const T(tile_args) * g)                 \
    {                                                                                              \
        T(tile)(rows, full, half, whole, g);                                                       \
    }
#define TILES_12(full, half)                                                                       \
    TILE(12, full, half, 0) TILE(8, full, half, 0) TILE(4, full, half, 0) TILE(2, full, half, 0)   \
    TILE(1, full, half, 0)
#define TILES_8(full, half)                                                                        \
    TILE(8, full, half, 0) TILE(5, full, half, 0) TILE(4, full, half, 0) TILE(2, full, half, 0)    \
    TILE(1, full, half, 0)
#define TILES_6(full, half, whole)                                                                 \
    TILE(6, full, half, whole) TILE(5, full, half, whole) TILE(4, full, half, whole)               \
    TILE(3, full, half, whole) TILE(2, full, half, whole) TILE(1, full, half, whole)

TILES_12(0, 1)
TILES_12(1, 0)
#if SKX_LEVEL == 512
TILES_12(1, 1)
TILES_12(2, 0)
TILES_8(2, 1)
TILES_8(3, 0)
TILES_6(3, 1, 0)
#else
TILES_6(1, 1, 0)
#endif
TILES_6(WIDEST, 0, 0)
TILES_6(WIDEST, 0, 1)

typedef struct {
    int rows;
    void (*run)(const T(tile_args) * g);
} T(height);

#define HEIGHT(rows, full, half, whole) {rows, T(tile_##rows##_##full##_##half##_##whole)}
#define HEIGHTS_12(full, half)                                                                     \
    {HEIGHT(12, full, half, 0), HEIGHT(8, full, half, 0), HEIGHT(4, full, half, 0),                \
     HEIGHT(2, full, half, 0), HEIGHT(1, full, half, 0)}
#define HEIGHTS_8(full, half)                                                                      \
    {HEIGHT(8, full, half, 0), HEIGHT(5, full, half, 0), HEIGHT(4, full, half, 0),                 \
     HEIGHT(2, full, half, 0), HEIGHT(1, full, half, 0)}
#define HEIGHTS_6(full, half, whole)                                                               \
    {HEIGHT(6, full, half, whole), HEIGHT(5, full, half, whole), HEIGHT(4, full, half, whole),     \
     HEIGHT(3, full, half, whole), HEIGHT(2, full, half, whole), HEIGHT(1, full, half, whole)}

/* The tiles by width: 1, 2 ... half vectors, the last of them partly there; then the widest,
 * whole. For each the heights there are, the greatest first. */
static const T(height) T(heights)[2 * WIDEST + 1][6] = {
    HEIGHTS_12(0, 1), HEIGHTS_12(1, 0),
#if SKX_LEVEL == 512
    HEIGHTS_12(1, 1), HEIGHTS_12(2, 0), HEIGHTS_8(2, 1), HEIGHTS_8(3, 0), HEIGHTS_6(3, 1, 0),
#else
    HEIGHTS_6(1, 1, 0),
#endif
    HEIGHTS_6(WIDEST, 0, 0), HEIGHTS_6(WIDEST, 0, 1),
};

INLINE void T(copy_rows)(ptrdiff_t rows, ptrdiff_t columns, const REAL *x, ptrdiff_t ldx, REAL *out,
                         ptrdiff_t ldo)
{
    for (ptrdiff_t i = 0; i < rows; i++, x += ldx, out += ldo)
        for (ptrdiff_t j = 0; j < columns; j += VEC_N) {
            ptrdiff_t count = columns - j < VEC_N ? columns - j : VEC_N;
            V_STORE(out + j, V_LOAD_SOME(x + j, count));
        }
}

/* Rows so far apart fall into few sets of the caches, and each in its own page. */
INLINE int T(scattered)(ptrdiff_t stride, ptrdiff_t count)
{
    return stride * (ptrdiff_t)sizeof(REAL) >= SCATTERED && count > 64;
}

/* Rows first .. first + rows - 1 of C. */
static void T(product_rows)(const T(product_args) * g, ptrdiff_t first, ptrdiff_t rows)
{
    static const REAL zeros[WIDEST * VEC_N];
    REAL b_copy[T(copied_depth) * WIDEST * VEC_N];
    const int copy_b = rows >= T(copying_rows) && T(scattered)(g->ldb, g->k);
    const ptrdiff_t depth = copy_b || T(scattered)(g->aks, g->k) ? T(copied_depth) : g->k + 1;
    T(tile_args) tile = {.ars = g->ars, .aks = g->aks, .ldc = g->ldc};
    for (ptrdiff_t p = 0; p < g->k || p == 0; p += depth) {
        const skx_start from = p ? SKX_ADD : g->start;
        tile.k = g->k - p < depth ? g->k - p : depth;
        tile.start_stride = from == SKX_ADD ? g->ldc : 0;
        const int finishing = p + depth >= g->k;
        tile.least = finishing && g->relu ? 0 : -INFINITY;
        for (ptrdiff_t j = 0, columns; j < g->n; j += columns) {
            columns = g->n - j < WIDEST * VEC_N ? g->n - j : WIDEST * VEC_N;
            const ptrdiff_t width = columns < WIDEST * VEC_N ? (columns - 1) / (VEC_N / 2)
                                                             : 2 * WIDEST;
            const T(height) *height = T(heights)[width];
            tile.last = columns - (width - width % 2) * (VEC_N / 2);
            tile.b = g->b + p * g->ldb + j;
            tile.ldb = g->ldb;
            if (copy_b) {
                T(copy_rows)(tile.k, columns, tile.b, g->ldb, b_copy, WIDEST * VEC_N);
                tile.b = b_copy;
                tile.ldb = WIDEST * VEC_N;
            }
            for (ptrdiff_t i = first; i < first + rows; i += height->rows) {
                while (height->rows > first + rows - i)
                    height++;
                tile.a = g->a + i * g->ars + p * g->aks;
                tile.c = g->c + i * g->ldc + j;
                tile.gate = finishing && g->gate ? g->gate + i * g->ldc + j : NULL;
                tile.start = from == SKX_ADD ? tile.c : from == SKX_BIAS ? g->bias + j : zeros;
                height->run(&tile);
            }
        }
    }
}

/* The same for a transposed A and a narrow B, by way of C^T = B^T A^T: rows of C are columns of a
 * tile, so that its vectors are full. The sums are the same to the last bit. */
enum { T(narrow) = 12, T(narrow_rows) = WIDEST * VEC_N };

static void T(product_narrow)(const T(product_args) * g, ptrdiff_t first, ptrdiff_t rows)
{
    REAL turned[T(narrow) * T(narrow_rows)], *c = g->c + first * g->ldc;
    T(product_args) swapped = {.m = g->n, .n = rows, .k = g->k, .a = g->b, .ars = 1, .aks = g->ldb,
                               .b = g->a + first, .ldb = g->aks, .c = turned, .ldc = rows,
                               .start = g->start == SKX_ZERO ? SKX_ZERO : SKX_ADD};
    if (g->start != SKX_ZERO)
        for (ptrdiff_t j = 0; j < g->n; j++)
            for (ptrdiff_t i = 0; i < rows; i++)
                turned[j * rows + i] = g->start == SKX_BIAS ? g->bias[j] : c[i * g->ldc + j];
    T(product_rows)(&swapped, 0, g->n);
    T(transpose)(g->n, rows, turned, rows, c, g->ldc);
}

/* ---- A few columns, many terms: vectors along k, their lanes added up at the end ---- */

enum {
    T(few) = 6,
    T(dot_depth) = 512,
    T(many_terms) = SKX_LEVEL == 512 && REAL_BITS == 32 ? 4 : 8, /* for each column */
};

/* The sums of the lanes of four vectors, each by halves of halves. */
INLINE void T(lane_sums)(const SHORT *v, REAL *out)
{
#if REAL_BITS == 32
    __m256 low = _mm256_hadd_ps(v[0], v[1]), high = _mm256_hadd_ps(v[2], v[3]);
    __m256 both = _mm256_hadd_ps(low, high);
    _mm_storeu_ps(out, _mm256_castps256_ps128(both) + _mm256_extractf128_ps(both, 1));
#else
    __m256d low = _mm256_hadd_pd(v[0], v[1]), high = _mm256_hadd_pd(v[2], v[3]);
    _mm256_storeu_pd(out, _mm256_permute2f128_pd(low, high, 0x20) +
                              _mm256_permute2f128_pd(low, high, 0x31));
#endif
}

typedef struct {
    ptrdiff_t k;
    const REAL *a, *b; /* b transposed: row j, of T(dot_depth), is column j of B */
    ptrdiff_t ars;
    REAL *c;
    ptrdiff_t ldc;
    skx_start start;
    const REAL *bias;
} T(dot_args);

INLINE void T(dot)(const int rows, const int columns, const T(dot_args) * g, ptrdiff_t first)
{
    const REAL *a = g->a + first * g->ars;
    REAL *c = g->c + first * g->ldc;
    SHORT sum[4 * T(few)], term[4]; /* sums row by row */
    REAL total[4 * T(few)];
    UNROLL for (int s = 0; s < 4 * T(few); s++)
        sum[s] = S_OP(set1)(0);
    ptrdiff_t p = 0;
    for (; p + SHORT_N <= g->k; p += SHORT_N) {
        UNROLL for (int i = 0; i < rows; i++)
            term[i] = S_OP(loadu)(a + i * g->ars + p);
        UNROLL for (int j = 0; j < columns; j++)
        {
            SHORT b = S_OP(loadu)(g->b + j * T(dot_depth) + p);
            UNROLL for (int i = 0; i < rows; i++)
                sum[i * columns + j] = S_OP(fmadd)(term[i], b, sum[i * columns + j]);
        }
    }
    if (p < g->k) {
        UNROLL for (int i = 0; i < rows; i++)
            term[i] = S_LOAD_SOME(a + i * g->ars + p, g->k - p);
        UNROLL for (int j = 0; j < columns; j++)
        {
            SHORT b = S_LOAD_SOME(g->b + j * T(dot_depth) + p, g->k - p);
            UNROLL for (int i = 0; i < rows; i++)
                sum[i * columns + j] = S_OP(fmadd)(term[i], b, sum[i * columns + j]);
        }
    }
    UNROLL for (int s = 0; s < rows * columns; s += 4)
        T(lane_sums)(sum + s, total + s);
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < columns; j++)
        {
            REAL *at = c + i * g->ldc + j;
            REAL from = g->start == SKX_ADD ? *at : g->start == SKX_BIAS ? g->bias[j] : 0;
            *at = from + total[i * columns + j];
        }
}

#define DOTS(columns, rows)                                                                        \
    static void T(dots_##columns)(const T(dot_args) * g, ptrdiff_t first, ptrdiff_t count)         \
    {                                                                                              \
        ptrdiff_t i = first, end = first + count;                                                  \
        for (; i + rows <= end; i += rows)                                                         \
            T(dot)(rows, columns, g, i);                                                           \
        for (; i < end; i++)                                                                       \
            T(dot)(1, columns, g, i);                                                              \
    }
#if SKX_LEVEL == 512
DOTS(1, 4) DOTS(2, 4) DOTS(3, 4) DOTS(4, 4) DOTS(5, 4) DOTS(6, 4)
#else
DOTS(1, 4) DOTS(2, 4) DOTS(3, 4) DOTS(4, 2) DOTS(5, 2) DOTS(6, 2)
#endif
#undef DOTS

static void T(product_dots)(const T(product_args) * g, ptrdiff_t first, ptrdiff_t rows)
{
    static void (*const dots[T(few)])(const T(dot_args) *, ptrdiff_t, ptrdiff_t) = {
        T(dots_1), T(dots_2), T(dots_3), T(dots_4), T(dots_5), T(dots_6)};
    REAL b[T(few) * T(dot_depth)];
    T(dot_args) args = {.b = b, .ars = g->ars, .c = g->c, .ldc = g->ldc, .start = g->start,
                        .bias = g->bias};
    for (ptrdiff_t p = 0; p < g->k; p += T(dot_depth)) {
        args.k = g->k - p < T(dot_depth) ? g->k - p : T(dot_depth);
        args.a = g->a + p;
        for (ptrdiff_t u = 0; u < args.k; u++)
            for (ptrdiff_t j = 0; j < g->n; j++)
                b[j * T(dot_depth) + u] = g->b[(p + u) * g->ldb + j];
        dots[g->n - 1](&args, first, rows);
        args.start = SKX_ADD;
    }
}

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
