/* Products with a few columns and many terms: vectors along k, their lanes added up at the end. */

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
