#pragma once

/**
 * Where the boards keep libdnn and its dependencies. The only such list: JavaScript gets it through
 * libdnnPaths(), and cmake/onnx.cmake reads the absolute paths of kLibdnnPaths from this file, one per line.
 */
namespace bpu {

/** Names that dlopen is tried with, in this order. X5 has libdnn on the loader's path, X3 through
 * ld.so.conf.d. */
constexpr const char* kLibdnnPaths[] = {
    "libdnn.so",
    "/usr/lib/hbbpu/libdnn.so",
    "/usr/lib/libdnn.so",
};

/** Folders of the libraries that libdnn needs, on X5 and on X3. */
constexpr const char* kCompanionFolders[] = {
    "/usr/hobot/lib",
    "/usr/lib/hbbpu",
};

}  // namespace bpu
