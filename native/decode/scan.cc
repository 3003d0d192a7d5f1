#include "decode/scan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "decode/of_thread.h"

namespace decode {
namespace {

/** A limit in stored units, lowered by less than the precision of float32, so that "above" it means "at
 * least" the limit. NaN limits nothing. */
double StoredLimit(double limit, double scale, double zero) {
  const double value = limit / scale + zero;
  const double lower = value - (std::fabs(value) + 1) * 1e-9;
  return std::isnan(lower) ? -Candidates::kInfinity : lower;
}

/** Bits of the largest float32 that is not above `value`, those of +0 for -0. */
uint32_t BitsAtOrBelow(double value) {
  auto number = static_cast<float>(value);
  if (number == 0) return value < 0 ? 0x80000001U : 0;
  uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  if (static_cast<double>(number) <= value) return bits;
  return number > 0 ? bits - 1 : bits + 1;
}

/**
 * Skips values that are certain to be below a limit in stored units. The value where it stops may be below,
 * too (NaN, rounding).
 *
 * Floats are compared by their bits, as integers, because the minimum or maximum of integers costs one
 * instruction per vector. The bits of two positive IEEE 754 numbers have the order of the numbers, those of
 * two negative ones the reverse order; as unsigned integers, all positive numbers are below all negative
 * ones.
 */
class Search {
 public:
  Search(const Kernels& kernels, Type type, double limit) : kernels_(kernels), type_(type) {
    if (type == Type::kFloat32) {
      bits_ = BitsAtOrBelow(limit);
      below_zero_ = limit < 0;
      return;
    }
    const double whole = std::floor(limit);
    everything_ = !(whole >= Least(type));
    nothing_ = whole >= Most(type);
    limit_ = everything_ || nothing_ ? 0 : static_cast<int64_t>(whole);
  }

  size_t First(const void* values, size_t from, size_t to) const {
    if (everything_) return from;
    if (nothing_) return to;
    const size_t count = to - from;
    switch (type_) {
      case Type::kFloat32: {
        const auto* data = static_cast<const uint32_t*>(values) + from;
        if (below_zero_) return from + kernels_.first_below_u32(data, count, bits_);
        return from + kernels_.first_above_s32(reinterpret_cast<const int32_t*>(data), count,
                                               static_cast<int32_t>(bits_));
      }
      case Type::kInt32:
        return from + kernels_.first_above_s32(static_cast<const int32_t*>(values) + from, count,
                                               static_cast<int32_t>(limit_));
      case Type::kInt16:
        return from + kernels_.first_above_s16(static_cast<const int16_t*>(values) + from, count,
                                               static_cast<int16_t>(limit_));
      case Type::kInt8:
        return from + kernels_.first_above_s8(static_cast<const int8_t*>(values) + from, count,
                                              static_cast<int8_t>(limit_));
      case Type::kUint16:
        return FirstUnsigned(static_cast<const uint16_t*>(values), from, to);
      default:
        return FirstUnsigned(static_cast<const uint8_t*>(values), from, to);
    }
  }

 private:
  static double Least(Type type) {
    if (type == Type::kInt32) return INT32_MIN;
    if (type == Type::kInt16) return INT16_MIN;
    return type == Type::kInt8 ? INT8_MIN : 0;
  }
  static double Most(Type type) {
    if (type == Type::kInt32) return INT32_MAX;
    if (type == Type::kInt16) return INT16_MAX;
    if (type == Type::kUint16) return UINT16_MAX;
    return type == Type::kInt8 ? INT8_MAX : UINT8_MAX;
  }
  template <typename Value>
  size_t FirstUnsigned(const Value* values, size_t from, size_t to) const {
    while (from < to && values[from] <= limit_) from++;
    return from;
  }

  const Kernels& kernels_;
  const Type type_;
  uint32_t bits_ = 0;
  bool below_zero_ = false;
  bool everything_ = false;
  bool nothing_ = false;
  int64_t limit_ = 0;
};

/** A head's values as real numbers. */
template <typename Value>
double Real(const Head& head, const Value* data, ptrdiff_t at, int c) {
  const auto value = static_cast<double>(data[at]);
  return head.scale ? (value - head.zero[c]) * head.scale[c] : value;
}

template <typename Value>
void OfferCell(const Head& head, const Value* data, ptrdiff_t start, int cell, const double* limits,
               Candidates& found) {
  double best = -Candidates::kInfinity;
  int best_class = -1;
  for (int c = 0; c < head.channels; c++) {
    const double value = Real(head, data, start + c * head.stride_c, c);
    if (value > best) {
      best = value;
      best_class = c;
    }
  }
  if (best_class >= 0) found.Offer(best, best_class, limits, cell);
}

/** Whether any class of a cell may reach the lowest limit, if each class has its own scale. */
template <typename Value>
bool MayReach(const Value* cell, const std::vector<double>& stored) {
  for (size_t c = 0; c < stored.size(); c++) {
    if (cell[c] > stored[c]) return true;
  }
  return false;
}

/** Scans scores that are contiguous for each cell. */
template <typename Value>
void ScanCells(const Kernels& kernels, const Head& head, const Value* data, const double* limits,
               double lowest, Candidates& found) {
  const int channels = head.channels;
  const int cells = head.cells();
  const bool scaled = head.scale != nullptr;
  // Limits in stored units. The search uses the lowest one, so it skips nothing that reaches another limit.
  std::vector<double> stored(scaled ? static_cast<size_t>(channels) : 1);
  bool limited = head.stride_c == 1;
  for (size_t c = 0; c < stored.size(); c++) {
    // With a scale of 0 or less, a limit cannot be expressed in stored units.
    limited = limited && (!scaled || head.scale[c] > 0);
    stored[c] = StoredLimit(lowest, scaled ? head.scale[c] : 1, scaled ? head.zero[c] : 0);
  }
  if (!limited) {
    for (int cell = 0; cell < cells; cell++) OfferCell(head, data, head.At(cell), cell, limits, found);
    return;
  }
  const auto [least, most] = std::minmax_element(stored.begin(), stored.end());
  const bool uniform = *least == *most;
  const Search search(kernels, head.type, *least);
  int together = 1;
  if (head.stride_x == channels) together = head.stride_y == head.width * head.stride_x ? cells : head.width;
  for (int cell = 0; cell < cells; cell += together) {
    const auto start = static_cast<size_t>(head.At(cell));
    const size_t end = start + static_cast<size_t>(together) * static_cast<size_t>(channels);
    for (size_t at = search.First(data, start, end); at < end;) {
      const size_t passed = (at - start) / static_cast<size_t>(channels);
      const size_t cell_start = start + passed * static_cast<size_t>(channels);
      if (uniform || MayReach(data + cell_start, stored)) {
        OfferCell(head, data, static_cast<ptrdiff_t>(cell_start), cell + static_cast<int>(passed), limits,
                  found);
      }
      at = search.First(data, cell_start + static_cast<size_t>(channels), end);
    }
  }
}

/** Scans scores that are contiguous for each class; keeps the best so far of each cell where a search stops.
 */
template <typename Value>
void ScanPlanes(const Kernels& kernels, const Head& head, const Value* data, const double* limits,
                double lowest, Candidates& found) {
  const auto cells = static_cast<size_t>(head.cells());
  auto& best = OfThread<std::vector<double>>();
  auto& best_class = OfThread<std::vector<int>>();
  best.assign(cells, -Candidates::kInfinity);
  best_class.assign(cells, -1);
  for (int c = 0; c < head.channels; c++) {
    const double scale = head.scale ? head.scale[c] : 1;
    const double zero = head.scale ? head.zero[c] : 0;
    const bool limited = scale > 0;
    const Search search(kernels, head.type, limited ? StoredLimit(lowest, scale, zero) : 0);
    const auto start = static_cast<size_t>((head.first + c) * head.stride_c);
    const auto next = [&](size_t at) { return limited ? search.First(data, at, start + cells) : at; };
    for (size_t at = next(start); at < start + cells; at = next(at + 1)) {
      const double value = (static_cast<double>(data[at]) - zero) * scale;
      const size_t cell = at - start;
      // NaN fails this comparison.
      if (!(value > best[cell])) continue;
      best[cell] = value;
      best_class[cell] = c;
    }
  }
  for (size_t cell = 0; cell < cells; cell++) {
    if (best_class[cell] >= 0) found.Offer(best[cell], best_class[cell], limits, static_cast<int>(cell));
  }
}

}  // namespace

void Scan(const Kernels& kernels, const Head& head, const void* values, const double* limits, double lowest,
          Candidates& found) {
  // The threshold is 1, or no class is reported.
  if (lowest == Candidates::kInfinity) return;
  const bool planes =
      head.stride_c != 1 && head.stride_x == 1 && (head.height == 1 || head.stride_y == head.width);
  WithType(head.type, values, [&](const auto* data) {
    if (planes) {
      ScanPlanes(kernels, head, data, limits, lowest, found);
    } else {
      ScanCells(kernels, head, data, limits, lowest, found);
    }
  });
}

}  // namespace decode
