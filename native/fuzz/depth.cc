/**
 * Fuzzes the kernels of depth: pictures of any size, cameras, extrinsics and values, projected and cut; masks
 * eroded and grown. Checks each result against one that is made pixel by pixel, without vectors, blocks and
 * lists, and, by the sanitizers, that nothing beyond the pictures is read or written.
 *
 * Where numbers are no cameras' at all (NaN, 1e38), blocks need not be cut as their pixels would be; they
 * still must not touch other memory.
 */
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "depth/grid_runs.h"
#include "depth/points.h"
#include "fuzz/target.h"

namespace {

using depth::Projection;
using depth::Runs;

/** Numbers that follow from a seed (xorshift: Marsaglia, 2003). */
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed | 1) {}
  uint32_t Below(uint32_t most) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % most;
  }
  /** From -1 to 1. */
  float Real() { return static_cast<float>(Below(2001)) / 1000.0F - 1; }

 private:
  uint32_t state_;
};

/** Memory of an exact size, so that the sanitizers see what lies beyond. */
template <typename Value>
struct Exact {
  explicit Exact(size_t count) : size(count), data(new Value[count]()) {}
  size_t size;
  std::unique_ptr<Value[]> data;
  Value& operator[](size_t i) { return data[i]; }
};

struct Place {
  bool on;
  size_t column;
  size_t row;
  float depth;
};

/** One pixel, in the order of operations of src/vision/depth/projection.ts. */
Place PlaceOf(const Projection& n, const float* rays, size_t at, int x, int y, float value, int width,
              int height) {
  const float rx = rays != nullptr ? rays[2 * at] : (static_cast<float>(x) - n.cx) / n.fx;
  const float ry = rays != nullptr ? rays[2 * at + 1] : (static_cast<float>(y) - n.cy) / n.fy;
  const float a = n.matrix[0] * rx + (n.matrix[1] * ry + n.matrix[2]);
  const float b = n.matrix[3] * rx + (n.matrix[4] * ry + n.matrix[5]);
  const float c = n.matrix[6] * rx + (n.matrix[7] * ry + n.matrix[8]);
  const float depth = c * value + n.translation[2];
  const Place nowhere{false, 0, 0, 0};
  if (!(depth > 0)) return nowhere;
  const float inverse = 1 / depth;
  float u = (a * value + n.translation[0]) * inverse;
  float v = (b * value + n.translation[1]) * inverse;
  if (n.limit > 0) {
    const float* k = n.distortion;
    const float xx = u * u;
    const float yy = v * v;
    const float r2 = xx + yy;
    if (!(r2 <= n.limit)) return nowhere;
    const float above = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]));
    const float below = 1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7]));
    const float q = above / below;
    const float xy = 2 * (u * v);
    const float seen_x = u * q + k[2] * xy + k[3] * (r2 + 2 * xx);
    const float seen_y = v * q + k[2] * (r2 + 2 * yy) + k[3] * xy;
    u = n.color_fx * seen_x + n.color_cx;
    v = n.color_fy * seen_y + n.color_cy;
  }
  if (!(u >= 0 && v >= 0 && u < static_cast<float>(width) && v < static_cast<float>(height))) return nowhere;
  return {true, static_cast<size_t>(u), static_cast<size_t>(v), depth};
}

bool IsDepth(uint16_t value) { return value > 0 && value < 65535; }
bool IsDepth(float value) { return value > 0 && value <= 100'000; }

float Invalid(float) { return std::nanf(""); }
uint16_t Invalid(uint16_t) { return 0; }

/** So that NaN, which nothing equals, can be compared. */
uint32_t BitsOf(uint16_t value) { return value; }
uint32_t BitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/** Cameras, and a transform between them; or any numbers. */
struct Cameras {
  Cameras(fuzz::Reader& reader, Random& random, int width, int height, int map_width, int map_height,
          float unit) {
    const uint8_t kind = reader.U8();
    odd = kind % 8 == 7;
    const float w = static_cast<float>(width);
    const float mw = static_cast<float>(map_width);
    const float f = 0.9F + 0.5F * random.Real();
    const float sign = kind % 8 == 6 ? -1 : 1;
    n.fx = sign * f * w;
    n.fy = f * w;
    n.cx = (0.5F + 0.2F * random.Real()) * w;
    n.cy = (0.5F + 0.2F * random.Real()) * static_cast<float>(height);
    n.color_fx = sign * f * mw;
    n.color_fy = f * mw;
    n.color_cx = 0.5F * mw;
    n.color_cy = 0.5F * static_cast<float>(map_height);
    // Upright, or turned by quarters about the optical axis, or looking back; and a little about all axes.
    const float cosines[] = {1, 0, -1, 0};
    const uint32_t quarter = (kind / 8) % 4;
    const float c = cosines[quarter];
    const float s = cosines[(quarter + 3) % 4];
    const float back = kind / 32 == 7 ? -1.0F : 1.0F;
    float rotation[9] = {c, -s, 0, s, c, 0, 0, 0, back};
    for (float& number : rotation) number += 0.05F * random.Real();
    float moved[3];
    for (float& number : moved) number = 0.4F * random.Real() / unit;
    const bool lens = reader.U8() % 2 != 0;
    if (lens) {
      for (float& number : n.distortion) number = 0.1F * random.Real();
      n.limit = 0.2F + 2 * (1 + random.Real());
    }
    for (size_t column = 0; column < 4; column++) {
      const auto at = [&](size_t row) { return column < 3 ? rotation[3 * row + column] : moved[row]; };
      const float scale[] = {lens ? 1 : n.color_fx, lens ? 1 : n.color_fy};
      const float center[] = {lens ? 0 : n.color_cx, lens ? 0 : n.color_cy};
      for (size_t row = 0; row < 3; row++) {
        const float number = row < 2 ? scale[row] * at(row) + center[row] * at(2) : at(2);
        (column < 3 ? n.matrix[3 * row + column] : n.translation[row]) = number;
      }
    }
    if (!odd) return;
    float numbers[depth::kProjectionLength];
    std::memcpy(numbers, &n, sizeof n);
    for (int changes = 1 + reader.U8() % 6; changes > 0; changes--) {
      const uint32_t bits = reader.U32();
      std::memcpy(&numbers[reader.U8() % depth::kProjectionLength], &bits, sizeof bits);
    }
    std::memcpy(&n, numbers, sizeof n);
  }

  Projection n{};
  bool odd;
};

template <typename Value>
Value Odd(Random& random);
template <>
uint16_t Odd<uint16_t>(Random& random) {
  return random.Below(2) == 0 ? 0 : 65535;
}
template <>
float Odd<float>(Random& random) {
  const float values[] = {0, -1, std::nanf(""), INFINITY, -INFINITY, 3.4e38F, 1e-40F, 100'000};
  return values[random.Below(8)];
}

/** Near and far in patches, with gaps. */
template <typename Value>
Exact<Value> PictureOf(fuzz::Reader& reader, Random& random, int width, int height, float unit) {
  Exact<Value> data(static_cast<size_t>(width) * static_cast<size_t>(height));
  const uint32_t gaps = reader.U8() % 4;
  const float meters[] = {0.3F, 1, 1.1F, 4, 60};
  for (size_t at = 0; at < data.size; at++) {
    const size_t patch = at % static_cast<size_t>(width) / 24 + at / static_cast<size_t>(width) / 12 * 3;
    const float value = meters[(patch * 7 + gaps) % 5] * (1 + 0.01F * random.Real());
    const bool gap = gaps > 0 && random.Below(gaps == 1 ? 300 : 12) == 0;
    data[at] = gap ? Odd<Value>(random) : static_cast<Value>(value / unit);
  }
  return data;
}

template <typename Value>
void CheckProjections(fuzz::Reader& reader) {
  const float unit = sizeof(Value) == 2 ? 0.001F : 1;
  const int width = 1 + reader.U8() % 100;
  const int height = 1 + reader.U8() % 40;
  const int map_width = 1 + reader.U8() % 120;
  const int map_height = 1 + reader.U8() % 60;
  const int step = 1 + reader.U8() % 5;
  Random random(reader.U32());
  const Cameras cameras(reader, random, width, height, map_width, map_height, unit);
  const Projection& n = cameras.n;
  const auto pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
  const auto cells = static_cast<size_t>(map_width) * static_cast<size_t>(map_height);
  auto data = PictureOf<Value>(reader, random, width, height, unit);
  depth::Picture picture{nullptr, nullptr, width, height};
  if constexpr (sizeof(Value) == 2) {
    picture.millimeters = data.data.get();
  } else {
    picture.meters = data.data.get();
  }
  const bool table = reader.U8() % 4 == 0;
  Exact<float> rays(table ? 2 * pixels : 0);
  for (size_t i = 0; i < rays.size; i++) rays[i] = random.Below(50) == 0 ? std::nanf("") : random.Real();
  const float* ray = table ? rays.data.get() : nullptr;

  // Rectangles of marks and labels.
  Exact<uint8_t> marks(cells);
  Exact<uint16_t> labels(cells);
  const size_t count = reader.U8() % 4;
  for (size_t i = 0; i < count; i++) {
    const size_t left = random.Below(static_cast<uint32_t>(map_width));
    const size_t top = random.Below(static_cast<uint32_t>(map_height));
    const size_t right =
        left + random.Below(static_cast<uint32_t>(map_width) - static_cast<uint32_t>(left)) + 1;
    const size_t bottom =
        top + random.Below(static_cast<uint32_t>(map_height) - static_cast<uint32_t>(top)) + 1;
    for (size_t y = top; y < bottom; y++) {
      for (size_t x = left; x < right; x++) {
        marks[y * static_cast<size_t>(map_width) + x] = 1;
        // Sometimes one that no instance has.
        labels[y * static_cast<size_t>(map_width) + x] =
            static_cast<uint16_t>(i + 1 + (random.Below(40) == 0));
      }
    }
  }

  const auto place = [&](int x, int y) {
    const size_t at = static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
    if (!IsDepth(data[at])) return Place{false, 0, 0, 0};
    return PlaceOf(n, ray, at, x, y, static_cast<float>(data[at]), map_width, map_height);
  };
  for (const uint8_t kept : {uint8_t{0}, uint8_t{1}}) {
    Exact<Value> target(pixels);
    depth::Cut(picture, {ray, rays.size}, n, {marks.data.get(), map_width, map_height}, kept,
               target.data.get());
    if (cameras.odd) continue;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        const size_t at = static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
        const Place found = place(x, y);
        const uint8_t mark = found.on ? marks[found.row * static_cast<size_t>(map_width) + found.column] : 0;
        const Value expected = IsDepth(data[at]) && mark == kept ? data[at] : Invalid(data[at]);
        fuzz::Expect(BitsOf(target[at]) == BitsOf(expected),
                     "a pixel is cut otherwise than it would be by itself");
      }
    }
  }

  const int shift = static_cast<int>(random.Below(6));
  const int columns = ((map_width - 1) >> shift) + 1;
  const auto squares = static_cast<size_t>(columns) * static_cast<size_t>(((map_height - 1) >> shift) + 1);
  Exact<float> nearest(squares);
  for (size_t i = 0; i < squares; i++) nearest[i] = random.Below(3) == 0 ? 0 : INFINITY;
  std::vector<float> expected_nearest(nearest.data.get(), nearest.data.get() + squares);
  const depth::Hidden hidden{1.05, 0.05 / static_cast<double>(unit)};
  struct Point {
    uint32_t pixel;
    Value value;
    size_t square;
    float depth;
    size_t label;
  };
  std::vector<Point> points;
  for (int y = 0; y < height; y += step) {
    for (int x = 0; x < width; x += step) {
      const Place found = place(x, y);
      if (!found.on) continue;
      const size_t square = (found.row >> shift) * static_cast<size_t>(columns) + (found.column >> shift);
      if (found.depth < expected_nearest[square]) expected_nearest[square] = found.depth;
      const size_t label = labels[found.row * static_cast<size_t>(map_width) + found.column];
      const size_t at = static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
      if (label == 0 || label > count) continue;
      points.push_back(
          {static_cast<uint32_t>(y) << 16 | static_cast<uint32_t>(x), data[at], square, found.depth, label});
    }
  }
  const size_t most = depth::LookedAt(width, step) * depth::LookedAt(height, step);
  Exact<uint32_t> found_pixels(most);
  Exact<float> found_depths(most);
  Exact<int32_t> ends(count + 1);
  const size_t total =
      depth::Project(picture, step, {ray, rays.size}, n, {labels.data.get(), map_width, map_height},
                     {nearest.data.get(), columns, shift}, hidden,
                     {{found_pixels.data.get(), found_depths.data.get(), most}, ends.data.get(), count});
  size_t at = 0;
  for (size_t label = 1; label <= count; label++) {
    fuzz::Expect(static_cast<size_t>(ends[label - 1]) == at, "a group begins elsewhere");
    for (const Point& point : points) {
      // Squares that nobody asks of hide nothing and show nothing.
      if (point.label != label || !(expected_nearest[point.square] > 0)) continue;
      const double limit = static_cast<double>(expected_nearest[point.square]) * hidden.share + hidden.least;
      if (static_cast<double>(point.depth) > limit) continue;
      const double meters = static_cast<double>(point.value) * (sizeof(Value) == 2 ? 0.001 : 1);
      fuzz::Expect(
          at < total && found_pixels[at] == point.pixel && found_depths[at] == static_cast<float>(meters),
          "a point of a group is another one");
      at++;
    }
  }
  fuzz::Expect(at == total && static_cast<size_t>(ends[count]) == at, "there are other numbers of points");
}

/** Masks of rows with no, one or several runs; mostly those that look like a thing. */
void CheckRuns(fuzz::Reader& reader) {
  const int width = 1 + reader.U8() % 70;
  const int height = 1 + reader.U8() % 40;
  const int band = reader.U8() % 6;
  const uint32_t tatters = reader.U8() % 4;
  Random random(reader.U32());
  std::vector<int32_t> disc;
  for (int dy = 0; dy <= band; dy++) {
    const float radius = static_cast<float>(band) + 0.5F;
    disc.push_back(static_cast<int32_t>(std::sqrt(radius * radius - static_cast<float>(dy * dy))));
  }
  std::vector<uint8_t> cells(static_cast<size_t>(width) * static_cast<size_t>(height));
  const auto at = [&](int x, int y) {
    return static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
  };
  int left = static_cast<int>(random.Below(static_cast<uint32_t>(width)));
  int right = left + static_cast<int>(random.Below(static_cast<uint32_t>(width - left))) + 1;
  for (int y = static_cast<int>(random.Below(static_cast<uint32_t>(height))); y < height; y++) {
    const bool jump = tatters > 0 && random.Below(tatters == 1 ? 16 : 3) == 0;
    const auto reach = static_cast<uint32_t>(jump ? width : 3);
    left = std::min(width - 1, std::max(0, left + static_cast<int>(random.Below(2 * reach + 1)) -
                                               static_cast<int>(reach)));
    right = std::min(width, std::max(left + (jump ? 0 : 1), right + static_cast<int>(random.Below(5)) - 2));
    for (int x = left; x < right; x++) cells[at(x, y)] = tatters < 2 || random.Below(6) != 0 ? 1 : 0;
  }
  std::vector<int32_t> edges;
  std::vector<int32_t> ends{0};
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      if (cells[at(x, y)] != (x > 0 ? cells[at(x - 1, y)] : 0)) edges.push_back(x);
      if (x == width - 1 && cells[at(x, y)] != 0) edges.push_back(width);
    }
    ends.push_back(static_cast<int32_t>(edges.size()));
  }
  const int32_t shape[] = {0, height, 0, width, 0};
  Runs runs;
  fuzz::Expect(depth::ReadRuns({edges.data(), edges.size()}, {ends.data(), ends.size()}, {shape, 5}, width,
                               height, runs),
               "runs in order are refused");
  // As masks are laid: only rows that have cells.
  runs.Finish();
  const auto set = [&](int x, int y) { return cells[at(x, y)] != 0; };
  Runs eroded;
  depth::Erode(runs, disc, width, height, eroded);
  std::vector<uint8_t> left_over(cells.size());
  for (int y = eroded.top; y < eroded.bottom; y++) {
    const auto row = static_cast<size_t>(y - eroded.top);
    for (int32_t k = eroded.ends[row]; k < eroded.ends[row + 1]; k += 2) {
      for (int x = eroded.edges[static_cast<size_t>(k)]; x < eroded.edges[static_cast<size_t>(k) + 1]; x++)
        left_over[at(x, y)] = 1;
    }
  }
  std::vector<uint8_t> grown(cells.size());
  depth::Grow(runs, disc, width, height, [&](size_t from, size_t to) {
    fuzz::Expect(from <= to && to <= grown.size(), "cells beyond the grid");
    std::fill(grown.begin() + static_cast<ptrdiff_t>(from), grown.begin() + static_cast<ptrdiff_t>(to),
              uint8_t{1});
  });
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < width; x++) {
      bool all = true;
      bool any = false;
      for (int dy = -band; dy <= band; dy++) {
        if (y + dy < 0 || y + dy >= height) continue;
        const int reach = disc[static_cast<size_t>(std::abs(dy))];
        for (int other = std::max(0, x - reach); other <= std::min(width - 1, x + reach); other++) {
          all = all && set(other, y + dy);
          any = any || set(other, y + dy);
        }
      }
      fuzz::Expect((left_over[at(x, y)] != 0) == all, "a cell is eroded otherwise than by its disc");
      fuzz::Expect((grown[at(x, y)] != 0) == any, "a cell is grown otherwise than by its disc");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Reader reader(data, size);
  switch (reader.U8() % 3) {
    case 0:
      CheckProjections<uint16_t>(reader);
      break;
    case 1:
      CheckProjections<float>(reader);
      break;
    default:
      CheckRuns(reader);
  }
  return 0;
}

std::vector<fuzz::Bytes> fuzz::Seeds() {
  std::vector<Bytes> seeds;
  for (uint8_t kind = 0; kind < 3; kind++) {
    for (const uint8_t cameras : {0, 6, 7, 8, 16, 24, 224}) {
      fuzz::Writer writer;
      writer.U8(kind).U8(90).U8(33).U8(80).U8(40).U8(1).U32(0x1234567 + cameras);
      writer.U8(cameras).U8(cameras / 8).U8(1).U8(1).U8(2).U8(3);
      seeds.push_back(writer.input);
    }
  }
  return seeds;
}
