#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bpu/hbdnn_abi.h"

/**
 * Model files that are played back: recorded outputs, selected by the contents of the NV12 input
 * (docs/emulator.md).
 */
namespace emulator {

/** A memory-mapped file. */
class Mapping {
 public:
  /** @returns null when the file cannot be opened */
  static std::shared_ptr<const Mapping> Open(const char* path);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const uint8_t* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  Mapping(const uint8_t* data, uint64_t size) : data_(data), size_(size) {}
  const uint8_t* data_;
  uint64_t size_;
};

struct PlaybackTensor {
  std::string name;
  /** Its pointers refer to the vectors below. */
  hbDNNTensorProperties properties{};
  std::vector<float> scale;
  std::vector<int8_t> zero_point;
  std::vector<uint8_t> shift;
};

struct PlaybackModel {
  std::string name;
  /** BPU architecture it was compiled for, bayes-e or bernoulli2; empty if the file does not say. */
  std::string march;
  std::vector<std::unique_ptr<PlaybackTensor>> inputs;
  std::vector<std::unique_ptr<PlaybackTensor>> outputs;
  uint32_t busy_us = 0;
  uint32_t overhead_us = 0;
  std::shared_ptr<const Mapping> file;
  /** Concatenated outputs by hash of the input. */
  std::unordered_map<uint64_t, const uint8_t*> frames;
  const uint8_t* first_frame = nullptr;

  int width() const { return inputs[0]->properties.validShape.dimensionSize[3]; }
  int height() const { return inputs[0]->properties.validShape.dimensionSize[2]; }
};

/** @returns no models when the file is damaged or not an emulator model; a line on stderr says where */
std::vector<std::unique_ptr<PlaybackModel>> ReadModels(const std::shared_ptr<const Mapping>& file);

/** Hash of a picture's rows in two 32-bit lanes; any changed byte changes it. */
class PictureHash {
 public:
  void AddRow(const uint8_t* row, int bytes);
  uint64_t value() const { return static_cast<uint64_t>(high_) << 32 | low_; }

 private:
  uint32_t low_ = 0x811c9dc5;
  uint32_t high_ = 0x9747b28c;
};

}  // namespace emulator
