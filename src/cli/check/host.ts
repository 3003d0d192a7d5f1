import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The machine to check: its files below a root folder, and its environment. Tests use a folder of their own. */
export class Host {
  constructor(
    readonly root = '/',
    readonly env: NodeJS.ProcessEnv = process.env,
  ) {}

  path(file: string): string {
    return join(this.root, file);
  }

  /**
   * The text of a small file without a trailing newline or NUL, which files of sysfs and the device tree have; undefined if
   * it cannot be read.
   */
  text(file: string): string | undefined {
    try {
      // Strings of a device tree end with NUL.
      return readFileSync(this.path(file), 'utf8').replaceAll('\0', '').trim() || undefined;
    } catch {
      return undefined;
    }
  }
}
