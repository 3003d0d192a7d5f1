import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { ExpectationError, messageOf } from '../expect.js';
import { cutModel } from './cut.js';
import { modelForm } from './model-form.js';

/** Changes whenever models are cut differently, so that older results are not used. */
const CUT_VERSION = 1;

/**
 * The model itself when it ends in its ten heads, else a cut copy of it in the user's cache folder.
 *
 * A stock model is cut once; the copy is found again by the model's path, size and time of change.
 *
 * @returns path of an ONNX model with ten heads
 * @throws ExpectationError when the file is no segmentation model, or the cache folder cannot be written
 */
export function ensureHeads(file: string): string {
  if (modelForm(file) === 'heads') return file;
  const path = realpathSync(file);
  const { size, mtimeMs } = statSync(path);
  const key = createHash('sha256')
    .update(JSON.stringify([CUT_VERSION, path, size, mtimeMs]))
    .digest('hex');
  const folder = cacheFolder();
  const cut = join(folder, `${basename(path, '.onnx')}-${key.slice(0, 16)}.onnx`);
  if (existsSync(cut)) return cut;
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new ExpectationError(
      'a cache folder for the cut model',
      messageOf(error),
      'Set XDG_CACHE_HOME, or cut the model with: tros-yolo-seg model cut',
      {
        cause: error,
      },
    );
  }
  cutModel(path, cut);
  return cut;
}

/** $XDG_CACHE_HOME/tros-yolo-seg, by default ~/.cache/tros-yolo-seg. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(
    base !== undefined && base !== '' ? base : join(homedir(), '.cache'),
    'tros-yolo-seg',
    'models',
  );
}
