/* Networks for any processor: plain loops around the BLAS that SciPy brings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "threads.h"

skx_sgemm *skx_blas_f32;
skx_dgemm *skx_blas_f64;

#define REAL float
#define REAL_TYPE SKX_F32
#define BLAS skx_blas_f32
#define M(name) name##f
#define T(name) name##_plain_f32
#define ENGINE skx_plain_f32
#include "network.inc.h"
#undef REAL
#undef REAL_TYPE
#undef BLAS
#undef M
#undef T
#undef ENGINE

#define REAL double
#define REAL_TYPE SKX_F64
#define BLAS skx_blas_f64
#define M(name) name
#define T(name) name##_plain_f64
#define ENGINE skx_plain_f64
#include "network.inc.h"
