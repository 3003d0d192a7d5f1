#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nv12/picture.h"

namespace camera {

/** A camera's message as views on its memory; nothing is checked yet. */
struct Message {
  int32_t sec = 0;
  uint32_t nanosec = 0;
  /** The publisher's counter (HbmMsg); -1 where there is none. */
  int64_t index = -1;
  /** Of messages that have one (sensor_msgs/Image). */
  std::string_view frame_id;
  bool has_frame_id = false;

  uint32_t width = 0;
  uint32_t height = 0;
  /** Bytes from row to row as the publisher claims; TROS publishers lie (facts: tros.md 3.3). */
  uint32_t step = 0;
  std::string_view encoding;
  /** What there is of the pixels: all of it may be read, nothing behind. */
  const uint8_t* data = nullptr;
  size_t size = 0;
};

/** The letters of a fixed field that publishers write without clearing what is behind them. */
std::string_view HbmEncoding(const uint8_t* letters, size_t length);

/**
 * Views the message as an NV12 frame; the same rules as nv12Frame() of src/frame/nv12-frame.ts: a step is
 * believed when it is at least the width and the data is long enough for it, else rows count as packed.
 *
 * @throws Failure for odd, zero or huge sizes and for data that is too short
 */
nv12::Source ViewNv12(const Message& message);

/** Whether the encoding is one that ViewInterleaved reads. */
bool IsInterleaved(std::string_view encoding);

/**
 * Views a bgr8, rgb8 or mono8 message; the last column or row of an odd picture is left out
 * (CameraImageReader of src/frame/camera-image.ts).
 *
 * @throws Failure for sizes that make no frame and data that is too short
 */
nv12::Interleaved ViewInterleaved(const Message& message);

/** What a camera sends that is none of the encodings that are read here. @throws Failure always */
[[noreturn]] void RefuseEncoding(std::string_view encoding);

/** Where a picture of this size lies within the model's input: the arithmetic of src/frame/letterbox.ts. */
nv12::Content ContentFor(int width, int height, int model_width, int model_height);

}  // namespace camera
