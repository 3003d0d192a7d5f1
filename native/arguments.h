#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

#include "nv12/picture.h"

/**
 * Converts JavaScript arguments to plain views. Every number and extent is checked here, regardless of
 * earlier checks in TypeScript: no argument can make the addon read or write outside the given arrays.
 *
 * All functions throw Napi::TypeError, "Expected ... but received ...".
 *
 * Conversion takes two steps, because reading a property may run a getter, and a getter may detach a buffer.
 * First read all objects (Read...), then take the pointers (View...), which runs no JavaScript.
 */
namespace arguments {

[[noreturn]] void Fail(Napi::Env env, const std::string& expected, const std::string& received);

/** A string property; throws for any other type. */
std::string ReadString(Napi::Object object, const char* key);

/**
 * @param name used in the error
 * @returns a whole number from `min` to `max`
 */
double ReadInteger(Napi::Value value, const char* name, double min, double max);
/** A number of at least `min`, which may be infinite. */
double ReadNumber(Napi::Value value, const char* name, double min);
/** An even number. */
int ReadEven(Napi::Value value, const char* name, int min, int max);

/** The memory of a picture or a tensor. Inputs and outputs must not overlap. */
struct MemoryRange {
  const void* begin;
  const void* end;
};

/** An Nv12Frame (src/vision/picture/nv12-frame.ts). */
struct Nv12Argument {
  const char* name;
  Napi::Value data;
  int width;
  int height;
  uint64_t luma_stride;
  uint64_t chroma_stride;
  uint64_t luma_offset;
  uint64_t chroma_offset;
};

/** A PackedImage (src/native/convert.ts). */
struct PackedArgument {
  Napi::Value data;
  int width;
  int height;
  uint64_t stride;
  uint64_t offset;
  nv12::PackedImage::Format format;
  uint32_t white;
  bool big_endian;
};

Nv12Argument ReadNv12(Napi::Value value, const char* name);
/**
 * The frame in the arguments from `first` on: data, width, height, luma offset and stride, chroma offset and
 * stride. For functions that are called for each frame: to read them as properties of an object takes
 * several times as long.
 */
Nv12Argument ReadPlanes(const Napi::CallbackInfo& info, size_t first, const char* name);
/** Arguments that ReadPlanes() reads. */
constexpr size_t kPlanes = 7;
PackedArgument ReadPacked(Napi::Value value);

/** A Letterbox (src/vision/picture/letterbox.ts): left, top, width and height, even, within the target. */
nv12::Content ReadContent(Napi::Value value, const Nv12Argument& target);

/** 'full' or 'limited'. */
nv12::Range ReadRange(Napi::Value value);

/**
 * Call once per environment, when the addon loads and nothing can have modified ArrayBuffer.prototype yet.
 */
void InitEnvironment(Napi::Env env);
/**
 * Rejects resizable ArrayBuffers: their memory could shrink while another thread reads it. Runs no JavaScript
 * except the built-in getter of ArrayBuffer.
 */
void ExpectNotResizable(Napi::Value array, const char* name);
inline void ExpectNotResizable(const Nv12Argument& argument) {
  ExpectNotResizable(argument.data, argument.name);
}
/** Whether a non-empty array still has its memory, that is, was not transferred. */
bool HasMemory(Napi::Value array);

nv12::Source ViewSource(const Nv12Argument& argument);
/** Also rejects overlapping planes. */
nv12::Target ViewTarget(const Nv12Argument& argument);
nv12::PackedImage ViewPacked(const PackedArgument& argument);

/** Typed arrays with exactly `length` elements. */
float* ViewFloats(Napi::Value value, const char* name, uint64_t length);
uint8_t* ViewBytes(Napi::Value value, const char* name, uint64_t length);

/** Rejects overlapping input and output: rows would be read after they were overwritten. */
void ExpectNoOverlap(Napi::Env env, const nv12::Source& source, const nv12::Target& target);
void ExpectNoOverlap(Napi::Env env, const nv12::Source& source, MemoryRange output);
void ExpectNoOverlap(Napi::Env env, const nv12::PackedImage& source, const nv12::Target& target);

}  // namespace arguments
