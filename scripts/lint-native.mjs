#!/usr/bin/env node
// Checks the C++ code in native/: its formatting with clang-format (native/.clang-format), and bugs with clang-tidy
// (native/.clang-tidy). `npm run lint` runs it.
//
//   node scripts/lint-native.mjs [FILE]...      all of native/, or these files
//   node scripts/lint-native.mjs --format       formats all of native/ instead
//
// Both tools must be version 14, because other versions format and report differently. If one is missing, this says so and
// skips its check; under CI (CI=true) that is an error. native/ros is checked by clang-tidy only when ROS 2 is sourced.
//
// Files that clang-tidy found nothing in are remembered in build/lint-native.json, and skipped until they, a header or the
// configuration change.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = 14;
const root = fileURLToPath(new URL('..', import.meta.url));
const native = join(root, 'native');
const remembered = join(root, 'build/lint-native.json');

const all = readdirSync(native, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(cc|h)$/.test(file))
  .map((file) => join(native, file))
  .sort();
const reformat = process.argv.includes('--format');
const named = process.argv
  .slice(2)
  .filter((argument) => argument !== '--format')
  .map((file) => resolve(file));
const files = named.length > 0 ? named : all;
let failed = false;

const format = tool('clang-format');
if (format) {
  const mode = reformat ? ['-i'] : ['--dry-run', '-Werror'];
  const { status, stderr } = spawnSync(format, [...mode, ...files], { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`${stderr}Expected formatted C++ code. To format it: npm run format\n`);
    failed = true;
  }
}

const tidy = reformat ? undefined : tool('clang-tidy');
if (tidy)
  failed = !(await checkAll(files.filter((file) => file.endsWith('.cc') && compiles(file)))) || failed;
process.exit(failed ? 1 : 0);

/** Path of a tool of the right version. */
function tool(name) {
  for (const command of [`${name}-${VERSION}`, name]) {
    const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    if (Number(/version (\d+)/.exec(stdout ?? '')?.[1]) === VERSION) return command;
  }
  console.log(
    `native/ was not checked by ${name} ${VERSION}, which is not installed: sudo apt install ${name}-${VERSION}`,
  );
  failed ||= process.env.CI === 'true';
  return undefined;
}

/** Whether the file can be compiled on this machine. */
function compiles(file) {
  const name = relative(native, file);
  if (name.startsWith('ros/')) return Boolean(process.env.ROS_DISTRO);
  if (/kernels_(avx2|ssse3)/.test(name)) return process.arch === 'x64';
  if (/kernels_neon/.test(name)) return process.arch === 'arm64';
  return true;
}

/** Compiler flags of a file. */
function flags(file) {
  const modules = join(root, 'node_modules');
  const system = [join(modules, 'node-addon-api'), join(modules, 'node-api-headers/include')];
  const defines = ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS', 'NODE_ADDON_API_CPP_EXCEPTIONS_ALL'];
  if (process.arch === 'x64') defines.push('NV12_KERNELS_X86', 'DECODE_KERNELS_X86');
  if (process.arch === 'arm64') defines.push('NV12_KERNELS_NEON', 'DECODE_KERNELS_NEON');
  const options = ['-std=c++17', `-I${native}`, `-I${join(native, 'bench')}`];
  const name = relative(native, file);
  // GCC's, for the sanitizers' headers, which clang has in another package.
  if (name.startsWith('fuzz/')) options.push('-idirafter', gccHeaders());
  if (name.includes('avx2')) options.push('-mavx2');
  if (name.includes('ssse3')) options.push('-mssse3');
  if (name.startsWith('ros/')) {
    defines.push('TROS_YOLO_SEG_RCLCPP');
    for (const prefix of (process.env.AMENT_PREFIX_PATH ?? '').split(':').filter(Boolean)) {
      const include = join(prefix, 'include');
      for (const name of existsSync(include) ? readdirSync(include) : []) {
        if (existsSync(join(include, name, name))) system.push(join(include, name));
      }
      if (existsSync(join(include, 'hbm_img_msgs'))) defines.push('TROS_YOLO_SEG_HBM');
    }
  }
  return [...options, ...system.flatMap((path) => ['-isystem', path]), ...defines.map((name) => `-D${name}`)];
}

/** Checks files side by side. @returns whether there are no findings */
async function checkAll(sources) {
  const settings = readdirSync(native, { recursive: true, encoding: 'utf8' })
    .filter((file) => basename(file) === '.clang-tidy')
    .map((file) => readFileSync(join(native, file), 'utf8'))
    .join();
  const headers = all.filter((file) => file.endsWith('.h')).map((file) => readFileSync(file, 'utf8'));
  const clean = new Set(existsSync(remembered) ? JSON.parse(readFileSync(remembered, 'utf8')) : []);
  const keyOf = (file) =>
    createHash('sha256')
      .update([settings, ...headers, ...flags(file), readFileSync(file, 'utf8')].join('\0'))
      .digest('hex');
  const waiting = sources.filter((file) => !clean.has(keyOf(file)));
  let good = true;
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const { status, output } = await run(tidy, ['--quiet', file, '--', ...flags(file)]);
      if (status === 0) clean.add(keyOf(file));
      else process.stderr.write(output);
      good &&= status === 0;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const keys = sources.map(keyOf);
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(
    remembered,
    JSON.stringify(named.length > 0 ? [...clean] : keys.filter((key) => clean.has(key))),
  );
  if (!good) process.stderr.write('Expected no findings of clang-tidy in native/ (native/.clang-tidy).\n');
  return good;
}

function gccHeaders() {
  return spawnSync('g++', ['-print-file-name=include'], { encoding: 'utf8' }).stdout?.trim() ?? '';
}

function run(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (status) =>
      done({ status, output: output.replace(/^\d+ warnings? generated\.\n/gm, '') }),
    );
  });
}
