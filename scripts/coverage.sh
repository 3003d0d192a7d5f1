#!/usr/bin/env bash
# What the tests cover: lines of src/ by c8, and of native/ by gcov. Files with lines that no test reaches are named with them.
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
  # Files of types only have nothing to run.
  mapfile -t types < <(find dist/src -name '*.js' -exec sh -c 'grep -qvE "^(export \{\};|//# .*)$" "$1" || echo "$1"' _ {} \;)
  # V8 notes what ran in every process that the tests start, workers and command lines alike.
  v8=$root/build/coverage/v8
  rm -rf "$v8"
  NODE_V8_COVERAGE=$v8 node scripts/test.mjs >build/coverage.log 2>&1 && status=0 || status=$?
  grep -E '^[0-9]+ passed' build/coverage.log || tail -n 40 build/coverage.log
  # What ROS starts are the same files, compiled by the same compiler, where colcon installed them.
  find "$v8" -name '*.json' -exec sed -i "s#file://$root/build/ros/install/lib/node_modules/tros-yolo-seg/dist/#file://$root/dist/#g" {} +
  npx c8 report --all --include 'dist/src/**' --src dist/src "${types[@]/#/--exclude=}" --exclude '**/*.d.ts' --temp-directory "$v8" --reports-dir build/coverage/src \
    --reporter text --reporter lcovonly --check-coverage --lines 95 --branches 0 --functions 0 --statements 0
  [ "$status" = 0 ] || exit "$status"
fi

if [ "$wanted" != src ]; then
  echo "== native/"
  source scripts/instrumented.sh
  stage build/gcov --CDTROS_YOLO_SEG_COVERAGE=ON
  find "$root" -name '*.gcda' -delete
  node "${mocha[@]}" "${tests[@]}" >"$root/log.txt" 2>&1 || { cat "$root/log.txt"; exit 1; }
  cd ../..
  gcovr --root "$PWD" --filter native/ --exclude native/bench --exclude native/stress --sort-uncovered "$root/build"
fi
