#pragma once

#include <cstddef>

/** Which basic blocks of the target an input reaches; see coverage.cc. */
namespace fuzz {

/**
 * Starts counting on this thread. Other threads are ignored, because their timing does not depend on the
 * input.
 */
void BeginCoverage();
/** @returns how many blocks were reached more often than ever before */
size_t EndCoverage();
/** Number of blocks reached so far. */
size_t BlocksReached();

}  // namespace fuzz
