import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The machine that is checked: its files below a root, and the environment. Tests give it a folder of their own. */
export class Host {
  constructor(
    readonly root = '/',
    readonly env: NodeJS.ProcessEnv = process.env,
  ) {}

  path(file: string): string {
    return join(this.root, file);
  }

  /** A small file's text without its end of line or NUL, as sysfs and the device tree have them; undefined where it cannot be read. */
  text(file: string): string | undefined {
    try {
      // Strings of a device tree end with NUL.
      return readFileSync(this.path(file), 'utf8').replaceAll('\0', '').trim() || undefined;
    } catch {
      return undefined;
    }
  }
}
