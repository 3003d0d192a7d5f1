import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { benchHeads, crowdOptions, type Heads } from '../../bench/material.js';
import { twoOutputs } from '../../bench/two-outputs.js';
import { Decoder } from '../../src/vision/decode/decoder.js';
import type { DecodeOptions } from '../../src/vision/decode/options.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { withVariables } from '../environment.js';

describe("the benches' heads as two outputs", () => {
  // The demo model's heads, which every machine has.
  withVariables({ TROS_YOLO_SEG_DATA: '/nowhere' });

  const decode = ({ layout, tensors, letterbox }: Heads, options: DecodeOptions): Segmentation =>
    structuredClone(new Decoder(layout, options).decode(tensors, letterbox));

  it('are decoded to the same instances', async () => {
    const float = await benchHeads();
    const two = twoOutputs(float);
    assert.equal(two.layout.form, 'detections');
    for (const options of [{}, crowdOptions(float)]) {
      const [wanted, found] = [float, two].map(
        (heads) => decode(heads, { ...options, masks: 'source' }).instances,
      );
      assert.ok(wanted!.length > 0);
      assert.equal(found!.length, wanted!.length);
      // Scores that rounding brings into another order are those of other classes or boxes.
      const order = ({ classId, box }: { classId: number; box: { x1: number; y1: number } }): number =>
        1e6 * classId + 1e3 * Math.round(box.y1) + box.x1;
      const sorted = [wanted!, found!].map((list) => [...list].sort((a, b) => order(a) - order(b)));
      for (const [i, instance] of sorted[0]!.entries()) {
        const other = sorted[1]![i]!;
        assert.equal(other.classId, instance.classId);
        assert.ok(Math.abs(other.score - instance.score) < 1e-4, `${other.score}, ${instance.score}`);
        for (const side of ['x1', 'y1', 'x2', 'y2'] as const) {
          assert.ok(Math.abs(other.box[side] - instance.box[side]) < 0.01, side);
        }
        const inside = ({ mask }: typeof instance): number => mask.data.reduce((sum, cell) => sum + cell, 0);
        assert.ok(Math.abs(inside(other) - inside(instance)) <= 2 + 0.01 * inside(instance));
      }
    }
  });
});
