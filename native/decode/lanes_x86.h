#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

/** The vectors that kernels_simd.h is written in, of 16 bytes (SSSE3) and of 32 (AVX2). */
namespace decode {
namespace {

/** Searches by comparison, because SSSE3 has no maximum of most types: a fold collects the results. */
template <typename Number>
struct Search16 {
  using Value = Number;
  using V = __m128i;
  static constexpr size_t kLanes = 16 / sizeof(Number);
  static constexpr bool kBelow = static_cast<Number>(-1) > 0;
  /** Unsigned numbers are shifted into the range of signed ones. */
  static V Bound(Number limit) {
    if constexpr (kBelow) return _mm_set1_epi32(static_cast<int>(limit ^ 0x80000000U));
    if constexpr (!kBelow && sizeof(Number) == 4) return _mm_set1_epi32(static_cast<int>(limit));
    if constexpr (sizeof(Number) == 2) return _mm_set1_epi16(static_cast<int16_t>(limit));
    return _mm_set1_epi8(static_cast<char>(limit));
  }
  static V Load(const Number* p) { return _mm_loadu_si128(reinterpret_cast<const V*>(p)); }
  static V Start(V v, V bound) { return Fold(_mm_setzero_si128(), v, bound); }
  static V Fold(V found, V v, V bound) {
    if constexpr (kBelow) {
      v = _mm_cmpgt_epi32(bound, _mm_xor_si128(v, _mm_set1_epi32(INT32_MIN)));
    } else if constexpr (sizeof(Number) == 4) {
      v = _mm_cmpgt_epi32(v, bound);
    } else if constexpr (sizeof(Number) == 2) {
      v = _mm_cmpgt_epi16(v, bound);
    } else {
      v = _mm_cmpgt_epi8(v, bound);
    }
    return _mm_or_si128(found, v);
  }
  static V Join(V a, V b) { return _mm_or_si128(a, b); }
  static bool Any(V found, V) { return _mm_movemask_epi8(found) != 0; }
  static bool Is(Number value, Number limit) { return kBelow ? value < limit : value > limit; }
};

struct Lanes16 {
  using Half = __m128;
  struct Eight {
    __m128 low;
    __m128 high;
  };

  static Eight Load(const float* p) { return {_mm_loadu_ps(p), _mm_loadu_ps(p + 4)}; }
  static Eight Load(const int16_t* p) {
    return FromShorts(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Eight Load(const int8_t* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return FromShorts(_mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8));
  }
  static Eight FromShorts(__m128i v) {
    return {_mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpacklo_epi16(v, v), 16)),
            _mm_cvtepi32_ps(_mm_srai_epi32(_mm_unpackhi_epi16(v, v), 16))};
  }
  static Eight Multiply(Eight a, Eight b) { return {_mm_mul_ps(a.low, b.low), _mm_mul_ps(a.high, b.high)}; }
  static Eight Add(Eight a, Eight b) { return {_mm_add_ps(a.low, b.low), _mm_add_ps(a.high, b.high)}; }
  static Half HalfOf(Eight v) { return _mm_add_ps(v.low, v.high); }
  /** The sums of four cells; -1 for those that are not finite. */
  static Half Sums(Half a, Half b, Half c, Half d, float bias) {
    const Half sums = _mm_add_ps(_mm_hadd_ps(_mm_hadd_ps(a, b), _mm_hadd_ps(c, d)), _mm_set1_ps(bias));
    const Half finite = _mm_cmpeq_ps(_mm_sub_ps(sums, sums), _mm_setzero_ps());
    return _mm_or_ps(_mm_and_ps(finite, sums), _mm_andnot_ps(finite, _mm_set1_ps(-1)));
  }
  static void Store(float* p, Half v) { _mm_storeu_ps(p, v); }
  static float FirstOf(Half v) { return _mm_cvtss_f32(v); }
};

#if defined(__AVX2__)
template <typename Number>
struct Search32 {
  using Value = Number;
  using V = __m256i;
  static constexpr size_t kLanes = 32 / sizeof(Number);
  static constexpr bool kBelow = static_cast<Number>(-1) > 0;
  static V Bound(Number limit) {
    if constexpr (sizeof(Number) == 4) return _mm256_set1_epi32(static_cast<int>(limit));
    if constexpr (sizeof(Number) == 2) return _mm256_set1_epi16(static_cast<int16_t>(limit));
    return _mm256_set1_epi8(static_cast<char>(limit));
  }
  static V Load(const Number* p) { return _mm256_loadu_si256(reinterpret_cast<const V*>(p)); }
  static V Start(V v, V) { return v; }
  static V Fold(V best, V v, V) { return Join(best, v); }
  static V Join(V a, V b) {
    if constexpr (kBelow) return _mm256_min_epu32(a, b);
    if constexpr (sizeof(Number) == 4) return _mm256_max_epi32(a, b);
    if constexpr (sizeof(Number) == 2) return _mm256_max_epi16(a, b);
    return _mm256_max_epi8(a, b);
  }
  static bool Any(V best, V bound) {
    // The maximum is above the limit if the maximum of both is not the limit.
    const V joined = Join(best, bound);
    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(joined, bound)) != -1;
  }
  static bool Is(Number value, Number limit) { return kBelow ? value < limit : value > limit; }
};

struct Lanes32 : Lanes16 {
  using Eight = __m256;

  static Eight Load(const float* p) { return _mm256_loadu_ps(p); }
  static Eight Load(const int16_t* p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
  static Eight Load(const int8_t* p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
  static Eight Multiply(Eight a, Eight b) { return _mm256_mul_ps(a, b); }
  static Eight Add(Eight a, Eight b) { return _mm256_add_ps(a, b); }
  static Half HalfOf(Eight v) { return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); }
};
#endif

}  // namespace
}  // namespace decode
