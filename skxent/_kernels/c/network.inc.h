/* A network for one number type and SIMD level: what it consists of, and its memory.
 *
 * Rows are worked through in blocks of at most BLOCK. For each block: gather, forward, loss and
 * backward, row by row independent; then the gradients of the weights, divided into pieces of
 * consecutive rows of W, each summed over the rows of the block in their order, and each updated
 * by who has summed it. Threads share out slices of rows and pieces of weights, with a barrier in
 * between, so that no sum depends on how many there are.
 */

enum {
    T(BLOCK) = 256, /* rows that are held at one time: by all threads, or predicting, by each */
    T(PIECE) = 8192, /* weights of a piece, about */
    T(SLICE) = 32,   /* rows that a BLAS is given, training */
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
    double *sums;     /* of the logits of a committee */
    T(strips) strips;
    REAL *d_strips;   /* d of the first layer, where there are fields */
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
    T(strips) strips;
    ptrdiff_t room; /* rows that there is memory for */
    void *logits;         /* numbers of this type: */
    skx_type logits_type;
    ptrdiff_t n_members;  /* of a committee, whose mean logits are wanted; or 0 */
    int bad_target;
} T(job);

/* Rows of a pass that are worked on together. */
typedef struct {
    ptrdiff_t first, count; /* positions in the order of the pass */
    ptrdiff_t in_batch;     /* position of `first` within its batch */
    int64_t step;
    double scale;           /* of the gradient */
    ptrdiff_t member;       /* of a committee, whose parameters are one after the other */
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
static int T(prepare)(T(network) * net, const skx_inputs *in, ptrdiff_t rows, int with_gradient,
                      ptrdiff_t n_members)
{
    ptrdiff_t n = in->n_fields, k = net->layers[net->n_layers - 1].fan_out, widest = 0;
    net->n_x = in->kind == SKX_SPARSE ? 0 : in->n_dense;
    int good = T(cut_pieces)(net, in) && skx_reserve(&net->x, rows * (net->n_x + 1), sizeof(REAL)) &&
               skx_reserve(&net->lookups.bin, (rows + T(ABREAST)) * n, sizeof(int32_t)) &&
               skx_reserve(&net->lookups.part, (rows + T(ABREAST)) * n, sizeof(REAL)) &&
               skx_reserve(&net->lookups.rest, (rows + T(ABREAST)) * n, sizeof(REAL)) &&
               skx_reserve(&net->strips.first, n, sizeof(ptrdiff_t)) &&
               skx_reserve(&net->codes, rows, sizeof(int32_t)) &&
               skx_reserve(&net->y, rows * k, sizeof(REAL)) &&
               skx_reserve(&net->factors, rows, sizeof(REAL)) &&
               skx_reserve(&net->weights, rows, sizeof(double)) &&
               skx_reserve(&net->loss_of, rows, sizeof(double)) &&
               skx_reserve(&net->sums, n_members ? rows * k : 0, sizeof(double));
    if (good && n) {
        ptrdiff_t h = net->layers[0].fan_out, members = n_members ? n_members : 1;
        T(place_strips)(in, &net->strips);
        members = rows >= T(FEW) ? members : 0;
        good = skx_reserve(&net->strips.rows, members * T(strips_size)(net->strips.n_rows, h),
                           sizeof(REAL)) &&
               skx_reserve(&net->d_strips, with_gradient ? T(strips_size)(rows, h) : 0,
                           sizeof(REAL));
    }
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
               skx_reserve(&net->bins[i].at, rows, sizeof(int32_t)) &&
               skx_reserve(&net->bins[i].parts, rows, sizeof(REAL));
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
        skx_free(net->bins[i].at);
        skx_free(net->bins[i].parts);
    }
    skx_free(net->layers);
    skx_free(net->pieces);
    skx_free(net->gradient);
    skx_free(net->x);
    skx_free(net->lookups.bin);
    skx_free(net->lookups.part);
    skx_free(net->lookups.rest);
    skx_free(net->codes);
    skx_free(net->y);
    skx_free(net->factors);
    skx_free(net->weights);
    skx_free(net->loss_of);
    skx_free(net->sums);
    skx_free(net->strips.rows);
    skx_free(net->strips.first);
    skx_free(net->d_strips);
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
