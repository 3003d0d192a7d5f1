#include "web/bindings.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "arguments.h"
#include "decode/of_thread.h"
#include "decode/views.h"
#include "web/contours.h"

namespace web {

/** (message, masks, tolerance, leastArea) => Uint8Array */
Napi::Value AddContoursBinding(const Napi::CallbackInfo& info) {
  const auto message = decode::ViewOf<uint8_t>(info[0], "message");
  const auto masks = decode::ViewOf<int32_t>(info[1], "masks");
  const decode::OutlineOptions options{arguments::ReadNumber(info[2], "tolerance", 0),
                                       arguments::ReadNumber(info[3], "leastArea", 0)};
  struct Written {
    std::vector<uint8_t> bytes;
  };
  auto& bytes = decode::OfThread<Written>().bytes;
  const auto wrong = AddContours({message.data, message.length}, {masks.data, masks.length}, options, bytes);
  if (wrong) arguments::Fail(info.Env(), wrong->expected, wrong->found);
  auto result = Napi::Uint8Array::New(info.Env(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), result.Data());
  return result;
}

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
