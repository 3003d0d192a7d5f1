#pragma once

#include <cstdint>

#include "../failure.h"

namespace camera {

/** How the user says a camera's images are laid out; 0 leaves it to the messages. */
struct ImageReading {
  /** Row stride in bytes (parameter image_step). */
  uint32_t step = 0;
  /** Rows of luma before the chroma, including padding (parameter image_rows). */
  uint32_t rows = 0;
  /** The 16-bit value that is white (parameter mono16_max), 1 to 65535. */
  uint32_t white = 65535;
};

enum class Planes {
  /** One plane. */
  kOne,
  /** Luma, then half as many rows of U, V pairs. */
  kPairs,
  /** Luma, then two planes of half the width and half the height. */
  kThree,
};

/** The properties of an image that determine its possible row layouts. */
struct Shape {
  /** The encoding's name, for errors. */
  const char* encoding;
  int width;
  int height;
  /** Bytes of one row without padding. */
  uint64_t row;
  Planes planes;
};

/** The row layout of an image. */
struct Rows {
  /** Row stride in bytes; of the first plane if there are three. */
  uint64_t stride;
  /** Rows of the first plane, including padding below the picture. */
  uint64_t count;
  /** Whether the layout accounts for the size of the data. */
  bool explained;
};

/**
 * Finds the row layout of an image of `size` bytes.
 *
 * Publishers report wrong steps, those of TROS included: 0, a stale value, the width for every encoding, or
 * the width although the hardware pads rows. There may also be padding below the luma plane. The layout is
 * chosen in this order:
 *
 * 1. The claimed step, if it accounts for all bytes; else packed rows, if they do.
 *
 * 2. If `exact`: the claimed step with padding below; else the only combination of usual row and column
 * alignments that accounts for all bytes.
 *
 * 3. The claimed step if there are enough bytes, else packed rows. The layout is then not `explained`.
 * @param claimed the step of the header
 * @param exact whether `size` is the size of the image. False for HbmMsg, whose publishers report the size of
 *   a buffer
 * @throws Failure when there are not enough bytes, or when `reading` is smaller than the picture
 */
Rows FindRows(const Shape& shape, uint32_t claimed, const ImageReading& reading, uint64_t size, bool exact);

/** The warning for rows that are not explained. */
Failure UnexplainedRows(const Shape& shape, const Rows& rows, uint64_t size);

}  // namespace camera
