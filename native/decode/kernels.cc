#include "decode/kernels.h"

#include <cstring>

#include "nv12/kernels.h"

namespace decode {
namespace {

template <typename Value>
size_t FirstBelow(const Value* values, size_t count, Value limit) {
  size_t i = 0;
  while (i < count && values[i] >= limit) i++;
  return i;
}

template <typename Value>
size_t FirstAbove(const Value* values, size_t count, Value limit) {
  size_t i = 0;
  while (i < count && values[i] <= limit) i++;
  return i;
}

}  // namespace

const Kernels kPortableKernels = {
    "portable",          FirstBelow<uint32_t>, FirstAbove<int32_t>,
    FirstAbove<int16_t>, FirstAbove<int8_t>,   portable::Combine,
};

const std::vector<const Kernels*>& UsableKernels() {
  static const auto* const usable = [] {
    auto* const found = new std::vector<const Kernels*>();
    for (const nv12::Kernels* pixels : nv12::UsableKernels()) {
#if defined(DECODE_KERNELS_X86)
      if (std::strcmp(pixels->name, kAvx2Kernels.name) == 0) found->push_back(&kAvx2Kernels);
      if (std::strcmp(pixels->name, kSsse3Kernels.name) == 0) found->push_back(&kSsse3Kernels);
#elif defined(DECODE_KERNELS_NEON)
      if (std::strcmp(pixels->name, kNeonKernels.name) == 0) found->push_back(&kNeonKernels);
#endif
      if (std::strcmp(pixels->name, kPortableKernels.name) == 0) found->push_back(&kPortableKernels);
    }
    return found;
  }();
  return *usable;
}

const Kernels& ChosenKernels() {
  const nv12::Kernels& pixels = nv12::ChosenKernels();
  for (const Kernels* kernels : UsableKernels()) {
    if (std::strcmp(kernels->name, pixels.name) == 0) return *kernels;
  }
  return kPortableKernels;
}

}  // namespace decode
