import { ExpectationError, messageOf } from '../expect.js';

/**
 * Describes why an output could not be written, naming it: a full disk, a missing permission, a folder of that name.
 *
 * @example throw writeError('out/found.jsonl', error); // Expected room for out/found.jsonl but received ENOSPC: …
 */
export function writeError(path: string, error: unknown): ExpectationError {
  if (error instanceof ExpectationError) return error;
  const { expected, hint } = explain(path, (error as NodeJS.ErrnoException | undefined)?.code);
  return new ExpectationError(expected, messageOf(error), hint, { cause: error });
}

function explain(path: string, code: string | undefined): { expected: string; hint?: string } {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return { expected: `room for ${path}`, hint: 'Free some space, or write elsewhere.' };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { expected: `permission to write ${path}`, hint: 'Choose another folder.' };
    case 'EISDIR':
      return {
        expected: `a file to write at ${path}`,
        hint: 'There is a folder of that name: name a file in it.',
      };
    case 'ENOTDIR':
      return {
        expected: `a place to write to at ${path}`,
        hint: 'There is a file where a folder should be.',
      };
    case 'EEXIST':
      return {
        expected: `a new file at ${path}`,
        hint: 'Choose another name, or add --force to replace it.',
      };
    default:
      return { expected: `a file that can be written at ${path}` };
  }
}
