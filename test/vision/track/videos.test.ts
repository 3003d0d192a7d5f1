import assert from 'node:assert/strict';
import { it } from 'mocha';
import { CameraTracking } from '../../../src/pipeline/tracking.js';
import { VideoDetections } from '../../long/video-detections.js';
import { describeUnless } from '../../skips.js';

const PERSON = 0;
const BOTTLE = 39;

/** Of each id of a class the frames in which it was reported. */
function framesById(detections: VideoDetections, classId: number): Map<number, number[]> {
  const tracking = new CameraTracking();
  tracking.setOptions({ reported: { score: 0.25 } });
  const frames = new Map<number, number[]>();
  for (const [index, { stamp, found }] of detections.read().entries()) {
    for (const instance of tracking.apply(stamp, found).instances) {
      if (instance.classId !== classId || !instance.trackId) continue;
      const own = frames.get(instance.trackId) ?? [];
      frames.set(instance.trackId, [...own, index]);
    }
  }
  return frames;
}

/** Intel's sample-videos, which were looked through by eye: what is expected is what is to be seen. */
const people = new VideoDetections('one-by-one-person-detection');
describeUnless(people.skip, 'tracking of people who enter one by one', () => {
  it('gives each of the six one id from entering to leaving', () => {
    const frames = [...framesById(people, PERSON).values()].filter(({ length }) => length > 3);
    assert.equal(frames.length, 6, JSON.stringify(frames.map((own) => [own[0], own.at(-1), own.length])));
    for (const [i, own] of frames.entries()) {
      const next = frames[i + 1];
      // One by one: no id while another one is there.
      if (next) assert.ok(own.at(-1)! < next[0]!, `${own.at(-1)} ${next[0]}`);
    }
  });
});

const bottles = new VideoDetections('bottle-detection');
describeUnless(bottles.skip, 'tracking of bottles that are put down and taken away', () => {
  it('gives a new id each time, and none changes while a bottle is in view', () => {
    const frames = [...framesById(bottles, BOTTLE).values()].filter(({ length }) => length > 5);
    const spans = frames.map((own) => [own[0]!, own.at(-1)!, own.length] as const);
    assert.equal(frames.length, 7, JSON.stringify(spans));
    for (const [first, last, count] of spans)
      assert.ok(count > 0.8 * (last - first), `${first} ${last} ${count}`);
  });
});
