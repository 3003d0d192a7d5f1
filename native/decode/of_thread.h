#pragma once

namespace decode {

/**
 * Memory of the calling thread, kept from call to call.
 *
 * Not inlined: in a library each look at a thread's own memory is a call, and a compiler that sees that the
 * address stays the same rather asks again than keeps it in a register.
 */
template <typename Value, typename Tag = Value>
[[gnu::noinline]] Value& OfThread() {
  thread_local Value value;
  return value;
}

}  // namespace decode
