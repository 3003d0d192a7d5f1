#include "jpeg/library.h"

#include <dlfcn.h>

namespace jpeg {
namespace {

/** Its name on Debian and Ubuntu (libturbojpeg0, libturbojpeg), and on other systems. */
constexpr const char* kName = "libturbojpeg.so.0";

template <typename Function>
bool Resolve(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool Load(Library& library) {
  // RTLD_LOCAL: its libjpeg must not be taken for another one in the process, such as that of sharp or
  // OpenCV.
  void* handle = dlopen(kName, RTLD_NOW | RTLD_LOCAL);
  return handle && Resolve(handle, "tjInitCompress", library.init) &&
         Resolve(handle, "tjDestroy", library.destroy) && Resolve(handle, "tjBufSize", library.buffer_size) &&
         Resolve(handle, "tjCompressFromYUVPlanes", library.compress) &&
         Resolve(handle, "tjGetErrorStr2", library.error);
}

}  // namespace

const Library* Library::Find() {
  static Library library{};
  static const bool found = Load(library);
  return found ? &library : nullptr;
}

}  // namespace jpeg
