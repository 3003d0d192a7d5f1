import { textTable } from '../src/base/text-table.js';
import type { Figure } from './bench.js';
import { byteCount, milliseconds } from './table.js';

/** How a case differs from the old report. */
export interface Change {
  readonly name: string;
  /** The compared figure: the ratio to a yardstick, bytes, a value; milliseconds only if a case has no yardstick. */
  readonly what: string;
  readonly before: number;
  readonly after: number;
  /** `noise` if both may be the same; `changed` for values that are neither better nor worse. */
  readonly verdict: 'faster' | 'slower' | 'less' | 'more' | 'changed' | 'noise';
}

/** Relative differences below these occur between two runs of the same code. */
export const RATIO_NOISE = 0.1;
/** A case without a yardstick also contains the noise of the machine. */
export const TIME_NOISE = 0.3;
/** Instructions do not vary, but V8's compiler may decide otherwise by a hair. */
export const COUNT_NOISE = 0.02;
const BYTE_NOISE = 0.1;
const FEWEST_BYTES = 256;

/** Compares the cases that are in both reports. */
export function compareFigures(old: readonly Figure[], now: readonly Figure[]): Change[] {
  const before = new Map(old.map((figure) => [keyOf(figure), figure]));
  return now.flatMap((figure) => {
    const was = before.get(keyOf(figure));
    return was ? changesOf(keyOf(figure), was, figure) : [];
  });
}

/** Names of cases that are only in one of the reports. */
export function onlyIn(these: readonly Figure[], others: readonly Figure[]): string[] {
  const known = new Set(others.map(keyOf));
  return these.map(keyOf).filter((key) => !known.has(key));
}

function keyOf({ bench, name }: Figure): string {
  return `${bench}: ${name}`;
}

function changesOf(name: string, was: Figure, is: Figure): Change[] {
  const changes: Change[] = [];
  const add = (what: string, before: number, after: number, noise: number, words: [string, string]): void => {
    const share = after / before - 1;
    const still = before === after || Math.abs(share) <= noise;
    const verdict = (still ? 'noise' : words[after > before ? 1 : 0]) as Change['verdict'];
    changes.push({ name, what, before, after, verdict });
  };
  let compared = false;
  for (const [yardstick, after] of Object.entries(is.ratios)) {
    const before = was.ratios[yardstick];
    if (before === undefined) continue;
    compared = true;
    add(`x ${yardstick}`, before, after, RATIO_NOISE, ['faster', 'slower']);
  }
  if (!compared && was.times && is.times) {
    add('median', was.times.median, is.times.median, TIME_NOISE, ['faster', 'slower']);
  }
  if (was.bytes !== undefined && is.bytes !== undefined && Math.abs(was.bytes - is.bytes) > FEWEST_BYTES) {
    add('bytes', was.bytes, is.bytes, BYTE_NOISE, ['less', 'more']);
  }
  for (const [what, after] of Object.entries(is.values)) {
    const before = was.values[what];
    if (before === undefined) continue;
    if (what.startsWith('M instructions')) add(what, before, after, COUNT_NOISE, ['less', 'more']);
    else add(what, before, after, RATIO_NOISE, ['changed', 'changed']);
  }
  return changes;
}

/** The changes as text; cases within the noise are only counted. */
export function changeTable(changes: readonly Change[]): string {
  const loud = changes.filter(({ verdict }) => verdict !== 'noise');
  const still = changes.length - loud.length;
  const rows = loud.map(({ name, what, before, after, verdict }) => [
    name,
    what,
    show(what, before),
    show(what, after),
    `${after >= before ? '+' : ''}${(100 * (after / before - 1)).toFixed(0)} %`,
    verdict,
  ]);
  const summary = `${still} of ${changes.length} figures as before, within the noise\n`;
  return rows.length === 0
    ? summary
    : `${textTable([['', '', 'before', 'after', '', ''], ...rows]).join('\n')}\n${summary}`;
}

function show(what: string, value: number): string {
  if (what === 'bytes') return byteCount(value);
  return what === 'median' ? milliseconds(value) : value.toPrecision(3);
}
