#include "emulator/playback.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace emulator {
namespace {

/** Followed by the version: 1, or 2, which adds the march. */
constexpr char kMagic[6] = {'T', 'Y', 'S', 'E', 'M', 'U'};
constexpr uint32_t kMaxTensors = 64;
constexpr uint32_t kMaxModels = 64;
constexpr uint64_t kFrameAlignment = 16;

/** Reads little-endian values; throws at the end of the file. */
class Cursor {
 public:
  explicit Cursor(const Mapping& file) : file_(file) {}

  template <typename Value>
  Value Read() {
    Value value;
    std::memcpy(&value, Take(sizeof value), sizeof value);
    return value;
  }

  template <typename Value>
  std::vector<Value> ReadArray() {
    const uint32_t count = Read<uint32_t>();
    const uint8_t* bytes = Take(static_cast<uint64_t>(count) * sizeof(Value));
    std::vector<Value> values(count);
    if (count > 0) std::memcpy(values.data(), bytes, count * sizeof(Value));
    return values;
  }

  std::string ReadString() {
    const std::vector<char> text = ReadArray<char>();
    return {text.begin(), text.end()};
  }

  uint32_t ReadCount(uint32_t least, uint32_t most, const char* what) {
    const uint32_t count = Read<uint32_t>();
    if (count < least || count > most) throw std::runtime_error(std::string("count of ") + what);
    return count;
  }

 private:
  const uint8_t* Take(uint64_t bytes) {
    if (bytes > file_.size() - position_) throw std::runtime_error("end of file");
    const uint8_t* data = file_.data() + position_;
    position_ += bytes;
    return data;
  }

  const Mapping& file_;
  uint64_t position_ = 0;
};

std::unique_ptr<PlaybackTensor> ReadTensor(Cursor& cursor) {
  auto tensor = std::make_unique<PlaybackTensor>();
  hbDNNTensorProperties& properties = tensor->properties;
  tensor->name = cursor.ReadString();
  properties.tensorLayout = cursor.Read<int32_t>();
  properties.tensorType = cursor.Read<int32_t>();
  properties.quantiType = cursor.Read<int32_t>();
  properties.quantizeAxis = cursor.Read<int32_t>();
  properties.alignedByteSize = cursor.Read<int32_t>();
  const auto dimensions =
      static_cast<int32_t>(cursor.ReadCount(1, HB_DNN_TENSOR_MAX_DIMENSIONS, "dimensions"));
  properties.validShape.numDimensions = dimensions;
  properties.alignedShape.numDimensions = dimensions;
  for (int i = 0; i < dimensions; i++) properties.validShape.dimensionSize[i] = cursor.Read<int32_t>();
  for (int i = 0; i < dimensions; i++) properties.alignedShape.dimensionSize[i] = cursor.Read<int32_t>();
  for (int i = 0; i < dimensions; i++) properties.stride[i] = cursor.Read<int32_t>();
  tensor->scale = cursor.ReadArray<float>();
  tensor->zero_point = cursor.ReadArray<int8_t>();
  tensor->shift = cursor.ReadArray<uint8_t>();
  properties.scale = {static_cast<int32_t>(tensor->scale.size()), tensor->scale.data(),
                      static_cast<int32_t>(tensor->zero_point.size()), tensor->zero_point.data()};
  properties.shift = {static_cast<int32_t>(tensor->shift.size()), tensor->shift.data()};
  if (properties.alignedByteSize <= 0) throw std::runtime_error("size of " + tensor->name);
  return tensor;
}

void CheckInput(const PlaybackModel& model) {
  const hbDNNTensorProperties& input = model.inputs[0]->properties;
  const bool nv12 =
      input.tensorType == HB_DNN_IMG_TYPE_NV12 || input.tensorType == HB_DNN_IMG_TYPE_NV12_SEPARATE;
  if (model.inputs.size() != 1 || !nv12 || input.validShape.numDimensions != 4 ||
      input.tensorLayout != HB_DNN_LAYOUT_NCHW) {
    throw std::runtime_error("input: one of type NV12 and layout NCHW is played back");
  }
  const int width = model.width();
  const int height = model.height();
  const int stride = input.alignedShape.dimensionSize[3];
  if (width < 2 || height < 2 || width > 16384 || height > 16384 || width % 2 != 0 || height % 2 != 0 ||
      stride < width || stride > 32768 || stride % 16 != 0 ||
      input.alignedByteSize < stride * height * 3 / 2) {
    throw std::runtime_error("size of the input");
  }
}

/**
 * @param room bytes of the file not yet used for frames. Models do not share frames, so their tables cannot
 *   grow larger than the file
 */
void ReadFrames(Cursor& cursor, PlaybackModel& model, uint64_t& room) {
  const uint32_t count = cursor.Read<uint32_t>();
  const auto offset = cursor.Read<uint64_t>();
  uint64_t outputs = 0;
  for (const auto& output : model.outputs)
    outputs += static_cast<uint64_t>(output->properties.alignedByteSize);
  const uint64_t unpadded = kFrameAlignment + outputs;
  const uint64_t record = (unpadded + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
  const Mapping& file = *model.file;
  if (offset % kFrameAlignment != 0 || offset > file.size() || count > (file.size() - offset) / record) {
    throw std::runtime_error("frames: end of file");
  }
  if (count * record > room) throw std::runtime_error("frames: of two models at one place");
  room -= count * record;
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t* frame = file.data() + offset + i * record;
    uint64_t hash;
    std::memcpy(&hash, frame, sizeof hash);
    model.frames[hash] = frame + kFrameAlignment;
  }
  if (count > 0) model.first_frame = file.data() + offset + kFrameAlignment;
}

std::unique_ptr<PlaybackModel> ReadModel(Cursor& cursor, int version, std::shared_ptr<const Mapping> file,
                                         uint64_t& room) {
  auto model = std::make_unique<PlaybackModel>();
  model->file = std::move(file);
  model->name = cursor.ReadString();
  if (version > 1) model->march = cursor.ReadString();
  model->busy_us = cursor.Read<uint32_t>();
  model->overhead_us = cursor.Read<uint32_t>();
  const uint32_t inputs = cursor.ReadCount(1, kMaxTensors, "inputs");
  const uint32_t outputs = cursor.ReadCount(1, kMaxTensors, "outputs");
  for (uint32_t i = 0; i < inputs; i++) model->inputs.push_back(ReadTensor(cursor));
  for (uint32_t i = 0; i < outputs; i++) model->outputs.push_back(ReadTensor(cursor));
  CheckInput(*model);
  ReadFrames(cursor, *model, room);
  return model;
}

}  // namespace

std::shared_ptr<const Mapping> Mapping::Open(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  struct stat status {};
  void* data = MAP_FAILED;
  if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    data = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  }
  close(file);
  if (data == MAP_FAILED) return nullptr;
  return std::shared_ptr<const Mapping>(
      new Mapping(static_cast<const uint8_t*>(data), static_cast<uint64_t>(status.st_size)));
}

Mapping::~Mapping() { munmap(const_cast<uint8_t*>(data_), size_); }

std::vector<std::unique_ptr<PlaybackModel>> ReadModels(const std::shared_ptr<const Mapping>& file) {
  std::vector<std::unique_ptr<PlaybackModel>> models;
  try {
    Cursor cursor(*file);
    for (char expected : kMagic) {
      if (cursor.Read<char>() != expected)
        throw std::runtime_error("first bytes: not a model of the emulator");
    }
    const int version = cursor.Read<char>() - '0';
    if ((version != 1 && version != 2) || cursor.Read<char>() != '\n') {
      throw std::runtime_error("version: 1 and 2 are known");
    }
    const uint32_t count = cursor.ReadCount(1, kMaxModels, "models");
    uint64_t room = file->size();
    for (uint32_t i = 0; i < count; i++) models.push_back(ReadModel(cursor, version, file, room));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "[emulator] damaged model: %s\n", error.what());
    models.clear();
  }
  return models;
}

void PictureHash::AddRow(const uint8_t* row, int bytes) {
  uint32_t low = low_;
  uint32_t high = high_;
  for (int i = 0; i < bytes; i += 4) {
    uint32_t word = 0;
    std::memcpy(&word, row + i, static_cast<size_t>(bytes - i < 4 ? bytes - i : 4));
    low = (low ^ word) * 0x01000193u;
    high = ((high << 5 | high >> 27) ^ word) * 0x9e3779b1u;
  }
  low_ = low;
  high_ = high;
}

}  // namespace emulator
