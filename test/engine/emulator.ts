import { join } from 'node:path';
import { repository } from '../data.js';

/** The emulated libdnn, built with the addon. */
export const EMULATOR = join(repository, 'build/native/emulator/libdnn.so');

const VARIABLE = 'TROS_YOLO_SEG_EMULATOR';

/** Runs `use` on a board configured so (docs/emulator.md); models loaded meanwhile see it. */
export async function withEmulator<T>(configuration: string, use: () => Promise<T>): Promise<T> {
  const before = process.env[VARIABLE];
  process.env[VARIABLE] = configuration;
  try {
    return await use();
  } finally {
    if (before === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = before;
  }
}
