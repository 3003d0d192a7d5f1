#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nv12/picture.h"

namespace camera {

/** How a camera's image becomes a frame. */
enum class Layout {
  /** A view, where it lies. */
  kNv12,
  /** A view whose chroma is exchanged when it is scaled. */
  kNv21,
  /** Converted from pixels that lie one by one. */
  kPacked,
  /** Converted from three planes: Y, U, V; or Y, V, U. */
  kI420,
  kYv12,
};

/** An encoding that is read. This table is the only one: JavaScript has it from here (imageEncodings). */
struct Encoding {
  /** As errors and documents name it; lower case. */
  const char* name;
  /** What it is called elsewhere (sensor_msgs/image_encodings, cv_bridge), separated by a space. */
  const char* aliases;
  Layout layout;
  /** Of kPacked. */
  nv12::PackedImage::Format format;
};

constexpr Encoding kEncodings[] = {
    {"nv12", "", Layout::kNv12, {}},
    {"nv21", "", Layout::kNv21, {}},
    {"yuyv", "yuv422_yuy2 yuy2", Layout::kPacked, nv12::PackedImage::Format::kYuyv},
    {"uyvy", "yuv422", Layout::kPacked, nv12::PackedImage::Format::kUyvy},
    {"i420", "", Layout::kI420, {}},
    {"yv12", "", Layout::kYv12, {}},
    {"bgr8", "8UC3", Layout::kPacked, nv12::PackedImage::Format::kBgr},
    {"rgb8", "", Layout::kPacked, nv12::PackedImage::Format::kRgb},
    {"bgra8", "8UC4", Layout::kPacked, nv12::PackedImage::Format::kBgra},
    {"rgba8", "", Layout::kPacked, nv12::PackedImage::Format::kRgba},
    {"mono8", "8UC1", Layout::kPacked, nv12::PackedImage::Format::kMono},
    {"mono16", "16UC1", Layout::kPacked, nv12::PackedImage::Format::kMono16},
};

/** @returns the encoding of this name, in whatever case; null where none is read */
const Encoding* FindEncoding(std::string_view name);

/** All of them as an error names them: `nv12, yuyv (yuv422_yuy2, yuy2), ...`. */
std::string KnownEncodings();

/**
 * The letters of a fixed field (HbmMsg), which publishers write without clearing what is behind them: what
 * they begin with among the names above and jpeg, the longest of these.
 */
std::string_view HbmEncoding(const uint8_t* letters, size_t length);

}  // namespace camera
