/* SIMD levels: how one source is compiled for several instruction sets, and which one runs. */
#ifndef SKXENT_LEVEL_H
#define SKXENT_LEVEL_H

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define SKX_X86 1
#else
#define SKX_X86 0
#endif

/* Does this machine run what was compiled for a level? */
static inline int skx_level_runs(int level)
{
#if SKX_X86
    if (level == 512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
    if (level == 256)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return level == 0;
}

#ifdef SKX_LEVEL

#define SKX_LEVEL_EXISTS (SKX_LEVEL == 0 || SKX_X86)

#if SKX_LEVEL && SKX_X86
#include <immintrin.h>
#endif

#if SKX_LEVEL == 512
#define SKX_TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"
#elif SKX_LEVEL == 256
#define SKX_TARGET "avx2,fma"
#endif

#define SKX_PRAGMA(text) _Pragma(#text)
#define SKX_PRAGMA_OF(text) SKX_PRAGMA(text)
#if SKX_LEVEL == 0
#define SKX_BEGIN_LEVEL
#define SKX_END_LEVEL
#elif defined(__clang__)
#define SKX_BEGIN_LEVEL                                                                            \
    SKX_PRAGMA_OF(clang attribute push(__attribute__((target(SKX_TARGET))), apply_to = function))
#define SKX_END_LEVEL SKX_PRAGMA(clang attribute pop)
#else
#define SKX_BEGIN_LEVEL SKX_PRAGMA(GCC push_options) SKX_PRAGMA_OF(GCC target(SKX_TARGET))
#define SKX_END_LEVEL SKX_PRAGMA(GCC pop_options)
#endif

#endif

/* The least distance of rows, in numbers, for a matrix of n columns of our own: rows begin at cache
 * lines, and those below each other do not fall into the same few sets of the cache. */
#define SKX_SPACED(n) ((((ptrdiff_t)(n) + 15) / 16 | 1) * 16)

/* What a product starts from. */
typedef enum {
    SKX_ZERO, /* C = A B */
    SKX_BIAS, /* C = bias + A B (bias: n values, added to every row) */
    SKX_ADD   /* C = C + A B */
} skx_start;

#endif
