#!/usr/bin/env node
// Builds the addons that the npm package brings along, prebuilds/linux-x64 and prebuilds/linux-arm64:
//
//   node scripts/prebuild.mjs [x64|arm64]...
//
// They need glibc 2.31 and nothing else: libstdc++ and libgcc are linked statically. The compiler is this machine's g++; headers
// and libraries are those of Debian 11, taken once from its archive by apt-get and unpacked in build/prebuild
// (scripts/prebuild/toolchain.cmake). What is up to date is not built again.
//
// Needs, on Debian or Ubuntu for x64: sudo apt install cmake g++ g++-aarch64-linux-gnu binutils debian-archive-keyring
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digest, digestOf, fail, filesBelow, once, say } from './ros-common.mjs';
import { check } from './prebuild/symbols.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const native = join(root, 'native');
const scratch = join(root, 'build', 'prebuild');

/** Packages of Debian 11 that hold the C and C++ libraries, with the SHA-256 of each architecture's file. */
const PACKAGES = JSON.parse(readFileSync(join(root, 'scripts/prebuild/packages.json'), 'utf8'));

const TARGETS = {
  x64: { debian: 'amd64', triplet: 'x86_64-linux-gnu' },
  arm64: { debian: 'arm64', triplet: 'aarch64-linux-gnu' },
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in TARGETS));
if (unknown !== undefined)
  fail(Object.keys(TARGETS).join(', '), `received ${unknown}`, ['Name none for all']);
for (const name of wanted.length > 0 ? wanted : Object.keys(TARGETS)) await prebuild(name, TARGETS[name]);

async function prebuild(name, target) {
  const { debian, triplet } = target;
  const compiler = `${triplet}-g++`;
  const version = run(
    compiler,
    ['--version'],
    [`sudo apt install g++${name === 'x64' ? '' : `-${triplet}`}`],
  );
  const file = join(root, 'prebuilds', `linux-${name}`, 'tros_yolo_seg.node');
  const made = [
    digestOf(native),
    digestOf(join(root, 'scripts/prebuild')),
    readFileSync(import.meta.filename),
    version,
  ];
  mkdirSync(scratch, { recursive: true });
  if (!existsSync(file)) rmSync(join(scratch, name), { force: true });
  await once(join(scratch, name), digest(made), async () => {
    const sysroot = join(scratch, `sysroot-${debian}`);
    await once(join(scratch, `.${debian}`), digest([JSON.stringify(PACKAGES[debian]), sysroot]), () =>
      unpack(debian, sysroot),
    );
    const build = join(scratch, `build-${name}`);
    rmSync(build, { recursive: true, force: true });
    process.env.CMAKE_BUILD_PARALLEL_LEVEL ??= String(availableParallelism());
    const settings = {
      CMAKE_BUILD_TYPE: 'Release',
      CMAKE_TOOLCHAIN_FILE: join(root, 'scripts/prebuild/toolchain.cmake'),
      // Where cmake-js, too, finds the headers of Node-API. It is left out here, because it sets the compiler's flags.
      CMAKE_JS_INC: ['node-api-headers/include', 'node-addon-api']
        .map((path) => join(root, 'node_modules', path))
        .join(';'),
      PREBUILD_SYSROOT: sysroot,
      PREBUILD_TRIPLET: triplet,
    };
    const definitions = Object.entries(settings).map(([key, value]) => `-D${key}=${value}`);
    run('cmake', ['-S', native, '-B', build, ...definitions], ['sudo apt install cmake']);
    run(
      'cmake',
      ['--build', build, '--target', 'addon', '--parallel', String(availableParallelism())],
      ['npm run build:native shows whether the sources are right'],
    );
    const built = join(build, 'tros_yolo_seg.node');
    check(built);
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(built, file);
  });
  say(`${relative(root, file)}: ${check(file)}`);
}

/** Downloads the packages by an apt-get of their own, which checks Debian's signatures, and unpacks them. */
function unpack(debian, sysroot) {
  const apt = join(scratch, 'apt');
  for (const folder of ['lists/partial', 'archives/partial', 'parts'])
    mkdirSync(join(apt, folder), { recursive: true });
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  if (!existsSync(keyring)) fail(keyring, 'there is none', ['sudo apt install debian-archive-keyring']);
  const mirror = process.env.TROS_YOLO_SEG_DEBIAN ?? 'http://deb.debian.org/debian';
  writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} bullseye main\n`);
  writeFileSync(join(apt, 'status'), '');
  const options = {
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': join(apt, 'parts'),
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': apt,
    'APT::Architecture': debian,
    'APT::Architectures::': debian,
    // The folder is the user's own; apt's user cannot write to it.
    'APT::Sandbox::User': '',
  };
  const settings = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const network = [
    'It takes a network once',
    `TROS_YOLO_SEG_DEBIAN=http://archive.debian.org/debian if ${mirror} no longer has Debian 11`,
  ];
  run('apt-get', [...settings, 'update', '-q'], network);
  rmSync(sysroot, { recursive: true, force: true });
  mkdirSync(sysroot, { recursive: true });
  for (const { name, version, sha256 } of PACKAGES[debian]) {
    const file = join(apt, `${name}_${version.replaceAll(':', '%3a')}_${debian}.deb`);
    if (!existsSync(file))
      run('apt-get', [...settings, 'download', '-q', `${name}:${debian}=${version}`], network, apt);
    const found = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (found !== sha256)
      fail(`${file} of SHA-256 ${sha256}`, `it has ${found}`, [`Remove ${file} and try again`]);
    run('dpkg-deb', ['-x', file, sysroot], ['Is the disk full?']);
  }
  // Links to /lib/... would lead out of the folder, to the libraries of this machine.
  for (const path of filesBelow(sysroot)) {
    const link = join(sysroot, path);
    if (!lstatSync(link).isSymbolicLink() || !readlinkSync(link).startsWith('/')) continue;
    const inside = join(sysroot, readlinkSync(link));
    unlinkSync(link);
    symlinkSync(relative(dirname(link), inside), link);
  }
}

/** Runs a program to its end and returns its output. */
function run(program, args, solutions, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 27,
  });
  if (status === 0) return stdout;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-40).join('\n'));
  const found = error ? error.message : 'it failed as shown above';
  return fail(`${program} ${args.slice(0, 3).join(' ')} to succeed`, found, solutions);
}
