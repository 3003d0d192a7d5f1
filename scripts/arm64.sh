#!/usr/bin/env bash
# Cross-compiles addon and emulator for arm64 and runs the native, engine and decoder suites under qemu user emulation with
# an arm64 Node. Needs: sudo apt install g++-aarch64-linux-gnu qemu-user
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/arm64

npm run --silent build:ts
bash scripts/arm64-build.sh
file -b "$root/build/native/Release/tros_yolo_seg.node" "$root/build/native/emulator/libdnn.so" 2>/dev/null | cut -c1-60 || true

export TROS_YOLO_SEG_DATA=${TROS_YOLO_SEG_DATA:-$PWD/../shared/data}
# ONNX Runtime crashes under qemu, so the engine suite's model is recorded on the host.
export TROS_YOLO_SEG_RECORDED=$root/heads.bin
node --input-type=module -e "
  import { writeFileSync } from 'node:fs';
  const { tenHeads } = await import('$PWD/dist/test/engine/tiny-onnx.js');
  const { recordConformanceModel } = await import('$PWD/dist/test/engine/bpu/bpu-model.js');
  writeFileSync('$root/heads.onnx', tenHeads(64, 64, ['cat', 'dog', 'bird']));
  await recordConformanceModel('$root/heads.onnx', '$TROS_YOLO_SEG_RECORDED');"
# Tests that start Node.js start process.execPath, which the kernel of this machine cannot run.
cat >"$root/node/arm64-node" <<'SCRIPT'
#!/bin/sh
exec qemu-aarch64 -L /usr/aarch64-linux-gnu "$(dirname "$0")/package/bin/node" "$@"
SCRIPT
chmod +x "$root/node/arm64-node"
echo "process.execPath = '$root/node/arm64-node';" >"$root/exec-path.mjs"
run() {
  NODE_OPTIONS="--import=file://$root/exec-path.mjs" "$root/node/arm64-node" "$@"
}
run -p '"node " + process.version + " on " + process.arch'
failed=0
for test in "$root"/dist/test/native/*.test.js "$root"/dist/test/engine/bpu/{bpu-engine,bpu-ahead}.test.js "$root"/dist/test/vision/{decode,mask}/*.test.js; do
  case $test in
  # They compile for the machine that they run on.
  */native/exhaustion.* | */native/pixel-pool.* | */native/layout.*) continue ;;
  esac
  echo "== ${test#"$root/dist/"}"
  if run node_modules/mocha/bin/mocha.js --no-config --timeout 600000 --reporter dot "$test" >"$root/log.txt" 2>&1; then
    grep -E '^ +[0-9]+ (passing|pending)' "$root/log.txt"
  else
    cat "$root/log.txt"
    failed=1
  fi
done
exit $failed
