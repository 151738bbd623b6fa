/* Update rules on a stretch of the parameter vector: vectorised, one number type.
 *
 * The gradient is  g' = scale * (g + penalty * p)  in every rule, and the value returned is the
 * sum of g'^2 in float64 (of this stretch: add stretches up in a fixed order).
 */

typedef struct {
    double rate;          /* adam: already times sqrt(1 - beta2^t) / (1 - beta1^t) */
    double decay;         /* p <- (1 - decay) p before the step: learning rate * weight decay */
    double penalty, scale;
    double momentum;      /* sgd */
    int nesterov;         /* sgd */
    double beta1, beta2;  /* adam */
    double epsilon;       /* adam */
    double average_decay; /* average = average_decay * average + (1 - average_decay) * p */
} T(update_args);

/* Sum of g'^2 alone: the first pass where gradients are clipped. */
static double T(squared_norm)(ptrdiff_t n, const REAL *p, const REAL *g,
                              const T(update_args) * args);

/* m = beta1 m + (1 - beta1) g';  v = beta2 v + (1 - beta2) g'^2
 * p = (1 - decay) p - rate m / (sqrt(v) + epsilon);  average (unless NULL) as above. */
static double T(adam)(ptrdiff_t n, REAL *p, const REAL *g, REAL *m, REAL *v, REAL *average,
                      const T(update_args) * args);

/* v = momentum v - rate g';  p = (1 - decay) p + (nesterov ? momentum v - rate g' : v). */
static double T(sgd)(ptrdiff_t n, REAL *p, const REAL *g, REAL *v, REAL *average,
                     const T(update_args) * args);
