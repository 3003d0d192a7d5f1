import { ExpectationError } from '../base/expect.js';
import { type Catalog, loadCatalog } from './catalog.js';
import { cachedFile, cachedPath, statIfAny } from './model-cache.js';

/**
 * The file of a model that is told by its path, or by a name of `tros-yolo-seg model list`. Nothing is downloaded here: a robot
 * must not wait for the network, nor change its model unasked.
 *
 * A file of that very path comes first; a folder is no model. What has a dot or a slash is a path in any case: names have neither.
 *
 * @example findModel('yolov8n-seg-x5'); // ~/.cache/tros-yolo-seg/models/yolov8n-seg-x5.bin
 * @throws ExpectationError for a name that there is not, or that was not downloaded yet
 */
export function findModel(given: string, catalog?: Catalog): string {
  if (!/^[\w-]+$/.test(given) || statIfAny(given)?.isFile()) return given;
  const names = catalog ?? loadCatalog();
  const model = names.find(given);
  if (!model) {
    throw new ExpectationError('a model file, or the name of a model', given, names.advice(given));
  }
  const found = cachedFile(model);
  if (found) return found.path;
  throw new ExpectationError(
    `${given} at ${cachedPath(model)}`,
    'nothing',
    `Download it before: tros-yolo-seg model get ${given}`,
  );
}
