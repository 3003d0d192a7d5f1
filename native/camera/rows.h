#pragma once

#include <cstdint>

#include "../failure.h"

namespace camera {

/** What the user says of a camera's images, where the messages do not; 0 as told. */
struct ImageReading {
  /** Bytes from row to row (parameter image_step). */
  uint32_t step = 0;
  /** Rows of luma that there is room for before the chroma (parameter image_rows). */
  uint32_t rows = 0;
  /** The value of a 16-bit gray that is white (parameter mono16_max), 1 to 65535. */
  uint32_t white = 65535;
};

enum class Planes {
  /** Only the rows. */
  kOne,
  /** Then half as many rows of U, V pairs. */
  kPairs,
  /** Then two planes of half the width and half the rows. */
  kThree,
};

/** What must be known of an image to find its rows. */
struct Shape {
  /** The encoding's name, for errors. */
  const char* encoding;
  int width;
  int height;
  /** Of one row, without padding. */
  uint64_t row;
  Planes planes;
};

/** Where the rows of an image lie. */
struct Rows {
  /** Bytes from row to row; for three planes, of the first. */
  uint64_t stride;
  /** Of the first plane, those below the picture included. */
  uint64_t count;
  /** Whether it is certain that they lie so. */
  bool explained;
};

/**
 * Finds the rows of an image in `size` bytes.
 *
 * Publishers lie about rows, those of TROS among them: step is 0, stale, the width for every encoding, or the
 * width although the hardware pads; luma may be padded below. So what the header claims is believed where it
 * accounts for all the bytes; else packed rows where they do. Otherwise, where `exact`, the one padding of
 * rows and columns to a usual alignment that does; the claimed step with rows padded below comes first. Where
 * nothing does, or too much, rows are as claimed if there are bytes enough, else packed, and not `explained`.
 *
 * @param claimed step of the header
 * @param exact whether the message has no more bytes than its image: HbmMsg names the size of a buffer
 * @throws Failure where there are not bytes enough, and for a `reading` that is less than the picture
 */
Rows FindRows(const Shape& shape, uint32_t claimed, const ImageReading& reading, uint64_t size, bool exact);

/** What to tell the user of rows that are not explained. */
Failure UnexplainedRows(const Shape& shape, const Rows& rows, uint64_t size);

}  // namespace camera
