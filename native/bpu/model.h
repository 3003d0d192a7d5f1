#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bpu/library.h"

namespace bpu {

struct TensorDescription {
  std::string name;
  /** As libdnn gave them, but for members of `scale` and `shift` that quantiType does not select: those are
   * zero. The pointers in it live as long as the model. */
  hbDNNTensorProperties properties;
};

/** One model of a .bin file: its handle and its properties, read whole and checked. */
class Model {
 public:
  /**
   * @param name which model of the file; empty where it has only one
   * @throws Failure when the file does not load, when the name is missing or not in the file, or when
   * properties contradict themselves
   */
  Model(std::shared_ptr<const Library> library, const std::string& file, const std::string& name);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::shared_ptr<const Library>& library() const { return library_; }
  hbDNNHandle_t handle() const { return handle_; }
  const std::string& name() const { return name_; }
  /** Of all models in the file. */
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<TensorDescription>& inputs() const { return inputs_; }
  const std::vector<TensorDescription>& outputs() const { return outputs_; }
  /** What hbDNNGetEstimateLatency says; negative where it says nothing. */
  int32_t estimated_latency() const { return estimated_latency_; }
  /** Never released, as the BPU may work on a task of it at any time. */
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
