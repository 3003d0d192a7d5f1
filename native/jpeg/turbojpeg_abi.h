#pragma once

/**
 * As much of TurboJPEG's C interface as the addon uses, declared from its documentation
 * (https://libjpeg-turbo.org/Documentation/Documentation): the functions of version 2.0, which later versions
 * keep.
 */
namespace jpeg {

/** tjhandle */
using TurboHandle = void*;

/** TJSAMP_420: chroma of half the width and half the height. */
constexpr int kSamp420 = 2;
/** TJFLAG_NOREALLOC: the file is written into the caller's memory of tjBufSize() bytes. */
constexpr int kNoReallocation = 1024;
/** TJFLAG_ACCURATEDCT */
constexpr int kAccurateDct = 4096;

using InitCompress = TurboHandle (*)();
using Destroy = int (*)(TurboHandle);
using BufferSize = unsigned long (*)(int width, int height, int subsampling);
/** 0, or -1 with a text from GetError. The planes are read only. */
using CompressFromPlanes = int (*)(TurboHandle, const unsigned char** planes, int width, const int* strides,
                                   int height, int subsampling, unsigned char** file, unsigned long* bytes,
                                   int quality, int flags);
using GetError = char* (*)(TurboHandle);

}  // namespace jpeg
