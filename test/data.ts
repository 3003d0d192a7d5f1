import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of this repository, seen from dist/test. */
export const repository = resolve(fileURLToPath(new URL('../..', import.meta.url)));

const root = process.env['TROS_YOLO_SEG_DATA'] ?? resolve(repository, '../shared/data');

/**
 * Real models, photos and reference results that are not part of this repository. Tests that need them pass
 * `{ skip: sharedData.skip }`, which gives the reason if the folder is missing.
 */
export const sharedData = {
  skip: existsSync(root) ? false : `no test material at ${root} (set TROS_YOLO_SEG_DATA)`,
  path: (name: string): string => resolve(root, name),
} as const;
