#include "depth/block_bounds.h"

#include <algorithm>
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

/** Where the rays a, b, c of the color camera lie at a depth. */
Spot At(const Projection& n, Span a, Span b, Span c, F4 depth) {
  const float* t = n.translation;
  const Span along{depth, depth};
  const Span z = Times(c, along) + Exactly(t[2]);
  const Span inverse = Inverse(z);
  Spot spot;
  spot.u = Times(Times(a, along) + Exactly(t[0]), inverse);
  spot.v = Times(Times(b, along) + Exactly(t[1]), inverse);
  const float least = kLeastShare * (t[2] < 0 ? -t[2] : t[2]);
  // False where any is NaN.
  spot.known = (z.low > All(least)) & (z.low > All(kLeastShare) * depth) & (spot.u.low <= spot.u.high) &
               (spot.v.low <= spot.v.high);
  return spot;
}

/** Rounds down within what whole numbers can hold. */
inline I4 Floor(F4 v) {
  v = Least(Most(v, All(-kFarOff)), All(kFarOff));
  const I4 toward_zero = __builtin_convertvector(v, I4);
  return toward_zero + (__builtin_convertvector(toward_zero, F4) > v);
}

}  // namespace

void BlockRow::Resize(size_t count) {
  const size_t whole = (count + 3) / 4 * 4;
  for (auto* bounds : {&depths, &x, &y}) {
    bounds->low.resize(whole);
    bounds->high.resize(whole);
  }
  // Behind the last block: none.
  std::fill(depths.low.begin() + static_cast<ptrdiff_t>(count), depths.low.end(), 1.0F);
  std::fill(depths.high.begin() + static_cast<ptrdiff_t>(count), depths.high.end(), 0.0F);
  marks.resize(whole);
}

void FindMarks(const Projection& n, const MarkTiles& tiles, int map_width, int map_height, BlockRow& row) {
  const float* m = n.matrix;
  const float room_u = kRoom + kRoomShare * static_cast<float>(map_width);
  const float room_v = kRoom + kRoomShare * static_cast<float>(map_height);
  for (size_t i = 0; i < row.marks.size(); i += 4) {
    const F4 near = Load(row.depths.low.data() + i);
    const F4 far = Load(row.depths.high.data() + i);
    const Span x{Load(row.x.low.data() + i), Load(row.x.high.data() + i)};
    const Span y{Load(row.y.low.data() + i), Load(row.y.high.data() + i)};
    const Span a = m[0] * x + (m[1] * y + Exactly(m[2]));
    const Span b = m[3] * x + (m[4] * y + Exactly(m[5]));
    const Span c = m[6] * x + (m[7] * y + Exactly(m[8]));
    const Spot first = At(n, a, b, c, near);
    const Spot last = At(n, a, b, c, far);
    Spot all{Both(first.u, last.u), Both(first.v, last.v), first.known & last.known, AllOf(-1)};
    if (n.limit > 0) Distort(n, all);
    const I4 empty = near > far;
    const I4 known = all.known & (x.low <= x.high) & (y.low <= y.high) & (all.u.low <= all.u.high) &
                     (all.v.low <= all.v.high) & (near <= far);
    const I4 left = Floor(all.u.low - All(room_u));
    const I4 right = Floor(all.u.high + All(room_u));
    const I4 top = Floor(all.v.low - All(room_v));
    const I4 bottom = Floor(all.v.high + All(room_v));
    for (size_t lane = 0; lane < 4; lane++) {
      Marks& found = row.marks[i + lane];
      if (empty[lane] != 0) {
        found = Marks::kNone;
      } else if (known[lane] == 0) {
        found = Marks::kSome;
      } else {
        found = tiles.In(left[lane], top[lane], right[lane], bottom[lane]);
        if (found == Marks::kAll && all.shown[lane] == 0) found = Marks::kSome;
      }
    }
  }
}

}  // namespace depth
