// Makes an installed rclnodejs ready to run: its native part, and a JavaScript class for every message on AMENT_PREFIX_PATH
// and for those of this package. Its own install scripts do the same, but need npm scripts to run, the network in more
// cases, and memory for one Python for each message.
//
//   node scripts/ros-rclnodejs.mjs [--rclnodejs FOLDER] [--source FOLDER] [--python PATH]
//
// FOLDER is by default node_modules/rclnodejs of this repository. Needs a sourced ROS 2.
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { digest, fail, filesBelow, once, readJson, say } from './ros-common.mjs';

/** Names the release of ROS that an rclnodejs is made ready for; src/node/ros/rclnodejs.ts reads it. */
const DISTRO_MARK = '.ros-distro';

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));

/**
 * Puts a working native part into build/Release: a prebuilt one for this ROS and processor, else a compiled one. (rclnodejs
 * itself uses prebuilt ones only on their Ubuntu release; one that loads elsewhere, for example on Debian, is as good.)
 *
 * @param from rclnodejs as npm installed it, with prebuilds/
 * @param into rclnodejs to make ready; may be the same
 */
export function provideNative(from, into, scratch) {
  const target = join(into, 'build', 'Release', 'rclnodejs.node');
  const folder = join(from, 'prebuilds', `${process.platform}-${process.arch}`);
  const distro = process.env.ROS_DISTRO;
  if (!distro || !process.env.AMENT_PREFIX_PATH) {
    fail('a sourced ROS 2', 'ROS_DISTRO or AMENT_PREFIX_PATH is not set', ['. /opt/ros/humble/setup.sh']);
  }
  // One for another release may load, too: the libraries of all releases have the same names, with other structs in them.
  const mark = join(into, DISTRO_MARK);
  if (existsSync(target) && existsSync(mark) && readFileSync(mark, 'utf8').trim() === distro) {
    if (loads(target) === undefined) return target;
  }
  rmSync(mark, { force: true });
  rmSync(target, { force: true });
  const candidates = existsSync(folder)
    ? readdirSync(folder).filter(
        (name) => name.startsWith(`${distro}-`) && name.endsWith('-node-rclnodejs.node'),
      )
    : [];
  const tried = [];
  for (const name of candidates) {
    const reason = loads(join(folder, name));
    if (reason === undefined) {
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(folder, name), target);
      writeFileSync(mark, `${distro}\n`);
      say(`rclnodejs: ${name}`);
      return target;
    }
    tried.push(`${name}: ${reason}`);
  }
  if (candidates.length === 0) tried.push(`no prebuilt one for ROS ${distro} on ${process.arch}`);
  compile(from, target, scratch, tried);
  writeFileSync(mark, `${distro}\n`);
  return target;
}

/** Why the library does not load, tested in a separate process; undefined if it does. */
function loads(file) {
  const run = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file], { encoding: 'utf8' });
  if (run.status === 0) return undefined;
  const said = run.stderr.split('\n').find((line) => line.startsWith('Error:')) ?? `signal ${run.signal}`;
  return said.replace('Error: ', '');
}

function compile(from, target, scratch, tried) {
  say(`rclnodejs: compiling its native part (${tried.join('; ')}) ...`);
  // A copy, because the packages may be those of the source folder, which must not change.
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(join(scratch, 'node_modules'), { recursive: true });
  cpSync(from, join(scratch, 'rclnodejs'), {
    recursive: true,
    filter: (path) => !['prebuilds', 'build', 'generated', 'dist'].includes(basename(path)),
  });
  symlinkSync(join(from, '..', 'node-addon-api'), join(scratch, 'node_modules', 'node-addon-api'));
  const gyp = join(from, '..', 'node-gyp', 'bin', 'node-gyp.js');
  // The headers that came with Node.js, or else node-gyp downloads them.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / 1e9)));
  const run = spawnSync(process.execPath, [gyp, 'rebuild', '-j', String(jobs), ...headers], {
    cwd: join(scratch, 'rclnodejs'),
    encoding: 'utf8',
    maxBuffer: 1 << 27,
  });
  const built = join(scratch, 'rclnodejs', 'build', 'Release', 'rclnodejs.node');
  const reason = run.status === 0 && existsSync(built) ? loads(built) : 'node-gyp failed as shown above';
  if (reason !== undefined) {
    process.stderr.write(`${`${run.stdout}${run.stderr}`.trim().split('\n').slice(-40).join('\n')}\n`);
    fail(
      `a native part of rclnodejs for ROS ${process.env.ROS_DISTRO} on ${process.platform}-${process.arch}`,
      `none loads: ${[...tried, reason].join('; ')}`,
      [
        'Source ROS 2 first: . /opt/ros/humble/setup.sh (the setup file sets ROS_DISTRO, PATH and LD_LIBRARY_PATH)',
        'To compile: sudo apt install g++ make python3; the ROS must be a merged install with `ros2` on the PATH',
      ],
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  cpSync(built, target);
}

/**
 * Generates the message classes, unless they exist and nothing has changed. Call after provideNative().
 *
 * @param source folder with msg/ and srv/ of this package, which need not be installed
 */
export async function provideMessages(rclnodejs, source, python, scratch) {
  const prefixes = process.env.AMENT_PREFIX_PATH.split(delimiter).filter((prefix) => prefix !== '');
  const key = digest([
    readJson(join(rclnodejs, 'package.json')).version,
    process.env.ROS_DISTRO ?? '',
    ...prefixes.flatMap(interfacesOf),
    ...['msg', 'srv'].flatMap((folder) => described(join(source, folder))),
  ]);
  const generated = join(rclnodejs, 'generated');
  mkdirSync(generated, { recursive: true });
  const did = await once(join(rclnodejs, '.messages'), key, async () => {
    const own = join(scratch, 'prefix');
    layOut(source, own);
    process.env.AMENT_PREFIX_PATH = [own, ...prefixes].join(delimiter);
    await generate(rclnodejs, python);
    process.env.AMENT_PREFIX_PATH = prefixes.join(delimiter);
    rmSync(own, { recursive: true });
  });
  if (did) {
    const classes = filesBelow(generated).filter((path) => path.endsWith('.js')).length;
    say(`rclnodejs: ${classes} message classes of ${readdirSync(generated).length} packages`);
  }
}

/** The current interfaces of a prefix. */
function interfacesOf(prefix) {
  const index = join(prefix, 'share', 'ament_index', 'resource_index', 'rosidl_interfaces');
  if (!existsSync(index)) return [];
  return readdirSync(index).flatMap((name) =>
    ['msg', 'srv', 'action'].flatMap((folder) => described(join(prefix, 'share', name, folder))),
  );
}

function described(folder) {
  if (!existsSync(folder)) return [];
  return filesBelow(folder).map((path) => {
    const { size, mtimeMs } = statSync(join(folder, path));
    return `${folder} ${path} ${size} ${mtimeMs}`;
  });
}

/** Lays out the interfaces of `source` as if they were installed in `prefix`. */
function layOut(source, prefix) {
  const share = join(prefix, 'share', 'tros_yolo_seg');
  const index = join(prefix, 'share', 'ament_index', 'resource_index', 'rosidl_interfaces');
  rmSync(prefix, { recursive: true, force: true });
  mkdirSync(index, { recursive: true });
  const files = ['msg', 'srv'].flatMap((folder) => {
    cpSync(join(source, folder), join(share, folder), { recursive: true });
    return readdirSync(join(share, folder)).map((name) => `${folder}/${name}`);
  });
  writeFileSync(join(index, 'tros_yolo_seg'), `${files.sort().join('\n')}\n`);
}

async function generate(rclnodejs, python) {
  const parser = require(join(rclnodejs, 'rosidl_parser', 'rosidl_parser.cjs'));
  const child = spawn(
    python,
    [join(here, 'ros-interfaces.py'), join(rclnodejs, 'rosidl_parser', 'parser.py')],
    // rclnodejs's parser module needs no cleanup.
    { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } },
  );
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  child.stdin.on('error', () => {});
  const waiting = [];
  const ended = new Promise((done) => {
    child.on('error', (error) => done((said += error.message)));
    child.on('close', done);
  }).then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error(said.trim() || 'Python ended early'));
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line);
    const { resolve: accept, reject } = waiting.shift();
    if (answer.error === undefined) accept(parser._parseJSONObject(answer.json));
    else reject(new Error(answer.error));
  });
  const failed = [];
  parser._parseFile = (...request) =>
    new Promise((accept, reject) => {
      waiting.push({
        resolve: accept,
        reject: (error) => {
          failed.push(`${request[2]}: ${error.message}`);
          reject(error);
        },
      });
      child.stdin.write(`${JSON.stringify(request)}\n`);
    });

  try {
    await require(join(rclnodejs, 'rosidl_gen', 'index.cjs')).generateAll(true);
  } catch (error) {
    process.stderr.write(`${failed.slice(0, 5).join('\n') || error.stack}\n`);
    fail(
      'JavaScript classes for the messages on AMENT_PREFIX_PATH',
      'generating them failed as shown above',
      [
        `Use the Python that ROS was built for, not one of pyenv or conda: it was ${python}; -DPython3_EXECUTABLE=/usr/bin/python3`,
        'sudo apt install ros-$ROS_DISTRO-rosidl-adapter',
      ],
    );
  } finally {
    child.stdin.end();
    await ended;
  }
  // Copies of request and response that only the generator reads.
  rmSync(join(rclnodejs, 'generated', 'srv_msg'), { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { rclnodejs: { type: 'string' }, source: { type: 'string' }, python: { type: 'string' } },
  });
  const source = resolve(values.source ?? join(here, '..'));
  const rclnodejs = resolve(values.rclnodejs ?? join(source, 'node_modules', 'rclnodejs'));
  const scratch = join(tmpdir(), `tros-yolo-seg-${process.pid}`);
  provideNative(rclnodejs, rclnodejs, scratch);
  await provideMessages(rclnodejs, source, values.python ?? '/usr/bin/python3', scratch);
  rmSync(scratch, { recursive: true, force: true });
}
