#include "camera/image_bindings.h"

#include "arguments.h"
#include "camera/session.h"
#include "nv12/color.h"

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

arguments::Extent ExtentOf(const Message& message) { return {message.data, message.data + message.size}; }

}  // namespace

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
  image.encoding = arguments::ReadText(object, "encoding");
  image.data = object.Get("data");
  return image;
}

Reading ReadReading(Napi::Value value) {
  const Napi::Object object = ExpectObject(value, "the reading");
  Reading reading;
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

Napi::Value ImageEncodingsBinding(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const Encoding& encoding : kEncodings) {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("name", encoding.name);
    object.Set("aliases", encoding.aliases);
    list.Set(list.Length(), object);
  }
  return list;
}

Napi::Value HbmEncodingBinding(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    arguments::Fail(info.Env(), "a Uint8Array for the letters", "another type");
  }
  auto letters = info[0].As<Napi::Uint8Array>();
  return Napi::String::New(info.Env(), std::string(HbmEncoding(letters.Data(), letters.ElementLength())));
}

Napi::Value InspectImageBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ImageArgument image = ReadImage(info[0]);
  const Reading reading = ReadReading(info[1]);
  const Message message = image.View();
  try {
    const camera::View view = ViewImage(message, reading);
    Napi::Object report = Napi::Object::New(env);
    report.Set("encoding", view.encoding->name);
    report.Set("width", view.width);
    report.Set("height", view.height);
    report.Set("stride", static_cast<double>(view.rows.stride));
    report.Set("rows", static_cast<double>(view.rows.count));
    report.Set("warning", view.rows.explained
                              ? env.Null()
                              : Napi::Value(ToObject(env, Unexplained(view.shape, view.rows, message.size))));
    return report;
  } catch (const Failure& failure) {
    Throw(env, failure);
  }
}

Napi::Value ImageToNv12Binding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ImageArgument image = ReadImage(info[0]);
  const Reading reading = ReadReading(info[1]);
  const auto target_argument = arguments::ReadNv12(info[2], "target");
  const std::optional<Region> region = ReadRegion(info[3]);
  const Message message = image.View();
  const nv12::Target target = arguments::ViewTarget(target_argument);
  try {
    const camera::View picture = ViewImage(message, reading);
    const camera::View view =
        region ? Crop(picture, PartOf(*region, picture.width, picture.height)) : picture;
    const int width = nv12::EvenSize(view.width);
    const int height = nv12::EvenSize(view.height);
    if (target.width != width || target.height != height) {
      arguments::Fail(env, "a target of " + std::to_string(width) + "x" + std::to_string(height),
                      std::to_string(target.width) + "x" + std::to_string(target.height));
    }
    arguments::ExpectApart(env, nv12::AsSource(target), ExtentOf(message));
    Convert(view, target);
  } catch (const Failure& failure) {
    Throw(env, failure);
  }
  return env.Undefined();
}

Napi::Value PartOfBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<Region> region = ReadRegion(info[0]);
  if (!region) arguments::Fail(env, "an object for the region", "nothing");
  const auto size = [&](size_t index, const char* name) {
    return static_cast<int>(arguments::ReadInteger(info[index], name, 1, nv12::kMaxDimension));
  };
  const int width = size(1, "width");
  const int height = size(2, "height");
  try {
    Napi::Object object = ToObject(env, PartOf(*region, width, height));
    object.Set("warning", Exceeds(*region, width, height)
                              ? Napi::Value(ToObject(env, Exceeding(*region, width, height)))
                              : env.Null());
    return object;
  } catch (const Failure& failure) {
    Throw(env, failure);
  }
}

}  // namespace camera
