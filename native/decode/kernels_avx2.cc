#include "decode/kernels_simd.h"
#include "decode/lanes_x86.h"

namespace decode {

const Kernels kAvx2Kernels = {
    "avx2",
    First<Search32<uint32_t>>,
    First<Search32<int32_t>>,
    First<Search32<int16_t>>,
    First<Search32<int8_t>>,
    Combine<Lanes32>,
};

}  // namespace decode
