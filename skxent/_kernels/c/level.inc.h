/* Networks of both number types for one SIMD level, SKX_LEVEL, called SKX_LEVEL_NAME.
 *
 * The arithmetic is in templates: what is in them is static and named T(name), after the level and
 * the number type. Where a level is not for this processor or compiler, the file is empty. Nothing
 * needs a flag on the command line.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "network.h"
#include "level.h"
#include "threads.h"

#define SKX_PASTE_(a, b, c) a##b##c
#define SKX_PASTE(a, b, c) SKX_PASTE_(a, b, c)

#if SKX_LEVEL_EXISTS
SKX_BEGIN_LEVEL

#define REAL float
#define OTHER double
#define REAL_BITS 32
#define REAL_TYPE SKX_F32
#define OTHER_TYPE SKX_F64
#define BLAS skx_blas_f32 /* used at level 0 only */
#define M(name) name##f   /* sqrtf, fmaf: level 0 only */
#define T(name) SKX_PASTE(name##_, SKX_LEVEL_NAME, _f32)
#define ENGINE SKX_PASTE(skx_, SKX_LEVEL_NAME, _f32)
#include "templates.inc.h"

#define REAL double
#define OTHER float
#define REAL_BITS 64
#define REAL_TYPE SKX_F64
#define OTHER_TYPE SKX_F32
#define BLAS skx_blas_f64
#define M(name) name
#define T(name) SKX_PASTE(name##_, SKX_LEVEL_NAME, _f64)
#define ENGINE SKX_PASTE(skx_, SKX_LEVEL_NAME, _f64)
#include "templates.inc.h"

SKX_END_LEVEL
#endif
