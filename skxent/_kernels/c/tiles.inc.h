/* Products by tiles: a tile of C stays in registers while k goes by. */

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
