# Sourced by asan.sh and valgrind.sh: a copy of the package in $root with an addon of its own, and the tests that use it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# $1: folder; further arguments go to cmake-js
stage() {
  root=$PWD/$1
  shift
  npx tsc -p . || exit 1
  mkdir -p "$root/build"
  rm -rf "$root/dist"
  cp -r dist package.json "$root/"
  for shared in node_modules config models msg; do
    [ ! -e "$shared" ] || ln -sfn "$PWD/$shared" "$root/$shared"
  done
  npx cmake-js build -d native -O "$root/build/native" "$@" >"$root/build.log" 2>&1 || {
    cat "$root/build.log"
    exit 1
  }
  export TROS_YOLO_SEG_DATA=${TROS_YOLO_SEG_DATA:-$PWD/../shared/data}
  mapfile -t tests < <(cd "$root/dist/test" && find native engine -path 'native/*.test.js' -o -path 'engine/bpu-*.test.js' | sort)
  tests=("${tests[@]/#/$root/dist/test/}")
  mocha=("$root/node_modules/mocha/bin/mocha.js" --no-config --timeout 600000 --reporter dot)
}
