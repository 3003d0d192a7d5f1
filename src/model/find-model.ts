import { ExpectationError } from '../base/expect.js';
import { type Catalog, loadCatalog } from './catalog.js';
import { cachedFile, cachedPath, statIfAny } from './model-cache.js';

/**
 * Finds the file of a model, given by its path or by a name from `tros-yolo-seg model list`. Never downloads anything: a
 * robot must not wait for the network, nor change its model unasked.
 *
 * An existing file of that path takes precedence; a folder does not. Anything with a dot or a slash is a path, because names
 * have neither.
 *
 * @example findModel('yolov8n-seg-x5'); // ~/.cache/tros-yolo-seg/models/yolov8n-seg-x5.bin
 * @throws ExpectationError for an unknown name, or a model that was not downloaded yet
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
    `Download it first: tros-yolo-seg model get ${given}`,
  );
}
