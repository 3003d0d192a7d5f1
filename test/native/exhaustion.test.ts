import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'mocha';
import { repository } from '../data.js';
import { EMULATOR } from '../engine/bpu/emulator.js';
import { writePlaybackModel } from '../engine/bpu/playback-model.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

/** A sanitizer has an allocator and a pthread_create of its own, which end the process. */
const sanitized = process.env['ASAN_OPTIONS'] === undefined ? false : 'a sanitizer is at work';

describe('the addon in a process', () => {
  const folder = temporaryFolder('exhaustion');
  const model = writePlaybackModel(join(folder, 'heads.bin'));

  /** Runs code with `addon` and `BpuEngine`, and `say`, which prints what a call throws. */
  function run(code: string, environment: NodeJS.ProcessEnv = {}): string[] {
    const url = (path: string): string => JSON.stringify(join(repository, 'dist/src', path));
    const whole = `
      import { execFileSync } from 'node:child_process';
      import { readFileSync, rmSync, writeFileSync } from 'node:fs';
      const { addon } = await import(${url('native/addon.js')});
      const { BpuEngine } = await import(${url('engine/bpu/bpu-engine.js')});
      const library = ${JSON.stringify(EMULATOR)};
      const file = ${JSON.stringify(model)};
      const say = async (call) => {
        try {
          await call();
          console.log('no error');
        } catch (error) {
          console.log(error.name + ': ' + error.message);
        }
      };
      addon();
      ${code}`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', whole], {
      encoding: 'utf8',
      env: { ...process.env, TROS_YOLO_SEG_EMULATOR: 'play_unknown=1', ...environment },
    });
    return said.trimEnd().split('\n');
  }

  itUnless(sanitized, 'throws without memory, and works when there is memory again', () => {
    const said = run(`
      const limit = (bytes) => execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + bytes + ':']);
      const none = () => undefined;
      await BpuEngine.open({ file, library }).then((engine) => engine.close());
      const [, kilobytes] = /VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
      limit(kilobytes * 1024 + (1 << 30));
      const heapSlots = () => addon().openHeapSlots(32, 8192, 8192, none).close();
      await say(heapSlots);
      limit('unlimited');
      await say(heapSlots);
    `);
    assert.deepEqual(said, ['Error: memory for 32 inputs of 8192x8192: too little', 'no error']);
  });

  /** Fails to start threads while a file exists: for root there is no limit of them that the system enforces. */
  function withoutThreads(): { readonly LD_PRELOAD: string; readonly NO_MORE_THREADS: string } {
    const source = join(folder, 'threads.c');
    writeFileSync(
      source,
      `
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <errno.h>
      #include <pthread.h>
      #include <stdlib.h>
      #include <unistd.h>
      int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *data) {
        static int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
        if (!create) create = dlsym(RTLD_NEXT, "pthread_create");
        if (access(getenv("NO_MORE_THREADS"), F_OK) == 0) return EAGAIN;
        return create(thread, attributes, run, data);
      }`,
    );
    const preload = join(folder, 'threads.so');
    execFileSync('cc', ['-shared', '-fPIC', '-o', preload, source, '-ldl']);
    return { LD_PRELOAD: preload, NO_MORE_THREADS: join(folder, 'no-more-threads') };
  }

  itUnless(sanitized, 'throws without threads for the board, and works when there are threads again', () => {
    const said = run(
      `
      const work = async () => {
        const engine = await BpuEngine.open({ file, library });
        const { width, height } = engine.model.input;
        const data = new Uint8Array((width * height * 3) / 2);
        const frame = { width, height, data, lumaOffset: 0, chromaOffset: width * height };
        const inference = await engine.submit({ ...frame, lumaStride: width, chromaStride: width });
        inference.release();
        await engine.close();
      };
      writeFileSync(process.env.NO_MORE_THREADS, '');
      await say(work);
      rmSync(process.env.NO_MORE_THREADS);
      await say(work);
      `,
      withoutThreads(),
    );
    assert.match(said[0]!, /HB_DNN_OUT_OF_MEMORY/);
    assert.equal(said[1], 'no error');
  });

  itUnless(sanitized, 'throws without threads, and works when there are threads again', () => {
    const said = run(
      `
      const message = { width: 2, height: 2, step: 2, encoding: 'nv12', data: new Uint8Array(6), sec: 0, nanosec: 0,
        index: 0 };
      const camera = addon().injectCamera();
      await BpuEngine.open({ file, library }).then((engine) => engine.close()); // the board has its threads
      const work = [
        () => BpuEngine.open({ file, library, slots: 8 }).then((engine) => engine.close()),
        () => camera.play(message, 0, 1),
      ];
      writeFileSync(process.env.NO_MORE_THREADS, '');
      for (const one of work) await say(one);
      rmSync(process.env.NO_MORE_THREADS);
      for (const one of work) await say(one);
      console.log(JSON.stringify(addon().aliveObjects()));
      `,
      withoutThreads(),
    );
    const [engine, camera, ...later] = said;
    assert.match(
      engine!,
      /^ExpectationError: Expected a thread for each slot but received .*unavailable.*fewer slots/,
    );
    assert.match(camera!, /^Error: a thread for the camera: .*unavailable/);
    assert.deepEqual(later.slice(0, 2), ['no error', 'no error']);
    const { engines, tables } = JSON.parse(later[2]!) as Record<string, number>;
    assert.deepEqual({ engines, tables }, { engines: 0, tables: 0 });
  });
});
