#include "web/bindings.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "arguments.h"

namespace web {

/** (descriptor: number) => number. Programs that are started do not inherit the new one. */
Napi::Value DuplicateDescriptorBinding(const Napi::CallbackInfo& info) {
  const double given = arguments::ReadInteger(info[0], "the descriptor", 0, 0x7fffffff);
  const int copy = fcntl(static_cast<int>(given), F_DUPFD_CLOEXEC, 3);
  if (copy < 0) {
    const int error = errno;
    arguments::Fail(info.Env(), "a descriptor that can be duplicated", std::strerror(error));
  }
  return Napi::Number::New(info.Env(), copy);
}

}  // namespace web
