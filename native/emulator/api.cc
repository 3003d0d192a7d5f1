/**
 * The functions of libdnn as declared in bpu/hbdnn_abi.h and described in docs/emulator.md. Functions that
 * this package does not use (hbDNNRoiInfer, batches through ctrl.more, hbSysRegisterMem) are missing.
 */
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "emulator/board.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace emulator {
namespace {

/** No exception may leave a C function. Only a lack of memory or threads throws here. */
template <typename Work>
auto CatchAll(const Work& work, decltype(work()) otherwise) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "[emulator] %s\n", error.what());
    return otherwise;
  }
}

template <typename Work>
int32_t CatchAll(const Work& work) {
  return CatchAll(work, HB_DNN_OUT_OF_MEMORY);
}

using Tensors = std::vector<std::unique_ptr<PlaybackTensor>> PlaybackModel::*;

int32_t GetCount(Tensors tensors, int32_t* count, hbDNNHandle_t handle) {
  const auto model = FindModel(handle);
  if (!model) return HB_DNN_INVALID_DNN_HANDLE;
  if (!count) return HB_DNN_INVALID_ARGUMENT;
  *count = static_cast<int32_t>(((*model).*tensors).size());
  return HB_DNN_SUCCESS;
}

int32_t GetTensor(Tensors tensors, hbDNNHandle_t handle, int32_t index, const PlaybackTensor** tensor) {
  const auto model = FindModel(handle);
  if (!model) return HB_DNN_INVALID_DNN_HANDLE;
  const auto& list = (*model).*tensors;
  if (index < 0 || index >= static_cast<int32_t>(list.size())) return HB_DNN_INVALID_ARGUMENT;
  *tensor = list[static_cast<size_t>(index)].get();
  return HB_DNN_SUCCESS;
}

int32_t GetName(Tensors tensors, char const** name, hbDNNHandle_t handle, int32_t index) {
  const PlaybackTensor* tensor = nullptr;
  const int32_t status = name ? GetTensor(tensors, handle, index, &tensor) : HB_DNN_INVALID_ARGUMENT;
  if (status == 0) *name = tensor->name.c_str();
  return status;
}

int32_t GetProperties(Tensors tensors, hbDNNTensorProperties* properties, hbDNNHandle_t handle,
                      int32_t index) {
  const PlaybackTensor* tensor = nullptr;
  const int32_t status = properties ? GetTensor(tensors, handle, index, &tensor) : HB_DNN_INVALID_ARGUMENT;
  if (status != 0) return status;
  *properties = tensor->properties;
  if (TheBoard().device.config().stale_quanti) {
    // Members that quantiType does not select stay uninitialized, and their memory has been used before.
    const auto stale = reinterpret_cast<uint8_t*>(0x5a5a5a5a5a58);
    if (properties->quantiType != HB_DNN_QUANTI_SHIFT) properties->shift = {7, stale};
    if (properties->quantiType != HB_DNN_QUANTI_SCALE) {
      properties->scale = {7, reinterpret_cast<float*>(stale), 7, reinterpret_cast<int8_t*>(stale)};
    }
  }
  return status;
}

int32_t Allocate(hbSysMem* memory, uint32_t size, bool cached) {
  return CatchAll(
      [&]() -> int32_t {
        Board& board = TheBoard();
        if (board.device.DrawFault(board.device.config().fail_alloc)) return HB_SYS_OUT_OF_MEMORY;
        return board.memory.Allocate(memory, size, cached);
      },
      HB_SYS_OUT_OF_MEMORY);
}

}  // namespace
}  // namespace emulator

using emulator::Board;
using emulator::PlaybackModel;
using emulator::TheBoard;

EXPORT char const* hbDNNGetVersion() {
  return emulator::CatchAll(
      [&]() -> char const* {
        static std::string version;
        emulator::Config config;
        emulator::Parse(emulator::ConfigText(), config);
        version = config.version;
        return version.c_str();
      },
      "");
}

EXPORT int32_t hbDNNInitializeFromFiles(hbPackedDNNHandle_t* handle, char const** files, int32_t count) {
  if (!handle || !files || count < 1) return HB_DNN_INVALID_ARGUMENT;
  return emulator::CatchAll([&] { return emulator::LoadModels(handle, files, count); });
}

EXPORT int32_t hbDNNRelease(hbPackedDNNHandle_t handle) {
  return emulator::CatchAll([&]() -> int32_t {
    Board& board = TheBoard();
    const std::lock_guard<std::mutex> lock(board.mutex);
    for (auto packed = board.packed.begin(); packed != board.packed.end(); ++packed) {
      if (packed->get() != handle) continue;
      for (const auto& model : (*packed)->models) {
        if (board.device.IsRunning(*model)) return HB_DNN_MODEL_IS_RUNNING;
      }
      board.packed.erase(packed);
      return HB_DNN_SUCCESS;
    }
    return HB_DNN_INVALID_PACKED_DNN_HANDLE;
  });
}

EXPORT int32_t hbDNNGetModelNameList(char const*** names, int32_t* count, hbPackedDNNHandle_t handle) {
  return emulator::CatchAll([&]() -> int32_t {
    Board& board = TheBoard();
    const std::lock_guard<std::mutex> lock(board.mutex);
    emulator::PackedModel* packed = emulator::FindPacked(board, handle);
    if (!packed) return HB_DNN_INVALID_PACKED_DNN_HANDLE;
    if (!names || !count) return HB_DNN_INVALID_ARGUMENT;
    *names = packed->names.data();
    *count = static_cast<int32_t>(packed->names.size());
    return HB_DNN_SUCCESS;
  });
}

EXPORT int32_t hbDNNGetModelHandle(hbDNNHandle_t* handle, hbPackedDNNHandle_t packed_handle,
                                   char const* name) {
  return emulator::CatchAll([&]() -> int32_t {
    Board& board = TheBoard();
    const std::lock_guard<std::mutex> lock(board.mutex);
    emulator::PackedModel* packed = emulator::FindPacked(board, packed_handle);
    if (!packed) return HB_DNN_INVALID_PACKED_DNN_HANDLE;
    if (!handle || !name) return HB_DNN_INVALID_ARGUMENT;
    for (const auto& model : packed->models) {
      if (model->name != name) continue;
      *handle = const_cast<PlaybackModel*>(model.get());
      return HB_DNN_SUCCESS;
    }
    return HB_DNN_INVALID_ARGUMENT;
  });
}

EXPORT int32_t hbDNNGetInputCount(int32_t* count, hbDNNHandle_t handle) {
  return emulator::CatchAll(
      [&]() -> int32_t { return emulator::GetCount(&PlaybackModel::inputs, count, handle); });
}

EXPORT int32_t hbDNNGetOutputCount(int32_t* count, hbDNNHandle_t handle) {
  return emulator::CatchAll(
      [&]() -> int32_t { return emulator::GetCount(&PlaybackModel::outputs, count, handle); });
}

EXPORT int32_t hbDNNGetInputName(char const** name, hbDNNHandle_t handle, int32_t index) {
  return emulator::CatchAll(
      [&]() -> int32_t { return emulator::GetName(&PlaybackModel::inputs, name, handle, index); });
}

EXPORT int32_t hbDNNGetOutputName(char const** name, hbDNNHandle_t handle, int32_t index) {
  return emulator::CatchAll(
      [&]() -> int32_t { return emulator::GetName(&PlaybackModel::outputs, name, handle, index); });
}

EXPORT int32_t hbDNNGetInputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t handle,
                                             int32_t index) {
  return emulator::CatchAll([&]() -> int32_t {
    return emulator::GetProperties(&PlaybackModel::inputs, properties, handle, index);
  });
}

EXPORT int32_t hbDNNGetOutputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t handle,
                                              int32_t index) {
  return emulator::CatchAll([&]() -> int32_t {
    return emulator::GetProperties(&PlaybackModel::outputs, properties, handle, index);
  });
}

/** Latency of a single frame in microseconds. */
EXPORT int32_t hbDNNGetEstimateLatency(int32_t* latency, hbDNNHandle_t handle) {
  return emulator::CatchAll([&]() -> int32_t {
    const auto model = emulator::FindModel(handle);
    if (!model) return HB_DNN_INVALID_DNN_HANDLE;
    if (!latency) return HB_DNN_INVALID_ARGUMENT;
    const uint64_t sum = uint64_t{model->busy_us} + model->overhead_us;
    *latency = static_cast<int32_t>(std::min<uint64_t>(sum, std::numeric_limits<int32_t>::max()));
    return HB_DNN_SUCCESS;
  });
}

EXPORT int32_t hbDNNInfer(hbDNNTaskHandle_t* handle, hbDNNTensor** output, hbDNNTensor const* input,
                          hbDNNHandle_t model_handle, hbDNNInferCtrlParam* control) {
  return emulator::CatchAll([&]() -> int32_t {
    const auto model = emulator::FindModel(model_handle);
    if (!model) return HB_DNN_INVALID_DNN_HANDLE;
    if (!handle || !output || !*output || !input) return HB_DNN_INVALID_ARGUMENT;
    if (*handle != nullptr) return emulator::RejectInfer("task handle: null before the call");
    const hbDNNInferCtrlParam settings = control ? *control : hbDNNInferCtrlParam{};
    if (settings.more != 0) return HB_DNN_API_USE_ERROR;
    if (settings.priority < HB_DNN_PRIORITY_LOWEST || settings.priority > HB_DNN_PRIORITY_HIGHEST) {
      return emulator::RejectInfer("priority: 0 to 255");
    }
    if (settings.bpuCoreId < HB_BPU_CORE_ANY) return emulator::RejectInfer("core");

    return emulator::Infer(model, handle, output, input, settings);
  });
}

EXPORT int32_t hbDNNWaitTaskDone(hbDNNTaskHandle_t task, int32_t timeout_ms) {
  return emulator::CatchAll([&]() -> int32_t { return TheBoard().device.Wait(task, timeout_ms); });
}

EXPORT int32_t hbDNNReleaseTask(hbDNNTaskHandle_t task) {
  return emulator::CatchAll([&]() -> int32_t { return TheBoard().device.Release(task); });
}

EXPORT int32_t hbSysAllocMem(hbSysMem* memory, uint32_t size) {
  return emulator::Allocate(memory, size, false);
}

EXPORT int32_t hbSysAllocCachedMem(hbSysMem* memory, uint32_t size) {
  return emulator::Allocate(memory, size, true);
}

EXPORT int32_t hbSysFreeMem(hbSysMem* memory) {
  return emulator::CatchAll([&]() -> int32_t { return TheBoard().memory.Free(memory); },
                            HB_SYS_OUT_OF_MEMORY);
}

EXPORT int32_t hbSysFlushMem(hbSysMem* memory, int32_t flag) {
  return emulator::CatchAll(
      [&]() -> int32_t {
        Board& board = TheBoard();
        if (board.device.DrawFault(board.device.config().fail_flush)) return HB_SYS_INVALID_ARGUMENT;
        return board.memory.Flush(memory, flag);
      },
      HB_SYS_OUT_OF_MEMORY);
}

// Not part of libdnn: tests use these to step the clock and to see what is left (docs/emulator.md).

constexpr std::chrono::hours kHour(1);

/**
 * Advances a manual clock, by one hour at most.
 * @returns 0, or HB_DNN_API_USE_ERROR for another clock
 */
EXPORT int32_t tros_yolo_seg_emulator_advance(int64_t microseconds) {
  return emulator::CatchAll([&]() -> int32_t {
    if (microseconds < 0 || microseconds > std::chrono::microseconds(kHour).count())
      return HB_DNN_INVALID_ARGUMENT;
    return TheBoard().device.Advance(std::chrono::microseconds(microseconds)) ? HB_DNN_SUCCESS
                                                                              : HB_DNN_API_USE_ERROR;
  });
}

/**
 * Blocks until hbDNNWaitTaskDone has been called for this many tasks since the library was loaded.
 * @returns 0, or HB_DNN_TIMEOUT after `milliseconds` of real time, one hour at most
 */
EXPORT int32_t tros_yolo_seg_emulator_await(uint64_t tasks, int64_t milliseconds) {
  return emulator::CatchAll([&]() -> int32_t {
    const std::chrono::milliseconds hour(kHour);
    if (milliseconds < 0 || milliseconds > hour.count()) return HB_DNN_INVALID_ARGUMENT;
    return TheBoard().device.Await(tasks, std::chrono::milliseconds(milliseconds)) ? HB_DNN_SUCCESS
                                                                                   : HB_DNN_TIMEOUT;
  });
}

/** The report as it would be written at unload; valid on this thread until the next call. */
EXPORT char const* tros_yolo_seg_emulator_report() {
  return emulator::CatchAll(
      [&]() -> char const* {
        static thread_local std::string text;
        Board& board = TheBoard();
        const std::lock_guard<std::mutex> lock(board.mutex);
        text = board.Report();
        return text.c_str();
      },
      "");
}
