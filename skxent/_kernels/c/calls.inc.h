/* What the wrapper calls: values and gradients, outputs, a pass of training. */

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
    T(prepare_weights)(job);
    double loss = T(run_batch)(job, block, job->rows->count, me, NULL, T(penalise));
    if (me == 0)
        job->value = job->scale * loss + 0.5 * job->penalty * T(sum_of_squares)(net);
}

/* sums = or += z, where infinite logits count as large ones: their mean exists. */
static void T(add_bounded)(ptrdiff_t n, const REAL *z, int add, double *sums)
{
    const REAL most = (REAL)1e30;
    for (ptrdiff_t i = 0; i < n; i++) {
        REAL x = z[i] > most ? most : z[i] < -most ? -most : z[i];
        sums[i] = add ? sums[i] + x : x;
    }
}

static void T(write_means)(const T(job) * job, ptrdiff_t at, ptrdiff_t n, const double *sums)
{
    const double members = (double)job->n_members;
    if (job->logits_type == SKX_F32)
        for (ptrdiff_t i = 0; i < n; i++)
            ((float *)job->logits)[at + i] = (float)(sums[i] / members);
    else
        for (ptrdiff_t i = 0; i < n; i++)
            ((double *)job->logits)[at + i] = sums[i] / members;
}

/* Each thread takes blocks of rows through its own part of the memory. */
static void T(logits_work)(void *argument, int me)
{
    T(job) *job = argument;
    T(network) *net = job->net;
    ptrdiff_t n = job->rows->count, k = net->layers[net->n_layers - 1].fan_out;
    ptrdiff_t row = me * T(BLOCK), first;
    REAL *z = net->layers[net->n_layers - 1].a + row * k;
    double *sums = job->n_members ? net->sums + row * k : NULL;
    T(prepare_weights)(job);
    while ((first = skx_next(&job->team) * T(BLOCK)) < n) {
        ptrdiff_t m = n - first < T(BLOCK) ? n - first : T(BLOCK);
        T(block) block = {.first = first - row};
        T(gather)(job, &block, row, m);
        for (; block.member < job->n_members; block.member++) {
            T(forward)(job, &block, row, m);
            T(add_bounded)(m * k, z, block.member > 0, sums);
        }
        if (job->n_members) {
            T(write_means)(job, first * k, m * k, sums);
        } else {
            T(forward)(job, &block, row, m);
            memcpy((REAL *)job->logits + first * k, z, m * k * sizeof(REAL));
        }
    }
}

/* ---- calls ---- */

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

/* So many threads, with memory for so many rows. */
static skx_status T(run)(T(job) * job, int n_threads, ptrdiff_t rows, void (*work)(void *, int))
{
    T(network) *net = job->net;
    if (!T(prepare)(net, job->inputs, rows, job->gradient != NULL, job->n_members))
        return SKX_NO_MEMORY;
    job->strips = net->strips;
    job->room = rows;
    if (rows < T(FEW))
        job->strips.rows = NULL;
    skx_run_team(&job->team, n_threads, work, job);
    return job->bad_target ? SKX_BAD_TARGET : SKX_OK;
}

/* The same for work that all threads do on one block, of so many rows at most, after the other. */
static skx_status T(run_by_blocks)(T(job) * job, ptrdiff_t rows, void (*work)(void *, int))
{
    rows = rows < T(BLOCK) ? rows : T(BLOCK);
    return T(run)(job, T(worthwhile_threads)(job->net, job->inputs, rows), rows, work);
}

static skx_status T(value_and_gradient)(void *network, const void *params, const skx_inputs *inputs,
                                        const skx_targets *targets, const skx_weights *weights,
                                        const skx_rows *rows, double scale, double penalty,
                                        void *gradient, double *value)
{
    T(job) job = {.net = network, .params = (REAL *)params, .gradient = gradient,
                  .inputs = inputs, .targets = targets, .weights = weights, .rows = rows,
                  .scale = scale, .penalty = penalty};
    skx_status status = T(run_by_blocks)(&job, rows->count, T(value_work));
    *value = job.value;
    return status;
}

static skx_status T(mean_logits)(void *network, const void *params, ptrdiff_t n_members,
                                 const skx_inputs *inputs, const skx_rows *rows, void *out,
                                 skx_type type)
{
    T(job) job = {.net = network, .params = (REAL *)params, .inputs = inputs, .rows = rows,
                  .logits = out, .logits_type = type, .n_members = n_members};
    ptrdiff_t blocks = (rows->count + T(BLOCK) - 1) / T(BLOCK);
    int n_threads = T(worthwhile_threads)(job.net, inputs, rows->count);
    n_threads = blocks < n_threads ? (int)blocks : n_threads;
    ptrdiff_t room = rows->count < T(BLOCK) ? rows->count : n_threads * T(BLOCK);
    return T(run)(&job, n_threads, room, T(logits_work));
}

static skx_status T(logits)(void *network, const void *params, const skx_inputs *inputs,
                            const skx_rows *rows, void *out)
{
    return T(mean_logits)(network, params, 0, inputs, rows, out, REAL_TYPE);
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
    ptrdiff_t rows = pass->batch_size < order->count ? pass->batch_size : order->count;
    return T(run_by_blocks)(&job, rows, T(train_work));
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
    T(create), T(destroy), T(value_and_gradient), T(logits), T(mean_logits), T(train),
    T(activation_test), T(function_test),
};
