/* The first layer's products with sparse rows. */

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
