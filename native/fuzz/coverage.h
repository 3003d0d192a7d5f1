#pragma once

#include <cstddef>

/** Which blocks of the target's code an input reaches; see coverage.cc. */
namespace fuzz {

/** Counts from now on what this thread reaches. Other threads do not count: their order is not the input's.
 */
void BeginCoverage();
/** @returns how many of the blocks that were reached since BeginCoverage had never been reached so often */
size_t EndCoverage();
/** Places that were reached, ever. */
size_t BlocksReached();

}  // namespace fuzz
