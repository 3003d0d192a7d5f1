import { ExpectationError, expectInteger } from '../base/expect.js';
import type { Shard } from '../media/inputs.js';
import {
  type BadFrame,
  isBadFrame,
  type SourceFrame,
  stampToNanoseconds,
} from '../vision/picture/frame-source.js';
import type { Arguments, CliOptions } from './options.js';

/** Options that choose among inputs and frames. */
export const SELECTION_OPTIONS = {
  every: { type: 'string', value: 'N', help: 'only every N-th frame of each input' },
  start: {
    type: 'string',
    value: 'TIME',
    help: 'skip what is before that time in each input: 90, 1:30 or 0:01:30',
  },
  end: { type: 'string', value: 'TIME', help: 'stop at that time in each input' },
  shard: {
    type: 'string',
    value: 'I/N',
    help: 'do only the I-th of N parts of the inputs, from 1: every N-th input',
  },
} as const satisfies CliOptions;

/** Which frames of an input are used. */
export interface Selection {
  readonly every: number;
  /** Seconds since the first frame. */
  readonly start: number;
  readonly end: number;
}

/** @throws ExpectationError for a value that is not a number, time or share */
export function selectionOf(args: Arguments): Selection {
  const start = timeOption(args, 'start') ?? 0;
  const end = timeOption(args, 'end') ?? Infinity;
  if (end <= start)
    throw new ExpectationError(
      `--end after --start (${start} s)`,
      `${end} s`,
      'Both count from the beginning of each input: --end is no length.',
    );
  return { every: expectInteger('--every', args.number('every') ?? 1, 1, 1e9), start, end };
}

/** @throws ExpectationError unless it is I/N with 1 <= I <= N */
export function shardOf(args: Arguments): Shard | undefined {
  const text = args.text('shard');
  if (text === undefined) return undefined;
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index === undefined || Number(index) < 1 || Number(index) > Number(count)) {
    throw new ExpectationError('I/N with I from 1 to N for --shard', text, 'For example --shard 2/4.');
  }
  return { index: Number(index) - 1, count: Number(count) };
}

/** Seconds of `90`, `90.5`, `1:30` or `0:01:30`. */
function timeOption(args: Arguments, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const parts = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text);
  if (!parts)
    throw new ExpectationError(
      `seconds or H:MM:SS for --${name}`,
      text,
      'For example 90, 12.5, or 1:30 for a minute and a half.',
    );
  const [hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return 3600 * hours + 60 * minutes + seconds;
}

/**
 * The number of used frames of an input; undefined if it is not known in advance.
 *
 * @param rate of its frames; the result is an estimate if only a part is used
 */
export function selectedCount(
  count: number | undefined,
  { every, start, end }: Selection,
  rate?: number,
): number | undefined {
  if (count === undefined) return undefined;
  if (count === 1) return start > 0 ? 0 : 1;
  if (start === 0 && end === Infinity) return Math.ceil(count / every);
  if (rate === undefined) return undefined;
  const within = Math.min(count, Math.ceil(end * rate)) - Math.ceil(start * rate);
  return Math.ceil(Math.max(0, within) / every);
}

/** The selected ones of the frames, which keep their index and stamp. Frames that cannot be read are passed on. */
export async function* selected<Frame extends SourceFrame>(
  frames: AsyncIterable<Frame | BadFrame>,
  { every, start, end }: Selection,
): AsyncGenerator<Frame | BadFrame, void, void> {
  let first: bigint | undefined;
  let within = 0;
  for await (const item of frames) {
    if (!isBadFrame(item)) {
      const time = stampToNanoseconds(item.stamp);
      const seconds = Number(time - (first ??= time)) / 1e9;
      if (seconds < start) continue;
      if (seconds >= end) return;
      if (within++ % every !== 0) continue;
    }
    yield item;
  }
}
