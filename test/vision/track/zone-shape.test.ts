import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseZones, polygonArea, type ZoneShape } from '../../../src/vision/track/zone-shape.js';

const WHAT = { zone: 'parameter zones', line: 'parameter lines' };
const zone = (text: string): ZoneShape => parseZones({ zone: [text], line: [] }, WHAT)[0]!;
const line = (text: string): ZoneShape => parseZones({ zone: [], line: [text] }, WHAT)[0]!;

describe('zones as text', () => {
  it('have a name and corners, in shares of the picture or in pixels', () => {
    assert.deepEqual(zone('door=0.1,0.4 0.3,0.4 .3,1'), {
      ...{ name: 'door', kind: 'zone', camera: undefined, relative: true },
      corners: [0.1, 0.4, 0.3, 0.4, 0.3, 1],
    });
    assert.deepEqual(line(' front/gate-2 = 100,300;900,300 '), {
      ...{ name: 'gate-2', kind: 'line', camera: 'front', relative: false },
      corners: [100, 300, 900, 300],
    });
    assert.deepEqual(line('gate=100, 300  900, 300').corners, [100, 300, 900, 300]);
    assert.deepEqual(parseZones({ zone: [''], line: [' '] }, WHAT), []);
  });

  it('are refused with a reason', () => {
    const cases: readonly [string, RegExp][] = [
      ['0,0 1,0 1,1', /NAME=X,Y X,Y \.\.\. in parameter zones but received 0,0 1,0 1,1/],
      ['door=', /NAME=X,Y X,Y/],
      ['door=0,0 1,0 1', /NAME=X,Y X,Y/],
      ['door=0,0 1,0 1,x', /NAME=X,Y X,Y/],
      ['door=0,0 1,0 1,-1', /NAME=X,Y X,Y/],
      ['door=0,0 1,0 1,1.2.3', /NAME=X,Y X,Y/],
      ['door=0,0 1,0 1,999999999', /NAME=X,Y X,Y/],
      ['my door=0,0 1,0 1,1', /A to Z, a to z, 0 to 9, _ and - as name in parameter zones.* my door=/],
      ['дверь=0,0 1,0 1,1', /as name/],
      [`${'d'.repeat(65)}=0,0 1,0 1,1`, /1 to 64 of/],
      ['=0,0 1,0 1,1', /as name/],
      ['door=0,0 1,1', /3 to 100 corners/],
      [`door=${Array.from({ length: 101 }, (_, i) => `${i},${i * i}`).join(' ')}`, /3 to 100 corners/],
      ['door=0,0 0,0 1,1', /corners that follow each other and differ/],
      ['door=0,0 1,1 0,1 0,0', /corners that follow each other and differ/],
      ['door=0,0 1,1 1,0 0,1', /edges do not cross/],
      ['door=0,0 0.5,0.5 1,1', /an area/],
      ['door=0,0 1,0 1,1 0.5,0 0,1', /edges do not cross or touch/],
    ];
    for (const [text, message] of cases) assert.throws(() => zone(text), message, text);
    assert.throws(() => line('gate=0.5,0.5'), /2 to 100 corners in parameter lines.*For example gate=/s);
    // A line may cross itself.
    assert.equal(line('gate=0,0 1,1 1,0 0,1').corners.length, 8);
  });

  it('have unique names', () => {
    const parse = (zones: string[], lines: string[] = []): unknown =>
      parseZones({ zone: zones, line: lines }, WHAT);
    const shape = '0,0 1,0 1,1';
    assert.throws(() => parse([`a=${shape}`, `a=${shape}`]), /names that differ .* received a/);
    assert.throws(() => parse([`a=${shape}`], ['a=0,0 1,1']), /names that differ/);
    assert.throws(() => parse([`a=${shape}`, `front/a=${shape}`]), /names that differ/);
    assert.doesNotThrow(() => parse([`rear/a=${shape}`, `front/a=${shape}`]));
    const many = Array.from({ length: 65 }, (_, i) => `z${i}=${shape}`);
    assert.throws(() => parse(many), /at most 64 zones and lines in parameter zones.* received 65\. Leave/);
    assert.throws(
      () =>
        parse(
          many.slice(0, 60),
          Array.from({ length: 5 }, (_, i) => `l${i}=0,0 1,1`),
        ),
      /65/,
    );
    // Before they are read, which takes minutes for so many.
    const endless = Array.from({ length: 65 }, () => 'no zone');
    assert.throws(() => parse(endless), /at most 64/);
  });

  it('have areas in either orientation', () => {
    assert.equal(polygonArea([0, 0, 4, 0, 4, 3, 0, 3]), 12);
    assert.equal(polygonArea([0, 3, 4, 3, 4, 0, 0, 0]), 12);
  });
});
