/* Which compiled networks this machine runs. */
#include "network.h"

#define SKX_LEVEL 256
#include "level.h"

skx_sgemm *skx_blas_f32;
skx_dgemm *skx_blas_f64;

extern const skx_engine skx_plain_f32, skx_plain_f64;
#if SKX_LEVEL_EXISTS
extern const skx_engine skx_avx2_f32, skx_avx2_f64, skx_avx512_f32, skx_avx512_f64;
#endif

const skx_engine *skx_engine_of(int level, int is_double)
{
    if (!skx_level_runs(level))
        return NULL;
#if SKX_LEVEL_EXISTS
    if (level == 512)
        return is_double ? &skx_avx512_f64 : &skx_avx512_f32;
    if (level == 256)
        return is_double ? &skx_avx2_f64 : &skx_avx2_f32;
#endif
    return is_double ? &skx_plain_f64 : &skx_plain_f32;
}
