import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { buildArm64, type CountedCase, countInstructions, millions } from '../../bench/instructions/arm64.js';
import { sharedData } from '../data.js';
import { printNote } from '../skips.js';
import { FIGURES } from './figures.js';

/**
 * By how much a count may exceed its figure: a share of it, or so many million instructions, whichever is more.
 *
 * V8 compiles by how often a function was called while the event loop turned, which threads shift a little, so that the JavaScript thread
 * has other machine code from process to process. What other threads run is mostly C++.
 */
const JS = { share: 0.2, few: 0.015 };
/** Of a whole frame, where other threads wake the JavaScript thread: boxes of integers were 0.068, 0.115 and 0.128 million. */
const JS_OF_FRAME = { share: 0.2, few: 0.06 };
const OTHERS = { share: 0.1, few: 0.015 };
/** Times that a case is counted before it is believed to have become dearer: what did so for good is dearer in all of them. */
const TRIES = 3;
/** A count below this share of its figure means that the case no longer does its work, or does it on threads that are not counted. */
const LEAST = 0.5;

// Not `npm test`: it needs qemu-user, a cross-compiler and an arm64 Node.js. `npm run test:instructions`.
describe('arm64 instructions of a frame', function () {
  this.timeout(1_800_000);
  /** Of each case's counts, the one farthest below its limit. */
  const counted = new Map<string, CountedCase>();
  const names = Object.keys(FIGURES).filter((name) => !name.startsWith('bus: ') || !sharedData.skip);

  before(async () => {
    await buildArm64();
    for (let left = TRIES, wanted = names; left > 0 && wanted.length > 0; left--) {
      await countInstructions(
        (name) => wanted.includes(name),
        (item) => {
          const before = counted.get(item.name);
          if (!before || dearness(item) < dearness(before)) counted.set(item.name, item);
        },
      );
      wanted = wanted.filter((name) => {
        const item = counted.get(name);
        return item && dearness(item) > 1;
      });
    }
  });

  for (const name of names) {
    it(name, function () {
      const item = counted.get(name);
      assert.ok(item, `Expected a case of this name: bench/instructions/cases.ts has others.`);
      const { js, others } = millions(item);
      const [wasJs, wasOthers] = FIGURES[name]!;
      assert.ok(
        dearness(item) <= 1,
        `Expected about ${wasJs} million instructions on the JavaScript thread and ${wasOthers} on others, at most ` +
          `${limit(wasJs, jsOf(item)).toPrecision(3)} and ${limit(wasOthers, OTHERS).toPrecision(3)}, but counted ${js.toPrecision(3)} and ` +
          `${others.toPrecision(3)}. Find what became dearer; if that is right, write the new figures into test/instructions/figures.ts.`,
      );
      assert.ok(
        enough(js, wasJs, jsOf(item)) && enough(others, wasOthers, OTHERS),
        `Expected ${atLeast(wasJs, jsOf(item))} and ${atLeast(wasOthers, OTHERS)} million instructions but counted ${js.toPrecision(3)} and ` +
          `${others.toPrecision(3)}. Does the case still do its work? If so, write the new figures into test/instructions/figures.ts.`,
      );
      if (
        wasJs - js > limit(wasJs, jsOf(item)) - wasJs ||
        wasOthers - others > limit(wasOthers, OTHERS) - wasOthers
      )
        printNote(
          this,
          `cheaper: ${js.toPrecision(3)} and ${others.toPrecision(3)}, not ${wasJs} and ${wasOthers}`,
        );
    });
  }
});

/** How near a count comes to its limits: more than 1 is beyond one. */
function dearness(item: CountedCase): number {
  const { js, others } = millions(item);
  const [wasJs, wasOthers] = FIGURES[item.name]!;
  return Math.max(js / limit(wasJs, jsOf(item)), others / limit(wasOthers, OTHERS));
}

function jsOf({ name }: CountedCase): typeof JS {
  return name.includes('whole frame') ? JS_OF_FRAME : JS;
}

function enough(count: number, was: number, tolerance: typeof JS): boolean {
  return was === 0 || (count > 0 && count >= least(was, tolerance));
}

function atLeast(was: number, tolerance: typeof JS): string {
  const few = least(was, tolerance);
  return few === 0 && was > 0 ? 'more than 0' : `at least ${few.toPrecision(3)}`;
}

/** Small counts waver by more than half. */
function least(was: number, { few }: typeof JS): number {
  return was > 2 * few ? LEAST * was : 0;
}

function limit(was: number, { share, few }: typeof JS): number {
  return was + Math.max(few, share * was);
}
