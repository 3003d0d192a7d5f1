/**
 * Fuzzes model files of the emulator: reads them, checks every tensor and frame, and plays them through the
 * functions of libdnn.
 */
#include "emulator/playback.h"

#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <limits>

#include "bpu/hbdnn_abi.h"
#include "fuzz/target.h"

extern "C" {
int32_t hbDNNInitializeFromFiles(hbPackedDNNHandle_t*, char const**, int32_t);
int32_t hbDNNRelease(hbPackedDNNHandle_t);
int32_t hbDNNGetModelNameList(char const***, int32_t*, hbPackedDNNHandle_t);
int32_t hbDNNGetModelHandle(hbDNNHandle_t*, hbPackedDNNHandle_t, char const*);
int32_t hbDNNGetInputCount(int32_t*, hbDNNHandle_t);
int32_t hbDNNGetOutputCount(int32_t*, hbDNNHandle_t);
int32_t hbDNNGetOutputName(char const**, hbDNNHandle_t, int32_t);
int32_t hbDNNGetInputTensorProperties(hbDNNTensorProperties*, hbDNNHandle_t, int32_t);
int32_t hbDNNGetOutputTensorProperties(hbDNNTensorProperties*, hbDNNHandle_t, int32_t);
int32_t hbDNNGetEstimateLatency(int32_t*, hbDNNHandle_t);
int32_t hbDNNInfer(hbDNNTaskHandle_t*, hbDNNTensor**, hbDNNTensor const*, hbDNNHandle_t,
                   hbDNNInferCtrlParam*);
int32_t hbDNNWaitTaskDone(hbDNNTaskHandle_t, int32_t);
int32_t hbDNNReleaseTask(hbDNNTaskHandle_t);
int32_t hbSysAllocCachedMem(hbSysMem*, uint32_t);
int32_t hbSysFreeMem(hbSysMem*);
int32_t hbSysFlushMem(hbSysMem*, int32_t);
}

namespace {

using emulator::PlaybackModel;
using emulator::PlaybackTensor;

/** Frames larger than this are not played: it would take long and find nothing new. */
constexpr int64_t kMaxPlayed = 1 << 20;

/** An in-memory file. */
class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size) : file_(memfd_create("model", MFD_CLOEXEC)) {
    if (file_ < 0 || write(file_, data, size) != static_cast<ssize_t>(size)) std::abort();
    path_ = "/proc/self/fd/" + std::to_string(file_);
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  const char* path() const { return path_.c_str(); }

 private:
  const int file_;
  std::string path_;
};

/** Forbids reads beyond the end of the file within its last page. */
class Fence {
 public:
  explicit Fence(const emulator::Mapping& file)
      : begin_(file.data() + file.size()), size_((4096 - file.size() % 4096) % 4096) {
    ASAN_POISON_MEMORY_REGION(begin_, size_);
  }
  ~Fence() { ASAN_UNPOISON_MEMORY_REGION(begin_, size_); }
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

 private:
  const uint8_t* const begin_;
  const size_t size_;
};

uint64_t sum = 0;

template <typename Number>
void Touch(const Number* numbers, int32_t count) {
  for (int32_t i = 0; i < count; i++) sum += static_cast<uint64_t>(numbers[i] != 0);
}

void CheckTensor(const PlaybackTensor& tensor) {
  const hbDNNTensorProperties& p = tensor.properties;
  fuzz::Expect(p.alignedByteSize > 0, "a size for each tensor");
  fuzz::Expect(p.validShape.numDimensions >= 1 && p.validShape.numDimensions <= HB_DNN_TENSOR_MAX_DIMENSIONS,
               "dimensions");
  Touch(p.scale.scaleData, p.scale.scaleLen);
  Touch(p.scale.zeroPointData, p.scale.zeroPointLen);
  Touch(p.shift.shiftData, p.shift.shiftLen);
}

/** @returns the number of models in the file */
size_t ReadDirectly(const char* path, size_t size) {
  auto file = emulator::Mapping::Open(path);
  if (!file) {
    fuzz::Expect(size == 0, "a file to be mapped");
    return 0;
  }
  const Fence fence(*file);
  const auto models = emulator::ReadModels(file);
  size_t frames = 0;
  for (const auto& model : models) {
    fuzz::Expect(model->inputs.size() == 1 && !model->outputs.empty(), "an input and outputs");
    fuzz::Expect(model->width() >= 2 && model->height() >= 2, "a size of the input");
    for (const auto& tensor : model->inputs) CheckTensor(*tensor);
    uint64_t bytes = 0;
    for (const auto& tensor : model->outputs) {
      CheckTensor(*tensor);
      bytes += static_cast<uint64_t>(tensor->properties.alignedByteSize);
    }
    frames += model->frames.size();
    for (const auto& [hash, outputs] : model->frames) {
      fuzz::Expect(outputs >= file->data() && outputs + bytes <= file->data() + file->size(),
                   "frames within the file");
      sum += hash + outputs[0] + outputs[bytes - 1];
    }
  }
  // Each frame takes at least 16 bytes of the file and one table entry.
  fuzz::Expect(frames <= size / 16, "no more frames than the file has room for");
  return models.size();
}

void Play(hbDNNHandle_t model, int32_t outputs) {
  hbDNNTensor input{};
  if (hbDNNGetInputTensorProperties(&input.properties, model, 0) != 0)
    fuzz::Fail("the properties of an input");
  std::vector<hbDNNTensor> results(static_cast<size_t>(outputs));
  int64_t total = input.properties.alignedByteSize;
  for (int32_t i = 0; i < outputs; i++) {
    const char* name = nullptr;
    hbDNNTensorProperties& properties = results[static_cast<size_t>(i)].properties;
    if (hbDNNGetOutputName(&name, model, i) != 0 ||
        hbDNNGetOutputTensorProperties(&properties, model, i) != 0) {
      fuzz::Fail("the name and the properties of an output");
    }
    sum += std::strlen(name);
    total += properties.alignedByteSize;
  }
  if (total > kMaxPlayed) return;
  if (hbSysAllocCachedMem(&input.sysMem[0], static_cast<uint32_t>(input.properties.alignedByteSize)) != 0)
    fuzz::Fail("memory");
  std::memset(input.sysMem[0].virAddr, 0, input.sysMem[0].memSize);
  hbSysFlushMem(&input.sysMem[0], HB_SYS_MEM_CACHE_CLEAN);
  for (hbDNNTensor& result : results) {
    if (hbSysAllocCachedMem(&result.sysMem[0], static_cast<uint32_t>(result.properties.alignedByteSize)) != 0)
      fuzz::Fail("memory");
  }
  hbDNNTaskHandle_t task = nullptr;
  hbDNNTensor* pointer = results.data();
  hbDNNInferCtrlParam control{};
  if (hbDNNInfer(&task, &pointer, &input, model, &control) == 0) {
    hbDNNWaitTaskDone(task, 0);
    for (hbDNNTensor& result : results) {
      hbSysFlushMem(&result.sysMem[0], HB_SYS_MEM_CACHE_INVALIDATE);
      Touch(static_cast<const uint8_t*>(result.sysMem[0].virAddr),
            static_cast<int32_t>(result.sysMem[0].memSize));
    }
    if (hbDNNReleaseTask(task) != 0) fuzz::Fail("a task to be released");
  }
  for (hbDNNTensor& result : results) hbSysFreeMem(&result.sysMem[0]);
  hbSysFreeMem(&input.sysMem[0]);
}

/** Uses the library the way an engine does. */
void ReadAsLibrary(const char* path, size_t models) {
  hbPackedDNNHandle_t packed = nullptr;
  const int32_t status = hbDNNInitializeFromFiles(&packed, &path, 1);
  fuzz::Expect((status == 0) == (models > 0), "what can be read to be loaded, and nothing else");
  if (status != 0) return;
  char const** names = nullptr;
  int32_t count = 0;
  if (hbDNNGetModelNameList(&names, &count, packed) != 0) fuzz::Fail("names of models");
  fuzz::Expect(static_cast<size_t>(count) == models, "a name for each model");
  for (int32_t i = 0; i < count; i++) {
    hbDNNHandle_t model = nullptr;
    if (hbDNNGetModelHandle(&model, packed, names[i]) != 0) continue;
    int32_t inputs = 0;
    int32_t outputs = 0;
    int32_t latency = 0;
    fuzz::Expect(hbDNNGetInputCount(&inputs, model) == 0 && inputs == 1, "an input");
    fuzz::Expect(hbDNNGetOutputCount(&outputs, model) == 0 && outputs >= 1, "outputs");
    fuzz::Expect(hbDNNGetEstimateLatency(&latency, model) == 0 && latency >= 0,
                 "a latency that is not negative");
    Play(model, outputs);
  }
  if (hbDNNRelease(packed) != 0) fuzz::Fail("models to be released");
}

fuzz::Writer& AddTensor(fuzz::Writer& writer, const std::string& name, uint32_t layout, uint32_t type,
                        const std::vector<uint32_t>& shape, uint32_t bytes) {
  writer.Text(name).U32(layout).U32(type).U32(HB_DNN_QUANTI_SCALE).U32(3).U32(bytes).U32(shape.size());
  for (int copy = 0; copy < 2; copy++) {
    for (const uint32_t extent : shape) writer.U32(extent);
  }
  for (size_t i = 0; i < shape.size(); i++) writer.U32(0);
  writer.U32(2).U32(0x3f800000).U32(0x40000000);
  return writer.U32(1).U8(5).U32(2).U8(1).U8(2);
}

/** A file with models that have one NV12 input of 16x4 and the given numbers of outputs and frames. */
fuzz::Bytes MakeSeed(char version, uint32_t models, uint32_t outputs, uint32_t frames) {
  constexpr uint64_t kFramesAt = 2048;
  fuzz::Writer writer;
  writer.Add("TYSEMU").U8(static_cast<uint8_t>(version)).Add("\n").U32(models);
  const uint64_t record = (16 + uint64_t{32} * outputs + 15) / 16 * 16;
  for (uint32_t i = 0; i < models; i++) {
    writer.Text("model" + std::to_string(i));
    if (version > '1') writer.Text("bayes-e");
    writer.U32(500).U32(300).U32(1).U32(outputs);
    AddTensor(writer, "images", HB_DNN_LAYOUT_NCHW, HB_DNN_IMG_TYPE_NV12, {1, 3, 4, 16}, 96);
    for (uint32_t k = 0; k < outputs; k++) {
      AddTensor(writer, "output" + std::to_string(k), HB_DNN_LAYOUT_NHWC, HB_DNN_TENSOR_TYPE_F32,
                {1, 2, 2, 2}, 32);
    }
    writer.U32(frames).U64(kFramesAt + record * i * frames);
  }
  writer.input.resize(kFramesAt);
  for (uint64_t i = 0; i < uint64_t{models} * frames; i++) {
    writer.U64(i + 1).U64(0);
    while (writer.input.size() % record != kFramesAt % record) writer.U8(i);
  }
  return writer.input;
}

}  // namespace

std::vector<fuzz::Bytes> fuzz::Seeds() {
  return {MakeSeed('1', 1, 1, 1), MakeSeed('2', 1, 1, 1), MakeSeed('1', 1, 3, 2), MakeSeed('2', 2, 2, 3),
          MakeSeed('2', 1, 10, 0)};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool configured = setenv("TROS_YOLO_SEG_EMULATOR", "clock=fast,play_unknown=1", 1) == 0;
  fuzz::Expect(configured, "an environment");
  const MemoryFile file(data, size);
  ReadAsLibrary(file.path(), ReadDirectly(file.path(), size));
  return 0;
}
