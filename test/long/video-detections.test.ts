import assert from 'node:assert/strict';
import { it } from 'mocha';
import { sharedData } from '../data.js';
import { describeUnless } from '../skips.js';
import { VideoDetections } from './video-detections.js';

// Not `npm test`: a network runs over thousands of frames. `npm run test:long`.
describeUnless(sharedData.skip, 'detections of a network in videos', function () {
  this.timeout(3_600_000);

  for (const [name, frames] of [
    ['one-by-one-person-detection', 1394],
    ['bottle-detection', 1189],
  ] as const) {
    it(`exist for ${name}`, async () => {
      const detections = new VideoDetections(name);
      await detections.make();
      assert.equal(detections.skip, false);
      const all = detections.read();
      assert.equal(all.length, frames);
      assert.ok(all.filter(({ found }) => found.instances.length > 0).length > frames / 4);
    });
  }
});
