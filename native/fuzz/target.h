#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/**
 * Runs one input. The target must return for any bytes. Sanitizers detect memory errors and undefined
 * behavior; violations of other invariants are reported through fuzz::Fail. libFuzzer and AFL call the same
 * function.
 */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace fuzz {

using Bytes = std::vector<uint8_t>;

/** Initial inputs. */
std::vector<Bytes> Seeds();

/** Ends the process because an invariant is violated. */
[[noreturn]] void Fail(const std::string& what);

inline void Expect(bool right, const char* what) {
  if (!right) Fail(what);
}

/** Reads values from the start of an input; zeros beyond its end. */
class Reader {
 public:
  Reader(const uint8_t* data, size_t size) : data_(data), left_(size) {}

  uint64_t Little(size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && left_ > 0; i++, left_--) value |= uint64_t{*data_++} << (8 * i);
    return value;
  }
  uint8_t U8() { return static_cast<uint8_t>(Little(1)); }
  uint32_t U32() { return static_cast<uint32_t>(Little(4)); }
  /** At most `most` bytes. */
  Bytes Take(size_t most) {
    const size_t size = most < left_ ? most : left_;
    Bytes taken(data_, data_ + size);
    data_ += size;
    left_ -= size;
    return taken;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

/** The inverse of Reader. */
class Writer {
 public:
  Writer& Little(uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) input.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  Writer& U8(uint64_t value) { return Little(value, 1); }
  Writer& U32(uint64_t value) { return Little(value, 4); }
  Writer& U64(uint64_t value) { return Little(value, 8); }
  Writer& Add(const std::string& text) {
    input.insert(input.end(), text.begin(), text.end());
    return *this;
  }
  /** The length, then the text. */
  Writer& Text(const std::string& text) { return U32(text.size()).Add(text); }

  Bytes input;
};

}  // namespace fuzz
