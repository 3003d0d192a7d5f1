/**
 * Measures letterbox and color conversion (native/nv12) with every kernel that runs on this machine, next to
 * memcpy and, if its headers were found at build time, libyuv.
 *
 *      sudo apt install libyuv-dev         # optional; only for comparison
 *      scripts/bench-native.sh             # builds and runs build/bench/nv12-bench
 *      build/bench/nv12-bench 1000         # number of rounds; default 200
 *
 * Prints one line of JSON for each task, size and candidate (compare.h). `memcpy` copies the source picture
 * of a letterbox, or the larger of source and target of a conversion. Unlike ours, libyuv's scaler does not
 * write the padding.
 */
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "compare.h"
#include "nv12/color.h"
#include "nv12/kernels.h"
#include "nv12/letterbox.h"

#if defined(HAVE_LIBYUV)
#include <libyuv.h>
#endif

namespace {

using Bytes = std::vector<uint8_t>;

Bytes Noise(size_t length) {
  std::minstd_rand random(1);
  Bytes bytes(length);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() >> 8);
  return bytes;
}

/** A packed NV12 picture that owns its bytes. */
struct Frame {
  int width;
  int height;
  Bytes data;

  Frame(int w, int h) : width(w), height(h), data(Noise(Pixels() * 3 / 2)) {}

  size_t Pixels() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
  std::string Size() const { return std::to_string(width) + "x" + std::to_string(height); }
  nv12::Target View() {
    const auto stride = static_cast<size_t>(width);
    return {width, height, data.data(), data.data() + Pixels(), stride, stride};
  }
  nv12::Source Read() { return nv12::AsSource(View()); }
};

/** The same rectangle as Letterbox in src/vision/picture/letterbox.ts. */
nv12::Content Fit(const Frame& source, const Frame& model) {
  const double scale = std::min(double(model.width) / source.width, double(model.height) / source.height);
  const auto even = [](double length, int limit) {
    return std::clamp(2 * static_cast<int>(std::floor(length / 2 + 0.5)), 2, limit);
  };
  const int width = even(source.width * scale, model.width);
  const int height = even(source.height * scale, model.height);
  return {(model.width - width) / 4 * 2, (model.height - height) / 4 * 2, width, height};
}

/** A candidate for each kernel that runs here. */
template <typename Run>
std::vector<bench::Candidate> ForKernels(Run run) {
  std::vector<bench::Candidate> candidates;
  for (const nv12::Kernels* kernels : nv12::UsableKernels()) {
    candidates.push_back({kernels->name, [run, kernels] { run(*kernels); }});
  }
  return candidates;
}

bench::Candidate Memcpy(const Bytes& source, Bytes& copy) {
  copy.resize(source.size());
  return {"memcpy", [&source, &copy] { std::memcpy(copy.data(), source.data(), source.size()); }};
}

void MeasureLetterbox(int width, int height, size_t rounds) {
  Frame source(width, height);
  Frame model(640, 640);
  const nv12::Content content = Fit(source, model);
  auto candidates = ForKernels(
      [&](const nv12::Kernels& kernels) { nv12::Letterbox(source.Read(), content, model.View(), kernels); });
#if defined(HAVE_LIBYUV)
  const auto scale = [&] {
    const nv12::Source from = source.Read();
    const nv12::Target to = model.View();
    libyuv::NV12Scale(from.luma, width, from.chroma, width, width, height,
                      to.LumaRow(content.top) + content.left, to.width,
                      to.ChromaRow(content.top / 2) + content.left, to.width, content.width, content.height,
                      libyuv::kFilterBilinear);
  };
  candidates.push_back({"libyuv", scale});
#endif
  Bytes copy;
  candidates.push_back(Memcpy(source.data, copy));
  bench::Compare("letterbox", source.Size(), candidates, {"libyuv", "memcpy"}, rounds);
}

/** Two rows of 1280 pixels, then of 1920: 25 us instead of 0.5 (x86-64) with the tables of one size only. */
void MeasureByTurns(size_t rounds) {
  Frame one(1280, 2);
  Frame other(1920, 2);
  Frame target(960, 2);
  const nv12::Content whole = {0, 0, target.width, target.height};
  const auto by_turns = [&] {
    for (Frame* source : {&one, &other}) nv12::Letterbox(source->Read(), whole, target.View());
  };
  bench::Compare("scale_two_rows", target.Size(), {{"by_turns", by_turns}}, {}, rounds);
}

void MeasureFromPacked(const char* task, nv12::PackedImage::Format format, nv12::Range range, size_t rounds) {
  Frame target(1920, 1080);
  const size_t row =
      static_cast<size_t>(target.width) * (format == nv12::PackedImage::Format::kMono ? 1u : 3u);
  const Bytes source = Noise(row * static_cast<size_t>(target.height));
  Bytes copy;
  auto candidates = ForKernels([&](const nv12::Kernels& kernels) {
    nv12::FromPacked({target.width, target.height, source.data(), row, format}, range, target.View(),
                     kernels);
  });
  candidates.push_back(Memcpy(source, copy));
  bench::Compare(task, target.Size(), candidates, {"memcpy"}, rounds);
}

void MeasureToRgb8(const char* task, nv12::Range range, size_t rounds) {
  Frame source(1920, 1080);
  Bytes rgb = Noise(3 * source.Pixels());
  const Bytes other = rgb;
  auto candidates = ForKernels(
      [&](const nv12::Kernels& kernels) { nv12::ToRgb8(source.Read(), range, rgb.data(), kernels); });
  candidates.push_back(Memcpy(other, rgb));
  bench::Compare(task, source.Size(), candidates, {"memcpy"}, rounds);
}

void MeasureToPlanarFloat(const char* task, nv12::Range range, size_t rounds) {
  Frame source(640, 640);
  std::vector<float> planes(3 * source.Pixels());
  const std::vector<float> other(planes.size(), 0.5f);
  auto candidates = ForKernels([&](const nv12::Kernels& kernels) {
    nv12::ToPlanarFloat(source.Read(), range, planes.data(), kernels);
  });
  candidates.push_back(
      {"memcpy", [&] { std::memcpy(planes.data(), other.data(), planes.size() * sizeof(float)); }});
  bench::Compare(task, source.Size(), candidates, {"memcpy"}, rounds);
}

}  // namespace

int main(int count, char** arguments) {
  const long rounds = count > 1 ? std::strtol(arguments[1], nullptr, 10) : 200;
  if (rounds < 1 || count > 2) {
    std::fprintf(stderr, "Expected a number of rounds, at least 1. Usage: nv12-bench [ROUNDS]\n");
    return 1;
  }
  const auto n = static_cast<size_t>(rounds);
  using nv12::Range;
  using Format = nv12::PackedImage::Format;
  for (const auto& [width, height] :
       {std::pair{640, 480}, {960, 544}, {1280, 720}, {1600, 900}, {1920, 1080}, {640, 640}}) {
    MeasureLetterbox(width, height, n);
  }
  MeasureByTurns(n);
  MeasureFromPacked("bgr8_to_nv12", Format::kBgr, Range::kFull, n);
  MeasureFromPacked("rgb8_to_nv12", Format::kRgb, Range::kFull, n);
  MeasureFromPacked("mono8_to_nv12", Format::kMono, Range::kFull, n);
  MeasureFromPacked("mono8_to_nv12_limited", Format::kMono, Range::kLimited, n);
  MeasureToRgb8("nv12_to_rgb8", Range::kFull, n);
  MeasureToRgb8("nv12_to_rgb8_limited", Range::kLimited, n);
  MeasureToPlanarFloat("nv12_to_planar_float", Range::kFull, n);
  MeasureToPlanarFloat("nv12_to_planar_float_limited", Range::kLimited, n);
}
