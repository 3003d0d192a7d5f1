#include "camera/js_values.h"

#include <cmath>

#include "arguments.h"

namespace camera {
namespace {

constexpr double kMaxUint32 = 4294967295.0;

Napi::Object ExpectObject(Napi::Value value, const char* name) {
  if (!value.IsObject()) {
    arguments::Fail(value.Env(), std::string("an object for ") + name, "another type");
  }
  return value.As<Napi::Object>();
}

uint32_t ReadUint32(Napi::Object object, const char* key, double min, double max) {
  return static_cast<uint32_t>(arguments::ReadInteger(object.Get(key), key, min, max));
}

}  // namespace

Napi::Object ToObject(Napi::Env env, const Failure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("expected", failure.expected);
  object.Set("received", failure.received);
  object.Set("hint", failure.hint);
  return object;
}

Napi::Object ToObject(Napi::Env env, const Region& region) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("x", region.x);
  object.Set("y", region.y);
  object.Set("width", region.width);
  object.Set("height", region.height);
  return object;
}

void Throw(Napi::Env env, const Failure& failure) {
  const Napi::Error error = Napi::Error::New(env, failure.expected + ": " + failure.received);
  error.Value().Set("failure", ToObject(env, failure));
  throw error;
}

Napi::Object ToObject(Napi::Env env, const CameraCounters& counters) {
  Napi::Object object = Napi::Object::New(env);
  const auto add = [&](const char* name, uint64_t value) { object.Set(name, static_cast<double>(value)); };
  add("received", counters.received);
  add("skipped", counters.skipped);
  add("dropped", counters.dropped);
  add("failed", counters.failed);
  add("discarded", counters.discarded);
  add("submitted", counters.submitted);
  add("converted", counters.converted);
  add("pixelCopies", counters.pixel_copies);
  add("pixelsMissed", counters.pixels_missed);
  add("bytesRead", counters.bytes_read);
  add("bytesWritten", counters.bytes_written);
  object.Set("slowest", counters.slowest);
  const auto tell = [&](const char* name, const std::optional<Failure>& failure) {
    object.Set(name, failure ? ToObject(env, *failure) : env.Null());
  };
  tell("lastFailure", counters.last_failure);
  tell("warning", counters.warning);
  return object;
}

double ReadNumber(Napi::Value value, const char* expected, double min, double max, bool whole) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(number >= min && number <= max) || (whole && number != std::floor(number))) {
    arguments::Fail(value.Env(), expected, std::to_string(number));
  }
  return number;
}

Message ImageArgument::View() const {
  if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    arguments::Fail(data.Env(), "a Uint8Array for data", "another type");
  }
  auto bytes = data.As<Napi::Uint8Array>();
  Message view = header;
  view.encoding = encoding;
  view.data = bytes.Data();
  view.size = bytes.ElementLength();
  return view;
}

ImageArgument ReadImage(Napi::Value value) {
  const Napi::Object object = ExpectObject(value, "the image");
  ImageArgument image;
  image.header.width = ReadUint32(object, "width", 0, kMaxUint32);
  image.header.height = ReadUint32(object, "height", 0, kMaxUint32);
  image.header.step = ReadUint32(object, "step", 0, kMaxUint32);
  image.header.big_endian = object.Get("isBigEndian").ToBoolean();
  image.header.exact = !object.Get("hasBufferSize").ToBoolean();
  image.encoding = arguments::ReadString(object, "encoding");
  image.data = object.Get("data");
  return image;
}

ImageReading ReadReading(Napi::Value value) {
  const Napi::Object object = ExpectObject(value, "the reading");
  ImageReading reading;
  reading.step = ReadUint32(object, "step", 0, kMaxUint32);
  reading.rows = ReadUint32(object, "rows", 0, kMaxUint32);
  reading.white = ReadUint32(object, "white", 1, 65535);
  return reading;
}

std::optional<Region> ReadRegion(Napi::Value value) {
  if (value.IsUndefined() || value.IsNull()) return std::nullopt;
  const Napi::Object object = ExpectObject(value, "the region");
  const auto number = [&](const char* key, int min) {
    return static_cast<int>(arguments::ReadInteger(object.Get(key), key, min, nv12::kMaxDimension));
  };
  return Region{number("x", 0), number("y", 0), number("width", 1), number("height", 1)};
}

}  // namespace camera
