#include "nv12/kernels_x86.h"

// Built with -mssse3, and used where the processor has it (kernels.cc).
const nv12::Kernels nv12::kSsse3Kernels =
    nv12::X86Kernels<nv12::Lanes16, nv12::kPortableKernels>::Table("ssse3");
