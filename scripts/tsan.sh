#!/usr/bin/env bash
# Runs cameras, slots, engine and emulator on many threads under ThreadSanitizer (native/stress), without Node, which is not
# built for it. It does not cover native/*/bindings.cc and js_*.cc, where everything but JsSlots::Post runs on the JS thread.
#
#   scripts/tsan.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD/build/tsan
mkdir -p "$root"
npm run --silent build:ts || exit 1
modules=$PWD/node_modules
cmake -S native -B "$root" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTROS_YOLO_SEG_SANITIZE_THREADS=ON \
  "-DCMAKE_JS_INC=$modules/node-api-headers/include;$modules/node-addon-api" >"$root.log" 2>&1 &&
  cmake --build "$root" --target camera_stress emulator >>"$root.log" 2>&1 || {
  cat "$root.log"
  exit 1
}
# A small emulator model; its recorded frames do not matter here.
node --input-type=module -e "
  import { writeFileSync } from 'node:fs';
  const { tenHeads } = await import('$PWD/dist/test/engine/tiny-onnx.js');
  writeFileSync('$root/model.onnx', tenHeads(64, 64, ['cat', 'dog', 'bird']));
  writeFileSync('$root/gray_64x64.nv12', new Uint8Array(6144).fill(128));"
node dist/tools/record/main.js "$root/model.onnx" "$root/gray_64x64.nv12" -o "$root/model.bin" --force

# The last board has cores that hang now and then, and write to the memory of timed-out frames.
for board in busy_us=200,overhead_us=100 busy_us=3000,overhead_us=0,fail_run=0.05,fail_submit=0.05 \
  clock=fast,busy_us=200,overhead_us=0,cores=2,hang=0.05,late_us=1000; do
  echo "== $board"
  TROS_YOLO_SEG_EMULATOR=play_unknown=1,$board TSAN_OPTIONS=halt_on_error=0:exitcode=66 \
    "$root/stress/camera_stress" "$root/emulator/libdnn.so" "$root/model.bin" "${1:-10}"
done
