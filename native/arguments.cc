#include "arguments.h"

#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>

namespace arguments {
namespace {

/** Far above any real stride, yet stride * height + offset cannot overflow 64 bits. */
constexpr double kMaxStride = 1 << 30;
constexpr double kMaxOffset = 9007199254740991.0;  // Number.MAX_SAFE_INTEGER

/** Data of one environment. */
struct State {
  /** The getter of ArrayBuffer.prototype.resizable; empty if this Node.js has none. */
  Napi::FunctionReference resizable;
};

std::string Show(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

/** Describes a value without running any JavaScript. */
std::string Show(Napi::Value value) {
  if (value.IsNumber()) return Show(value.As<Napi::Number>().DoubleValue());
  if (value.IsString()) return value.As<Napi::String>().Utf8Value().substr(0, 60);
  if (value.IsUndefined()) return "undefined";
  if (value.IsNull()) return "null";
  if (value.IsTypedArray()) return "a typed array of another kind";
  if (value.IsObject()) return "an object of another kind";
  return "a value of another type";
}

std::string Plural(uint64_t count, const char* unit) {
  return std::to_string(count) + " " + unit + (count == 1 ? "" : "s");
}

Napi::Object ReadObject(Napi::Value value, const std::string& name) {
  if (!value.IsObject()) Fail(value.Env(), "an object for " + name, Show(value));
  return value.As<Napi::Object>();
}

/** The value if it is a whole number from `min` to `max`, else NaN. */
double WholeNumber(Napi::Value value, double min, double max) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  return number >= min && number <= max && number == std::floor(number) ? number : std::nan("");
}

[[noreturn]] void FailInteger(Napi::Value value, const std::string& name, double min, double max) {
  Fail(value.Env(), "an integer from " + Show(min) + " to " + Show(max) + " for " + name, Show(value));
}

double ReadInteger(Napi::Object object, const std::string& name, const char* key, double min, double max) {
  const Napi::Value value = object.Get(key);
  const double number = WholeNumber(value, min, max);
  if (std::isnan(number)) FailInteger(value, name + "." + key, min, max);
  return number;
}

int ReadEven(Napi::Object object, const std::string& name, const char* key, int min, int max) {
  const auto value = static_cast<int>(ReadInteger(object, name, key, min, max));
  if (value % 2 != 0) Fail(object.Env(), "an even number for " + name + "." + key, std::to_string(value));
  return value;
}

uint64_t ReadOffset(Napi::Object object, const std::string& name, const char* key) {
  return static_cast<uint64_t>(ReadInteger(object, name, key, 0, kMaxOffset));
}

uint64_t ReadStride(Napi::Object object, const std::string& name, const char* key, int min) {
  return static_cast<uint64_t>(ReadInteger(object, name, key, min, kMaxStride));
}

Napi::TypedArray ExpectArray(Napi::Value value, const std::string& name, napi_typedarray_type type,
                             const char* type_name) {
  // A detached array is harmless: its length is 0, so it fails the length check that follows.
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    Fail(value.Env(), std::string(type_name) + " for " + name, Show(value));
  }
  return value.As<Napi::TypedArray>();
}

struct Bytes {
  uint8_t* data;
  uint64_t length;
};

/** The current memory of a Uint8Array. */
Bytes BytesOf(Napi::Value value, const std::string& name) {
  auto array = ExpectArray(value, name, napi_uint8_array, "a Uint8Array").As<Napi::Uint8Array>();
  return {array.Data(), array.ElementLength()};
}

/** Bytes from the start of the first row to the end of the last. */
uint64_t ByteSpan(uint64_t stride, int rows, int row_bytes) {
  return stride * static_cast<uint64_t>(rows - 1) + static_cast<uint64_t>(row_bytes);
}

bool Overlap(MemoryRange a, MemoryRange b) {
  const std::less<const void*> before;
  return before(a.begin, b.end) && before(b.begin, a.end);
}

template <typename Byte>
MemoryRange LumaOf(const nv12::BasicPicture<Byte>& picture) {
  return {picture.luma, picture.luma + ByteSpan(picture.luma_stride, picture.height, picture.width)};
}

template <typename Byte>
MemoryRange ChromaOf(const nv12::BasicPicture<Byte>& picture) {
  return {picture.chroma,
          picture.chroma + ByteSpan(picture.chroma_stride, picture.height / 2, picture.width)};
}

using Format = nv12::PackedImage::Format;

/** Formats and their names in src/native/convert.ts. */
constexpr struct {
  const char* name;
  Format format;
} kFormats[] = {
    {"rgb8", Format::kRgb},   {"bgr8", Format::kBgr},      {"rgba8", Format::kRgba}, {"bgra8", Format::kBgra},
    {"mono8", Format::kMono}, {"mono16", Format::kMono16}, {"yuyv", Format::kYuyv},  {"uyvy", Format::kUyvy},
};

Format ReadFormat(Napi::Object object) {
  const Napi::Value value = object.Get("format");
  const std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  std::string names;
  for (const auto& [name, format] : kFormats) {
    if (text == name) return format;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  Fail(object.Env(), "one of " + names + " for source.format", Show(value));
}

void ExpectNoOverlap(Napi::Env env, MemoryRange input, MemoryRange output) {
  if (Overlap(input, output)) {
    Fail(env, "a target that shares no memory with the source", "one that overlaps it");
  }
}

template <typename Byte>
nv12::BasicPicture<Byte> View(const Nv12Argument& a) {
  const std::string name = std::string(a.name) + ".data";
  const Bytes bytes = BytesOf(a.data, name);
  const uint64_t luma_end = a.luma_offset + ByteSpan(a.luma_stride, a.height, a.width);
  const uint64_t chroma_end = a.chroma_offset + ByteSpan(a.chroma_stride, a.height / 2, a.width);
  const uint64_t needed = luma_end > chroma_end ? luma_end : chroma_end;
  if (needed > bytes.length) {
    Fail(a.data.Env(), "at least " + Plural(needed, "byte") + " in " + name, Plural(bytes.length, "byte"));
  }
  return {a.width,
          a.height,
          bytes.data + a.luma_offset,
          bytes.data + a.chroma_offset,
          static_cast<size_t>(a.luma_stride),
          static_cast<size_t>(a.chroma_stride)};
}

}  // namespace

void Fail(Napi::Env env, const std::string& expected, const std::string& received) {
  throw Napi::TypeError::New(env, "Expected " + expected + " but received " + received + ".");
}

std::string ReadString(Napi::Object object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) Fail(object.Env(), std::string("a string for ") + key, Show(value));
  return value.As<Napi::String>().Utf8Value();
}

double ReadInteger(Napi::Value value, const char* name, double min, double max) {
  const double number = WholeNumber(value, min, max);
  if (std::isnan(number)) FailInteger(value, name, min, max);
  return number;
}

double ReadNumber(Napi::Value value, const char* name, double min) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= min)) Fail(value.Env(), "a number from " + Show(min) + " for " + name, Show(value));
  return number;
}

int ReadEven(Napi::Value value, const char* name, int min, int max) {
  const int number = static_cast<int>(ReadInteger(value, name, min, max));
  if (number % 2 != 0) Fail(value.Env(), std::string("an even number for ") + name, std::to_string(number));
  return number;
}

Nv12Argument ReadNv12(Napi::Value value, const char* name) {
  const Napi::Object object = ReadObject(value, name);
  Nv12Argument argument{};
  argument.name = name;
  argument.width = ReadEven(object, name, "width", 2, nv12::kMaxDimension);
  argument.height = ReadEven(object, name, "height", 2, nv12::kMaxDimension);
  argument.luma_stride = ReadStride(object, name, "lumaStride", argument.width);
  argument.chroma_stride = ReadStride(object, name, "chromaStride", argument.width);
  argument.luma_offset = ReadOffset(object, name, "lumaOffset");
  argument.chroma_offset = ReadOffset(object, name, "chromaOffset");
  argument.data = object.Get("data");
  return argument;
}

PackedArgument ReadPacked(Napi::Value value) {
  const Napi::Object object = ReadObject(value, "source");
  PackedArgument argument{};
  argument.format = ReadFormat(object);
  const bool shared = argument.format == Format::kYuyv || argument.format == Format::kUyvy;
  argument.width = shared ? ReadEven(object, "source", "width", 2, nv12::kMaxDimension)
                          : static_cast<int>(ReadInteger(object, "source", "width", 1, nv12::kMaxDimension));
  argument.height = static_cast<int>(ReadInteger(object, "source", "height", 1, nv12::kMaxDimension));
  argument.white = static_cast<uint32_t>(ReadInteger(object, "source", "white", 1, 65535));
  argument.big_endian = object.Get("bigEndian").ToBoolean();
  argument.stride =
      ReadStride(object, "source", "step", argument.width * nv12::BytesPerPixel(argument.format));
  argument.offset = ReadOffset(object, "source", "offset");
  argument.data = object.Get("data");
  return argument;
}

Nv12Argument ReadPlanes(const Napi::CallbackInfo& info, size_t first, const char* name) {
  const auto stride = [&](size_t at, const char* of, int width) {
    return static_cast<uint64_t>(ReadInteger(info[first + at], of, width, kMaxStride));
  };
  const auto offset = [&](size_t at, const char* of) {
    return static_cast<uint64_t>(ReadInteger(info[first + at], of, 0, kMaxOffset));
  };
  Nv12Argument argument{};
  argument.name = name;
  argument.data = info[first];
  argument.width = ReadEven(info[first + 1], "the width of the frame", 2, nv12::kMaxDimension);
  argument.height = ReadEven(info[first + 2], "the height of the frame", 2, nv12::kMaxDimension);
  argument.luma_offset = offset(3, "the luma offset");
  argument.luma_stride = stride(4, "the luma stride", argument.width);
  argument.chroma_offset = offset(5, "the chroma offset");
  argument.chroma_stride = stride(6, "the chroma stride", argument.width);
  return argument;
}

nv12::Content ReadContent(Napi::Value value, const Nv12Argument& target) {
  const Napi::Object object = ReadObject(value, "content");
  nv12::Content content{};
  content.width = ReadEven(object, "content", "width", 2, target.width);
  content.height = ReadEven(object, "content", "height", 2, target.height);
  content.left = ReadEven(object, "content", "left", 0, target.width - content.width);
  content.top = ReadEven(object, "content", "top", 0, target.height - content.height);
  return content;
}

nv12::Range ReadRange(Napi::Value value) {
  const std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (text == "full") return nv12::Range::kFull;
  if (text == "limited") return nv12::Range::kLimited;
  Fail(value.Env(), "full or limited for the color range", Show(value));
}

void InitEnvironment(Napi::Env env) {
  const auto object = env.Global().Get("Object").As<Napi::Object>();
  const auto prototype =
      env.Global().Get("ArrayBuffer").As<Napi::Object>().Get("prototype").As<Napi::Object>();
  const Napi::Value descriptor = object.Get("getOwnPropertyDescriptor")
                                     .As<Napi::Function>()
                                     .Call({prototype, Napi::String::New(env, "resizable")});
  auto state = std::make_unique<State>();
  if (descriptor.IsObject()) {
    state->resizable = Napi::Persistent(descriptor.As<Napi::Object>().Get("get").As<Napi::Function>());
  }
  env.SetInstanceData(state.release());
}

void ExpectNotResizable(Napi::Value array, const char* name) {
  const Napi::Env env = array.Env();
  const auto* state = env.GetInstanceData<State>();
  if (!array.IsTypedArray() || !state || state->resizable.IsEmpty()) return;
  const Napi::Value buffer = array.As<Napi::TypedArray>().ArrayBuffer();
  // A SharedArrayBuffer can only grow.
  if (!buffer.IsArrayBuffer()) return;
  if (state->resizable.Call(buffer, std::initializer_list<napi_value>{}).ToBoolean()) {
    Fail(env, std::string("an array of fixed length for ") + name,
         "one on a resizable ArrayBuffer, which could shrink in the meantime");
  }
}

bool HasMemory(Napi::Value array) {
  return array.IsTypedArray() && array.As<Napi::TypedArray>().ElementLength() > 0;
}

nv12::Source ViewSource(const Nv12Argument& argument) { return View<const uint8_t>(argument); }

nv12::Target ViewTarget(const Nv12Argument& argument) {
  const nv12::Target target = View<uint8_t>(argument);
  if (Overlap(LumaOf(target), ChromaOf(target))) {
    Fail(argument.data.Env(), std::string("separate luma and chroma planes in ") + argument.name,
         "planes that overlap");
  }
  return target;
}

nv12::PackedImage ViewPacked(const PackedArgument& argument) {
  const Bytes bytes = BytesOf(argument.data, "source.data");
  const int row = argument.width * nv12::BytesPerPixel(argument.format);
  const uint64_t needed = argument.offset + ByteSpan(argument.stride, argument.height, row);
  if (needed > bytes.length) {
    Fail(argument.data.Env(), "at least " + Plural(needed, "byte") + " in source.data",
         Plural(bytes.length, "byte"));
  }
  return {
      argument.width,  argument.height, bytes.data + argument.offset, static_cast<size_t>(argument.stride),
      argument.format, argument.white,  argument.big_endian};
}

float* ViewFloats(Napi::Value value, const char* name, uint64_t length) {
  auto array = ExpectArray(value, name, napi_float32_array, "a Float32Array").As<Napi::Float32Array>();
  if (array.ElementLength() != length) {
    Fail(value.Env(), Plural(length, "element") + " in " + name, std::to_string(array.ElementLength()));
  }
  return array.Data();
}

uint8_t* ViewBytes(Napi::Value value, const char* name, uint64_t length) {
  const Bytes bytes = BytesOf(value, name);
  if (bytes.length != length) {
    Fail(value.Env(), Plural(length, "byte") + " in " + name, std::to_string(bytes.length));
  }
  return bytes.data;
}

void ExpectNoOverlap(Napi::Env env, const nv12::Source& source, const nv12::Target& target) {
  ExpectNoOverlap(env, source, LumaOf(target));
  ExpectNoOverlap(env, source, ChromaOf(target));
}

void ExpectNoOverlap(Napi::Env env, const nv12::Source& source, MemoryRange output) {
  ExpectNoOverlap(env, LumaOf(source), output);
  ExpectNoOverlap(env, ChromaOf(source), output);
}

void ExpectNoOverlap(Napi::Env env, const nv12::PackedImage& source, const nv12::Target& target) {
  const int row = source.width * nv12::BytesPerPixel(source.format);
  const MemoryRange input = {source.data, source.data + ByteSpan(source.stride, source.height, row)};
  ExpectNoOverlap(env, input, LumaOf(target));
  ExpectNoOverlap(env, input, ChromaOf(target));
}

}  // namespace arguments
