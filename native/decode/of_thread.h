#pragma once

namespace decode {

/**
 * Memory of the calling thread, kept from call to call.
 *
 * Not inlined: in a shared library each access to thread-local memory is a call, and a compiler that knows
 * that the address is constant repeats that call instead of keeping the address in a register.
 */
template <typename Value, typename Tag = Value>
[[gnu::noinline]] Value& OfThread() {
  thread_local Value value;
  return value;
}

}  // namespace decode
