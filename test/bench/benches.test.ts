import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Figure } from '../../bench/bench.js';
import { benchNames, loadBench } from '../../bench/catalog.js';
import { runSuite } from '../../bench/suite.js';
import { repository } from '../data.js';
import { EMULATOR } from '../engine/bpu/emulator.js';
import { withVariables } from '../environment.js';
import { describeUnless } from '../skips.js';

/** Runs a bench a few times only: its figures mean nothing, but each must be there. */
async function figuresOf(name: string): Promise<{ figures: Figure[]; notes: string[]; begun: string[] }> {
  const notes: string[] = [];
  const begun: string[] = [];
  const shown: Figure[] = [];
  const { figures, failed } = await runSuite([name], true, {
    begin: (_, what) => begun.push(what),
    figure: (figure) => shown.push(figure),
    note: (_, text) => notes.push(text),
  });
  assert.deepEqual(failed, [], notes.join('; '));
  assert.deepEqual(shown, figures);
  for (const { bench, name: what, times } of figures) {
    assert.equal(bench, name);
    if (!times) continue;
    const ordered = times.median > 0 && times.p95 >= times.median && (times.p99 ?? Infinity) >= times.p95;
    assert.ok(ordered && times.runs > 0, `${what}: ${JSON.stringify(times)}`);
  }
  assert.equal(new Set(figures.map((figure) => figure.name)).size, figures.length, 'names that differ');
  return { figures, notes, begun };
}

/** What each bench measures, and its yardstick. */
const BENCHES: Readonly<Record<string, { cases: number; yardstick: string; one: RegExp }>> = {
  cdr: { cases: 2, yardstick: 'memcpy', one: /^hbm_img_msgs\/HbmMsg1080P, nv12$/ },
  color: { cases: 5, yardstick: 'memcpy', one: /^nv12 to rgb8, 1920x1080$/ },
  contours: { cases: 4, yardstick: 'linear', one: /^polygons of 100 masks$/ },
  decode: { cases: 16, yardstick: 'linear', one: /int32, 100 instances, masks at source resolution$/ },
  letterbox: { cases: 5, yardstick: 'memcpy', one: /^1920x1080 to 640x640$/ },
  overlay: { cases: 3, yardstick: 'memcpy', one: /^JPEG of \d+x\d+$/ },
};

describe('the benches', () => {
  // The demo model's heads, which every machine has; no sourced workspace, whose nodes would take minutes.
  withVariables({ TROS_YOLO_SEG_DATA: '/nowhere', AMENT_PREFIX_PATH: '/nowhere' });

  it('are the files of the folder, each with a line for --list', async () => {
    const files = readdirSync(join(repository, 'bench/benches')).map((file) => file.replace('.ts', ''));
    assert.deepEqual(benchNames(), files.sort());
    for (const name of benchNames()) assert.match((await loadBench(name)).summary, /^\S.{20,}$/, name);
  });

  for (const [name, { cases, yardstick, one }] of Object.entries(BENCHES)) {
    it(`${name} measures ${cases} cases beside ${yardstick}`, async () => {
      const { figures, begun } = await figuresOf(name);
      assert.equal(figures.length, cases);
      assert.ok(figures.some((figure) => one.test(figure.name)));
      for (const { name: what, times, ratios } of figures) {
        assert.equal(times!.runs, 3, what);
        assert.ok(ratios[yardstick]! > 0, what);
      }
      // The reader sees what is being measured before its figure comes.
      assert.deepEqual(begun, ['', ...figures.map((figure) => figure.name)]);
    });
  }

  it('of messages measure each kind of message, with few instances and with a hundred', async () => {
    const { figures } = await figuresOf('messages');
    for (const kind of [
      'InstanceArray',
      'Detection2DArray',
      'PerceptionTargets, polygons',
      'PerceptionTargets, semantic map',
      'ImageAnnotations',
      'instance map',
    ]) {
      const counts = figures.flatMap(({ name }) =>
        name.startsWith(`${kind}, `) ? [Number(/(\d+) instances$/.exec(name)![1])] : [],
      );
      assert.equal(counts.length, 2, kind);
      assert.ok(counts[0]! > 0 && counts[1] === 100, `${kind}: ${counts.join()}`);
    }
    const image = figures.find(({ name }) => name === 'Image, nv12 1920x1080')!;
    assert.deepEqual(Object.keys(image.ratios), ['memcpy']);
  });

  it('say how to build a program that is missing', async () => {
    const { figures, notes } = await figuresOf('native');
    if (existsSync(join(repository, 'build/bench/nv12-bench'))) {
      assert.ok(figures.some(({ ratios }) => Object.keys(ratios).length > 0));
    } else {
      assert.deepEqual(figures, []);
      assert.match(notes[0]!, /^left out: .*scripts\/bench-native\.sh builds it$/);
    }
  });

  it('count instructions completely or not at all', async () => {
    const { figures, notes } = await figuresOf('instructions');
    assert.deepEqual(figures, []);
    assert.match(notes[0]!, /^left out with --quick/);
  });

  for (const name of ['node', 'launch']) {
    it(`${name} says what has to be sourced`, async () => {
      const { figures, notes } = await figuresOf(name);
      assert.deepEqual(figures, []);
      assert.match(notes[0]!, /^left out: no workspace with tros_yolo_seg is sourced/);
    });
  }
});

describeUnless(!existsSync(EMULATOR) && `there is no ${EMULATOR}`, 'the bench of the whole path', () => {
  withVariables({ TROS_YOLO_SEG_DATA: '/nowhere' });

  it('measures the network, and frames from JavaScript and from a native subscription with 1 to 3 in flight', async () => {
    const { figures } = await figuresOf('pipeline');
    const names = [1, 2, 3].flatMap((slots) => [
      `network alone, ${slots} at work`,
      `whole path, frames of JavaScript, ${slots} at work; added latency`,
      `whole path, native subscription, ${slots} at work; added latency`,
    ]);
    assert.deepEqual(
      figures.map(({ name }) => name),
      [
        ...names,
        'whole path, 4 native cameras of 45 FPS, 2 at work; added latency',
        'whole path, native camera, 2 at work, a BPU of 350 FPS; added latency',
      ],
    );
    for (const { name, times, values } of figures) {
      assert.ok(values['FPS']! > 0, name);
      if (!times) continue;
      assert.equal(times.runs, 6, name);
      assert.ok(values['decode ms']! > 0 && values['JS busy %']! > 0 && values['longest GC ms']! >= 0, name);
    }
  });
});
