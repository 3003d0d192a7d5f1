import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import { checkMembers, checkRelease, findLibrary } from '../../../src/node/ros/rclnodejs.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('finding rclnodejs', () => {
  const root = temporaryFolder('rclnodejs');
  const from = pathToFileURL(join(root, 'project', 'node_modules', 'tros-yolo-seg', 'file.js')).href;
  const install = (folder: string): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"name":"rclnodejs"}');
    return folder;
  };

  it('says where to get it if it is missing', () => {
    assert.throws(() => findLibrary(['', join(root, 'nowhere')], from), {
      name: 'ExpectationError',
      message: /^Expected the package rclnodejs but received none .*colcon.*npm install rclnodejs@2/s,
    });
  });

  it('uses that of a colcon install, but prefers the one beside the package', () => {
    const prefix = join(root, 'install');
    const colcon = install(join(prefix, 'lib/node_modules/tros-yolo-seg/node_modules/rclnodejs'));
    assert.equal(findLibrary([join(root, 'nowhere'), prefix], from), colcon);
    const own = install(join(root, 'project', 'node_modules', 'rclnodejs'));
    assert.equal(findLibrary([prefix], from), own);
  });

  it('refuses one that was made for another release of ROS', () => {
    const folder = install(join(root, 'made'));
    checkRelease(folder, 'humble');
    writeFileSync(join(folder, '.ros-distro'), 'humble\n');
    checkRelease(folder, 'humble');
    assert.throws(() => checkRelease(folder, 'lyrical'), {
      name: 'ExpectationError',
      message: /rclnodejs for ROS 2 lyrical, which is sourced but received the one for humble .*colcon build/,
    });
  });

  it('refuses a version that lacks what we use', () => {
    const folder = install(join(root, 'other'));
    const does = (): void => {};
    const node = {
      _getNativeParameterOverrides: does,
      _validateParameters: does,
      setParameters: does,
      createService: does,
    };
    checkMembers(folder, node, { getParameterOverrides: does });
    writeFileSync(join(folder, 'package.json'), '{"name":"rclnodejs","version":"2.3.0"}');
    const { _validateParameters, ...rest } = node;
    assert.throws(() => checkMembers(folder, rest, { getParameterOverrides: _validateParameters }), {
      name: 'ExpectationError',
      message: /rclnodejs 2\.2, with _validateParameters but received version 2\.3\.0/,
    });
  });
});
