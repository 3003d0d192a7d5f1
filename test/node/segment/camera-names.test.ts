import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  cameraNames,
  forEachCamera,
  regionsOfInterest,
  zonesOfCameras,
} from '../../../src/node/segment/camera-names.js';

describe('cameraNames', () => {
  it('uses the first part in which all topics differ', () => {
    assert.deepEqual(cameraNames(['/front/image', '/rear/image'], []), ['front', 'rear']);
    assert.deepEqual(cameraNames(['/robot/cam_1/image', 'robot/cam_2/image'], []), ['cam_1', 'cam_2']);
    assert.deepEqual(cameraNames(['/a/left/x', '/a/right/y', '/b/up/z'], []), ['left', 'right', 'up']);
    assert.deepEqual(cameraNames(['/image'], []), ['image']);
  });

  it('numbers topics that do not differ in any part', () => {
    const numbered = ['camera0', 'camera1'];
    assert.deepEqual(cameraNames(['/image', '/image'], []), numbered);
    assert.deepEqual(cameraNames(['/1/image', '/2/image'], []), numbered, 'no name begins with a digit');
    assert.deepEqual(cameraNames(['/a', '/a/b'], []), numbered, 'one is too short');
    assert.deepEqual(cameraNames(['', '/'], []), numbered);
    assert.deepEqual(cameraNames(['/a/x', '/a/y', '/b/x'], []), ['camera0', 'camera1', 'camera2']);
  });

  it('uses given names unchanged', () => {
    const given = ['Left', 'right_2'];
    assert.deepEqual(cameraNames(['/image', '/image'], given), given);
    assert.notEqual(cameraNames(['/image', '/image'], given), given, 'a copy');
  });

  it('reports errors in given names', () => {
    assert.throws(() => cameraNames(['/a', '/b'], ['left']), /2 names in camera_names.* but received 1/);
    assert.throws(() => cameraNames(['/a'], ['left', 'right']), /1 names in camera_names.* but received 2/);
    for (const wrong of ['2nd', 'a/b', 'a-b', '~x', 'ü', ' ']) {
      assert.throws(
        () => cameraNames(['/a', '/b'], ['left', wrong]),
        /letters, digits and _ in camera_names, a letter first/,
        wrong,
      );
    }
    assert.throws(() => cameraNames(['/a', '/b'], ['x', 'x']), /camera_names that differ but received x, x/);
  });
});

describe('forEachCamera', () => {
  it('accepts one value for each camera, one for all, or none', () => {
    assert.deepEqual(forEachCamera('image_step', [832, 0], 2, 0), [832, 0]);
    assert.deepEqual(forEachCamera('image_step', [832], 3, 0), [832, 832, 832]);
    assert.deepEqual(forEachCamera('image_step', [], 2, 0), [0, 0]);
    for (const values of [
      [1, 2],
      [1, 2, 3, 4],
    ]) {
      assert.throws(() => forEachCamera('image_rows', values, 3, 0), /1 or 3 values in parameter image_rows/);
    }
  });
});

describe('regionsOfInterest', () => {
  const front = { x: 100, y: 0, width: 640, height: 480 };

  it("are one for each camera or one for all, '' is the whole picture", () => {
    assert.deepEqual(regionsOfInterest([], 2), [undefined, undefined]);
    assert.deepEqual(regionsOfInterest(['100,0,640,480'], 2), [front, front]);
    assert.deepEqual(regionsOfInterest(['', '100, 0, 640, 480'], 2), [undefined, front]);
    assert.throws(() => regionsOfInterest(['', '', ''], 2), /1 or 2 values in parameter roi/);
    assert.throws(() => regionsOfInterest(['100,0,640'], 1), /x,y,width,height in pixels for parameter roi/);
  });
});

describe('zonesOfCameras', () => {
  const DOOR = '0,0 1,0 1,1';

  it('are those of one camera, and those of all cameras', () => {
    const names = (zones: string[], lines: string[]): string[][] =>
      zonesOfCameras(zones, lines, ['front', 'rear']).map((shapes) => shapes.map(({ name }) => name));
    assert.deepEqual(names([''], []), [[], []]);
    assert.deepEqual(names([`front/door=${DOOR}`, `all=${DOOR}`], ['rear/gate=0,0 1,1']), [
      ['door', 'all'],
      ['all', 'gate'],
    ]);
    assert.deepEqual(names([`front/door=${DOOR}`, `rear/door=${DOOR}`], []), [['door'], ['door']]);
  });

  it('are refused for unknown cameras and for ambiguous names', () => {
    const parse = (...zones: string[]): unknown => zonesOfCameras(zones, [], ['front', 'rear']);
    assert.throws(
      () => parse(`side/door=${DOOR}`),
      /one of the cameras front, rear in parameters zones and lines but received side\/door/,
    );
    assert.throws(() => parse(`front/door=${DOOR}`, `door=${DOOR}`), /names that differ/);
  });
});
