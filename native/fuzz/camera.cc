/**
 * Fuzzes the path of a camera message (sensor_msgs/Image and hbm_img_msgs/HbmMsg, as their subscribers view
 * them) into a model's input. Checks that nothing beyond the pixels is read, that every message is counted
 * once, and that complete images are read with identical bytes by every instruction set.
 */
#include "camera/camera.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "fuzz/target.h"
#include "nv12/kernels.h"

namespace {

using camera::Message;

/** Pixels are repeated up to this size, so that small inputs make large pictures. */
constexpr size_t kMaxPixels = 1 << 17;
constexpr const char* kEncodings[] = {"nv12",  "bgr8",   "rgb8",        "mono8", "jpeg",   "NV12",
                                      "bgra8", "rgba8",  "8UC3",        "8UC1",  "nv21",   "yuyv",
                                      "uyvy",  "yuv422", "yuv422_yuy2", "i420",  "mono16", "16UC1"};
constexpr size_t kLetters = 12;

/** A model's input on the heap, where the sanitizer guards its ends. */
class HeapInput : public camera::ModelInput {
 public:
  HeapInput(int width, int height) : bytes_(camera::PixelBuffer::BytesFor(width, height)) {
    const auto stride = static_cast<size_t>(width);
    target_ = {width,  height, bytes_.data(), bytes_.data() + stride * static_cast<size_t>(height),
               stride, stride};
  }
  fuzz::Bytes bytes_;
};

struct Case {
  bool keep;
  size_t kernels;
  int width;
  int height;
  std::string encoding;
  std::string frame_id;
  fuzz::Bytes pixels;
  camera::ImageReading reading;
  std::optional<camera::Region> region;
  Message message;
};

/** Decodes a test case; MakeSeed is the inverse. */
Case Read(fuzz::Reader& reader) {
  Case made{};
  const uint8_t flags = reader.U8();
  made.keep = (flags & 1) != 0;
  made.kernels = flags >> 4;
  const uint8_t model = reader.U8();
  made.width = 2 + 2 * (model & 15) * 3;
  made.height = 2 + 2 * ((model >> 4) & 7) * 5;
  const size_t encoding = reader.U8();
  const fuzz::Bytes letters = reader.Take(kLetters);
  if (encoding < std::size(kEncodings)) {
    made.encoding = kEncodings[encoding];
  } else if ((flags & 2) != 0) {
    made.encoding = camera::HbmEncoding(letters.data(), letters.size());
  } else {
    made.encoding.assign(letters.begin(), letters.end());
  }
  made.message.width = reader.U32();
  made.message.height = reader.U32();
  made.message.step = reader.U32();
  made.message.index = static_cast<int32_t>(reader.U32());
  made.message.has_frame_id = (flags & 4) != 0;
  made.message.big_endian = (flags & 8) != 0;
  made.message.exact = (model & 128) == 0;
  const uint8_t told = reader.U8();
  if ((told & 2) != 0) {
    const auto number = [&](uint32_t least) {
      return static_cast<int>(least + reader.U32() % (16385 - least));
    };
    made.region = {number(0), number(0), number(1), number(1)};
  }
  if ((told & 1) != 0) {
    made.reading.step = reader.U32();
    made.reading.rows = reader.U32();
    made.reading.white = std::max(1u, reader.U32() & 0xffff);
  }
  const fuzz::Bytes frame_id = reader.Take(reader.U8());
  made.frame_id.assign(frame_id.begin(), frame_id.end());
  const size_t claimed = reader.U32();
  const fuzz::Bytes pattern = reader.Take(SIZE_MAX);
  const size_t size = pattern.empty() ? 0 : std::min(claimed, kMaxPixels);
  made.pixels.resize(size);
  for (size_t at = 0; at < size; at += pattern.size()) {
    std::memcpy(made.pixels.data() + at, pattern.data(), std::min(pattern.size(), size - at));
  }
  made.pixels.shrink_to_fit();
  return made;
}

fuzz::Bytes MakeSeed(uint8_t flags, size_t encoding, uint32_t width, uint32_t height, uint32_t step,
                     uint32_t size, bool told = false, bool cut = false) {
  fuzz::Writer writer;
  writer.U8(flags).U8(0x53).U8(encoding).Add(std::string("nv12\0", 5));
  while (writer.input.size() < 3 + kLetters) writer.U8(0xa5);
  writer.U32(width).U32(height).U32(step).U32(7).U8(static_cast<uint8_t>(told + 2 * cut));
  if (cut) writer.U32(width / 2 - 1).U32(height / 2 - 1).U32(width / 2 - 2).U32(height);
  if (told) writer.U32(step).U32(height).U32(1023);
  writer.U8(6).Add("camera").U32(size);
  for (int i = 0; i < 97; i++) writer.U8(static_cast<uint8_t>(i * 37));
  return writer.input;
}

/** Whether the message is a complete image beyond doubt. */
bool IsWhole(const Case& made) {
  const uint64_t width = made.message.width;
  const uint64_t height = made.message.height;
  if (made.region || made.reading.step != 0 || made.reading.rows != 0 || width < 2 || height < 2 ||
      width > 16384 || height > 16384 || width % 2 != 0 || height % 2 != 0)
    return false;
  const uint64_t pixels = width * height;
  const uint64_t needed = made.encoding == "nv12"                              ? pixels * 3 / 2
                          : made.encoding == "mono8"                           ? pixels
                          : made.encoding == "bgr8" || made.encoding == "rgb8" ? pixels * 3
                                                                               : UINT64_MAX;
  return made.pixels.size() >= needed;
}

/** @returns the model's input; empty when the message was not readable */
fuzz::Bytes Offer(const Case& made) {
  std::vector<std::shared_ptr<camera::ModelInput>> inputs = {
      std::make_shared<HeapInput>(made.width, made.height)};
  int started = -1;
  const auto table = std::make_shared<camera::SlotTable>(
      std::move(inputs), 1, [&](int slot) { started = slot; }, [](int) {});
  const auto camera = camera::Camera::Create();
  camera->SetKeepPixels(made.keep);
  camera->SetReading(made.reading);
  camera->SetRegion(made.region);
  const auto attachment =
      table->Attach({std::make_shared<HeapInput>(made.width, made.height)}, 1, camera->counters());
  camera->Attach(attachment);
  Message message = made.message;
  message.encoding = made.encoding;
  message.frame_id = made.frame_id;
  message.data = made.pixels.data();
  message.size = made.pixels.size();
  camera->Offer(message);

  const camera::CameraCounters counters = camera->counters()->Read();
  fuzz::Expect(counters.received == 1 && counters.failed + counters.submitted == 1 && counters.dropped == 0 &&
                   counters.discarded == 0,
               "each message to be counted once");
  fuzz::Expect((started >= 0) == (counters.submitted == 1), "a slot for each frame that is submitted");
  fuzz::Bytes result;
  if (started >= 0) {
    const auto& state = table->state(started);
    const camera::FrameInfo& frame_info = state.frame_info;
    const camera::Region& part = frame_info.part;
    fuzz::Expect(frame_info.width >= 1 && frame_info.height >= 1, "a frame of some size");
    fuzz::Expect(part.width >= 1 && part.height >= 1 && part.x % 2 == 0 && part.y % 2 == 0 &&
                     part.x + part.width <= frame_info.width && part.y + part.height <= frame_info.height,
                 "a part of the frame");
    if (state.frame_info.pixels) {
      const camera::PixelBuffer& pixels = *state.frame_info.pixels;
      uint64_t sum = 0;
      const size_t bytes = camera::PixelBuffer::BytesFor(nv12::EvenSize(state.frame_info.width),
                                                         nv12::EvenSize(state.frame_info.height));
      fuzz::Expect(bytes <= pixels.capacity(), "room for the picture");
      for (size_t i = 0; i < bytes; i++) sum += pixels.data()[i];
      fuzz::Expect(sum < UINT64_MAX, "pixels that are there");
    }
    result = static_cast<HeapInput&>(*state.input).bytes_;
    table->Finished(started);
    table->Release(started);
  } else {
    const auto& failure = counters.last_failure;
    fuzz::Expect(failure && !failure->expected.empty() && !failure->received.empty(),
                 "a reason for each failure");
    fuzz::Expect(failure->received.size() < 1000, "a reason that can be read");
  }
  camera->Detach(attachment);
  attachment->Detach();
  table->Close();
  table->FreeMemory();
  return result;
}

}  // namespace

std::vector<fuzz::Bytes> fuzz::Seeds() {
  std::vector<Bytes> seeds;
  for (size_t encoding = 0; encoding < std::size(kEncodings); encoding++) {
    for (const uint8_t flags : {0x00, 0x15, 0x24})
      seeds.push_back(MakeSeed(flags, encoding, 16, 8, 16, 16 * 8 * 3));
  }
  seeds.push_back(MakeSeed(0x02, 0xff, 640, 4, 0, 3840));
  seeds.push_back(MakeSeed(0x01, 0, 34, 18, 64, 64 * 27));
  // Rows that the user specifies.
  for (const uint8_t encoding : {0, 2, 11, 15}) {
    seeds.push_back(MakeSeed(0, encoding, 16, 16, 64, 64 * 24, true));
  }
  // A region that exceeds the picture at the bottom, with and without the full picture.
  for (size_t encoding = 0; encoding < std::size(kEncodings); encoding++) {
    for (const uint8_t flags : {0x00, 0x15})
      seeds.push_back(MakeSeed(flags, encoding, 16, 8, 16, 16 * 8 * 3, false, true));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Reader reader(data, size);
  const Case made = Read(reader);
  const auto& usable = nv12::UsableKernels();
  nv12::ChooseKernels(usable[made.kernels % usable.size()]->name);
  const fuzz::Bytes result = Offer(made);
  if (IsWhole(made)) fuzz::Expect(!result.empty(), "an image that is whole to be read");
  if (usable.size() > 1 && !result.empty()) {
    nv12::ChooseKernels(usable.back()->name);
    fuzz::Expect(Offer(made) == result, "the same bytes with every instruction set");
  }
  return 0;
}
