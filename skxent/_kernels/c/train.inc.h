/* Training: batches, each of rows and then of pieces of the gradient and their update. */

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
typedef double T(part_work)(T(job) * job, const T(update_args) * args, ptrdiff_t at, ptrdiff_t n,
                            REAL *g);

static double T(update_part)(T(job) * job, const T(update_args) * args, ptrdiff_t at, ptrdiff_t n,
                             REAL *g)
{
    const skx_pass *pass = job->pass;
    REAL *p = job->params + at, *slot = (REAL *)pass->slots[0] + at;
    REAL *average = pass->average ? (REAL *)pass->average + at : NULL;
    if (pass->rule == SKX_SGD)
        return T(sgd)(n, p, g, slot, average, args);
    return T(adam)(n, p, g, slot, (REAL *)pass->slots[1] + at, average, args);
}

static double T(norm_of_part)(T(job) * job, const T(update_args) * args, ptrdiff_t at, ptrdiff_t n,
                              REAL *g)
{
    return T(squared_norm)(n, job->params + at, g, args);
}

/* The weights of features of some relevance r: those of a feature whose values are r times as
 * large, which are here 1/r times as large, under the same penalty and rule. */
static double T(work_on_features)(T(part_work) * work, T(job) * job, const T(piece) * piece,
                                  const T(update_args) * args, REAL *g)
{
    ptrdiff_t h = job->net->layers[0].fan_out;
    double sum = 0;
    for (ptrdiff_t row = 0; row < piece->n_rows; row++) {
        double r = job->pass->relevance[piece->row + row];
        T(update_args) own = *args;
        own.penalty /= r * r;
        own.rate *= job->pass->rule == SKX_SGD ? r * r : r;
        sum += work(job, &own, piece->at + row * h, h, g + row * h);
    }
    return sum;
}

INLINE double T(work_on_parts)(T(part_work) * work, T(job) * job, const T(piece) * piece,
                               const T(step) * step, REAL *g)
{
    ptrdiff_t at = piece->at, n = piece->n_weights;
    T(update_args) weights = T(update_of)(job, step, 0), biases = T(update_of)(job, step, 1);
    double sum = piece->layer == 0 && job->pass->relevance
                     ? T(work_on_features)(work, job, piece, &weights, g)
                     : work(job, &weights, at, n, g);
    return sum + work(job, &biases, at + n, piece->n_biases, g + n);
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

/* ---- a pass: what each thread of the team does ---- */

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
        T(prepare_weights)(job);
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
