#include "camera/message.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "../failure.h"
#include "camera/pixel_pool.h"
#include "nv12/color.h"

namespace camera {
namespace {

using Format = nv12::PackedImage::Format;

std::string Number(uint64_t value) { return std::to_string(value); }

/** @param even whether the encoding requires even sizes, because two pixels share chroma */
int Dimension(uint32_t value, const char* axis, const Encoding& encoding, bool even) {
  const uint32_t least = even ? 2 : 1;
  if (value < least || value > static_cast<uint32_t>(nv12::kMaxDimension)) {
    throw Failure(
        "an integer from " + Number(least) + " to " + Number(nv12::kMaxDimension) + " for the frame " + axis,
        Number(value), "");
  }
  if (even && value % 2 != 0) {
    std::string name = encoding.name;
    for (char& letter : name)
      letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
    throw Failure(std::string("an even ") + axis + " for " + name, Number(value),
                  "Crop or scale the picture to an even size.");
  }
  return static_cast<int>(value);
}

const Encoding& EncodingOf(const Message& message) {
  if (const Encoding* const encoding = FindEncoding(message.encoding)) return *encoding;
  const std::string_view name = message.encoding;
  throw Failure("an image with encoding " + KnownEncodings(),
                name.empty() ? "an empty string" : std::string(name.substr(0, 60)),
                "Set the camera driver to one of these, preferably NV12, which needs no conversion.");
}

Planes PlanesOf(Layout layout) {
  if (layout == Layout::kPacked) return Planes::kOne;
  return layout == Layout::kNv12 || layout == Layout::kNv21 ? Planes::kPairs : Planes::kThree;
}

/** The even number nearest to `length` in [2, limit]. Halves are rounded up, as Math.round does. */
int EvenWithin(double length, int limit) {
  const auto even = static_cast<int>(2 * std::floor(length / 2 + 0.5));
  return std::max(2, std::min(even, limit - limit % 2));
}

}  // namespace

ImageView ViewImage(const Message& message, const ImageReading& reading) {
  const Encoding& encoding = EncodingOf(message);
  const Planes planes = PlanesOf(encoding.layout);
  const bool planar = planes != Planes::kOne;
  const bool is_422 = !planar && (encoding.format == Format::kYuyv || encoding.format == Format::kUyvy);
  ImageView view{};
  view.encoding = &encoding;
  view.width = Dimension(message.width, "width", encoding, planar || is_422);
  view.height = Dimension(message.height, "height", encoding, planar);
  const int bytes = planar ? 1 : nv12::BytesPerPixel(encoding.format);
  view.shape = {encoding.name, view.width, view.height,
                static_cast<uint64_t>(view.width) * static_cast<uint64_t>(bytes), planes};
  view.rows = FindRows(view.shape, message.step, reading, message.size, message.exact);

  const auto stride = static_cast<size_t>(view.rows.stride);
  const uint8_t* const chroma = message.data + view.rows.stride * view.rows.count;
  switch (encoding.layout) {
    case Layout::kNv12:
    case Layout::kNv21:
      view.picture = {view.width, view.height, message.data, chroma, stride, stride};
      break;
    case Layout::kPacked:
      view.packed = {view.width,      view.height,   message.data,      stride,
                     encoding.format, reading.white, message.big_endian};
      break;
    case Layout::kI420:
    case Layout::kYv12: {
      const uint8_t* const second = chroma + (view.rows.stride / 2) * (view.rows.count / 2);
      const bool u_first = encoding.layout == Layout::kI420;
      view.planar = {view.width,
                     view.height,
                     message.data,
                     u_first ? chroma : second,
                     u_first ? second : chroma,
                     stride,
                     stride / 2,
                     1};
      break;
    }
  }
  return view;
}

void Convert(const ImageView& view, const nv12::Target& target) {
  switch (view.encoding->layout) {
    case Layout::kNv12:
      return CopyPixels(view.picture, target);
    case Layout::kNv21: {
      const nv12::Source& pairs = view.picture;
      return nv12::FromPlanar({view.width, view.height, pairs.luma, pairs.chroma + 1, pairs.chroma,
                               pairs.luma_stride, pairs.chroma_stride, 2},
                              target);
    }
    case Layout::kPacked:
      return nv12::FromPacked(view.packed, nv12::Range::kFull, target);
    case Layout::kI420:
    case Layout::kYv12:
      return nv12::FromPlanar(view.planar, target);
  }
}

nv12::Content LetterboxContent(int width, int height, int model_width, int model_height, bool stretch) {
  const double scale_x = static_cast<double>(model_width) / width;
  const double scale_y = static_cast<double>(model_height) / height;
  const double scale = std::min(scale_x, scale_y);
  nv12::Content content{};
  content.width = EvenWithin(width * (stretch ? scale_x : scale), model_width);
  content.height = EvenWithin(height * (stretch ? scale_y : scale), model_height);
  content.left = 2 * ((model_width - content.width) / 4);
  content.top = 2 * ((model_height - content.height) / 4);
  return content;
}

}  // namespace camera
