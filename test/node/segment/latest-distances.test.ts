import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { LatestDistances } from '../../../src/node/segment/latest-distances.js';
import { OBJECTS } from '../../message/write/depth-samples.js';

const [person, bird] = OBJECTS.instances as [(typeof OBJECTS.instances)[0], (typeof OBJECTS.instances)[0]];
const known = (distance: number) => ({ points: 10, distance, coverage: 1 });

describe('the latest distances', () => {
  it('are those of an id, or of the nearest of a class, for a second', () => {
    const latest = new LatestDistances();
    assert.equal(latest.of(person, 0), undefined);
    const gone = { ...bird, box: { x1: 0, y1: 0, x2: 8, y2: 6 } };
    latest.keep([person, bird, gone], [known(2), known(1), known(0)], 100);
    assert.equal(latest.of(person, 100), 2);
    const { x1, y1, x2, y2 } = bird.box;
    assert.equal(latest.of({ ...bird, box: { x1: x1 + 2, y1, x2: x2 + 2, y2 } }, 1100), 1);
    // Another id, another class, another place, one that is not known, and too late.
    assert.equal(latest.of({ ...person, trackId: 5 }, 100), undefined);
    assert.equal(latest.of({ ...bird, classId: 2 }, 100), undefined);
    assert.equal(latest.of({ ...bird, box: { x1: x1 + 20, y1, x2: x2 + 20, y2 } }, 100), undefined);
    assert.equal(latest.of(gone, 100), undefined);
    assert.equal(latest.of(person, 1101), undefined);
  });
});
