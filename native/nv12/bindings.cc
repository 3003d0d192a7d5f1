#include "nv12/bindings.h"

#include "arguments.h"
#include "nv12/color.h"
#include "nv12/kernels.h"
#include "nv12/letterbox.h"

namespace nv12 {
namespace {

uint64_t Pixels(const arguments::Nv12Argument& picture) {
  return static_cast<uint64_t>(picture.width) * static_cast<uint64_t>(picture.height);
}

}  // namespace

Napi::Value LetterboxBinding(const Napi::CallbackInfo& info) {
  const auto source_argument = arguments::ReadNv12(info[0], "source");
  const auto target_argument = arguments::ReadNv12(info[2], "target");
  const Content content = arguments::ReadContent(info[1], target_argument);

  const Source source = arguments::ViewSource(source_argument);
  const Target target = arguments::ViewTarget(target_argument);
  arguments::ExpectApart(info.Env(), source, target);
  Letterbox(source, content, target);
  return info.Env().Undefined();
}

Napi::Value ToPlanarFloatBinding(const Napi::CallbackInfo& info) {
  const auto argument = arguments::ReadNv12(info[0], "source");
  const Range range = arguments::ReadRange(info[1]);

  const uint64_t length = 3 * Pixels(argument);
  const Source source = arguments::ViewSource(argument);
  float* planes = arguments::ViewFloats(info[2], "target", length);
  arguments::ExpectApart(info.Env(), source, {planes, planes + length});
  ToPlanarFloat(source, range, planes);
  return info.Env().Undefined();
}

Napi::Value ToRgb8Binding(const Napi::CallbackInfo& info) {
  const auto argument = arguments::ReadNv12(info[0], "source");
  const Range range = arguments::ReadRange(info[1]);

  const uint64_t length = 3 * Pixels(argument);
  const Source source = arguments::ViewSource(argument);
  uint8_t* rgb = arguments::ViewBytes(info[2], "target", length);
  arguments::ExpectApart(info.Env(), source, {rgb, rgb + length});
  ToRgb8(source, range, rgb);
  return info.Env().Undefined();
}

Napi::Value FromPackedBinding(const Napi::CallbackInfo& info) {
  const auto source_argument = arguments::ReadPacked(info[0]);
  const Range range = arguments::ReadRange(info[1]);
  const auto target_argument = arguments::ReadNv12(info[2], "target");
  const int width = EvenSize(source_argument.width);
  const int height = EvenSize(source_argument.height);
  if (width != target_argument.width || height != target_argument.height) {
    const auto size = [](int width, int height) {
      return std::to_string(width) + "x" + std::to_string(height);
    };
    arguments::Fail(info.Env(), "a target of " + size(width, height),
                    size(target_argument.width, target_argument.height));
  }

  const Interleaved source = arguments::ViewPacked(source_argument);
  const Target target = arguments::ViewTarget(target_argument);
  arguments::ExpectApart(info.Env(), source, target);
  FromInterleaved(source, range, target);
  return info.Env().Undefined();
}

Napi::Value PixelKernelsBinding(const Napi::CallbackInfo& info) {
  auto names = Napi::Array::New(info.Env());
  for (const Kernels* kernels : UsableKernels()) names.Set(names.Length(), kernels->name);
  if (!info[0].IsUndefined()) {
    const std::string name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "no string";
    if (!ChooseKernels(name)) arguments::Fail(info.Env(), "the name of kernels that run here", name);
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("chosen", ChosenKernels().name);
  result.Set("usable", names);
  return result;
}

}  // namespace nv12
