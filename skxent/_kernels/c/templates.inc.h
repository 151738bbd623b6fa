/* All of a network, for the SIMD level and the number type that are defined where this is. */
#include "simd.inc.h" /* the vectors of this level and type */

#include "transpose.inc.h"

#include "product.inc.h" /* products, column sums */

#include "functions.inc.h" /* exp, log1p ... */

#include "activations.inc.h"

#include "losses.inc.h"

#include "update.inc.h" /* update rules */

#include "gather.inc.h" /* rows from the caller's memory */

#include "sparse.inc.h" /* products with sparse rows */

#include "lookups.inc.h" /* products with lookup fields */

#include "network.inc.h" /* types, memory */

#include "forward.inc.h"

#include "backward.inc.h"

#include "train.inc.h" /* batches, passes */

#include "calls.inc.h" /* what the wrapper calls */

#undef REAL
#undef OTHER
#undef REAL_BITS
#undef REAL_TYPE
#undef OTHER_TYPE
#undef BLAS
#undef M
#undef T
#undef ENGINE
