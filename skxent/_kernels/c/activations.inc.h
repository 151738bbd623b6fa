/* Activations and their derivatives.
 *
 * T(activate)(kind, n, z, a, d)             a = f(z); d = f'(z) unless NULL; a may be z
 * T(multiply_slope)(kind, n, a, d, delta)   delta *= f'(z): from the values a for the kinds where
 *     skx_slope_from_value(kind) (identity, relu, leaky_relu: d may be NULL and need not be kept),
 *     else from the derivatives d (a may be NULL)
 *
 * For each there is a T(f_name)(z, &d), which returns f(z), and an entry of SKX_EACH_ACTIVATION.
 */

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
