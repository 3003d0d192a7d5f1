#!/usr/bin/env bash
# Runs the fuzzers with AddressSanitizer and UndefinedBehaviorSanitizer, one after the other, each for so many seconds; or
# repeats inputs that were found.
#
#   scripts/fuzz.sh [SECONDS] [TARGET]...     10 seconds of all of them, unless told otherwise
#   scripts/fuzz.sh TARGET FILE...
#
#   camera    messages of cameras, on their way into a model's input (native/fuzz)
#   playback  model files of the emulator (native/fuzz)
#   addon     arguments of the addon's functions: getters, proxies, buffers that are taken away (test/fuzz)
#   cdr       serialized messages of cameras (test/fuzz)
#   bag       MCAP files and metadata.yaml (test/fuzz)
#   models    .bin and .onnx files (test/fuzz)
#
# TROS_YOLO_SEG_FUZZ_SEED chooses other inputs; the same seed gives the same. The first finding ends the run with exit code 1;
# its input is saved in build/fuzz, and its lines tell how to repeat it.
all=(camera playback addon cdr bag models)
seconds=10
[[ ${1:-} =~ ^[0-9]+$ ]] && seconds=$1 && shift
targets=()
files=()
for argument in "$@"; do
  if [[ " ${all[*]} " == *" $argument "* ]]; then
    targets+=("$argument")
  elif [ -f "$argument" ]; then
    files+=("$(realpath "$argument")")
  else
    echo "Expected seconds, one of ${all[*]}, or a file but received $argument." >&2
    exit 2
  fi
done
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
if [ ${#files[@]} -gt 0 ] && [ ${#targets[@]} -ne 1 ]; then
  echo "Expected one target for the files but received ${targets[*]}." >&2
  exit 2
fi

source "$(dirname "${BASH_SOURCE[0]}")/instrumented.sh"
# The build of asan.sh, and what it leaves out.
stage build/asan --CDTROS_YOLO_SEG_SANITIZE=ON
cmake --build "$root/build/native" --target fuzz_camera fuzz_playback >"$root/fuzz-build.log" 2>&1 || {
  cat "$root/fuzz-build.log"
  exit 1
}
findings=$PWD/build/fuzz
mkdir -p "$findings"

if [ ${#files[@]} -gt 0 ]; then
  how=("${files[@]}")
else
  how=(--seconds "$seconds" --seed "${TROS_YOLO_SEG_FUZZ_SEED:-1}")
fi

# Node and V8 keep memory on purpose: asan.sh looks for leaks of ours.
sanitized() {
  LD_PRELOAD="$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libubsan.so)" \
    ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:quarantine_size_mb=16:allocator_may_return_null=1 \
    UBSAN_OPTIONS=print_stacktrace=1 node "$root/dist/test/fuzz/run.js" "$@"
}

for target in "${targets[@]}"; do
  case $target in
  camera | playback) "$root/build/native/fuzz/fuzz_$target" --findings "$findings" "${how[@]}" ;;
  addon | cdr | bag) sanitized "$target" --findings "$findings" "${how[@]}" ;;
  # All in TypeScript: no sanitizer has anything to see.
  models) printf 'models: ' && node "$root/dist/test/fuzz/run-model-readers.js" "${how[@]}" ;;
  esac
done
