import { ExpectationError } from '../../base/expect.js';
import { parseRegion, type Region } from '../../vision/picture/region.js';

/**
 * Names of cameras for the topics of their results: those given, else what tells their image topics apart:
 * `/front/image` and `/rear/image` are `front` and `rear`.
 *
 * @throws ExpectationError for another number of names than topics, names that no topic can have, and equal ones
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
 * The values of a list parameter for the cameras: one for each, or one for all; `none` where there is none.
 *
 * @throws ExpectationError for another number of values
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
 * The regions of interest of the cameras, from parameter `roi`; undefined: the whole picture.
 *
 * @throws ExpectationError for another number of regions, and text that is none
 */
export function regionsOfInterest(
  values: readonly string[],
  cameras: number,
): readonly (Region | undefined)[] {
  return forEachCamera('roi', values, cameras, '').map((text) => parseRegion('parameter roi', text));
}
