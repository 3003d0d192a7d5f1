#!/usr/bin/env bash
# Runs the addon's tests with AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer, with an
# instrumented addon and emulator. If ROS 2 is sourced, native/ros is built and tested, too. Leaks count when the addon or the
# emulator is on the stack of the allocation.
source "$(dirname "$0")/instrumented.sh"
stage build/asan --CDTROS_YOLO_SEG_SANITIZE=ON --CDTROS_YOLO_SEG_RCLCPP="$([ -n "${ROS_DISTRO:-}" ] && echo AUTO || echo OFF)"

# Preloaded into Node.js only: Debian's mawk reads past its buffer, and a preloaded sanitizer would abort it.
runtime="$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libubsan.so)"
# rcutils and rclcpp deallocate with a different size than they allocated (new_delete_type_mismatch).
options=detect_stack_use_after_return=1:quarantine_size_mb=1:new_delete_type_mismatch=0
export ASAN_OPTIONS=detect_leaks=0:$options
export UBSAN_OPTIONS=print_stacktrace=1
# In one process: it starts only once, and detects what one file leaves behind for the next.
LD_PRELOAD=$runtime node "${mocha[@]}" "${tests[@]}" >"$root/log.txt" 2>&1 || {
  cat "$root/log.txt"
  exit 1
}
grep -E '^ +[0-9]+ (passing|pending)' "$root/log.txt"

echo "== leaks"
# Node and V8 keep memory on purpose, so only stacks with our code count. They name our source files, or our library if there
# are no symbols. A deliberate leak must be reported, too: otherwise the process may have ended before LeakSanitizer ran.
cat >"$root/deliberate.cc" <<'CODE'
#include <cstdlib>
extern "C" __attribute__((constructor, noinline)) void DeliberateLeak() {
  volatile auto* lost = static_cast<char*>(std::malloc(4321));
  lost[0] = 1;
}
CODE
g++ -g -O0 -shared -fPIC -fsanitize=address "$root/deliberate.cc" -o "$root/deliberate.so"
LD_PRELOAD=$runtime:$root/deliberate.so \
  ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:$options LSAN_OPTIONS=exitcode=0 \
  node "${mocha[@]}" --invert --grep 'let the process end' "${leaking[@]}" >"$root/leaks.txt" 2>&1 || {
  cat "$root/leaks.txt"
  exit 1
}
grep -q 'leak of 4321 byte' "$root/leaks.txt" || {
  cat "$root/leaks.txt"
  echo "Expected LeakSanitizer to report the leak of $root/deliberate.cc but it did not: other leaks would not be seen either."
  exit 1
}
awk -v sources="$PWD/native/" -v built="$root/build/native/" '
  BEGIN { RS = "" }
  /leak of/ && (index($0, sources) || index($0, built)) { print; print ""; found = 1 }
  END { exit found }' "$root/leaks.txt"
echo "none of ours"
