#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decode/outlines.h"

namespace web {

/** Bytes that another thread may be changing. */
struct Bytes {
  const uint8_t* data;
  size_t length;
};

/** Numbers that another thread may be changing. */
struct Numbers {
  const int32_t* data;
  size_t length;
};

/** What was expected of the arguments, and what was found. */
struct Mistake {
  std::string expected;
  std::string found;
};

/**
 * Adds contours to the live page's message of a frame, each behind its instance.
 *
 * @param message without contours, as writeFrame() makes it (src/web/protocol/frame-writer.ts)
 * @param masks of its instances, as MaskPacker makes them (src/web/protocol/frame-contours.ts)
 * @param out the message with contours; keeps its memory from call to call
 * @returns what is wrong with the arguments; nothing if `out` is complete
 */
std::optional<Mistake> AddContours(Bytes message, Numbers masks, const decode::OutlineOptions& options,
                                   std::vector<uint8_t>& out);

}  // namespace web
