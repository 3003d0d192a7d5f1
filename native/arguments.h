#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

#include "nv12/picture.h"

/**
 * JavaScript arguments as plain views. Every number and every extent is checked here, whatever the TypeScript
 * side has checked before: no argument makes the addon read or write outside an array it was given.
 *
 * All throw Napi::TypeError, "Expected ... but received ...".
 *
 * Two steps, because reading a property may run a getter, and a getter may detach a buffer: first read all
 * objects (Read...), then take the pointers (View...), which runs no JavaScript.
 */
namespace arguments {

[[noreturn]] void Fail(Napi::Env env, const std::string& expected, const std::string& received);

/** A string property; `Fail`s for anything else. */
std::string ReadString(Napi::Object object, const char* key);

/** @param name of what it is, for the error @returns a whole number from `min` to `max` */
double ReadInteger(Napi::Value value, const char* name, double min, double max);

/** The memory of a picture or of a tensor: what must not be shared between input and output. */
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
PackedArgument ReadPacked(Napi::Value value);

/** A Letterbox (src/vision/picture/letterbox.ts): left, top, width and height, even, within the target. */
nv12::Content ReadContent(Napi::Value value, const Nv12Argument& target);

/** 'full' or 'limited'. */
nv12::Range ReadRange(Napi::Value value);

/** Once for each environment, when the addon is loaded: nobody has changed ArrayBuffer.prototype then. */
void InitEnvironment(Napi::Env env);
/** Refuses memory that could shrink while another thread reads it: that of a resizable ArrayBuffer. Runs no
 * JavaScript but the getter of ArrayBuffer itself. */
void ExpectNotResizable(Napi::Value array, const char* name);
inline void ExpectNotResizable(const Nv12Argument& argument) {
  ExpectNotResizable(argument.data, argument.name);
}
/** Whether an array of at least one element still has its memory: it was not transferred. */
bool HasMemory(Napi::Value array);

nv12::Source ViewSource(const Nv12Argument& argument);
/** Also refuses planes that share memory. */
nv12::Target ViewTarget(const Nv12Argument& argument);
nv12::PackedImage ViewPacked(const PackedArgument& argument);

/** Typed arrays of exactly `length` elements. */
float* ViewFloats(Napi::Value value, const char* name, uint64_t length);
uint8_t* ViewBytes(Napi::Value value, const char* name, uint64_t length);

/** Refuses an input and an output that share memory: rows would be read after they were overwritten. */
void ExpectNoOverlap(Napi::Env env, const nv12::Source& source, const nv12::Target& target);
void ExpectNoOverlap(Napi::Env env, const nv12::Source& source, MemoryRange output);
void ExpectNoOverlap(Napi::Env env, const nv12::PackedImage& source, const nv12::Target& target);

}  // namespace arguments
