import { open } from 'node:fs/promises';
import { ExpectationError, messageOf } from '../base/expect.js';
import { isDevice } from '../base/files/device.js';

/** The output of an earlier run for one input. */
interface Part {
  readonly source: string;
  frames: number;
  /** Bytes of the file up to and with its last line. */
  end: number;
}

/** The progress of an earlier run. */
export interface Done {
  /** Names of the finished inputs, in order; one that was given twice may be there twice. */
  readonly sources: string[];
  /** Bytes of JSON lines that belong to them. The rest belongs to an interrupted input. */
  readonly length: number;
  /** The greatest id of a tracked object in these bytes. */
  readonly lastTrack: number;
}

/** Facts about the last input in the file. */
export interface LastInput {
  /** Whether it is among the inputs of this run. Otherwise it cannot be repeated, and its lines are kept. */
  readonly known: boolean;
  /** Its frames, if known; undefined, too, if another output of it may be incomplete. */
  readonly frames?: number | undefined;
}

const CHUNK = 1 << 20;
const LINE = /^\{"source":("(?:[^"\\]|\\.)*"),"index":(\d+),/;

/** The name and index at the start of a line; undefined for other lines. */
function beginning(line: string): { source: string; index: number } | undefined {
  const [, name, index] = LINE.exec(line) ?? [];
  if (name === undefined) return undefined;
  try {
    return { source: JSON.parse(name) as string, index: Number(index) };
  } catch {
    return undefined;
  }
}

/**
 * Reads from a file of JSON lines which inputs an earlier run has finished: all that are followed by others, and the last one
 * if it has as many lines as frames. There is no other record, so this works after any interruption, including a power failure.
 *
 * @param lastInput gives facts about the last input
 * @throws ExpectationError when the file cannot be read or has other content
 */
export async function readDone(file: string, lastInput: (source: string) => LastInput): Promise<Done> {
  // Opening a pipe, or reading a device to its end, could take forever.
  if (isDevice(file)) {
    throw new ExpectationError('a file for --json with --resume', `${file}, which is none`, 'Omit --resume.');
  }
  const parts: Part[] = [];
  let lastTrack = 0;
  let trackBefore = 0;
  let lastIndex = -1;
  for await (const { line, end } of linesOf(file)) {
    const begin = beginning(line);
    if (begin === undefined) {
      throw new ExpectationError(
        `JSON lines of an earlier run in ${file}`,
        line.slice(0, 60),
        'Choose another file.',
      );
    }
    const { source, index } = begin;
    const last = parts.at(-1);
    if (last?.source === source && index > lastIndex) {
      last.frames++;
      last.end = end;
    } else {
      parts.push({ source, frames: 1, end });
      trackBefore = lastTrack;
    }
    lastIndex = index;
    for (const [, id] of line.matchAll(/"track_id":(\d+)/g)) lastTrack = Math.max(lastTrack, Number(id));
  }
  const last = parts.at(-1);
  if (last) {
    const { known, frames } = lastInput(last.source);
    if (known && frames !== last.frames) {
      parts.pop();
      lastTrack = trackBefore;
    }
  }
  return { sources: parts.map(({ source }) => source), length: parts.at(-1)?.end ?? 0, lastTrack };
}

/** The complete lines of a file, and where each ends. A missing file has none. */
async function* linesOf(path: string): AsyncGenerator<{ line: string; end: number }> {
  const file = await open(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ExpectationError(
      `a readable file at ${path}`,
      messageOf(error),
      'Change its permissions, or choose another file for --json.',
      { cause: error },
    );
  });
  if (file === undefined) return;
  try {
    let rest: Buffer[] = [];
    let position = 0;
    const chunk = Buffer.alloc(CHUNK);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK, position);
      if (bytesRead === 0) return;
      const read = chunk.subarray(0, bytesRead);
      let from = 0;
      for (let at = read.indexOf(10); at >= 0; at = read.indexOf(10, from)) {
        const line = Buffer.concat([...rest, read.subarray(from, at)]).toString();
        rest = [];
        from = at + 1;
        yield { line, end: position + from };
      }
      if (from < bytesRead) rest.push(Buffer.from(read.subarray(from)));
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** The remaining inputs. */
export function withoutDone<Source extends { readonly name: string }>(
  sources: readonly Source[],
  done: readonly string[],
): Source[] {
  const counts = new Map<string, number>();
  for (const name of done) counts.set(name, (counts.get(name) ?? 0) + 1);
  return sources.filter(({ name }) => {
    const left = counts.get(name) ?? 0;
    counts.set(name, left - 1);
    return left <= 0;
  });
}
