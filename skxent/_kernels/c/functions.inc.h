/* Elementary functions of vectors, and how a function is applied to an array.
 *
 * Results depend on the element alone, never on its place in the array. Infinite and huge arguments
 * give the limits; NaN gives NaN. Polynomials: those of exp and log are minimax (Sollya's
 * fpminimax), those of Mills' ratio from Chebyshev expansions. How exact the results are is in
 * tests/test_elementwise.py.
 */
#undef EXP_DEGREE
#undef LOG_DEGREE
#undef MILLS_DEGREE
#undef MILLS_MIDDLE
#undef EXP_LEAST
#undef EXP_MOST
#undef NORMAL_MOST
#undef LN2_HIGH
#undef LN2_LOW

#ifndef EACH_VECTOR
/* One place for whole vectors and the last: the same instructions for every element. */
#define EACH_VECTOR(n, ...)                                                                        \
    for (ptrdiff_t i = 0; i < (n); i += VEC_N) {                                                   \
        const ptrdiff_t count = (n) - i < VEC_N ? (n) - i : VEC_N;                                 \
        __VA_ARGS__                                                                                \
    }
#define GET(p) (count == VEC_N ? V_LOAD((p) + i) : V_LOAD_SOME((p) + i, count))
#define PUT(p, v)                                                                                  \
    do {                                                                                           \
        if (count == VEC_N)                                                                        \
            V_STORE((p) + i, v);                                                                   \
        else                                                                                       \
            V_STORE_SOME((p) + i, v, count);                                                       \
    } while (0)
#endif

/* The sum of c[i] x^i, i <= degree, by even and odd powers. */
INLINE VEC T(polynomial)(VEC x, const int degree, const REAL *c)
{
    VEC square = x * x, high = V_SET(c[degree]), low = V_SET(c[degree - 1]);
    UNROLL for (int i = degree - 2; i > 0; i -= 2)
    {
        high = V_FMA(high, square, V_SET(c[i]));
        low = V_FMA(low, square, V_SET(c[i - 1]));
    }
    if (degree % 2)
        return V_FMA(high, x, low);
    high = V_FMA(high, square, V_SET(c[0]));
    return V_FMA(low, x, high);
}

#if REAL_BITS == 32
#define EXP_DEGREE 4 /* (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2 */
#define LOG_DEGREE 2 /* (2 atanh(s) / s - 2) / s^2 in s^2, for sqrt(1/2) < (1 + s) / (1 - s) < sqrt(2) */
#define MILLS_DEGREE 9
#define MILLS_MIDDLE 4
#define EXP_LEAST -104 /* exp rounds to 0 below, and to infinity above EXP_MOST */
#define EXP_MOST 89
#define NORMAL_MOST 15 /* so does exp(-x^2 / 2) */
#define LN2_HIGH 0x1.63p-1
#define LN2_LOW -0x1.bd0106p-13
static const float T(exp_terms)[] = {
    0x1p-1f, 0x1.5554dcp-3f, 0x1.5554e8p-5f, 0x1.120c38p-7f, 0x1.6d4e78p-10f,
};
static const float T(log_terms)[] = {
    0x1.55555cp-1f, 0x1.997b8ep-2f, 0x1.2ef8e8p-2f,
};
static const float T(mills_terms)[] = {
    0x1.82b4bcp-1f, -0x1.373e38p-1f, 0x1.8c6d8ep-2f, -0x1.7e0034p-3f, 0x1.eed73cp-5f,
    -0x1.ed06fp-8f, -0x1.ccc8cep-9f, 0x1.9a4d1p-10f, 0x1.790b3ep-13f, -0x1.1157ecp-13f,
};
#else
#define EXP_DEGREE 9
#define LOG_DEGREE 6
#define MILLS_DEGREE 21
#define MILLS_MIDDLE 5
#define EXP_LEAST -746
#define EXP_MOST 710
#define NORMAL_MOST 39
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
static const double T(exp_terms)[] = {
    0x1.0000000000001p-1,  0x1.5555555555558p-3,  0x1.5555555553cb8p-5,  0x1.111111110f8cbp-7,
    0x1.6c16c178bac58p-10, 0x1.a01a01afc2249p-13, 0x1.a019b877dd29fp-16, 0x1.71ddf762c3ce8p-19,
    0x1.289221116d37bp-22, 0x1.af620c5ddb50cp-26,
};
static const double T(log_terms)[] = {
    0x1.5555555555558p-1, 0x1.99999999952b9p-2, 0x1.2492492dfb9b8p-2, 0x1.c71c62d649d8dp-3,
    0x1.7462b925f9f72p-3, 0x1.39fdcbbcee0e7p-3, 0x1.2b5f5b2f7190cp-3,
};
static const double T(mills_terms)[] = {
    0x1.89d3abe1f95aep-1,   -0x1.54ad03f27ca16p-1,  0x1.fb31653876f72p-2,
    -0x1.410ed5f875ac4p-2,  0x1.51f6329f0240bp-3,   -0x1.1b1c254c97a12p-4,
    0x1.54b4d4f444134p-6,   -0x1.88590eb058e16p-9,  -0x1.a2503739ce608p-11,
    0x1.1daf1e194bfe9p-11,  -0x1.f2149a465136ap-15, -0x1.a1711df70ef41p-15,
    0x1.17de9afb1dee0p-16,  0x1.0b2fb562e76fdp-18,  -0x1.73c4bc9ad34cdp-19,
    -0x1.6aa0ce7a7fe10p-22, 0x1.d1cd3d7d594d9p-22,  0x1.786e96d8cd598p-25,
    -0x1.1c307be45b897p-24, -0x1.695d10e7074c6p-27, 0x1.0031f0b088fb8p-27,
    0x1.27cf7b9298553p-29,
};
#endif

/* exp(r) - 1 with x + *more = *n ln(2) + r, |r| <= ln(2) / 2: `more` is a small correction of x, or
 * NULL. Where `exact`, nothing is lost by rounding r. */
INLINE VEC T(exp_reduced)(VEC x, const VEC *more, VEC *n, const int exact)
{
    *n = V_ROUND(x * V_SET(1.4426950408889634));
    VEC left = V_FNMA(*n, V_SET(LN2_HIGH), x);
    if (more)
        left = left + *more;
    VEC r = V_FNMA(*n, V_SET(LN2_LOW), left), curve = r * r * T(polynomial)(r, EXP_DEGREE, T(exp_terms));
    if (exact)
        curve = curve + V_FNMA(*n, V_SET(LN2_LOW), left - r);
    return r + curve;
}

/* exp(x) for x <= EXP_MOST. */
INLINE VEC T(exp)(VEC x)
{
    VEC n, p = T(exp_reduced)(V_AT_LEAST(x, V_SET(EXP_LEAST)), NULL, &n, 0);
    return V_SCALE(V_SET(1) + p, n);
}

/* exp(x) - 1, and exp(x), for x <= 0. */
INLINE VEC T(expm1)(VEC x, VEC *exp)
{
    VEC n, p = T(exp_reduced)(V_AT_LEAST(x, V_SET(EXP_LEAST)), NULL, &n, 1);
    VEC power = V_POWER(V_AT_LEAST(n, V_SET(-100)));
    *exp = V_SCALE(V_SET(1) + p, n);
    return V_FMA(power, p, power - V_SET(1));
}

/* log(1 + x) for x >= 0. */
INLINE VEC T(log1p)(VEC x)
{
    VEC n, m = V_SPLIT(V_SET(1) + x, &n);
    VEC f = V_SELECT(V_LESS(V_SET(0), n), m - V_SET(1), x); /* for n = 0: not what 1 + x has lost */
    VEC s = f / (V_SET(2) + f), square = s * s; /* 2 atanh(s) = f - s (f - square * polynomial) */
    VEC rest = V_FMA(square, T(polynomial)(square, LOG_DEGREE, T(log_terms)), -f);
    return V_FMA(n, V_SET(LN2_HIGH), f + V_FMA(s, rest, n * V_SET(LN2_LOW))) + (x - x);
}

/* The quotient a / (b + lost), given 1 / b, more exactly than a * (1 / b). */
INLINE VEC T(quotient)(VEC a, VEC b, VEC lost, VEC inverse)
{
#if SKX_LEVEL == 0
    (void)lost, (void)inverse;
    return a / b;
#else
    VEC q = a * inverse;
    return V_FMA(V_FNMA(q, lost, V_FNMA(q, b, a)), inverse, q);
#endif
}
