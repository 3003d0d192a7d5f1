// Builds the addon into build/native/Release. Silent on success; on failure it prints the tools' output and what to do.
// Arguments are passed to cmake-js, e.g. `npm run build:native -- --debug`.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('.', import.meta.url));
const out = fileURLToPath(new URL('../build/native', import.meta.url));
const tool = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');

const build = spawnSync(process.execPath, [tool, 'build', '-d', source, '-O', out, ...process.argv.slice(2)], {
  encoding: 'utf8',
  maxBuffer: 1 << 26,
});
if (build.status !== 0) {
  const said = `${build.stdout}${build.stderr}${build.error?.message ?? ''}`;
  process.stderr.write(`${said}
Expected the native addon to build but it failed as shown above. Possible solutions:
  - It needs CMake 3.18 or newer and a C++17 compiler: sudo apt install cmake g++
  - A build folder made by another compiler, or moved, does not build: remove build/native and try again
`);
  process.exit(1);
}
