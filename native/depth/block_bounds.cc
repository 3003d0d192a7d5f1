#include "depth/block_bounds.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace depth {
namespace {

/** From low to high, in each lane. */
struct Span {
  F4 low;
  F4 high;
};

inline Span Exactly(float value) { return {All(value), All(value)}; }
inline Span operator+(Span a, Span b) { return {a.low + b.low, a.high + b.high}; }
inline Span operator*(float factor, Span a) {
  const F4 p = All(factor) * a.low;
  const F4 q = All(factor) * a.high;
  return factor < 0 ? Span{q, p} : Span{p, q};
}
inline Span operator*(Span a, Span b) {
  const F4 p = a.low * b.low;
  const F4 q = a.low * b.high;
  const F4 r = a.high * b.low;
  const F4 s = a.high * b.high;
  return {Least(Least(p, q), Least(r, s)), Most(Most(p, q), Most(r, s))};
}
/** By numbers above 0. */
inline Span Times(Span a, Span positive) {
  return {Least(a.low * positive.low, a.low * positive.high),
          Most(a.high * positive.low, a.high * positive.high)};
}
inline Span Square(Span a) {
  const F4 p = a.low * a.low;
  const F4 q = a.high * a.high;
  const I4 around = (a.low < All(0)) & (a.high > All(0));
  return {Where(~around, Least(p, q)), Most(p, q)};
}
inline Span Both(Span a, Span b) { return {Least(a.low, b.low), Most(a.high, b.high)}; }
/** One over numbers above 0. */
inline Span Inverse(Span positive) { return {1 / positive.high, 1 / positive.low}; }

/** Rays beyond are nothing that a lens shows, and their powers would leave what floats can hold. */
constexpr float kMostRadius2 = 1e4;
/**
 * Share of its terms that a depth must be, or what rounding does to their difference could not be neglected:
 * it is below a thousandth then, of a place on the grid that counts.
 */
constexpr float kLeastShare = 1.0F / (1 << 10);
/**
 * Cells by which the translation may move a place: of terms that are larger, and cancel each other, rounding
 * leaves more than kRoom.
 */
constexpr float kMostMoved = 1 << 16;
/** Cells, and share of the grid's side, that a place may be off by rounding; generously. */
constexpr float kRoom = 0.5;
constexpr float kRoomShare = 1.0F / (1 << 11);
/** Cells are counted up to here: what lies beyond lies beyond any grid. */
constexpr float kFarOff = 1 << 20;

struct Spot {
  Span u;
  Span v;
  /** Where u and v bound all pixels; and where the lens shows them all. */
  I4 known;
  I4 shown;
};

/** As Projector::Distort(). */
void Distort(const Projection& n, Spot& spot) {
  const float* k = n.distortion;
  const Span x = spot.u;
  const Span y = spot.v;
  const Span xx = Square(x);
  const Span yy = Square(y);
  const Span r2 = xx + yy;
  const Span one = Exactly(1);
  const auto plus = [](float value, Span span) { return Exactly(value) + span; };
  const Span above = one + r2 * plus(k[0], r2 * plus(k[1], k[4] * r2));
  const Span below = one + r2 * plus(k[5], r2 * plus(k[6], k[7] * r2));
  spot.known &= (r2.high <= All(kMostRadius2)) & (below.low > All(kLeastShare));
  spot.shown = r2.high < All(n.limit * 0.999F);
  const Span q = above * Inverse(below);
  const Span xy = 2 * (x * y);
  const Span u = x * q + k[2] * xy + k[3] * (r2 + 2 * xx);
  const Span v = y * q + k[2] * (r2 + 2 * yy) + k[3] * xy;
  spot.u = n.color_fx * u + Exactly(n.color_cx);
  spot.v = n.color_fy * v + Exactly(n.color_cy);
}

/** Where the rays a, b, c of the color camera lie at a depth. @param moved cells at a depth of 1 that the
 * translation moves them by */
inline Spot At(const Projection& n, Span a, Span b, Span c, F4 depth, F4 moved) {
  const float* t = n.translation;
  const Span along{depth, depth};
  const Span z = Times(c, along) + Exactly(t[2]);
  const Span inverse = Inverse(z);
  Spot spot;
  spot.u = Times(Times(a, along) + Exactly(t[0]), inverse);
  spot.v = Times(Times(b, along) + Exactly(t[1]), inverse);
  const float least = kLeastShare * (t[2] < 0 ? -t[2] : t[2]);
  // False where any is NaN.
  spot.known = (z.low > All(least)) & (z.low > All(kLeastShare) * depth) &
               (moved * inverse.high <= All(kMostMoved)) & (spot.u.low <= spot.u.high) &
               (spot.v.low <= spot.v.high);
  return spot;
}

/** Rounds down within what whole numbers can hold. */
inline I4 Floor(F4 v) {
#if defined(__aarch64__)
  // Saturates.
  return vcvtmq_s32_f32(v);
#else
  v = Least(Most(v, All(-kFarOff)), All(kFarOff));
  const I4 toward_zero = __builtin_convertvector(v, I4);
  return toward_zero + (__builtin_convertvector(toward_zero, F4) > v);
#endif
}

}  // namespace

void BlockRow::Begin(const Projection& n, int width, bool bounded) {
  const auto count = static_cast<size_t>((width - 1) / kBlockWidth) + 1;
  const size_t whole = (count + 3) / 4 * 4;
  for (auto* bounds : {&depths, &a, &b, &c}) {
    bounds->low.assign(whole, 0);
    bounds->high.assign(whole, 0);
  }
  // Behind the last block: none.
  std::fill(depths.low.begin() + static_cast<ptrdiff_t>(count), depths.low.end(), 1.0F);
  marks.resize(whole);
  within.resize(whole);
  for (size_t i = 0; i < count; i++) {
    const int left = static_cast<int>(i) * kBlockWidth;
    const int right = std::min(left + kBlockWidth, width);
    const Span x = bounded ? Span{All((static_cast<float>(left) - n.cx) / n.fx),
                                  All((static_cast<float>(right - 1) - n.cx) / n.fx)}
                           : Exactly(std::numeric_limits<float>::quiet_NaN());
    const auto set = [&](Bounds& bounds, float factor) {
      const Span span = factor * x;
      // NaN stays NaN; ends out of order, of a negative focal length, are no bounds.
      const bool good = x.low[0] <= x.high[0];
      bounds.low[i] = good ? span.low[0] : std::numeric_limits<float>::quiet_NaN();
      bounds.high[i] = span.high[0];
    };
    set(a, n.matrix[0]);
    set(b, n.matrix[3]);
    set(c, n.matrix[6]);
  }
}

void FindMarks(const Projection& n, const MarkTiles& tiles, int map_width, int map_height, int top, int rows,
               BlockRow& row) {
  const float* m = n.matrix;
  const float room_u = kRoom + kRoomShare * static_cast<float>(map_width);
  const float room_v = kRoom + kRoomShare * static_cast<float>(map_height);
  const Span y{All((static_cast<float>(top) - n.cy) / n.fy),
               All((static_cast<float>(top + rows - 1) - n.cy) / n.fy)};
  const I4 y_known = y.low <= y.high;
  const Span row_a = m[1] * y + Exactly(m[2]);
  const Span row_b = m[4] * y + Exactly(m[5]);
  const Span row_c = m[7] * y + Exactly(m[8]);
  const float focal = n.limit > 0 ? std::max({1.0F, std::abs(n.color_fx), std::abs(n.color_fy)}) : 1;
  const F4 moved = All(focal * std::max(std::abs(n.translation[0]), std::abs(n.translation[1])));
  const auto load = [](const Bounds& bounds, size_t i) {
    return Span{Load(bounds.low.data() + i), Load(bounds.high.data() + i)};
  };
  for (size_t i = 0; i < row.marks.size(); i += 4) {
    const F4 near = Load(row.depths.low.data() + i);
    const F4 far = Load(row.depths.high.data() + i);
    const Span a = load(row.a, i) + row_a;
    const Span b = load(row.b, i) + row_b;
    const Span c = load(row.c, i) + row_c;
    const Spot first = At(n, a, b, c, near, moved);
    const Spot last = At(n, a, b, c, far, moved);
    // Depths without order, of a block that has none, need no bounds.
    Spot all{Both(first.u, last.u), Both(first.v, last.v), first.known & last.known, AllOf(-1)};
    if (n.limit > 0) Distort(n, all);
    const I4 known =
        all.known & y_known & (all.u.low <= all.u.high) & (all.v.low <= all.v.high) & (near <= far);
    I4 within;
    const I4 found = tiles.In(Floor(all.u.low - All(room_u)), Floor(all.v.low - All(room_v)),
                              Floor(all.u.high + All(room_u)), Floor(all.v.high + All(room_v)), within);
    const I4 sure = known & within & all.shown;
    const I4 kSome = AllOf(static_cast<int32_t>(Marks::kSome));
    I4 marks = sure != 0 ? found : Least(found, kSome);
    marks = known != 0 ? marks : kSome;
    marks &= ~(near > far);
    std::memcpy(row.marks.data() + i, &marks, sizeof marks);
    std::memcpy(row.within.data() + i, &sure, sizeof sure);
  }
}

}  // namespace depth
