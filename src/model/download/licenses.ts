import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../base/files/folder.js';
import { writeWholeSync } from '../../base/files/whole-file.js';
import type { License } from '../catalog.js';
import { cacheFolder } from '../../base/files/cache-folder.js';

/** The licenses that the user of a cache has accepted, stored in that cache. */
export class AcceptedLicenses {
  readonly #file: string;
  /** The file name of version 0.1.0; only read. */
  readonly #former: string;

  constructor(private readonly folder = cacheFolder()) {
    this.#file = join(folder, 'accepted-licenses.json');
    this.#former = join(folder, 'accepted-licences.json');
  }

  has(license: License): boolean {
    return Object.hasOwn(this.#read(), keyOf(license));
  }

  /** @throws ExpectationError when it cannot be saved */
  accept(license: License, at = new Date()): void {
    makeFolder(this.folder);
    const accepted = { ...this.#read(), [keyOf(license)]: at.toISOString() };
    writeWholeSync(this.#file, `${JSON.stringify(accepted, null, 2)}\n`);
  }

  #read(): Record<string, unknown> {
    return { ...readObject(this.#former), ...readObject(this.#file) };
  }
}

/** The file's content. If it is missing or unreadable, the user is asked again. */
function readObject(file: string): Record<string, unknown> {
  try {
    const json = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

/** The same license from another holder needs a new consent. */
function keyOf({ id, holder }: License): string {
  return `${id} of ${holder}`;
}
