import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { BpuEngine } from '../../../src/engine/bpu/bpu-engine.js';
import { EMULATOR, withEmulator } from './emulator.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('libdnn');

let libraries = 0;
/** A library of these C functions. */
function compile(code: string): string {
  const file = join(folder, `libdnn${libraries++}.so`);
  const source = `${file}.c`;
  writeFileSync(source, code);
  execFileSync('cc', ['-shared', '-fPIC', '-o', file, source]);
  return file;
}

function refused(library: string, message: RegExp): Promise<void> {
  return assert.rejects(BpuEngine.open({ file: '/nowhere.bin', library }), {
    name: 'ExpectationError',
    message,
  });
}

describe('loading libdnn', () => {
  it('says what to do if there is none', async () => {
    await refused(
      '/nowhere/libdnn.so',
      /a loadable libdnn at \/nowhere\/libdnn\.so.*No such file.*use the onnx engine/,
    );
    const text = join(folder, 'text.so');
    writeFileSync(text, 'no library');
    await refused(text, /file too short|invalid ELF header/);
  });

  for (const [version, accepted] of [
    ['1.9.7', false],
    ['1.17.9_(3.14 HBRT)', false],
    ['0.18', false],
    ['2.0.0', false],
    ['unknown', false],
    ['1.18.6', true],
    ['1.24.5_(3.15.55 HBRT)', true],
  ] as const) {
    it(`${accepted ? 'accepts' : 'refuses'} version ${version}`, async () => {
      // A copy is another library to the loader, whose version is read anew.
      const library = join(folder, `libdnn-${version.replace(/\W/g, '_')}.so`);
      copyFileSync(EMULATOR, library);
      await withEmulator(`version=${version}`, () =>
        refused(
          library,
          accepted ? /HB_DNN_CAN_NOT_OPEN_FILE/ : /hbDNN 1\.18 or a later 1\.x.*1\.18 and later/,
        ),
      );
    });
  }

  it('says why older versions do not work', async () => {
    const library = compile('char const *hbDNNGetVersion(void) { return "1.9.7"; }');
    await refused(library, /1\.9\.7.*without strides, 136 bytes instead of 176.*update the system image/);
  });

  it("refuses S100's library by name", async () => {
    const library = compile(
      'int hbDNNInferV2(void) { return 0; } char const *hbDNNGetVersion(void) { return "3.0"; }',
    );
    await refused(library, /the UCP library of RDK S100\/S600 \(it has hbDNNInferV2\)/);
  });

  it('names the functions that a library lacks', async () => {
    const library = compile(
      'char const *hbDNNGetVersion(void) { return "1.23.8"; } int hbDNNInfer(void) { return 0; }',
    );
    await refused(library, /one without hbDNNInitializeFromFiles, hbDNNRelease,.*1\.18 and later/);
  });
});
