import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/**
 * Asks a question that is answered by a line. The terminal stays as it is, so that Ctrl+C does what it does.
 *
 * @returns the line; undefined at the end of the input (Ctrl+D)
 */
export function askLine(question: string, input: Readable, output: Writable): Promise<string | undefined> {
  output.write(question);
  const lines = createInterface({ input, terminal: false });
  return new Promise((resolve) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => resolve(undefined));
  });
}

/** Whether a line says yes. Nothing said is no. */
export function isYes(line: string | undefined): boolean {
  return /^\s*y(es)?\s*$/i.test(line ?? '');
}
