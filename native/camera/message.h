#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "camera/encodings.h"
#include "camera/rows.h"
#include "nv12/picture.h"

namespace camera {

/** Views of a camera's message; nothing is validated yet. */
struct Message {
  int32_t sec = 0;
  uint32_t nanosec = 0;
  /** The publisher's counter (HbmMsg); -1 for none. */
  int64_t index = -1;
  /** For messages that have one (sensor_msgs/Image). */
  std::string_view frame_id;
  bool has_frame_id = false;

  uint32_t width = 0;
  uint32_t height = 0;
  /** Row stride as claimed by the publisher, which may be wrong: see FindRows(). */
  uint32_t step = 0;
  std::string_view encoding;
  /** For samples of more than one byte. */
  bool big_endian = false;
  /** The available bytes; all of them may be read, and none beyond. */
  const uint8_t* data = nullptr;
  size_t size = 0;
  /**
   * Whether `size` is the size of the image. False for HbmMsg, whose publishers report the size of a buffer.
   */
  bool exact = true;
};

/** Views of a message's picture. */
struct ImageView {
  const Encoding* encoding;
  /** Size of the picture; the frame's is rounded up to even numbers. */
  int width;
  int height;
  Shape shape;
  Rows rows;
  /** For kNv12 and kNv21; the chroma pairs of kNv21 are V, U. */
  nv12::Source picture;
  nv12::PackedImage packed;
  nv12::PlanarImage planar;

  /** Whether it can be used as a frame in place, apart from the chroma order of kNv21. */
  bool IsFrame() const { return encoding->layout == Layout::kNv12 || encoding->layout == Layout::kNv21; }
  bool IsSwapped() const { return encoding->layout == Layout::kNv21; }
};

/**
 * Views the message's picture, with rows from FindRows().
 * @throws Failure for unsupported encodings, invalid sizes and too little data
 */
ImageView ViewImage(const Message& message, const ImageReading& reading);

/** Writes the picture as full-range NV12. The target has its size, rounded up to even numbers. */
void Convert(const ImageView& view, const nv12::Target& target);

/**
 * The letterbox rectangle of a picture of this size. Same arithmetic as src/vision/picture/letterbox.ts.
 * @param stretch to fill the model's input, instead of keeping the aspect
 */
nv12::Content LetterboxContent(int width, int height, int model_width, int model_height, bool stretch);

}  // namespace camera
