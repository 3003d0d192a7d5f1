#include <arm_neon.h>

#include "decode/kernels_simd.h"

namespace decode {
namespace {

/** Whether any byte of a mask is set: the mask is narrowed to 64 bits, which fit in a general register. */
inline bool AnySet(uint32x4_t mask) { return vget_lane_u64(vreinterpret_u64_u16(vmovn_u32(mask)), 0) != 0; }

struct Below32 {
  using Value = uint32_t;
  static constexpr size_t kLanes = 4;
  static uint32x4_t Bound(uint32_t limit) { return vdupq_n_u32(limit); }
  static uint32x4_t Load(const uint32_t* p) { return vld1q_u32(p); }
  static uint32x4_t Start(uint32x4_t v, uint32x4_t) { return v; }
  static uint32x4_t Fold(uint32x4_t least, uint32x4_t v, uint32x4_t) { return vminq_u32(least, v); }
  static uint32x4_t Join(uint32x4_t a, uint32x4_t b) { return vminq_u32(a, b); }
  static bool Any(uint32x4_t least, uint32x4_t bound) { return AnySet(vcltq_u32(least, bound)); }
  static bool Is(uint32_t value, uint32_t limit) { return value < limit; }
};

struct Above32 {
  using Value = int32_t;
  static constexpr size_t kLanes = 4;
  static int32x4_t Bound(int32_t limit) { return vdupq_n_s32(limit); }
  static int32x4_t Load(const int32_t* p) { return vld1q_s32(p); }
  static int32x4_t Start(int32x4_t v, int32x4_t) { return v; }
  static int32x4_t Fold(int32x4_t most, int32x4_t v, int32x4_t) { return vmaxq_s32(most, v); }
  static int32x4_t Join(int32x4_t a, int32x4_t b) { return vmaxq_s32(a, b); }
  static bool Any(int32x4_t most, int32x4_t bound) { return AnySet(vcgtq_s32(most, bound)); }
  static bool Is(int32_t value, int32_t limit) { return value > limit; }
};

struct Above16 {
  using Value = int16_t;
  static constexpr size_t kLanes = 8;
  static int16x8_t Bound(int16_t limit) { return vdupq_n_s16(limit); }
  static int16x8_t Load(const int16_t* p) { return vld1q_s16(p); }
  static int16x8_t Start(int16x8_t v, int16x8_t) { return v; }
  static int16x8_t Fold(int16x8_t most, int16x8_t v, int16x8_t) { return vmaxq_s16(most, v); }
  static int16x8_t Join(int16x8_t a, int16x8_t b) { return vmaxq_s16(a, b); }
  static bool Any(int16x8_t most, int16x8_t bound) {
    return vget_lane_u64(vreinterpret_u64_u8(vmovn_u16(vcgtq_s16(most, bound))), 0) != 0;
  }
  static bool Is(int16_t value, int16_t limit) { return value > limit; }
};

struct Above8 {
  using Value = int8_t;
  static constexpr size_t kLanes = 16;
  static int8x16_t Bound(int8_t limit) { return vdupq_n_s8(limit); }
  static int8x16_t Load(const int8_t* p) { return vld1q_s8(p); }
  static int8x16_t Start(int8x16_t v, int8x16_t) { return v; }
  static int8x16_t Fold(int8x16_t most, int8x16_t v, int8x16_t) { return vmaxq_s8(most, v); }
  static int8x16_t Join(int8x16_t a, int8x16_t b) { return vmaxq_s8(a, b); }
  static bool Any(int8x16_t most, int8x16_t bound) { return vmaxvq_u8(vcgtq_s8(most, bound)) != 0; }
  static bool Is(int8_t value, int8_t limit) { return value > limit; }
};

/** Eight floats. */
struct Lanes {
  using Half = float32x4_t;
  struct Eight {
    float32x4_t low;
    float32x4_t high;
  };

  static Eight Load(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
  static Eight Load(const int16_t* p) { return FromShorts(vld1q_s16(p)); }
  static Eight Load(const int8_t* p) { return FromShorts(vmovl_s8(vld1_s8(p))); }
  static Eight FromShorts(int16x8_t v) {
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(v))), vcvtq_f32_s32(vmovl_high_s16(v))};
  }
  static Eight Multiply(Eight a, Eight b) { return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)}; }
  static Eight Add(Eight a, Eight b) { return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)}; }
  static Half HalfOf(Eight v) { return vaddq_f32(v.low, v.high); }
  /** The sums of four cells; -1 for those that are not finite. */
  static Half Sums(Half a, Half b, Half c, Half d, float bias) {
    const Half sums = vaddq_f32(vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)), vdupq_n_f32(bias));
    const uint32x4_t finite = vceqzq_f32(vsubq_f32(sums, sums));
    return vbslq_f32(finite, sums, vdupq_n_f32(-1));
  }
  static void Store(float* p, Half v) { vst1q_f32(p, v); }
  static float FirstOf(Half v) { return vgetq_lane_f32(v, 0); }
};

}  // namespace

const Kernels kNeonKernels = {
    "neon", First<Below32>, First<Above32>, First<Above16>, First<Above8>, Combine<Lanes>,
};

}  // namespace decode
