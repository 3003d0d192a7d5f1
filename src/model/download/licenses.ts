import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../base/files/folder.js';
import { writeWholeSync } from '../../base/files/whole-file.js';
import type { License } from '../catalog.js';
import { cacheFolder } from '../../base/files/cache-folder.js';

/** Licenses that the user of a cache has accepted, in a file of that cache. */
export class AcceptedLicenses {
  readonly #file: string;
  /** As version 0.1.0 spelled it; read only. */
  readonly #former: string;

  constructor(private readonly folder = cacheFolder()) {
    this.#file = join(folder, 'accepted-licenses.json');
    this.#former = join(folder, 'accepted-licences.json');
  }

  has(license: License): boolean {
    return Object.hasOwn(this.#read(), keyOf(license));
  }

  /** @throws ExpectationError where it cannot be written down */
  accept(license: License, at = new Date()): void {
    makeFolder(this.folder);
    const accepted = { ...this.#read(), [keyOf(license)]: at.toISOString() };
    writeWholeSync(this.#file, `${JSON.stringify(accepted, null, 2)}\n`);
  }

  #read(): Record<string, unknown> {
    return { ...readObject(this.#former), ...readObject(this.#file) };
  }
}

/** What the file holds. None accepted yet, or what cannot be read: it is asked for again. */
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

/** The same license of another holder is another consent. */
function keyOf({ id, holder }: License): string {
  return `${id} of ${holder}`;
}
