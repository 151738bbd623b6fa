/* The vectors of one SIMD level and one number type: a dozen macros for the other templates.
 *
 * VEC, VEC_N          a vector of VEC_N numbers; + - * / work on it
 * V_LOAD, V_STORE     a whole vector, at any address;  V_SET: the same number everywhere
 * V_LOAD_SOME, V_STORE_SOME    the first `count` of it (1 .. VEC_N); the rest is read as zero
 * HALF, H_...         half a vector;  SHORT, S_...: a vector of 32 bytes at either level
 * V_FMA(a, b, c)      a * b + c, rounded once (level 0: as the machine can);  V_FNMA: -a * b + c
 * V_LESS(a, b)        a MASK, false where one is NaN;  V_SELECT(mask, yes, no)
 * V_AT_MOST, V_AT_LEAST(x, bound)    x or the bound; NaN where x is NaN
 * V_ABS, V_BELOW_0 (-|x|), V_SIGNED_AS(x, sign), V_SQRT
 * V_ROUND             to an integer, for |x| < 2^22 (float) or 2^51 (double)
 * V_POWER(n)          2^n for an integral n, where that is a normal number
 * V_SCALE(x, n)       2^n x for x about 1 and an integral n, also where that is denormal, 0 or inf
 * V_SUM, V_MAXIMUM    of the lanes, in a fixed order;  V_FIRST_OF(count): a mask
 * I_..., W_...        integers as wide as the numbers; 32 bits wide (at levels with vectors).
 *                     I_LANES: 0, 1 ... in the lanes
 * V_SPLIT(x, &n)      m with x = 2^n m and sqrt(1/2) <= m < sqrt(2), for a normal x > 0
 *
 * Level 0 has vectors of one number: plain C, which the compiler vectorises as it can.
 */
#undef VEC
#undef VEC_N
#undef MASK
#undef HALF
#undef H_OP
#undef H_LOAD_SOME
#undef H_STORE_SOME
#undef H_SET
#undef H_FMA
#undef H_AT_LEAST
#undef H_GATED
#undef H_OF
#undef H_WIDE
#undef SHORT
#undef SHORT_N
#undef S_OP
#undef S_LOAD_SOME
#undef S_STORE_SOME
#undef V_FIRST_OF
#undef V_SCALE
#undef V_SUM
#undef V_MAXIMUM
#undef INTS
#undef V_OP
#undef I_OP
#undef V_LOAD
#undef V_STORE
#undef V_LOAD_SOME
#undef V_STORE_SOME
#undef V_SET
#undef V_FMA
#undef V_LESS
#undef V_SELECT
#undef V_AT_MOST
#undef V_AT_LEAST
#undef V_SQRT
#undef V_INTS
#undef V_REALS
#undef I_SET
#undef I_ADD
#undef I_AND
#undef I_OR
#undef I_LEFT
#undef I_RIGHT
#undef I_LANES
#undef W_OP
#undef W_ADD
#undef W_XOR
#undef W_MULTIPLY
#undef W_RIGHT
#undef W_SET
#undef BITS_OF_FRACTION
#undef BITS_OF_ONE
#undef BITS_OF_SQRT_HALF
#undef BITS_OF_TWO_TO_FRACTION
#undef V_FIRST
#undef V_ABS
#undef V_BELOW_0
#undef V_FNMA
#undef V_SIGNED_AS
#undef V_ROUND
#undef V_POWER
#undef V_SPLIT
#undef SIGN_BIT
#undef EXPONENT_BIAS
#undef ROUNDER

#ifndef INLINE
#define V_JOIN_(a, b, c) a##b##c
#define V_JOIN(a, b, c) V_JOIN_(a, b, c)
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline, unused))
#define MAYBE_UNUSED __attribute__((unused))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
#else
#define INLINE static inline
#define MAYBE_UNUSED
#define UNROLL
#endif
#endif

#if REAL_BITS == 32
#define BITS_OF_FRACTION 23
#define EXPONENT_BIAS 127
#define BITS_OF_ONE 0x3f800000
#define BITS_OF_SQRT_HALF 0x3f3504f3
#define BITS_OF_TWO_TO_FRACTION 0x4b000000
#define SIGN_BIT 0x80000000u
#define ROUNDER 12582912.0f /* 1.5 * 2^23: its sums have no fraction, and an integer at their end */
#else
#define BITS_OF_FRACTION 52
#define EXPONENT_BIAS 1023
#define BITS_OF_ONE 0x3ff0000000000000
#define BITS_OF_SQRT_HALF 0x3fe6a09e667f3bcd
#define BITS_OF_TWO_TO_FRACTION 0x4330000000000000
#define SIGN_BIT 0x8000000000000000u
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52 */
#endif

#if SKX_LEVEL == 0

#define VEC REAL
#define VEC_N 1
#define MASK int
#if REAL_BITS == 32
#define INTS uint32_t
#else
#define INTS uint64_t
#endif
#define V_LOAD(p) (*(p))
#define V_STORE(p, v) (*(p) = (v))
#define V_LOAD_SOME(p, count) (*(p))
#define V_STORE_SOME(p, v, count) (*(p) = (v))
#define V_SET(x) ((REAL)(x))
#if defined(__FMA__) || defined(__aarch64__)
#define V_FMA(a, b, c) M(fma)(a, b, c)
#else
#define V_FMA(a, b, c) ((a) * (b) + (c))
#endif
#define V_FNMA(a, b, c) V_FMA(-(a), b, c)
#define V_LESS(a, b) ((a) < (b))
#define V_SELECT(mask, yes, no) ((mask) ? (yes) : (no))
#define V_AT_MOST(x, bound) ((x) > (bound) ? (bound) : (x))
#define V_AT_LEAST(x, bound) ((x) < (bound) ? (bound) : (x))
#define V_SQRT(x) M(sqrt)(x)
#define V_FIRST_OF(count) 1
#define V_SCALE(x, n) T(scale)(x, n)
#define V_SUM(v) (v)
#define V_MAXIMUM(v) (v)
#define I_SET(i) ((INTS)(i))
#define I_ADD(a, b) ((a) + (b))
#define I_AND(a, b) ((a) & (b))
#define I_OR(a, b) ((a) | (b))
#define I_LEFT(a, count) ((a) << (count))
#define I_RIGHT(a, count) ((a) >> (count))
INLINE INTS T(ints)(REAL x)
{
    INTS i;
    memcpy(&i, &x, sizeof i);
    return i;
}
INLINE REAL T(reals)(INTS i)
{
    REAL x;
    memcpy(&x, &i, sizeof x);
    return x;
}
#define V_INTS(x) T(ints)(x)
#define V_REALS(i) T(reals)(i)

#else

#if SKX_LEVEL == 512
#define INTS __m512i
#if REAL_BITS == 32
#define VEC __m512
#define VEC_N 16
#define MASK __mmask16
#define V_OP(op) V_JOIN(_mm512_, op, _ps)
#define I_OP(op) V_JOIN(_mm512_, op, _epi32)
#define V_INTS(x) _mm512_castps_si512(x)
#define V_REALS(i) _mm512_castsi512_ps(i)
#define V_LESS(a, b) _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)
#define I_SET(i) _mm512_set1_epi32((int)(i))
#define I_LANES _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define HALF __m256
#define H_OP(op) V_JOIN(_mm256_, op, _ps)
#define H_OF(v) _mm512_castps512_ps256(v) /* its first half */
#else
#define VEC __m512d
#define VEC_N 8
#define MASK __mmask8
#define V_OP(op) V_JOIN(_mm512_, op, _pd)
#define I_OP(op) V_JOIN(_mm512_, op, _epi64)
#define V_INTS(x) _mm512_castpd_si512(x)
#define V_REALS(i) _mm512_castsi512_pd(i)
#define V_LESS(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ)
#define I_SET(i) _mm512_set1_epi64((long long)(i))
#define I_LANES _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0)
#define HALF __m256d
#define H_OP(op) V_JOIN(_mm256_, op, _pd)
#define H_OF(v) _mm512_castpd512_pd256(v)
#endif
#define V_FIRST(count) ((MASK)((1u << (count)) - 1))
#define V_LOAD_SOME(p, count) V_OP(maskz_loadu)(V_FIRST(count), p)
#define V_STORE_SOME(p, v, count) V_OP(mask_storeu)(p, V_FIRST(count), v)
#define H_LOAD_SOME(p, count) H_OP(maskz_loadu)(V_FIRST(count), p)
#define H_STORE_SOME(p, v, count) H_OP(mask_storeu)(p, V_FIRST(count), v)
#define SHORT HALF
#define SHORT_N (VEC_N / 2)
#define S_OP H_OP
#define S_LOAD_SOME H_LOAD_SOME
#define S_STORE_SOME H_STORE_SOME
#define V_FIRST_OF(count) V_FIRST(count)
#define V_SELECT(mask, yes, no) V_OP(mask_blend)(mask, no, yes)
#define V_SCALE(x, n) V_OP(scalef)(x, n)
#define V_SUM(v) V_OP(reduce_add)(v)
#define V_MAXIMUM(v) V_OP(reduce_max)(v)
#define W_OP(op) V_JOIN(_mm512_, op, _epi32)
#define W_XOR(a, b) _mm512_xor_si512(a, b)
#define I_AND(a, b) _mm512_and_si512(a, b)
#define I_OR(a, b) _mm512_or_si512(a, b)
#else
#define INTS __m256i
#if REAL_BITS == 32
#define VEC __m256
#define VEC_N 8
#define V_OP(op) V_JOIN(_mm256_, op, _ps)
#define I_OP(op) V_JOIN(_mm256_, op, _epi32)
#define V_INTS(x) _mm256_castps_si256(x)
#define V_REALS(i) _mm256_castsi256_ps(i)
#define I_SET(i) _mm256_set1_epi32((int)(i))
#define I_LANES _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0)
#define HALF __m128
#define H_OP(op) V_JOIN(_mm_, op, _ps)
#define H_OF(v) _mm256_castps256_ps128(v)
#define H_WIDE(v) _mm256_castps128_ps256(v)
#else
#define VEC __m256d
#define VEC_N 4
#define V_OP(op) V_JOIN(_mm256_, op, _pd)
#define I_OP(op) V_JOIN(_mm256_, op, _epi64)
#define V_INTS(x) _mm256_castpd_si256(x)
#define V_REALS(i) _mm256_castsi256_pd(i)
#define I_SET(i) _mm256_set1_epi64x((long long)(i))
#define I_LANES _mm256_set_epi64x(3, 2, 1, 0)
#define HALF __m128d
#define H_OP(op) V_JOIN(_mm_, op, _pd)
#define H_OF(v) _mm256_castpd256_pd128(v)
#define H_WIDE(v) _mm256_castpd128_pd256(v)
#endif
#define MASK VEC
#define V_LOAD_SOME(p, count) V_OP(maskload)(p, T(first)(count))
#define V_STORE_SOME(p, v, count) T(store_some)(p, v, count)
#define H_LOAD_SOME(p, count) H_OP(maskload)(p, _mm256_castsi256_si128(T(first)(count)))
#define H_STORE_SOME(p, v, count) T(store_some)(p, H_WIDE(v), count)
#define SHORT VEC
#define SHORT_N VEC_N
#define S_OP V_OP
#define S_LOAD_SOME V_LOAD_SOME
#define S_STORE_SOME V_STORE_SOME
#if REAL_BITS == 32
#define V_FIRST_OF(count) _mm256_castsi256_ps(T(first)(count))
#else
#define V_FIRST_OF(count) _mm256_castsi256_pd(T(first)(count))
#endif
#define V_SCALE(x, n) T(scale)(x, n)
#define V_SUM(v) T(sum)(v)
#define V_MAXIMUM(v) T(maximum)(v)
#define V_LESS(a, b) V_OP(cmp)(a, b, _CMP_LT_OQ)
#define V_SELECT(mask, yes, no) V_OP(blendv)(no, yes, mask)
#define W_OP(op) V_JOIN(_mm256_, op, _epi32)
#define W_XOR(a, b) _mm256_xor_si256(a, b)
#define I_AND(a, b) _mm256_and_si256(a, b)
#define I_OR(a, b) _mm256_or_si256(a, b)
#endif

#define V_LOAD(p) V_OP(loadu)(p)
#define V_STORE(p, v) V_OP(storeu)(p, v)
#define V_SET(x) V_OP(set1)((REAL)(x))
#define V_FMA(a, b, c) V_OP(fmadd)(a, b, c)
#define V_FNMA(a, b, c) V_OP(fnmadd)(a, b, c)
#define H_SET(x) H_OP(set1)(x)
#define H_FMA(a, b, c) H_OP(fmadd)(a, b, c)
#define H_AT_LEAST(x, bound) H_OP(max)(bound, x)
#define H_GATED(x, gate) H_OP(and)(x, H_OP(cmp)(gate, H_SET(0), _CMP_GT_OQ)) /* 0 where gate <= 0 */
#define V_AT_MOST(x, bound) V_OP(min)(bound, x) /* the second operand, where one is NaN */
#define V_AT_LEAST(x, bound) V_OP(max)(bound, x)
#define V_SQRT(x) V_OP(sqrt)(x)
#define I_ADD(a, b) I_OP(add)(a, b)
#define I_LEFT(a, count) I_OP(slli)(a, count)
#define I_RIGHT(a, count) I_OP(srli)(a, count)
#define W_SET(i) W_OP(set1)((int)(i))
#define W_ADD(a, b) W_OP(add)(a, b)
#define W_MULTIPLY(a, b) W_OP(mullo)(a, b)
#define W_RIGHT(a, count) W_OP(srli)(a, count)

#if SKX_LEVEL == 256
/* All bits set in the first `count` lanes. */
INLINE __m256i T(first)(ptrdiff_t count)
{
    static const int32_t bits[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(bits + 8 - count * (8 / VEC_N)));
}

/* Without vmaskmov, which stores slowly on some processors. */
INLINE void T(store_some)(REAL *p, VEC v, ptrdiff_t count)
{
#if REAL_BITS == 32
    __m128 part = _mm256_castps256_ps128(v);
    if (count == 8) {
        _mm256_storeu_ps(p, v);
        return;
    }
    if (count & 4) {
        _mm_storeu_ps(p, part);
        part = _mm256_extractf128_ps(v, 1);
        p += 4;
    }
    if (count & 2) {
        _mm_storel_pi((__m64 *)p, part);
        part = _mm_movehl_ps(part, part);
        p += 2;
    }
    if (count & 1)
        _mm_store_ss(p, part);
#else
    __m128d part = _mm256_castpd256_pd128(v);
    if (count == 4) {
        _mm256_storeu_pd(p, v);
        return;
    }
    if (count & 2) {
        _mm_storeu_pd(p, part);
        part = _mm256_extractf128_pd(v, 1);
        p += 2;
    }
    if (count & 1)
        _mm_store_sd(p, part);
#endif
}
#endif

#endif

#define V_ABS(x) V_REALS(I_AND(V_INTS(x), I_SET(SIGN_BIT - 1)))
#define V_BELOW_0(x) V_REALS(I_OR(V_INTS(x), I_SET(SIGN_BIT)))
#define V_SIGNED_AS(x, sign)                                                                       \
    V_REALS(I_OR(I_AND(V_INTS(x), I_SET(SIGN_BIT - 1)), I_AND(V_INTS(sign), I_SET(SIGN_BIT))))
#define V_ROUND(x) (((x) + V_SET(ROUNDER)) - V_SET(ROUNDER))
#define V_POWER(n)                                                                                 \
    V_REALS(I_ADD(I_LEFT(V_INTS((n) + V_SET(ROUNDER)), BITS_OF_FRACTION), I_SET(BITS_OF_ONE)))

INLINE VEC T(split)(VEC x, VEC *n)
{
    INTS shifted = I_ADD(V_INTS(x), I_SET(BITS_OF_ONE - BITS_OF_SQRT_HALF));
    INTS exponent = I_OR(I_RIGHT(shifted, BITS_OF_FRACTION), I_SET(BITS_OF_TWO_TO_FRACTION));
    INTS fraction = I_AND(shifted, I_SET(((uint64_t)1 << BITS_OF_FRACTION) - 1));
    *n = V_REALS(exponent) - (V_REALS(I_SET(BITS_OF_TWO_TO_FRACTION)) + V_SET(EXPONENT_BIAS));
    return V_REALS(I_ADD(fraction, I_SET(BITS_OF_SQRT_HALF)));
}
#define V_SPLIT(x, n) T(split)(x, n)

#if SKX_LEVEL != 512
INLINE VEC T(scale)(VEC x, VEC n)
{
    VEC half = V_ROUND(V_SET(0.5) * n);
    return x * V_POWER(half) * V_POWER(n - half);
}
#endif

#if SKX_LEVEL == 256
INLINE REAL T(sum)(VEC v)
{
    REAL lane[VEC_N];
    V_STORE(lane, v + V_OP(permute2f128)(v, v, 1));
#if REAL_BITS == 32
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
#else
    return lane[0] + lane[1];
#endif
}

INLINE REAL T(maximum)(VEC v)
{
    REAL lane[VEC_N], most;
    V_STORE(lane, V_OP(max)(v, V_OP(permute2f128)(v, v, 1)));
    most = lane[0];
    for (int i = 1; i < VEC_N / 2; i++)
        most = lane[i] > most ? lane[i] : most;
    return most;
}
#endif
