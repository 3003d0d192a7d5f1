import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import { installedType, isInstalled } from '../../src/message/installed-type.js';
import { messageType } from '../../src/message/message-type.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('installedType', () => {
  const overlay = temporaryFolder('overlay');
  const underlay = temporaryFolder('underlay');
  const install = (prefix: string, packageName: string, typeName: string, text: string): void => {
    mkdirSync(path.join(prefix, 'share', packageName, 'msg'), { recursive: true });
    writeFileSync(path.join(prefix, 'share', packageName, 'msg', `${typeName}.msg`), text);
  };

  before(() => {
    install(underlay, 'std_msgs', 'Header', '# both\nbuiltin_interfaces/Time stamp\nstring frame_id\n');
    install(underlay, 'vision_msgs', 'LabelInfo', 'std_msgs/Header header  # old\nfloat32 threshold\n');
    install(overlay, 'vision_msgs', 'LabelInfo', 'std_msgs/Header header  # new\nuint8 extra\n');
    install(overlay, 'ai_msgs', 'Roi', 'what is this\n?!\n');
  });

  it('uses installed definitions with their comments, overlays first', () => {
    const type = installedType('vision_msgs/LabelInfo', [overlay, underlay]);
    assert.equal(type.name, 'vision_msgs/msg/LabelInfo');
    assert.ok(type.definition.startsWith('std_msgs/Header header  # new\n'), type.definition);
    assert.match(type.definition, /MSG: std_msgs\/Header\n# both\n/);
    assert.deepEqual(
      type.definitions[0]!.definitions.map(({ name }) => name),
      ['header', 'extra'],
    );
  });

  it('falls back on the definitions of this package', () => {
    const carried = messageType('vision_msgs/Detection2DArray').definition;
    assert.equal(installedType('vision_msgs/Detection2DArray', [overlay]).definition, carried);
    assert.equal(installedType('vision_msgs/Detection2DArray', ['/nowhere']).definition, carried);
  });

  it('distinguishes installed definitions from those of this package', () => {
    assert.equal(isInstalled('vision_msgs/LabelInfo', [overlay]), true);
    assert.equal(isInstalled('std_msgs/Header', [overlay, underlay]), true);
    assert.equal(isInstalled('std_msgs/Header', [overlay]), false);
    assert.equal(isInstalled('vision_msgs/Detection2DArray', [overlay, underlay]), false);
    assert.equal(isInstalled('vision_msgs/LabelInfo', []), false);
  });

  it('searches AMENT_PREFIX_PATH, as setup files export it', () => {
    const before = process.env['AMENT_PREFIX_PATH'];
    try {
      process.env['AMENT_PREFIX_PATH'] = `/nowhere:${underlay}:`;
      assert.deepEqual([isInstalled('std_msgs/Header'), isInstalled('ai_msgs/Roi')], [true, false]);
      delete process.env['AMENT_PREFIX_PATH'];
      assert.equal(isInstalled('std_msgs/Header'), false);
    } finally {
      if (before === undefined) delete process.env['AMENT_PREFIX_PATH'];
      else process.env['AMENT_PREFIX_PATH'] = before;
    }
  });

  it('names an installed definition that it cannot read', () => {
    assert.throws(
      () => installedType('ai_msgs/Roi', [overlay]),
      (error) => {
        assert.ok(error instanceof ExpectationError);
        return /ai_msgs/.test(error.message);
      },
    );
  });
});
