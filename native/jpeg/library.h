#pragma once

#include <string>

#include "jpeg/turbojpeg_abi.h"

namespace jpeg {

/** The functions of libturbojpeg. It stays loaded for the life of the process. */
struct Library {
  InitCompress init;
  Destroy destroy;
  BufferSize buffer_size;
  CompressFromPlanes compress;
  GetError error;

  /** The library of this machine, looked for once; null if there is none that has all of the functions. */
  static const Library* Find();
};

}  // namespace jpeg
