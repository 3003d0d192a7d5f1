#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "camera/encodings.h"
#include "camera/rows.h"
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
  /** Bytes from row to row as the publisher claims, who may be wrong: see FindRows(). */
  uint32_t step = 0;
  std::string_view encoding;
  /** Of samples with more than one byte. */
  bool big_endian = false;
  /** What there is of the pixels: all of it may be read, nothing behind. */
  const uint8_t* data = nullptr;
  size_t size = 0;
  /** Whether there is no more of it than the image has: not for HbmMsg, which names the size of a buffer. */
  bool exact = true;
};

/** A message's picture as views on its memory. */
struct ImageView {
  const Encoding* encoding;
  /** Of the picture; the frame has even sizes. */
  int width;
  int height;
  Shape shape;
  Rows rows;
  /** Of kNv12 and kNv21, whose pairs are V, U. */
  nv12::Source picture;
  nv12::PackedImage packed;
  nv12::PlanarImage planar;

  /** Whether it is a frame as it lies, but for the order of kNv21's chroma. */
  bool IsFrame() const { return encoding->layout == Layout::kNv12 || encoding->layout == Layout::kNv21; }
  bool IsSwapped() const { return encoding->layout == Layout::kNv21; }
};

/**
 * Views the message's picture; rows as FindRows() finds them.
 *
 * @throws Failure for encodings that are not read, sizes that make no frame and data that is too short
 */
ImageView ViewImage(const Message& message, const ImageReading& reading);

/** Writes the picture as NV12 of full range. The target has its size, rounded up to even numbers. */
void Convert(const ImageView& view, const nv12::Target& target);

/** Where a picture of this size lies within the model's input: the arithmetic of
 * src/vision/picture/letterbox.ts. */
nv12::Content LetterboxContent(int width, int height, int model_width, int model_height);

}  // namespace camera
