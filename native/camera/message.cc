#include "camera/message.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "../failure.h"

namespace camera {
namespace {

constexpr std::string_view kKnown[] = {"nv12", "bgr8", "rgb8", "mono8", "jpeg"};

std::string Number(uint64_t value) { return std::to_string(value); }

int Dimension(uint32_t value, const char* name) {
  if (value < 2 || value > static_cast<uint32_t>(nv12::kMaxDimension)) {
    throw Failure("an integer from 2 to " + Number(nv12::kMaxDimension) + " for the frame " + name,
                  Number(value), "");
  }
  return static_cast<int>(value);
}

Failure TooShort(uint64_t needed, const std::string& what, uint64_t found) {
  return {"at least " + Number(needed) + " bytes for a " + what, Number(found) + " bytes",
          "Check width, height and encoding of the publisher."};
}

/** The nearest even number to `length` in [2, limit]; halves are rounded up, as Math.round does. */
int EvenWithin(double length, int limit) {
  const auto even = static_cast<int>(2 * std::floor(length / 2 + 0.5));
  return std::max(2, std::min(even, limit - limit % 2));
}

}  // namespace

std::string_view HbmEncoding(const uint8_t* letters, size_t length) {
  std::string_view text(reinterpret_cast<const char*>(letters), length);
  text = text.substr(0, text.find('\0'));
  for (const std::string_view known : kKnown) {
    if (text.substr(0, known.size()) == known) return known;
  }
  return text;
}

nv12::Source ViewNv12(const Message& message) {
  const int width = Dimension(message.width, "width");
  const int height = Dimension(message.height, "height");
  const char* const crop = "Crop or scale the picture to an even size.";
  if (width % 2 != 0) throw Failure("an even width for NV12", Number(message.width), crop);
  if (height % 2 != 0) throw Failure("an even height for NV12", Number(message.height), crop);
  const auto rows = static_cast<uint64_t>(height);
  for (const uint64_t stride : {static_cast<uint64_t>(message.step), static_cast<uint64_t>(width)}) {
    if (stride < message.width) continue;
    const uint64_t chroma = stride * rows;
    if (chroma + stride * (rows / 2 - 1) + message.width > message.size) continue;
    return {width,
            height,
            message.data,
            message.data + chroma,
            static_cast<size_t>(stride),
            static_cast<size_t>(stride)};
  }
  const std::string size = Number(message.width) + "x" + Number(message.height);
  throw TooShort(rows * message.width * 3 / 2, size + " NV12 frame", message.size);
}

bool IsInterleaved(std::string_view encoding) {
  return encoding == "bgr8" || encoding == "rgb8" || encoding == "mono8";
}

nv12::Interleaved ViewInterleaved(const Message& message) {
  using Format = nv12::Interleaved::Format;
  const std::string_view encoding = message.encoding;
  const Format format =
      encoding == "bgr8" ? Format::kBgr : (encoding == "rgb8" ? Format::kRgb : Format::kMono);
  const int width = Dimension(message.width, "width");
  const int height = Dimension(message.height, "height");
  const uint64_t row = static_cast<uint64_t>(width) * (format == Format::kMono ? 1 : 3);
  const auto rows = static_cast<uint64_t>(height);
  if (message.size < row * rows) {
    throw TooShort(
        row * rows,
        Number(message.width) + "x" + Number(message.height) + " " + std::string(encoding) + " image",
        message.size);
  }
  // hobot_codec claims the width for every encoding, others 0: such steps count as packed.
  const uint64_t claimed = message.step;
  const uint64_t step = claimed >= row && claimed * (rows - 1) + row <= message.size ? claimed : row;
  return {width - width % 2, height - height % 2, message.data, static_cast<size_t>(step), format};
}

void RefuseEncoding(std::string_view encoding) {
  throw Failure(
      "an image with encoding nv12, bgr8, rgb8, mono8 on a native camera",
      encoding.empty() ? "an empty string" : std::string(encoding.substr(0, 60)),
      "Set the camera driver to one of them, NV12 where it can, or set camera_transport to rclnodejs.");
}

nv12::Content ContentFor(int width, int height, int model_width, int model_height) {
  const double scale =
      std::min(static_cast<double>(model_width) / width, static_cast<double>(model_height) / height);
  nv12::Content content{};
  content.width = EvenWithin(width * scale, model_width);
  content.height = EvenWithin(height * scale, model_height);
  content.left = 2 * ((model_width - content.width) / 4);
  content.top = 2 * ((model_height - content.height) / 4);
  return content;
}

}  // namespace camera
