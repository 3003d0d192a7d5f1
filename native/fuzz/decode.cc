/**
 * Fuzzes the decoder's C++: plans, the frames that are decoded by them, and masks from logits to contours.
 * Checks that every instruction set gives the same results, that all results lie within the frame, that
 * contours enclose as many cells as the runs from which they are made, and, by the sanitizers, that nothing
 * beyond the tensors is read.
 */
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "decode/kernels.h"
#include "decode/outlines.h"
#include "decode/plan.h"
#include "decode/runs.h"
#include "fuzz/target.h"

namespace {

using decode::Found;

/** Memory of an exact size, filled with a repeated pattern. */
std::unique_ptr<uint8_t[]> Fill(size_t bytes, const fuzz::Bytes& pattern) {
  std::unique_ptr<uint8_t[]> memory(new uint8_t[bytes]());
  for (size_t at = 0; at < bytes && !pattern.empty(); at += pattern.size()) {
    std::memcpy(memory.get() + at, pattern.data(), std::min(pattern.size(), bytes - at));
  }
  return memory;
}

double Real(uint32_t bits) {
  float number;
  std::memcpy(&number, &bits, sizeof number);
  return static_cast<double>(number);
}

/** A valid plan, and the sizes of its outputs. A truncated input results in a small one. */
class PlanCase {
 public:
  explicit PlanCase(fuzz::Reader& reader) {
    const uint8_t flags = reader.U8();
    planes_ = (flags & 4) != 0;
    const int levels = 1 + (flags & 3);
    const int width = 1 + reader.U8() % 12;
    const int height = 1 + reader.U8() % 12;
    const int classes = 1 + reader.U8() % 20;
    constexpr int kBins[] = {1, 2, 16, 64};
    constexpr int kCoefficients[] = {1, 7, 32, 40};
    const int bins = kBins[reader.U8() % 4];
    const int coefficients = kCoefficients[reader.U8() % 4];
    const uint8_t most = reader.U8();
    const uint8_t masks = reader.U8();
    parts.version = 7;
    parts.numbers = {decode::kPlanVersion, bins, 1 + 4 * most, masks & 1, 1 + (masks >> 5), 0, levels};
    parts.lowest = Real(reader.U32());
    parts.iou = reader.U8() / 200.0;
    parts.limits.assign(static_cast<size_t>(classes), parts.lowest);
    AddHead(reader, 2 * height, 2 * width, coefficients);
    for (int i = 0; i < levels; i++) {
      parts.numbers.push_back(8 << i);
      for (const int channels : {classes, 4 * bins, coefficients}) {
        parts.numbers.push_back(static_cast<int32_t>(bytes.size()));
        AddHead(reader, std::max(1, height >> i), std::max(1, width >> i), channels);
      }
    }
    // Change some of the numbers.
    for (int changes = reader.U8() % 4; changes > 0; changes--) {
      const size_t head = reader.U8() % (parts.heads.size() + 1);
      auto& numbers = head < parts.heads.size() ? parts.heads[head].block : parts.numbers;
      const size_t at = reader.U8() % numbers.size();
      numbers[at] = static_cast<int32_t>(reader.U32());
    }
  }

  decode::PlanParts parts;
  /** Size of each output. */
  std::vector<size_t> bytes;

 private:
  void AddHead(fuzz::Reader& reader, int height, int width, int channels) {
    const uint8_t flags = reader.U8();
    const int type = flags % 6;
    const int gap = (flags >> 6) == 3 ? 3 : 0;
    decode::PlanParts::HeadParts head;
    head.block =
        planes_ ? std::vector<int32_t>{1, type, height, width, channels, width, 1, height * width + gap, 0}
                : std::vector<int32_t>{
                      1, type, height, width, channels, width * (channels + gap), channels + gap, 1, 0};
    if (type != 0 || (flags & 32) != 0) {
      const double scale = (flags & 16) != 0 ? Real(reader.U32()) : 1.0 / 16;
      head.scales.assign(2 * static_cast<size_t>(channels), scale);
      std::fill(head.scales.begin() + channels, head.scales.end(), (flags & 8) != 0 ? 3.0 : 0.0);
    }
    parts.heads.push_back(std::move(head));
    const auto elements =
        static_cast<size_t>(height) * static_cast<size_t>(width + gap) * static_cast<size_t>(channels + gap);
    bytes.push_back(elements * decode::BytesOf(static_cast<decode::Type>(type)));
  }

  bool planes_ = false;
};

/** Checks that all results lie in the frame, and in the memory for them. */
void CheckFound(const decode::Plan& plan, const Found& found) {
  const int32_t* numbers = found.numbers.data();
  if (numbers[0] == 0) return;
  fuzz::Expect(numbers[0] == plan.version, "the version of the plan");
  fuzz::Expect(
      numbers[1] >= 0 && static_cast<size_t>(numbers[1]) <= std::min(plan.most, Found::kMostInstances),
      "as many instances as the plan wants");
  for (int32_t k = 0; k < numbers[1]; k++) {
    const int32_t* record = numbers + Found::kRecords + static_cast<size_t>(k) * Found::kRecordLength;
    fuzz::Expect(record[1] >= 0 && static_cast<size_t>(record[1]) < plan.levels.size(),
                 "a level of the plan");
    const decode::Head& classes = plan.levels[static_cast<size_t>(record[1])].classes.head;
    fuzz::Expect(record[0] >= 0 && record[0] < classes.channels, "a class of the plan");
    fuzz::Expect(record[2] >= 0 && record[2] < classes.cells(), "a cell of the level");
    if (record[8] < 0) continue;
    const decode::Head& proto = plan.proto.head;
    fuzz::Expect(record[4] >= 0 && record[4] <= record[5] && record[5] < proto.width && record[6] >= 0 &&
                     record[6] <= record[7] && record[7] < proto.height,
                 "an area of the prototypes");
    const auto size =
        static_cast<size_t>(record[5] - record[4] + 1) * static_cast<size_t>(record[7] - record[6] + 1);
    fuzz::Expect(static_cast<size_t>(record[8]) + size <= Found::kMostSums, "sums in their memory");
  }
}

void LookAhead(fuzz::Reader& reader) {
  PlanCase made(reader);
  const fuzz::Bytes pattern = reader.Take(SIZE_MAX);
  std::string expected;
  std::string received;
  const auto plan = decode::MakePlan(std::move(made.parts), made.bytes, expected, received);
  if (!plan) {
    fuzz::Expect(!expected.empty() && !received.empty() && received.size() < 200,
                 "a reason that can be read");
    return;
  }
  std::vector<std::unique_ptr<uint8_t[]>> memory;
  std::vector<const void*> outputs;
  for (const size_t bytes : made.bytes) {
    memory.push_back(Fill(bytes, pattern));
    outputs.push_back(memory.back().get());
  }
  static decode::Ahead ahead;
  static Found first;
  static Found other;
  const auto& usable = decode::UsableKernels();
  ahead.Run(*usable[0], *plan, outputs, first);
  CheckFound(*plan, first);
  for (size_t i = 1; i < usable.size(); i++) {
    ahead.Run(*usable[i], *plan, outputs, other);
    // The duration may be anything, and the memory behind the results keeps its old contents.
    other.numbers[2] = first.numbers[2];
    const size_t records = Found::kRecords + static_cast<size_t>(first.numbers[1]) * Found::kRecordLength;
    const auto same = [&](size_t from, size_t to) {
      return std::equal(first.numbers.begin() + static_cast<ptrdiff_t>(from),
                        first.numbers.begin() + static_cast<ptrdiff_t>(to),
                        other.numbers.begin() + static_cast<ptrdiff_t>(from));
    };
    fuzz::Expect(same(0, 2), "as many instances with every instruction set");
    for (size_t at = Found::kRecords; at < records; at += Found::kRecordLength) {
      const int32_t* record = first.numbers.data() + at;
      // Without combined prototypes there is no area.
      fuzz::Expect(same(at, at + 4) && same(at + 8, at + 14),
                   "the same instances with every instruction set");
      if (record[8] < 0) continue;
      const auto sums = Found::kSums + static_cast<size_t>(record[8]);
      const auto size =
          static_cast<size_t>(record[5] - record[4] + 1) * static_cast<size_t>(record[7] - record[6] + 1);
      fuzz::Expect(same(at + 4, at + 8) && same(sums, sums + size),
                   "the same sums with every instruction set");
    }
  }
}

/** Checks the contours of valid runs: they lie within the crop and enclose the right number of cells. */
void CheckOutlines(const std::vector<int32_t>& runs, int width, double tolerance) {
  int64_t cells = 0;
  for (size_t i = 0; i < runs.size(); i += 2) cells += runs[i + 1] - runs[i];
  static decode::Outlines found;
  decode::FindOutlines(runs.data(), runs.size() / 2, width, {0, 0}, found);
  const int32_t height = runs.empty() ? 0 : (runs.back() - 1) / width + 1;
  int64_t area = 0;
  size_t at = 0;
  for (const auto& ring : found.rings) {
    fuzz::Expect(ring.points >= 4, "a contour of four corners");
    const auto count = static_cast<size_t>(ring.points);
    fuzz::Expect(at + 2 * count <= found.points.size(), "points for each contour");
    int64_t double_area = 0;
    for (size_t i = 0; i < count; i++) {
      const int32_t* point = found.points.data() + at + 2 * i;
      const int32_t* next = found.points.data() + at + 2 * ((i + 1) % count);
      fuzz::Expect(point[0] >= 0 && point[0] <= width && point[1] >= 0 && point[1] <= height,
                   "points of the crop");
      double_area += static_cast<int64_t>(point[0]) * next[1] - static_cast<int64_t>(next[0]) * point[1];
    }
    fuzz::Expect(ring.hole == (double_area < 0), "holes that run the other way round");
    area += double_area / 2;
    at += 2 * count;
  }
  fuzz::Expect(at == found.points.size(), "no points without a contour");
  // Runs that begin where the previous one ends have their own contours, around the same cells.
  fuzz::Expect(area == cells, "contours around all cells");
  decode::FindOutlines(runs.data(), runs.size() / 2, width, {tolerance, 2}, found);
  fuzz::Expect(found.points.size() % 2 == 0, "points of two coordinates");
}

void FollowRuns(fuzz::Reader& reader) {
  const int width = 1 + static_cast<int>(reader.Little(2) % decode::kMostCells);
  const double tolerance = reader.U8() / 16.0;
  const bool wild = reader.U8() % 4 == 0;
  std::vector<int32_t> numbers;
  const fuzz::Bytes bytes = reader.Take(SIZE_MAX);
  int32_t last = 0;
  for (size_t i = 0; i + 1 < bytes.size() && numbers.size() < 4096; i += 2) {
    const int32_t step = bytes[i] + 256 * (bytes[i + 1] % 16 == 0 ? bytes[i + 1] : 0);
    last = wild ? static_cast<int32_t>(static_cast<uint32_t>(last) * 65599U + static_cast<uint32_t>(step))
                : last + step;
    numbers.push_back(last);
  }
  std::vector<int32_t> runs;
  if (decode::CopyRuns(numbers.data(), numbers.size(), width, runs)) return;
  fuzz::Expect(runs == numbers, "the runs themselves");
  CheckOutlines(runs, width, tolerance);
}

/** First cells of an axis, like those of GridAxis (src/vision/decode/mask-grid.ts). */
std::vector<int32_t> FirstCells(int protos, int cells, double scale) {
  std::vector<int32_t> first(static_cast<size_t>(protos) + 2);
  for (int k = 0; k <= protos; k++) {
    const double at = std::ceil((k - (0.5 * scale - 0.5)) / scale);
    first[static_cast<size_t>(k) + 1] = static_cast<int32_t>(std::clamp(at, 0.0, static_cast<double>(cells)));
  }
  return first;
}

void SampleMask(fuzz::Reader& reader) {
  const int columns = 1 + reader.U8() % 40;
  const int rows = 1 + reader.U8() % 40;
  const int width = 1 + static_cast<int>(reader.Little(2) % 700);
  const int height = 1 + static_cast<int>(reader.Little(2) % 700);
  double scales[] = {static_cast<double>(columns) / width, 0, static_cast<double>(rows) / height, 0};
  scales[1] = 0.5 * scales[0] - 0.5;
  scales[3] = 0.5 * scales[2] - 0.5;
  auto x = FirstCells(columns, width, scales[0]);
  auto y = FirstCells(rows, height, scales[2]);
  int32_t numbers[decode::kCropLength] = {0, 0, width, height, 0, columns - 1, 0, rows - 1};
  const uint8_t changes = reader.U8() % 8;
  for (int i = 4; i < changes; i++) {
    const uint8_t at = reader.U8();
    const uint32_t value = reader.U32();
    if (at < 64) {
      numbers[at % decode::kCropLength] = static_cast<int32_t>(value % 4096) - 1;
    } else if (at < 128) {
      scales[at % 4] = Real(value);
    } else {
      auto& axis = at < 192 ? x : y;
      axis[at % axis.size()] = static_cast<int32_t>(value);
    }
  }
  const bool changed = changes > 4;
  const double tolerance = reader.U8() / 16.0;
  const fuzz::Bytes pattern = reader.Take(SIZE_MAX);
  decode::Crop crop{};
  if (!decode::ReadCrop(numbers, x.size(), y.size(), crop)) {
    fuzz::Expect(changed, "a crop of the grid to be taken");
    return;
  }
  const auto protos = static_cast<size_t>(crop.last_column - crop.first_column + 1) *
                      static_cast<size_t>(crop.last_row - crop.first_row + 1);
  const auto logits = Fill(protos * sizeof(float), pattern);
  // From new[], which is aligned for any number.
  crop.logits = reinterpret_cast<const float*>(logits.get());
  const decode::Axis axis_x{x.data(), scales[0], scales[1]};
  const decode::Axis axis_y{y.data(), scales[2], scales[3]};
  const size_t count = decode::FindRuns(crop, axis_x, axis_y, nullptr, 0);
  std::vector<int32_t> runs(2 * count);
  fuzz::Expect(decode::FindRuns(crop, axis_x, axis_y, runs.data(), count) == count,
               "as many runs where there is room for them");
  const auto cells = static_cast<int64_t>(crop.right - crop.left) * (crop.bottom - crop.top);
  for (const int32_t cell : runs) fuzz::Expect(cell >= 0 && cell <= cells, "cells of the crop");
  std::vector<int32_t> copy;
  const bool right = !decode::CopyRuns(runs.data(), runs.size(), crop.right - crop.left, copy);
  fuzz::Expect(right || changed, "runs in order");
  if (right) CheckOutlines(copy, crop.right - crop.left, tolerance);
}

}  // namespace

std::vector<fuzz::Bytes> fuzz::Seeds() {
  std::vector<Bytes> seeds;
  const auto floats = [](Writer& writer, int count) {
    for (int i = 0; i < count; i++) {
      const float value = 3 * std::sin(static_cast<float>(i * i) * 0.37F);
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      writer.U32(bits);
    }
  };
  for (const uint8_t flags : {0, 2, 6}) {
    for (const uint8_t type : {0, 1, 3, 5, 32}) {
      Writer writer;
      writer.U8(0)
          .U8(flags)
          .U8(7)
          .U8(5)
          .U8(2)
          .U8(type == 0 ? 2 : 0)
          .U8(2)
          .U8(20)
          .U8(0x61)
          .U32(0xbf800000)
          .U8(140);
      for (int head = 0; head < 1 + 3 * (1 + (flags & 3)); head++) writer.U8(type);
      writer.U8(0);
      floats(writer, 97);
      seeds.push_back(writer.input);
    }
  }
  for (const uint8_t width : {3, 60}) {
    Writer writer;
    writer.U8(1).Little(width, 2).U8(20).U8(1);
    for (int i = 0; i < 80; i++) writer.U8(static_cast<uint8_t>(1 + (i * 7) % 9)).U8(1);
    seeds.push_back(writer.input);
  }
  for (const uint8_t changes : {0, 6}) {
    Writer writer;
    writer.U8(2).U8(9).U8(11).Little(123, 2).Little(87, 2).U8(changes);
    if (changes > 4) writer.U8(3).U32(77).U8(130).U32(50);
    writer.U8(20);
    floats(writer, 53);
    seeds.push_back(writer.input);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Reader reader(data, size);
  switch (reader.U8() % 3) {
    case 0:
      LookAhead(reader);
      break;
    case 1:
      FollowRuns(reader);
      break;
    default:
      SampleMask(reader);
  }
  return 0;
}
