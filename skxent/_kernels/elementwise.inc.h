/* Activations with their derivatives, losses with their gradients: vectorised, one number type.
 *
 * Results depend on the element (or the row) alone, never on its place in the array. Infinite and
 * huge arguments give the limits; NaN gives NaN.
 *
 * T(activate)(kind, n, z, a, d)             a = f(z); d = f'(z) unless NULL; a may be z
 * T(multiply_slope)(kind, n, a, d, delta)   delta *= f'(z): from the values a for the kinds where
 *     skx_slope_from_value(kind) (identity, relu, leaky_relu: d may be NULL and need not be kept),
 *     else from the derivatives d (a may be NULL)
 * T(loss_rows)(kind, m, k, z, ldz, codes, y, ldy, weight, loss, delta, ldd)
 *     For each row of k logits z[i * ldz + c]:
 *     loss[i]             (unless NULL; double) the loss of the row, unweighted
 *     delta[i * ldd + c]  (unless NULL; not over z) weight[i] * d loss / d z; 0 where weight[i] is
 *     Targets: `codes` (int32_t: the class of each row, 0 .. k - 1; with a sigmoid loss k is 1 and
 *     a code 0 or 1) or `y[i * ldy + c]`; the other is NULL. weight NULL: ones.
 *
 * Polynomials: those of exp and log are minimax (Sollya's fpminimax), those of Mills' ratio from
 * Chebyshev expansions. Greatest errors found against exact values, in units in the last place:
 * @@TABLE@@
 */

/* ---- Elementary functions ---- */

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

/* ---- Activations: f(z), and *d = f'(z) ---- */

INLINE VEC T(f_identity)(VEC z, VEC *d)
{
    *d = V_SET(1);
    return z;
}

INLINE VEC T(f_logistic)(VEC z, VEC *d)
{
    VEC e = T(exp)(V_BELOW_0(z)), sum = V_SET(1) + e, inverse = V_SET(1) / sum;
    *d = e * inverse * inverse;
    return T(quotient)(V_SELECT(V_LESS(z, V_SET(0)), e, V_SET(1)), sum, e - (sum - V_SET(1)),
                       inverse);
}

INLINE VEC T(f_tanh)(VEC z, VEC *d)
{
    VEC e, m = T(expm1)(V_SET(2) * V_BELOW_0(z), &e), sum = V_SET(2) + m, inverse = V_SET(1) / sum;
    *d = V_SET(4) * e * inverse * inverse;
    return V_SIGNED_AS(T(quotient)(m, sum, m - (sum - V_SET(2)), inverse), z);
}

INLINE VEC T(f_relu)(VEC z, VEC *d)
{
    *d = V_SELECT(V_LESS(V_SET(0), z), V_SET(1), V_SET(0));
    return V_AT_LEAST(z, V_SET(0));
}

INLINE VEC T(f_leaky_relu)(VEC z, VEC *d)
{
    *d = V_SELECT(V_LESS(V_SET(0), z), V_SET(1), V_SET(0.01));
    return z * *d;
}

INLINE VEC T(f_elu)(VEC z, VEC *d)
{
    VEC e, m = T(expm1)(V_AT_MOST(z, V_SET(0)), &e);
    *d = e;
    return V_SELECT(V_LESS(V_SET(0), z), z, m);
}

INLINE VEC T(f_selu)(VEC z, VEC *d)
{
    const double scale = 1.0507009873554804934, low_scale = 1.7580993408473768600;
    MASK above = V_LESS(V_SET(0), z);
    VEC e, m = T(expm1)(V_AT_MOST(z, V_SET(0)), &e);
    *d = V_SELECT(above, V_SET(scale), V_SET(low_scale) * e);
    return V_SELECT(above, V_SET(scale) * z, V_SET(low_scale) * m);
}

/* z, not as large as to make NaN of the zeros that it is multiplied by. */
INLINE VEC T(bounded)(VEC z, double most)
{
    return V_AT_LEAST(V_AT_MOST(z, V_SET(most)), V_SET(-most));
}

/* With Mills' ratio M(v) = P(Z > v) / exp(-v^2 / 2), v >= 0: (v + K) M(v) is nearly a polynomial in
 * t = (v - K) / (v + K). */
INLINE VEC T(f_gelu)(VEC z, VEC *d)
{
    VEC v = V_AT_MOST(V_ABS(z), V_SET(NORMAL_MOST)), square = v * v;
    VEC inverse = V_SET(1) / (v + V_SET(MILLS_MIDDLE));
    VEC t = V_FMA(V_SET(-2 * MILLS_MIDDLE), inverse, V_SET(1));
    VEC mills = inverse * T(polynomial)(t, MILLS_DEGREE, T(mills_terms));
#if SKX_LEVEL == 0
    VEC lost = V_SET(-0.5) * M(fma)(v, v, -square); /* by rounding v * v */
#else
    VEC lost = V_SET(-0.5) * V_FMA(v, v, -square);
#endif
    VEC n, p = T(exp_reduced)(V_SET(-0.5) * square, &lost, &n, 0);
    VEC density = V_SCALE(V_SET(1) + p, n), tail = density * mills;
    VEC below = V_SELECT(V_LESS(z, V_SET(0)), tail, V_SET(1) - tail);
    *d = V_FMA(T(bounded)(z, NORMAL_MOST) * V_SET(0.39894228040143267794), density, below);
    return V_AT_LEAST(z, V_SET(-NORMAL_MOST)) * below;
}

INLINE VEC T(f_silu)(VEC z, VEC *d)
{
    VEC slope, s = T(f_logistic)(z, &slope);
    *d = V_FMA(T(bounded)(z, -EXP_LEAST), slope, s);
    return V_AT_LEAST(z, V_SET(EXP_LEAST)) * s;
}

/* With u = exp(-|z|), tanh(softplus(z)) is (u^2 + 2 u) / (u^2 + 2 u + 2) for z < 0 and
 * (1 + 2 u) / (1 + 2 u + 2 u^2) for z > 0. */
INLINE VEC T(f_mish)(VEC z, VEC *d)
{
    MASK negative = V_LESS(z, V_SET(0));
    VEC u = T(exp)(V_BELOW_0(z)), w = V_SELECT(negative, V_SET(1), u);
    VEC above = V_SELECT(negative, u * (u + V_SET(2)), V_FMA(V_SET(2), u, V_SET(1)));
    VEC below = V_FMA(w + w, w, above), inverse = V_SET(1) / below;
    VEC t = above * inverse;
    VEC slope = V_SET(4) * (V_SET(1) + u) * u * w * inverse * inverse;
    *d = V_FMA(T(bounded)(z, -EXP_LEAST), slope, t);
    return V_AT_LEAST(z, V_SET(EXP_LEAST)) * t;
}

INLINE VEC T(f_softplus)(VEC z, VEC *d)
{
    VEC e = T(exp)(V_BELOW_0(z));
    *d = V_SELECT(V_LESS(z, V_SET(0)), e, V_SET(1)) / (V_SET(1) + e);
    return V_AT_LEAST(z, V_SET(0)) + T(log1p)(e);
}

#ifndef SKX_EACH_ACTIVATION
#define SKX_EACH_ACTIVATION(DO)                                                                    \
    DO(SKX_IDENTITY, identity) DO(SKX_LOGISTIC, logistic) DO(SKX_TANH, tanh) DO(SKX_RELU, relu)    \
    DO(SKX_LEAKY_RELU, leaky_relu) DO(SKX_ELU, elu) DO(SKX_SELU, selu) DO(SKX_GELU, gelu)          \
    DO(SKX_SILU, silu) DO(SKX_MISH, mish) DO(SKX_SOFTPLUS, softplus)

INLINE int skx_slope_from_value(skx_activation kind)
{
    return kind == SKX_IDENTITY || kind == SKX_RELU || kind == SKX_LEAKY_RELU;
}
#endif

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

#define ACTIVATE(kind, name)                                                                       \
    static void T(activate_##name)(ptrdiff_t n, const REAL *z, REAL *a, REAL *d)                   \
    {                                                                                              \
        VEC slope;                                                                                 \
        if (d)                                                                                     \
            EACH_VECTOR(n, VEC value = T(f_##name)(GET(z), &slope); PUT(a, value); PUT(d, slope);) \
        else                                                                                       \
            EACH_VECTOR(n, VEC value = T(f_##name)(GET(z), &slope); PUT(a, value);)                \
    }
SKX_EACH_ACTIVATION(ACTIVATE)
#undef ACTIVATE

static void T(activate)(skx_activation kind, ptrdiff_t n, const REAL *z, REAL *a, REAL *d)
{
    switch (kind) {
#define CASE(kind, name)                                                                           \
    case kind:                                                                                     \
        T(activate_##name)(n, z, a, d);                                                            \
        return;
        SKX_EACH_ACTIVATION(CASE)
#undef CASE
    }
}

MAYBE_UNUSED static void T(multiply_slope)(skx_activation kind, ptrdiff_t n, const REAL *a,
                                           const REAL *d, REAL *delta)
{
    const VEC zero = V_SET(0);
    if (kind == SKX_IDENTITY)
        return;
    if (kind == SKX_RELU)
        EACH_VECTOR(n, VEC x = GET(delta); /* read in any case: level 0 would branch */
                    PUT(delta, V_SELECT(V_LESS(zero, GET(a)), x, zero));)
    else if (kind == SKX_LEAKY_RELU)
        EACH_VECTOR(n, VEC x = GET(delta);
                    PUT(delta, V_SELECT(V_LESS(zero, GET(a)), x, V_SET(0.01) * x));)
    else
        EACH_VECTOR(n, PUT(delta, GET(d) * GET(delta));)
}

/* ---- Losses ---- */

typedef struct {
    int is_softmax, is_squared;
    ptrdiff_t k, ldz, ldy, ldd;
    const REAL *z, *y, *weight;
    const int32_t *codes;
    double *loss;
    REAL *delta;
} T(loss_args);

INLINE VEC T(larger)(VEC x, VEC y)
{
    return V_SELECT(V_LESS(x, y), y, x);
}

/* exp(x - top), which is added to `rest` where x is not the greatest, else counted as a tie. What
 * is beside the 1 of the greatest may be too small to be seen in a sum with it. */
INLINE VEC T(softmax_term)(VEC x, VEC top, VEC *rest, VEC *ties)
{
    VEC e = T(exp)(x - top);
    MASK below = V_LESS(x, top);
    *rest = *rest + V_SELECT(below, e, e - V_SET(1)); /* NaN where x is, else e or 0 */
    *ties = *ties + V_SELECT(below, V_SET(0), V_SET(1));
    return e;
}

/* - y log p of one class, given log p; 0 where y is 0, unless nothing is a number. */
INLINE VEC T(cross_entropy_term)(VEC y, VEC log_p)
{
    return V_SELECT(V_LESS(V_SET(0), V_ABS(y)), -y * log_p, log_p - log_p);
}

/* ---- Losses of a block of rows, VEC_N at most, in the lanes of vectors: for some classes ---- */

enum { T(some) = 64 };

typedef struct {
    VEC weight, code;
    REAL z[T(some) * VEC_N], y[T(some) * VEC_N]; /* class by class */
} T(loss_lanes);

/* Classes from .. from + classes - 1 of rows first .. first + rows - 1. */
INLINE void T(load_lanes)(const T(loss_args) * g, ptrdiff_t first, ptrdiff_t rows, ptrdiff_t from,
                          ptrdiff_t classes, T(loss_lanes) * lanes)
{
    REAL weight[VEC_N] = {0}, code[VEC_N] = {0};
    if (rows < VEC_N) {
        memset(lanes->z, 0, (size_t)(classes * VEC_N) * sizeof(REAL));
        memset(lanes->y, 0, (size_t)(classes * VEC_N) * sizeof(REAL));
    }
    T(transpose)(rows, classes, g->z + first * g->ldz + from, g->ldz, lanes->z, VEC_N);
    if (g->y)
        T(transpose)(rows, classes, g->y + first * g->ldy + from, g->ldy, lanes->y, VEC_N);
    for (ptrdiff_t i = 0; i < rows; i++) {
        weight[i] = g->weight ? g->weight[first + i] : 1;
        code[i] = g->codes ? (REAL)g->codes[first + i] : 0;
    }
    lanes->weight = V_LOAD(weight);
    lanes->code = V_LOAD(code);
}

INLINE VEC T(lane_targets)(const T(loss_args) * g, const T(loss_lanes) * lanes, ptrdiff_t c)
{
    if (g->y)
        return V_LOAD(lanes->y + c * VEC_N);
    if (!g->is_softmax)
        return lanes->code;
    return V_SELECT(V_LESS(V_ABS(lanes->code - V_SET(c)), V_SET(0.5)), V_SET(1), V_SET(0));
}

/* weight * delta, and 0 for weight 0 whatever delta is. */
INLINE VEC T(weighted)(VEC weight, VEC delta)
{
    return V_SELECT(V_LESS(V_SET(0), V_ABS(weight)), weight * delta, V_SET(0));
}

INLINE void T(store_losses)(const T(loss_args) * g, ptrdiff_t first, ptrdiff_t rows, VEC loss)
{
    REAL lane[VEC_N];
    V_STORE(lane, loss);
    for (ptrdiff_t i = 0; i < rows && g->loss; i++)
        g->loss[first + i] = lane[i];
}

static void T(softmax_block)(const T(loss_args) * g, ptrdiff_t first, ptrdiff_t rows)
{
    const VEC zero = V_SET(0);
    T(loss_lanes) lanes;
    REAL e[T(some) * VEC_N];
    VEC rest = zero, ties = zero, loss = zero, total = zero, dot = zero;
    T(load_lanes)(g, first, rows, 0, g->k, &lanes);
    VEC top = V_LOAD(lanes.z);
    for (ptrdiff_t c = 1; c < g->k; c++)
        top = T(larger)(top, V_LOAD(lanes.z + c * VEC_N));
    for (ptrdiff_t c = 0; c < g->k; c++)
        V_STORE(e + c * VEC_N, T(softmax_term)(V_LOAD(lanes.z + c * VEC_N), top, &rest, &ties));
    rest = rest + (ties - V_SET(1));
    const VEC log_sum = T(log1p)(rest), inverse = V_SET(1) / (V_SET(1) + rest);
    for (ptrdiff_t c = 0; c < g->k; c++) {
        VEC y = T(lane_targets)(g, &lanes, c), p = inverse * V_LOAD(e + c * VEC_N), r = p - y;
        if (g->is_squared)
            loss = V_FMA(V_SET(0.5) * r, r, loss);
        else
            loss = loss + T(cross_entropy_term)(y, V_LOAD(lanes.z + c * VEC_N) - top - log_sum);
        dot = V_FMA(r, p, dot);
        total = total + y;
    }
    T(store_losses)(g, first, rows, loss);
    if (!g->delta)
        return;
    for (ptrdiff_t c = 0; c < g->k; c++) {
        VEC y = T(lane_targets)(g, &lanes, c), p = inverse * V_LOAD(e + c * VEC_N);
        VEC delta = V_FMA(total, p, -y);
        if (g->is_squared)
            delta = p * (p - y - dot);
        V_STORE(e + c * VEC_N, T(weighted)(lanes.weight, delta));
    }
    T(transpose)(g->k, rows, e, VEC_N, g->delta + first * g->ldd, g->ldd);
}

static void T(sigmoid_block)(const T(loss_args) * g, ptrdiff_t first, ptrdiff_t rows)
{
    const VEC zero = V_SET(0), one = V_SET(1);
    T(loss_lanes) lanes;
    VEC loss = zero;
    for (ptrdiff_t from = 0, classes; from < g->k; from += classes) {
        classes = g->k - from < T(some) ? g->k - from : T(some);
        T(load_lanes)(g, first, rows, from, classes, &lanes);
        for (ptrdiff_t c = 0; c < classes; c++) {
            VEC z = V_LOAD(lanes.z + c * VEC_N), y = T(lane_targets)(g, &lanes, c);
            VEC e = T(exp)(V_BELOW_0(z)), inverse = one / (one + e);
            VEC delta = V_SELECT(V_LESS(z, zero), e, one) * inverse - y;
            if (g->is_squared) {
                loss = V_FMA(V_SET(0.5) * delta, delta, loss);
                delta = delta * (e * inverse * inverse);
            } else {
                loss = loss + (V_AT_LEAST(z, zero) - y * z + T(log1p)(e));
            }
            V_STORE(lanes.z + c * VEC_N, T(weighted)(lanes.weight, delta));
        }
        if (g->delta)
            T(transpose)(classes, rows, lanes.z, VEC_N, g->delta + first * g->ldd + from, g->ldd);
    }
    T(store_losses)(g, first, rows, loss);
}

/* ---- The softmax losses of one row: for more classes ---- */

/* The targets from class i on, `count` of them; then zeros. */
INLINE VEC T(row_targets)(const T(loss_args) * g, ptrdiff_t row, ptrdiff_t i, ptrdiff_t count)
{
    static const REAL lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    VEC y;
    if (g->y) {
        y = GET(g->y + row * g->ldy);
    } else {
        VEC off = V_ABS(V_LOAD(lane) - V_SET(g->codes[row] - i));
        y = V_SELECT(V_LESS(off, V_SET(0.5)), V_SET(1), V_SET(0));
    }
    return V_SELECT(V_FIRST_OF(count), y, V_SET(0));
}

static void T(softmax_row)(const T(loss_args) * g, ptrdiff_t row)
{
    const REAL *z = g->z + row * g->ldz;
    const VEC zero = V_SET(0), none = V_SET(-INFINITY);
    VEC top = none, rest = zero, ties = zero, loss = zero, total = zero, dot = zero;
    EACH_VECTOR(g->k, top = T(larger)(top, V_SELECT(V_FIRST_OF(count), GET(z), none));)
    top = V_SET(V_MAXIMUM(top));
    EACH_VECTOR(g->k, VEC x = V_SELECT(V_FIRST_OF(count), GET(z), none);
                VEC e = T(softmax_term)(x, top, &rest, &ties);
                if (g->delta) PUT(g->delta + row * g->ldd, e);)
    rest = V_SET(V_SUM(rest) + (V_SUM(ties) - 1));
    const VEC log_sum = T(log1p)(rest), inverse = V_SET(1) / (V_SET(1) + rest);
    EACH_VECTOR(g->k, VEC y = T(row_targets)(g, row, i, count); VEC x = GET(z);
                if (g->is_squared) {
                    VEC p = V_SELECT(V_FIRST_OF(count), inverse * T(exp)(x - top), zero);
                    loss = V_FMA(V_SET(0.5) * (p - y), p - y, loss);
                    dot = V_FMA(p - y, p, dot);
                } else {
                    loss = loss + T(cross_entropy_term)(y, x - top - log_sum);
                } total = total + y;)
    if (g->loss)
        g->loss[row] = V_SUM(loss);
    if (!g->delta)
        return;
    REAL *delta = g->delta + row * g->ldd;
    const VEC weight = V_SET(g->weight ? g->weight[row] : 1);
    dot = V_SET(V_SUM(dot));
    total = V_SET(V_SUM(total));
    EACH_VECTOR(g->k, VEC y = T(row_targets)(g, row, i, count), p = inverse * GET(delta);
                VEC d = V_FMA(total, p, -y); if (g->is_squared) d = p * (p - y - dot);
                PUT(delta, T(weighted)(weight, d));)
}

MAYBE_UNUSED static void T(loss_rows)(skx_loss kind, ptrdiff_t m, ptrdiff_t k, const REAL *z,
                                      ptrdiff_t ldz, const int32_t *codes, const REAL *y,
                                      ptrdiff_t ldy, const REAL *weight,
                                      double *loss, REAL *delta, ptrdiff_t ldd)
{
    const int softmax = kind == SKX_SOFTMAX_CROSS_ENTROPY || kind == SKX_SOFTMAX_SQUARED_ERROR;
    const int squared = kind == SKX_SOFTMAX_SQUARED_ERROR || kind == SKX_SIGMOID_SQUARED_ERROR;
    const T(loss_args) args = {.is_softmax = softmax, .is_squared = squared, .k = k, .ldz = ldz, .ldy = ldy, .ldd = ldd, .z = z,
                               .y = y, .weight = weight, .codes = codes,
                               .loss = loss, .delta = delta};
    if (softmax && k > T(some)) {
        for (ptrdiff_t row = 0; row < m; row++)
            T(softmax_row)(&args, row);
        return;
    }
    for (ptrdiff_t first = 0; first < m; first += VEC_N) {
        ptrdiff_t rows = m - first < VEC_N ? m - first : VEC_N;
        if (softmax)
            T(softmax_block)(&args, first, rows);
        else
            T(sigmoid_block)(&args, first, rows);
    }
}

/* ---- The functions themselves, for tests ---- */

static void T(evaluate)(int which, ptrdiff_t n, const REAL *x, REAL *out)
{
    VEC other;
    switch (which) {
    case 0:
        EACH_VECTOR(n, PUT(out, T(exp)(V_AT_MOST(GET(x), V_SET(EXP_MOST))));)
        break;
    case 1: /* x <= 0 */
        EACH_VECTOR(n, PUT(out, T(expm1)(GET(x), &other));)
        break;
    case 2: /* x >= 0 */
        EACH_VECTOR(n, PUT(out, T(log1p)(GET(x)));)
        break;
    }
}

#undef EACH_VECTOR
#undef GET
#undef PUT
#undef EXP_DEGREE
#undef LOG_DEGREE
#undef MILLS_DEGREE
#undef MILLS_MIDDLE
#undef EXP_LEAST
#undef EXP_MOST
#undef NORMAL_MOST
#undef LN2_HIGH
#undef LN2_LOW
