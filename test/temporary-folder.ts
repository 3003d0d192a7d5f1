import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'mocha';

/** Creates a folder for the tests of a file or a suite, which is removed after them. Call it where `after` may be called. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `tros-yolo-seg-${name}-`));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
