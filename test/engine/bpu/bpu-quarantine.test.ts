import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { BpuEngine } from '../../../src/engine/bpu/bpu-engine.js';
import { addon } from '../../../src/native/addon.js';
import { noiseFrame } from '../../native/frames.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { Collector } from '../camera-collector.js';
import { messageOf } from '../camera-messages.js';
import { infer, valuesOf } from '../conformance.js';
import {
  boardReport,
  type SteppedBoard,
  EMULATOR,
  onSteppedBoard,
  openEmulated,
  reconfigure,
  withEmulator,
} from './emulator.js';
import { PLAYBACK_OUTPUTS, writePlaybackModel } from './playback-model.js';

/** BPU memory of one frame: its input and its outputs. */
const SET = 1 + PLAYBACK_OUTPUTS;

describe('memory of frames that timed out', () => {
  const file = writePlaybackModel(join(temporaryFolder('quarantine'), 'heads.bin'));
  const frame = noiseFrame(64, 64, 1);
  const LATE = 'play_unknown=1,busy_us=10000,overhead_us=0,late_us=500000';

  /** Times out the first frame on one of two cores, which it holds for half a second more; other frames do not hang. */
  async function withHeldCore(
    spare: number,
    use: (board: SteppedBoard, engine: BpuEngine) => Promise<void>,
  ): Promise<void> {
    await onSteppedBoard(`${LATE},cores=2,hang=1`, async (board) => {
      const { violations } = boardReport();
      const engine = await openEmulated({ file, slots: 1, spare, timeout: 30 });
      const first = engine.submit(frame);
      first.catch(() => undefined);
      board.untilTasks(1);
      board.advance(30_000);
      await assert.rejects(first, /HB_DNN_TIMEOUT/);
      await reconfigure(`clock=manual,${LATE},cores=2,hang=0`, file);
      await use(board, engine);
      await engine.close();
      assert.equal(boardReport().violations, violations);
    });
  }

  /** Tells what becomes of the task that was submitted last: whether it succeeds on its core, or times out behind the first. */
  function pass(board: SteppedBoard): boolean {
    const { succeeded } = board;
    board.advance(10_000);
    if (board.succeeded > succeeded) return true;
    board.advance(20_000);
    return false;
  }

  for (const spare of [0, 1]) {
    it(`is not reused while another core of X3 still works on them (${spare} spare slots)`, () =>
      withHeldCore(spare, async (board, engine) => {
        // The second frame may have asked for the core that is held; the third does not.
        let pending = engine.submit(frame);
        board.untilTasks(2);
        if (!pass(board)) {
          await assert.rejects(pending, /HB_DNN_TIMEOUT/);
          pending = engine.submit(frame);
          board.untilTasks(3);
          assert.ok(pass(board));
        }
        const inference = await pending;
        const values = valuesOf(inference);
        assert.equal(board.late, 0);
        board.advance(500_000);
        assert.equal(board.late, 1, 'the BPU has written the result of the first frame');
        assert.deepEqual(valuesOf(inference), values);
        assert.equal(values[0]![0], 0);
        inference.release();
      }));
  }

  it('is not reused for camera frames, whichever input these have', () =>
    withHeldCore(0, async (board, engine) => {
      const camera = addon().injectCamera();
      const collector = new Collector();
      const attachment = engine.attach(camera, collector);
      let errors = 0;
      for (let i = 1; i <= 4; i++) {
        camera.offer(messageOf(frame));
        board.untilTasks(1 + i);
        if (!pass(board)) errors++;
        await collector.until(i);
      }
      assert.ok(errors <= 1);
      assert.deepEqual(
        collector.errors.map(({ message }) => /HB_\w+/.exec(message)?.[0]),
        Array(errors).fill('HB_DNN_TIMEOUT'),
      );
      board.advance(500_000);
      assert.equal(board.late, 1);
      await attachment.detach();
      camera.close();
    }));

  /** An engine on a board where every task hangs, or none. The clock does not wait. */
  async function onBoard(
    cores: number,
    options: { slots?: number; core?: number },
    use: (
      engine: BpuEngine,
      hangs: (hang: boolean) => Promise<void>,
      faults: (text: string) => Promise<void>,
    ) => Promise<void>,
  ): Promise<void> {
    const { violations } = boardReport();
    const board = `clock=fast,play_unknown=1,cores=${cores}`;
    const engine = await withEmulator(board, () =>
      BpuEngine.open({ file, library: EMULATOR, slots: 1, timeout: 20, ...options }),
    );
    const faults = (text: string): Promise<void> => reconfigure(`${board},${text}`, file);
    await use(engine, (hang) => faults(`hang=${hang ? 1 : 0}`), faults);
    await engine.close();
    assert.equal(boardReport().violations, violations);
  }

  async function timeOut(engine: BpuEngine, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await assert.rejects(engine.submit(frame), /HB_DNN_TIMEOUT/);
  }

  async function succeed(engine: BpuEngine, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await infer(engine, frame);
  }

  /** Submits frames until one succeeds, however long the BPU's threads have to wait for a processor. */
  async function untilItWorks(engine: BpuEngine): Promise<void> {
    for (;;) {
      const inference = await engine.submit(frame).catch((error: Error) => {
        assert.match(error.message, OUTSTANDING.message);
      });
      if (inference) return inference.release();
      await setImmediate();
    }
  }

  for (const [what, cores, core] of [
    ['the only core', 1, 0],
    ['the core they were for', 2, 2],
  ] as const) {
    it(`is reused after a later frame has succeeded on ${what}`, () =>
      onBoard(cores, { core }, async (engine, hangs) => {
        const before = boardReport().blocksAlive;
        await hangs(true);
        await timeOut(engine, 2);
        assert.equal(boardReport().blocksAlive, before + 2 * SET);
        await hangs(false);
        await succeed(engine, 2); // the first of them finds out that there is no second core
        await hangs(true);
        await timeOut(engine, 2);
        assert.equal(boardReport().blocksAlive, before + 2 * SET);
        await timeOut(engine, 1);
        assert.equal(boardReport().blocksAlive, before + 3 * SET);
        await hangs(false);
        await succeed(engine, 1);
      }));
  }

  it('is reused on two cores only after later frames have succeeded on both', () =>
    onBoard(2, { slots: 2 }, async (engine, hangs) => {
      const before = boardReport().blocksAlive;
      await hangs(true);
      await timeOut(engine, 1);
      await hangs(false);
      await succeed(engine, 31); // the first on core 2, the others on any
      await hangs(true);
      await timeOut(engine, 1);
      assert.equal(boardReport().blocksAlive, before + 2 * SET, 'core 1 may still be at work');
      await hangs(false);
      await succeed(engine, 34); // the last two on core 1 and core 2
      await hangs(true);
      await timeOut(engine, 2);
      assert.equal(boardReport().blocksAlive, before + 2 * SET);
      await timeOut(engine, 1);
      assert.equal(boardReport().blocksAlive, before + 3 * SET);
    }));

  it('is checked again later if the core did not answer, however it failed', () =>
    onBoard(2, { slots: 2 }, async (engine, hangs, faults) => {
      const before = boardReport().blocksAlive;
      await hangs(true);
      await timeOut(engine, 1);
      await faults('fail_run=1');
      await assert.rejects(engine.submit(frame), /HB_DNN_RUN_TASK_FAILED/); // on core 2
      await faults('hang=0');
      await succeed(engine, 33);
      await hangs(true);
      await timeOut(engine, 1);
      assert.equal(boardReport().blocksAlive, before + 2 * SET);
    }));

  const OUTSTANDING = {
    name: 'ExpectationError',
    message:
      /^Expected the BPU to finish timed-out frames but received \d+ that are still outstanding\..*restart this process/s,
  };

  for (const cores of [1, 2]) {
    it(`has a limit, at which frames fail and say what to do until the BPU works again (${cores} cores)`, () =>
      onBoard(cores, {}, async (engine, hangs) => {
        const before = boardReport().blocksAlive;
        await hangs(true);
        await timeOut(engine, 4);
        assert.equal(boardReport().blocksAlive, before + 3 * SET);
        const { hung } = boardReport();
        for (let i = 0; i < 5; i++) await assert.rejects(engine.submit(frame), OUTSTANDING);
        assert.ok(boardReport().hung > hung, 'they find out whether it works');
        assert.equal(boardReport().blocksAlive, before + 4 * SET, 'in memory of their own');
        assert.equal(engine.free, 1);
        await hangs(false);
        // One frame at least, and one for each core whose proof is missing; as many more as it takes the BPU to let go.
        await assert.rejects(engine.submit(frame), OUTSTANDING);
        await untilItWorks(engine);
        await succeed(engine, 10);
        assert.equal(boardReport().blocksAlive, before + 4 * SET);
      }));
  }

  it('has the same limit for cameras, whose frames continue when the BPU works again', () =>
    onBoard(1, {}, async (engine, hangs) => {
      const camera = addon().injectCamera();
      const collector = new Collector();
      const attachment = engine.attach(camera, collector);
      let offered = 0;
      const offer = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) {
          camera.offer(messageOf(frame));
          await collector.until(++offered);
        }
      };
      await hangs(true);
      await offer(7);
      assert.equal(collector.errors.length, 7);
      assert.match(collector.errors[6]!.message, OUTSTANDING.message);
      await hangs(false);
      await offer(1);
      assert.equal(collector.errors.length, 8);
      // As many as it takes the BPU to let go of the memory.
      while (collector.errors.length === offered) await offer(1);
      const { length } = collector.errors;
      assert.ok(
        collector.errors.every(
          ({ message }) => /HB_DNN_TIMEOUT/.test(message) || OUTSTANDING.message.test(message),
        ),
      );
      await offer(5);
      assert.equal(collector.errors.length, length);
      await attachment.detach();
      camera.close();
    }));

  it('can be limited to one frame at a time: others fail at once', () =>
    onSteppedBoard('play_unknown=1,busy_us=10000,overhead_us=0,hang=1', async (board) => {
      const engine = await openEmulated({ file, slots: 2, spare: 0, timeout: 30 });
      // In the end seven are held, and none of the slots has memory. The second of each two times out when the first has
      // new memory: both at once might find that the other took the last, and fewer tasks would come.
      for (let tasks = 0; tasks < 8; tasks += 2) {
        const first = assert.rejects(engine.submit(frame));
        board.untilTasks(tasks + 1);
        board.advance(10_000);
        const second = assert.rejects(engine.submit(frame));
        board.untilTasks(tasks + 2);
        board.advance(25_000);
        await first;
        board.advance(10_000);
        await second;
        // The BPU stops 2 ms after a release, and then takes the canary's memory again.
        board.advance(2_000);
      }
      const both = [engine.submit(frame), engine.submit(frame)];
      const ends = both.map((pending) => assert.rejects(pending, OUTSTANDING));
      board.untilTasks(9);
      // Its slot is free; it is told in its turn.
      while (engine.free < 1) await setImmediate();
      board.advance(35_000);
      await Promise.all(ends);
      await engine.close();
    }));

  it('leaves slots with memory to frames, and returns memory to the other slots when the BPU works again', () =>
    onBoard(1, { slots: 2 }, async (engine, hangs) => {
      await hangs(true);
      await timeOut(engine, 6); // the slot that is taken first has none left
      await hangs(false);
      await succeed(engine, 1);
      const both = await Promise.all([engine.submit(frame), engine.submit(frame)]);
      for (const inference of both) inference.release();
    }));

  it('is replaced in the views of JavaScript, and the former views are empty', () =>
    onBoard(1, {}, async (engine, hangs) => {
      const inference = await engine.submit(frame);
      const { data } = inference.tensors[0]!;
      inference.release();
      assert.ok(data.length > 0);
      await hangs(true);
      await timeOut(engine, 1);
      assert.equal(data.length, 0);
      await hangs(false);
      const next = await engine.submit(frame);
      assert.ok(next.tensors.every((tensor) => tensor.data.length > 0));
      next.release();
    }));
});
