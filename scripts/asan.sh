#!/usr/bin/env bash
# Runs the addon's tests with AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer, addon and emulator built so.
# Leaks count when a frame of the addon or the emulator is on the stack of the allocation.
source "$(dirname "$0")/instrumented.sh"
stage build/asan --CDTROS_YOLO_SEG_SANITIZE=ON

export LD_PRELOAD="$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libubsan.so)"
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:quarantine_size_mb=1
export UBSAN_OPTIONS=print_stacktrace=1
for test in "${tests[@]}"; do
  echo "== ${test#"$root/dist/"}"
  node "${mocha[@]}" "$test" >"$root/log.txt" 2>&1 || {
    cat "$root/log.txt"
    exit 1
  }
  grep -E '^ +[0-9]+ (passing|pending)' "$root/log.txt"
done

echo "== leaks"
# Node and V8 keep memory on purpose; of what is reported only stacks with our code count.
ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0 LSAN_OPTIONS=exitcode=0 \
  node "${mocha[@]}" "$root/dist/test/engine/bpu-engine.test.js" >"$root/leaks.txt" 2>&1 || {
  cat "$root/leaks.txt"
  exit 1
}
if awk 'BEGIN { RS = "" } /leak of/ && /tros_yolo_seg\.node|libdnn\.so|native\/(addon|arguments|bpu|emulator|nv12)/ { print; found = 1 } END { exit found }' "$root/leaks.txt"; then
  echo "none of ours"
else
  exit 1
fi
