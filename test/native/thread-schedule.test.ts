import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository } from '../data.js';
import { EMULATOR } from '../engine/bpu/emulator.js';
import { writePlaybackModel } from '../engine/bpu/playback-model.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

interface Thread {
  readonly name: string;
  readonly nice: number;
  /** As in /proc/PID/status: 0,2-3 */
  readonly processors: string;
  /** 0 is SCHED_OTHER, 1 SCHED_FIFO. */
  readonly policy: number;
  readonly priority: number;
}

describe('TROS_YOLO_SEG_THREADS', () => {
  const model = writePlaybackModel(join(temporaryFolder('threads'), 'heads.bin'));
  const url = (path: string): string => JSON.stringify(join(repository, 'dist/src', path));

  /** Threads of a process with an engine of two slots, as Linux has them: /proc/PID/task. */
  function threads(setting: string): { main: Thread; slots: Thread[]; stderr: string } {
    const code = `
      import { readdirSync, readFileSync } from 'node:fs';
      const { BpuEngine } = await import(${url('engine/bpu/bpu-engine.js')});
      const { noiseFrame } = await import(${JSON.stringify(join(repository, 'dist/test/native/frames.js'))});
      const engine = await BpuEngine.open({ file: ${JSON.stringify(model)}, library: ${JSON.stringify(EMULATOR)}, slots: 2 });
      // Each slot has begun its thread's work when it has answered.
      const frame = noiseFrame(64, 64);
      for (const inference of await Promise.all([engine.submit(frame), engine.submit(frame)])) inference.release();
      const all = readdirSync('/proc/self/task').map((id) => {
        const read = (name) => readFileSync('/proc/self/task/' + id + '/' + name, 'utf8');
        const stat = read('stat').replace(/.*\\) /s, '').split(' ');
        const processors = /Cpus_allowed_list:\\s*(.*)/.exec(read('status'))[1];
        return { main: Number(id) === process.pid, name: read('comm').trim(), nice: Number(stat[16]), processors,
          priority: Number(stat[37]), policy: Number(stat[38]) };
      });
      console.log(JSON.stringify(all));
      await engine.close();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      env: { ...process.env, TROS_YOLO_SEG_EMULATOR: 'play_unknown=1', TROS_YOLO_SEG_THREADS: setting },
    });
    const all = JSON.parse(stdout) as (Thread & { main: boolean })[];
    const slots = all.filter(({ name }) => name.startsWith('bpu slot '));
    assert.ok(slots.length >= 2, stdout);
    return { main: all.find(({ main }) => main)!, slots, stderr };
  }

  it('sets priority and processors of the JavaScript thread and of the slots, by role', () => {
    // Raising nice takes no privileges; the processor is one that this process may use.
    const [, first] = /Cpus_allowed_list:\s*(\d+)/.exec(
      execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' }),
    )!;
    const before = threads('');
    const own = before.main.nice;
    assert.deepEqual(
      before.slots.map(({ nice }) => nice),
      before.slots.map(() => own),
    );
    const [javascript, bpu] = [Math.min(19, own + 3), Math.min(19, own + 7)];
    const after = threads(`javascript=nice:${javascript};bpu=nice:${bpu},cpu:${first}`);
    assert.equal(after.stderr, '');
    assert.equal(after.main.nice, javascript);
    assert.equal(after.main.processors, before.main.processors, 'only the slots are bound to a processor');
    for (const slot of after.slots) assert.deepEqual([slot.nice, slot.processors], [bpu, first]);
  });

  const mayFifo = spawnSync('chrt', ['-f', '1', 'true']).status === 0;
  itUnless(mayFifo ? false : 'this process may not use SCHED_FIFO', 'sets SCHED_FIFO', () => {
    const { main, slots } = threads('bpu=fifo:20');
    assert.equal(main.policy, 0);
    for (const slot of slots) assert.deepEqual([slot.policy, slot.priority], [1, 20]);
  });

  it('prints invalid and refused settings, and continues', () => {
    const wrong = threads('javascript=nice:20;bpu=cpu:3-1;camera=what');
    assert.match(
      wrong.stderr,
      /Expected nice:-20 to nice:19, .* for javascript in TROS_YOLO_SEG_THREADS but received nice:20\./,
    );
    assert.match(wrong.stderr, / for bpu in TROS_YOLO_SEG_THREADS but received cpu:3-1\./);
    const refused = threads('javascript=cpu:1023');
    assert.match(
      refused.stderr,
      /Expected the system to allow cpu:1023 for javascript .* but received: Invalid argument\./,
    );
  });
});
