#!/usr/bin/env bash
# Builds and runs native/bench: letterbox and color conversion compared with memcpy and, if libyuv-dev is installed, libyuv.
# Prints lines of JSON (native/bench/compare.h). Argument: number of rounds, default 200.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
cmake -S native/bench -B build/bench >build/bench.log 2>&1 && cmake --build build/bench >>build/bench.log 2>&1 || {
  cat build/bench.log >&2
  exit 1
}
exec build/bench/nv12-bench "$@"
