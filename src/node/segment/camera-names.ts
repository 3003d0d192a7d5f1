import { ExpectationError } from '../../base/expect.js';
import { parseZones, type ZoneShape } from '../../vision/track/zone-shape.js';
import { parseRegion, type Region } from '../../vision/picture/region.js';

/**
 * Names of cameras for the topics of their results: the given names, else the parts in which their image topics differ:
 * `/front/image` and `/rear/image` are `front` and `rear`.
 *
 * @throws ExpectationError if there are more or fewer names than topics, and for names that are invalid in topics or equal
 */
export function cameraNames(topics: readonly string[], given: readonly string[]): string[] {
  if (given.length > 0) {
    if (given.length !== topics.length) {
      throw new ExpectationError(
        `${topics.length} names in camera_names, one for each of images`,
        given.length,
      );
    }
    const wrong = given.find((name) => !/^[A-Za-z]\w*$/.test(name));
    if (wrong !== undefined) {
      throw new ExpectationError('letters, digits and _ in camera_names, a letter first', wrong);
    }
    if (new Set(given).size < given.length) {
      throw new ExpectationError('camera_names that differ', given.join(', '));
    }
    return [...given];
  }
  const parts = topics.map((topic) => topic.split('/').filter((part) => part !== ''));
  for (let depth = 0; depth < Math.max(...parts.map(({ length }) => length)); depth++) {
    const names = parts.map((part) => part[depth] ?? '');
    if (new Set(names).size === topics.length && names.every((name) => /^[A-Za-z]\w*$/.test(name)))
      return names;
  }
  return topics.map((_, index) => `camera${index}`);
}

/**
 * The values of a list parameter for the cameras: one for each, or one for all; `none` if the list is empty.
 *
 * @throws ExpectationError for any other number of values
 */
export function forEachCamera<Value extends number | string>(
  parameter: string,
  values: readonly Value[],
  cameras: number,
  none: Value,
): readonly Value[] {
  if (values.length <= 1) return new Array<Value>(cameras).fill(values[0] ?? none);
  if (values.length === cameras) return values;
  throw new ExpectationError(
    `${cameras === 1 ? '1 value' : `1 or ${cameras} values`} in parameter ${parameter}, as many as in images`,
    values.length,
  );
}

/**
 * The topics of a list parameter with a place for each camera; '' for cameras without one, and for all if the list is empty.
 *
 * @throws ExpectationError for any other number of topics
 */
export function placedTopics(
  parameter: string,
  topics: readonly string[],
  cameras: number,
): readonly string[] {
  if (topics.length === 0) return new Array<string>(cameras).fill('');
  if (topics.length === cameras) return topics.map((topic) => topic.trim());
  throw new ExpectationError(
    `${cameras} ${cameras === 1 ? 'topic' : 'topics'} in parameter ${parameter}, as many as in images`,
    topics.length,
    "'' is for a camera without one.",
  );
}

/**
 * The regions of interest of the cameras, from parameter `roi`; undefined: the whole picture.
 *
 * @throws ExpectationError for any other number of regions, and for text that is not a region
 */
export function regionsOfInterest(
  values: readonly string[],
  cameras: number,
): readonly (Region | undefined)[] {
  return forEachCamera('roi', values, cameras, '').map((text) => parseRegion('parameter roi', text));
}

/**
 * The zones and lines of each camera, from parameters `zones` and `lines`.
 *
 * @param names of the cameras
 * @param what they are called, for errors
 * @throws ExpectationError for invalid zones or lines, and for unknown cameras
 */
export function zonesOfCameras(
  zones: readonly string[],
  lines: readonly string[],
  names: readonly string[],
  what = { zone: 'parameter zones', line: 'parameter lines', both: 'parameters zones and lines' },
): readonly (readonly ZoneShape[])[] {
  const shapes = parseZones({ zone: zones, line: lines }, what);
  const unknown = shapes.find(({ camera }) => camera !== undefined && !names.includes(camera));
  if (unknown) {
    throw new ExpectationError(
      `one of the cameras ${names.join(', ')} in ${what.both}`,
      `${unknown.camera}/${unknown.name}`,
    );
  }
  return names.map((name) => shapes.filter(({ camera }) => camera === undefined || camera === name));
}
