#!/usr/bin/env node
// Installs the npm package as a user without ROS and without a compiler does, and uses it:
//
//   node scripts/test-package.mjs [TARBALL]        default: npm pack, which builds (prepack)
//   node scripts/test-package.mjs --compile ...    also where no prebuilt addon fits: compiles with this machine's cmake and g++
//
// It takes the registry. onnxruntime-node's own install script, which would download CUDA's libraries (hundreds of megabytes that
// nothing here uses), is told not to: ONNXRUNTIME_NODE_INSTALL=skip.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesBelow, say } from './ros-common.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const arguments_ = process.argv.slice(2).filter((argument) => argument !== '--compile');
const scratch = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-package-'));
let failures = 0;

/** The programs that a machine without compilers has, as far as npm asks for them. */
const bin = join(scratch, 'bin');
mkdirSync(bin);
for (const program of ['sh', 'env', 'uname', 'tar']) symlinkSync(find(program), join(bin, program));
for (const program of ['node', 'npm', 'npx']) symlinkSync(find(program), join(bin, program));
const bare = {
  PATH: bin,
  HOME: process.env.HOME,
  ONNXRUNTIME_NODE_INSTALL: 'skip',
  npm_config_ignore_scripts: 'false',
};

const tarball = resolve(arguments_[0] ?? pack());
say(`${tarball}: ${statSync(tarball).size} bytes`);
const project = join(scratch, 'project');

step('npm install, without ROS and without a compiler', () => {
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
  run('npm', ['install', '--no-audit', '--no-fund', tarball]);
  const installed = join(project, 'node_modules/tros-yolo-seg');
  expect(!existsSync(join(project, 'node_modules/rclnodejs')), 'no rclnodejs');
  expect(!existsSync(join(installed, 'build')), 'nothing compiled');
  const size = (folder) =>
    filesBelow(folder).reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
  const all = join(project, 'node_modules');
  const onnx = size(join(all, 'onnxruntime-node'));
  return `${Math.round(size(all) / 1e6)} MB, of it ONNX Runtime ${Math.round(onnx / 1e6)} MB`;
});

step('npx tros-yolo-seg demo', () => {
  run('npx', ['--no', 'tros-yolo-seg', 'demo']);
  const files = readdirSync(join(project, 'out'));
  expect(files.length >= 3, `files in out/: ${files.join(', ')}`);
  return files.join(', ');
});

step('npx tros-yolo-seg check', () => {
  const said = run('npx', ['--no', 'tros-yolo-seg', 'check'], { anyStatus: true });
  expect(/ROS 2 +(not installed; not needed for files|installed, but not sourced)/.test(said), said);
});

step("the README's example", () => {
  const readme = readFileSync(join(project, 'node_modules/tros-yolo-seg/README.md'), 'utf8');
  writeFileSync(join(project, 'example.js'), /```ts\n(.*?)```/s.exec(readme)[1]);
  const said = run('node', ['example.js']);
  expect(/^(scene:\S* \d+\n){10}$/.test(said), said);
});

step('publint', () => void run('npx', ['--yes', 'publint@0.3.25', '--strict', tarball]));
// The package has ES modules only: require() of them works from Node.js 20.19 and 22.12 on.
step('are the types wrong?', () => {
  run('npx', ['--yes', '@arethetypeswrong/cli@0.18.5', '--profile', 'esm-only', tarball]);
});

const compiles = process.argv.includes('--compile');
for (const compilers of compiles ? [false, true] : [false]) {
  step(`where no prebuilt addon fits, ${compilers ? 'with cmake and g++' : 'without a compiler'}`, () => {
    const folder = join(project, 'node_modules/tros-yolo-seg');
    rmSync(join(folder, 'prebuilds'), { recursive: true, force: true });
    const env = compilers ? { PATH: [bin, process.env.PATH].join(delimiter) } : {};
    const said = run('npm', ['rebuild', 'tros-yolo-seg', '--foreground-scripts'], {
      env,
      anyStatus: !compilers,
    });
    if (!compilers) return expect(/cannot be compiled without cmake, c\+\+, make\./.test(said), said);
    expect(existsSync(join(folder, 'build/native/Release/tros_yolo_seg.node')), 'an addon');
    run('node', ['example.js']);
  });
}

rmSync(scratch, { recursive: true, force: true });
say(`${failures === 0 ? 'The package works' : `${failures} failed`}`);
process.exitCode = failures === 0 ? 0 : 1;

function pack() {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--ignore-scripts=false', '--json', '--pack-destination', scratch],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 27 },
  );
  if (status !== 0) throw new Error(`npm pack failed:\n${stdout}${stderr}`);
  return join(
    scratch,
    readdirSync(scratch).find((name) => name.endsWith('.tgz')),
  );
}

function step(title, check) {
  try {
    const note = check();
    say(`ok    ${title}${typeof note === 'string' ? `: ${note}` : ''}`);
  } catch (error) {
    failures++;
    say(`FAIL  ${title}\n${error.message}`);
  }
}

function expect(holds, what) {
  if (!holds) throw new Error(`Expected ${what}`);
}

function run(program, args, { env = {}, anyStatus = false } = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: project,
    encoding: 'utf8',
    env: { ...bare, ...env },
    maxBuffer: 1 << 27,
  });
  if (status !== 0 && !anyStatus)
    throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return anyStatus ? `${stdout}${stderr}` : stdout;
}

/** Where the shell finds a program. */
function find(program) {
  const place = process.env.PATH.split(delimiter).find((folder) => existsSync(join(folder, program)));
  if (place === undefined) throw new Error(`Expected ${program} on the PATH of ${dirname(process.execPath)}`);
  return join(place, program);
}
