/* Update rules on a stretch of the parameter vector: vectorised, one number type.
 *
 * The gradient is  g' = scale * (g + penalty * p)  in every rule, and the value returned is the
 * sum of g'^2 in float64 (of this stretch: add stretches up in a fixed order).
 *
 * T(squared_norm)(n, p, g, args)          that sum alone, for gradients that are clipped
 * T(adam)(n, p, g, m, v, average, args)
 *     m = beta1 m + (1 - beta1) g';  v = beta2 v + (1 - beta2) g'^2
 *     p = (1 - decay) p - rate m / (sqrt(v) + epsilon)
 * T(sgd)(n, p, g, v, average, args)
 *     v = momentum v - rate g';  p = (1 - decay) p + (nesterov ? momentum v - rate g' : v)
 * Both: average (unless NULL) = average_decay * average + (1 - average_decay) * p
 */

typedef struct {
    double rate;  /* adam: already times sqrt(1 - beta2^t) / (1 - beta1^t) */
    double decay; /* learning rate * weight decay */
    double penalty, scale;
    double momentum;     /* sgd */
    int nesterov;        /* sgd */
    double beta1, beta2; /* adam */
    double epsilon;      /* adam */
    double average_decay;
} T(update_args);

/* Squares are summed in vectors for so many numbers, and those sums in float64. */
enum { T(STRETCH) = 64 * VEC_N };

/* a / (sqrt(b) + c). */
INLINE VEC T(over_root)(VEC a, VEC b, VEC c)
{
#if SKX_LEVEL == 512 && REAL_BITS == 32
    /* Root and inverse by approximation and a Newton step each, off by a unit in the last place or
     * two: the one unit that takes roots and divides would be all that is busy. 0 and infinity have
     * no root by this way. */
    b = V_AT_LEAST(V_AT_MOST(b, V_SET(3e38)), V_SET(1e-37));
    VEC r = _mm512_rsqrt14_ps(b), root = b * r;
    b = V_FMA(V_FNMA(root, root, b), V_SET(0.5) * r, root) + c;
    r = _mm512_rcp14_ps(b);
    return a * V_FMA(V_FNMA(b, r, V_SET(1)), r, r);
#else
    return a / (V_SQRT(b) + c);
#endif
}

INLINE double T(lanes)(VEC v)
{
    REAL lane[VEC_N];
    double sum = 0;
    V_STORE(lane, v);
    for (int i = 0; i < VEC_N; i++)
        sum += lane[i];
    return sum;
}

/* Loads and stores of `count` numbers, all of a vector where `count` is VEC_N. */
#define U_LOAD(p) (count == VEC_N ? V_LOAD(p) : V_LOAD_SOME(p, count))
#define U_STORE(p, v)                                                                              \
    do {                                                                                           \
        if (count == VEC_N)                                                                        \
            V_STORE(p, v);                                                                         \
        else                                                                                       \
            V_STORE_SOME(p, v, count);                                                             \
    } while (0)

/* g' of `count` parameters. */
INLINE VEC T(whole_gradient)(ptrdiff_t count, const REAL *p, const REAL *g,
                             const T(update_args) * args)
{
    VEC gradient = V_FMA(V_SET(args->penalty), U_LOAD(p), U_LOAD(g));
    if (args->scale != 1)
        gradient = V_SET(args->scale) * gradient;
    return gradient;
}

INLINE VEC T(adam_step)(ptrdiff_t count, REAL *p, const REAL *g, REAL *m, REAL *v, REAL *average,
                        const T(update_args) * args)
{
    VEC gradient = T(whole_gradient)(count, p, g, args);
    VEC first = U_LOAD(m), second = U_LOAD(v), to = U_LOAD(p);
    first = V_FMA(V_SET(1 - args->beta1), gradient - first, first);
    second = V_FMA(V_SET(1 - args->beta2), V_FMA(gradient, gradient, -second), second);
    if (args->decay != 0)
        to = V_FMA(V_SET(-args->decay), to, to);
    to = V_FMA(V_SET(-args->rate), T(over_root)(first, second, V_SET(args->epsilon)), to);
    U_STORE(m, first);
    U_STORE(v, second);
    U_STORE(p, to);
    if (average)
        U_STORE(average, V_FMA(V_SET(args->average_decay), U_LOAD(average),
                               V_SET(1 - args->average_decay) * to));
    return gradient;
}

INLINE VEC T(sgd_step)(ptrdiff_t count, REAL *p, const REAL *g, REAL *v, REAL *average,
                       const T(update_args) * args)
{
    VEC gradient = T(whole_gradient)(count, p, g, args);
    VEC momentum = V_SET(args->momentum), step = V_SET(-args->rate) * gradient;
    VEC velocity = V_FMA(momentum, U_LOAD(v), step);
    VEC move = velocity;
    if (args->nesterov)
        move = V_FMA(momentum, velocity, step);
    VEC to = V_FMA(V_SET(1 - args->decay), U_LOAD(p), move);
    U_STORE(v, velocity);
    U_STORE(p, to);
    if (average)
        U_STORE(average, V_FMA(V_SET(args->average_decay), U_LOAD(average),
                               V_SET(1 - args->average_decay) * to));
    return gradient;
}

/* `step`, an expression of i and count that gives a vector of g', for all of n numbers: returns the
 * sum of their squares, in vectors for a stretch, then in float64. */
#define SKX_UPDATE_ALL(step)                                                                       \
    double total = 0;                                                                              \
    for (ptrdiff_t i = 0; i < n;) {                                                                \
        ptrdiff_t end = n - i < T(STRETCH) ? n : i + T(STRETCH), count = VEC_N;                    \
        VEC sum = V_SET(0), gradient;                                                              \
        for (; i + VEC_N <= end; i += VEC_N) {                                                     \
            gradient = step;                                                                       \
            sum = V_FMA(gradient, gradient, sum);                                                  \
        }                                                                                          \
        count = end - i;                                                                           \
        if (count) {                                                                               \
            gradient = step;                                                                       \
            sum = V_FMA(gradient, gradient, sum);                                                  \
            i = end;                                                                               \
        }                                                                                          \
        total += T(lanes)(sum);                                                                    \
    }                                                                                              \
    return total;

static double T(squared_norm)(ptrdiff_t n, const REAL *p, const REAL *g, const T(update_args) * args)
{
    SKX_UPDATE_ALL(
        T(whole_gradient)(count, p + i, g + i, args))
}

static double T(adam)(ptrdiff_t n, REAL *p, const REAL *g, REAL *m, REAL *v, REAL *average,
                      const T(update_args) * args)
{
    const T(update_args) a = *args;
    if (average) {
        SKX_UPDATE_ALL(T(adam_step)(count, p + i, g + i, m + i, v + i, average + i, &a))
    }
    SKX_UPDATE_ALL(T(adam_step)(count, p + i, g + i, m + i, v + i, NULL, &a))
}

static double T(sgd)(ptrdiff_t n, REAL *p, const REAL *g, REAL *v, REAL *average,
                     const T(update_args) * args)
{
    const T(update_args) a = *args;
    if (average) {
        SKX_UPDATE_ALL(T(sgd_step)(count, p + i, g + i, v + i, average + i, &a))
    }
    SKX_UPDATE_ALL(T(sgd_step)(count, p + i, g + i, v + i, NULL, &a))
}

#undef SKX_UPDATE_ALL
#undef U_LOAD
#undef U_STORE
