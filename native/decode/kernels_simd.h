#pragma once

#include "decode/kernels.h"

/**
 * The kernels for any instruction set, written once: `L` has its vectors (lanes_neon.h, lanes_x86.h).
 * Internal linkage: were these functions shared between files that are compiled for different processors, the
 * linker could keep the one that does not run here.
 */
namespace decode {
namespace {

/** The index of the first value beyond the limit; `S` says whether that is below or above. */
template <class S>
size_t First(const typename S::Value* values, size_t count, typename S::Value limit) {
  constexpr size_t kLanes = S::kLanes;
  // Several vectors per iteration, so that the loop and its test cost little.
  constexpr size_t kVectors = 32;
  const auto bound = S::Bound(limit);
  size_t i = 0;
  for (; i + kVectors * kLanes <= count; i += kVectors * kLanes) {
    const auto* at = values + i;
    auto a = S::Start(S::Load(at), bound);
    auto b = S::Start(S::Load(at + kLanes), bound);
    auto c = S::Start(S::Load(at + 2 * kLanes), bound);
    auto d = S::Start(S::Load(at + 3 * kLanes), bound);
    for (size_t v = 4; v < kVectors; v += 4) {
      a = S::Fold(a, S::Load(at + v * kLanes), bound);
      b = S::Fold(b, S::Load(at + (v + 1) * kLanes), bound);
      c = S::Fold(c, S::Load(at + (v + 2) * kLanes), bound);
      d = S::Fold(d, S::Load(at + (v + 3) * kLanes), bound);
    }
    if (S::Any(S::Join(S::Join(a, b), S::Join(c, d)), bound)) break;
  }
  for (; i + kLanes <= count; i += kLanes) {
    if (S::Any(S::Start(S::Load(values + i), bound), bound)) break;
  }
  for (; i < count; i++) {
    if (S::Is(values[i], limit)) return i;
  }
  return count;
}

/** Half of the lanes of a cell: half[j] = lane[j] + lane[j + 4]. @tparam kGroups channels / 8; 0 if not
 * known at compile time */
template <class L, size_t kGroups, typename Value>
inline typename L::Half HalfOf(const Value* cell, const float* factors, size_t groups) {
  auto lanes = L::Multiply(L::Load(factors), L::Load(cell));
  const size_t count = kGroups > 0 ? kGroups : groups;
  for (size_t g = 1; g < count; g++) {
    lanes = L::Add(lanes, L::Multiply(L::Load(factors + 8 * g), L::Load(cell + 8 * g)));
  }
  return L::HalfOf(lanes);
}

template <class L, size_t kGroups, typename Value>
void CombineRow(const Value* cell, ptrdiff_t step, size_t columns, const float* of_channels, size_t groups,
                float bias, float* sums) {
  // A copy, which `sums` cannot alias.
  float factors[kGroups > 0 ? 8 * kGroups : 1];
  for (size_t k = 0; k < 8 * kGroups; k++) factors[k] = of_channels[k];
  const float* const f = kGroups > 0 ? factors : of_channels;
  size_t i = 0;
  for (; i + 4 <= columns; i += 4, cell += 4 * step) {
    const auto a = HalfOf<L, kGroups>(cell, f, groups);
    const auto b = HalfOf<L, kGroups>(cell + step, f, groups);
    const auto c = HalfOf<L, kGroups>(cell + 2 * step, f, groups);
    const auto d = HalfOf<L, kGroups>(cell + 3 * step, f, groups);
    L::Store(sums + i, L::Sums(a, b, c, d, bias));
  }
  for (; i < columns; i++, cell += step) {
    const auto a = HalfOf<L, kGroups>(cell, f, groups);
    sums[i] = L::FirstOf(L::Sums(a, a, a, a, bias));
  }
}

template <class L, typename Value>
void CombineAs(const Head& head, const Value* data, const Combination& task, float* sums) {
  const auto groups = static_cast<size_t>(head.channels) / 8;
  for (int y = task.first_row; y <= task.last_row; y++, sums += task.columns()) {
    const Value* row = data + head.first + y * head.stride_y + task.first_column * head.stride_x;
    if (groups == 4) {
      CombineRow<L, 4>(row, head.stride_x, task.columns(), task.factors, groups, task.bias, sums);
    } else {
      CombineRow<L, 0>(row, head.stride_x, task.columns(), task.factors, groups, task.bias, sums);
    }
  }
}

template <class L>
void Combine(const Head& head, const void* values, const Combination& task, float* sums) {
  const bool side_by_side = head.stride_c == 1 && head.channels % 8 == 0;
  if (side_by_side && head.type == Type::kFloat32) {
    CombineAs<L>(head, static_cast<const float*>(values), task, sums);
  } else if (side_by_side && head.type == Type::kInt16) {
    CombineAs<L>(head, static_cast<const int16_t*>(values), task, sums);
  } else if (side_by_side && head.type == Type::kInt8) {
    CombineAs<L>(head, static_cast<const int8_t*>(values), task, sums);
  } else {
    portable::Combine(head, values, task, sums);
  }
}

}  // namespace
}  // namespace decode
