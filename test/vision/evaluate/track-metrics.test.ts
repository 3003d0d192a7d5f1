import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { TrackMetrics, type TrackQuality } from '../../../src/vision/evaluate/track-metrics.js';
import type { Box, Instance } from '../../../src/vision/mask/segmentation.js';

const NO_MASK = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
/** A place far from the others: boxes of 10x10. */
const place = (n: number): Box => ({ x1: 100 * n, y1: 0, x2: 100 * n + 10, y2: 10 });

/**
 * Each frame as pairs `OBJECT:ID@PLACE`: object 1 at place 0 reported as 7 is `1:7@0`. `-` for nothing; `!` behind an object: to be ignored.
 */
function quality(...frames: string[]): TrackQuality {
  const metrics = new TrackMetrics();
  for (const text of frames) {
    const truth = [];
    const instances: Instance[] = [];
    for (const pair of text.split(' ').filter(Boolean)) {
      const [, object, ignore, id, at] = /^(\d+|-)(!?):(\d+|-)@(\d+)$/.exec(pair)!;
      const box = place(Number(at));
      if (object !== '-') truth.push({ trackId: Number(object), classId: 0, box, ignore: ignore === '!' });
      if (id !== '-') instances.push({ classId: 0, score: 1, box, mask: NO_MASK, trackId: Number(id) });
    }
    metrics.add({ instances }, truth);
  }
  return metrics.evaluate();
}

function near(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) < 1e-9, `Expected ${expected} but received ${found}`);
}

// Expected values by hand from the formulas of TrackEval.
describe('track metrics', () => {
  it('are 1 for perfect tracks, whatever their ids', () => {
    const { idf1, hota, detA, assA, switches, objects } = quality('1:9@0 2:4@1', '1:9@2 2:4@3', '2:4@0');
    assert.deepEqual(
      { idf1, hota, detA, assA, switches, objects },
      {
        ...{ idf1: 1, hota: 1, detA: 1, assA: 1, switches: 0, objects: 5 },
      },
    );
  });

  it('count a track that breaks in the middle', () => {
    // 4 frames of one object, two ids of 2 each: IDTP 2 of 4.
    const { idf1, hota, detA, assA, switches } = quality('1:1@0', '1:1@0', '1:2@0', '1:2@0');
    near(idf1, 0.5);
    near(detA, 1);
    // Each match: 2 frames together, 4 + 2 - 2 in all.
    near(assA, 0.5);
    near(hota, Math.sqrt(0.5));
    assert.equal(switches, 1);
  });

  it('count two tracks that swap their objects', () => {
    const { idf1, assA, switches } = quality('1:1@0 2:2@1', '1:1@0 2:2@1', '1:1@0 2:2@1', '1:2@0 2:1@1');
    // 3 of 4 frames each: 2 * 6 / (8 + 8).
    near(idf1, 0.75);
    // Pairs (1,1) and (2,2): 3 / (4 + 4 - 3), 6 matches of it; (1,2) and (2,1): 1 / 7, 2 matches.
    near(assA, (6 * (3 / 5) + 2 * (1 / 7)) / 8);
    assert.equal(switches, 2);
  });

  it('count misses and false positives', () => {
    // 1 hit, 1 miss, 2 false.
    const { idf1, detA, hota, assA } = quality('1:1@0', '1:-@0 -:1@5', '-:2@5');
    near(idf1, 2 / (2 + 3));
    near(detA, 1 / 4);
    // 1 frame together of 2 + 2 - 1.
    near(assA, 1 / 3);
    near(hota, Math.sqrt(1 / 12));
  });

  it('weigh overlap in HOTA, not in IDF1', () => {
    const metrics = new TrackMetrics();
    // IoU of 10x10 and 10x6 within it: 0.6.
    const truth = [{ trackId: 1, classId: 0, box: { x1: 0, y1: 0, x2: 10, y2: 10 } }];
    const box = { x1: 0, y1: 0, x2: 10, y2: 6 };
    metrics.add({ instances: [{ classId: 0, score: 1, box, mask: NO_MASK, trackId: 1 }] }, truth);
    const { idf1, hota } = metrics.evaluate();
    near(idf1, 1);
    // 0.05 .. 0.60 are reached, of 19.
    near(hota, 12 / 19);
  });

  it('know no overlap between classes', () => {
    const metrics = new TrackMetrics();
    metrics.add({ instances: [{ classId: 1, score: 1, box: place(0), mask: NO_MASK, trackId: 1 }] }, [
      { trackId: 1, classId: 0, box: place(0) },
    ]);
    near(metrics.evaluate().idf1, 0);
  });

  it('neither require nor penalize detections in ignored regions', () => {
    const { idf1, hota, objects, reported } = quality('1:1@0 2!:5@1', '1:1@0 2!:-@1');
    assert.deepEqual({ idf1, hota, objects, reported }, { idf1: 1, hota: 1, objects: 2, reported: 2 });
  });

  it('do not count instances without an id', () => {
    near(quality('1:1@0 -:0@3').idf1, 1);
  });

  it('prefer the id that an object had, if two fit', () => {
    const metrics = new TrackMetrics();
    const truth = [{ trackId: 1, classId: 0, box: { x1: 0, y1: 0, x2: 10, y2: 10 } }];
    const at = (x: number, trackId: number): Instance => ({
      ...{ classId: 0, score: 1, mask: NO_MASK, trackId },
      box: { x1: x, y1: 0, x2: 10 + x, y2: 10 },
    });
    metrics.add({ instances: [at(0, 1)] }, truth);
    metrics.add({ instances: [at(2, 1), at(1, 2)] }, truth);
    assert.equal(metrics.evaluate().switches, 0);
  });
});
