#!/usr/bin/env bash
# Runs the fuzzers with AddressSanitizer and UndefinedBehaviorSanitizer, one after the other, each for a number of seconds; or
# repeats inputs that were found.
#
#   scripts/fuzz.sh [SECONDS] [TARGET]...     default: 10 seconds of each target
#   scripts/fuzz.sh TARGET FILE...
#
#   camera    camera messages on their way into a model's input (native/fuzz)
#   playback  model files of the emulator (native/fuzz)
#   decode    plans of decoders, tensors, and masks from logits to contours (native/fuzz)
#   depth     depth pictures, cameras and masks, projected, cut, eroded and grown (native/fuzz)
#   addon     arguments of the addon's functions: getters, proxies, detached buffers (test/fuzz)
#   cdr       serialized messages of cameras (test/fuzz)
#   bag       MCAP files and metadata.yaml (test/fuzz)
#   models    .bin and .onnx files (test/fuzz)
#
# TROS_YOLO_SEG_FUZZ_SEED selects the inputs; the same seed gives the same inputs. The first finding ends the run with exit code 1;
# its input is saved in build/fuzz, and the output says how to repeat it.
all=(camera playback decode depth addon cdr bag models)
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
# The build of asan.sh, plus the fuzzers.
stage build/asan --CDTROS_YOLO_SEG_SANITIZE=ON
cmake --build "$root/build/native" --target fuzz_camera fuzz_playback fuzz_decode fuzz_depth >"$root/fuzz-build.log" 2>&1 || {
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

# Leaks are not checked here: Node and V8 keep memory on purpose, and asan.sh checks ours.
sanitized() {
  LD_PRELOAD="$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libubsan.so)" \
    ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1:quarantine_size_mb=16:allocator_may_return_null=1 \
    UBSAN_OPTIONS=print_stacktrace=1 node "$root/dist/test/fuzz/run.js" "$@"
}

for target in "${targets[@]}"; do
  case $target in
  camera | playback | decode | depth) "$root/build/native/fuzz/fuzz_$target" --findings "$findings" "${how[@]}" ;;
  addon | cdr | bag) sanitized "$target" --findings "$findings" "${how[@]}" ;;
  # All in TypeScript, so without sanitizers.
  models) printf 'models: ' && node "$root/dist/test/fuzz/run-model-readers.js" "${how[@]}" ;;
  esac
done
