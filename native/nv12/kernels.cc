#include "nv12/kernels.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace nv12 {

const Kernels kPortableKernels = {
    "portable",
    portable::ScaleRow,
    portable::YuvOfRgbRows,
    portable::YuvOfRgbaRows,
    portable::YuvOf422Rows,
    portable::SwapPairsRow,
    portable::LumaOfGrayRow,
    portable::PlanarFloatRow,
    portable::RgbRow,
};

namespace {

std::vector<const Kernels*> FindUsable() {
  std::vector<const Kernels*> usable;
#if defined(NV12_KERNELS_X86)
  if (__builtin_cpu_supports("avx2")) usable.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("ssse3")) usable.push_back(&kSsse3Kernels);
#elif defined(NV12_KERNELS_NEON)
  usable.push_back(&kNeonKernels);  // part of every arm64 processor
#endif
  usable.push_back(&kPortableKernels);
  return usable;
}

const Kernels* Find(const std::string& name) {
  for (const Kernels* kernels : UsableKernels()) {
    if (kernels->name == name) return kernels;
  }
  return nullptr;
}

const Kernels* FromEnvironment() {
  const Kernels* const fastest = UsableKernels().front();
  const char* wanted = std::getenv("TROS_YOLO_SEG_SIMD");
  if (wanted == nullptr || *wanted == '\0') return fastest;
  if (const Kernels* const found = Find(wanted)) return found;
  std::string names;
  for (const Kernels* kernels : UsableKernels())
    names += std::string(names.empty() ? "" : ", ") + kernels->name;
  std::fprintf(stderr, "Expected one of %s in TROS_YOLO_SEG_SIMD but received %s. Using %s.\n", names.c_str(),
               wanted, fastest->name);
  return fastest;
}

std::atomic<const Kernels*>& Chosen() {
  static std::atomic<const Kernels*> chosen{FromEnvironment()};
  return chosen;
}

}  // namespace

const std::vector<const Kernels*>& UsableKernels() {
  static const auto* const usable = new std::vector<const Kernels*>(FindUsable());
  return *usable;
}

const Kernels& ChosenKernels() { return *Chosen().load(std::memory_order_relaxed); }

bool ChooseKernels(const std::string& name) {
  const Kernels* const found = Find(name);
  if (found != nullptr) Chosen().store(found, std::memory_order_relaxed);
  return found != nullptr;
}

}  // namespace nv12
