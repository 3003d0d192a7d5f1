#include "web/contours.h"

#include <algorithm>
#include <cstring>

#include "decode/of_thread.h"
#include "decode/once.h"
#include "decode/runs.h"

namespace web {
namespace {

/** Offsets and sizes of src/web/protocol/frame-format.ts, whose numbers are little-endian like our machines.
 */
constexpr size_t kInstances = 60;
constexpr size_t kPicture = 64;
constexpr size_t kZonesAt = 68;
constexpr size_t kHeaderBytes = 76;
constexpr size_t kContours = 2;
constexpr size_t kInstanceBytes = 36;
constexpr uint32_t kHoleBit = 0x80000000;
/** Most contours of an instance that a message can count. */
constexpr size_t kMostContours = 0xffff;

/** Numbers of MaskPacker before the masks, and before the runs of each. */
constexpr size_t kSizes = 4;
constexpr size_t kPlace = 5;

template <typename Value>
Value Read(const std::vector<uint8_t>& bytes, size_t at) {
  Value value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <typename Value>
void Write(std::vector<uint8_t>& bytes, size_t at, Value value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/** Memory of a thread, kept from call to call. */
struct Work {
  /** The message, which does not change while it is read here. */
  std::vector<uint8_t> message;
  std::vector<int32_t> runs;
  decode::Outlines outlines;
};

std::string Count(size_t count, const char* unit) {
  return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
}

std::string MaskName(size_t index) { return "mask " + std::to_string(index + 1); }

/** Appends contours whose points are relative to `left` and `top`. @returns how many */
uint16_t Append(const decode::Outlines& outlines, uint32_t left, uint32_t top, std::vector<uint8_t>& out) {
  const size_t count = std::min(outlines.rings.size(), kMostContours);
  const int32_t* point = outlines.points.data();
  for (size_t i = 0; i < count; i++) {
    const auto& [points, hole] = outlines.rings[i];
    const size_t at = out.size();
    out.resize(at + 4 + 4 * static_cast<size_t>(points));
    Write(out, at, static_cast<uint32_t>(points) | (hole ? kHoleBit : 0));
    uint8_t* to = out.data() + at + 4;
    for (int32_t k = 0; k < points; k++, point += 2, to += 4) {
      // Unsigned, because nothing limits `left` and `top`.
      const uint16_t corner[] = {static_cast<uint16_t>(static_cast<uint32_t>(point[0]) + left),
                                 static_cast<uint16_t>(static_cast<uint32_t>(point[1]) + top)};
      std::memcpy(to, corner, sizeof corner);
    }
  }
  return static_cast<uint16_t>(count);
}

}  // namespace

std::optional<Mistake> AddContours(Bytes message, Numbers masks, const decode::OutlineOptions& options,
                                   std::vector<uint8_t>& out) {
  auto& [head, runs, outlines] = decode::OfThread<Work>();
  head.assign(message.data, message.data + message.length);
  if (head.size() < kHeaderBytes)
    return Mistake{"a message with a header of " + Count(kHeaderBytes, "byte"), Count(head.size(), "byte")};
  const size_t instances = Read<uint16_t>(head, kInstances);
  const size_t zones = Read<uint32_t>(head, kZonesAt);
  if (zones != kHeaderBytes + instances * kInstanceBytes || zones > head.size())
    return Mistake{
        "a message of " + Count(instances, "instance") + " without contours",
        "one whose zones begin at byte " + std::to_string(zones) + " of " + std::to_string(head.size())};
  out.assign(head.begin(), head.begin() + kHeaderBytes);
  size_t next = kSizes;
  for (size_t i = 0; i < instances; i++) {
    const size_t at = out.size();
    const auto instance = head.begin() + static_cast<ptrdiff_t>(kHeaderBytes + i * kInstanceBytes);
    out.insert(out.end(), instance, instance + kInstanceBytes);
    if (masks.length < next + kPlace)
      return Mistake{"a mask for each of " + Count(instances, "instance"), Count(i, "mask")};
    int32_t place[kPlace];
    for (size_t k = 0; k < kPlace; k++) place[k] = decode::Once(masks.data + next + k);
    next += kPlace;
    const auto [left, top, width, height, length] = place;
    if (length < 0 || static_cast<size_t>(length) > masks.length - next)
      return Mistake{"the runs of " + MaskName(i),
                     std::to_string(length) + " numbers of " + std::to_string(masks.length - next)};
    uint16_t contours = 0;
    if (width > 0) {
      if (width > decode::kMostCells)
        return Mistake{"a mask of at most " + std::to_string(decode::kMostCells) + " cells a row",
                       MaskName(i) + " of " + std::to_string(width)};
      if (const auto wrong = decode::CopyRuns(masks.data + next, static_cast<size_t>(length), width, runs))
        return Mistake{"the runs of " + MaskName(i) + " in order, each of a cell or more, within " +
                           std::to_string(decode::kMostCells) + " rows",
                       *wrong};
      decode::FindOutlines(runs.data(), runs.size() / 2, width, options, outlines);
      contours = Append(outlines, static_cast<uint32_t>(left), static_cast<uint32_t>(top), out);
    }
    Write(out, at + kContours, contours);
    next += static_cast<size_t>(length);
  }
  out.resize((out.size() + 3) & ~size_t{3});
  Write(out, kZonesAt, static_cast<uint32_t>(out.size()));
  out.insert(out.end(), head.begin() + static_cast<ptrdiff_t>(zones), head.end());
  Write(out, kPicture, static_cast<uint32_t>(out.size()));
  return std::nullopt;
}

}  // namespace web
