/* Rows of a batch as they come from the caller: features, targets, weights. */

enum { T(ABREAST) = 4 }; /* rows whose lookups stand together */

/* Which bin of each field a row stands in, and how far into it. Those of ABREAST rows stand side by
 * side, field by field: of row i and field f at [(i / ABREAST * n_fields + f) * ABREAST + i % ABREAST].
 */
typedef struct {
    int32_t *bin; /* -1: none (one-hot) */
    REAL *part;   /* 0 .. 1 (piecewise linear) */
    REAL *rest;   /* 1 - part */
} T(lookups);

/* Those from a row on, a multiple of ABREAST. */
static T(lookups) T(lookups_from)(const T(lookups) * all, ptrdiff_t row, ptrdiff_t n_fields)
{
    ptrdiff_t at = row * n_fields;
    return (T(lookups)){all->bin + at, all->part + at, all->rest + at};
}

static ptrdiff_t T(row_id)(const skx_rows *rows, ptrdiff_t position)
{
    if (!rows->ids)
        return position;
    return rows->type == SKX_I32 ? ((const int32_t *)rows->ids)[position]
                                 : (ptrdiff_t)((const int64_t *)rows->ids)[position];
}

static double T(number)(const char *at, skx_type type)
{
    if (type == SKX_F32) {
        float value;
        memcpy(&value, at, sizeof value);
        return value;
    }
    double value;
    memcpy(&value, at, sizeof value);
    return value;
}

static int64_t T(integer)(const void *data, skx_type type, ptrdiff_t i)
{
    switch (type) {
    case SKX_U8: return ((const uint8_t *)data)[i];
    case SKX_U16: return ((const uint16_t *)data)[i];
    case SKX_I32: return ((const int32_t *)data)[i];
    default: return ((const int64_t *)data)[i];
    }
}

INLINE void T(prefetch)(const void *address)
{
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    (void)address;
#endif
}

/* n numbers from anywhere, as REALs, one after the other. */
static void T(copy_row)(ptrdiff_t n, const char *from, skx_type type, ptrdiff_t stride, REAL *to)
{
    ptrdiff_t j = 0;
    if (type == REAL_TYPE && stride == sizeof(REAL)) {
#if SKX_LEVEL == 0 /* whose loads must be aligned */
        memcpy(to, from, n * sizeof(REAL));
#else
        for (; j + VEC_N <= n; j += VEC_N)
            V_STORE(to + j, V_LOAD((const REAL *)(from + j * sizeof(REAL))));
        if (j < n)
            V_STORE_SOME(to + j, V_LOAD_SOME((const REAL *)(from + j * sizeof(REAL)), n - j), n - j);
#endif
    } else if (type == OTHER_TYPE && stride == sizeof(OTHER)) {
        for (; j < n; j++) {
            OTHER value;
            memcpy(&value, from + j * sizeof value, sizeof value);
            to[j] = (REAL)value;
        }
    } else {
        for (; j < n; j++)
            to[j] = (REAL)T(number)(from + j * stride, type);
    }
}

enum { T(AHEAD) = 6, T(LINE) = 64 }; /* rows fetched ahead of time; bytes of a cache line */

/* Begins to fetch what those rows need, where that is little enough to wait in the cache. */
static void T(prefetch_rows)(const skx_inputs *in, const skx_targets *targets, const skx_rows *rows,
                             ptrdiff_t first, ptrdiff_t m)
{
    ptrdiff_t bytes = in->kind == SKX_SPARSE ? 0 : in->n_dense * in->column_stride;
    ptrdiff_t field_bytes = in->n_fields * (ptrdiff_t)sizeof(float);
    if (!rows->ids || (bytes + field_bytes) * m > 128 * 1024 || in->column_stride < 0)
        return;
    for (ptrdiff_t i = first; i < first + m; i++) {
        ptrdiff_t row = T(row_id)(rows, i);
        for (ptrdiff_t b = 0; b < bytes; b += T(LINE))
            T(prefetch)(in->dense + row * in->row_stride + b);
        for (ptrdiff_t b = 0; b < field_bytes; b += T(LINE))
            T(prefetch)((const char *)in->positions + row * field_bytes + b);
        T(prefetch)(targets->data + row * targets->row_stride);
    }
}

/* Dense columns of the rows at positions first .. first + m of the order, each row with a 1 after
 * it. */
static void T(gather_dense)(const skx_inputs *in, const skx_rows *rows, ptrdiff_t first,
                            ptrdiff_t m, ptrdiff_t n, REAL *x)
{
    ptrdiff_t bytes = n * in->column_stride, ldx = n + 1;
    for (ptrdiff_t i = 0; i < m; i++) {
        if (rows->ids && i + T(AHEAD) < m && in->column_stride <= T(LINE)) {
            ptrdiff_t ahead = T(row_id)(rows, first + i + T(AHEAD));
            for (ptrdiff_t b = 0; b < bytes && b < 16 * T(LINE); b += T(LINE))
                T(prefetch)(in->dense + ahead * in->row_stride + b);
        }
        T(copy_row)(n, in->dense + T(row_id)(rows, first + i) * in->row_stride, in->dense_type,
                    in->column_stride, x + i * ldx);
        x[i * ldx + n] = 1;
    }
}

/* Bins and parts of the rows at positions first .. first + m of the order; where m is no multiple of
 * ABREAST, the last row fills up. */
static void T(gather_lookups)(const skx_inputs *in, const skx_rows *rows, ptrdiff_t first,
                              ptrdiff_t m, T(lookups) to)
{
    ptrdiff_t n = in->n_fields;
    for (ptrdiff_t i = 0; i < m; i += T(ABREAST)) {
        const float *positions[T(ABREAST)];
        for (ptrdiff_t r = 0; r < T(ABREAST); r++) {
            ptrdiff_t ahead = i + r + 2 * T(ABREAST);
            positions[r] = in->positions + T(row_id)(rows, first + (i + r < m ? i + r : m - 1)) * n;
            for (ptrdiff_t f = 0; rows->ids && ahead < m && f < n; f += T(LINE) / sizeof(float))
                T(prefetch)(in->positions + T(row_id)(rows, first + ahead) * n + f);
        }
        for (ptrdiff_t f = 0; f < n; f++) {
            const int32_t one_hot = in->field_kinds[f] == SKX_ONE_HOT;
            const float last = in->last_bins[f];
            int32_t *restrict bin = to.bin + (i * n + f * T(ABREAST));
            REAL *restrict part = to.part + (i * n + f * T(ABREAST));
            REAL *restrict rest = to.rest + (i * n + f * T(ABREAST));
            float at[T(ABREAST)];
            for (int r = 0; r < T(ABREAST); r++)
                at[r] = positions[r][f];
            for (int r = 0; r < T(ABREAST); r++) {
                float position = at[r] >= 0 ? at[r] : 0, inside;
                int32_t whole = (int32_t)(position < last ? position : last);
                int32_t none = -(one_hot & !(at[r] >= 0));
                inside = position - (float)whole;
                bin[r] = whole | none;
                part[r] = (REAL)inside;
                rest[r] = (REAL)(1 - inside);
            }
        }
    }
}

/* Class codes of those rows; 0 where one of them is not in 0 .. n_codes - 1. */
static int T(gather_codes)(const skx_targets *targets, const skx_rows *rows, ptrdiff_t first,
                           ptrdiff_t m, int32_t n_codes, int32_t *codes)
{
    int good = 1;
#define SKX_CASE(TYPE, ctype)                                                                      \
    case TYPE:                                                                                     \
        for (ptrdiff_t i = 0; i < m; i++) {                                                        \
            const char *at = targets->data + T(row_id)(rows, first + i) * targets->row_stride;     \
            int64_t code = *(const ctype *)at;                                                     \
            int fits = code >= 0 && code < n_codes;                                                \
            codes[i] = fits ? (int32_t)code : 0;                                                   \
            good &= fits;                                                                          \
        }                                                                                          \
        break;
    switch (targets->type) {
        SKX_CASE(SKX_U8, uint8_t)
        SKX_CASE(SKX_U16, uint16_t)
        SKX_CASE(SKX_I32, int32_t)
        SKX_CASE(SKX_I64, int64_t)
    default: break;
    }
#undef SKX_CASE
    return good;
}

/* Their weights, and those times the scale of the gradient. */
static void T(gather_weights)(const skx_weights *weights, const skx_rows *rows, ptrdiff_t first,
                              ptrdiff_t m, double scale, double *to, REAL *factors)
{
    for (ptrdiff_t i = 0; i < m && weights->data; i++)
        to[i] = T(number)(weights->data + T(row_id)(rows, first + i) * weights->stride,
                          weights->type);
    for (ptrdiff_t i = 0; i < m && !weights->data; i++)
        to[i] = 1;
    for (ptrdiff_t i = 0; i < m; i++)
        factors[i] = (REAL)(to[i] * scale);
}
