#!/usr/bin/env bash
# Runs the engine's tests under valgrind's memcheck. Only errors and leaks with the addon or the emulator on the stack
# count, because Node and V8 have their own. Takes minutes.
source "$(dirname "$0")/instrumented.sh"
stage build/valgrind --debug

# A small emulator model; its recorded frames do not matter here.
model=$root/model.bin
node --input-type=module -e "
  import { writeFileSync } from 'node:fs';
  const { tenHeads } = await import('$root/dist/test/engine/tiny-onnx.js');
  writeFileSync('$root/model.onnx', tenHeads(64, 64, ['cat', 'dog', 'bird']));
  writeFileSync('$root/gray_64x64.nv12', new Uint8Array(6144).fill(128));"
node "$root/dist/tools/record/main.js" "$root/model.onnx" "$root/gray_64x64.nv12" -o "$model" --force

TROS_YOLO_SEG_EMULATOR=play_unknown=1,busy_us=0,overhead_us=0,fail_run=0.1,fail_submit=0.1 \
  valgrind --leak-check=full --show-leak-kinds=definite --num-callers=30 --xml=yes --xml-file="$root/report.xml" \
  node --jitless --single-threaded "$root/dist/test/engine/bpu/bpu-soak.js" "$model" 200
python3 - "$root/report.xml" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

ours = [
    error
    for error in tree.parse(sys.argv[1]).getroot().iter("error")
    if any((frame.findtext("obj") or "").endswith(("tros_yolo_seg.node", "libdnn.so")) for frame in error.iter("frame"))
]
for error in ours:
    print(error.findtext("kind"), error.findtext("what") or error.findtext("xwhat/text"))
    for frame in error.find("stack"):
        print("   ", frame.findtext("fn"), frame.findtext("file"), frame.findtext("line"))
print(len(ours), "errors and leaks of ours")
sys.exit(bool(ours))
PYTHON
