import { writeFileSync } from 'node:fs';
import { encodeHeader, frameBytes, type PlaybackModel } from '../../../tools/record/playback-format.js';
import { floatProperties, nv12Properties } from '../../../tools/record/record.js';

/** Outputs of the model that writePlaybackModel() writes. */
export const PLAYBACK_OUTPUTS = 10;

/**
 * Writes a model of the emulator for 64x64 pictures, with ten small outputs and one frame. No picture is the recorded one: the
 * board needs play_unknown=1.
 *
 * @returns `file`
 */
export function writePlaybackModel(file: string): string {
  const output = floatProperties({
    ...{ name: 'heads', shape: [1, 2, 2, 4], stride: [16, 8, 4, 1] },
    ...{ type: 'float32', quantization: { kind: 'none' } },
  });
  const model: PlaybackModel = {
    ...{ name: 'heads', busy: 500, overhead: 300, frameCount: 1 },
    inputs: [nv12Properties({ input: { width: 64, height: 64 } })],
    outputs: Array.from({ length: PLAYBACK_OUTPUTS }, (_, index) => ({ ...output, name: `heads-${index}` })),
  };
  writeFileSync(file, Buffer.concat([encodeHeader([model]), new Uint8Array(frameBytes(model))]));
  return file;
}
