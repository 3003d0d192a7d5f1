// Puts the program together as the ROS package installs it:
//
//   node scripts/ros-app.mjs --source FOLDER --stage FOLDER --app FOLDER --addon FILE --onnx ON|OFF --python PATH
//
// The app folder is laid out as the source folder is (src/base/package-root.ts), with only what is needed to run: the
// compiled program without its tests, the addon, the settings and, with ONNX Runtime, the demo model, and the packages it
// imports without their sources, type declarations and binaries for other machines. rclnodejs's messages are generated here,
// so that an installed program never needs to write to its own folder.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { digest, digestOf, fail, filesBelow, once, readJson, say } from './ros-common.mjs';
import { closure, runtimeRoots } from './ros-lock.mjs';
import { provideMessages, provideNative } from './ros-rclnodejs.mjs';

const { values: options } = parseArgs({
  options: {
    source: { type: 'string' },
    stage: { type: 'string' },
    app: { type: 'string' },
    addon: { type: 'string' },
    onnx: { type: 'string' },
    python: { type: 'string' },
  },
});
const { source, stage, app } = options;
const onnx = options.onnx === 'ON';
const manifest = readJson(join(source, 'package.json'));
const lock = readJson(join(source, 'package-lock.json'));
// A user with a umask of 077 also installs for others.
process.umask(0o022);
mkdirSync(app, { recursive: true });

const packages = await once(
  join(stage, '.app-packages'),
  digest([options.onnx, ...ownScripts(), readFileSync(join(stage, '.packages'))]),
  copyPackages,
);
const program = await once(
  join(stage, '.app-program'),
  digest([...ownScripts(), digestOf(join(source, 'src'))]),
  compile,
);
copyOwn();
const rclnodejs = join(app, 'node_modules', 'rclnodejs');
provideNative(join(stage, 'node_modules', 'rclnodejs'), rclnodejs, join(stage, 'rclnodejs'));
await provideMessages(rclnodejs, source, options.python, stage);
writeContents();
if (packages || program) say(`Program: ${Math.round(sizeOf(app) / 1e6)} MB in ${app}`);

function ownScripts() {
  return ['ros-app.mjs', 'ros-lock.mjs', 'build-page.mjs'].map((name) =>
    readFileSync(join(source, 'scripts', name)),
  );
}

function copyPackages() {
  rmSync(join(app, 'node_modules'), { recursive: true, force: true });
  for (const path of closure(lock, runtimeRoots(manifest, onnx), { machine: true, runtime: true })) {
    const from = join(stage, path);
    cpSync(from, join(app, path), {
      recursive: true,
      dereference: true,
      filter: (file) => runs(path.slice(path.lastIndexOf('node_modules/') + 13), relative(from, file)),
    });
  }
  // When its native part does not load, rclnodejs runs `npm run rebuild`, which empties the folder of messages.
  const file = join(app, 'node_modules', 'rclnodejs', 'package.json');
  writeFileSync(file, JSON.stringify(readJson(file, 'scripts', 'devDependencies'), null, 2));
}

/** Whether the file is needed at run time; `file` is relative to the package, '' is the package itself. */
function runs(name, file) {
  // Nested packages are handled separately.
  if (basename(file) === 'node_modules') return false;
  if (
    /\.(d\.[cm]?ts|[cm]?ts|map|md|markdown|tsbuildinfo|gyp|h|cc|cpp)$/i.test(file) &&
    !/licen[cs]e/i.test(file)
  )
    return false;
  if (/^(tests?|docs?|examples?|\.github)$/.test(file)) return false;
  const parts = file.split('/');
  switch (name) {
    case 'rclnodejs':
      return !/^(prebuilds|src|web|rosocket|bin|build|generated|types|scripts|\.messages|\.ros-distro)$/.test(
        parts[0],
      );
    case 'onnxruntime-node': {
      const [top, , platform, arch] = parts;
      if (top !== 'bin') return !['script', 'src', 'lib'].includes(top);
      return (platform ?? process.platform) === process.platform && (arch ?? process.arch) === process.arch;
    }
    case 'onnxruntime-common':
      return parts[0] !== 'lib';
    case 'rxjs':
      // Node.js uses CommonJS.
      return parts[0] !== 'src' && (parts[0] !== 'dist' || parts.length === 1 || parts[1] === 'cjs');
    case 'sharp':
      return !['src', 'install'].includes(parts[0]);
    default:
      return parts[0] !== 'src' || keepsSource(name);
  }
}

/** Whether the package runs from its folder src/. */
function keepsSource(name) {
  const { main = '', exports = {} } = readJson(join(stage, 'node_modules', name, 'package.json'));
  return (
    /(^|["./])src\//.test(`${main} ${JSON.stringify(exports)}`) ||
    existsSync(join(stage, 'node_modules', name, 'index.js'))
  );
}

/** Compiles TypeScript without checking types: `npm test` has done that, and boards are slow. */
function compile() {
  const dist = join(app, 'dist');
  rmSync(dist, { recursive: true, force: true });
  rmSync(join(stage, 'src'), { recursive: true, force: true });
  cpSync(join(source, 'src'), join(stage, 'src'), { recursive: true });
  cpSync(join(source, 'tsconfig.json'), join(stage, 'tsconfig.source.json'));
  const compilerOptions = {
    rootDir: stage,
    outDir: dist,
    incremental: false,
    tsBuildInfoFile: null,
    noCheck: true,
    types: [],
    declaration: false,
    sourceMap: false,
    inlineSources: false,
  };
  const config = join(stage, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({ extends: './tsconfig.source.json', compilerOptions, include: ['src'] }),
  );
  const tsc = join(stage, 'node_modules', 'typescript', 'bin', 'tsc');
  const run = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout}${run.stderr}`);
    fail('the TypeScript sources to compile', 'tsc failed as shown above', [
      'Use a released version, or undo the change; `npm test` shows the same',
    ]);
  }
  // Imported from the stage folder, whose packages it needs.
  cpSync(join(source, 'scripts', 'build-page.mjs'), join(stage, 'build-page.mjs'));
  const bundle = spawnSync(
    process.execPath,
    [join(stage, 'build-page.mjs'), '--source', stage, '--dist', dist],
    { encoding: 'utf8' },
  );
  if (bundle.status !== 0) {
    process.stderr.write(`${bundle.stdout}${bundle.stderr}`);
    fail('the live page to be bundled', 'esbuild failed as shown above', [
      'Use a released version, or undo the change; `npm test` shows the same',
    ]);
  }
}

/** Our own files besides the program. They are small, so they are copied every time. */
function copyOwn() {
  const ours = readJson(join(source, 'package.json'), 'devDependencies', 'scripts', 'files');
  writeFileSync(join(app, 'package.json'), `${JSON.stringify(ours, null, 2)}\n`);
  for (const folder of ['config', 'fonts', 'models', 'msg'])
    rmSync(join(app, folder), { recursive: true, force: true });
  cpSync(join(source, 'msg'), join(app, 'msg'), { recursive: true });
  cpSync(join(source, 'config'), join(app, 'config'), { recursive: true });
  cpSync(join(source, 'fonts'), join(app, 'fonts'), { recursive: true });
  if (onnx) cpSync(join(source, 'models'), join(app, 'models'), { recursive: true });
  for (const name of ['LICENSE', 'NOTICE']) cpSync(join(source, name), join(app, name));
  const addon = join(app, 'build', 'native', 'Release', 'tros_yolo_seg.node');
  mkdirSync(dirname(addon), { recursive: true });
  cpSync(options.addon, addon);
}

/**
 * Makes everything readable for everyone, and returns a fingerprint: size and time of each file, or the content of small
 * ones.
 */
function writeContents() {
  const lines = filesBelow(app).flatMap((path) => {
    if (path === '.contents') return [];
    const file = join(app, path);
    const { mode, size, mtimeMs } = statSync(file);
    const right = mode & 0o100 ? 0o755 : 0o644;
    if ((mode & 0o777) !== right) chmodSync(file, right);
    const ours = !path.startsWith('node_modules/');
    return [`${path} ${size} ${ours ? digest([readFileSync(file)]) : mtimeMs}`];
  });
  writeFileSync(join(app, '.contents'), `${lines.join('\n')}\n`);
}

function sizeOf(folder) {
  return filesBelow(folder).reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
}
