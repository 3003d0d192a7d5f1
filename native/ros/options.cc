#include "ros/options.h"

#include "arguments.h"

namespace ros {

namespace {

constexpr double kMostDomains = 232;

}  // namespace

Identity ReadIdentity(Napi::Object object) {
  Identity identity;
  identity.name = arguments::ReadText(object, "name");
  identity.name_space = arguments::ReadText(object, "namespace");
  const Napi::Value domain = object.Get("domain");
  if (!domain.IsUndefined())
    identity.domain = static_cast<size_t>(arguments::ReadInteger(domain, "domain", 0, kMostDomains));
  if (!object.Get("enclave").IsUndefined()) identity.enclave = arguments::ReadText(object, "enclave");
  return identity;
}

bool ReadChoice(Napi::Object object, const char* key, const char* yes, const char* no) {
  const std::string text = arguments::ReadText(object, key);
  if (text != yes && text != no)
    arguments::Fail(object.Env(), std::string(yes) + " or " + no + " for " + key, text);
  return text == yes;
}

}  // namespace ros
