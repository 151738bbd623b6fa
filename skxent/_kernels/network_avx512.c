/* Networks for processors with AVX-512. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "network.h"
#include "threads.h"

#define SKX_LEVEL 512
#include "product.h"

#if SKX_LEVEL_EXISTS
SKX_BEGIN_LEVEL

#define REAL float
#define OTHER double
#define REAL_BITS 32
#define BLAS skx_blas_f32
#define M(name) name##f
#define T(name) name##_avx512_f32
#define ENGINE skx_avx512_f32
#include "levels.inc.h"

#define REAL double
#define OTHER float
#define REAL_BITS 64
#define BLAS skx_blas_f64
#define M(name) name
#define T(name) name##_avx512_f64
#define ENGINE skx_avx512_f64
#include "levels.inc.h"

SKX_END_LEVEL
#endif
