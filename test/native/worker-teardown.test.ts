import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { promisify } from 'node:util';
import { repository } from '../data.js';
import { PLAYBACK_OUTPUTS, writePlaybackModel } from '../engine/bpu/playback-model.js';
import { temporaryFolder } from '../temporary-folder.js';

const script = join(repository, 'dist/test/native/ended-workers.js');

describe('worker threads that end while the addon is working for them', () => {
  const folder = temporaryFolder('workers');
  const model = writePlaybackModel(join(folder, 'heads.bin'));

  /** Rejects when the process crashes. @returns what the emulator counts when it is unloaded */
  async function end(kind: string, count: number, board: string): Promise<Record<string, number>> {
    const report = join(folder, `${kind}.json`);
    const { stdout } = await promisify(execFile)(process.execPath, [script, kind, String(count), model], {
      env: { ...process.env, TROS_YOLO_SEG_EMULATOR: `play_unknown=1,${board},report=${report}` },
    });
    assert.equal(stdout, String(count));
    return kind === 'engine' || kind === 'brief'
      ? (JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>)
      : {};
  }

  it('end 200 times in a loop over nv12ToRgb8', () => end('pixels', 200, ''));

  it('end with frames in preprocess', () => end('preprocess', 20, ''));

  it('end with a working engine and camera, and leave nothing behind', async () => {
    const { tasksAlive, blocksAlive, modelsAlive, violations } = await end('engine', 20, 'busy_us=2000');
    assert.deepEqual(
      { tasksAlive, blocksAlive, modelsAlive, violations },
      {
        ...{ tasksAlive: 0, blocksAlive: 0, modelsAlive: 0, violations: 0 },
      },
    );
  });

  it('do not wait for a hanging BPU, nor does the process after them', async () => {
    await end('hang', 2, 'hang=1');
    assert.ok(
      !existsSync(join(folder, 'hang.json')),
      'destructors of a libdnn that threads wait in were run',
    );
  });

  it('leave threads behind for a hanging BPU, which end with their frames', async () => {
    const { tasksAlive, blocksAlive, modelsAlive, violations } = await end('brief', 2, 'hang=1');
    assert.deepEqual(
      { tasksAlive, blocksAlive, modelsAlive, violations },
      // What the BPU may still write to: an input and outputs.
      { tasksAlive: 0, blocksAlive: 2 * (1 + PLAYBACK_OUTPUTS), modelsAlive: 2, violations: 0 },
    );
  });
});
