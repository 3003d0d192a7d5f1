import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'mocha';
import { repository } from '../data.js';
import { describeUnless, itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const missing = ['dpkg-deb', 'objdump'].find((program) => !has(program));
const reason =
  missing === undefined ? (process.arch === 'x64' ? false : 'expects amd64') : `needs ${missing}`;

/** An install as colcon lays it out, with the addon of this checkout. */
describeUnless(reason, 'scripts/deb.mjs', () => {
  const folder = temporaryFolder('deb');
  const install = join(folder, 'install', 'tros_yolo_seg');
  const addon = 'lib/node_modules/tros-yolo-seg/build/native/Release/tros_yolo_seg.node';

  function put(path: string, content: string): void {
    mkdirSync(dirname(join(install, path)), { recursive: true });
    writeFileSync(join(install, path), content);
  }

  before(() => {
    put('lib/node_modules/tros-yolo-seg/package.json', '{ "type": "module" }');
    put('share/tros_yolo_seg/package.xml', '<package/>');
    put('share/ament_index/resource_index/packages/tros_yolo_seg', '');
    put('share/tros_yolo_seg/launch/__pycache__/segment.pyc', '');
    // Of the workspace, and of another package in it.
    put('setup.bash', `. ${install}/x`);
    put('share/colcon-core/packages/tros_yolo_seg', 'ai_msgs');
    put('share/ai_msgs/package.xml', '<package/>');
    mkdirSync(dirname(join(install, addon)), { recursive: true });
    copyFileSync(join(repository, 'build/native/Release/tros_yolo_seg.node'), join(install, addon));
  });

  function make(...args: string[]): { status: number | null; said: string } {
    const script = join(repository, 'scripts/deb.mjs');
    const all = ['--install', install, '--out', join(folder, 'out'), ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...all], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    return { status, said: `${stdout}${stderr}` };
  }

  function field(deb: string, name: string): string {
    return spawnSync('dpkg-deb', ['-f', deb, name], { encoding: 'utf8' }).stdout.trim();
  }

  function contents(deb: string): string[] {
    const { stdout } = spawnSync('dpkg-deb', ['-c', deb], { encoding: 'utf8' });
    return [...stdout.matchAll(/^-\S+ (\S+) .* \.(\/.*)$/gm)].map(([, owner, path]) => {
      assert.equal(owner, 'root/root');
      return path!;
    });
  }

  it('contains the files of this package and a disabled service, and declares its dependencies', () => {
    const run = make();
    assert.equal(run.status, 0, run.said);
    const deb = join(folder, 'out', 'ros-humble-tros-yolo-seg_0.1.0-1_amd64.deb');
    assert.deepEqual(contents(deb).sort(), [
      '/etc/default/tros-yolo-seg',
      '/lib/systemd/system/tros-yolo-seg.service',
      `/opt/ros/humble/${addon}`,
      '/opt/ros/humble/lib/node_modules/tros-yolo-seg/package.json',
      '/opt/ros/humble/share/ament_index/resource_index/packages/tros_yolo_seg',
      '/opt/ros/humble/share/tros_yolo_seg/package.xml',
      '/usr/share/doc/ros-humble-tros-yolo-seg/changelog.Debian.gz',
      '/usr/share/doc/ros-humble-tros-yolo-seg/copyright',
    ]);
    const depends = field(deb, 'Depends').split(', ');
    for (const wanted of ['nodejs (>= 20.20)', 'ros-humble-std-msgs', 'ros-humble-ros2launch'])
      assert.ok(depends.includes(wanted), `${wanted} in ${depends.join(', ')}`);
    assert.ok(depends.some((each) => /^libc6 \(>= 2\.3\d\)$/.test(each)));
    assert.ok(depends.some((each) => /^libstdc\+\+6 \(>= 1\d\)$/.test(each)));
    assert.doesNotMatch(depends.join(), /vision|foxglove|ai-msgs|hobot/);
    assert.match(field(deb, 'Recommends'), /ros-humble-foxglove-msgs, ros-humble-vision-msgs, ffmpeg/);
    assert.equal(field(deb, 'Conflicts'), 'tros-humble-tros-yolo-seg');
  });

  it("uses D-Robotics's names for TROS, and includes Node.js on request", () => {
    const without = make('--flavor', 'tros');
    assert.equal(without.status, 1);
    assert.match(without.said, /Expected an install that knows TROS's messages/);
    put('lib/node_modules/tros-yolo-seg/node_modules/rclnodejs/generated/hbm_img_msgs/index.js', '');
    // In place of Node.js, whose 100 MB take long to compress: the address of the release is in its text, too.
    const node = join(folder, 'node');
    writeFileSync(node, '#!/bin/sh\n# https://nodejs.org/download/release/v22.23.3/node-v22.23.3.tar.gz\n');
    const run = make('--flavor', 'tros', '--node', node);
    assert.equal(run.status, 0, run.said);
    const deb = join(folder, 'out', 'tros-humble-tros-yolo-seg_0.1.0-1_amd64.deb');
    const paths = contents(deb);
    assert.ok(paths.includes('/opt/tros/humble/lib/node_modules/tros-yolo-seg/bin/node'));
    const depends = field(deb, 'Depends');
    assert.match(depends, /\btros-humble-ai-msgs\b.*\btros-humble-hbm-img-msgs\b.*\btros-humble-hobot-shm\b/);
    assert.doesNotMatch(depends, /nodejs/);
    assert.ok(field(deb, 'Description').includes('brings Node.js 22.23.3 along'));
    const unpacked = join(folder, 'unpacked');
    assert.equal(spawnSync('dpkg-deb', ['-x', deb, unpacked]).status, 0);
    const service = readFileSync(join(unpacked, 'lib/systemd/system/tros-yolo-seg.service'), 'utf8');
    assert.match(service, /\. \/opt\/tros\/humble\/setup\.bash && exec ros2 launch/);
    assert.doesNotMatch(service, /@[A-Z]+@/);
  });

  it('refuses files for another processor, links to the build, and files that name the workspace', () => {
    const other = make('--arch', 'arm64');
    assert.equal(other.status, 1);
    assert.match(other.said, /Expected programs and libraries for arm64 but .*Release\/tros_yolo_seg\.node/);
    const none = make('--install', folder);
    assert.equal(none.status, 1);
    assert.match(none.said, /Expected the install of colcon build in --install.*without --symlink-install/s);
    const file = 'share/tros_yolo_seg/cmake/tros_yolo_segConfig.cmake';
    put(file, `set(PREFIX ${install}/share)`);
    const foreign = make();
    rmSync(join(install, file));
    assert.equal(foreign.status, 1);
    assert.match(foreign.said, /Expected files that do not name .*tros_yolo_segConfig\.cmake do/);
  });
});

describe('systemd/tros-yolo-seg.service.in', () => {
  const service = readFileSync(join(repository, 'systemd/tros-yolo-seg.service.in'), 'utf8');
  const settings = readFileSync(join(repository, 'systemd/default'), 'utf8');

  it('restarts forever, and sets the priorities of three kinds of threads', () => {
    assert.match(service, /^Restart=always$/m);
    assert.match(service, /^StartLimitIntervalSec=0$/m);
    assert.match(service, /^CPUAffinity=/m);
    const [, value] = /^Environment="TROS_YOLO_SEG_THREADS=(.*)"$/m.exec(service)!;
    const [, example] = /^# TROS_YOLO_SEG_THREADS=(.*)$/m.exec(settings)!;
    for (const text of [value!, example!])
      assert.deepEqual(
        text.split(';').map((entry) => entry.split('=')[0]),
        ['camera', 'bpu', 'javascript'],
      );
  });

  const analyze = has('systemd-analyze') ? false : 'needs systemd-analyze';
  itUnless(analyze, 'is accepted by systemd', function () {
    const folder = temporaryUnit(service);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', folder], {
      encoding: 'utf8',
    });
    assert.equal(
      stderr
        .split('\n')
        .filter((line) => line.includes('tros-yolo-seg'))
        .join('\n'),
      '',
    );
    assert.equal(status, 0, stderr);
  });

  const units = temporaryFolder('unit');
  function temporaryUnit(text: string): string {
    const file = join(units, 'tros-yolo-seg.service');
    writeFileSync(file, text.replaceAll('@PREFIX@', '/opt/ros/humble'));
    assert.ok(existsSync(file));
    return file;
  }
});
