/* A network's arithmetic for one number type: forward, loss, backward, update. */

/* Rows worked on together: all that is kept of a batch or of a data set at one time. */
enum { T(BLOCK) = 256, T(CHUNK) = 1024 };

typedef struct {
    ptrdiff_t fan_in, fan_out, w, b; /* shape; where weights and biases start in the flat vector */
    skx_activation activation;
    REAL *a;     /* outputs */
    REAL *slope; /* derivative of the activation, times the dropout mask */
    REAL *d;     /* gradient of the objective at z = input @ W + b */
} T(layer);

typedef struct {
    int n_layers, n_threads;
    skx_loss loss;
    double loss_scale;
    T(layer) * layers;
    ptrdiff_t n_params;
    REAL *x;         /* dense columns of the block's rows */
    ptrdiff_t n_x;   /* how many */
    double *loss_of; /* weight * loss, row by row of the block */
    double *squares; /* sums of squares of the gradient, chunk by chunk */
    REAL *prefix;    /* V: running sums of the rows of W_1 of each piecewise linear field */
    REAL *prefix_gradient;
    REAL *gradient;
    REAL *own[SKX_MAX_THREADS]; /* a row of class probabilities and one of targets a thread */
} T(network);

/* One call: what its threads share. */
typedef struct {
    T(network) * net;
    skx_team team;
    const REAL *params;
    REAL *gradient;
    const skx_inputs *inputs;
    const skx_targets *targets;
    const skx_weights *weights;
    const skx_rows *rows;
    skx_pass *pass;
    double scale, penalty, smoothing, value;
    int layer;
    void *out;
    int bad_target;
} T(job);

/* Some rows of a pass, and those of them that are this thread's. */
typedef struct {
    ptrdiff_t first, count; /* positions in the order of the pass */
    ptrdiff_t low, high;    /* positions within the block */
    ptrdiff_t in_batch;     /* position of `first` within its batch */
    int64_t t;              /* number of the step */
    double scale;
    int with_gradient, dropping;
} T(block);

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

static double T(weight)(const skx_weights *weights, ptrdiff_t row)
{
    return weights->data ? T(number)(weights->data + row * weights->stride, weights->type) : 1.0;
}

/* ---- products: c (m x n) = a (m x k) @ b (k x n) + beta * c, all row-major ---- */

static void T(product)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const REAL *a, ptrdiff_t lda,
                       int a_transposed, const REAL *b, ptrdiff_t ldb, int b_transposed, REAL beta,
                       REAL *c, ptrdiff_t ldc)
{
    int im = (int)m, in = (int)n, ik = (int)k, ia = (int)lda, ib = (int)ldb, ic = (int)ldc;
    char ta = a_transposed ? 'T' : 'N', tb = b_transposed ? 'T' : 'N';
    REAL one = 1;
    if (m == 0 || n == 0)
        return;
    BLAS(&tb, &ta, &in, &im, &ik, &one, (REAL *)b, &ib, (REAL *)a, &ia, &beta, c, &ic);
}

/* ---- gather ---- */

static void T(gather)(T(job) * job, T(block) block)
{
    const skx_inputs *in = job->inputs;
    ptrdiff_t n = job->net->n_x;
    if (in->kind == SKX_SPARSE)
        return;
    for (ptrdiff_t i = block.low; i < block.high; i++) {
        const char *row = in->dense + T(row_id)(job->rows, block.first + i) * in->row_stride;
        REAL *x = job->net->x + i * n;
        for (ptrdiff_t j = 0; j < n; j++)
            x[j] = (REAL)T(number)(row + j * in->column_stride, in->dense_type);
    }
}

/* ---- first layer ---- */

static void T(add_row)(ptrdiff_t n, REAL factor, const REAL *row, REAL *sum)
{
    for (ptrdiff_t j = 0; j < n; j++)
        sum[j] += factor * row[j];
}

/* V_b = sum of w_i over i < b, for every piecewise linear field. */
static void T(build_prefix)(T(job) * job, const REAL *params)
{
    const skx_inputs *in = job->inputs;
    const T(layer) *first = &job->net->layers[0];
    ptrdiff_t h = first->fan_out;
    REAL *v = job->net->prefix;
    for (ptrdiff_t f = 0; f < in->n_fields; f++) {
        const REAL *w = params + first->w + in->starts[f] * h;
        if (in->field_kinds[f] == SKX_ONE_HOT)
            continue;
        memset(v, 0, h * sizeof(REAL));
        for (ptrdiff_t b = 0; b < in->widths[f]; b++, v += h)
            for (ptrdiff_t j = 0; j < h; j++)
                v[h + j] = v[j] + w[b * h + j];
        v += h;
    }
}

/* What row i of the block and the fields of a table say about the rows of W_1 and V. */
typedef struct {
    ptrdiff_t base;  /* row of W_1 (one-hot) or of V (piecewise linear); -1: nothing */
    ptrdiff_t extra; /* row of W_1 to add `part` times */
    REAL part;
} T(lookup);

static T(lookup) T(look_up)(const skx_inputs *in, ptrdiff_t f, float position, ptrdiff_t v_start)
{
    ptrdiff_t width = in->widths[f];
    T(lookup) at = {-1, 0, 0};
    if (!(position >= 0))
        return at;
    ptrdiff_t whole = position < (float)width ? (ptrdiff_t)position : width;
    if (in->field_kinds[f] == SKX_ONE_HOT) {
        at.base = in->starts[f] + (whole < width ? whole : width - 1);
        return at;
    }
    at.base = v_start + whole;
    if (whole < width) {
        at.extra = in->starts[f] + whole;
        at.part = (REAL)(position - (float)whole);
    }
    return at;
}

static void T(first_forward)(T(job) * job, const REAL *params, T(block) block)
{
    const skx_inputs *in = job->inputs;
    T(network) *net = job->net;
    T(layer) *layer = &net->layers[0];
    ptrdiff_t h = layer->fan_out, m = block.high - block.low;
    const REAL *w = params + layer->w;
    REAL *z = layer->a + block.low * h;
    if (in->kind != SKX_SPARSE && net->n_x)
        T(product)(m, h, net->n_x, net->x + block.low * net->n_x, net->n_x, 0, w, h, 0, 0, z, h);
    else
        memset(z, 0, m * h * sizeof(REAL));
    for (ptrdiff_t i = block.low; i < block.high && in->kind != SKX_DENSE; i++) {
        ptrdiff_t row = T(row_id)(job->rows, block.first + i);
        z = layer->a + i * h;
        if (in->kind == SKX_SPARSE) {
            int64_t from = T(integer)(in->indptr, in->indptr_type, row);
            int64_t to = T(integer)(in->indptr, in->indptr_type, row + 1);
            ptrdiff_t size = in->values_type == SKX_F32 ? 4 : 8;
            for (int64_t e = from; e < to; e++)
                T(add_row)(h, (REAL)T(number)((const char *)in->values + e * size, in->values_type),
                           w + T(integer)(in->indices, in->indices_type, e) * h, z);
        } else {
            ptrdiff_t v_start = 0;
            for (ptrdiff_t f = 0; f < in->n_fields; f++) {
                int linear = in->field_kinds[f] == SKX_PIECEWISE_LINEAR;
                T(lookup) at = T(look_up)(in, f, in->positions[row * in->n_fields + f], v_start);
                if (at.base >= 0)
                    T(add_row)(h, 1, (linear ? net->prefix : w) + at.base * h, z);
                if (at.part != 0)
                    T(add_row)(h, at.part, w + at.extra * h, z);
                v_start += linear ? in->widths[f] + 1 : 0;
            }
        }
    }
}

static ptrdiff_t T(n_prefix)(const skx_inputs *in)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t f = 0; f < in->n_fields; f++)
        n += in->field_kinds[f] == SKX_PIECEWISE_LINEAR ? in->widths[f] + 1 : 0;
    return n;
}

/* Adds the block's part of the gradient of W_1; by one thread. */
static void T(first_gradient)(T(job) * job, T(block) block)
{
    const skx_inputs *in = job->inputs;
    T(network) *net = job->net;
    T(layer) *layer = &net->layers[0];
    ptrdiff_t h = layer->fan_out;
    REAL *g = job->gradient + layer->w;
    if (in->kind != SKX_SPARSE && net->n_x)
        T(product)(net->n_x, h, block.count, net->x, net->n_x, 1, layer->d, h, 0, 1, g, h);
    if (in->kind == SKX_TABLE)
        memset(net->prefix_gradient, 0, T(n_prefix)(in) * h * sizeof(REAL));
    for (ptrdiff_t i = 0; i < block.count && in->kind != SKX_DENSE; i++) {
        ptrdiff_t row = T(row_id)(job->rows, block.first + i);
        const REAL *d = layer->d + i * h;
        if (in->kind == SKX_SPARSE) {
            int64_t from = T(integer)(in->indptr, in->indptr_type, row);
            int64_t to = T(integer)(in->indptr, in->indptr_type, row + 1);
            ptrdiff_t size = in->values_type == SKX_F32 ? 4 : 8;
            for (int64_t e = from; e < to; e++)
                T(add_row)(h, (REAL)T(number)((const char *)in->values + e * size, in->values_type),
                           d, g + T(integer)(in->indices, in->indices_type, e) * h);
        } else {
            ptrdiff_t v_start = 0;
            for (ptrdiff_t f = 0; f < in->n_fields; f++) {
                int linear = in->field_kinds[f] == SKX_PIECEWISE_LINEAR;
                T(lookup) at = T(look_up)(in, f, in->positions[row * in->n_fields + f], v_start);
                if (at.base >= 0)
                    T(add_row)(h, 1, d, (linear ? net->prefix_gradient : g) + at.base * h);
                if (at.part != 0)
                    T(add_row)(h, at.part, d, g + at.extra * h);
                v_start += linear ? in->widths[f] + 1 : 0;
            }
        }
    }
    const REAL *v = net->prefix_gradient;
    for (ptrdiff_t f = 0; f < in->n_fields; f++) { /* G_w_i += sum of G_V_b over b > i */
        if (in->field_kinds[f] == SKX_ONE_HOT)
            continue;
        REAL *sum = net->own[0];
        memset(sum, 0, h * sizeof(REAL));
        for (ptrdiff_t b = in->widths[f]; b > 0; b--) {
            T(add_row)(h, 1, v + b * h, sum);
            T(add_row)(h, 1, sum, g + (in->starts[f] + b - 1) * h);
        }
        v += (in->widths[f] + 1) * h;
    }
}

/* ---- activations: value and derivative together ---- */

static void T(activate)(skx_activation which, ptrdiff_t n, const REAL *z, REAL *a, REAL *da)
{
    const REAL lambda = (REAL)1.0507009873554804934193349852946;
    const REAL alpha = (REAL)1.6732632423543772848170429916717;
    for (ptrdiff_t j = 0; j < n; j++) {
        REAL x = z[j], y = x, dy = 1, e, s;
        switch (which) {
        case SKX_IDENTITY:
            break;
        case SKX_LOGISTIC:
            y = 1 / (1 + M(exp)(-x));
            dy = y * (1 - y);
            break;
        case SKX_TANH:
            y = M(tanh)(x);
            dy = 1 - y * y;
            break;
        case SKX_RELU:
            y = x < 0 ? 0 : x;
            dy = x > 0;
            break;
        case SKX_LEAKY_RELU:
            dy = x > 0 ? 1 : (REAL)0.01;
            y = dy * x;
            break;
        case SKX_ELU:
            y = x > 0 ? x : M(expm1)(x);
            dy = x > 0 ? 1 : y + 1;
            break;
        case SKX_SELU:
            e = x > 0 ? 0 : M(expm1)(x);
            y = lambda * (x > 0 ? x : alpha * e);
            dy = lambda * (x > 0 ? 1 : alpha * (e + 1));
            break;
        case SKX_GELU:
            s = (REAL)0.5 * M(erfc)(-x * (REAL)0.70710678118654752440);
            y = x * s;
            dy = s + x * (REAL)0.39894228040143267794 * M(exp)((REAL)-0.5 * x * x);
            break;
        case SKX_SILU:
            s = 1 / (1 + M(exp)(-x));
            y = x * s;
            dy = s * (1 + x * (1 - s));
            break;
        case SKX_MISH:
            if (x > 20) /* tanh(softplus(x)) is 1 */
                break;
            e = M(exp)(x);
            s = e * (e + 2);
            y = x * (s / (s + 2));
            dy = s / (s + 2) + x * (e / (1 + e)) * (4 * (s + 1) / ((s + 2) * (s + 2)));
            break;
        case SKX_SOFTPLUS:
            e = M(exp)(-M(fabs)(x));
            y = (x < 0 ? 0 : x) + M(log1p)(e);
            dy = (x < 0 ? e : 1) / (1 + e);
            break;
        }
        a[j] = y;
        da[j] = dy;
    }
}

/* ---- dropout ---- */

static uint64_t T(mix)(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Multiplies a row of outputs and its derivatives by the mask: 0, or 1 / (1 - rate). The bits are
 * a hash of where the unit stands, so no state is shared and any thread finds the same. */
static void T(drop)(const skx_pass *pass, int layer, int64_t t, ptrdiff_t in_batch, ptrdiff_t n,
                    REAL *a, REAL *slope)
{
    double rate = pass->dropout[layer];
    uint64_t key = T(mix)(pass->seed);
    key = T(mix)(key ^ (uint64_t)t);
    key = T(mix)(key ^ ((uint64_t)in_batch << 8 ^ (uint64_t)layer));
    uint32_t low = (uint32_t)key, high = (uint32_t)(key >> 32);
    uint32_t threshold = (uint32_t)(rate * 4294967296.0);
    REAL scale = (REAL)(1 / (1 - rate));
    for (ptrdiff_t j = 0; j < n; j++) {
        uint32_t x = low + (uint32_t)j * 0x9e3779b9u;
        x = (x ^ (x >> 16)) * 0x85ebca6bu;
        x = (x ^ (x >> 13) ^ high) * 0xc2b2ae35u;
        x ^= x >> 16;
        REAL factor = x < threshold ? 0 : scale;
        a[j] *= factor;
        slope[j] *= factor;
    }
}

/* ---- forward ---- */

static void T(forward)(T(job) * job, const REAL *params, T(block) block, int n_layers)
{
    T(network) *net = job->net;
    for (int l = 0; l < n_layers; l++) {
        T(layer) *layer = &net->layers[l];
        ptrdiff_t n = layer->fan_out, k = layer->fan_in;
        if (l == 0)
            T(first_forward)(job, params, block);
        else
            T(product)(block.high - block.low, n, k, layer[-1].a + block.low * k, k, 0,
                       params + layer->w, n, 0, 0, layer->a + block.low * n, n);
        for (ptrdiff_t i = block.low; i < block.high; i++) {
            REAL *a = layer->a + i * n, *slope = layer->slope + i * n;
            T(add_row)(n, 1, params + layer->b, a);
            if (l + 1 == net->n_layers)
                continue;
            T(activate)(layer->activation, n, a, a, slope);
            if (block.dropping && job->pass->dropout[l] > 0)
                T(drop)(job->pass, l, block.t, block.in_batch + i, n, a, slope);
        }
    }
}

/* ---- loss ---- */

/* The row's targets as k numbers, smoothed; 0 for a code that is no class. */
static int T(read_target)(T(job) * job, ptrdiff_t row, REAL *y)
{
    const skx_targets *targets = job->targets;
    T(network) *net = job->net;
    ptrdiff_t k = net->layers[net->n_layers - 1].fan_out;
    const char *at = targets->data + row * targets->row_stride;
    if (targets->type == SKX_F32 || targets->type == SKX_F64) {
        for (ptrdiff_t j = 0; j < k; j++)
            y[j] = (REAL)T(number)(at + j * targets->column_stride, targets->type);
    } else {
        int64_t code = T(integer)(at, targets->type, 0);
        int single = k == 1 && (net->loss == SKX_SIGMOID_CROSS_ENTROPY ||
                                net->loss == SKX_SIGMOID_SQUARED_ERROR);
        if (code < 0 || code >= (single ? 2 : k))
            return 0;
        for (ptrdiff_t j = 0; j < k; j++)
            y[j] = j == code;
        if (single)
            y[0] = (REAL)code;
    }
    if (job->smoothing != 0) {
        REAL s = (REAL)job->smoothing;
        REAL level = s / (net->loss == SKX_SOFTMAX_CROSS_ENTROPY ||
                                  net->loss == SKX_SOFTMAX_SQUARED_ERROR ? (REAL)k : 2);
        for (ptrdiff_t j = 0; j < k; j++)
            y[j] = (1 - s) * y[j] + level;
    }
    return 1;
}

/* Loss of one row of logits z with targets y; p is room for k numbers, d takes the gradient. */
static double T(loss_row)(skx_loss which, ptrdiff_t k, const REAL *z, const REAL *y, REAL *p,
                          REAL *d)
{
    double loss = 0;
    if (which == SKX_SOFTMAX_CROSS_ENTROPY || which == SKX_SOFTMAX_SQUARED_ERROR) {
        ptrdiff_t top = 0;
        REAL rest = 0, dot = 0;
        for (ptrdiff_t j = 1; j < k; j++)
            top = z[j] > z[top] ? j : top;
        for (ptrdiff_t j = 0; j < k; j++) {
            p[j] = M(exp)(z[j] - z[top]);
            rest += j == top ? 0 : p[j];
        }
        REAL factor = 1 / (p[top] + rest), log_sum = M(log1p)(rest) + (p[top] - 1);
        REAL total = 0;
        for (ptrdiff_t j = 0; j < k; j++) {
            p[j] *= factor;
            total += y[j];
        }
        if (which == SKX_SOFTMAX_CROSS_ENTROPY) {
            for (ptrdiff_t j = 0; j < k; j++) {
                loss += y[j] == 0 ? 0 * log_sum : y[j] * (log_sum - (z[j] - z[top]));
                d[j] = total * p[j] - y[j];
            }
            return loss;
        }
        for (ptrdiff_t j = 0; j < k; j++) {
            d[j] = p[j] - y[j];
            loss += 0.5 * d[j] * d[j];
            dot += d[j] * p[j];
        }
        for (ptrdiff_t j = 0; j < k; j++)
            d[j] = p[j] * (d[j] - dot);
        return loss;
    }
    for (ptrdiff_t j = 0; j < k; j++) {
        REAL e = M(exp)(-M(fabs)(z[j]));
        REAL a = (z[j] < 0 ? e : 1) / (1 + e);
        if (which == SKX_SIGMOID_CROSS_ENTROPY) {
            loss += (z[j] < 0 ? 0 : z[j]) - y[j] * z[j] + M(log1p)(e);
            d[j] = a - y[j];
        } else {
            loss += 0.5 * (a - y[j]) * (a - y[j]);
            d[j] = (a - y[j]) * (a * (1 - a));
        }
    }
    return loss;
}

static void T(loss)(T(job) * job, T(block) block, int me)
{
    T(network) *net = job->net;
    T(layer) *last = &net->layers[net->n_layers - 1];
    ptrdiff_t k = last->fan_out;
    REAL *p = net->own[me], *y = p + k;
    for (ptrdiff_t i = block.low; i < block.high; i++) {
        ptrdiff_t row = T(row_id)(job->rows, block.first + i);
        REAL *d = last->d + i * k;
        if (!T(read_target)(job, row, y)) {
            job->bad_target = 1;
            memset(y, 0, k * sizeof(REAL));
        }
        double weight = T(weight)(job->weights, row);
        double loss = net->loss_scale * T(loss_row)(net->loss, k, last->a + i * k, y, p, d);
        net->loss_of[i] = block.with_gradient ? weight * loss : loss;
        REAL factor = (REAL)(weight * block.scale * net->loss_scale);
        for (ptrdiff_t j = 0; j < k; j++)
            d[j] *= factor;
    }
}

/* ---- backward ---- */

static void T(backward)(T(job) * job, const REAL *params, T(block) block)
{
    T(network) *net = job->net;
    for (int l = net->n_layers - 1; l > 0; l--) {
        T(layer) *layer = &net->layers[l];
        ptrdiff_t n = layer->fan_in, k = layer->fan_out, at = block.low * n;
        REAL *d = layer[-1].d + at, *slope = layer[-1].slope + at;
        T(product)(block.high - block.low, n, k, layer->d + block.low * k, k, 0,
                   params + layer->w, k, 1, 0, d, n);
        for (ptrdiff_t i = 0; i < (block.high - block.low) * n; i++)
            d[i] *= slope[i];
    }
}

static void T(add_gradients)(T(job) * job, T(block) block)
{
    T(network) *net = job->net;
    T(first_gradient)(job, block);
    for (int l = 0; l < net->n_layers; l++) {
        T(layer) *layer = &net->layers[l];
        ptrdiff_t n = layer->fan_out, k = layer->fan_in;
        if (l > 0)
            T(product)(k, n, block.count, layer[-1].a, k, 1, layer->d, n, 0, 1,
                       job->gradient + layer->w, n);
        for (ptrdiff_t i = 0; i < block.count; i++)
            T(add_row)(n, 1, layer->d + i * n, job->gradient + layer->b);
    }
}

/* Forward and backward for rows first .. first + count of the pass, a block at a time. Adds to
 * job->gradient and returns the sum of weight * loss. */
static double T(run_rows)(T(job) * job, const REAL *params, T(block) block, ptrdiff_t count, int me)
{
    T(network) *net = job->net;
    ptrdiff_t end = block.first + count;
    double sum = 0;
    if (block.with_gradient && me == 0)
        memset(job->gradient, 0, net->n_params * sizeof(REAL));
    for (; block.first < end; block.first += T(BLOCK), block.in_batch += T(BLOCK)) {
        block.count = end - block.first < T(BLOCK) ? end - block.first : T(BLOCK);
        block.low = skx_share(block.count, me, job->team.size, 1);
        block.high = skx_share(block.count, me + 1, job->team.size, 1);
        T(gather)(job, block);
        T(forward)(job, params, block, net->n_layers);
        T(loss)(job, block, me);
        if (block.with_gradient)
            T(backward)(job, params, block);
        skx_barrier(&job->team);
        for (ptrdiff_t i = 0; i < block.count; i++)
            sum += net->loss_of[i];
        if (block.with_gradient && me == 0)
            T(add_gradients)(job, block);
        skx_barrier(&job->team);
    }
    return sum;
}

/* ---- update ---- */

static double T(sum_of_squares)(ptrdiff_t n, const REAL *x)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

static void T(update_segment)(const skx_pass *pass, ptrdiff_t n, double rate, double adam_rate,
                              double decay, double shrink, REAL *p, const REAL *g, REAL *s0,
                              REAL *s1, REAL *average)
{
    const REAL keep = (REAL)(1 - rate * decay);
    for (ptrdiff_t i = 0; i < n; i++) {
        REAL gradient = (REAL)shrink * g[i];
        p[i] *= keep;
        if (pass->rule == SKX_SGD) {
            REAL momentum = (REAL)pass->hyper[0], step = (REAL)rate * gradient;
            s0[i] = momentum * s0[i] - step;
            p[i] += pass->hyper[1] != 0 ? momentum * s0[i] - step : s0[i];
        } else {
            REAL b1 = (REAL)pass->hyper[0], b2 = (REAL)pass->hyper[1], eps = (REAL)pass->hyper[2];
            s0[i] = b1 * s0[i] + (REAL)(1 - pass->hyper[0]) * gradient;
            s1[i] = b2 * s1[i] + (REAL)(1 - pass->hyper[1]) * (gradient * gradient);
            p[i] -= (REAL)adam_rate * s0[i] / (M(sqrt)(s1[i]) + eps);
        }
        if (average)
            average[i] = (REAL)pass->average_decay * average[i] +
                         (REAL)(1 - pass->average_decay) * p[i];
    }
}

static void T(update)(T(job) * job, REAL *params, ptrdiff_t batch)
{
    T(network) *net = job->net;
    skx_pass *pass = job->pass;
    double t = (double)(pass->step + batch + 1);
    for (int l = 0; l < net->n_layers; l++) {
        T(layer) *layer = &net->layers[l];
        T(add_row)(layer->fan_in * layer->fan_out, (REAL)pass->penalty, params + layer->w,
                   job->gradient + layer->w);
    }
    double squares = T(sum_of_squares)(net->n_params, job->gradient), shrink = 1;
    pass->square_sum += squares;
    if (pass->clip > 0 && sqrt(squares) > pass->clip)
        shrink = pass->clip / sqrt(squares);
    double correction = pass->rule == SKX_ADAM ? sqrt(1 - pow(pass->hyper[1], t)) /
                                                     (1 - pow(pass->hyper[0], t))
                                               : 1;
    for (int s = 0; s < 2 * net->n_layers; s++) {
        T(layer) *layer = &net->layers[s / 2];
        ptrdiff_t at = s % 2 ? layer->b : layer->w;
        ptrdiff_t n = s % 2 ? layer->fan_out : layer->fan_in * layer->fan_out;
        double rate = pass->rates[batch] * (pass->segment_rates ? pass->segment_rates[s] : 1);
        T(update_segment)(pass, n, rate, rate * correction, s % 2 ? 0 : pass->decays[batch], shrink,
                          params + at, job->gradient + at, (REAL *)pass->slots[0] + at,
                          pass->rule == SKX_ADAM ? (REAL *)pass->slots[1] + at : NULL,
                          pass->average ? (REAL *)pass->average + at : NULL);
    }
}

/* ---- calls ---- */

static void T(train_work)(void *argument, int me)
{
    T(job) *job = argument;
    skx_pass *pass = job->pass;
    ptrdiff_t n = job->rows->count, batch = 0;
    for (ptrdiff_t first = 0; first < n; first += pass->batch_size, batch++) {
        ptrdiff_t count = n - first < pass->batch_size ? n - first : pass->batch_size;
        double weight = 0;
        for (ptrdiff_t i = first; i < first + count; i++)
            weight += T(weight)(job->weights, T(row_id)(job->rows, i));
        if (me == 0)
            T(build_prefix)(job, job->params);
        skx_barrier(&job->team);
        T(block) block = {.first = first, .t = pass->step + batch + 1, .with_gradient = 1,
                          .scale = weight != 0 ? 1 / weight : 0, .dropping = pass->dropout != NULL};
        double loss = T(run_rows)(job, job->params, block, count, me);
        if (job->bad_target || !isfinite(loss))
            return;
        if (me == 0) {
            pass->loss_sum += loss;
            pass->weight_sum += weight;
            T(update)(job, (REAL *)job->params, batch);
            pass->n_done = batch + 1;
        }
        skx_barrier(&job->team);
    }
}

static void T(value_work)(void *argument, int me)
{
    T(job) *job = argument;
    T(network) *net = job->net;
    if (me == 0)
        T(build_prefix)(job, job->params);
    skx_barrier(&job->team);
    T(block) block = {.with_gradient = 1, .scale = job->scale};
    double loss = T(run_rows)(job, job->params, block, job->rows->count, me), squares = 0;
    if (me)
        return;
    for (int l = 0; l < net->n_layers; l++) {
        T(layer) *layer = &net->layers[l];
        ptrdiff_t n = layer->fan_in * layer->fan_out;
        squares += T(sum_of_squares)(n, job->params + layer->w);
        T(add_row)(n, (REAL)job->penalty, job->params + layer->w, job->gradient + layer->w);
    }
    job->value = job->scale * loss + 0.5 * job->penalty * squares;
}

static void T(output_work)(void *argument, int me)
{
    T(job) *job = argument;
    T(network) *net = job->net;
    ptrdiff_t n = job->rows->count, width = net->layers[job->layer].fan_out;
    if (me == 0)
        T(build_prefix)(job, job->params);
    skx_barrier(&job->team);
    T(block) block = {.first = 0};
    for (; block.first < n; block.first += T(BLOCK)) {
        block.count = n - block.first < T(BLOCK) ? n - block.first : T(BLOCK);
        block.low = skx_share(block.count, me, job->team.size, 1);
        block.high = skx_share(block.count, me + 1, job->team.size, 1);
        T(gather)(job, block);
        T(forward)(job, job->params, block, job->layer + 1);
        if (job->targets) {
            T(loss)(job, block, me);
            memcpy((double *)job->out + block.first + block.low, net->loss_of + block.low,
                   (block.high - block.low) * sizeof(double));
        } else {
            memcpy((REAL *)job->out + (block.first + block.low) * width,
                   net->layers[job->layer].a + block.low * width,
                   (block.high - block.low) * width * sizeof(REAL));
        }
        skx_barrier(&job->team); /* a shorter last block is shared out otherwise */
    }
}

static void *T(grow)(void **memory, size_t size)
{
    void *bigger = realloc(*memory, size ? size : 1);
    if (bigger)
        *memory = bigger;
    return bigger;
}

/* Room for this call's kind of input. */
static int T(prepare)(T(network) * net, const skx_inputs *in)
{
    ptrdiff_t h = net->layers[0].fan_out, v = T(n_prefix)(in) * h;
    net->n_x = in->kind == SKX_SPARSE ? 0 : in->n_dense;
    return T(grow)((void **)&net->x, T(BLOCK) * net->n_x * sizeof(REAL)) &&
           T(grow)((void **)&net->prefix, v * sizeof(REAL)) &&
           T(grow)((void **)&net->prefix_gradient, v * sizeof(REAL));
}

static const skx_weights T(no_weights) = {NULL, SKX_NONE, 0};

static skx_status T(value_and_gradient)(void *network, const void *params, const skx_inputs *inputs,
                                        const skx_targets *targets, const skx_weights *weights,
                                        const skx_rows *rows, double scale, double penalty,
                                        void *gradient, double *value)
{
    T(network) *net = network;
    T(job) job = {.net = net, .params = params, .gradient = gradient, .inputs = inputs,
                  .targets = targets, .weights = weights, .rows = rows, .scale = scale,
                  .penalty = penalty};
    if (!T(prepare)(net, inputs))
        return SKX_NO_MEMORY;
    skx_run_team(&job.team, net->n_threads, T(value_work), &job);
    *value = job.value;
    return job.bad_target ? SKX_BAD_TARGET : SKX_OK;
}

static skx_status T(losses)(void *network, const void *params, const skx_inputs *inputs,
                            const skx_targets *targets, const skx_rows *rows, double *out)
{
    T(network) *net = network;
    T(job) job = {.net = net, .params = params, .inputs = inputs, .targets = targets,
                  .weights = &T(no_weights), .rows = rows, .out = out,
                  .layer = net->n_layers - 1};
    if (!T(prepare)(net, inputs))
        return SKX_NO_MEMORY;
    skx_run_team(&job.team, net->n_threads, T(output_work), &job);
    return job.bad_target ? SKX_BAD_TARGET : SKX_OK;
}

static skx_status T(outputs)(void *network, const void *params, const skx_inputs *inputs,
                             const skx_rows *rows, int layer, void *out)
{
    T(network) *net = network;
    T(job) job = {.net = net, .params = params, .inputs = inputs, .weights = &T(no_weights),
                  .rows = rows, .out = out, .layer = layer};
    if (!T(prepare)(net, inputs))
        return SKX_NO_MEMORY;
    skx_run_team(&job.team, net->n_threads, T(output_work), &job);
    return SKX_OK;
}

static skx_status T(train)(void *network, void *params, const skx_inputs *inputs,
                           const skx_targets *targets, const skx_weights *weights,
                           const skx_rows *order, skx_pass *pass)
{
    T(network) *net = network;
    if (!T(prepare)(net, inputs) ||
        !T(grow)((void **)&net->gradient, net->n_params * sizeof(REAL)))
        return SKX_NO_MEMORY;
    T(job) job = {.net = net, .params = params, .gradient = net->gradient, .inputs = inputs,
                  .targets = targets, .weights = weights, .rows = order, .pass = pass,
                  .smoothing = pass->smoothing};
    pass->loss_sum = pass->weight_sum = pass->square_sum = 0;
    pass->n_done = 0;
    skx_run_team(&job.team, net->n_threads, T(train_work), &job);
    return job.bad_target ? SKX_BAD_TARGET : SKX_OK;
}

static void T(destroy)(void *network)
{
    T(network) *net = network;
    if (!net)
        return;
    for (int l = 0; l < net->n_layers && net->layers; l++) {
        free(net->layers[l].a);
        free(net->layers[l].slope);
        free(net->layers[l].d);
    }
    for (int i = 0; i < SKX_MAX_THREADS; i++)
        free(net->own[i]);
    free(net->layers);
    free(net->x);
    free(net->loss_of);
    free(net->prefix);
    free(net->prefix_gradient);
    free(net->gradient);
    free(net);
}

static void *T(create)(const skx_plan *plan)
{
    T(network) *net = calloc(1, sizeof *net);
    if (!net)
        return NULL;
    net->n_layers = plan->n_layers;
    net->n_threads = plan->n_threads;
    net->loss = plan->loss;
    net->loss_scale = plan->loss_scale;
    net->layers = calloc(plan->n_layers, sizeof *net->layers);
    net->loss_of = calloc(T(BLOCK), sizeof(double));
    int good = net->layers && net->loss_of;
    ptrdiff_t widest = 0;
    for (int l = 0; l < plan->n_layers && good; l++) {
        T(layer) *layer = &net->layers[l];
        layer->fan_in = plan->sizes[l];
        layer->fan_out = plan->sizes[l + 1];
        layer->w = net->n_params;
        layer->b = layer->w + layer->fan_in * layer->fan_out;
        net->n_params = layer->b + layer->fan_out;
        layer->activation = l + 1 < plan->n_layers ? plan->activations[l] : SKX_IDENTITY;
        size_t size = T(BLOCK) * layer->fan_out * sizeof(REAL);
        good = (layer->a = malloc(size)) && (layer->slope = malloc(size)) &&
               (layer->d = malloc(size));
        widest = layer->fan_out > widest ? layer->fan_out : widest;
    }
    for (int i = 0; i < plan->n_threads && good; i++)
        good = (net->own[i] = malloc(2 * widest * sizeof(REAL))) != NULL;
    if (!good) {
        T(destroy)(net);
        return NULL;
    }
    return net;
}

/* ---- the functions themselves, for tests ---- */

static void T(activation_test)(skx_activation which, ptrdiff_t n, const void *z, void *a, void *da)
{
    T(activate)(which, n, z, a, da);
}

#define SKX_ELEMENTWISE(name)                                                                      \
    static void T(name##_test)(ptrdiff_t n, const void *x, void *out)                              \
    {                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++)                                                          \
            ((REAL *)out)[i] = M(name)(((const REAL *)x)[i]);                                      \
    }
SKX_ELEMENTWISE(exp)
SKX_ELEMENTWISE(tanh)
SKX_ELEMENTWISE(erf)
SKX_ELEMENTWISE(log1p)
#undef SKX_ELEMENTWISE

const skx_engine ENGINE = {
    T(create), T(destroy), T(value_and_gradient), T(losses), T(outputs), T(train),
    T(activation_test), T(exp_test), T(tanh_test), T(erf_test), T(log1p_test),
};
