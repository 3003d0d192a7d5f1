/**
 * The functions of libdnn, as bpu/hbdnn_abi.h and docs/emulator.md describe them. What the engine of this
 * package does not need (hbDNNRoiInfer, batches by ctrl.more, hbSysRegisterMem) is not here.
 */
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emulator/config.h"
#include "emulator/device.h"
#include "emulator/memory.h"
#include "emulator/playback.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace emulator {
namespace {

struct PackedModel {
  std::vector<std::shared_ptr<const PlaybackModel>> models;
  std::vector<const char*> names;
};

/** All there is of the emulated board. Made on first use, torn down (and reported) when the library is
 * unloaded. */
class Board {
 public:
  ~Board() {
    const uint64_t tasks = device.tasks();
    const uint64_t blocks = memory.blocks();
    if (tasks > 0) Print("hbDNNReleaseTask was not called for %llu tasks", tasks);
    if (blocks > 0) Print("hbSysFreeMem was not called for %llu blocks", blocks);
    if (!packed.empty()) Print("hbDNNRelease was not called for %llu models", packed.size());
    WriteReport();
  }

  /** What is alive and what was counted, as a JSON object. */
  std::string Report() {
    const Counters counters = device.counters();
    const std::pair<const char*, uint64_t> numbers[] = {
        {"tasksAlive", device.tasks()},    {"blocksAlive", memory.blocks()},
        {"modelsAlive", packed.size()},    {"violations", memory.violations() + device.violations()},
        {"submitted", counters.submitted}, {"awaited", counters.awaited},
        {"succeeded", counters.succeeded}, {"failed", counters.failed},
        {"hung", counters.hung},           {"cancelled", counters.cancelled},
        {"late", counters.late},           {"mostTasks", counters.most_alive},
    };
    std::string text;
    for (const auto& [name, number] : numbers) {
      text += (text.empty() ? "{\"" : ",\"") + std::string(name) + "\":" + std::to_string(number);
    }
    return text + "}";
  }

  std::mutex mutex;
  std::set<std::unique_ptr<PackedModel>> packed;
  std::string config_text;
  bool configured = false;
  Memory memory;
  Device device;

 private:
  static void Print(const char* format, uint64_t count) {
    std::fputs("[emulator] at unload: ", stderr);
    std::fprintf(stderr, format, static_cast<unsigned long long>(count));
    std::fputc('\n', stderr);
  }

  void WriteReport() {
    const std::string path = device.config().report;
    if (path.empty()) return;
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (!file) return;
    std::fprintf(file, "%s\n", Report().c_str());
    std::fclose(file);
  }
};

Board& TheBoard() {
  static Board board;
  return board;
}

/** Reads the configuration when it has changed, at each loading of a model. */
bool Configure(Board& board) {
  const std::string text = ConfigText();
  if (board.configured && text == board.config_text) return true;
  Config config;
  if (!Parse(text, config)) return false;
  board.device.Configure(config);
  board.config_text = text;
  board.configured = true;
  return true;
}

PackedModel* FindPacked(Board& board, hbPackedDNNHandle_t handle) {
  for (const auto& packed : board.packed) {
    if (packed.get() == handle) return packed.get();
  }
  return nullptr;
}

std::shared_ptr<const PlaybackModel> FindModel(hbDNNHandle_t handle) {
  Board& board = TheBoard();
  const std::lock_guard<std::mutex> lock(board.mutex);
  for (const auto& packed : board.packed) {
    for (const auto& model : packed->models) {
      if (model.get() == handle) return model;
    }
  }
  return nullptr;
}

int32_t Refuse(const char* why) {
  std::fprintf(stderr, "[emulator] hbDNNInfer: %s\n", why);
  return HB_DNN_INVALID_ARGUMENT;
}

/** No exception leaves a C function: what is thrown is for want of memory or threads. */
template <typename Work>
auto Guarded(const Work& work, decltype(work()) otherwise) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "[emulator] %s\n", error.what());
    return otherwise;
  }
}

template <typename Work>
int32_t Guarded(const Work& work) {
  return Guarded(work, HB_DNN_OUT_OF_MEMORY);
}

int32_t Initialize(hbPackedDNNHandle_t* handle, char const** files, int32_t count) {
  Board& board = TheBoard();
  const std::lock_guard<std::mutex> lock(board.mutex);
  if (!Configure(board)) return HB_DNN_INVALID_ARGUMENT;
  if (board.device.config().corrupt_model) return HB_DNN_INVALID_MODEL;
  auto packed = std::make_unique<PackedModel>();
  for (int32_t i = 0; i < count; i++) {
    auto file = files[i] ? Mapping::Open(files[i]) : nullptr;
    if (!file) return HB_DNN_CAN_NOT_OPEN_FILE;
    auto models = ReadModels(std::move(file));
    if (models.empty()) return HB_DNN_INVALID_MODEL;
    for (auto& model : models) {
      const std::string& march = board.device.config().march;
      if (!march.empty() && !model->march.empty() && march != model->march) {
        std::fprintf(stderr, "[emulator] a model for %s on a board with %s\n", model->march.c_str(),
                     march.c_str());
        return HB_DNN_INVALID_MODEL;
      }
      packed->models.push_back(std::move(model));
    }
  }
  for (const auto& model : packed->models) packed->names.push_back(model->name.c_str());
  *handle = packed.get();
  board.packed.insert(std::move(packed));
  return HB_DNN_SUCCESS;
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
    // What quantiType does not select is not set, and memory has been used before.
    const auto stale = reinterpret_cast<uint8_t*>(0x5a5a5a5a5a58);
    if (properties->quantiType != HB_DNN_QUANTI_SHIFT) properties->shift = {7, stale};
    if (properties->quantiType != HB_DNN_QUANTI_SCALE) {
      properties->scale = {7, reinterpret_cast<float*>(stale), 7, reinterpret_cast<int8_t*>(stale)};
    }
  }
  return status;
}

/** Planes of the input as the caller describes it. An NV12 model takes separate planes, too. */
int32_t TakeInput(const PlaybackModel& model, const hbDNNTensor& input, Task& task) {
  const hbDNNTensorProperties& given = input.properties;
  const bool separate = given.tensorType == HB_DNN_IMG_TYPE_NV12_SEPARATE;
  if (!separate && given.tensorType != model.inputs[0]->properties.tensorType)
    return Refuse("type of the input");
  if (given.validShape.dimensionSize[2] != model.height() ||
      given.validShape.dimensionSize[3] != model.width()) {
    return Refuse("valid shape of the input");
  }
  const int stride = given.alignedShape.dimensionSize[3];
  if (stride < model.width() || stride > 32768 || stride % 16 != 0) {
    return Refuse("aligned width of the input: at least its width, a multiple of 16");
  }
  const auto luma = static_cast<uint32_t>(stride * model.height());
  const uint32_t sizes[] = {separate ? luma : luma + luma / 2, luma / 2};
  for (int plane = 0; plane < (separate ? 2 : 1); plane++) {
    auto block = TheBoard().memory.Find(input.sysMem[plane]);
    if (!block) return Refuse("input memory that is not of hbSysAllocMem");
    if (input.sysMem[plane].phyAddr % 16 != 0) return Refuse("input address: a multiple of 16");
    if (input.sysMem[plane].memSize < sizes[plane]) return Refuse("input memory that is too small");
    task.inputs.push_back(std::move(block));
  }
  task.input_stride = stride;
  return HB_DNN_SUCCESS;
}

int32_t TakeOutputs(const PlaybackModel& model, const hbDNNTensor* outputs, Task& task) {
  std::set<const Block*> seen;
  for (size_t i = 0; i < model.outputs.size(); i++) {
    auto block = TheBoard().memory.Find(outputs[i].sysMem[0]);
    if (!block) return Refuse("output memory that is not of hbSysAllocMem");
    if (outputs[i].sysMem[0].memSize < static_cast<uint32_t>(model.outputs[i]->properties.alignedByteSize)) {
      return Refuse("output memory that is smaller than alignedByteSize");
    }
    if (!seen.insert(block.get()).second) return Refuse("two outputs in the same memory");
    task.outputs.push_back(std::move(block));
  }
  return HB_DNN_SUCCESS;
}

int32_t Allocate(hbSysMem* memory, uint32_t size, bool cached) {
  return Guarded(
      [&]() -> int32_t {
        Board& board = TheBoard();
        if (board.device.Draw(board.device.config().fail_alloc)) return HB_SYS_OUT_OF_MEMORY;
        return board.memory.Allocate(memory, size, cached);
      },
      HB_SYS_OUT_OF_MEMORY);
}

int32_t Infer(const std::shared_ptr<const PlaybackModel>& model, hbDNNTaskHandle_t* handle,
              hbDNNTensor** output, const hbDNNTensor* input, const hbDNNInferCtrlParam& settings) {
  Board& board = TheBoard();
  // Where a process ends with frames in flight, nobody steps the clock for whoever waits for them. The
  // handler runs before those that wait, as they were registered when the model was loaded.
  static const int registered = std::atexit([] { TheBoard().device.RunOut(); });
  (void)registered;
  const Config config = board.device.config();
  if (board.device.Draw(config.fail_submit)) return config.submit_code;
  auto task = std::make_shared<Task>();
  task->model = model;
  task->priority = settings.priority;
  task->custom_id = settings.customId;
  task->core = settings.bpuCoreId - 1;
  task->output_pointer = output;
  task->output_tensors = *output;
  int32_t status = TakeInput(*model, input[0], *task);
  if (status == 0) status = TakeOutputs(*model, *output, *task);
  return status == 0 ? board.device.Submit(task, handle) : status;
}

}  // namespace
}  // namespace emulator

using emulator::Board;
using emulator::PlaybackModel;
using emulator::TheBoard;

EXPORT char const* hbDNNGetVersion() {
  return emulator::Guarded(
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
  return emulator::Guarded([&] { return emulator::Initialize(handle, files, count); });
}

EXPORT int32_t hbDNNRelease(hbPackedDNNHandle_t handle) {
  return emulator::Guarded([&]() -> int32_t {
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
  return emulator::Guarded([&]() -> int32_t {
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
  return emulator::Guarded([&]() -> int32_t {
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
  return emulator::Guarded(
      [&]() -> int32_t { return emulator::GetCount(&PlaybackModel::inputs, count, handle); });
}

EXPORT int32_t hbDNNGetOutputCount(int32_t* count, hbDNNHandle_t handle) {
  return emulator::Guarded(
      [&]() -> int32_t { return emulator::GetCount(&PlaybackModel::outputs, count, handle); });
}

EXPORT int32_t hbDNNGetInputName(char const** name, hbDNNHandle_t handle, int32_t index) {
  return emulator::Guarded(
      [&]() -> int32_t { return emulator::GetName(&PlaybackModel::inputs, name, handle, index); });
}

EXPORT int32_t hbDNNGetOutputName(char const** name, hbDNNHandle_t handle, int32_t index) {
  return emulator::Guarded(
      [&]() -> int32_t { return emulator::GetName(&PlaybackModel::outputs, name, handle, index); });
}

EXPORT int32_t hbDNNGetInputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t handle,
                                             int32_t index) {
  return emulator::Guarded([&]() -> int32_t {
    return emulator::GetProperties(&PlaybackModel::inputs, properties, handle, index);
  });
}

EXPORT int32_t hbDNNGetOutputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t handle,
                                              int32_t index) {
  return emulator::Guarded([&]() -> int32_t {
    return emulator::GetProperties(&PlaybackModel::outputs, properties, handle, index);
  });
}

/** Of one frame alone, in microseconds. */
EXPORT int32_t hbDNNGetEstimateLatency(int32_t* latency, hbDNNHandle_t handle) {
  return emulator::Guarded([&]() -> int32_t {
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
  return emulator::Guarded([&]() -> int32_t {
    const auto model = emulator::FindModel(model_handle);
    if (!model) return HB_DNN_INVALID_DNN_HANDLE;
    if (!handle || !output || !*output || !input) return HB_DNN_INVALID_ARGUMENT;
    if (*handle != nullptr) return emulator::Refuse("task handle: null before the call");
    const hbDNNInferCtrlParam settings = control ? *control : hbDNNInferCtrlParam{};
    if (settings.more != 0) return HB_DNN_API_USE_ERROR;
    if (settings.priority < HB_DNN_PRIORITY_LOWEST || settings.priority > HB_DNN_PRIORITY_HIGHEST) {
      return emulator::Refuse("priority: 0 to 255");
    }
    if (settings.bpuCoreId < HB_BPU_CORE_ANY) return emulator::Refuse("core");

    return emulator::Infer(model, handle, output, input, settings);
  });
}

EXPORT int32_t hbDNNWaitTaskDone(hbDNNTaskHandle_t task, int32_t timeout_ms) {
  return emulator::Guarded([&]() -> int32_t { return TheBoard().device.Wait(task, timeout_ms); });
}

EXPORT int32_t hbDNNReleaseTask(hbDNNTaskHandle_t task) {
  return emulator::Guarded([&]() -> int32_t { return TheBoard().device.Release(task); });
}

EXPORT int32_t hbSysAllocMem(hbSysMem* memory, uint32_t size) {
  return emulator::Allocate(memory, size, false);
}

EXPORT int32_t hbSysAllocCachedMem(hbSysMem* memory, uint32_t size) {
  return emulator::Allocate(memory, size, true);
}

EXPORT int32_t hbSysFreeMem(hbSysMem* memory) {
  return emulator::Guarded([&]() -> int32_t { return TheBoard().memory.Free(memory); }, HB_SYS_OUT_OF_MEMORY);
}

EXPORT int32_t hbSysFlushMem(hbSysMem* memory, int32_t flag) {
  return emulator::Guarded(
      [&]() -> int32_t {
        Board& board = TheBoard();
        if (board.device.Draw(board.device.config().fail_flush)) return HB_SYS_INVALID_ARGUMENT;
        return board.memory.Flush(memory, flag);
      },
      HB_SYS_OUT_OF_MEMORY);
}

// Not of libdnn: how tests step the clock and see what is left (docs/emulator.md).

constexpr std::chrono::hours kHour(1);

/** Lets so many microseconds of a manual clock go by, an hour at most. @returns 0, or HB_DNN_API_USE_ERROR
 * for another clock
 */
EXPORT int32_t tros_yolo_seg_emulator_advance(int64_t microseconds) {
  return emulator::Guarded([&]() -> int32_t {
    if (microseconds < 0 || microseconds > std::chrono::microseconds(kHour).count())
      return HB_DNN_INVALID_ARGUMENT;
    return TheBoard().device.Advance(std::chrono::microseconds(microseconds)) ? HB_DNN_SUCCESS
                                                                              : HB_DNN_API_USE_ERROR;
  });
}

/** Blocks until hbDNNWaitTaskDone was called for so many tasks since the library was loaded. @returns 0, or
 * HB_DNN_TIMEOUT after so many milliseconds outside, an hour at most */
EXPORT int32_t tros_yolo_seg_emulator_await(uint64_t tasks, int64_t milliseconds) {
  return emulator::Guarded([&]() -> int32_t {
    const std::chrono::milliseconds hour(kHour);
    if (milliseconds < 0 || milliseconds > hour.count()) return HB_DNN_INVALID_ARGUMENT;
    return TheBoard().device.Await(tasks, std::chrono::milliseconds(milliseconds)) ? HB_DNN_SUCCESS
                                                                                   : HB_DNN_TIMEOUT;
  });
}

/** The report as it would be at unload; valid on this thread until the next call. */
EXPORT char const* tros_yolo_seg_emulator_report() {
  return emulator::Guarded(
      [&]() -> char const* {
        static thread_local std::string text;
        Board& board = TheBoard();
        const std::lock_guard<std::mutex> lock(board.mutex);
        text = board.Report();
        return text.c_str();
      },
      "");
}
