/* Activations with their derivatives, losses with their gradients: vectorised, one number type.
 *
 * Results depend on the element (or the row) alone, never on its place in the array. Infinite and
 * huge arguments give the limits; NaN gives NaN.
 *
 * T(activate)(kind, n, z, a, d)             a = f(z); d = f'(z) unless NULL; a may be z
 * T(multiply_slope)(kind, n, a, d, delta)   delta *= f'(z): from the values a for the kinds where
 *     skx_slope_from_value(kind) (identity, relu, leaky_relu: d may be NULL and need not be kept),
 *     else from the derivatives d (a may be NULL)
 * T(loss_rows)(kind, m, k, z, ldz, codes, y, ldy, weight, smoothing, loss, delta, ldd)
 *     For each row of k logits z[i * ldz + c]:
 *     loss[i]             (unless NULL; double) the loss of the row, unweighted
 *     delta[i * ldd + c]  (unless NULL; may be z) weight[i] * d loss / d z
 *     Targets: `codes` (int32_t: the class of each row; with k == 1 and a sigmoid loss 0 or 1) or
 *     `y[i * ldy + c]`; the other is NULL. weight NULL: ones.
 *     smoothing s: y <- (1 - s) y + s / K with K = k (softmax) or 2 (sigmoid).
 * T(softmax_rows)(m, k, z, ldz, p, ldp)     rows of probabilities; p may be z
 * T(logistic), T(exp), T(tanh), ...         (n, x, out): the functions themselves
 */
