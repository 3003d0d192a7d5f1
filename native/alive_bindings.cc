#include "alive_bindings.h"

#include "bpu/engine.h"
#include "bpu/memory.h"
#include "camera/slots.h"

Napi::Value AliveObjectsBinding(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  const auto add = [&](const char* name, int64_t alive) { object.Set(name, static_cast<double>(alive)); };
  add("engines", Counted<bpu::Engine>::alive());
  add("blocks", Counted<bpu::Memory>::alive());
  add("threads", bpu::Engine::threads_given_up());
  add("tables", Counted<camera::SlotTable>::alive());
  add("feeds", Counted<camera::Feed>::alive());
  add("pictures", Counted<camera::Pixels>::alive());
  return object;
}
