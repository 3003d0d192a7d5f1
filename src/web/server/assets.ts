import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { packageRoot } from '../../base/package-root.js';

/** A file of the page, as it is sent. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

/** Files that `npm run build:ts` puts beside the program (scripts/build-page.mjs), by path. */
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/live.js': ['live.js', 'text/javascript; charset=utf-8'],
  '/live.css': ['live.css', 'text/css; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
};
const FOLDER = join(packageRoot, 'dist/src/web/page');

/** Reads the page. @throws ExpectationError if it was not built */
export function readAssets(): ReadonlyMap<string, Asset> {
  return new Map(
    Object.entries(FILES).map(([path, [file, type]]) => {
      try {
        const body = readFileSync(join(FOLDER, file));
        const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
        return [path, { type, body, etag }];
      } catch (error) {
        throw new ExpectationError(`the page's file ${file}`, messageOf(error), 'Build it: npm run build.', {
          cause: error,
        });
      }
    }),
  );
}
