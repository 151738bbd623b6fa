/* A network's arithmetic for one number type and SIMD level: forward, loss, backward, update.
 *
 * Rows are worked through in blocks of at most BLOCK. For each block: gather, forward, loss and
 * backward, row by row independent; then the gradients of the weights, divided into pieces of
 * consecutive rows of W, each summed over the rows of the block in their order, and each updated
 * by who has summed it. Threads share out slices of rows and pieces of weights, with a barrier in
 * between, so that no sum depends on how many there are.
 */

enum {
    T(BLOCK) = 256, /* rows that are held at one time */
    T(PIECE) = 8192, /* weights of a piece, about */
    T(FEW) = 4,      /* rows from where on sums of weights up to every bin are made beforehand */
};

typedef struct {
    ptrdiff_t fan_in, fan_out, w, b; /* shape; where weights and biases start in the flat vector */
    skx_activation activation;
    REAL *a;      /* outputs */
    REAL *slope;  /* derivative of the activation times the dropout mask, where `a` does not tell */
    REAL *d;      /* gradient of the objective at z = input @ W + b */
    REAL *transposed; /* W^T (layers but the first), and */
    ptrdiff_t ldt;    /* the stride of its rows: an odd number of cache lines, or they would evict
                         each other */
} T(layer);

/* Rows of one W, the last of them with the biases, whose gradient and update are one thread's
 * work. */
typedef struct {
    int layer;
    ptrdiff_t at, n_weights, n_biases; /* of the flat vector, one after the other */
    ptrdiff_t row, n_rows;
    ptrdiff_t field, n_fields; /* of a table, where the rows are those of fields */
    double squares;          /* of the gradient; or of the weights */
} T(piece);

typedef struct {
    int n_layers, n_threads;
    skx_loss loss;
    double loss_scale;
    T(layer) * layers;
    ptrdiff_t n_params, n_pieces, longest; /* piece */
    T(piece) * pieces;
    REAL *gradient;                     /* of all pieces, where it is not used up at once */
    REAL *piece_gradient[SKX_MAX_THREADS]; /* of one */
    /* rows of the block */
    REAL *x;          /* dense columns, and one of ones */
    ptrdiff_t n_x;    /* how many dense columns */
    T(lookups) lookups;
    int32_t *codes;   /* targets: classes, or */
    REAL *y;          /* values */
    REAL *factors;    /* weight * scale, of the gradient */
    double *weights;  /* weight, of the loss */
    double *loss_of;
    REAL *prefix;     /* V of piecewise linear fields, in the places of their rows of W_1 */
    T(bins) bins[SKX_MAX_THREADS];
} T(network);

/* One call: what its threads share. */
typedef struct {
    T(network) * net;
    skx_team team;
    REAL *params; /* written to by `train` only */
    REAL *gradient;
    const skx_inputs *inputs;
    const skx_targets *targets;
    const skx_weights *weights;
    const skx_rows *rows;
    skx_pass *pass;
    double scale, penalty, value;
    ptrdiff_t room; /* rows that there is memory for */
    REAL *prefix;   /* that of the network, or NULL for few rows */
    int layer;
    void *out;
    int bad_target;
} T(job);

/* Rows of a pass that are worked on together. */
typedef struct {
    ptrdiff_t first, count; /* positions in the order of the pass */
    ptrdiff_t in_batch;     /* position of `first` within its batch */
    int64_t step;
    double scale;           /* of the gradient */
} T(block);

/* Where the outputs of a layer stand when they are finished. */
typedef struct {
    T(job) * job;
    const T(block) * block;
    int layer;
    ptrdiff_t row; /* of the block */
} T(place);

static int T(is_softmax)(skx_loss loss)
{
    return loss == SKX_SOFTMAX_CROSS_ENTROPY || loss == SKX_SOFTMAX_SQUARED_ERROR;
}

/* Do targets reach the loss as rows of k values? Codes do where the k sigmoids are independent. */
static int T(targets_are_rows)(const T(network) * net, const skx_targets *targets)
{
    return targets->type == SKX_F32 || targets->type == SKX_F64 ||
           (net->layers[net->n_layers - 1].fan_out > 1 && !T(is_softmax)(net->loss));
}

/* ---- what is derived from the weights whenever they change ---- */

/* Sums up the weights of lookup fields, and transposes those that the backward pass needs. */
static void T(prepare_weights)(T(job) * job, int backward)
{
    T(network) *net = job->net;
    const skx_inputs *in = job->inputs;
    ptrdiff_t item;
    while ((item = skx_next(&job->team)) < in->n_fields + net->n_layers) {
        int l = item < in->n_fields ? 0 : (int)(item - in->n_fields);
        T(layer) *layer = &net->layers[l];
        const REAL *w = job->params + layer->w;
        ptrdiff_t n = layer->fan_out, k = layer->fan_in;
        if (item >= in->n_fields && backward && l)
            T(transpose)(k, n, w, n, layer->transposed, layer->ldt);
        else if (item < in->n_fields && in->field_kinds[item] == SKX_PIECEWISE_LINEAR &&
                 job->prefix)
            T(prefix_sums)(in, item, n, w, job->prefix);
    }
    skx_barrier(&job->team);
}

/* ---- dense columns ---- */

typedef struct {
    const REAL *at;
    ptrdiff_t stride;
    int then_one; /* is there a 1 after every row? */
} T(dense_rows);

/* Are dense rows read where the caller has them? All rows in their order need no copy, if they are
 * of this type. */
static int T(in_place)(const skx_inputs *in, const skx_rows *rows)
{
    const ptrdiff_t size = sizeof(REAL);
    return in->kind == SKX_DENSE && !rows->ids && in->dense_type == REAL_TYPE &&
           in->column_stride == size && in->row_stride >= in->n_dense * size &&
           in->row_stride % size == 0 && (uintptr_t)in->dense % size == 0;
}

/* The dense columns of the rows of the block from `row` on. */
static T(dense_rows) T(dense_from)(const T(job) * job, const T(block) * block, ptrdiff_t row)
{
    const skx_inputs *in = job->inputs;
    if (T(in_place)(in, job->rows))
        return (T(dense_rows)){(const REAL *)(in->dense + (block->first + row) * in->row_stride),
                               in->row_stride / (ptrdiff_t)sizeof(REAL), 0};
    ptrdiff_t stride = job->net->n_x + 1;
    return (T(dense_rows)){job->net->x + row * stride, stride, 1};
}

/* ---- forward ---- */

static uint64_t T(mix)(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* The rate of dropout of a layer's outputs in this call. */
static double T(drop_rate)(const T(job) * job, int layer)
{
    return job->pass && job->pass->dropout ? job->pass->dropout[layer] : 0;
}

/* Are the outputs of a layer max(z, 0), and no more? */
static int T(is_plain_relu)(const T(job) * job, int layer)
{
    return job->net->layers[layer].activation == SKX_RELU && T(drop_rate)(job, layer) == 0;
}

/* Must the derivative be kept until the backward pass, or do the outputs tell it? Those of relu do
 * even where they have been dropped: the derivative is 0 there as it is where z < 0. */
static int T(keeps_slope)(skx_activation activation, double rate)
{
    return !skx_slope_from_value(activation) || (rate > 0 && activation != SKX_RELU);
}

/* Multiplies a row of outputs, and its derivatives if any, by the mask: 0, or 1 / (1 - rate). The
 * bits are a hash of where the unit stands: no state is shared, and any thread finds the same. */
static void T(drop)(uint64_t seed, int64_t step, int layer, ptrdiff_t in_batch, double rate,
                    ptrdiff_t n, REAL *restrict a, REAL *restrict slope)
{
    uint64_t key = T(mix)(T(mix)(seed) ^ (uint64_t)step);
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
        if (slope)
            slope[j] *= factor;
    }
}

/* z (rows x n, one after the other) becomes a = f(z); the derivative is kept where it is needed. */
static void T(finish_hidden)(void *context, REAL *z, ptrdiff_t ldz, ptrdiff_t first, ptrdiff_t rows,
                             ptrdiff_t n)
{
    T(place) *place = context;
    T(layer) *layer = &place->job->net->layers[place->layer];
    double rate = T(drop_rate)(place->job, place->layer);
    REAL *slope = NULL;
    (void)ldz;
    if (T(keeps_slope)(layer->activation, rate))
        slope = layer->slope + (place->row + first) * n;
    T(activate)(layer->activation, rows * n, z, z, slope);
    for (ptrdiff_t i = 0; i < rows && rate > 0; i++)
        T(drop)(place->job->pass->seed, place->block->step, place->layer,
                place->block->in_batch + place->row + first + i, rate, n, z + i * n,
                slope ? slope + i * n : NULL);
}

/* z = bias + rows of the input times W_1, for rows row .. row + m of the block. */
static void T(forward_sparse)(T(job) * job, const T(block) * block, ptrdiff_t row, ptrdiff_t m,
                              T(product_args) product)
{
    T(network) *net = job->net;
    const REAL *w = job->params + net->layers[0].w;
    ptrdiff_t h = product.n;
    void (*finish)(void *, REAL *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t) = product.finish;
    product.finish = NULL;
    product.relu = 0;
    T(product)(&product); /* the dense columns, if any, and the biases */
    if (job->inputs->kind == SKX_SPARSE) {
        T(sparse_forward)(job->inputs, job->rows, block->first + row, m, h, w, product.c);
    } else {
        T(lookups) at = net->lookups;
        at.bin += row * job->inputs->n_fields;
        at.part += row * job->inputs->n_fields;
        T(lookup_forward)(job->inputs, m, at, h, w, job->prefix, product.c);
    }
    if (finish)
        finish(product.context, product.c, h, 0, m, h);
}

static void T(forward)(T(job) * job, const T(block) * block, ptrdiff_t row, ptrdiff_t m,
                       int n_layers)
{
    T(network) *net = job->net;
    for (int l = 0; l < n_layers; l++) {
        T(layer) *layer = &net->layers[l];
        T(place) place = {job, block, l, row};
        ptrdiff_t n = layer->fan_out, k = l ? layer->fan_in : net->n_x;
        T(dense_rows) x = l ? (T(dense_rows)){layer[-1].a + row * k, k}
                            : T(dense_from)(job, block, row);
        T(product_args) product = {
            .m = m, .n = n, .k = k, .a = x.at, .ars = x.stride, .aks = 1,
            .b = job->params + layer->w, .ldb = n, .c = layer->a + row * n, .ldc = n,
            .start = SKX_BIAS, .bias = job->params + layer->b,
            .finish = l + 1 < net->n_layers ? T(finish_hidden) : NULL, .context = &place,
            .relu = T(is_plain_relu)(job, l)};
        if (l == 0 && job->inputs->kind != SKX_DENSE)
            T(forward_sparse)(job, block, row, m, product);
        else
            T(product)(&product);
    }
}

/* ---- rows of the block: gather, loss, backward ---- */

static void T(gather)(T(job) * job, const T(block) * block, ptrdiff_t row, ptrdiff_t m)
{
    T(network) *net = job->net;
    const skx_inputs *in = job->inputs;
    ptrdiff_t first = block->first + row;
    if (net->n_x && !T(in_place)(in, job->rows))
        T(gather_dense)(in, job->rows, first, m, net->n_x, net->x + row * (net->n_x + 1));
    if (in->n_fields) {
        T(lookups) to = net->lookups;
        to.bin += row * in->n_fields;
        to.part += row * in->n_fields;
        T(gather_lookups)(in, job->rows, first, m, to);
    }
    if (!job->targets)
        return;
    ptrdiff_t k = net->layers[net->n_layers - 1].fan_out;
    int32_t n_codes = k == 1 && !T(is_softmax)(net->loss) ? 2 : (int32_t)k;
    const skx_targets *targets = job->targets;
    REAL *y = net->y + row * k;
    if (targets->type == SKX_F32 || targets->type == SKX_F64) {
        for (ptrdiff_t i = 0; i < m; i++)
            T(copy_row)(k, targets->data + T(row_id)(job->rows, first + i) * targets->row_stride,
                        targets->type, targets->column_stride, y + i * k);
    } else {
        if (!T(gather_codes)(targets, job->rows, first, m, n_codes, net->codes + row))
            job->bad_target = 1;
        if (T(targets_are_rows)(net, targets)) {
            memset(y, 0, m * k * sizeof(REAL));
            for (ptrdiff_t i = 0; i < m; i++)
                y[i * k + net->codes[row + i]] = 1;
        }
    }
    T(gather_weights)(job->weights, job->rows, first, m, block->scale * net->loss_scale,
                      net->weights + row, net->factors + row);
}

static void T(loss)(T(job) * job, ptrdiff_t row, ptrdiff_t m, int with_gradient)
{
    T(network) *net = job->net;
    T(layer) *last = &net->layers[net->n_layers - 1];
    ptrdiff_t k = last->fan_out;
    int values = T(targets_are_rows)(net, job->targets);
    T(loss_rows)(net->loss, m, k, last->a + row * k, k, values ? NULL : net->codes + row,
                 values ? net->y + row * k : NULL, k, net->factors + row,
                 net->loss_of + row, with_gradient ? last->d + row * k : NULL, k);
}

static void T(finish_backward)(void *context, REAL *d, ptrdiff_t ldd, ptrdiff_t first,
                               ptrdiff_t rows, ptrdiff_t n)
{
    T(place) *place = context;
    T(layer) *layer = &place->job->net->layers[place->layer];
    double rate = T(drop_rate)(place->job, place->layer);
    ptrdiff_t at = (place->row + first) * n;
    (void)ldd;
    if (rate == 0) {
        T(multiply_slope)(layer->activation, rows * n, layer->a + at, layer->slope + at, d);
    } else if (T(keeps_slope)(layer->activation, rate)) {
        const REAL *restrict slope = layer->slope + at;
        for (ptrdiff_t j = 0; j < rows * n; j++)
            d[j] *= slope[j];
    } else {
        const REAL *restrict a = layer->a + at, scale = (REAL)(1 / (1 - rate));
        for (ptrdiff_t j = 0; j < rows * n; j++)
            d[j] *= a[j] > 0 ? scale : 0;
    }
}

static void T(backward)(T(job) * job, const T(block) * block, ptrdiff_t row, ptrdiff_t m)
{
    T(network) *net = job->net;
    for (int l = net->n_layers - 1; l > 0; l--) {
        T(layer) *layer = &net->layers[l];
        T(place) place = {job, block, l - 1, row};
        ptrdiff_t n = layer->fan_in, k = layer->fan_out;
        T(product)(&(T(product_args)){
            .m = m, .n = n, .k = k, .a = layer->d + row * k, .ars = k, .aks = 1,
            .b = layer->transposed, .ldb = layer->ldt, .c = layer[-1].d + row * n, .ldc = n,
            .start = SKX_ZERO, .finish = T(finish_backward), .context = &place,
            .gate = T(is_plain_relu)(job, l - 1) ? layer[-1].a + row * n : NULL});
    }
}

/* All that is done to rows of the block by themselves, divided among the threads. */
static void T(work_on_rows)(T(job) * job, const T(block) * block)
{
    int size = job->team.size;
    ptrdiff_t slice = size == 1 ? block->count : (block->count + 2 * size - 1) / (2 * size), row;
    while ((row = skx_next(&job->team) * slice) < block->count) {
        ptrdiff_t m = block->count - row < slice ? block->count - row : slice;
        T(gather)(job, block, row, m);
        T(forward)(job, block, row, m, job->net->n_layers);
        T(loss)(job, row, m, 1);
        T(backward)(job, block, row, m);
    }
    skx_barrier(&job->team);
}

/* ---- pieces of the gradient ---- */

/* Rows low .. high of the gradient of a sparse W_1; `add`: to what is there. */
static void T(sparse_gradient)(T(job) * job, const T(block) * block, int me, int add)
{
    T(layer) *layer = &job->net->layers[0];
    ptrdiff_t h = layer->fan_out;
    ptrdiff_t low = skx_share(layer->fan_in, me, job->team.size);
    ptrdiff_t high = skx_share(layer->fan_in, me + 1, job->team.size);
    REAL *g = job->gradient + layer->w;
    if (!add)
        memset(g + low * h, 0, (high - low) * h * sizeof(REAL));
    T(sparse_backward)(job->inputs, job->rows, block->first, block->count, h, layer->d, low, high,
                       g);
    skx_barrier(&job->team);
}

/* Writes the block's part of the gradient of a piece to g, or adds it to what is there. */
static void T(piece_gradient)(T(job) * job, const T(block) * block, const T(piece) * piece, int me,
                              int add, REAL *g)
{
    T(network) *net = job->net;
    T(layer) *layer = &net->layers[piece->layer];
    ptrdiff_t n = layer->fan_out, m = block->count;
    T(dense_rows) x = piece->layer ? (T(dense_rows)){layer[-1].a, layer->fan_in, 0}
                                   : T(dense_from)(job, block, 0);
    skx_start start = add ? SKX_ADD : SKX_ZERO;
    /* that of the biases, sums over the rows, is one more row of the product where there are ones
     * (by a BLAS it would depend on whether there are) */
    int with_ones = SKX_LEVEL && piece->n_biases && piece->n_rows && x.then_one &&
                    piece->row + piece->n_rows == net->n_x;
    if (piece->n_biases && !with_ones)
        T(column_sums)(m, n, layer->d, n, start, g + piece->n_weights);
    if (piece->n_fields) {
        for (ptrdiff_t f = piece->field; f < piece->field + piece->n_fields; f++)
            T(lookup_backward)(job->inputs, f, m, net->lookups, n, layer->d, add, net->bins[me],
                               g - piece->row * n);
    } else if (piece->layer || job->inputs->kind != SKX_SPARSE) {
        T(product)(&(T(product_args)){
            .m = piece->n_rows + with_ones, .n = n, .k = m,
            .a = x.at + piece->row, .ars = 1, .aks = x.stride,
            .b = layer->d, .ldb = n, .c = g, .ldc = n, .start = start});
    }
}

/* ---- update ---- */

/* A step of the pass, and what all pieces of its gradient have in common. */
typedef struct {
    double rate;
    double correction; /* of adam's rate, for averages that are young */
    double scale;      /* of the gradient, where it is clipped */
} T(step);

static T(step) T(step_of)(const skx_pass *pass, ptrdiff_t batch)
{
    double t = (double)(pass->step + batch + 1);
    T(step) step = {pass->rates[batch], 1, 1};
    if (pass->rule == SKX_ADAM)
        step.correction = sqrt(1 - pow(pass->hyper[1], t)) / (1 - pow(pass->hyper[0], t));
    return step;
}

static T(update_args) T(update_of)(T(job) * job, const T(step) * step, int bias)
{
    const skx_pass *pass = job->pass;
    T(update_args) args = {.rate = step->rate, .decay = bias ? 0 : step->rate * pass->decay,
                           .penalty = bias ? 0 : pass->penalty, .scale = step->scale,
                           .average_decay = pass->average_decay};
    if (pass->rule == SKX_SGD) {
        args.momentum = pass->hyper[0];
        args.nesterov = pass->hyper[1] != 0;
    } else {
        args.beta1 = pass->hyper[0];
        args.beta2 = pass->hyper[1];
        args.epsilon = pass->hyper[2];
        args.rate *= step->correction;
    }
    return args;
}

/* What is done to the weights, or the biases, of a piece, whose gradient is g; returns the sum of
 * its squares. */
typedef double T(part_work)(T(job) * job, const T(step) * step, int bias, ptrdiff_t at,
                            ptrdiff_t n, REAL *g);

static double T(update_part)(T(job) * job, const T(step) * step, int bias, ptrdiff_t at,
                             ptrdiff_t n, REAL *g)
{
    const skx_pass *pass = job->pass;
    T(update_args) args = T(update_of)(job, step, bias);
    REAL *p = job->params + at, *slot = (REAL *)pass->slots[0] + at;
    REAL *average = pass->average ? (REAL *)pass->average + at : NULL;
    if (pass->rule == SKX_SGD)
        return T(sgd)(n, p, g, slot, average, &args);
    return T(adam)(n, p, g, slot, (REAL *)pass->slots[1] + at, average, &args);
}

static double T(norm_of_part)(T(job) * job, const T(step) * step, int bias, ptrdiff_t at,
                              ptrdiff_t n, REAL *g)
{
    T(update_args) args = T(update_of)(job, step, bias);
    return T(squared_norm)(n, job->params + at, g, &args);
}

INLINE double T(work_on_parts)(T(part_work) * work, T(job) * job, const T(piece) * piece,
                               const T(step) * step, REAL *g)
{
    ptrdiff_t at = piece->at, n = piece->n_weights;
    return work(job, step, 0, at, n, g) + work(job, step, 1, at + n, piece->n_biases, g + n);
}

/* Returns the sum of squares of the piece's gradient g. */
static double T(update_piece)(T(job) * job, const T(piece) * piece, const T(step) * step, REAL *g)
{
    return T(work_on_parts)(T(update_part), job, piece, step, g);
}

/* The same sum, where the update has to wait for those of all pieces. */
static double T(norm_of_piece)(T(job) * job, const T(piece) * piece, const T(step) * step, REAL *g)
{
    return T(work_on_parts)(T(norm_of_part), job, piece, step, g);
}

static double T(sum_of_squares)(const T(network) * net)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < net->n_pieces; i++)
        sum += net->pieces[i].squares;
    return sum;
}

/* ---- a batch ---- */

/* What becomes of a piece once its gradient is complete; returns a number of the piece. */
typedef double T(piece_end)(T(job) * job, const T(piece) * piece, const T(step) * step, REAL *g);

/* Forward and backward for `count` rows from block.first on, with `end` for each piece of their
 * gradient. Returns the sum of weight * loss; where that is not finite, nothing ends. */
static double T(run_batch)(T(job) * job, T(block) block, ptrdiff_t count, int me,
                           const T(step) * step, T(piece_end) * end)
{
    T(network) *net = job->net;
    ptrdiff_t left = count, i;
    double loss = 0;
    do { /* once, at least: the gradient of no rows is 0 */
        int add = left < count, last = left <= T(BLOCK);
        block.count = last ? left : T(BLOCK);
        T(work_on_rows)(job, &block);
        for (i = 0; i < block.count; i++)
            loss += net->weights[i] == 0 ? 0 : net->weights[i] * net->loss_scale * net->loss_of[i];
        if (job->bad_target || (last && job->pass && !isfinite(loss)))
            return loss;
        if (me == 0) {
            ptrdiff_t next = block.first + block.count, n = job->rows->count - next;
            T(prefetch_rows)(job->inputs, job->targets, job->rows, next,
                             n < block.count ? n : block.count);
        }
        if (job->inputs->kind == SKX_SPARSE)
            T(sparse_gradient)(job, &block, me, add);
        while ((i = skx_next(&job->team)) < net->n_pieces) {
            T(piece) *piece = &net->pieces[i];
            int whole = end == T(update_piece) && count <= T(BLOCK) &&
                        (piece->layer || job->inputs->kind != SKX_SPARSE);
            REAL *g = whole ? net->piece_gradient[me] : job->gradient + piece->at;
            T(piece_gradient)(job, &block, piece, me, add, g);
            if (last)
                piece->squares = end(job, piece, step, g);
        }
        skx_barrier(&job->team);
        left -= block.count;
        block.first += block.count;
        block.in_batch += block.count;
    } while (left > 0);
    return loss;
}

/* ---- calls: what each thread of the team does ---- */

static void T(train_work)(void *argument, int me)
{
    T(job) *job = argument;
    T(network) *net = job->net;
    skx_pass *pass = job->pass;
    ptrdiff_t n = job->rows->count, batch = 0;
    for (ptrdiff_t first = 0; first < n; first += pass->batch_size, batch++) {
        ptrdiff_t count = n - first < pass->batch_size ? n - first : pass->batch_size, i;
        double weight = (double)count, loss, squares;
        if (job->weights->data) {
            weight = 0;
            for (i = first; i < first + count; i++)
                weight += T(number)(job->weights->data + T(row_id)(job->rows, i) *
                                                             job->weights->stride,
                                    job->weights->type);
        }
        T(block) block = {.first = first, .step = pass->step + batch + 1,
                          .scale = weight != 0 ? 1 / weight : 0};
        T(step) step = T(step_of)(pass, batch);
        T(prepare_weights)(job, 1);
        loss = T(run_batch)(job, block, count, me, &step,
                            pass->clip > 0 ? T(norm_of_piece) : T(update_piece));
        if (job->bad_target || !isfinite(loss))
            return;
        squares = T(sum_of_squares)(net);
        if (pass->clip > 0) {
            double norm = sqrt(squares);
            step.scale = norm > pass->clip ? pass->clip / norm : 1;
            while ((i = skx_next(&job->team)) < net->n_pieces)
                T(update_piece)(job, &net->pieces[i], &step, job->gradient + net->pieces[i].at);
            skx_barrier(&job->team);
        }
        if (me == 0) {
            pass->loss_sum += loss;
            pass->weight_sum += weight;
            pass->square_sum += squares;
            pass->n_done = batch + 1;
        }
    }
}

/* Adds the penalty's part to the gradient of a piece; returns the sum of squares of its weights. */
static double T(penalise)(T(job) * job, const T(piece) * piece, const T(step) * step, REAL *g)
{
    const REAL *w = job->params + piece->at;
    double sums[8] = {0};
    (void)step;
    for (ptrdiff_t i = 0; i < piece->n_weights; i++) {
        g[i] += (REAL)job->penalty * w[i];
        sums[i % 8] += (double)w[i] * w[i];
    }
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static void T(value_work)(void *argument, int me)
{
    T(job) *job = argument;
    T(network) *net = job->net;
    T(block) block = {.scale = job->scale};
    T(prepare_weights)(job, 1);
    double loss = T(run_batch)(job, block, job->rows->count, me, NULL, T(penalise));
    if (me == 0)
        job->value = job->scale * loss + 0.5 * job->penalty * T(sum_of_squares)(net);
}

/* Each thread takes slabs of rows through its own part of the block's memory. */
static void T(output_work)(void *argument, int me)
{
    T(job) *job = argument;
    T(network) *net = job->net;
    ptrdiff_t n = job->rows->count, width = net->layers[job->layer].fan_out;
    ptrdiff_t slab = job->room / job->team.size, row = me * slab, first;
    T(prepare_weights)(job, 0);
    while ((first = skx_next(&job->team) * slab) < n) {
        ptrdiff_t m = n - first < slab ? n - first : slab;
        T(block) block = {.first = first - row};
        T(gather)(job, &block, row, m);
        T(forward)(job, &block, row, m, job->layer + 1);
        if (job->targets) {
            T(loss)(job, row, m, 0);
            for (ptrdiff_t i = 0; i < m; i++)
                ((double *)job->out)[first + i] = net->loss_scale * net->loss_of[row + i];
        } else {
            memcpy((REAL *)job->out + first * width, net->layers[job->layer].a + row * width,
                   m * width * sizeof(REAL));
        }
    }
}

/* ---- memory ---- */

/* Cuts the weights of all layers into pieces. */
static int T(cut_pieces)(T(network) * net, const skx_inputs *in)
{
    ptrdiff_t n = 0, room = in->n_fields;
    for (int l = 0; l < net->n_layers; l++)
        room += 4 + net->layers[l].fan_in * net->layers[l].fan_out / T(PIECE);
    if (!skx_reserve(&net->pieces, room + 4 * net->n_layers, sizeof *net->pieces))
        return 0;
    for (int l = 0; l < net->n_layers; l++) {
        ptrdiff_t h = net->layers[l].fan_out, rows = net->layers[l].fan_in, first = n;
        if (l == 0 && in->kind == SKX_TABLE)
            rows = net->n_x;
        ptrdiff_t parts = rows * h / T(PIECE);
        parts += parts % 2; /* even, for two threads */
        ptrdiff_t size = parts ? ((rows + parts - 1) / parts + 7) / 8 * 8 : rows;
        for (ptrdiff_t row = 0; row < rows; row += size)
            net->pieces[n++] = (T(piece)){
                .layer = l, .row = row, .n_rows = rows - row < size ? rows - row : size};
        for (ptrdiff_t f = 0; f < in->n_fields && l == 0;) {
            T(piece) *piece = &net->pieces[n++];
            *piece = (T(piece)){.row = in->starts[f], .field = f};
            for (; f < in->n_fields && piece->n_rows * h < T(PIECE) / 4; f++, piece->n_fields++)
                piece->n_rows += in->widths[f];
        }
        if (n == first) /* no inputs */
            net->pieces[n++] = (T(piece)){.layer = l};
        net->pieces[n - 1].n_biases = h;
    }
    net->n_pieces = n;
    for (ptrdiff_t i = 0; i < n; i++) {
        T(piece) *piece = &net->pieces[i];
        T(layer) *layer = &net->layers[piece->layer];
        piece->at = layer->w + piece->row * layer->fan_out;
        piece->n_weights = piece->n_rows * layer->fan_out;
        ptrdiff_t length = piece->n_weights + piece->n_biases;
        net->longest = length > net->longest ? length : net->longest;
    }
    return 1;
}

/* Room for this call: its kind of input, so many rows, and a gradient or none. */
static int T(prepare)(T(network) * net, const skx_inputs *in, ptrdiff_t rows, int with_gradient)
{
    ptrdiff_t n = in->n_fields, k = net->layers[net->n_layers - 1].fan_out, widest = 0;
    net->n_x = in->kind == SKX_SPARSE ? 0 : in->n_dense;
    int good = T(cut_pieces)(net, in) && skx_reserve(&net->x, rows * (net->n_x + 1), sizeof(REAL)) &&
               skx_reserve(&net->lookups.bin, rows * n, sizeof(int32_t)) &&
               skx_reserve(&net->lookups.part, rows * n, sizeof(REAL)) &&
               skx_reserve(&net->prefix, n && rows >= T(FEW) ? net->layers[0].b : 0,
                           sizeof(REAL)) &&
               skx_reserve(&net->codes, rows, sizeof(int32_t)) &&
               skx_reserve(&net->y, rows * k, sizeof(REAL)) &&
               skx_reserve(&net->factors, rows, sizeof(REAL)) &&
               skx_reserve(&net->weights, rows, sizeof(double)) &&
               skx_reserve(&net->loss_of, rows, sizeof(double));
    for (int l = 0; l < net->n_layers && good; l++) {
        T(layer) *layer = &net->layers[l];
        ptrdiff_t size = rows * layer->fan_out;
        good = skx_reserve(&layer->a, size, sizeof(REAL)) &&
               skx_reserve(&layer->slope, size, sizeof(REAL)) &&
               skx_reserve(&layer->d, with_gradient ? size : 0, sizeof(REAL)) &&
               skx_reserve(&layer->transposed, with_gradient && l ? layer->ldt * layer->fan_out : 0,
                           sizeof(REAL));
    }
    for (int i = 0; i < net->n_threads && good && with_gradient; i++)
        good = skx_reserve(&net->piece_gradient[i], net->longest, sizeof(REAL));
    for (ptrdiff_t f = 0; f < n; f++)
        widest = in->widths[f] > widest ? in->widths[f] : widest;
    for (int i = 0; i < net->n_threads && good && n && with_gradient; i++)
        good = skx_reserve(&net->bins[i].start, widest + 2, sizeof(int32_t)) &&
               skx_reserve(&net->bins[i].rows, rows, sizeof(int32_t));
    return good;
}

static void T(destroy)(void *network)
{
    T(network) *net = network;
    if (!net)
        return;
    for (int l = 0; l < net->n_layers && net->layers; l++) {
        T(layer) *layer = &net->layers[l];
        skx_free(layer->a);
        skx_free(layer->slope);
        skx_free(layer->d);
        skx_free(layer->transposed);
    }
    for (int i = 0; i < SKX_MAX_THREADS; i++) {
        skx_free(net->piece_gradient[i]);
        skx_free(net->bins[i].start);
        skx_free(net->bins[i].rows);
    }
    skx_free(net->layers);
    skx_free(net->pieces);
    skx_free(net->gradient);
    skx_free(net->x);
    skx_free(net->lookups.bin);
    skx_free(net->lookups.part);
    skx_free(net->codes);
    skx_free(net->y);
    skx_free(net->factors);
    skx_free(net->weights);
    skx_free(net->loss_of);
    skx_free(net->prefix);
    skx_free(net);
}

static void *T(create)(const skx_plan *plan)
{
    T(network) *net = NULL;
    if (!skx_reserve(&net, 1, sizeof *net))
        return NULL;
    *net = (T(network)){.n_layers = plan->n_layers, .n_threads = plan->n_threads,
                        .loss = plan->loss, .loss_scale = plan->loss_scale};
    if (!skx_reserve(&net->layers, plan->n_layers, sizeof *net->layers)) {
        skx_free(net);
        return NULL;
    }
    for (int l = 0; l < plan->n_layers; l++) {
        ptrdiff_t fan_in = plan->sizes[l], fan_out = plan->sizes[l + 1], w = net->n_params;
        net->layers[l] = (T(layer)){
            .fan_in = fan_in, .fan_out = fan_out, .w = w, .b = w + fan_in * fan_out,
            .ldt = SKX_SPACED(fan_in),
            .activation = l + 1 < plan->n_layers ? plan->activations[l] : SKX_IDENTITY};
        net->n_params = net->layers[l].b + fan_out;
    }
    return net;
}

/* ---- calls ---- */

static const skx_weights T(no_weights) = {NULL, SKX_NONE, 0};

/* Threads that so many rows between two barriers are worth: a barrier takes microseconds when all
 * goes well, and many more where others want the cores. */
static int T(worthwhile_threads)(const T(network) * net, const skx_inputs *in, ptrdiff_t rows)
{
    double width = (double)net->layers[0].fan_in;
    if (in->kind == SKX_TABLE)
        width = (double)(in->n_dense + 2 * in->n_fields);
    if (in->kind == SKX_SPARSE && in->n_rows)
        width = (double)T(entries_of)(in, in->n_rows - 1).to / (double)in->n_rows;
    double products = width * (double)net->layers[0].fan_out + (double)(net->n_params - net->layers[0].b);
    return products * (double)rows < 2e6 ? 1 : net->n_threads;
}

/* `at_once`: rows between two barriers. */
static skx_status T(run)(T(job) * job, ptrdiff_t at_once, void (*work)(void *, int))
{
    T(network) *net = job->net;
    job->room = at_once < T(BLOCK) ? at_once : T(BLOCK);
    if (!T(prepare)(net, job->inputs, job->room, job->gradient != NULL))
        return SKX_NO_MEMORY;
    job->prefix = job->room >= T(FEW) ? net->prefix : NULL;
    skx_run_team(&job->team, T(worthwhile_threads)(net, job->inputs, at_once), work, job);
    return job->bad_target ? SKX_BAD_TARGET : SKX_OK;
}

static skx_status T(value_and_gradient)(void *network, const void *params, const skx_inputs *inputs,
                                        const skx_targets *targets, const skx_weights *weights,
                                        const skx_rows *rows, double scale, double penalty,
                                        void *gradient, double *value)
{
    T(job) job = {.net = network, .params = (REAL *)params, .gradient = gradient,
                  .inputs = inputs, .targets = targets, .weights = weights, .rows = rows,
                  .scale = scale, .penalty = penalty};
    ptrdiff_t at_once = rows->count < T(BLOCK) ? rows->count : T(BLOCK);
    skx_status status = T(run)(&job, at_once, T(value_work));
    *value = job.value;
    return status;
}

static skx_status T(losses)(void *network, const void *params, const skx_inputs *inputs,
                            const skx_targets *targets, const skx_rows *rows, double *out)
{
    T(job) job = {.net = network, .params = (REAL *)params, .inputs = inputs, .targets = targets,
                  .weights = &T(no_weights), .rows = rows, .out = out};
    job.layer = job.net->n_layers - 1;
    return T(run)(&job, rows->count, T(output_work));
}

static skx_status T(outputs)(void *network, const void *params, const skx_inputs *inputs,
                             const skx_rows *rows, int layer, void *out)
{
    T(job) job = {.net = network, .params = (REAL *)params, .inputs = inputs,
                  .weights = &T(no_weights), .rows = rows, .out = out, .layer = layer};
    return T(run)(&job, rows->count, T(output_work));
}

static skx_status T(train)(void *network, void *params, const skx_inputs *inputs,
                           const skx_targets *targets, const skx_weights *weights,
                           const skx_rows *order, skx_pass *pass)
{
    T(network) *net = network;
    T(job) job = {.net = net, .params = params, .inputs = inputs, .targets = targets,
                  .weights = weights, .rows = order, .pass = pass};
    if (!skx_reserve(&net->gradient, net->n_params, sizeof(REAL)))
        return SKX_NO_MEMORY;
    job.gradient = net->gradient;
    pass->loss_sum = pass->weight_sum = pass->square_sum = 0;
    pass->n_done = 0;
    ptrdiff_t at_once = pass->batch_size < order->count ? pass->batch_size : order->count;
    return T(run)(&job, at_once < T(BLOCK) ? at_once : T(BLOCK), T(train_work));
}

/* ---- the functions themselves, for tests ---- */

static void T(activation_test)(skx_activation which, ptrdiff_t n, const void *z, void *a, void *da)
{
    T(activate)(which, n, z, a, da);
}

static void T(function_test)(int which, ptrdiff_t n, const void *x, void *out)
{
    T(evaluate)(which, n, x, out);
}

const skx_engine ENGINE = {
    T(create), T(destroy), T(value_and_gradient), T(losses), T(outputs), T(train),
    T(activation_test), T(function_test),
};
