import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/**
 * Asks a question and reads one line. The terminal keeps its mode, so that Ctrl+C works as usual.
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

/** Whether a line means yes. An empty answer means no. */
export function isYes(line: string | undefined): boolean {
  return /^\s*y(es)?\s*$/i.test(line ?? '');
}
