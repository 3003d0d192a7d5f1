import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { temporaryFolder } from '../../temporary-folder.js';
import { EMULATOR } from './emulator.js';
import { writePlaybackModel } from './playback-model.js';

describe('limits of the emulator', () => {
  const folder = temporaryFolder('limits');
  const model = writePlaybackModel(join(folder, 'heads.bin'));

  // Its functions as C calls them: the engine asks for nothing of the kind.
  const program = join(folder, 'limits');
  writeFileSync(
    `${program}.c`,
    `
    #include <dlfcn.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    struct memory { uint64_t physical; void *address; uint32_t size; };
    int main(int count, char **arguments) {
      void *library = dlopen(arguments[1], RTLD_NOW);
      if (!library) return puts(dlerror()), 2;
      long long number = count > 3 ? strtoll(arguments[3], 0, 10) : 0;
      if (*arguments[2] == 'a' && arguments[2][1] == 'd') {
        int (*advance)(int64_t) = dlsym(library, "tros_yolo_seg_emulator_advance");
        return printf("%d", advance(number)), 0;
      }
      if (*arguments[2] == 'a') {
        int (*await)(uint64_t, int64_t) = dlsym(library, "tros_yolo_seg_emulator_await");
        return printf("%d", await(1, number)), 0;
      }
      if (count > 3) {
        int (*load)(void **, char const **, int) = dlsym(library, "hbDNNInitializeFromFiles");
        int (*release)(void *) = dlsym(library, "hbDNNRelease");
        char const *files[] = {arguments[2]};
        void *model = 0;
        int status = load(&model, files, 1);
        if (model) release(model);
        return printf("%d", status), 0;
      }
      int (*cached)(struct memory *, uint32_t) = dlsym(library, "hbSysAllocCachedMem");
      int (*plain)(struct memory *, uint32_t) = dlsym(library, "hbSysAllocMem");
      int (*release)(struct memory *) = dlsym(library, "hbSysFreeMem");
      struct memory memory = {0};
      uint32_t size = (uint32_t)strtoull(arguments[2], 0, 10);
      printf("%d %d", cached(&memory, size), plain(&memory, size));
      return release(&memory) == 0;
    }`,
  );
  execFileSync('cc', ['-o', program, `${program}.c`, '-ldl']);

  for (const size of [0xffffffff, 0xffffffc1, 0xffffffc0, 0x80000000, 0x40000001]) {
    it(`allocates no block of ${size} bytes, because no board has that much`, () => {
      const said = execFileSync(program, [EMULATOR, String(size)], { encoding: 'utf8' });
      assert.equal(said, '-6000130 -6000130');
    });
  }

  for (const [what, clock] of [
    ['advance', 3_600_000_001n],
    ['advance', 2n ** 63n - 1n],
    ['advance', -1n],
    ['await', 3_600_001n],
    ['await', 2n ** 63n - 1n],
    ['await', -1n],
  ] as const) {
    it(`does not ${what} by ${clock}: an hour is the most`, () => {
      const said = execFileSync(program, [EMULATOR, what, String(clock)], { encoding: 'utf8' });
      assert.equal(said, '-6000001');
    });
  }

  /** What loading a model on a board configured so returns and says. */
  function load(configuration: string): { status: string; said: string } {
    const { stdout, stderr, signal } = spawnSync(program, [EMULATOR, model, 'load'], {
      encoding: 'utf8',
      env: { ...process.env, TROS_YOLO_SEG_EMULATOR: configuration },
    });
    assert.equal(signal, null);
    return { status: stdout, said: stderr };
  }

  for (const [configuration, range] of [
    ['cores=0', 'a whole number from 1 to 16'],
    ['cores=1000000000', 'a whole number from 1 to 16'],
    ['cores=1.5', 'a whole number from 1 to 16'],
    ['busy_us=1e300', 'a whole number from -1 to 3600000000'],
    ['busy_us=-9223372036854775808', 'a whole number from -1 to 3600000000'],
    ['overhead_us=nan', 'a whole number from -1 to 3600000000'],
    ['stop_us=-1', 'a whole number from 0 to 3600000000'],
    ['hang=2', 'a number from 0 to 1'],
    ['fail_run=-0.1', 'a number from 0 to 1'],
    ['fail_wait=1.5', 'a number from 0 to 1'],
    ['clock=sundial', 'real, manual or fast'],
    ['fail_alloc=inf', 'a number from 0 to 1'],
    ['play_unknown=7', 'a whole number from 0 to 1'],
    ['run_code=1e12', 'a whole number from -2147483648 to 2147483647'],
    ['seed=-1', 'a whole number from 0 to 9007199254740991'],
    ['cores=', 'KEY=VALUE as in docs/emulator.md'],
    ['cores=two', 'KEY=VALUE as in docs/emulator.md'],
    ['coers=1', 'KEY=VALUE as in docs/emulator.md'],
  ] as const) {
    it(`refuses ${configuration}`, () => {
      const { status, said } = load(`play_unknown=1,${configuration}`);
      assert.equal(status, '-6000001');
      assert.equal(said, `[emulator] Expected ${range} but received ${configuration}.\n`);
    });
  }

  it('accepts values at the limits', () => {
    const board =
      'cores=16,busy_us=3600000000,overhead_us=-1,stop_us=0,hang=1,fail_run=0,seed=9007199254740991';
    assert.deepEqual(load(board), { status: '0', said: '' });
  });
});
