import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import { findLibrary } from '../../../src/node/ros/rclnodejs.js';
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
});
