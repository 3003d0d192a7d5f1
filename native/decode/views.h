#pragma once

#include <napi.h>

#include <string>

#include "arguments.h"

/** JavaScript's typed arrays as memory; only valid until JavaScript runs again. */
namespace decode {

/** A typed array's memory; empty if it was transferred. */
template <typename Value>
struct View {
  Value* data;
  size_t length;
};

template <typename Value>
inline constexpr napi_typedarray_type kArrayType = napi_float32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<double> = napi_float64_array;
template <>
inline constexpr napi_typedarray_type kArrayType<int32_t> = napi_int32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<uint32_t> = napi_uint32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<uint16_t> = napi_uint16_array;
template <>
inline constexpr napi_typedarray_type kArrayType<uint8_t> = napi_uint8_array;

struct AnyView {
  napi_typedarray_type type;
  void* data;
  size_t length;
};

inline AnyView ViewAny(Napi::Value value, const char* name) {
  AnyView view{};
  if (napi_get_typedarray_info(value.Env(), value, &view.type, &view.length, &view.data, nullptr, nullptr) !=
      napi_ok) {
    arguments::Fail(value.Env(), std::string("a typed array for ") + name, "something else");
  }
  return view;
}

template <typename Value>
View<Value> ViewOf(Napi::Value value, const char* name, size_t least = 0) {
  const AnyView view = ViewAny(value, name);
  if (view.type != kArrayType<Value>) {
    arguments::Fail(value.Env(), std::string("another type of array for ") + name,
                    "type " + std::to_string(view.type));
  }
  if (view.length < least) {
    arguments::Fail(value.Env(), "at least " + std::to_string(least) + " elements in " + name,
                    std::to_string(view.length));
  }
  return {static_cast<Value*>(view.data), view.length};
}

}  // namespace decode
