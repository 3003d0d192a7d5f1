#include "decode/bindings.h"

#include <algorithm>
#include <string>

#include "arguments.h"
#include "decode/block.h"
#include "decode/boxes.h"
#include "decode/kernels.h"
#include "decode/nms.h"
#include "decode/of_thread.h"
#include "decode/once.h"
#include "decode/outlines.h"
#include "decode/runs.h"
#include "decode/scan.h"
#include "decode/views.h"

namespace decode {
namespace {

constexpr napi_typedarray_type kTypes[] = {napi_float32_array, napi_int8_array,   napi_uint8_array,
                                           napi_int16_array,   napi_uint16_array, napi_int32_array};

struct HeadArgument {
  Head head;
  const void* values;
};

/** Reads values, block and scales from argument `i` on. */
HeadArgument ReadHead(const Napi::CallbackInfo& info, size_t i) {
  const Napi::Env env = info.Env();
  const auto block = ViewOf<int32_t>(info[i + 1], "block");
  const auto scales = ViewOf<double>(info[i + 2], "scales");
  HeadArgument argument{};
  std::string problem;
  if (!ReadBlock(block.data, block.length, scales.data, scales.length, argument.head, problem)) {
    arguments::Fail(env, "a block of version " + std::to_string(kBlockVersion) + " that describes a head",
                    problem);
  }
  const AnyView values = ViewAny(info[i], "values");
  if (values.type != kTypes[static_cast<size_t>(argument.head.type)]) {
    arguments::Fail(env, "values of the type that the block has", "an array of another type");
  }
  if (values.length < argument.head.Needed()) {
    arguments::Fail(env, "at least " + std::to_string(argument.head.Needed()) + " values",
                    std::to_string(values.length));
  }
  argument.values = values.data;
  return argument;
}

int Integer(Napi::Value value, const char* name, int least, int most) {
  return static_cast<int>(arguments::ReadInteger(value, name, least, most));
}

/** Reads an index or a count, which may have more than 31 bits. */
size_t Index(Napi::Value value, const char* name, size_t least, size_t most) {
  return static_cast<size_t>(
      arguments::ReadInteger(value, name, static_cast<double>(least), static_cast<double>(most)));
}

double Number(Napi::Value value, const char* name) {
  if (!value.IsNumber()) arguments::Fail(value.Env(), std::string("a number for ") + name, "something else");
  return value.As<Napi::Number>().DoubleValue();
}

}  // namespace

Napi::Value KernelsBinding(const Napi::CallbackInfo& info) {
  auto names = Napi::Array::New(info.Env());
  for (const Kernels* kernels : UsableKernels()) names.Set(names.Length(), kernels->name);
  auto result = Napi::Object::New(info.Env());
  result.Set("chosen", ChosenKernels().name);
  result.Set("usable", names);
  return result;
}

/** scan(values, block, scales, limits, lowest, scores, classes, cells, from): the total number of
 * candidates */
Napi::Value ScanBinding(const Napi::CallbackInfo& info) {
  const HeadArgument argument = ReadHead(info, 0);
  const auto limits = ViewOf<double>(info[3], "limits", static_cast<size_t>(argument.head.channels));
  const double lowest = Number(info[4], "lowest");
  const auto scores = ViewOf<float>(info[5], "scores");
  const auto classes = ViewOf<uint16_t>(info[6], "classes");
  const auto cells = ViewOf<int32_t>(info[7], "cells");
  const size_t capacity = std::min({scores.length, classes.length, cells.length});
  const size_t from = Index(info[8], "from", 0, capacity);
  Candidates found{scores.data, classes.data, cells.data, capacity, from};
  Scan(ChosenKernels(), argument.head, argument.values, limits.data, lowest, found);
  return Napi::Number::New(info.Env(), static_cast<double>(found.count));
}

/** boxes(values, block, scales, stride, bins, cells, from, to, x1, y1, x2, y2, valid) */
Napi::Value BoxesBinding(const Napi::CallbackInfo& info) {
  const HeadArgument argument = ReadHead(info, 0);
  const int stride = Integer(info[3], "stride", 1, 1 << 16);
  const int bins = Integer(info[4], "bins", 1, kMostBins);
  if (argument.head.channels != 4 * bins) {
    arguments::Fail(info.Env(), std::to_string(4 * bins) + " channels",
                    std::to_string(argument.head.channels));
  }
  const auto cells = ViewOf<int32_t>(info[5], "cells");
  const size_t from = Index(info[6], "from", 0, cells.length);
  const size_t count = Index(info[7], "to", from, cells.length);
  const Boxes boxes{ViewOf<float>(info[8], "x1", count).data, ViewOf<float>(info[9], "y1", count).data,
                    ViewOf<float>(info[10], "x2", count).data, ViewOf<float>(info[11], "y2", count).data};
  const auto valid = ViewOf<uint8_t>(info[12], "valid", count);
  for (size_t i = from; i < count; i++) {
    const int32_t cell = Once(cells.data + i);
    if (cell < 0 || cell >= argument.head.cells()) {
      arguments::Fail(info.Env(), "cells of the head", std::to_string(cell));
    }
    valid.data[i] = DistanceBox(argument.head, argument.values, stride, bins, cell, boxes, i) ? 1 : 0;
  }
  return info.Env().Undefined();
}

/** suppress(scores, classes, x1, y1, x2, y2, valid, count, iou, most, kept): the number of valid entries of
 * `kept` */
Napi::Value SuppressBinding(const Napi::CallbackInfo& info) {
  const size_t count = Index(info[7], "count", 0, INT32_MAX);
  const double iou = Number(info[8], "iou");
  const auto scores = ViewOf<float>(info[0], "scores", count);
  const auto classes = ViewOf<uint16_t>(info[1], "classes", count);
  const Boxes boxes{ViewOf<float>(info[2], "x1", count).data, ViewOf<float>(info[3], "y1", count).data,
                    ViewOf<float>(info[4], "x2", count).data, ViewOf<float>(info[5], "y2", count).data};
  const auto valid = ViewOf<uint8_t>(info[6], "valid", count);
  const auto kept = ViewOf<int32_t>(info[10], "kept");
  const size_t most = std::min(kept.length, Index(info[9], "most", 0, INT32_MAX));
  const Candidates candidates{scores.data, classes.data, nullptr, count, count};
  const auto& best = OfThread<Suppression>().Run(candidates, boxes, valid.data, iou, most);
  std::copy(best.begin(), best.end(), kept.data);
  return Napi::Number::New(info.Env(), static_cast<double>(best.size()));
}

/** combine(values, block, factors, bias, area, sums): `area` is first and last column, first and last row */
Napi::Value CombineBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const HeadArgument argument = ReadHead(info, 0);
  const Head& head = argument.head;
  const auto factors = ViewOf<float>(info[3], "factors", static_cast<size_t>(head.channels));
  const auto bias = static_cast<float>(Number(info[4], "bias"));
  const auto area = ViewOf<int32_t>(info[5], "area", 4);
  const Combination task{factors.data,       bias, Once(area.data), Once(area.data + 1), Once(area.data + 2),
                         Once(area.data + 3)};
  const auto within = [](int first, int last, int count) {
    return first >= 0 && first <= last && last < count;
  };
  if (!within(task.first_column, task.last_column, head.width) ||
      !within(task.first_row, task.last_row, head.height)) {
    arguments::Fail(env, "an area of the prototypes", "one that is not within them");
  }
  const auto sums = ViewOf<float>(info[6], "sums", task.columns() * task.rows());
  ChosenKernels().combine(head, argument.values, task, sums.data);
  return env.Undefined();
}

/**
 * runs(crop, logits, firstX, firstY, scales, runs): the number of pairs; `runs` is only valid if they
 * fit in it. `crop`: left, top, right, bottom, first and last column, first and last row; `scales`: scale and
 * offset of x, and of y
 */
Napi::Value RunsBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto numbers = ViewOf<int32_t>(info[0], "crop", kCropLength);
  const auto logits = ViewOf<float>(info[1], "logits");
  const auto first_x = ViewOf<int32_t>(info[2], "firstX", 2);
  const auto first_y = ViewOf<int32_t>(info[3], "firstY", 2);
  const auto scales = ViewOf<double>(info[4], "scales", 4);
  const auto runs = ViewOf<int32_t>(info[5], "runs");
  Crop crop{};
  if (!ReadCrop(numbers.data, first_x.length, first_y.length, crop)) {
    arguments::Fail(env, "a crop of the grid and an area of the prototypes", "numbers out of range");
  }
  const auto extent = [](int first, int last) { return static_cast<size_t>(last - first) + 1; };
  const size_t needed = extent(crop.first_column, crop.last_column) * extent(crop.first_row, crop.last_row);
  if (logits.length < needed) {
    arguments::Fail(env, std::to_string(needed) + " logits", std::to_string(logits.length));
  }
  crop.logits = logits.data;
  const double* s = scales.data;
  const size_t count =
      FindRuns(crop, {first_x.data, s[0], s[1]}, {first_y.data, s[2], s[3]}, runs.data, runs.length / 2);
  return Napi::Number::New(env, static_cast<double>(count));
}

/**
 * outlines(runs, width, left, top, tolerance, leastArea, points, from, rings): the number of contours, or -1
 * if `points` or `rings` is too short. `rings` gets the minimum lengths of `points` and of itself, then for
 * each contour its number of points, and 1 for a hole
 */
Napi::Value OutlinesBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto runs = ViewOf<int32_t>(info[0], "runs");
  const int width = Integer(info[1], "width", 1, kMostCells);
  constexpr int kMost = 1 << 20;
  const int left = Integer(info[2], "left", -kMost, kMost);
  const int top = Integer(info[3], "top", -kMost, kMost);
  const OutlineOptions options{Number(info[4], "tolerance"), Number(info[5], "leastArea")};
  const auto points = ViewOf<int32_t>(info[6], "points");
  const auto from = Index(info[7], "from", 0, std::min<size_t>(points.length, INT32_MAX));
  const auto rings = ViewOf<int32_t>(info[8], "rings", 2);
  struct Copied {
    std::vector<int32_t> runs;
  };
  auto& copied = OfThread<Copied>().runs;
  if (const auto wrong = CopyRuns(runs.data, runs.length, width, copied)) {
    arguments::Fail(
        env, "runs in order, each of a cell or more, within " + std::to_string(kMostCells) + " rows", *wrong);
  }
  auto& found = OfThread<Outlines>();
  FindOutlines(copied.data(), copied.size() / 2, width, options, found);
  if (from + found.points.size() > INT32_MAX) arguments::Fail(env, "fewer points", "more than 31 bits count");
  rings.data[0] = static_cast<int32_t>(from + found.points.size());
  rings.data[1] = static_cast<int32_t>(2 + 2 * found.rings.size());
  if (from + found.points.size() > points.length || 2 + 2 * found.rings.size() > rings.length) {
    return Napi::Number::New(env, -1);
  }
  int32_t* point = points.data + from;
  for (size_t i = 0; i < found.points.size(); i += 2) {
    *point++ = found.points[i] + left;
    *point++ = found.points[i + 1] + top;
  }
  int32_t* ring = rings.data + 2;
  for (const Outlines::Ring& of : found.rings) {
    *ring++ = of.points;
    *ring++ = of.hole ? 1 : 0;
  }
  return Napi::Number::New(env, static_cast<double>(found.rings.size()));
}

}  // namespace decode
