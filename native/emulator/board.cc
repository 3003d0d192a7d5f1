#include "emulator/board.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace emulator {
namespace {

/** Applies the configuration if it has changed. Called whenever a model is loaded. */
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

/** Adds the input planes as the caller describes them. An NV12 model also accepts separate planes. */
int32_t AddInput(const PlaybackModel& model, const hbDNNTensor& input, Task& task) {
  const hbDNNTensorProperties& given = input.properties;
  const bool separate = given.tensorType == HB_DNN_IMG_TYPE_NV12_SEPARATE;
  if (!separate && given.tensorType != model.inputs[0]->properties.tensorType)
    return RejectInfer("type of the input");
  if (given.validShape.dimensionSize[2] != model.height() ||
      given.validShape.dimensionSize[3] != model.width()) {
    return RejectInfer("valid shape of the input");
  }
  const int stride = given.alignedShape.dimensionSize[3];
  if (stride < model.width() || stride > 32768 || stride % 16 != 0) {
    return RejectInfer("aligned width of the input: at least its width, a multiple of 16");
  }
  const auto luma = static_cast<uint32_t>(stride * model.height());
  const uint32_t sizes[] = {separate ? luma : luma + luma / 2, luma / 2};
  for (int plane = 0; plane < (separate ? 2 : 1); plane++) {
    auto block = TheBoard().memory.Find(input.sysMem[plane]);
    if (!block) return RejectInfer("input memory that is not of hbSysAllocMem");
    if (input.sysMem[plane].phyAddr % 16 != 0) return RejectInfer("input address: a multiple of 16");
    if (input.sysMem[plane].memSize < sizes[plane]) return RejectInfer("input memory that is too small");
    task.inputs.push_back(std::move(block));
  }
  task.input_stride = stride;
  return HB_DNN_SUCCESS;
}

int32_t AddOutputs(const PlaybackModel& model, const hbDNNTensor* outputs, Task& task) {
  std::set<const Block*> seen;
  for (size_t i = 0; i < model.outputs.size(); i++) {
    auto block = TheBoard().memory.Find(outputs[i].sysMem[0]);
    if (!block) return RejectInfer("output memory that is not of hbSysAllocMem");
    if (outputs[i].sysMem[0].memSize < static_cast<uint32_t>(model.outputs[i]->properties.alignedByteSize)) {
      return RejectInfer("output memory that is smaller than alignedByteSize");
    }
    if (!seen.insert(block.get()).second) return RejectInfer("two outputs in the same memory");
    task.outputs.push_back(std::move(block));
  }
  return HB_DNN_SUCCESS;
}

}  // namespace

Board& TheBoard() {
  static Board board;
  return board;
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

int32_t RejectInfer(const char* why) {
  std::fprintf(stderr, "[emulator] hbDNNInfer: %s\n", why);
  return HB_DNN_INVALID_ARGUMENT;
}

int32_t LoadModels(hbPackedDNNHandle_t* handle, char const** files, int32_t count) {
  Board& board = TheBoard();
  const std::lock_guard<std::mutex> lock(board.mutex);
  if (!Configure(board)) return HB_DNN_INVALID_ARGUMENT;
  if (board.device.config().corrupt_model) return HB_DNN_INVALID_MODEL;
  auto packed = std::make_unique<PackedModel>();
  for (int32_t i = 0; i < count; i++) {
    auto file = files[i] ? Mapping::Open(files[i]) : nullptr;
    if (!file) return HB_DNN_CAN_NOT_OPEN_FILE;
    auto models = ReadModels(file);
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

int32_t Infer(const std::shared_ptr<const PlaybackModel>& model, hbDNNTaskHandle_t* handle,
              hbDNNTensor** output, const hbDNNTensor* input, const hbDNNInferCtrlParam& settings) {
  Board& board = TheBoard();
  // If the process ends with frames in flight, nothing steps the clock any more. This handler runs before the
  // engines' exit handlers, which wait for those frames, because they were registered earlier, when the model
  // was loaded.
  static const int registered = std::atexit([] { TheBoard().device.RunFreely(); });
  (void)registered;
  const Config config = board.device.config();
  if (board.device.DrawFault(config.fail_submit)) return config.submit_code;
  auto task = std::make_shared<Task>();
  task->model = model;
  task->priority = settings.priority;
  task->custom_id = settings.customId;
  task->core = settings.bpuCoreId - 1;
  task->output_pointer = output;
  task->output_tensors = *output;
  int32_t status = AddInput(*model, input[0], *task);
  if (status == 0) status = AddOutputs(*model, *output, *task);
  return status == 0 ? board.device.Submit(task, handle) : status;
}

}  // namespace emulator
