import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { encodeHeader, frameBytes, type PlaybackModel } from '../../../tools/record/playback-format.js';
import { floatProperties, nv12Properties } from '../../../tools/record/record.js';
import { addon } from '../../../src/native/addon.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { EMULATOR } from './emulator.js';

/** What fuzzing the emulator's files found (scripts/fuzz.sh playback). */
describe('files of the emulator', () => {
  const file = join(temporaryFolder('playback'), 'model.bin');
  const model: PlaybackModel = {
    ...{ name: 'tiny', busy: 500, overhead: 300, frameCount: 4 },
    inputs: [nv12Properties({ input: { width: 16, height: 4 } })],
    outputs: [
      floatProperties({
        ...{ name: 'output', shape: [1, 1, 1, 4], stride: [4, 4, 4, 1] },
        ...{ type: 'float32', quantization: { kind: 'none' } },
      }),
    ],
  };
  const open = (name = 'tiny') => {
    const options = { library: EMULATOR, file, model: name, slots: 1, spare: 0 };
    return addon().openBpu({ ...options, core: 0, priority: 0, timeout: 1000 }, () => undefined);
  };
  const refused = (error: { failure?: { expected: string } }): boolean =>
    /hbDNNInitializeFromFiles to load/.test(error.failure?.expected ?? '');

  it('have no negative latency', () => {
    const frames = new Uint8Array(4 * frameBytes(model));
    for (const [busy, overhead, latency] of [
      [500, 300, 800],
      [2 ** 32 - 1, 2, 2 ** 31 - 1],
      [2 ** 31, 0, 2 ** 31 - 1],
    ] as const) {
      writeFileSync(file, Buffer.concat([encodeHeader([{ ...model, busy, overhead }]), frames]));
      const bpu = open();
      assert.equal(bpu.estimatedLatency, latency);
      bpu.close();
    }
  });

  it('are refused where models share frames: their tables would be larger than the file', () => {
    const [half, all] = [100, 200];
    const models = ['tiny', 'other'].map((name) => ({ ...model, name, frameCount: half }));
    const frames = new Uint8Array(all * frameBytes(model));
    const header = encodeHeader(models);
    writeFileSync(file, Buffer.concat([header, frames]));
    open('other').close();
    // Both models have all frames of the file, instead of half of them each.
    const bytes = Buffer.concat([header, frames]);
    const offset = Buffer.alloc(8);
    offset.writeBigUInt64LE(BigInt(header.length));
    const first = bytes.indexOf(offset);
    offset.writeBigUInt64LE(BigInt(header.length + half * frameBytes(model)));
    const second = bytes.indexOf(offset);
    assert.ok(first > 0 && second > first);
    for (const place of [first, second]) {
      bytes.writeUInt32LE(all, place - 4);
      bytes.writeBigUInt64LE(BigInt(header.length), place);
    }
    writeFileSync(file, bytes);
    assert.throws(() => open('other'), refused);
  });
});
