/* Rows of a block through the network: gathered, multiplied, activated, compared with targets. */

/* ---- what is derived from the weights whenever they change ---- */

/* The rate of dropout of a layer's outputs in this call. */
static double T(drop_rate)(const T(job) * job, int layer)
{
    return job->pass && job->pass->dropout ? job->pass->dropout[layer] : 0;
}

/* The strips of one member's weights. */
static T(strips) T(strips_of)(const T(job) * job, ptrdiff_t member)
{
    T(strips) strips = job->strips;
    if (strips.rows)
        strips.rows += member * T(strips_size)(strips.n_rows, job->net->layers[0].fan_out);
    return strips;
}

/* Multiplies W^T of a layer by what dropout multiplied its inputs by, where their derivative does
 * not say so: where they are those of relu. */
static void T(scale_kept)(const T(job) * job, int l)
{
    const T(layer) *layer = &job->net->layers[l];
    double rate = T(drop_rate)(job, l - 1);
    const REAL scale = (REAL)(1 / (1 - rate));
    if (rate == 0 || layer[-1].activation != SKX_RELU)
        return;
    for (ptrdiff_t j = 0; j < layer->fan_out; j++) {
        REAL *row = layer->transposed + j * layer->ldt;
        for (ptrdiff_t i = 0; i < layer->fan_in; i++)
            row[i] *= scale;
    }
}

/* Makes the strips of lookup fields, and transposes what the backward pass needs. */
static void T(prepare_weights)(T(job) * job)
{
    T(network) *net = job->net;
    const skx_inputs *in = job->inputs;
    ptrdiff_t members = job->n_members ? job->n_members : 1, item;
    ptrdiff_t n_fields = job->strips.rows ? members * in->n_fields : 0;
    ptrdiff_t n_layers = job->gradient ? net->n_layers : 0;
    while ((item = skx_next(&job->team)) < n_fields + n_layers) {
        int l = item < n_fields ? 0 : (int)(item - n_fields);
        T(layer) *layer = &net->layers[l];
        ptrdiff_t n = layer->fan_out, k = layer->fan_in;
        if (item < n_fields) {
            ptrdiff_t member = item / in->n_fields;
            T(strips) strips = T(strips_of)(job, member);
            T(fill_strips)(in, item % in->n_fields, n, job->params + member * net->n_params,
                           &strips);
        } else if (l) {
            T(transpose)(k, n, job->params + layer->w, n, layer->transposed, layer->ldt);
            T(scale_kept)(job, l);
        }
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
    return in->kind != SKX_SPARSE && !rows->ids && in->dense_type == REAL_TYPE &&
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

/* VEC_N numbers of 23 random bits in [1, 2), for units j, j + 1 ... of a row whose key is given: a
 * hash of 32 bits, of which the upper ones become a fraction. */
INLINE VEC T(random)(uint64_t key, ptrdiff_t j)
{
    uint32_t low = (uint32_t)key + (uint32_t)j * 0x9e3779b9u, high = (uint32_t)(key >> 32);
#if SKX_LEVEL == 0
    uint32_t x = (low ^ (low >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13) ^ high) * 0xc2b2ae35u;
    x = (x ^ (x >> 16)) >> 9;
    return 1 + (REAL)0x1p-23 * (REAL)(int32_t)x;
#else
    INTS x = W_ADD(W_SET(low), W_MULTIPLY(I_LANES, W_SET(0x9e3779b9u)));
    x = W_MULTIPLY(W_XOR(x, W_RIGHT(x, 16)), W_SET(0x85ebca6bu));
    x = W_MULTIPLY(W_XOR(W_XOR(x, W_RIGHT(x, 13)), W_SET(high)), W_SET(0xc2b2ae35u));
    x = W_RIGHT(W_XOR(x, W_RIGHT(x, 16)), 9);
#if REAL_BITS == 64
    x = I_LEFT(x, 29); /* the upper half of a lane, which is no number, goes ... */
    x = I_AND(x, I_SET(((uint64_t)1 << 52) - 1)); /* ... where the exponent will be */
#endif
    return V_REALS(I_OR(x, I_SET(BITS_OF_ONE)));
#endif
}

/* Multiplies a row of outputs, and its derivatives if any, by the mask: 0, or 1 / (1 - rate); where
 * they are those of relu, max(z, 0) is taken here. The bits are a hash of where the unit stands: no
 * state is shared, and any thread finds the same. */
static void T(drop)(uint64_t seed, int64_t step, int layer, ptrdiff_t in_batch, double rate,
                    ptrdiff_t n, int relu, REAL *a, REAL *slope)
{
    uint64_t key = T(mix)(T(mix)(seed) ^ (uint64_t)step);
    key = T(mix)(key ^ ((uint64_t)in_batch << 8 ^ (uint64_t)layer));
    const VEC threshold = V_SET(1 + floor(rate * 0x1p23) * 0x1p-23), scale = V_SET(1 / (1 - rate));
    const VEC least = V_SET(relu ? 0 : -INFINITY);
    EACH_VECTOR(n, VEC factor = V_SELECT(V_LESS(T(random)(key, i), threshold), V_SET(0), scale);
                PUT(a, V_AT_LEAST(GET(a), least) * factor);
                if (slope) PUT(slope, GET(slope) * factor);)
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
    const int relu = layer->activation == SKX_RELU;
    if (!relu || rate == 0)
        T(activate)(layer->activation, rows * n, z, z, slope);
    for (ptrdiff_t i = 0; i < rows && rate > 0; i++)
        T(drop)(place->job->pass->seed, place->block->step, place->layer,
                place->block->in_batch + place->row + first + i, rate, n, relu, z + i * n,
                slope ? slope + i * n : NULL);
}

/* z = bias + rows of the input times W_1, for rows row .. row + m of the block. */
static void T(forward_sparse)(T(job) * job, const T(block) * block, ptrdiff_t row, ptrdiff_t m,
                              T(product_args) product)
{
    T(network) *net = job->net;
    const REAL *w = product.b; /* of which the product takes the rows of dense columns */
    ptrdiff_t h = product.n;
    void (*finish)(void *, REAL *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t) = product.finish;
    const int relu = product.relu && job->inputs->kind == SKX_TABLE && job->inputs->n_fields;
    product.finish = NULL;
    product.relu = 0;
    T(product)(&product); /* the dense columns, if any, and the biases */
    if (job->inputs->kind == SKX_SPARSE) {
        T(sparse_forward)(job->inputs, job->rows, block->first + row, m, h, w, product.c);
    } else {
        T(lookups) at = T(lookups_from)(&net->lookups, row, job->inputs->n_fields);
        T(strips) strips = T(strips_of)(job, block->member);
        T(lookup_forward)(job->inputs, m, at, h, w, &strips, relu ? 0 : -INFINITY, product.c);
    }
    if (finish && !relu)
        finish(product.context, product.c, h, 0, m, h);
}

static void T(forward)(T(job) * job, const T(block) * block, ptrdiff_t row, ptrdiff_t m)
{
    T(network) *net = job->net;
    const REAL *params = job->params + block->member * net->n_params;
    for (int l = 0; l < net->n_layers; l++) {
        T(layer) *layer = &net->layers[l];
        T(place) place = {job, block, l, row};
        ptrdiff_t n = layer->fan_out, k = l ? layer->fan_in : net->n_x;
        T(dense_rows) x = l ? (T(dense_rows)){layer[-1].a + row * k, k}
                            : T(dense_from)(job, block, row);
        T(product_args) product = {
            .m = m, .n = n, .k = k, .a = x.at, .ars = x.stride, .aks = 1,
            .b = params + layer->w, .ldb = n, .c = layer->a + row * n, .ldc = n,
            .start = SKX_BIAS, .bias = params + layer->b,
            .finish = l + 1 < net->n_layers ? T(finish_hidden) : NULL, .context = &place,
            .relu = T(is_plain_relu)(job, l)};
        if (l == 0 && job->inputs->kind != SKX_DENSE)
            T(forward_sparse)(job, block, row, m, product);
        else
            T(product)(&product);
    }
}

/* ---- what comes before and after: gather, loss ---- */

static void T(gather)(T(job) * job, const T(block) * block, ptrdiff_t row, ptrdiff_t m)
{
    T(network) *net = job->net;
    const skx_inputs *in = job->inputs;
    ptrdiff_t first = block->first + row;
    if (net->n_x && !T(in_place)(in, job->rows))
        T(gather_dense)(in, job->rows, first, m, net->n_x, net->x + row * (net->n_x + 1));
    if (in->n_fields) {
        T(gather_lookups)(in, job->rows, first, m,
                          T(lookups_from)(&net->lookups, row, in->n_fields));
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

static void T(loss)(T(job) * job, ptrdiff_t row, ptrdiff_t m)
{
    T(network) *net = job->net;
    T(layer) *last = &net->layers[net->n_layers - 1];
    ptrdiff_t k = last->fan_out;
    int values = T(targets_are_rows)(net, job->targets);
    T(loss_rows)(net->loss, m, k, last->a + row * k, k, values ? NULL : net->codes + row,
                 values ? net->y + row * k : NULL, k, net->factors + row,
                 net->loss_of + row, last->d + row * k, k);
}
