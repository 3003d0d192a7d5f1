import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../base/files/folder.js';
import { writeWholeSync } from '../../base/files/whole-file.js';
import type { Licence } from '../catalog.js';
import { cacheFolder } from '../../base/files/cache-folder.js';

/** Licences that the user of a cache has accepted, in a file of that cache. */
export class AcceptedLicences {
  readonly #file: string;

  constructor(private readonly folder = cacheFolder()) {
    this.#file = join(folder, 'accepted-licences.json');
  }

  has(licence: Licence): boolean {
    return Object.hasOwn(this.#read(), keyOf(licence));
  }

  /** @throws ExpectationError where it cannot be written down */
  accept(licence: Licence, at = new Date()): void {
    makeFolder(this.folder);
    const accepted = { ...this.#read(), [keyOf(licence)]: at.toISOString() };
    writeWholeSync(this.#file, `${JSON.stringify(accepted, null, 2)}\n`);
  }

  #read(): Record<string, unknown> {
    try {
      const json = JSON.parse(readFileSync(this.#file, 'utf8')) as unknown;
      return typeof json === 'object' && json !== null && !Array.isArray(json)
        ? (json as Record<string, unknown>)
        : {};
    } catch {
      // None accepted yet; what cannot be read is asked for again.
      return {};
    }
  }
}

/** The same licence of another holder is another consent. */
function keyOf({ id, holder }: Licence): string {
  return `${id} of ${holder}`;
}
