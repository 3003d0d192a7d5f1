import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { before, describe, it } from 'mocha';
import type { Section } from '../../src/cli/check/finding.js';
import { firstRun, type Part } from '../../src/cli/first-run/first-run.js';
import { launchSection, valuesOf } from '../../src/cli/first-run/launches.js';
import { soakSection } from '../../src/cli/first-run/soak.js';
import { speedSection, type Subject } from '../../src/cli/first-run/speed.js';
import { openEngine } from '../../src/engine/registry.js';
import { EMULATOR, withEmulator } from '../engine/bpu/emulator.js';
import { tenHeads } from '../engine/tiny-onnx.js';
import { noiseFrame } from '../native/frames.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

const folder = temporaryFolder('first-run');
const never = new AbortController().signal;
/** A recorded model, and the picture that it knows. */
const model = join(folder, 'yolov8n_seg.bin');
const picture = join(folder, 'noise_64x64.nv12');

let recording: Promise<void> | undefined;
/** Makes both, once. */
const recorded = (): Promise<void> => (recording ??= record());
async function record(): Promise<void> {
  const heads = join(folder, 'heads.onnx');
  writeFileSync(heads, tenHeads(64, 64, ['cat', 'dog', 'bird']));
  writeFileSync(picture, noiseFrame(64, 64).data);
  assert.equal((await cli(['record', heads, picture, '-o', model])).code, 0);
}

function lines({ findings }: Section): string[] {
  return findings.map(({ what, verdict, text }) => `${verdict} ${what}: ${text}`);
}

describe('a first run', () => {
  before(recorded);

  const section = (title: string): Section => ({
    title,
    findings: [{ what: 'a', verdict: 'ok', text: title }],
  });
  const part = (name: string, run = (): void => {}): Part => ({
    name,
    run: () => {
      run();
      return Promise.resolve(section(name));
    },
  });

  it('writes the file after each part, with a form above, and stops between parts', async () => {
    const file = join(folder, 'new', 'report.md');
    const stop = new AbortController();
    const seen: string[] = [];
    const read = (): string => readFileSync(file, 'utf8');
    const sections = await firstRun(
      file,
      'title',
      [
        part('one', () => seen.push(read())),
        part('two', () => {
          seen.push(read());
          stop.abort();
        }),
        part('three'),
      ],
      stop.signal,
      () => {},
    );
    assert.deepEqual(
      sections.map(({ title }) => title),
      ['one', 'two'],
    );
    assert.match(seen[0]!, /^Board and revision:\nCamera:\n.*```text\ntitle\n.*0 of 3; it was stopped/s);
    assert.match(seen[1]!, /\none\n {2}ok .*1 of 3; it was stopped/s);
    assert.match(read(), /\ntwo\n.*2 of 3; it was stopped, or is running\n.*```\n$/s);
    assert.ok(!/three/.test(read()) && !read().includes('\u001b'), read());
  });

  it('is what check --first-run does: it needs no ROS, and says what it left out', async () => {
    const file = join(folder, 'board.md');
    const line = [
      'check',
      model,
      '--library',
      EMULATOR,
      '--frames',
      '2',
      '--minutes',
      '0',
      '--first-run',
      file,
    ];
    const without = { ROS_DISTRO: undefined, TROS_YOLO_SEG_EMULATOR: 'clock=fast,play_unknown=1' };
    const { code, stdout, stderr } = await cli(line, undefined, without);
    assert.equal(stdout, '');
    assert.match(stderr, /^1 of 5: the machine \.\.\.$/m);
    assert.match(stderr, /Written to .*board\.md: fill in its first lines/);
    const text = readFileSync(file, 'utf8');
    assert.match(text, /\nWhole path of a frame\n {2}note +1 frame in flight +\d+\.\d frames\/s; letterbox /);
    assert.match(text, /\nLaunch lines\n {2}unknown +ros2 launch +not run: no ROS 2 is sourced\n/);
    assert.match(text, /parts +all 5\n/);
    assert.equal(code, 0, text);
    // A report that somebody has filled in is not lost.
    assert.match((await cli(line, undefined, without)).stderr, /--force/);
  });
});

describe('the measurements of a first run', () => {
  before(recorded);

  const subject: Subject = {
    open: (slots) => openEngine(model, { slots, library: EMULATOR }),
    frame: noiseFrame(64, 64),
  };
  const quick = 'clock=fast';

  it('are the stages of a frame, with one in flight and with two', async () => {
    const { findings } = await withEmulator(quick, () => speedSection(subject, 3));
    assert.deepEqual(
      findings.map(({ what, verdict }) => [what, verdict]),
      [
        ['1 frame in flight', 'note'],
        ['2 frames in flight', 'note'],
      ],
    );
    const stages =
      /^[\d.]+ frames\/s; letterbox [\d.]+ ms, network [\d.]+ ms, decoding with masks [\d.]+ ms; JS/;
    for (const { text } of findings) assert.match(text, stages);
  });

  it('say why a model does not open', async () => {
    const broken: Subject = { ...subject, open: () => Promise.reject(new Error('no\nBPU')) };
    assert.deepEqual(lines(await speedSection(broken, 1)), [
      'failure 1 frame in flight: no BPU',
      'failure 2 frames in flight: no BPU',
    ]);
    assert.match(
      lines(await soakSection(broken, { minutes: 1, signal: never }))[0]!,
      /^failure soak: no BPU$/,
    );
  });

  /** Minutes in which each look at the clock takes as long as `step` says. */
  function soak(minutes: number, step: (now: number) => number, memory: () => number): Promise<Section> {
    let now = 0;
    const clock = (): number => (now += step(now));
    return withEmulator(quick, () =>
      soakSection(subject, { minutes, signal: never, clock, memory, root: folder }),
    );
  }

  it('are a line for each minute, and whether the last was like the first', async () => {
    const steady = lines(
      await soak(
        3,
        () => 500,
        () => 100,
      ),
    );
    assert.equal(steady.length, 5);
    assert.match(
      steady[0]!,
      /^note minute 1: \d+\.\d frames\/s, [\d.]+ \/ [\d.]+ ms per frame \(p50 \/ p99\), 100 MiB$/,
    );
    assert.equal(steady[3], 'ok steadiness: the last minute is at most 10 % slower than the first');
    assert.equal(steady[4], 'ok memory: +0 MiB since the second minute');
  });

  it('warn of a board that gets slower, and of memory that grows', async () => {
    let held = 100;
    const hot = await soak(
      3,
      (now) => (now < 60_000 ? 2000 : 4000),
      () => (held += 30),
    );
    assert.match(lines(hot)[3]!, /^warning steadiness: the last minute is \d\d % slower than the first$/);
    assert.equal(lines(hot)[4], 'ok memory: +30 MiB since the second minute');
    let leak = 100;
    assert.match(
      lines(
        await soak(
          3,
          () => 500,
          () => (leak += 50),
        ),
      ).at(-1)!,
      /^warning memory: \+50 MiB/,
    );
  });

  it('say of a board that gets faster only that it is not slower, and nothing if the first minute had no frame', async () => {
    const cooled = await soak(
      2,
      (now) => (now < 60_000 ? 4000 : 500),
      () => 100,
    );
    assert.equal(lines(cooled)[2], 'ok steadiness: the last minute is at most 10 % slower than the first');
    let now = 0;
    const late: Subject = {
      ...subject,
      open: async (slots) => {
        const engine = await subject.open(slots);
        const submit = engine.submit.bind(engine);
        engine.submit = (frame) => (now < 65_000 ? Promise.reject(new Error('time-out')) : submit(frame));
        return engine;
      },
    };
    const section = await withEmulator(quick, () =>
      soakSection(late, { minutes: 2, signal: never, clock: () => (now += 900), root: folder }),
    );
    const steadiness = lines(section).find((line) => line.includes('steadiness'));
    assert.equal(steadiness, 'unknown steadiness: no frame in the first minute');
  });

  it('count frames that fail, and name the reason', async () => {
    let calls = 0;
    const flaky: Subject = {
      ...subject,
      open: async (slots) => {
        const engine = await subject.open(slots);
        const submit = engine.submit.bind(engine);
        engine.submit = (frame) =>
          calls++ % 2 === 1 ? Promise.reject(new Error('time-out')) : submit(frame);
        return engine;
      },
    };
    let now = 0;
    const section = await withEmulator(quick, () =>
      soakSection(flaky, { minutes: 1, signal: never, clock: () => (now += 900), root: folder }),
    );
    assert.match(lines(section)[0]!, /^warning minute 1: .* \d+ frames failed$/);
    assert.match(lines(section)[1]!, /^failure failed frames: \d+, the last: time-out$/);
    assert.equal(lines(section)[2], 'unknown steadiness: only one minute was measured');
  });

  it('can be stopped while each frame fails at once', async () => {
    const refusing: Subject = {
      ...subject,
      open: async (slots) => {
        const engine = await subject.open(slots);
        engine.submit = () => Promise.reject(new Error('no BPU core is free'));
        return engine;
      },
    };
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    let now = 0;
    const section = await withEmulator(quick, () =>
      soakSection(refusing, { minutes: 1, signal: stop.signal, clock: () => ++now, root: folder }),
    );
    const failed = section.findings.find(({ what }) => what === 'failed frames');
    assert.ok(Number.parseInt(failed?.text ?? '0', 10) < 100, lines(section).join('\n'));
  });

  it('end early when they are stopped', async () => {
    const stop = new AbortController();
    let now = 0;
    const section = await withEmulator(quick, () =>
      soakSection(subject, {
        minutes: 10,
        signal: stop.signal,
        clock: () => (now += 1000),
        onMinute: () => stop.abort(),
        root: folder,
      }),
    );
    assert.equal(section.findings.filter(({ what }) => what.startsWith('minute')).length, 1);
  });
});

describe('the launch lines of a first run', () => {
  const prefix = join(folder, 'install');
  const bin = join(folder, 'bin');
  mkdirSync(join(prefix, 'lib/tros_yolo_seg'), { recursive: true });
  mkdirSync(bin);
  writeFileSync(join(prefix, 'lib/tros_yolo_seg/segment'), '');
  // As the ros2 command prints it: the launch runs until SIGINT.
  writeFileSync(
    join(bin, 'ros2'),
    `#!/bin/sh
case "$*" in
  launch*) [ -z "$NO_LAUNCH" ] || exit 1 ;;
  topic*) [ -z "$NO_ANSWER" ] || { trap 'echo >> "${folder}/ended"; exit 0' INT; echo >> "${folder}/asked"; while :; do sleep 0.05; done; } ;;
esac
case "$*" in
  *message:=hbm1080p*) echo "[ERROR] no shared memory"; exit 1 ;;
  launch*) echo "$*" >> "${folder}/launched"; trap 'exit 0' INT; while :; do sleep 0.05; done ;;
  topic*)
    if [ -n "$SLOW" ] && [ ! -e "${folder}/once" ]; then touch "${folder}/once"; exit 0; fi
    cat "${folder}/diagnostics.yaml" ;;
esac
`,
  );
  chmodSync(join(bin, 'ros2'), 0o755);
  writeFileSync(
    join(folder, 'diagnostics.yaml'),
    `status:
- level: !!binary |
    AA==
  name: 'segment: engine'
  values:
  - key: middleware
    value: rmw_cyclonedds_cpp
- name: 'segment: /image'
  values:
  - key: answered
    value: '598'
  - key: output_fps
    value: '29.9'
  - key: loaned
    value: 'no: sensor_msgs/msg/Image has no fixed size'
  - key: last_error
    value: ''
  - key: unheard_of
    value: x
---
`,
  );
  const env = {
    PATH: `${bin}${delimiter}${process.env['PATH']}`,
    ROS_DISTRO: 'humble',
    AMENT_PREFIX_PATH: prefix,
  };
  const options = {
    signal: never,
    model: '/data/m.bin',
    library: '/lib/libdnn.so',
    board: false,
    seconds: 0.2,
  };

  it('read what ros2 topic echo prints', () => {
    const values = valuesOf(readFileSync(join(folder, 'diagnostics.yaml'), 'utf8'));
    assert.equal(values.get('output_fps'), '29.9');
    assert.equal(values.get('loaned'), 'no: sensor_msgs/msg/Image has no fixed size');
  });

  it('tell what works, what does not, and what was left out', async () => {
    const section = await launchSection({ ...options, env });
    assert.deepEqual(lines(section), [
      'ok stand-in, Image: answered 598, output_fps 29.9, middleware rmw_cyclonedds_cpp, loaned no: sensor_msgs/msg/Image has no fixed size',
      'failure stand-in, HbmMsg: it ended early: [ERROR] no shared memory',
      'unknown camera: not run: no board, and CAM_TYPE is not set',
    ]);
    assert.match(
      readFileSync(join(folder, 'launched'), 'utf8'),
      /^launch tros_yolo_seg segment\.launch\.py model:=\/data\/m\.bin library:=\/lib\/libdnn\.so camera:=stand-in /,
    );
  });

  it('ask again where the node is not ready yet', async () => {
    const section = await launchSection({ ...options, env: { ...env, SLOW: '1' } });
    assert.ok(existsSync(join(folder, 'once')));
    assert.match(lines(section)[0]!, /^ok stand-in, Image: answered 598/);
  });

  it('are not run where ROS, or the package, is not sourced', async () => {
    const bare = await launchSection({ ...options, env: { PATH: env.PATH } });
    assert.deepEqual(lines(bare), ['unknown ros2 launch: not run: no ROS 2 is sourced']);
    const other = await launchSection({ ...options, env: { ...env, AMENT_PREFIX_PATH: bin } });
    assert.match(lines(other)[0]!, /no workspace with tros_yolo_seg is sourced/);
  });

  it('end at once when they are stopped', async () => {
    const stop = new AbortController();
    const section = await launchSection({
      ...options,
      env,
      seconds: 1000,
      signal: stop.signal,
      onLine: () => setImmediate(() => stop.abort()),
    });
    assert.deepEqual(lines(section), ['unknown stand-in, Image: stopped']);
  });

  it('leave no question behind when they are stopped', async () => {
    const stop = new AbortController();
    const watch = setInterval(() => {
      if (existsSync(join(folder, 'asked'))) stop.abort();
    }, 10);
    const section = await launchSection({
      ...options,
      env: { ...env, NO_ANSWER: '1' },
      seconds: 0.01,
      signal: stop.signal,
    });
    clearInterval(watch);
    assert.deepEqual(lines(section), ['unknown stand-in, Image: stopped']);
    assert.ok(existsSync(join(folder, 'ended')));
  });

  it('leave no timer behind that keeps the program waiting', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await nextTurn(); // mocha's own timer for this test has begun
    const before = timers();
    const section = await launchSection({ ...options, env: { ...env, NO_LAUNCH: '1' }, seconds: 1000 });
    assert.match(lines(section)[0]!, /^failure stand-in, Image: it ended early/);
    assert.equal(timers(), before);
  });
});
