/* Update rules on a stretch of the parameter vector: vectorised, float and double.
 *
 * In every rule the gradient is  g' = scale * (g + penalty * p)  and the return value the sum of
 * g'^2 in float64 (of this stretch: sum stretches in a fixed order).
 */
#ifndef SKXENT_UPDATE_H
#define SKXENT_UPDATE_H

#include <stddef.h>

typedef struct {
    double rate;          /* adam: already times sqrt(1 - beta2^t) / (1 - beta1^t) */
    double decay;         /* p <- p - decay * p after the step has been computed from the old p;
                             i.e. learning rate times weight decay (0: none) */
    double penalty;       /* 0 for biases */
    double scale;         /* 1, or what clipping says */
    double momentum;      /* sgd */
    int nesterov;         /* sgd */
    double beta1, beta2;  /* adam */
    double epsilon;       /* adam */
    double average_decay; /* average = average_decay * average + (1 - average_decay) * p */
} update_args;

/* Sum of g'^2 alone: the first pass where gradients are clipped. */
double squared_norm_f32(ptrdiff_t n, const float *p, const float *g, const update_args *args);
double squared_norm_f64(ptrdiff_t n, const double *p, const double *g, const update_args *args);

/* m = beta1 m + (1 - beta1) g';  v = beta2 v + (1 - beta2) g'^2
 * p = p - decay p - rate m / (sqrt(v) + epsilon);  average (unless NULL) as above. */
double adam_f32(ptrdiff_t n, float *p, const float *g, float *m, float *v, float *average,
                const update_args *args);
double adam_f64(ptrdiff_t n, double *p, const double *g, double *m, double *v, double *average,
                const update_args *args);

/* v = momentum v - rate g';  p = p - decay p + (nesterov ? momentum v - rate g' : v). */
double sgd_f32(ptrdiff_t n, float *p, const float *g, float *v, float *average,
               const update_args *args);
double sgd_f64(ptrdiff_t n, double *p, const double *g, double *v, double *average,
               const update_args *args);

#endif
