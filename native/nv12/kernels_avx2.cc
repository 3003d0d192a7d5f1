#include "nv12/kernels_x86.h"

// Built with -mavx2, and used where the processor has it (kernels.cc).
const nv12::Kernels nv12::kAvx2Kernels = nv12::X86Kernels<nv12::Lanes32, nv12::kSsse3Kernels>::Table("avx2");
