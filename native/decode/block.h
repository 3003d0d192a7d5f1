#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "decode/head.h"

namespace decode {

/** Version of the blocks in which JavaScript describes heads; other versions have other fields. */
constexpr int32_t kBlockVersion = 1;
/** Version, type, height, width, channels, strides of rows, cells and channels, first channel. */
constexpr size_t kBlockLength = 9;

/**
 * A head from a block of src/vision/decode/head-block.ts.
 *
 * @param numbers may be changed by another thread, so each is read once
 * @param scales a scale for each channel, then a zero point for each; none where numbers are real. Not copied
 * @param problem what is wrong with it, where this returns false
 */
bool ReadBlock(const int32_t* numbers, size_t length, const double* scales, size_t scale_count, Head& head,
               std::string& problem);

}  // namespace decode
