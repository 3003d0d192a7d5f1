#include "depth/bindings.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "arguments.h"
#include "decode/of_thread.h"
#include "decode/once.h"
#include "decode/views.h"
#include "depth/grid_runs.h"
#include "depth/points.h"

namespace depth {
namespace {

using decode::AnyView;
using decode::OfThread;
using decode::Once;
using decode::View;
using decode::ViewAny;
using decode::ViewOf;

/** Memory of the calling thread, by what it is for. */
struct Source {
  Runs runs;
};
struct Made {
  Runs runs;
};
struct Disc {
  std::vector<int32_t> halves;
};

int Integer(Napi::Value value, const char* name, int least, int most) {
  return static_cast<int>(arguments::ReadInteger(value, name, least, most));
}

size_t Index(Napi::Value value, const char* name, size_t least, size_t most) {
  return static_cast<size_t>(
      arguments::ReadInteger(value, name, static_cast<double>(least), static_cast<double>(most)));
}

double Number(Napi::Value value, const char* name) {
  if (!value.IsNumber()) arguments::Fail(value.Env(), std::string("a number as ") + name, "something else");
  return value.As<Napi::Number>().DoubleValue();
}

Numbers IntegersOf(Napi::Value value, const char* name, size_t least = 0) {
  const auto view = ViewOf<int32_t>(value, name, least);
  return {view.data, view.length};
}

struct Sides {
  int width;
  int height;
  size_t cells() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
};

Sides SidesOf(const Napi::CallbackInfo& info, size_t i) {
  return {Integer(info[i], "width", 1, kMostCells), Integer(info[i + 1], "height", 1, kMostCells)};
}

/** Reads edges, ends and shape from argument `i` on. */
const Runs& RunsOf(const Napi::CallbackInfo& info, size_t i, Sides sides) {
  auto& runs = OfThread<Source>().runs;
  if (!ReadRuns(IntegersOf(info[i], "edges"), IntegersOf(info[i + 1], "ends"),
                IntegersOf(info[i + 2], "shape"), sides.width, sides.height, runs)) {
    arguments::Fail(info.Env(), "runs in order within a grid", "others");
  }
  return runs;
}

const std::vector<int32_t>& DiscOf(Napi::Value value) {
  const Numbers numbers = IntegersOf(value, "disc", 1);
  auto& halves = OfThread<Disc>().halves;
  halves.clear();
  for (size_t i = 0; i < numbers.length; i++) {
    const int32_t half = Once(numbers.data + i);
    if (half < 0 || half > 2 * kMostCells || i > 2 * static_cast<size_t>(kMostCells)) {
      arguments::Fail(value.Env(), "half widths of a disc", "numbers out of range");
    }
    halves.push_back(half);
  }
  return halves;
}

/** Writes edges, ends and shape from argument `i` on, if there is room. @returns the edges needed */
Napi::Value Give(const Napi::CallbackInfo& info, size_t i, const Runs& runs) {
  const auto edges = ViewOf<int32_t>(info[i], "edges");
  const auto ends = ViewOf<int32_t>(info[i + 1], "ends", runs.ends.size());
  const auto shape = ViewOf<int32_t>(info[i + 2], "shape", 5);
  if (runs.edges.size() <= edges.length) {
    std::copy(runs.edges.begin(), runs.edges.end(), edges.data);
    std::copy(runs.ends.begin(), runs.ends.end(), ends.data);
    const int32_t numbers[] = {runs.top, runs.bottom, runs.left, runs.right, runs.cells};
    std::copy(std::begin(numbers), std::end(numbers), shape.data);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(runs.edges.size()));
}

/** Reads data, width and height from argument `i` on. */
Picture PictureOf(const Napi::CallbackInfo& info, size_t i) {
  const Sides sides = SidesOf(info, i + 1);
  const AnyView data = ViewAny(info[i], "data");
  if (data.type != napi_uint16_array && data.type != napi_float32_array) {
    arguments::Fail(info.Env(), "a depth picture of 16 bits or floats", "an array of another type");
  }
  if (data.length < sides.cells()) {
    arguments::Fail(info.Env(), "at least " + std::to_string(sides.cells()) + " depths",
                    std::to_string(data.length));
  }
  const bool floats = data.type == napi_float32_array;
  return {floats ? nullptr : static_cast<const uint16_t*>(data.data),
          floats ? static_cast<const float*>(data.data) : nullptr, sides.width, sides.height};
}

Rays RaysOf(Napi::Value value) {
  const auto view = ViewOf<float>(value, "rays");
  return {view.length > 0 ? view.data : nullptr, view.length};
}

/** None, or those of all pixels. */
Rays RaysOf(Napi::Value value, Sides sides) {
  const Rays rays = RaysOf(value);
  if (rays.data != nullptr && rays.length < 2 * sides.cells()) {
    arguments::Fail(value.Env(), "rays of " + std::to_string(sides.cells()) + " pixels",
                    std::to_string(rays.length) + " numbers");
  }
  return rays;
}

Projection ProjectionOf(Napi::Value value) {
  static_assert(sizeof(Projection) == kProjectionLength * sizeof(float));
  const auto numbers = ViewOf<float>(value, "numbers", kProjectionLength);
  Projection projection{};
  std::memcpy(&projection, numbers.data, sizeof projection);
  return projection;
}

size_t BytesOf(napi_typedarray_type type) {
  return type == napi_uint8_array ? 1 : type == napi_uint16_array ? 2 : type == napi_float32_array ? 4 : 0;
}

/** A picture of bytes, 16 bits or floats, to be written. */
struct Target {
  uint8_t* data;
  size_t size;
};

Target TargetOf(Napi::Value value, Sides sides) {
  const AnyView view = ViewAny(value, "target");
  const size_t size = BytesOf(view.type);
  if (size == 0)
    arguments::Fail(value.Env(), "a target of bytes, 16 bits or floats", "another type of array");
  if (view.length < sides.cells()) {
    arguments::Fail(value.Env(), "at least " + std::to_string(sides.cells()) + " cells in target",
                    std::to_string(view.length));
  }
  return {static_cast<uint8_t*>(view.data), size};
}

/** Whether cells of the picture's type and size at `target` share memory with the picture. */
bool Overlap(const uint8_t* target, const Picture& picture) {
  const size_t cells = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
  const bool floats = picture.meters != nullptr;
  const void* source = floats ? static_cast<const void*>(picture.meters) : picture.millimeters;
  const auto from = reinterpret_cast<uintptr_t>(source);
  const auto to = reinterpret_cast<uintptr_t>(target);
  const size_t bytes = cells * (floats ? sizeof(float) : sizeof(uint16_t));
  return from < to + bytes && to < from + bytes;
}

}  // namespace

/** lay(runs, crop, columns, rows, edges, ends, shape): the edges needed */
Napi::Value LayBinding(const Napi::CallbackInfo& info) {
  const Numbers crop = IntegersOf(info[1], "crop", 4);
  const Mask mask{IntegersOf(info[0], "runs"), Once(crop.data),     Once(crop.data + 1),
                  Once(crop.data + 2),         Once(crop.data + 3), IntegersOf(info[2], "columns"),
                  IntegersOf(info[3], "rows")};
  auto& made = OfThread<Made>().runs;
  if (!Lay(mask, made)) arguments::Fail(info.Env(), "runs of a mask, and axes of a grid", "others");
  return Give(info, 4, made);
}

/** erode(edges, ends, shape, disc, width, height, edges, ends, shape): the edges needed */
Napi::Value ErodeBinding(const Napi::CallbackInfo& info) {
  const Sides sides = SidesOf(info, 4);
  const Runs& source = RunsOf(info, 0, sides);
  auto& made = OfThread<Made>().runs;
  Erode(source, DiscOf(info[3]), sides.width, sides.height, made);
  return Give(info, 6, made);
}

/** fill(edges, ends, shape, disc, width, height, target, byte) */
Napi::Value FillBinding(const Napi::CallbackInfo& info) {
  const Sides sides = SidesOf(info, 4);
  const int byte = Integer(info[7], "byte", 0, 255);
  const Runs& runs = RunsOf(info, 0, sides);
  const Target target = TargetOf(info[6], sides);
  Grow(runs, DiscOf(info[3]), sides.width, sides.height, [&](size_t from, size_t to) {
    std::memset(target.data + from * target.size, byte, (to - from) * target.size);
  });
  return info.Env().Undefined();
}

/** copy(edges, ends, shape, disc, width, height, source, target) */
Napi::Value CopyBinding(const Napi::CallbackInfo& info) {
  const Sides sides = SidesOf(info, 4);
  const Runs& runs = RunsOf(info, 0, sides);
  const Target source = TargetOf(info[6], sides);
  const Target target = TargetOf(info[7], sides);
  if (source.size != target.size) arguments::Fail(info.Env(), "source and target of one type", "two types");
  // They may be the same memory.
  Grow(runs, DiscOf(info[3]), sides.width, sides.height, [&](size_t from, size_t to) {
    std::memmove(target.data + from * target.size, source.data + from * target.size,
                 (to - from) * target.size);
  });
  return info.Env().Undefined();
}

/** label(edges, ends, shape, width, height, labels, label) */
Napi::Value LabelBinding(const Napi::CallbackInfo& info) {
  const Sides sides = SidesOf(info, 3);
  const auto label = static_cast<uint16_t>(Integer(info[6], "label", 0, UINT16_MAX));
  const Runs& runs = RunsOf(info, 0, sides);
  const auto labels = ViewOf<uint16_t>(info[5], "labels", sides.cells());
  for (int row = runs.top; row < runs.bottom; row++) {
    uint16_t* line = labels.data + static_cast<size_t>(row) * static_cast<size_t>(sides.width);
    const auto at = static_cast<size_t>(row - runs.top);
    for (auto k = static_cast<size_t>(runs.ends[at]); k < static_cast<size_t>(runs.ends[at + 1]); k += 2) {
      std::fill(line + runs.edges[k], line + runs.edges[k + 1], label);
    }
  }
  return info.Env().Undefined();
}

/** collect(data, width, height, labels, label, edges, ends, shape, step, pixels, depths, used, seen): the
 * points */
Napi::Value CollectBinding(const Napi::CallbackInfo& info) {
  const Picture picture = PictureOf(info, 0);
  const int label = Integer(info[4], "label", 1, UINT16_MAX);
  const int step = Integer(info[8], "step", 1, kMostCells);
  const Sides sides{picture.width, picture.height};
  const Runs& inner = RunsOf(info, 5, sides);
  const auto labels = ViewOf<uint16_t>(info[3], "labels", sides.cells());
  const auto pixels = ViewOf<uint32_t>(info[9], "pixels");
  const auto depths = ViewOf<float>(info[10], "depths");
  const Points points{pixels.data, depths.data, std::min(pixels.length, depths.length)};
  const size_t used = Index(info[11], "used", 0, points.capacity);
  const auto seen = ViewOf<double>(info[12], "seen", static_cast<size_t>(label));
  const size_t end = Collect(picture, labels.data, static_cast<uint16_t>(label), inner, step, points, used,
                             seen.data[label - 1]);
  return Napi::Number::New(info.Env(), static_cast<double>(end));
}

/** place(pixels, depths, from, to, width, rays, numbers, tags, tag, words, at, sums): the number of points */
Napi::Value PlaceBinding(const Napi::CallbackInfo& info) {
  static_assert(sizeof(Placement) == kPlacementLength * sizeof(double));
  const auto pixels = ViewOf<uint32_t>(info[0], "pixels");
  const auto depths = ViewOf<float>(info[1], "depths");
  const size_t to = Index(info[3], "to", 0, std::min(pixels.length, depths.length));
  const size_t from = Index(info[2], "from", 0, to);
  const int width = Integer(info[4], "width", 1, kMostCells);
  const Rays rays = RaysOf(info[5]);
  const auto numbers = ViewOf<double>(info[6], "numbers", kPlacementLength);
  Placement placement{};
  std::memcpy(&placement, numbers.data, sizeof placement);
  const auto given = ViewOf<uint32_t>(info[7], "tags");
  const size_t tag = Index(info[8], "tag", 0, UINT32_MAX);
  uint32_t tags[4] = {};
  for (size_t i = 0; i < 4; i++) {
    if (tag + i < given.length) tags[i] = given.data[tag + i];
  }
  const auto words = ViewOf<float>(info[9], "words");
  const size_t at = Index(info[10], "at", 0, words.length);
  if ((words.length - at) / kPointWords < to - from) {
    arguments::Fail(info.Env(), "words for " + std::to_string(to - from) + " points",
                    std::to_string(words.length - at) + " words");
  }
  const auto sums = ViewOf<double>(info[11], "sums", kSums);
  double found[kSums];
  const size_t count =
      Place(pixels.data, depths.data, from, to, width, rays, placement, tags, words.data + at, found);
  std::memcpy(sums.data, found, sizeof found);
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

/** outline(words, from, to, stride, numbers, low, high, outer) */
Napi::Value OutlineBinding(const Napi::CallbackInfo& info) {
  const auto words = ViewOf<float>(info[0], "words");
  const size_t to = Index(info[2], "to", 0, words.length);
  const size_t from = Index(info[1], "from", 0, to);
  const size_t stride = Index(info[3], "stride", 3, 1 << 10);
  if ((to - from) % stride != 0) arguments::Fail(info.Env(), "whole points", "a part of one");
  const auto given = ViewOf<double>(info[4], "numbers", kOutlineLength);
  double numbers[kOutlineLength];
  std::memcpy(numbers, given.data, sizeof numbers);
  AddToOutline(
      words.data, from, to, stride, numbers, ViewOf<double>(info[5], "low", size_t{2} * kStrips).data,
      ViewOf<double>(info[6], "high", size_t{2} * kStrips).data, ViewOf<double>(info[7], "outer", 4).data);
  return info.Env().Undefined();
}

/**
 * project(data, width, height, step, rays, numbers, labels, mapWidth, mapHeight, nearest, columns, shift,
 * share, least, count, ends, pixels, depths): the number of points
 */
Napi::Value ProjectBinding(const Napi::CallbackInfo& info) {
  const Picture picture = PictureOf(info, 0);
  const int step = Integer(info[3], "step", 1, kMostCells);
  const Sides map = SidesOf(info, 7);
  const Projection numbers = ProjectionOf(info[5]);
  const int columns = Integer(info[10], "columns", 1, kMostCells + 1);
  const int shift = Integer(info[11], "shift", 0, 15);
  if (((map.width - 1) >> shift) >= columns) arguments::Fail(info.Env(), "columns of all squares", "fewer");
  const auto squares = static_cast<size_t>(columns) * (static_cast<size_t>((map.height - 1) >> shift) + 1);
  const size_t most = LookedAt(picture.width, step) * LookedAt(picture.height, step);
  const Rays rays = RaysOf(info[4], {picture.width, picture.height});
  const Grid<uint16_t> labels{ViewOf<uint16_t>(info[6], "labels", map.cells()).data, map.width, map.height};
  const Nearest near{ViewOf<float>(info[9], "nearest", squares).data, columns, shift};
  const Hidden hidden{Number(info[12], "share"), Number(info[13], "least")};
  const size_t count = Index(info[14], "count", 0, UINT16_MAX);
  const Points points{ViewOf<uint32_t>(info[16], "pixels", most).data,
                      ViewOf<float>(info[17], "depths", most).data, most};
  const Groups groups{points, ViewOf<int32_t>(info[15], "ends", count + 1).data, count};
  const size_t total = Project(picture, step, rays, numbers, labels, near, hidden, groups);
  return Napi::Number::New(info.Env(), static_cast<double>(total));
}

/** cut(data, width, height, rays, numbers, marks, mapWidth, mapHeight, kept, target) */
Napi::Value CutBinding(const Napi::CallbackInfo& info) {
  const Picture picture = PictureOf(info, 0);
  const Sides map = SidesOf(info, 6);
  const auto kept = static_cast<uint8_t>(Integer(info[8], "kept", 0, 1));
  const Projection numbers = ProjectionOf(info[4]);
  const Rays rays = RaysOf(info[3], {picture.width, picture.height});
  const Grid<uint8_t> marks{ViewOf<uint8_t>(info[5], "marks", map.cells()).data, map.width, map.height};
  const Target target = TargetOf(info[9], {picture.width, picture.height});
  if (target.size != (picture.meters != nullptr ? sizeof(float) : sizeof(uint16_t))) {
    arguments::Fail(info.Env(), "a target of the picture's type", "another");
  }
  if (Overlap(target.data, picture)) {
    arguments::Fail(info.Env(), "a target in other memory than the picture", "memory that both share");
  }
  Cut(picture, rays, numbers, marks, kept, target.data);
  return info.Env().Undefined();
}

}  // namespace depth
