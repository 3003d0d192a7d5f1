import { readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { loadCatalog } from './catalog.js';
import { cachedFile, statIfAny } from './model-cache.js';

/** Files that engines load. */
const ENDINGS = ['.bin', '.onnx'];
/** More files in a folder are not listed. */
const MOST_FILES = 200;

/**
 * Models that are on this machine: those of `tros-yolo-seg model list` that were downloaded, by name, and files beside the present one, by
 * file name. Who may choose among these gets no other file read.
 *
 * @param present file of the model in use
 * @returns what to load (findModel), by what it is called, in order
 *
 * @example
 * loadableModels('models/scene-n-seg.onnx'); // Map { 'yolov8n-seg-x5' => 'yolov8n-seg-x5', 'scene-n-seg.onnx' => 'models/scene-n-seg.onnx' }
 */
export function loadableModels(present: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const model of loadCatalog().models) if (cachedFile(model)) found.set(model.name, model.name);
  const folder = dirname(present);
  for (const name of filesOf(folder)) found.set(name, join(folder, name));
  found.set(basename(present), present);
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function filesOf(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // It may have been removed since.
    return [];
  }
  return names
    .filter((name) => ENDINGS.includes(extname(name)))
    .sort()
    .slice(0, MOST_FILES)
    .filter((name) => statIfAny(join(folder, name))?.isFile());
}
