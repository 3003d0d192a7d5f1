import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { describe, it } from 'mocha';
import { addon } from '../../../src/native/addon.js';
import { repository } from '../../data.js';
import { itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';

/** What loading it says, in a process of its own: a library that was loaded once stays. */
function load(library: string | undefined, environment: NodeJS.ProcessEnv = {}): string {
  const url = JSON.stringify(new URL('../../../src/engine/bpu/bpu-engine.js', import.meta.url).href);
  const code = `
    const { BpuEngine } = await import(${url});
    await BpuEngine.open({ file: '/nowhere.bin', library: ${JSON.stringify(library) ?? 'undefined'} }).catch(({ message }) =>
      console.log(message));`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: repository,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
}

describe('libraries that libdnn needs', () => {
  const folder = temporaryFolder('companions');
  let folders = 0;
  const { libraries, companionFolders } = addon().libdnnPaths();

  it('are searched for in the folders of the boards', () => {
    assert.deepEqual(libraries, ['libdnn.so', '/usr/lib/hbbpu/libdnn.so', '/usr/lib/libdnn.so']);
    assert.deepEqual(companionFolders, ['/usr/hobot/lib', '/usr/lib/hbbpu']);
  });

  /** A new folder, or this one, with these libraries, by name: C code, and what each is linked with. */
  function build(
    libraries: Record<string, { code: string; needs?: string[] }>,
    place = join(folder, `${folders++}`),
  ): string {
    mkdirSync(place, { recursive: true });
    for (const [name, { code, needs = [] }] of Object.entries(libraries)) {
      const source = join(place, 'source.c');
      writeFileSync(source, code);
      const linked = needs.map((need) => join(place, need));
      execFileSync('cc', [
        ...['-shared', '-fPIC', `-Wl,-soname,${name}`, '-o', join(place, name), source],
        ...['-Wl,--no-as-needed', '-Wl,--allow-shlib-undefined', ...linked],
      ]);
    }
    return place;
  }

  /** One that loads and is refused for its age. */
  const code = 'char const *hbDNNGetVersion(void) { return "1.9.7"; }';
  const uses = (name: string): string =>
    `extern int ${name}(void); int dnn_${name}(void) { return ${name}(); } ${code}`;
  const companion = (name: string): string => `int ${name}(void) { return 1; }`;
  const loaded = /received 1\.9\.7/;

  it('are found beside it when it was linked without them', () => {
    const place = build({
      'libcnn_intf.so.1': { code: companion('cnn_core') },
      'libdnn.so': { code: uses('cnn_core') },
    });
    assert.match(load(join(place, 'libdnn.so')), loaded);
  });

  for (const name of [
    'libalog.so.1',
    'libhbmem.so.1',
    'libcnn_intf.so.1',
    'libhbrt_bayes_aarch64.so',
    'libhbrt_other.so.3',
  ]) {
    it(`are found beside it when it was linked with them: ${name}`, () => {
      const place = build({
        [name]: { code: companion('one') },
        'libdnn.so': { code: uses('one'), needs: [name] },
      });
      assert.match(load(join(place, 'libdnn.so')), loaded);
    });
  }

  it('are found beside it when they depend on each other', () => {
    const place = build({
      'libalog.so.1': { code: companion('alog') },
      'libhbmem.so.1': {
        code: `${companion('hbmem')} extern int alog(void); int two(void) { return alog(); }`,
        needs: ['libalog.so.1'],
      },
      'libhbrt_bayes_aarch64.so': { code: companion('hbrt'), needs: ['libhbmem.so.1'] },
      'libcnn_intf.so.1': { code: companion('cnn'), needs: ['libhbrt_bayes_aarch64.so'] },
      'libdnn.so': { code: uses('cnn'), needs: ['libcnn_intf.so.1'] },
    });
    assert.match(load(join(place, 'libdnn.so')), loaded);
  });

  it('are found by name in the search path of the loader', () => {
    const place = build({ 'libcnn_intf.so.1': { code: companion('cnn_core') } });
    const dnn = build({ 'libdnn.so': { code: uses('cnn_core') } });
    assert.match(load(join(dnn, 'libdnn.so'), { LD_LIBRARY_PATH: place }), loaded);
  });

  for (const board of companionFolders) {
    describe(`in ${board} of the board's image`, () => {
      /** Moves them there from where they were built. @returns a folder that stands for / */
      function install(place: string, ...names: string[]): string {
        const root = join(folder, `${folders++}`);
        mkdirSync(join(root, board), { recursive: true });
        for (const name of names) renameSync(join(place, name), join(root, board, name));
        return root;
      }

      for (const needs of [[], ['libcnn_intf.so.1']]) {
        it(`are found when libdnn was linked ${needs.length > 0 ? 'with' : 'without'} them`, () => {
          const place = build({
            'libcnn_intf.so.1': { code: companion('cnn_core') },
            'libdnn.so': { code: uses('cnn_core'), needs },
          });
          const library = join(place, 'libdnn.so');
          const TROS_YOLO_SEG_SYSROOT = install(place, 'libcnn_intf.so.1');
          const without = load(library, { TROS_YOLO_SEG_SYSROOT: place });
          assert.match(
            without,
            needs.length > 0 ? /cannot open shared object file/ : /undefined symbol: cnn_core/,
          );
          assert.match(load(library, { TROS_YOLO_SEG_SYSROOT }), loaded);
        });
      }

      it('are found when they depend on each other, including a runtime of another name', () => {
        const place = build({
          'libhbmem.so.1': { code: companion('hbmem') },
          'libhbrt_other.so.3': { code: companion('hbrt'), needs: ['libhbmem.so.1'] },
          'libdnn.so': { code: uses('hbrt'), needs: ['libhbrt_other.so.3'] },
        });
        const TROS_YOLO_SEG_SYSROOT = install(place, 'libhbmem.so.1', 'libhbrt_other.so.3');
        assert.match(load(join(place, 'libdnn.so'), { TROS_YOLO_SEG_SYSROOT }), loaded);
      });
    });
  }

  const onBoard = libraries.find((path) => isAbsolute(path) && existsSync(path));
  const skip = onBoard === undefined ? false : `the loader knows ${onBoard}`;
  itUnless(skip, "are found with libdnn in X3's folder when no path is given", () => {
    const root = join(folder, `${folders++}`);
    build(
      {
        'libcnn_intf.so.1': { code: companion('cnn_core') },
        'libdnn.so': { code: uses('cnn_core'), needs: ['libcnn_intf.so.1'] },
      },
      join(root, '/usr/lib/hbbpu'),
    );
    const environment = { TROS_YOLO_SEG_SYSROOT: root, TROS_YOLO_SEG_LIBDNN: undefined };
    assert.match(load(undefined, environment), loaded);
  });

  it('are listed, with the searched folders, if they are missing', () => {
    const hint =
      /libalog\.so\.1, libhbmem\.so\.1, libcnn_intf\.so\.1, libhbrt_bayes_aarch64\.so.* \/usr\/hobot\/lib.* \/usr\/lib\/hbbpu.*LD_LIBRARY_PATH/s;
    const place = build({
      'libother.so.1': { code: companion('other') },
      'libdnn.so': { code: uses('other'), needs: ['libother.so.1'] },
      'libundefined.so': { code: uses('nowhere') },
    });
    execFileSync('rm', [join(place, 'libother.so.1')]);
    const missing = load(join(place, 'libdnn.so'));
    assert.match(missing, /received libother\.so\.1: cannot open shared object file/);
    assert.match(missing, hint);
    const unresolved = load(join(place, 'libundefined.so'));
    assert.match(unresolved, /undefined symbol: nowhere/);
    assert.match(unresolved, hint);
  });

  it('are not mentioned when libdnn itself is missing', () => {
    const message = load('/nowhere/libdnn.so');
    assert.match(message, /use the onnx engine/);
    assert.doesNotMatch(message, /libalog/);
  });
});
