#pragma once

#include <cstdint>
#include <cstring>

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

/**
 * Vectors of 16 bytes in GCC's and clang's own notation: NEON on arm64 and SSE2 on x86-64, which are the
 * baseline of both, and plain code elsewhere. Each operation rounds as the scalar one does, so all machines
 * give the same bits.
 */
namespace depth {

using F4 = float __attribute__((vector_size(16)));
using I4 = int32_t __attribute__((vector_size(16)));
using U4 = uint32_t __attribute__((vector_size(16)));
using U8 = uint16_t __attribute__((vector_size(16)));
using H4 = uint16_t __attribute__((vector_size(8)));
using S4 = int16_t __attribute__((vector_size(8)));

inline F4 All(float value) { return F4{value, value, value, value}; }
inline I4 AllOf(int32_t value) { return I4{value, value, value, value}; }

/** Of NaN and a number either; for bounds, where NaN is refused. */
inline F4 Least(F4 a, F4 b) {
#if defined(__aarch64__)
  return vminq_f32(a, b);
#else
  return a < b ? a : b;
#endif
}
inline F4 Most(F4 a, F4 b) {
#if defined(__aarch64__)
  return vmaxq_f32(a, b);
#else
  return a > b ? a : b;
#endif
}
inline I4 Least(I4 a, I4 b) { return a < b ? a : b; }
inline I4 Most(I4 a, I4 b) { return a > b ? a : b; }

inline I4 BitsOf(F4 v) { return reinterpret_cast<I4>(v); }
inline F4 FloatsOf(I4 v) { return reinterpret_cast<F4>(v); }

/** The lanes where a mask is set; 0 elsewhere. */
inline F4 Where(I4 mask, F4 v) { return FloatsOf(BitsOf(v) & mask); }

inline F4 Load(const float* p) {
  F4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/** Reads memory that another thread may be writing exactly once (decode/once.h). */
template <typename Vector, typename Value>
inline Vector LoadOnce(const Value* p) {
  using Loose [[gnu::may_alias, gnu::aligned(1)]] = Vector;
  return *reinterpret_cast<const volatile Loose*>(p);
}

/** Lanes 0 and 2 of both. */
inline U4 EvenLanes(U4 a, U4 b) {
#if defined(__aarch64__)
  return vuzp1q_u32(a, b);
#else
  return U4{a[0], a[2], b[0], b[2]};
#endif
}

inline bool Any(I4 mask) {
#if defined(__aarch64__)
  return vmaxvq_u32(vreinterpretq_u32_s32(mask)) != 0;
#else
  uint64_t halves[2];
  std::memcpy(halves, &mask, sizeof mask);
  return (halves[0] | halves[1]) != 0;
#endif
}

inline uint16_t LeastOf(U8 v) {
#if defined(__aarch64__)
  return vminvq_u16(v);
#else
  uint16_t least = v[0];
  for (int i = 1; i < 8; i++) least = v[i] < least ? v[i] : least;
  return least;
#endif
}

inline uint16_t MostOf(U8 v) {
#if defined(__aarch64__)
  return vmaxvq_u16(v);
#else
  uint16_t most = v[0];
  for (int i = 1; i < 8; i++) most = v[i] > most ? v[i] : most;
  return most;
#endif
}

inline uint32_t LeastOf(U4 v) {
#if defined(__aarch64__)
  return vminvq_u32(v);
#else
  uint32_t least = v[0];
  for (int i = 1; i < 4; i++) least = v[i] < least ? v[i] : least;
  return least;
#endif
}

inline uint32_t MostOf(U4 v) {
#if defined(__aarch64__)
  return vmaxvq_u32(v);
#else
  uint32_t most = v[0];
  for (int i = 1; i < 4; i++) most = v[i] > most ? v[i] : most;
  return most;
#endif
}

}  // namespace depth
