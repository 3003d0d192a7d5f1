#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nv12/picture.h"

namespace camera {

/** How an image becomes an NV12 frame. */
enum class Layout {
  /** Used in place. */
  kNv12,
  /** Used in place; U and V are swapped after scaling. */
  kNv21,
  /** Converted from packed pixels. */
  kPacked,
  /** Converted from three planes, in the order Y, U, V or Y, V, U. */
  kI420,
  kYv12,
};

/** A supported encoding. This table is the only one; JavaScript gets it through imageEncodings(). */
struct Encoding {
  /** The name in errors and documents; lower case. */
  const char* name;
  /** Other names (sensor_msgs/image_encodings, cv_bridge), separated by spaces. */
  const char* aliases;
  Layout layout;
  /** For kPacked. */
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

/** @returns the encoding of this name, ignoring case; null when it is not supported */
const Encoding* FindEncoding(std::string_view name);

/** All encodings, as listed in errors: `nv12, yuyv (yuv422_yuy2, yuy2), ...`. */
std::string KnownEncodings();

/**
 * Reads the fixed-size encoding field of an HbmMsg. Publishers do not clear the bytes behind the name, so
 * this returns the longest of the names above, and jpeg, that the field starts with.
 */
std::string_view HbmEncoding(const uint8_t* letters, size_t length);

}  // namespace camera
