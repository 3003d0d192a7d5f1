#pragma once

namespace decode {

/**
 * Reads a number that another thread may be writing (in a SharedArrayBuffer) exactly once, so that the value
 * that was checked is the value that is used. The compiler may read plain memory repeatedly.
 */
template <typename Value>
inline Value Once(const Value* at) {
  Value value;
  __atomic_load(at, &value, __ATOMIC_RELAXED);
  return value;
}

}  // namespace decode
