/* The first layer's products with rows that are sparse or stand in a table of lookups.
 *
 * A lookup field of a table stands for many columns of the expanded matrix, and is multiplied by
 * its rows w_0 .. w_{width-1} of W_1 without being expanded. A one-hot field adds one row. A
 * piecewise linear one at position p, with b = floor(p), adds V_b + (p - b) w_b, where
 * V_b = w_0 + .. + w_{b-1} is kept in a matrix of the shape of W_1. Backward, with d the gradient
 * at the row's z, the gradient of w_i is the sum of (p - b) d over the rows with b = i, plus that
 * of d over the rows with b > i: a walk from the last bin to the first with one running sum.
 */

/* ---- sums of rows of a matrix, for a few columns at a time, in registers ---- */

/* `call(vectors, tail)` for each tile of n columns: so many vectors, the last with `tail` numbers. */
#define SKX_FOR_TILES(n, call)                                                                     \
    for (ptrdiff_t column = 0; column < (n); column += 4 * VEC_N) {                                \
        ptrdiff_t left = (n) - column, tail = (left - 1) % VEC_N + 1;                              \
        switch ((left - 1) / VEC_N) {                                                              \
        case 0: call(1, tail); break;                                                              \
        case 1: call(2, tail); break;                                                              \
        case 2: call(3, tail); break;                                                              \
        case 3: call(4, tail); break;                                                              \
        default: call(4, VEC_N);                                                                   \
        }                                                                                          \
    }

INLINE VEC T(tile_load)(const REAL *row, int v, int vectors, ptrdiff_t tail)
{
    (void)tail; /* at level 0 */
    return v + 1 < vectors ? V_LOAD(row + v * VEC_N) : V_LOAD_SOME(row + v * VEC_N, tail);
}

INLINE void T(tile_store)(REAL *row, int v, int vectors, ptrdiff_t tail, VEC value)
{
    (void)tail;
    if (v + 1 < vectors)
        V_STORE(row + v * VEC_N, value);
    else
        V_STORE_SOME(row + v * VEC_N, value, tail);
}

/* z = z + factor * row */
INLINE void T(tile_fma)(VEC *sum, VEC factor, const REAL *row, int vectors, ptrdiff_t tail)
{
    UNROLL
    for (int v = 0; v < vectors; v++)
        sum[v] = V_FMA(factor, T(tile_load)(row, v, vectors, tail), sum[v]);
}

INLINE void T(tile_add)(VEC *sum, const REAL *row, int vectors, ptrdiff_t tail)
{
    UNROLL
    for (int v = 0; v < vectors; v++)
        sum[v] = sum[v] + T(tile_load)(row, v, vectors, tail);
}

/* y = y + factor * x */
static void T(add_row)(ptrdiff_t n, REAL factor, const REAL *x, REAL *y)
{
    VEC f = V_SET(factor);
    ptrdiff_t j = 0;
    for (; j + VEC_N <= n; j += VEC_N)
        V_STORE(y + j, V_FMA(f, V_LOAD(x + j), V_LOAD(y + j)));
    if (j < n)
        V_STORE_SOME(y + j, V_FMA(f, V_LOAD_SOME(x + j, n - j), V_LOAD_SOME(y + j, n - j)), n - j);
}

/* ---- sparse rows ---- */

typedef struct {
    int64_t from, to;
} T(entries);

static T(entries) T(entries_of)(const skx_inputs *in, ptrdiff_t row)
{
    return (T(entries)){T(integer)(in->indptr, in->indptr_type, row),
                        T(integer)(in->indptr, in->indptr_type, row + 1)};
}

INLINE ptrdiff_t T(entry_column)(const skx_inputs *in, int64_t e)
{
    return (ptrdiff_t)T(integer)(in->indices, in->indices_type, e);
}

INLINE REAL T(entry_value)(const skx_inputs *in, int64_t e)
{
    return in->values_type == SKX_F32 ? (REAL)((const float *)in->values)[e]
                                      : (REAL)((const double *)in->values)[e];
}

INLINE void T(sparse_tile)(const skx_inputs *in, T(entries) row, ptrdiff_t h, const REAL *w,
                           REAL *z, int vectors, ptrdiff_t tail)
{
    VEC sum[4];
    for (int v = 0; v < vectors; v++)
        sum[v] = T(tile_load)(z, v, vectors, tail);
    for (int64_t e = row.from; e < row.to; e++) {
        if (e + 8 < row.to)
            T(prefetch)(w + T(entry_column)(in, e + 8) * h);
        T(tile_fma)(sum, V_SET(T(entry_value)(in, e)), w + T(entry_column)(in, e) * h, vectors,
                    tail);
    }
    for (int v = 0; v < vectors; v++)
        T(tile_store)(z, v, vectors, tail, sum[v]);
}

/* z (m x h) += rows first .. first + m of the order, times w */
static void T(sparse_forward)(const skx_inputs *in, const skx_rows *rows, ptrdiff_t first,
                              ptrdiff_t m, ptrdiff_t h, const REAL *w, REAL *z)
{
    for (ptrdiff_t i = 0; i < m; i++) {
        T(entries) row = T(entries_of)(in, T(row_id)(rows, first + i));
#define SKX_CALL(vectors, tail)                                                                    \
    T(sparse_tile)(in, row, h, w + column, z + i * h + column, vectors, tail)
        SKX_FOR_TILES(h, SKX_CALL)
#undef SKX_CALL
    }
}

/* g (rows low .. high of the gradient of W_1) += transpose of the rows, times d */
static void T(sparse_backward)(const skx_inputs *in, const skx_rows *rows, ptrdiff_t first,
                               ptrdiff_t m, ptrdiff_t h, const REAL *d, ptrdiff_t low,
                               ptrdiff_t high, REAL *g)
{
    for (ptrdiff_t i = 0; i < m; i++) {
        T(entries) row = T(entries_of)(in, T(row_id)(rows, first + i));
        for (int64_t e = row.from; e < row.to; e++) {
            ptrdiff_t column = T(entry_column)(in, e);
            if (e + 8 < row.to)
                T(prefetch)(g + T(entry_column)(in, e + 8) * h);
            if (column >= low && column < high)
                T(add_row)(h, T(entry_value)(in, e), d + i * h, g + column * h);
        }
    }
}

/* ---- lookup fields ---- */

/* V_b = sum of w_i over i < b, for field f. */
static void T(prefix_sums)(const skx_inputs *in, ptrdiff_t f, ptrdiff_t h, const REAL *w, REAL *v)
{
    w += in->starts[f] * h;
    v += in->starts[f] * h;
    memset(v, 0, h * sizeof(REAL));
    for (ptrdiff_t b = 1; b < in->widths[f]; b++) {
        ptrdiff_t j = 0;
        for (; j + VEC_N <= h; j += VEC_N)
            V_STORE(v + b * h + j,
                    V_LOAD(v + (b - 1) * h + j) + V_LOAD(w + (b - 1) * h + j));
        for (; j < h; j++)
            v[b * h + j] = v[(b - 1) * h + j] + w[(b - 1) * h + j];
    }
}

/* What prefix_sums has for a bin, summed in the same order. */
INLINE void T(add_rows_below)(VEC *sum, int32_t bin, ptrdiff_t h, const REAL *w, int vectors,
                              ptrdiff_t tail)
{
    VEC below[4] = {V_SET(0), V_SET(0), V_SET(0), V_SET(0)};
    for (; bin > 0; bin--, w += h)
        T(tile_add)(below, w, vectors, tail);
    UNROLL
    for (int v = 0; v < vectors; v++)
        sum[v] = sum[v] + below[v];
}

INLINE void T(lookup_tile)(const skx_inputs *in, ptrdiff_t m, T(lookups) at, ptrdiff_t h,
                           const REAL *w, const REAL *prefix, REAL *z, int vectors, ptrdiff_t tail)
{
    ptrdiff_t n = in->n_fields;
    for (ptrdiff_t i = 0; i < m; i++, z += h) {
        const int32_t *bin = at.bin + i * n;
        const REAL *part = at.part + i * n;
        VEC sum[4];
        UNROLL
        for (int v = 0; v < vectors; v++)
            sum[v] = T(tile_load)(z, v, vectors, tail);
        for (ptrdiff_t f = 0; f < n; f++) {
            ptrdiff_t row = (in->starts[f] + bin[f]) * h;
            if (in->field_kinds[f] == SKX_PIECEWISE_LINEAR) {
                if (prefix)
                    T(tile_add)(sum, prefix + row, vectors, tail);
                else
                    T(add_rows_below)(sum, bin[f], h, w + in->starts[f] * h, vectors, tail);
                T(tile_fma)(sum, V_SET(part[f]), w + row, vectors, tail);
            } else if (bin[f] >= 0) {
                T(tile_add)(sum, w + row, vectors, tail);
            }
        }
        UNROLL
        for (int v = 0; v < vectors; v++)
            T(tile_store)(z, v, vectors, tail, sum[v]);
    }
}

/* z (m x h) += lookup fields of m rows, times w; without prefix sums the rows are summed here */
static void T(lookup_forward)(const skx_inputs *in, ptrdiff_t m, T(lookups) at, ptrdiff_t h,
                              const REAL *w, const REAL *prefix, REAL *z)
{
#define SKX_CALL(vectors, tail)                                                                    \
    T(lookup_tile)(in, m, at, h, w + column, prefix ? prefix + column : NULL, z + column, vectors, \
                   tail)
    SKX_FOR_TILES(h, SKX_CALL)
#undef SKX_CALL
}

/* Rows of a batch in the order of their bins of one field. */
typedef struct {
    int32_t *start; /* bin b has rows[start[b]] .. rows[start[b + 1]] */
    int32_t *rows;
} T(bins);

static void T(sort_into_bins)(const int32_t *bin, ptrdiff_t m, ptrdiff_t stride, ptrdiff_t width,
                              T(bins) to)
{
    memset(to.start, 0, (width + 2) * sizeof *to.start);
    for (ptrdiff_t i = 0; i < m; i++) /* start[b + 2]: how many; bin -1 is counted at [1] */
        to.start[bin[i * stride] + 2]++;
    to.start[1] = 0;
    for (ptrdiff_t b = 1; b <= width; b++)
        to.start[b + 1] += to.start[b];
    for (ptrdiff_t i = 0; i < m; i++)
        if (bin[i * stride] >= 0)
            to.rows[to.start[bin[i * stride] + 1]++] = (int32_t)i;
}

INLINE void T(bin_tile)(T(bins) bins, ptrdiff_t width, int linear, ptrdiff_t n_fields,
                        const REAL *part, ptrdiff_t h, const REAL *d, int add, REAL *g, int vectors,
                        ptrdiff_t tail)
{
    VEC above[4]; /* sum of d over the rows in higher bins */
    UNROLL
    for (int v = 0; v < 4; v++)
        above[v] = V_SET(0);
    for (ptrdiff_t b = width - 1; b >= 0; b--) {
        VEC here[4], inside[4]; /* sums of d, and of its parts */
        UNROLL
        for (int v = 0; v < 4; v++)
            here[v] = inside[v] = V_SET(0);
        for (int32_t r = bins.start[b]; r < bins.start[b + 1]; r++) {
            const REAL *row = d + bins.rows[r] * h;
            VEC p = V_SET(part[bins.rows[r] * n_fields]);
            UNROLL
            for (int v = 0; v < vectors; v++) {
                VEC x = T(tile_load)(row, v, vectors, tail);
                here[v] = here[v] + x;
                if (linear)
                    inside[v] = V_FMA(p, x, inside[v]);
            }
        }
        UNROLL
        for (int v = 0; v < vectors; v++) {
            VEC sum = here[v];
            if (linear)
                sum = inside[v] + above[v];
            if (add)
                sum = sum + T(tile_load)(g + b * h, v, vectors, tail);
            T(tile_store)(g + b * h, v, vectors, tail, sum);
            above[v] = above[v] + here[v];
        }
    }
}

/* g (gradient of W_1), rows of field f, = or += its columns' transpose times d (m x h) */
static void T(lookup_backward)(const skx_inputs *in, ptrdiff_t f, ptrdiff_t m, T(lookups) at,
                               ptrdiff_t h, const REAL *d, int add, T(bins) bins, REAL *g)
{
    ptrdiff_t width = in->widths[f], n = in->n_fields;
    T(sort_into_bins)(at.bin + f, m, n, width, bins);
    g += in->starts[f] * h;
#define SKX_CALL(vectors, tail)                                                                    \
    T(bin_tile)(bins, width, 1, n, at.part + f, h, d + column, add, g + column, vectors, tail)
    if (in->field_kinds[f] == SKX_PIECEWISE_LINEAR) {
        SKX_FOR_TILES(h, SKX_CALL)
        return;
    }
#undef SKX_CALL
#define SKX_CALL(vectors, tail)                                                                    \
    T(bin_tile)(bins, width, 0, n, at.part + f, h, d + column, add, g + column, vectors, tail)
    SKX_FOR_TILES(h, SKX_CALL)
#undef SKX_CALL
}
#undef SKX_FOR_TILES
