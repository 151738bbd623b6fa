/* The first layer's products with the lookup fields of a table.
 *
 * A lookup field stands for many columns of the expanded matrix, and is multiplied by its rows
 * w_0 .. w_{width-1} of W_1 without being expanded. A one-hot field adds one row. A piecewise linear
 * one at position p, with b = floor(p), adds (1 - p + b) V_b + (p - b) V_{b+1}, where
 * V_b = w_0 + .. + w_{b-1}. Backward, with d the gradient at the row's z, the gradient of w_i is the
 * sum of (p - b) d over the rows with b = i, plus that of d over the rows with b > i: a walk from the
 * last bin to the first with one running sum.
 *
 * All this is done by strips of a few columns. What is looked up is copied strip by strip, so that
 * the rows of a strip, for some fields at a time, lie close together and stay in the nearest cache
 * while the rows of the block go by; and so is d.
 */

enum {
    T(STRIP_VECTORS) = SKX_LEVEL ? 4 : 16,
    T(STRIP) = T(STRIP_VECTORS) * VEC_N, /* columns */
    T(NEAR) = 24 * 1024,                 /* bytes of the rows of some fields, of a strip */
    T(COPIED) = 256,                     /* levels of a field that are worth a copy */
    T(TOGETHER) = SKX_LEVEL == 512 ? 4 : SKX_LEVEL ? 2 : 1, /* rows, as many as registers hold */
};

/* What is looked up: of a piecewise linear field V_0 .. V_width, of a one-hot field a row of zeros,
 * for no level, and then its rows of W_1. */
typedef struct {
    REAL *rows;       /* strip by strip, n_rows each; NULL for few rows: they are summed then */
    ptrdiff_t *first; /* of each field: the row of bin 0; -1 where the levels are not copied */
    ptrdiff_t n_rows;
} T(strips);

/* Where the rows of each field will stand. */
static void T(place_strips)(const skx_inputs *in, T(strips) * strips)
{
    strips->n_rows = 0;
    for (ptrdiff_t f = 0; f < in->n_fields; f++) {
        int one_hot = in->field_kinds[f] == SKX_ONE_HOT;
        strips->first[f] = -1;
        if (one_hot && in->widths[f] > T(COPIED))
            continue;
        strips->first[f] = strips->n_rows + one_hot;
        strips->n_rows += in->widths[f] + 1;
    }
}

/* How many numbers strips of so many rows of h columns have. */
static ptrdiff_t T(strips_size)(ptrdiff_t n_rows, ptrdiff_t h)
{
    return (h + T(STRIP) - 1) / T(STRIP) * T(STRIP) * n_rows;
}

/* Vector v of a strip in a row of `left` columns from there on, zeros after them. */
INLINE VEC T(strip_load)(const REAL *row, int v, ptrdiff_t left, const int whole)
{
    ptrdiff_t count = left - v * VEC_N;
    if (whole || count >= VEC_N)
        return V_LOAD(row + v * VEC_N);
    return count > 0 ? V_LOAD_SOME(row + v * VEC_N, count) : V_SET(0);
}

INLINE void T(strip_store)(REAL *row, int v, ptrdiff_t left, const int whole, VEC value)
{
    ptrdiff_t count = left - v * VEC_N;
    if (whole || count >= VEC_N)
        V_STORE(row + v * VEC_N, value);
    else if (count > 0)
        V_STORE_SOME(row + v * VEC_N, value, count);
}

/* Copies or sums up the rows of field f. */
static void T(fill_strips)(const skx_inputs *in, ptrdiff_t f, ptrdiff_t h, const REAL *w,
                           const T(strips) * strips)
{
    int one_hot = in->field_kinds[f] == SKX_ONE_HOT;
    w += in->starts[f] * h;
    if (strips->first[f] < 0)
        return;
    for (ptrdiff_t column = 0; column < h; column += T(STRIP)) {
        REAL *to = strips->rows + column * strips->n_rows +
                   (strips->first[f] - one_hot) * T(STRIP);
        VEC sum[T(STRIP_VECTORS)];
        UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
        {
            sum[v] = V_SET(0);
            V_STORE(to + v * VEC_N, sum[v]);
        }
        for (ptrdiff_t b = 0; b < in->widths[f]; b++) {
            to += T(STRIP);
            UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
            {
                VEC row = T(strip_load)(w + b * h + column, v, h - column, 0);
                sum[v] = row + (one_hot ? V_SET(0) : sum[v]);
                V_STORE(to + v * VEC_N, sum[v]);
            }
        }
    }
}

/* ---- forward ---- */

typedef struct {
    const skx_inputs *in;
    const T(strips) * strips;
    ptrdiff_t from, to; /* fields */
    ptrdiff_t h, column;
    const REAL *w;
    REAL least; /* of z: 0 or -inf */
} T(look_up_args);

/* One strip of z of `rows` rows that stand together, from number `lane` on, for some fields. */
INLINE void T(look_up)(const int rows, const int whole, const T(look_up_args) * g, T(lookups) at,
                       ptrdiff_t lane, REAL *z)
{
    const ptrdiff_t left = g->h - g->column;
    const REAL *strip = g->strips->rows + g->column * g->strips->n_rows;
    VEC sum[T(TOGETHER)][T(STRIP_VECTORS)];
    z += g->column;
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
            sum[r][v] = T(strip_load)(z + r * g->h, v, left, whole);
    for (ptrdiff_t f = g->from; f < g->to; f++) {
        const int32_t *bin = at.bin + f * T(ABREAST) + lane;
        const REAL *part = at.part + f * T(ABREAST) + lane, *rest = at.rest + f * T(ABREAST) + lane;
        const REAL *field = strip + g->strips->first[f] * T(STRIP);
        if (g->in->field_kinds[f] == SKX_PIECEWISE_LINEAR) {
            UNROLL for (int r = 0; r < rows; r++)
            {
                const REAL *row = field + bin[r] * (ptrdiff_t)T(STRIP);
                const VEC p = V_SET(part[r]), q = V_SET(rest[r]);
                UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
                    sum[r][v] = V_FMA(q, V_LOAD(row + v * VEC_N), sum[r][v]);
                UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
                    sum[r][v] = V_FMA(p, V_LOAD(row + T(STRIP) + v * VEC_N), sum[r][v]);
            }
        } else if (g->strips->first[f] >= 0) {
            UNROLL for (int r = 0; r < rows; r++)
            {
                const REAL *row = field + bin[r] * (ptrdiff_t)T(STRIP);
                UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
                    sum[r][v] = sum[r][v] + V_LOAD(row + v * VEC_N);
            }
        } else {
            UNROLL for (int r = 0; r < rows; r++)
            {
                const REAL *row = g->w + (g->in->starts[f] + bin[r]) * g->h + g->column;
                if (bin[r] >= 0)
                    UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
                        sum[r][v] = sum[r][v] + T(strip_load)(row, v, left, whole);
            }
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
            T(strip_store)(z + r * g->h, v, left, whole, V_AT_LEAST(sum[r][v], V_SET(g->least)));
}

static void T(look_up_all)(const T(look_up_args) * g, ptrdiff_t m, T(lookups) all, REAL *z)
{
    const int whole = g->h - g->column >= T(STRIP);
    for (ptrdiff_t i = 0; i < m; i += T(ABREAST), z += T(ABREAST) * g->h) {
        T(lookups) at = T(lookups_from)(&all, i, g->in->n_fields);
        ptrdiff_t rows = m - i < T(ABREAST) ? m - i : T(ABREAST), r = 0;
        for (; whole && r + T(TOGETHER) <= rows; r += T(TOGETHER))
            T(look_up)(T(TOGETHER), 1, g, at, r, z + r * g->h);
        for (; r < rows; r++)
            T(look_up)(1, 0, g, at, r, z + r * g->h);
    }
}

/* For few rows: the same sums, of rows of W_1 as they are. */
INLINE void T(look_up_few)(const skx_inputs *in, ptrdiff_t m, T(lookups) at, ptrdiff_t h,
                           const REAL *w, REAL least, REAL *z, int vectors, ptrdiff_t tail)
{
    ptrdiff_t n = in->n_fields;
    for (ptrdiff_t i = 0; i < m; i++, z += h) {
        const ptrdiff_t lanes = i / T(ABREAST) * n * T(ABREAST) + i % T(ABREAST);
        VEC sum[4];
        UNROLL for (int v = 0; v < vectors; v++)
            sum[v] = T(tile_load)(z, v, vectors, tail);
        for (ptrdiff_t f = 0; f < n; f++) {
            const REAL *row = w + in->starts[f] * h;
            const ptrdiff_t lane = lanes + f * T(ABREAST), bin = at.bin[lane];
            if (in->field_kinds[f] == SKX_PIECEWISE_LINEAR) {
                const VEC p = V_SET(at.part[lane]), q = V_SET(at.rest[lane]);
                VEC below[4] = {V_SET(0), V_SET(0), V_SET(0), V_SET(0)};
                for (ptrdiff_t b = 0; b < bin; b++, row += h)
                    T(tile_add)(below, row, vectors, tail);
                UNROLL for (int v = 0; v < vectors; v++)
                {
                    VEC above = below[v] + T(tile_load)(row, v, vectors, tail);
                    sum[v] = V_FMA(p, above, V_FMA(q, below[v], sum[v]));
                }
            } else if (bin >= 0) {
                T(tile_add)(sum, row + bin * h, vectors, tail);
            } else {
                UNROLL for (int v = 0; v < vectors; v++)
                    sum[v] = sum[v] + V_SET(0);
            }
        }
        UNROLL for (int v = 0; v < vectors; v++)
            T(tile_store)(z, v, vectors, tail, V_AT_LEAST(sum[v], V_SET(least)));
    }
}

/* z (m x h) += lookup fields of m rows, times w; then z = max(z, least) */
static void T(lookup_forward)(const skx_inputs *in, ptrdiff_t m, T(lookups) at, ptrdiff_t h,
                              const REAL *w, const T(strips) * strips, REAL least, REAL *z)
{
    if (!strips->rows) {
#define SKX_CALL(vectors, tail)                                                                    \
    T(look_up_few)(in, m, at, h, w + column, least, z + column, vectors, tail)
        SKX_FOR_TILES(h, SKX_CALL)
#undef SKX_CALL
        return;
    }
    T(look_up_args) g = {.in = in, .strips = strips, .h = h, .w = w};
    for (; g.from < in->n_fields; g.from = g.to) {
        ptrdiff_t bytes = 0;
        for (g.to = g.from; g.to < in->n_fields && (bytes < T(NEAR) || g.to == g.from); g.to++)
            bytes += strips->first[g.to] < 0
                         ? 0
                         : in->widths[g.to] * T(STRIP) * (ptrdiff_t)sizeof(REAL);
        g.least = g.to == in->n_fields ? least : -INFINITY;
        for (g.column = 0; g.column < h; g.column += T(STRIP))
            T(look_up_all)(&g, m, at, z);
    }
}

/* ---- backward ---- */

/* Copies m rows of d (m x h) to their places `row` .. among `n_rows` in strips. */
static void T(cut_into_strips)(ptrdiff_t m, ptrdiff_t h, const REAL *d, ptrdiff_t row,
                               ptrdiff_t n_rows, REAL *strips)
{
    for (ptrdiff_t column = 0; column < h; column += T(STRIP)) {
        REAL *to = strips + column * n_rows + row * T(STRIP);
        for (ptrdiff_t i = 0; i < m; i++)
            UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
                V_STORE(to + i * T(STRIP) + v * VEC_N,
                        T(strip_load)(d + i * h + column, v, h - column, 0));
    }
}

/* Rows of a block in the order of their bins of one field. */
typedef struct {
    int32_t *start; /* bin b has those from start[b] to before start[b + 1] */
    int32_t *at;    /* where each row stands in a strip */
    REAL *parts;
} T(bins);

/* The bins are those of one field, among n. */
static void T(sort_into_bins)(const int32_t *bin, const REAL *part, ptrdiff_t m, ptrdiff_t n,
                              ptrdiff_t width, T(bins) to)
{
    const ptrdiff_t step = n * T(ABREAST);
    memset(to.start, 0, (width + 2) * sizeof *to.start);
    for (ptrdiff_t i = 0; i < m; i += T(ABREAST)) /* start[b + 2]: how many; -1 counts at [1] */
        for (ptrdiff_t r = 0; r < T(ABREAST) && i + r < m; r++)
            to.start[bin[i / T(ABREAST) * step + r] + 2]++;
    to.start[1] = 0;
    for (ptrdiff_t b = 1; b <= width; b++)
        to.start[b + 1] += to.start[b];
    for (ptrdiff_t i = 0; i < m; i += T(ABREAST), bin += step, part += step)
        for (ptrdiff_t r = 0; r < T(ABREAST) && i + r < m; r++)
            if (bin[r] >= 0) {
                int32_t at = to.start[bin[r] + 1]++;
                to.at[at] = (int32_t)((i + r) * T(STRIP));
                to.parts[at] = part[r];
            }
}

/* The rows of a bin from r on, so many, are added to their sums. */
INLINE void T(add_to_bin)(const int rows, const int linear, T(bins) bins, int32_t r, const REAL *d,
                          VEC (*here)[T(STRIP_VECTORS)], VEC (*inside)[T(STRIP_VECTORS)])
{
    UNROLL for (int k = 0; k < rows; k++)
    {
        const REAL *row = d + bins.at[r + k];
        const VEC p = V_SET(bins.parts[r + k]);
        UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
        {
            VEC x = V_LOAD(row + v * VEC_N);
            here[k][v] = here[k][v] + x;
            if (linear)
                inside[k][v] = V_FMA(p, x, inside[k][v]);
        }
    }
}

/* One strip of the gradient of one field's rows of W_1. */
INLINE void T(bin_strip)(const int linear, T(bins) bins, ptrdiff_t width, ptrdiff_t h,
                         ptrdiff_t left, const REAL *d, int add, REAL *g)
{
    VEC above[T(STRIP_VECTORS)]; /* sum of d over the rows in higher bins */
    UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
        above[v] = V_SET(0);
    for (ptrdiff_t b = width - 1; b >= 0; b--) {
        VEC here[2][T(STRIP_VECTORS)], inside[2][T(STRIP_VECTORS)]; /* sums of d, and of its parts */
        UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
            here[0][v] = here[1][v] = inside[0][v] = inside[1][v] = V_SET(0);
        int32_t r = bins.start[b];
        for (; r + 2 <= bins.start[b + 1]; r += 2)
            T(add_to_bin)(2, linear, bins, r, d, here, inside);
        if (r < bins.start[b + 1])
            T(add_to_bin)(1, linear, bins, r, d, here, inside);
        UNROLL for (int v = 0; v < T(STRIP_VECTORS); v++)
        {
            VEC all = here[0][v] + here[1][v], sum = all;
            if (linear)
                sum = inside[0][v] + inside[1][v] + above[v];
            if (add)
                sum = sum + T(strip_load)(g + b * h, v, left, 0);
            T(strip_store)(g + b * h, v, left, 0, sum);
            above[v] = above[v] + all;
        }
    }
}

/* g (gradient of W_1), rows of field f, = or += its columns' transpose times d: m rows, in strips of
 * n_rows */
static void T(lookup_backward)(const skx_inputs *in, ptrdiff_t f, ptrdiff_t m, T(lookups) at,
                               ptrdiff_t h, const REAL *d, ptrdiff_t n_rows, int add, T(bins) bins,
                               REAL *g)
{
    ptrdiff_t width = in->widths[f], n = in->n_fields;
    T(sort_into_bins)(at.bin + f * T(ABREAST), at.part + f * T(ABREAST), m, n, width, bins);
    g += in->starts[f] * h;
    for (ptrdiff_t column = 0; column < h; column += T(STRIP), d += T(STRIP) * n_rows)
        if (in->field_kinds[f] == SKX_PIECEWISE_LINEAR)
            T(bin_strip)(1, bins, width, h, h - column, d, add, g + column);
        else
            T(bin_strip)(0, bins, width, h, h - column, d, add, g + column);
}
#undef SKX_FOR_TILES
