#!/usr/bin/env bash
# What the tests cover: lines of src/ by c8, and of native/ by gcov. Every line that no test reaches is named with its file.
# Fails below 95 % of the lines of src/. Needs gcovr for native/: sudo apt install gcovr
#
#   scripts/coverage.sh [src|native]
#
# Where ROS 2 is sourced the node's own files count in full; elsewhere only what can be tested without it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
wanted=${1:-all}

if [ "$wanted" != native ]; then
  npm run --silent build
  echo "== src/"
  # Files of types only have nothing to run, and what an older build left behind has no source.
  mapfile -t none < <(find dist/src -name '*.js' -exec sh -c '
    source=${1#dist/}; test -f "${source%.js}.ts" && grep -qvE "^(export \{\};|//# .*)$" "$1" || echo "$1"' _ {} \;)
  # V8 notes what ran in every process that the tests start, workers and command lines alike.
  v8=$root/build/coverage/v8
  rm -rf "$v8"
  NODE_V8_COVERAGE=$v8 node scripts/test.mjs >build/coverage.log 2>&1 && status=0 || status=$?
  grep -E '^[0-9]+ passed' build/coverage.log || tail -n 40 build/coverage.log
  # What ROS starts are the same files, compiled by the same compiler, where colcon installed them.
  find "$v8" -name '*.json' -exec sed -i "s#file://$root/build/ros/install/lib/node_modules/tros-yolo-seg/dist/#file://$root/dist/#g" {} +
  npx c8 report --all --include 'dist/src/**' --src dist/src "${none[@]/#/--exclude=}" --exclude '**/*.d.ts' --temp-directory "$v8" --reports-dir build/coverage/src \
    --reporter text-summary --reporter lcovonly --check-coverage --lines 95 --branches 0 --functions 0 --statements 0 && enough=0 || enough=$?
  # c8's own table cuts the lists of lines short.
  awk -F '[:,]' '
    function flush() { if (from) list = list " " (from == to ? from : from "-" to); from = 0 }
    /^SF:/ { file = $2; list = ""; all = hit = 0 }
    /^DA:/ { all++; if ($3 > 0) hit++; else if (from && $2 == to + 1) to = $2; else { flush(); from = to = $2 } }
    /^end_of_record/ { flush(); if (list) printf "%6.2f %%  %s:%s\n", 100 * hit / all, file, list }
  ' build/coverage/src/lcov.info | sort -n
  [ "$status" = 0 ] || exit "$status"
  [ "$enough" = 0 ] || exit "$enough"
fi

if [ "$wanted" != src ]; then
  echo "== native/"
  source scripts/instrumented.sh
  stage build/gcov --CDTROS_YOLO_SEG_COVERAGE=ON
  find "$root" -name '*.gcda' -delete
  node "${mocha[@]}" "${tests[@]}" >"$root/log.txt" 2>&1 || { cat "$root/log.txt"; exit 1; }
  gcovr --root "$PWD" --filter native/ --exclude native/bench --exclude native/stress --sort-uncovered "$root/build"
fi
