/* All of a network for the level and number type defined where this is included. */
#if REAL_BITS == 32
#define REAL_TYPE SKX_F32
#define OTHER_TYPE SKX_F64
#else
#define REAL_TYPE SKX_F64
#define OTHER_TYPE SKX_F32
#endif

#include "simd.inc.h"

#include "product.inc.h"

#include "elementwise.inc.h"

#include "update.inc.h"

#include "rows.inc.h"

#include "network.inc.h"

#undef REAL
#undef OTHER
#undef REAL_TYPE
#undef OTHER_TYPE
#undef REAL_BITS
#undef BLAS
#undef M
#undef T
#undef ENGINE
