/* Transposition, in squares that fill registers.
 *
 * T(transpose)(rows, columns, x, ldx, out, ldo)     out[j * ldo + i] = x[i * ldx + j]
 */

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
