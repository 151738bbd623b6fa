/* Losses of rows and their gradients at the logits.
 *
 * T(loss_rows)(kind, m, k, z, ldz, codes, y, ldy, weight, loss, delta, ldd)
 *     For each row of k logits z[i * ldz + c]:
 *     loss[i]             (double) the loss of the row, unweighted
 *     delta[i * ldd + c]  (not over z) weight[i] * d loss / d z; 0 where weight[i] is
 *     Targets: `codes` (int32_t: the class of each row, 0 .. k - 1; with a sigmoid loss k is 1 and
 *     a code 0 or 1) or `y[i * ldy + c]`; the other is NULL.
 *
 * The result of a row depends on that row alone.
 */

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
        weight[i] = g->weight[first + i];
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
    for (ptrdiff_t i = 0; i < rows; i++)
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
                PUT(g->delta + row * g->ldd, e);)
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
    g->loss[row] = V_SUM(loss);
    REAL *delta = g->delta + row * g->ldd;
    const VEC weight = V_SET(g->weight[row]);
    dot = V_SET(V_SUM(dot));
    total = V_SET(V_SUM(total));
    EACH_VECTOR(g->k, VEC y = T(row_targets)(g, row, i, count), p = inverse * GET(delta);
                VEC d = V_FMA(total, p, -y); if (g->is_squared) d = p * (p - y - dot);
                PUT(delta, T(weighted)(weight, d));)
}

MAYBE_UNUSED static void T(loss_rows)(skx_loss kind, ptrdiff_t m, ptrdiff_t k, const REAL *z,
                                      ptrdiff_t ldz, const int32_t *codes, const REAL *y,
                                      ptrdiff_t ldy, const REAL *weight, double *loss, REAL *delta,
                                      ptrdiff_t ldd)
{
    const int softmax = kind == SKX_SOFTMAX_CROSS_ENTROPY || kind == SKX_SOFTMAX_SQUARED_ERROR;
    const int squared = kind == SKX_SOFTMAX_SQUARED_ERROR || kind == SKX_SIGMOID_SQUARED_ERROR;
    const T(loss_args) args = {.is_softmax = softmax, .is_squared = squared, .k = k, .ldz = ldz,
                               .ldy = ldy, .ldd = ldd, .z = z, .y = y, .weight = weight,
                               .codes = codes, .loss = loss, .delta = delta};
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
