#include "camera/rows.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace camera {
namespace {

/** Alignments that cameras, codecs and GPUs use for rows (in bytes or pixels) and for the number of rows. */
constexpr uint64_t kRowAlignments[] = {4, 8, 16, 32, 64, 128, 256, 512};
constexpr uint64_t kCountAlignments[] = {2, 4, 8, 16, 32, 64};

uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

std::string Number(uint64_t value) { return std::to_string(value); }

/**
 * Limits of the parameters image_step and image_rows. No camera exceeds them, and their product stays far
 * below 2^64.
 */
constexpr uint32_t kMaxStep = 1 << 20;
constexpr uint32_t kMaxRows = 1 << 16;

/** "810x1080 nv12 image" */
std::string Name(const Shape& shape) {
  return std::to_string(shape.width) + "x" + std::to_string(shape.height) + " " + shape.encoding + " image";
}

/** Size of the image in bytes, including all padding. */
uint64_t PaddedBytes(const Shape& shape, uint64_t stride, uint64_t count) {
  return shape.planes == Planes::kOne ? stride * count : stride * count + stride * count / 2;
}

/** Bytes up to the last byte of the picture. */
uint64_t MinBytes(const Shape& shape, uint64_t stride, uint64_t count) {
  const auto height = static_cast<uint64_t>(shape.height);
  switch (shape.planes) {
    case Planes::kOne:
      return stride * (height - 1) + shape.row;
    case Planes::kPairs:
      return stride * count + stride * (height / 2 - 1) + shape.row;
    case Planes::kThree:
      break;
  }
  const uint64_t half = stride / 2;
  return stride * count + half * (count / 2) + half * (height / 2 - 1) + shape.row / 2;
}

/** Separate chroma planes require an even stride and count. */
bool IsPossible(const Shape& shape, uint64_t stride, uint64_t count) {
  return shape.planes != Planes::kThree || (stride % 2 == 0 && count % 2 == 0);
}

/**
 * A small set of numbers. Not a vector, because this runs for every frame of a camera with a wrong header.
 */
class Values {
 public:
  void Add(uint64_t value) {
    if (std::find(begin(), end(), value) == end()) values_[size_++] = value;
  }
  const uint64_t* begin() const { return values_; }
  const uint64_t* end() const { return values_ + size_; }

 private:
  uint64_t values_[1 + 2 * std::size(kRowAlignments)];
  size_t size_ = 0;
};

/** Row counts that a picture may be padded to; the unpadded height first. */
Values Counts(const Shape& shape) {
  const auto height = static_cast<uint64_t>(shape.height);
  Values counts;
  counts.Add(height);
  for (const uint64_t alignment : kCountAlignments) counts.Add(AlignUp(height, alignment));
  return counts;
}

Values Strides(const Shape& shape) {
  const auto width = static_cast<uint64_t>(shape.width);
  Values strides;
  for (const uint64_t alignment : kRowAlignments) {
    strides.Add(AlignUp(shape.row, alignment));
    strides.Add(AlignUp(width, alignment) * (shape.row / width));
  }
  return strides;
}

bool Explains(const Shape& shape, uint64_t stride, uint64_t count, uint64_t size) {
  return stride >= shape.row && IsPossible(shape, stride, count) && PaddedBytes(shape, stride, count) == size;
}

/** Calls `use(rows)` with every padding that accounts for `size` bytes. */
template <typename Use>
void ForEachExplanation(const Shape& shape, uint64_t size, Use use) {
  for (const uint64_t stride : Strides(shape)) {
    for (const uint64_t count : Counts(shape)) {
      if (Explains(shape, stride, count, size)) use(Rows{stride, count, true});
    }
  }
}

Failure TooShort(const Shape& shape, uint64_t needed, uint64_t size) {
  return {"at least " + Number(needed) + " bytes for a " + Name(shape), Number(size) + " bytes",
          "Check width, height, step and encoding of the publisher."};
}

Rows RowsFromReading(const Shape& shape, uint32_t claimed, const ImageReading& reading, uint64_t size) {
  const auto height = static_cast<uint64_t>(shape.height);
  if (reading.step > 0 && reading.step < shape.row) {
    throw Failure("image_step of at least " + Number(shape.row) + " bytes for a " + Name(shape),
                  Number(reading.step), "0 leaves it to the messages.");
  }
  if (reading.rows > 0 && reading.rows < height) {
    throw Failure("image_rows of at least " + Number(height) + " for a " + Name(shape), Number(reading.rows),
                  "0 leaves it to the messages.");
  }
  if (reading.step > kMaxStep) {
    throw Failure("image_step of at most " + Number(kMaxStep) + " bytes", Number(reading.step),
                  "0 leaves it to the messages.");
  }
  if (reading.rows > kMaxRows) {
    throw Failure("image_rows of at most " + Number(kMaxRows), Number(reading.rows),
                  "0 leaves it to the messages.");
  }
  const uint64_t count = reading.rows > 0 ? reading.rows : height;
  uint64_t stride = shape.row;
  if (reading.step > 0) {
    stride = reading.step;
  } else if (claimed >= shape.row && MinBytes(shape, claimed, count) <= size) {
    stride = claimed;
  }
  if (!IsPossible(shape, stride, count)) {
    throw Failure("even image_step and image_rows for a " + Name(shape),
                  Number(stride) + " and " + Number(count), "Its chroma planes have half of each.");
  }
  const uint64_t needed = MinBytes(shape, stride, count);
  if (needed > size) {
    Failure failure = TooShort(shape, needed, size);
    failure.hint = "image_step and image_rows ask for " + Number(count) + " rows of " + Number(stride) +
                   " bytes: do they match this camera?";
    throw failure;
  }
  return {stride, count, true};
}

}  // namespace

Rows FindRows(const Shape& shape, uint32_t claimed, const ImageReading& reading, uint64_t size, bool exact) {
  if (reading.step > 0 || reading.rows > 0) return RowsFromReading(shape, claimed, reading, size);
  const auto height = static_cast<uint64_t>(shape.height);
  const uint64_t strides[] = {claimed, shape.row};
  for (const uint64_t stride : strides) {
    if (Explains(shape, stride, height, size)) return {stride, height, true};
  }
  if (exact) {
    for (const uint64_t count : Counts(shape)) {
      if (Explains(shape, claimed, count, size)) return {claimed, count, true};
    }
    Rows only{};
    int found = 0;
    ForEachExplanation(shape, size, [&](const Rows& rows) {
      only = rows;
      found++;
    });
    if (found == 1) return only;
  }
  for (const uint64_t stride : strides) {
    if (stride < shape.row || !IsPossible(shape, stride, height) || MinBytes(shape, stride, height) > size)
      continue;
    // Some publishers omit the padding of the last row.
    return {stride, height, size <= PaddedBytes(shape, stride, height)};
  }
  throw TooShort(shape, MinBytes(shape, shape.row, height), size);
}

Failure UnexplainedRows(const Shape& shape, const Rows& rows, uint64_t size) {
  std::string hint = "It is read with " + Number(rows.count) + " rows of " + Number(rows.stride) + " bytes.";
  std::string others;
  ForEachExplanation(shape, size, [&](const Rows& other) {
    others += (others.empty() ? " The size is that of " : ", or of ") + Number(other.count) + " rows of " +
              Number(other.stride) + " bytes";
  });
  if (!others.empty()) hint += others + ".";
  hint +=
      " If colors or shapes are wrong, set image_step and image_rows to what the camera sends; if all is "
      "well, set them to these values.";
  return {Number(PaddedBytes(shape, rows.stride, rows.count)) + " bytes for a " + Name(shape) +
              " with rows of " + Number(rows.stride) + " bytes",
          Number(size) + " bytes", hint};
}

}  // namespace camera
