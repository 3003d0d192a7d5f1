#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bpu/library.h"

namespace bpu {

struct TensorDescription {
  std::string name;
  /**
   * As returned by libdnn, except that the members of `scale` and `shift` that quantiType does not select are
   * zero. The pointers in it are valid as long as the model.
   */
  hbDNNTensorProperties properties;
};

/** One model of a .bin file: its handle and its properties, read once and validated. */
class Model {
 public:
  /**
   * @param name the model within the file; may be empty if the file has only one
   * @throws Failure when the file does not load, when the name is missing or unknown, or when the properties
   *   are inconsistent
   */
  Model(std::shared_ptr<const Library> library, const std::string& file, const std::string& name);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::shared_ptr<const Library>& library() const { return library_; }
  hbDNNHandle_t handle() const { return handle_; }
  const std::string& name() const { return name_; }
  /** Names of all models in the file. */
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<TensorDescription>& inputs() const { return inputs_; }
  const std::vector<TensorDescription>& outputs() const { return outputs_; }
  /** Microseconds from hbDNNGetEstimateLatency; negative when it reports none. */
  int32_t estimated_latency() const { return estimated_latency_; }
  /**
   * Leaves the model loaded until the process ends, because the BPU may still be working on one of its tasks.
   */
  void NeverRelease() const { never_released_ = true; }

 private:
  void Choose(const std::string& file, const std::string& name);
  void ReadTensors();

  std::shared_ptr<const Library> library_;
  hbPackedDNNHandle_t packed_ = nullptr;
  hbDNNHandle_t handle_ = nullptr;
  std::string name_;
  std::vector<std::string> names_;
  std::vector<TensorDescription> inputs_;
  std::vector<TensorDescription> outputs_;
  int32_t estimated_latency_ = -1;
  mutable std::atomic<bool> never_released_{false};
};

}  // namespace bpu
