#!/usr/bin/env node
// Makes a Debian package of the ROS package from what colcon has installed:
//
//   colcon build --packages-select tros_yolo_seg
//   node scripts/deb.mjs --install install/tros_yolo_seg [--flavor ros|tros] [--node FILE] [--revision 1] [--out out/deb]
//
//   --flavor   ros: ros-humble-tros-yolo-seg in /opt/ros/humble (default)
//              tros: tros-humble-tros-yolo-seg in /opt/tros/humble, with what TROS's own nodes need
//   --node     an executable of Node.js to bring along; otherwise the package depends on nodejs (>= 20.20) of nodesource.com
//   --compression   xz (default), or gzip: a third larger, made in a fraction of the time
//   --arch     amd64 or arm64; default: this machine's. Everything in the package must be for it
//
// TROS's package must be built where TROS's messages are: on the board. A package is for machines whose glibc and libstdc++ are
// not older than this one's; it names the versions that it needs. Build it on the robot, or in docker/Dockerfile.deb. Needs
// dpkg-deb and objdump: sudo apt install dpkg binutils
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FLAVORS, control } from './deb/control.mjs';
import { elfDepends, elfFiles } from './deb/elf.mjs';
import { fail, filesBelow, readJson, say } from './ros-common.mjs';

const { values: options } = parseArgs({
  options: {
    install: { type: 'string' },
    flavor: { type: 'string', default: 'ros' },
    node: { type: 'string' },
    revision: { type: 'string', default: '1' },
    arch: { type: 'string', default: process.arch === 'x64' ? 'amd64' : process.arch },
    out: { type: 'string', default: 'out/deb' },
    compression: { type: 'string', default: 'xz' },
  },
});
const { flavor, arch: architecture } = options;
const COMPRESSIONS = ['xz', 'gzip'];
const source = fileURLToPath(new URL('..', import.meta.url));
const manifest = readJson(join(source, 'package.json'));
if (!Object.hasOwn(FLAVORS, flavor))
  fail(`--flavor ${Object.keys(FLAVORS).join(' or ')}`, `received ${flavor}`, ['Omit it for ros']);
if (!COMPRESSIONS.includes(options.compression))
  fail(`--compression ${COMPRESSIONS.join(' or ')}`, `received ${options.compression}`, ['Omit it for xz']);
const install = resolve(options.install ?? 'install/tros_yolo_seg');
const program = 'lib/node_modules/tros-yolo-seg';
if (
  !existsSync(join(install, program, 'package.json')) ||
  lstatSync(join(install, program)).isSymbolicLink()
) {
  fail(`the install of colcon build in --install, with ${program}`, `${install} has none, or a link`, [
    'colcon build --packages-select tros_yolo_seg, without --symlink-install',
    '--install install/tros_yolo_seg, or --install install after colcon build --merge-install',
  ]);
}
if (
  flavor === 'tros' &&
  !existsSync(join(install, program, 'node_modules/rclnodejs/generated/hbm_img_msgs'))
) {
  fail("an install that knows TROS's messages", `${install} was built without them`, [
    'Build where TROS is installed, on the board: . /opt/tros/humble/setup.bash && colcon build --cmake-clean-first',
  ]);
}
// Also for a user with a umask of 077.
process.umask(0o022);

const { name, prefix } = FLAVORS[flavor];
const out = resolve(options.out);
const stage = join(out, `${name}.stage`);
rmSync(stage, { recursive: true, force: true });
const root = join(stage, prefix);

copyInstall();
const bundled = options.node === undefined ? undefined : bundleNode();
addSystemFiles();
refuseForeignPaths();
const depends = libraries();
writeControl();
const deb = join(out, `${name}_${manifest.version}-${options.revision}_${architecture}.deb`);
run('dpkg-deb', ['--root-owner-group', `-Z${options.compression}`, '--build', stage, deb]);
rmSync(stage, { recursive: true });
say(`${deb}: ${statSync(deb).size} bytes`);

/** Copies the files of this package. Those of the workspace (setup.bash ...), and of other packages of a merged one, stay. */
function copyInstall() {
  for (const path of filesBelow(install)) {
    const parts = path.split('/');
    if (
      !parts.some((part) => /^(lib)?tros[_-]yolo[_-]seg/.test(part)) ||
      path.startsWith('share/colcon-core/')
    )
      continue;
    if (parts.includes('__pycache__')) continue;
    const file = join(install, path);
    if (lstatSync(file).isSymbolicLink() && !existsSync(file)) continue;
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target, { verbatimSymlinks: true });
    chmodSync(target, statSync(file).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** Puts Node.js where cmake/start.sh.in looks for it. Returns its version. */
function bundleNode() {
  const target = join(root, program, 'bin', 'node');
  mkdirSync(dirname(target), { recursive: true });
  cpSync(options.node, target, { dereference: true });
  chmodSync(target, 0o755);
  // It may be for another processor, which cannot be asked. The address of its release is in its text.
  const [, version] = /node-v(\d+\.\d+\.\d+)\.tar\.gz/.exec(readFileSync(target, 'latin1')) ?? [];
  return version ?? 'of an unknown version';
}

function addSystemFiles() {
  const put = (path, content) => {
    mkdirSync(dirname(join(stage, path)), { recursive: true });
    writeFileSync(join(stage, path), content);
  };
  const read = (path) => readFileSync(join(source, path));
  put(
    'lib/systemd/system/tros-yolo-seg.service',
    String(read('systemd/tros-yolo-seg.service.in')).replaceAll('@PREFIX@', prefix),
  );
  put('etc/default/tros-yolo-seg', read('systemd/default'));
  const doc = `usr/share/doc/${name}`;
  put(`${doc}/copyright`, `${read('NOTICE')}\n\n${read('LICENSE')}`);
  put(`${doc}/changelog.Debian.gz`, gzipSync(changelog(), { level: 9 }));
}

/** dpkg wants a changelog of its own form; ours is in the npm package and in the repository. */
function changelog() {
  const date = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000) * 1000)
    .toUTCString()
    .replace('GMT', '+0000');
  const [, email] = /<maintainer email="([^"]+)"/.exec(readFileSync(join(source, 'package.xml'), 'utf8'));
  return `${name} (${manifest.version}-${options.revision}) jammy; urgency=medium\n\n  * See CHANGELOG.md of tros_yolo_seg.\n\n -- ${manifest.author} <${email}>  ${date}\n`;
}

/** A file that names the workspace would not work elsewhere. */
function refuseForeignPaths() {
  const found = filesBelow(root).filter((path) => {
    const file = join(root, path);
    return (
      !lstatSync(file).isSymbolicLink() &&
      statSync(file).size < 1e6 &&
      readFileSync(file).includes(`${install}/`)
    );
  });
  if (found.length > 0) {
    fail(`files that do not name ${install}`, `${found.slice(0, 5).join(', ')} do`, [
      'colcon build --cmake-clean-first',
    ]);
  }
}

/** Everything must be for the package's architecture; and which packages bring the libraries that it needs. */
function libraries() {
  const files = elfFiles(root, architecture);
  const wrong = files.filter(({ fits }) => !fits).map(({ path }) => path);
  if (wrong.length > 0) {
    fail(
      `programs and libraries for ${architecture}`,
      `others are for another processor: ${wrong.slice(0, 8).join(', ')}`,
      [
        `Build on a machine of ${architecture}, or in docker/Dockerfile.deb with --platform linux/${architecture}`,
      ],
    );
  }
  const paths = files.map(({ path }) => path);
  const found = elfDepends(root, paths, (process.env.AMENT_PREFIX_PATH ?? '').split(':').filter(Boolean));
  if (found.unknown.length > 0) {
    fail('libraries of ROS packages on AMENT_PREFIX_PATH', `these are of none: ${found.unknown.join(', ')}`, [
      'Source the ROS 2 or TROS with which it was built: . /opt/ros/humble/setup.sh',
    ]);
  }
  say(`${paths.length} programs and libraries for ${architecture}; ${found.system.join(', ')}`);
  return found;
}

function writeControl() {
  const files = filesBelow(stage);
  const bytes = files.reduce((sum, path) => sum + lstatSync(join(stage, path)).size, 0);
  const sums = files
    .filter((path) => !lstatSync(join(stage, path)).isSymbolicLink())
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(stage, path)))
          .digest('hex')}  ${path}\n`,
    );
  const folder = join(stage, 'DEBIAN');
  mkdirSync(folder);
  const packageXml = readFileSync(join(source, 'package.xml'), 'utf8');
  const { revision } = options;
  const kilobytes = Math.ceil(bytes / 1024);
  writeFileSync(
    join(folder, 'control'),
    control({ flavor, manifest, packageXml, revision, architecture, depends, bundled, kilobytes }),
  );
  writeFileSync(join(folder, 'md5sums'), sums.join(''));
  writeFileSync(join(folder, 'conffiles'), '/etc/default/tros-yolo-seg\n');
  const reload =
    'if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi';
  const scripts = {
    postinst: reload,
    prerm:
      'if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl stop tros-yolo-seg.service || true; fi',
    postrm: reload,
  };
  for (const [script, line] of Object.entries(scripts)) {
    writeFileSync(join(folder, script), `#!/bin/sh\nset -e\n${line}\n`);
    chmodSync(join(folder, script), 0o755);
  }
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  fail(`${command} to succeed`, error?.message ?? 'it failed as shown above', [
    `sudo apt install ${command.split('-')[0]}`,
  ]);
}
