import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compareTrackers, TRACK_SETTINGS } from '../../src/pipeline/compare-trackers.js';
import { compareSteadiness } from '../../src/pipeline/compare-steadiness.js';
import { cli } from './cli.js';
import { temporaryFolder } from '../temporary-folder.js';

describe('tros-yolo-seg eval --tracks', () => {
  const folder = temporaryFolder('eval');

  it('prints IDF1 and HOTA for each kind of scene, of our tracker and of ByteTrack', async () => {
    const { code, stdout, stderr } = await cli(
      ['eval', '--tracks', '--scenes', '1', '--seconds', '3'],
      folder,
    );
    assert.equal(code, 0, stderr);
    const [tracks, steady] = stdout.trimEnd().split('\n\n');
    const [head, ...rows] = tracks!.split('\n');
    assert.match(head!, /IDF1 +HOTA +switches +ByteTrack IDF1 .* IDF1 ahead/);
    assert.equal(rows.length, 12);
    for (const kind of ['occlusion', 'crossing', 'return']) {
      assert.ok(rows.some((row) => row.startsWith(kind) && row.includes('30 FPS, 25 % lost')));
    }
    const [steadyHead, ...steadyRows] = steady!.split('\n');
    assert.match(steadyHead!, /mask flicker +box flicker +mask IoU +box IoU +mask AP +lag/);
    assert.equal(steadyRows.length, 5);
    assert.match(steadyRows[0]!, /still +30 FPS( +[\d.]+ > [\d.]+){5} +- > -/);
  });

  it('halves the flicker of still objects, and costs moving ones no IoU', () => {
    const still = compareSteadiness({ kind: 'still', rate: 30 }, [101], 5, 0.3);
    assert.ok(still.steady.maskFlicker < still.asFound.maskFlicker / 2, JSON.stringify(still));
    assert.ok(still.steady.boxFlicker < still.asFound.boxFlicker / 2);
    assert.ok(still.steady.ap > still.asFound.ap);
    for (const kind of ['crossing', 'occlusion'] as const) {
      const moving = compareSteadiness({ kind, rate: 30 }, [101], 5, 0.3);
      assert.ok(moving.steady.maskIou > moving.asFound.maskIou - 0.005, JSON.stringify(moving));
      assert.ok(moving.steady.boxIou > moving.asFound.boxIou - 0.005);
      assert.ok(moving.steady.lag < 0.5);
    }
  });

  it('says which evaluations there are', async () => {
    const { code, stderr } = await cli(['eval'], folder);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /Expected ANNOTATIONS and a file of detections, or ANNOTATIONS and --images but received nothing/,
    );
    // Before anything is measured: this would take hours.
    const long = ['--scenes', '1000', '--seconds', '600'];
    const refused = await cli(['eval', '--tracks', ...long, '--steady-shapes', '3'], folder);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /Expected a number from 0\.01 to 2 for --steady-shapes but received 3/);
  });

  // Of seeds that were not used for tuning. What is asked for is 3 points.
  it("keeps ids through occlusion at least 3 points of IDF1 better than ByteTrack's rule", () => {
    const compared = TRACK_SETTINGS.map((setting) =>
      compareTrackers({ kind: 'occlusion', ...setting }, [101, 102], 15),
    );
    const ahead = compared.map(({ ours, byteTrack }) => ours.idf1 - byteTrack.idf1);
    const mean = ahead.reduce((sum, value) => sum + value, 0) / ahead.length;
    assert.ok(mean >= 0.03, `${ahead.join(' ')}`);
    for (const { ours, byteTrack } of compared) assert.ok(ours.hota > byteTrack.hota);
  });
});
