import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { promisify } from 'node:util';
import { repository } from '../../data.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { PLAYBACK_OUTPUTS, writePlaybackModel } from './playback-model.js';
import { tenHeads } from '../tiny-onnx.js';

const script = join(repository, 'dist/test/engine/bpu/bpu-lifetimes.js');

describe('memory and tasks that engines leave behind', () => {
  const folder = temporaryFolder('lifetimes');
  const model = writePlaybackModel(join(folder, 'heads.bin'));

  interface Remains {
    /** Of the addon, where the process came to its end. */
    alive: Record<string, number> | undefined;
    /** Of the board, when the process had ended. */
    board: { tasksAlive: number; blocksAlive: number; modelsAlive: number; violations: number };
  }

  async function live(life: string, board = 'overhead_us=0'): Promise<Remains> {
    const report = join(folder, `${life}.json`);
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, life, model], {
      env: { ...process.env, TROS_YOLO_SEG_EMULATOR: `play_unknown=1,${board},report=${report}` },
    });
    const { tasksAlive, blocksAlive, modelsAlive, violations } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Remains['board'];
    return {
      alive: stdout === '' ? undefined : (JSON.parse(stdout) as Record<string, number>),
      board: { tasksAlive, blocksAlive, modelsAlive, violations },
    };
  }

  const nothing = { tasksAlive: 0, blocksAlive: 0, modelsAlive: 0, violations: 0 };
  const none = { engines: 0, blocks: 0, threads: 0, tables: 0, attachments: 0, pictures: 0 };

  it('none when they are closed with unreleased results and pictures', async () => {
    assert.deepEqual(await live('closed'), { alive: none, board: nothing });
  });

  it('none when they are never closed, and referenced tensors stay readable', async () => {
    assert.deepEqual(await live('forgotten'), { alive: none, board: nothing });
  });

  it('none of the onnx engine when it is never closed, and its worker ends', async () => {
    const file = join(folder, 'heads.onnx');
    writeFileSync(file, tenHeads(64, 64, ['cat', 'dog', 'bird']));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, 'onnx', file]);
    assert.deepEqual(JSON.parse(stdout), none);
  });

  it('none when the process exits right after close, with a tensor transferred elsewhere', async () => {
    assert.deepEqual((await live('exit')).board, nothing);
  });

  it('are freed by the kernel at process.exit with hanging frames, without waiting for them', async () => {
    const report = join(folder, 'hang.json');
    const TROS_YOLO_SEG_EMULATOR = `play_unknown=1,hang=1,cores=2,report=${report}`;
    const exit = promisify(execFile)(process.execPath, ['--expose-gc', script, 'hang', model], {
      env: { ...process.env, TROS_YOLO_SEG_EMULATOR },
    });
    await assert.rejects(exit, { code: 7, stdout: 'told', stderr: '' });
    assert.ok(!existsSync(report), 'destructors of a libdnn that threads wait in were run');
  });

  it('all memory to which the BPU may still write for a frame that timed out', async () => {
    const { alive, board } = await live('timeout', 'hang=1,stop_us=3600000000');
    assert.deepEqual(alive, none);
    assert.deepEqual(board, {
      ...{ tasksAlive: 0, violations: 0, modelsAlive: 1 },
      blocksAlive: 1 + PLAYBACK_OUTPUTS,
    });
  });

  it('all memory to which the BPU may still write for a frame whose wait failed', async () => {
    const { alive, board } = await live('unwaited', 'fail_wait=1,busy_us=3600000000,stop_us=3600000000');
    assert.deepEqual(alive, none);
    assert.deepEqual(board, {
      ...{ tasksAlive: 0, violations: 0, modelsAlive: 1 },
      blocksAlive: 1 + PLAYBACK_OUTPUTS,
    });
  });

  it('none at process.exit on a board whose clock has stopped', async () => {
    assert.deepEqual((await live('stepped', 'clock=manual')).board, nothing);
  });

  it('the pointer through which the BPU writes when it finishes a frame that timed out', async () => {
    assert.equal((await live('late', 'hang=1,stop_us=400000')).board.violations, 0);
  });
});
