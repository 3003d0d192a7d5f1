#include "decode/kernels_simd.h"
#include "decode/lanes_x86.h"

namespace decode {

const Kernels kSsse3Kernels = {
    "ssse3",
    First<Search16<uint32_t>>,
    First<Search16<int32_t>>,
    First<Search16<int16_t>>,
    First<Search16<int8_t>>,
    Combine<Lanes16>,
};

}  // namespace decode
