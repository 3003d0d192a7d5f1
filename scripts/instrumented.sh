# Sourced by asan.sh, fuzz.sh, coverage.sh and valgrind.sh: a copy of the package in $root with its own addon, and the tests
# that use it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# $1: folder; further arguments go to cmake-js
stage() {
  root=$PWD/$1
  shift
  npm run --silent build:ts || exit 1
  mkdir -p "$root/build"
  rm -rf "$root/dist"
  cp -r dist package.json "$root/"
  for shared in node_modules config models msg native; do
    [ ! -e "$shared" ] || ln -sfn "$PWD/$shared" "$root/$shared"
  done
  npx cmake-js build -d native -O "$root/build/native" "$@" >"$root/build.log" 2>&1 || {
    cat "$root/build.log"
    exit 1
  }
  export TROS_YOLO_SEG_DATA=${TROS_YOLO_SEG_DATA:-$PWD/../shared/data}
  # Relative to the package, independent of the name of its folder.
  local all=() test
  mapfile -t all < <(cd "$root/dist/test" && find native engine ros web -name '*.test.js' | sort)
  tests=()
  leaking=()
  for test in "${all[@]}"; do
    case $test in
    native/* | engine/bpu/bpu-* | engine/bpu/emulator-* | ros/native-*) tests+=("$root/dist/test/$test") ;;
    web/frame.* | web/frame-memor* | web/page-worker.* | web/page-connection.* | web/picture-encoders.*) tests+=("$root/dist/test/$test") ;;
    esac
    # Only tests that do their work in this process: child processes report no leaks here.
    case $test in
    native/addon.* | native/camera.* | engine/bpu/bpu-engine.* | engine/bpu/bpu-arguments.*) leaking+=("$root/dist/test/$test") ;;
    esac
  done
  mocha=("$root/node_modules/mocha/bin/mocha.js" --no-config --timeout 600000 --reporter dot)
}
