// The install script of the npm package: uses the prebuilt addon (prebuilds/, made by scripts/prebuild.mjs) if it loads here,
// else compiles one, else says what is missing. In the repository itself, .npmrc keeps npm from running it: npm run build.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const loader = fileURLToPath(new URL('../dist/src/native/addon.js', import.meta.url));

const before = whyNot();
if (before !== undefined) {
  const missing = [
    ['cmake', 'cmake'],
    [process.env.CXX ?? 'c++', 'g++'],
    ...(runs('ninja') ? [] : [['make', 'make']]),
  ].filter(([program]) => !runs(program));
  if (missing.length > 0) {
    const list = (column) => missing.map((pair) => pair[column]);
    fail(`and it cannot be compiled without ${list(0).join(', ')}`, [
      `To compile it: sudo apt install ${list(1).join(' ')}, then install again`,
      'A prebuilt one is part of the package for Linux with glibc 2.31 or newer (Debian 11, Ubuntu 20.04) on x64 and arm64',
    ]);
  }
  process.stdout.write(`tros-yolo-seg: compiling the native addon, as no prebuilt one can be used:\n${before}\n`);
  const build = spawnSync(process.execPath, [fileURLToPath(new URL('build.mjs', import.meta.url))], {
    stdio: 'inherit',
  });
  // build.mjs has said what went wrong.
  if (build.status !== 0) process.exit(1);
  if (whyNot() !== undefined) fail('and one that was compiled just now does not load either', []);
}

/** Why no addon of this package loads, tried in another process; undefined if one does. */
function whyNot() {
  if (!existsSync(loader)) return `  - no ${loader}: TypeScript is not compiled (npm run build:ts)`;
  const code = `import { loadAddon } from ${JSON.stringify(pathToFileURL(loader).href)};
    try { loadAddon(${JSON.stringify(root)}); } catch (error) { console.log(error.message); process.exit(1); }`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  const tried = stdout.split('\n').filter((line) => line.includes('tros_yolo_seg.node: '));
  return tried.join('\n') || stderr.trim() || '  - loading it ended the process';
}

function runs(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

function fail(found, solutions) {
  process.stderr.write(`
Expected a native addon for ${process.platform}-${process.arch} but none of this package loads:
${whyNot()}
${found}.${solutions.length > 0 ? ' Possible solutions:' : ''}
${solutions.map((solution) => `  - ${solution}\n`).join('')}
`);
  process.exit(1);
}
