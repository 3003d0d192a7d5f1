import { ExpectationError } from '../../base/expect.js';
import type { OutputPlace } from '../../message/output.js';
import { parseClassMapSize } from '../../message/write/class-map.js';
import type { SegmentParameters } from '../../parameters/segment.js';
import { cameraNames } from './camera-names.js';
import type { OutputOptions } from './camera-outputs.js';

/**
 * Where each camera's results go: below `~/` with one camera, below `~/NAME/` with several, and likewise for parameter `tros_topic`.
 *
 * @throws ExpectationError without topics, and for names that cameraNames() refuses
 */
export function outputPlaces({
  images,
  camera_names: given,
  tros_topic: trosTopic,
}: SegmentParameters): OutputPlace[] {
  if (images.length === 0) throw new ExpectationError('at least one topic in parameter images', 'none');
  const names = cameraNames(images, given);
  if (names.length === 1) return [{ prefix: '~/', trosTopic }];
  return names.map((name) => ({
    prefix: `~/${name}/`,
    trosTopic: trosTopic === '' ? '' : `${trosTopic}/${name}`,
  }));
}

/**
 * A camera's outputs as parameters set them.
 *
 * @param parameters called for each frame where values may change while the node runs
 * @throws ExpectationError for an invalid class_map_size
 */
export function outputSettings(place: OutputPlace, parameters: () => SegmentParameters): OutputOptions {
  const { tros_masks: trosMasks, color_range: colorRange, class_map_size: classMapSize } = parameters();
  parseClassMapSize(classMapSize);
  return {
    ...place,
    ...{ trosMasks, colorRange },
    coloredBy: () => parameters().overlay_colors,
    classMapSize: () => parseClassMapSize(parameters().class_map_size),
    polygonTolerance: () => parameters().polygon_tolerance,
    watchdog: () => parameters().watchdog,
  };
}
