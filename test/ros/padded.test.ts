import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'mocha';
import { listenToDiagnostics, diagnosticsThat } from './node-diagnostics.js';
import type { Peer } from './peer.js';
import { emulated } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const WIDTH = 640;
const HEIGHT = 480;
/** As the hardware of a camera pads. */
const STEP = 704;
const ROWS = 496;
const PADDED = (STEP * ROWS * 3) / 2;
const PACKED = (WIDTH * HEIGHT * 3) / 2;
/** Luma of every pixel; what pads them is white. Chroma is neutral everywhere. */
const LUMA = 100;
const PADDING = 255;

/** Messages of HbmMsg540P, the least that has room for the padding. */
const TYPE = 'hbm_img_msgs/msg/HbmMsg540P';
/** All of the same time: as they are sent at none in particular, their stamps would look as if some were lost. */
const IMAGE = { type: TYPE, width: WIDTH, height: HEIGHT, period: 0.5, stamp: [1000, 0] };

/** A picture whose rows and columns are padded. */
function padded(): Uint8Array {
  const bytes = new Uint8Array(PADDED).fill(PADDING, 0, STEP * ROWS).fill(128, STEP * ROWS);
  for (let y = 0; y < HEIGHT; y++) bytes.fill(LUMA, y * STEP, y * STEP + WIDTH);
  // Below and beside the chroma of the picture, too.
  for (let y = 0; y < ROWS / 2; y++) {
    const row = STEP * (ROWS + y);
    bytes.fill(PADDING, y < HEIGHT / 2 ? row + WIDTH : row, row + STEP);
  }
  return bytes;
}

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `HbmMsg with padding on ${name}`, middleware, (ros) => {
    let peer: Peer;
    const topics = ['/told', '/untold', '/packed'];

    before(async () => {
      const segment = ros.node('segment', [
        ...emulated(transport),
        ...['-p', `images:=[${topics.join(', ')}]`, '-p', 'image_type:=hbm540p', '-p', 'score:=1.0'],
        ...['-p', `image_step:=[${STEP}, 0, 0]`, '-p', `image_rows:=[${ROWS}, 0, 0]`],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await listenToDiagnostics(peer);
    });

    /** @returns the sum of all bytes of the picture that the node shows of what it read, in rgb8 */
    async function seen(topic: string, request: object): Promise<number> {
      const overlay = `/segment${topic}/overlay`;
      await peer.subscribe(overlay, 'sensor_msgs/msg/Image');
      await peer.request('publish', { ...IMAGE, topic, paced: [overlay], ...request });
      const [first] = await peer.received(overlay, 1);
      const { width, height, data_digest } = first!.message as unknown as Picture;
      assert.deepEqual([width, height, data_digest.length], [WIDTH, HEIGHT, 3 * WIDTH * HEIGHT]);
      return data_digest.sum;
    }

    const image = (): object => {
      const file = join(ros.folder, 'padded.nv12');
      writeFileSync(file, padded());
      return { file, data_size: PADDED, step: WIDTH };
    };

    it('is read according to image_step and image_rows, without a warning', async () => {
      assert.equal(await seen('/told', image()), LUMA * 3 * WIDTH * HEIGHT);
      const results = await diagnosticsThat(
        peer,
        '/told',
        'results',
        ({ values }) => Number(values['answered']) > 0,
      );
      assert.equal(results.values['image_warning'], '');
    });

    it('causes a warning on /diagnostics that names both sizes, if nothing explains its size', async () => {
      assert.notEqual(await seen('/untold', image()), LUMA * 3 * WIDTH * HEIGHT);
      const results = await diagnosticsThat(
        peer,
        '/untold',
        'a warning',
        ({ level, message, values }) => level === 1 && message === values['image_warning'],
      );
      assert.match(
        results.message,
        new RegExp(`${PACKED} bytes .*${PADDED} bytes.*image_step and image_rows`),
      );
    });

    it('causes no warning if rows are packed', async () => {
      assert.equal(await seen('/packed', { value: 128, step: 0 }), 128 * 3 * WIDTH * HEIGHT);
      const results = await diagnosticsThat(
        peer,
        '/packed',
        'results',
        ({ values }) => Number(values['answered']) > 0,
      );
      assert.equal(results.values['image_warning'], '');
      for (const topic of topics) await peer.stop(topic);
    });
  });
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data_digest: { readonly length: number; readonly sum: number };
}
