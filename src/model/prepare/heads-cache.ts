import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { cacheFolder } from '../../base/files/cache-folder.js';
import { makeFolder } from '../../base/files/folder.js';
import { cutModel } from './cut.js';
import { findCutPoints } from '../onnx/cut-points.js';
import { expectRunsUncut, modelForm, withModel } from '../onnx/model-form.js';
import { ELEMENT, type OnnxModel } from '../onnx/onnx-model.js';
import { formOf } from '../onnx/output-form.js';

/** Changed whenever models are cut differently, so that older results are not used. */
const CUT_VERSION = 1;
/** Bytes to read at a time. */
const STEP = 1 << 20;

/**
 * Returns the model itself if it ends in its ten heads, else a cut copy of it in the user's cache folder.
 *
 * A stock model is cut once. The copy is found again by the model's content, wherever the file is and whatever its
 * modification time. Reading and hashing takes about a second for 300 MB (docs/models.md).
 *
 * @returns path of an ONNX model with ten heads
 * @throws ExpectationError when the file is not a segmentation model, or the cache folder cannot be written
 */
export function ensureHeads(file: string): string {
  if (modelForm(file) === 'heads') return file;
  const key = contentKey(file);
  const folder = cacheFolder();
  const cut = join(folder, `${basename(file, '.onnx')}-${key.slice(0, 16)}.onnx`);
  if (existsSync(cut)) return cut;
  try {
    makeFolder(folder);
  } catch (error) {
    throw new ExpectationError(
      'a cache folder for the cut model',
      error instanceof ExpectationError ? error.received : messageOf(error),
      'Set XDG_CACHE_HOME to a folder that can be written, or cut the model with tros-yolo-seg model cut.',
      {
        cause: error,
      },
    );
  }
  cutModel(file, cut);
  return cut;
}

/** A file for the CPU engine, and what its user should know about it. */
export interface RunnableModel {
  readonly file: string;
  readonly note?: string | undefined;
}

/**
 * The model that the CPU engine runs. A model that selects its instances or has queries runs unchanged, which saves the decoder
 * most of its work. Any other runs with its ten heads, or unchanged if they cannot be found. All models in half precision are cut,
 * because that engine does not support it.
 *
 * @throws ExpectationError when there is no such model
 */
export function runnableModel(file: string): RunnableModel {
  const { whole, note } = withModel(file, runsWhole);
  return whole ? { file, note } : { file: ensureHeads(file) };
}

function runsWhole(model: OnnxModel): { whole: boolean; note?: string } {
  const form = formOf(model);
  const single = [...model.fedInputs, ...model.outputs].every(
    ({ elementType }) => elementType === ELEMENT.float32,
  );
  // In half precision, too: the engine says best what is wrong with it.
  if (form === 'queries') return { whole: true };
  if (form === 'heads') return { whole: false };
  if (form === 'instances' && single) return { whole: true };
  try {
    findCutPoints(model);
  } catch (error) {
    expectRunsUncut(model, error);
    const reason = messageOf(error);
    return { whole: true, note: `The model cannot be cut into its heads and runs as it is. ${reason}` };
  }
  return { whole: false };
}

/** SHA-256 of the version and the file, read through one buffer. */
function contentKey(file: string): string {
  const hash = createHash('sha256').update(`${CUT_VERSION}\n`);
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(STEP);
    for (let length; (length = readSync(descriptor, buffer, 0, STEP, null)) > 0;) {
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}
