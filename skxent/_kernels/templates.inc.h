/* All of a network, for the SIMD level and the number type that are defined where this is. */
#include "simd.inc.h" /* the vectors of this level and type */

#include "product.inc.h" /* products, transposition, column sums */

#include "elementwise.inc.h" /* activations, losses */

#include "update.inc.h" /* update rules */

#include "rows.inc.h" /* gathering rows, sparse rows, lookup fields */

#include "network.inc.h"

#undef REAL
#undef OTHER
#undef REAL_BITS
#undef REAL_TYPE
#undef OTHER_TYPE
#undef BLAS
#undef M
#undef T
#undef ENGINE
