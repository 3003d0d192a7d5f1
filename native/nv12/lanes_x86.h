#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

/**
 * The vector instructions used by kernels_x86.h, for 16-byte and 32-byte vectors.
 *
 * A vector consists of one or two streams of 16 bytes, and no operation crosses streams, as in AVX2. So code
 * written for 16 bytes processes two blocks of pixels at once with 32-byte vectors. Streams are loaded and
 * stored `distance` bytes apart.
 *
 * Everything has internal linkage. If these functions were shared between files compiled for different
 * processors, the linker might keep a version that does not run on this machine.
 */
namespace nv12 {
namespace {

/** Pixels in a block of one stream, and the bytes of as many R, G, B. */
constexpr size_t kBlock = 16;
constexpr size_t kRgbBlock = 3 * kBlock;

inline size_t Min(size_t a, size_t b) { return a < b ? a : b; }

struct Lanes16 {
  using V = __m128i;
  static constexpr size_t kStreams = 1;

  static V Load(const void* p, size_t) { return _mm_loadu_si128(static_cast<const V*>(p)); }
  /** Loads each stream at its own offset in `row`; the offsets are `next` entries apart. */
  static V Gather(const uint8_t* row, const uint16_t* offsets, size_t) { return Load(row + offsets[0], 0); }
  static void Store(void* p, size_t, V v) { _mm_storeu_si128(static_cast<V*>(p), v); }
  /** The low 8 bytes of each stream. */
  static void StoreHalf(void* p, size_t, V v) { _mm_storel_epi64(static_cast<V*>(p), v); }
  static V Repeat(const void* p) { return Load(p, 0); }
  static V Set16(int value) { return _mm_set1_epi16(static_cast<int16_t>(value)); }
  static V Set32(int value) { return _mm_set1_epi32(value); }
  static V Zero() { return _mm_setzero_si128(); }

  static V And(V a, V b) { return _mm_and_si128(a, b); }
  static V Or(V a, V b) { return _mm_or_si128(a, b); }
  static V Shuffle(V v, V lanes) { return _mm_shuffle_epi8(v, lanes); }
  template <int kBytes>
  static V ShiftBytes(V v) {
    return _mm_srli_si128(v, kBytes);
  }
  static V MultiplyBytes(V u8, V s8) { return _mm_maddubs_epi16(u8, s8); }
  /** (a + b + 1) >> 1 */
  static V Average8(V a, V b) { return _mm_avg_epu8(a, b); }
  static V Add16(V a, V b) { return _mm_add_epi16(a, b); }
  static V Sub16(V a, V b) { return _mm_sub_epi16(a, b); }
  static V High16(V a, V b) { return _mm_mulhi_epi16(a, b); }
  static V Low16(V a, V b) { return _mm_mullo_epi16(a, b); }
  static V Round15(V a, V b) { return _mm_mulhrs_epi16(a, b); }
  template <int kBits>
  static V Left16(V v) {
    return _mm_slli_epi16(v, kBits);
  }
  template <int kBits>
  static V Right16(V v) {
    return _mm_srai_epi16(v, kBits);
  }
  template <int kBits>
  static V RightUnsigned16(V v) {
    return _mm_srli_epi16(v, kBits);
  }
  static V MultiplyPairs(V a, V b) { return _mm_madd_epi16(a, b); }
  static V Add32(V a, V b) { return _mm_add_epi32(a, b); }
  template <int kBits>
  static V Left32(V v) {
    return _mm_slli_epi32(v, kBits);
  }
  template <int kBits>
  static V Right32(V v) {
    return _mm_srai_epi32(v, kBits);
  }
  static V Pack32(V a, V b) { return _mm_packs_epi32(a, b); }
  static V Pack16(V a, V b) { return _mm_packus_epi16(a, b); }
  static V Low8s(V a, V b) { return _mm_unpacklo_epi8(a, b); }
  static V High8s(V a, V b) { return _mm_unpackhi_epi8(a, b); }
  static V Low16s(V a, V b) { return _mm_unpacklo_epi16(a, b); }
  static V High16s(V a, V b) { return _mm_unpackhi_epi16(a, b); }
  /** The 32-bit elements 0, 2 (or 1, 3) of a and of b. */
  static V Evens32(V a, V b) {
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), 0x88));
  }
  static V Odds32(V a, V b) {
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), 0xdd));
  }

  /** 16 bytes as floats times `unit`. */
  static void StoreFloats(float* out, V bytes, float unit) {
    const V low = Low8s(bytes, Zero());
    const V high = High8s(bytes, Zero());
    const __m128 factor = _mm_set1_ps(unit);
    const auto store = [out, factor](size_t at, V v) {
      _mm_storeu_ps(out + at, _mm_mul_ps(_mm_cvtepi32_ps(v), factor));
    };
    store(0, Low16s(low, Zero()));
    store(4, High16s(low, Zero()));
    store(8, Low16s(high, Zero()));
    store(12, High16s(high, Zero()));
  }
};

#if defined(__AVX2__)
struct Lanes32 {
  using V = __m256i;
  static constexpr size_t kStreams = 2;

  static V Join(__m128i a, __m128i b) { return _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1); }
  static V Load(const void* p, size_t distance) {
    const auto* bytes = static_cast<const uint8_t*>(p);
    return Join(Lanes16::Load(bytes, 0), Lanes16::Load(bytes + distance, 0));
  }
  static V Gather(const uint8_t* row, const uint16_t* offsets, size_t next) {
    return Join(Lanes16::Load(row + offsets[0], 0), Lanes16::Load(row + offsets[next], 0));
  }
  static void Store(void* p, size_t distance, V v) {
    auto* bytes = static_cast<uint8_t*>(p);
    Lanes16::Store(bytes, 0, _mm256_castsi256_si128(v));
    Lanes16::Store(bytes + distance, 0, _mm256_extracti128_si256(v, 1));
  }
  static void StoreHalf(void* p, size_t distance, V v) {
    auto* bytes = static_cast<uint8_t*>(p);
    Lanes16::StoreHalf(bytes, 0, _mm256_castsi256_si128(v));
    Lanes16::StoreHalf(bytes + distance, 0, _mm256_extracti128_si256(v, 1));
  }
  static V Repeat(const void* p) { return _mm256_broadcastsi128_si256(Lanes16::Load(p, 0)); }
  static V Set16(int value) { return _mm256_set1_epi16(static_cast<int16_t>(value)); }
  static V Set32(int value) { return _mm256_set1_epi32(value); }
  static V Zero() { return _mm256_setzero_si256(); }

  static V And(V a, V b) { return _mm256_and_si256(a, b); }
  static V Or(V a, V b) { return _mm256_or_si256(a, b); }
  static V Shuffle(V v, V lanes) { return _mm256_shuffle_epi8(v, lanes); }
  template <int kBytes>
  static V ShiftBytes(V v) {
    return _mm256_srli_si256(v, kBytes);
  }
  static V MultiplyBytes(V u8, V s8) { return _mm256_maddubs_epi16(u8, s8); }
  static V Average8(V a, V b) { return _mm256_avg_epu8(a, b); }
  static V Add16(V a, V b) { return _mm256_add_epi16(a, b); }
  static V Sub16(V a, V b) { return _mm256_sub_epi16(a, b); }
  static V High16(V a, V b) { return _mm256_mulhi_epi16(a, b); }
  static V Low16(V a, V b) { return _mm256_mullo_epi16(a, b); }
  static V Round15(V a, V b) { return _mm256_mulhrs_epi16(a, b); }
  template <int kBits>
  static V Left16(V v) {
    return _mm256_slli_epi16(v, kBits);
  }
  template <int kBits>
  static V Right16(V v) {
    return _mm256_srai_epi16(v, kBits);
  }
  template <int kBits>
  static V RightUnsigned16(V v) {
    return _mm256_srli_epi16(v, kBits);
  }
  static V MultiplyPairs(V a, V b) { return _mm256_madd_epi16(a, b); }
  static V Add32(V a, V b) { return _mm256_add_epi32(a, b); }
  template <int kBits>
  static V Left32(V v) {
    return _mm256_slli_epi32(v, kBits);
  }
  template <int kBits>
  static V Right32(V v) {
    return _mm256_srai_epi32(v, kBits);
  }
  static V Pack32(V a, V b) { return _mm256_packs_epi32(a, b); }
  static V Pack16(V a, V b) { return _mm256_packus_epi16(a, b); }
  static V Low8s(V a, V b) { return _mm256_unpacklo_epi8(a, b); }
  static V High8s(V a, V b) { return _mm256_unpackhi_epi8(a, b); }
  static V Low16s(V a, V b) { return _mm256_unpacklo_epi16(a, b); }
  static V High16s(V a, V b) { return _mm256_unpackhi_epi16(a, b); }
  static V Evens32(V a, V b) {
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
  }
  static V Odds32(V a, V b) {
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xdd));
  }

  /** 32 bytes as floats times `unit`. */
  static void StoreFloats(float* out, V bytes, float unit) {
    const __m256 factor = _mm256_set1_ps(unit);
    const auto store = [out, factor](size_t at, __m128i low) {
      _mm256_storeu_ps(out + at, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(low)), factor));
    };
    const __m128i first = _mm256_castsi256_si128(bytes);
    const __m128i second = _mm256_extracti128_si256(bytes, 1);
    store(0, first);
    store(8, _mm_unpackhi_epi64(first, first));
    store(16, second);
    store(24, _mm_unpackhi_epi64(second, second));
  }
};
#endif

}  // namespace
}  // namespace nv12
