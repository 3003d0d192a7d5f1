import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'mocha';
import { itUnless } from '../skips.js';
import { type ChildEnd, cpuOf, type HangLimits, HangWatch, watchChild } from './hang-watch.js';

const HOUR = 3_600_000;
const noProc = cpuOf(process.pid) === undefined && 'there is no /proc';

describe('HangWatch', () => {
  const used = { cpu: 0 as number | undefined, wall: 0 };
  const watchFrom = (cpu: number | undefined): HangWatch => {
    Object.assign(used, { cpu, wall: 5 });
    return new HangWatch(() => ({ ...used }), { cpu: 1000, wall: 60_000 });
  };

  it('detects an input that computes forever', () => {
    const watch = watchFrom(300);
    Object.assign(used, { cpu: 1300, wall: 400 });
    assert.equal(watch.verdict(), undefined);
    used.cpu = 1301;
    assert.equal(watch.verdict(), 'computes for more than 1 s');
  });

  it('tolerates a busy machine', () => {
    const watch = watchFrom(0);
    for (let input = 0; input < 100; input++) {
      watch.next();
      used.cpu! += 900;
      used.wall += 59_000;
      assert.equal(watch.verdict(), undefined, `input ${input}`);
    }
  });

  it('detects an input that waits forever', () => {
    for (const cpu of [0, undefined]) {
      const watch = watchFrom(cpu);
      used.wall += 60_001;
      assert.equal(watch.verdict(), 'takes longer than 60 s');
      watch.next();
      assert.equal(watch.verdict(), undefined);
    }
  });
});

describe('watchChild()', () => {
  const end = (code: string, limits?: HangLimits): Promise<ChildEnd> =>
    watchChild(
      spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
      limits,
    );

  itUnless(noProc, 'ends a process that computes forever', async () => {
    const { hung } = await end('process.send(1); for (;;);', { cpu: 500, wall: HOUR });
    assert.equal(hung, 'computes for more than 0.5 s');
  });

  it('ends a process that waits forever', async () => {
    const { hung } = await end('setInterval(() => 0, 1e6)', { cpu: HOUR, wall: 100 });
    assert.equal(hung, 'takes longer than 0.1 s');
  });

  it('leaves other processes alone, and reports how they ended', async () => {
    assert.deepEqual(await end('process.exit(3)'), { hung: undefined, code: 3, signal: null });
    // Killed by somebody else, who may be short of memory.
    const killed = await end("process.kill(process.pid, 'SIGKILL')");
    assert.deepEqual(killed, { hung: undefined, code: null, signal: 'SIGKILL' });
  });
});
