// Provides npm's packages for the ROS build in STAGE/node_modules:
//
//   node scripts/ros-packages.mjs --source FOLDER --stage FOLDER --onnx ON|OFF --npm PATH
//
// Those of the source folder are used if they have the versions of package-lock.json. Then no network is needed. Otherwise
// `npm ci` installs them, from a lock file reduced to what the build needs: TypeScript, the headers for the addon, and
// run-time packages; ONNX Runtime (some 290 MB) only if wanted.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { digest, fail, once, readJson, say } from './ros-common.mjs';
import { closure, runtimeRoots } from './ros-lock.mjs';

const { values: options } = parseArgs({
  options: {
    source: { type: 'string' },
    stage: { type: 'string' },
    onnx: { type: 'string' },
    npm: { type: 'string' },
  },
});
const { source, stage } = options;

const manifest = readJson(join(source, 'package.json'));
const lock = readJson(join(source, 'package-lock.json'));
const roots = [
  'typescript',
  'esbuild',
  'node-addon-api',
  'node-api-headers',
  ...runtimeRoots(manifest, options.onnx === 'ON'),
];
const needed = closure(lock, roots);

mkdirSync(stage, { recursive: true });
const modules = join(stage, 'node_modules');
const wrong = firstWrong();
const mode = wrong === undefined ? 'source' : 'registry';
const key = digest([
  mode,
  source,
  process.arch,
  ...needed.flatMap((path) => [path, lock.packages[path].version]),
]);
await once(join(stage, '.packages'), key, () => {
  remove(modules);
  // Sources in the stage folder are ES modules, too.
  const bare = { name: manifest.name, version: manifest.version, private: true, type: 'module' };
  writeFileSync(join(stage, 'package.json'), JSON.stringify(bare));
  if (mode === 'source') symlinkSync(join(source, 'node_modules'), modules);
  else install(bare);
});

/** The first package that the source folder's node_modules lacks or has in another version. */
function firstWrong() {
  return closure(lock, roots, { machine: true }).find((path) => {
    const file = join(source, path, 'package.json');
    return !existsSync(file) || readJson(file).version !== lock.packages[path].version;
  });
}

function install(bare) {
  const own = Object.fromEntries(roots.map((name) => [name, lock.packages[`node_modules/${name}`].version]));
  const { name, version } = manifest;
  writeFileSync(join(stage, 'package.json'), JSON.stringify({ ...bare, dependencies: own }));
  const packages = { '': { name, version, dependencies: own } };
  // Some are development packages of the source folder. Here all are needed, whatever NODE_ENV or npm's `omit` say.
  for (const path of needed) packages[path] = { ...lock.packages[path], dev: undefined };
  const { lockfileVersion, requires } = lock;
  writeFileSync(
    join(stage, 'package-lock.json'),
    JSON.stringify({ name, version, lockfileVersion, requires, packages }),
  );
  copyFileSync(join(source, '.npmrc'), join(stage, '.npmrc'));

  const bring =
    'Run `npm ci` in the source folder on a machine with a network and a processor of the same kind, and bring its ' +
    'node_modules here: it is used when it is complete';
  if (!options.npm || options.npm.endsWith('NOTFOUND')) {
    fail('npm, to install the packages of package-lock.json', 'there is none on the PATH', [
      'Install Node.js from nodesource.com, nodejs.org or nvm, which include npm, and remove the build folder',
      bring,
    ]);
  }
  say(`Installing npm packages (node_modules of the source folder lacks ${wrong}) ...`);
  // With npm's default time-outs, a machine without a network waits for more than a minute.
  const patience = ['--prefer-offline', '--fetch-retry-maxtimeout=10000'];
  const npm = spawnSync(options.npm, ['ci', '--include=optional', '--no-progress', ...patience], {
    cwd: stage,
    encoding: 'utf8',
  });
  if (npm.status === 0) return;
  remove(modules);
  const said = `${npm.stdout ?? ''}${npm.stderr ?? ''}${npm.error?.message ?? ''}`.trim();
  process.stderr.write(`${said.split('\n').slice(-20).join('\n')}\n`);
  fail('npm to install the packages of package-lock.json', '`npm ci` failed as shown above', [
    'Check the network, and build again',
    'Behind a proxy or with a mirror: `npm config set proxy ...`, `npm config set registry ...`',
    bring,
  ]);
}

/** Removes a folder, or a link to one without its target. */
function remove(path) {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) unlinkSync(path);
  else rmSync(path, { recursive: true, force: true });
}
