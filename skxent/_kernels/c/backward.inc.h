/* Gradients: back through the layers row by row, then those of the weights piece by piece. */

static void T(finish_backward)(void *context, REAL *d, ptrdiff_t ldd, ptrdiff_t first,
                               ptrdiff_t rows, ptrdiff_t n)
{
    T(place) *place = context;
    T(layer) *layer = &place->job->net->layers[place->layer];
    double rate = T(drop_rate)(place->job, place->layer);
    ptrdiff_t at = (place->row + first) * n;
    (void)ldd;
    if (rate == 0 || layer->activation == SKX_RELU) {
        T(multiply_slope)(layer->activation, rows * n, layer->a + at, layer->slope + at, d);
    } else {
        const REAL *restrict slope = layer->slope + at;
        for (ptrdiff_t j = 0; j < rows * n; j++)
            d[j] *= slope[j];
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
            .gate = layer[-1].activation == SKX_RELU ? layer[-1].a + row * n : NULL});
    }
}

/* All that is done to rows of the block by themselves, divided among the threads: so that there is
 * work for all of them, unless bits depend on how many rows there are. */
static void T(work_on_rows)(T(job) * job, const T(block) * block)
{
    int size = job->team.size;
    ptrdiff_t slice = size == 1 ? block->count : (block->count + 2 * size - 1) / (2 * size), row;
    slice = SKX_LEVEL ? (slice + T(ABREAST) - 1) / T(ABREAST) * T(ABREAST) : T(SLICE);
    while ((row = skx_next(&job->team) * slice) < block->count) {
        ptrdiff_t m = block->count - row < slice ? block->count - row : slice;
        T(gather)(job, block, row, m);
        T(forward)(job, block, row, m);
        T(loss)(job, row, m);
        T(backward)(job, block, row, m);
        if (job->inputs->n_fields) {
            T(layer) *first = &job->net->layers[0];
            T(cut_into_strips)(m, first->fan_out, first->d + row * first->fan_out, row, job->room,
                               job->net->d_strips);
        }
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
            T(lookup_backward)(job->inputs, f, m, net->lookups, n, net->d_strips, job->room, add,
                               net->bins[me], g - piece->row * n);
    } else if (piece->layer || job->inputs->kind != SKX_SPARSE) {
        T(product)(&(T(product_args)){
            .m = piece->n_rows + with_ones, .n = n, .k = m,
            .a = x.at + piece->row, .ars = 1, .aks = x.stride,
            .b = layer->d, .ldb = n, .c = g, .ldc = n, .start = start});
    }
}
