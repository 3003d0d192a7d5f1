#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bpu/hbdnn_abi.h"

/** Models that are played back: recorded outputs, chosen by the content of the NV12 input (docs/emulator.md).
 */
namespace emulator {

/** A file in memory, for as long as somebody plays from it. */
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
  /** Its pointers point into the vectors below. */
  hbDNNTensorProperties properties{};
  std::vector<float> scale;
  std::vector<int8_t> zero_point;
  std::vector<uint8_t> shift;
};

struct PlaybackModel {
  std::string name;
  /** Kind of BPU it was compiled for, bayes-e or bernoulli2; empty when the file does not say. */
  std::string march;
  std::vector<std::unique_ptr<PlaybackTensor>> inputs;
  std::vector<std::unique_ptr<PlaybackTensor>> outputs;
  uint32_t busy_us = 0;
  uint32_t overhead_us = 0;
  std::shared_ptr<const Mapping> file;
  /** Outputs, one after the other, by hash of the input. */
  std::unordered_map<uint64_t, const uint8_t*> frames;
  const uint8_t* first_frame = nullptr;

  int width() const { return inputs[0]->properties.validShape.dimensionSize[3]; }
  int height() const { return inputs[0]->properties.validShape.dimensionSize[2]; }
};

/** @returns no models when the file is damaged or of another kind; a line on stderr says where */
std::vector<std::unique_ptr<PlaybackModel>> ReadModels(std::shared_ptr<const Mapping> file);

/** Two 32-bit lanes over the rows of a picture, so that any changed byte changes the hash. */
class PictureHash {
 public:
  void AddRow(const uint8_t* row, int bytes);
  uint64_t value() const { return static_cast<uint64_t>(high_) << 32 | low_; }

 private:
  uint32_t low_ = 0x811c9dc5;
  uint32_t high_ = 0x9747b28c;
};

}  // namespace emulator
