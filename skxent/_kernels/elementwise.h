/* Activations with their derivatives, losses with their gradients: vectorised, float and double.
 *
 * Results depend on the element (or the row) alone, never on its place in the array.  Infinite and
 * huge arguments give the limits; NaN gives NaN.  The level is that of product.h.
 */
#ifndef SKXENT_ELEMENTWISE_H
#define SKXENT_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

/* ---- Activations --------------------------------------------------------------------------- */

enum activation {
    ACTIVATION_IDENTITY,
    ACTIVATION_LOGISTIC,
    ACTIVATION_TANH,
    ACTIVATION_RELU,
    ACTIVATION_LEAKY_RELU, /* slope 0.01 */
    ACTIVATION_ELU,        /* alpha 1 */
    ACTIVATION_SELU,
    ACTIVATION_GELU,       /* exact: z Phi(z) */
    ACTIVATION_SILU,
    ACTIVATION_MISH,
    ACTIVATION_SOFTPLUS,
    N_ACTIVATIONS,
};

/* The name as in Python ("leaky_relu"), or NULL past the last; and back, -1 if there is none. */
const char *activation_name(int kind);
int activation_kind(const char *name);

/* Does f'(z) follow exactly from a = f(z) (identity, relu, leaky_relu)?  Then the derivative need
 * not be kept between the forward and the backward pass. */
int activation_derivative_from_value(int kind);

/* a = f(z), and d = f'(z) unless d is NULL.  a may be z. */
void activate_f32(int kind, ptrdiff_t n, const float *z, float *a, float *d);
void activate_f64(int kind, ptrdiff_t n, const double *z, double *a, double *d);

/* delta *= f'(z): from the values a where activation_derivative_from_value(kind) (d may be NULL),
 * else from the derivatives d (a may be NULL). */
void multiply_derivative_f32(int kind, ptrdiff_t n, const float *a, const float *d, float *delta);
void multiply_derivative_f64(int kind, ptrdiff_t n, const double *a, const double *d,
                             double *delta);

/* ---- Losses at the logits ------------------------------------------------------------------ */

enum loss {
    LOSS_SOFTMAX_CROSS_ENTROPY, /* - sum_c y_c log p_c,        p = softmax(z)  */
    LOSS_SIGMOID_CROSS_ENTROPY, /* - sum_j y_j log a_j + (1 - y_j) log(1 - a_j) */
    LOSS_SOFTMAX_SQUARED_ERROR, /* 1/2 sum_c (p_c - y_c)^2                     */
    LOSS_SIGMOID_SQUARED_ERROR, /* 1/2 sum_j (a_j - y_j)^2,    a = logistic(z) */
    N_LOSSES,
};

/* For each of m rows of k logits, z[i * ldz + c]:
 *   loss[i]              (unless NULL)  the loss of the row, times nothing
 *   delta[i * ldd + c]   (unless NULL)  weight[i] * d loss / d z; delta may be z
 * Targets: either `codes` (k > 1: class index of each row; k == 1 with a sigmoid loss: 0 or 1) or
 * `y[i * ldy + c]`; the other is NULL.  weight NULL: ones.
 * smoothing s: y <- (1 - s) y + s / K with K = k (softmax) or 2 (sigmoid).
 * A row of weight 0 has gradient 0 even where its loss is not finite. */
void loss_f32(int kind, ptrdiff_t m, ptrdiff_t k, const float *z, ptrdiff_t ldz,
              const int32_t *codes, const float *y, ptrdiff_t ldy, const float *weight,
              double smoothing, double *loss, float *delta, ptrdiff_t ldd);
void loss_f64(int kind, ptrdiff_t m, ptrdiff_t k, const double *z, ptrdiff_t ldz,
              const int32_t *codes, const double *y, ptrdiff_t ldy, const double *weight,
              double smoothing, double *loss, double *delta, ptrdiff_t ldd);

/* p[i, :] = softmax(z[i, :]), in place if p is z; lse[i] = log sum_c exp z[i, c] unless NULL. */
void softmax_f32(ptrdiff_t m, ptrdiff_t k, const float *z, ptrdiff_t ldz, float *p, ptrdiff_t ldp,
                 float *lse);
void softmax_f64(ptrdiff_t m, ptrdiff_t k, const double *z, ptrdiff_t ldz, double *p,
                 ptrdiff_t ldp, double *lse);

/* ---- The functions themselves, for tests ---------------------------------------------------- */

enum function { FUNCTION_EXP, FUNCTION_EXPM1, FUNCTION_TANH, FUNCTION_LOGISTIC, FUNCTION_LOG,
                FUNCTION_LOG1P, FUNCTION_NORMAL_CDF, N_FUNCTIONS };
void evaluate_f32(int function, ptrdiff_t n, const float *x, float *out);
void evaluate_f64(int function, ptrdiff_t n, const double *x, double *out);

#endif
