#include "emulator/bindings.h"

#include <dlfcn.h>

#include <limits>
#include <string>

#include "arguments.h"
#include "bpu/hbdnn_abi.h"

namespace emulator {
namespace {

/** The emulator's own functions. The library stays loaded, as in bpu::Library. */
struct Functions {
  int32_t (*advance)(int64_t microseconds);
  int32_t (*await)(uint64_t tasks, int64_t milliseconds);
  char const* (*report)();
};

template <typename Function>
bool Bind(void* handle, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(handle, name));
  return function != nullptr;
}

Functions Load(Napi::Env env, const std::string& path) {
  Functions emulator{};
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) arguments::Fail(env, "a loadable libdnn", dlerror());
  if (!Bind(handle, "tros_yolo_seg_emulator_advance", emulator.advance) ||
      !Bind(handle, "tros_yolo_seg_emulator_await", emulator.await) ||
      !Bind(handle, "tros_yolo_seg_emulator_report", emulator.report)) {
    arguments::Fail(env, "the emulated libdnn (docs/emulator.md)", path);
  }
  return emulator;
}

constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
/** In milliseconds; the longest wait that the emulator accepts. */
constexpr int64_t kHour = 3'600'000;

int64_t ReadCount(Napi::Value value, const char* name, int64_t max = kMax) {
  return static_cast<int64_t>(arguments::ReadInteger(value, name, 0, static_cast<double>(max)));
}

}  // namespace

Napi::Value OpenBinding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) arguments::Fail(env, "a string for the library", "another type");
  const Functions emulator = Load(env, info[0].As<Napi::String>().Utf8Value());
  Napi::Object object = Napi::Object::New(env);
  object.Set("advance", Napi::Function::New(env, [emulator](const Napi::CallbackInfo& call) {
               if (emulator.advance(ReadCount(call[0], "microseconds")) != HB_DNN_SUCCESS) {
                 arguments::Fail(call.Env(), "a board with clock=manual", "one with another clock");
               }
             }));
  object.Set("awaitTasks",
             Napi::Function::New(env, [emulator](const Napi::CallbackInfo& call) -> Napi::Value {
               const auto tasks = static_cast<uint64_t>(ReadCount(call[0], "tasks"));
               const int32_t status = emulator.await(tasks, ReadCount(call[1], "milliseconds", kHour));
               return Napi::Boolean::New(call.Env(), status == HB_DNN_SUCCESS);
             }));
  object.Set("report", Napi::Function::New(env, [emulator](const Napi::CallbackInfo& call) -> Napi::Value {
               return Napi::String::New(call.Env(), emulator.report());
             }));
  return object;
}

}  // namespace emulator
