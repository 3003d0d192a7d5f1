#pragma once

namespace decode {

/**
 * One read of a number that another thread may be writing, as those of a SharedArrayBuffer: what was checked
 * is what is used. The compiler may read plain memory as often as it likes.
 */
template <typename Value>
inline Value Once(const Value* at) {
  Value value;
  __atomic_load(at, &value, __ATOMIC_RELAXED);
  return value;
}

}  // namespace decode
