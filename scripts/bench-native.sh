#!/usr/bin/env bash
# Builds and runs native/bench: letterbox and colour conversion beside libyuv (where libyuv-dev is installed) and memcpy.
# Prints lines of JSON (native/bench/compare.h). Arguments: rounds, 200 where absent.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
cmake -S native/bench -B build/bench >build/bench.log 2>&1 && cmake --build build/bench >>build/bench.log 2>&1 || {
  cat build/bench.log >&2
  exit 1
}
exec build/bench/nv12-bench "$@"
