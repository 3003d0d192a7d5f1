import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { EMULATOR } from '../engine/bpu/emulator.js';
import { tenHeads } from '../engine/tiny-onnx.js';
import { noiseFrame } from '../native/frames.js';
import { cli } from './cli.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder('cli-bpu');
const onnx = join(folder, 'heads.onnx');
const picture = join(folder, 'noise_64x64.nv12');
const model = join(folder, 'heads.bin');
writeFileSync(onnx, tenHeads(64, 64, ['cat', 'dog', 'bird']));
writeFileSync(picture, noiseFrame(64, 64).data);

describe('tros-yolo-seg record and perf', () => {
  it('records a model and measures it as hrt_model_exec does', async () => {
    const args = [onnx, picture, '-o', model, '--busy', '1000', '--overhead', '1000'];
    const recorded = await cli(['record', ...args]);
    assert.equal(recorded.code, 0, recorded.stderr);
    assert.match(recorded.stderr, /heads\.bin: 1 frame\n/);
    const measured = await cli([
      ...['perf', model, picture, '--in-flight', '3', '--frames', '20', '--library', EMULATOR],
    ]);
    assert.equal(measured.code, 0, measured.stderr);
    assert.match(measured.stdout, /Thread number is: 1\n {2}Frame count {3}is: 20\n/);
    assert.match(measured.stdout, /Thread number is: 3\n/);
    assert.match(measured.stdout, /Whole path with 3 frames in flight.*\n {2}[\d.]+ FPS.*busy/);
    assert.match(measured.stdout, /\| heads \| 64x64 \| 3 \| [\d.]+ ms \/ [\d.]+ FPS \|/);
  });

  it('uses the given class names', async () => {
    const names = join(folder, 'names.txt');
    const measure = (text: string): ReturnType<typeof cli> => {
      writeFileSync(names, text);
      return cli(['perf', onnx, picture, '--in-flight', '1', '--frames', '1', '--labels', names]);
    };
    const right = await measure('Katze\nHund\nVogel\n');
    assert.equal(right.code, 0, right.stderr);
    assert.match(right.stdout, /\| 64x64 \| 3 \|/);
    assert.match((await measure('Katze\n')).stderr, /Expected 3 class names in .*names\.txt but received 1/);
  });

  it('prints what libdnn reports about a model, and the role of each output', async () => {
    const { code, stdout, stderr } = await cli(['info', model, '--library', EMULATOR]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /tensor type: HB_DNN_IMG_TYPE_NV12\n/);
    assert.equal(stdout.match(/^output\[\d\]: (class|box|coefficient), stride (8|16|32)$/gm)?.length, 9);
    assert.match(stdout, /^output\[\d\]: proto, stride 4$/m);
    assert.match(stdout, /The decoder can run it: 3 classes, 16 DFL bins/);
  });

  it('finds the same on the BPU as with ONNX Runtime', async () => {
    const common = ['run', picture, '--score', '0', '--max-detections', '5', '--json', '-', '-q', '--model'];
    const [bpu, cpu] = await Promise.all([
      cli([...common, model, '--engine', 'bpu', '--library', EMULATOR]),
      cli([...common, onnx]),
    ]);
    assert.equal(bpu.code, 0, bpu.stderr);
    const found = [bpu, cpu].map(
      ({ stdout }) => (JSON.parse(stdout) as { instances: { class_name?: string }[] }).instances,
    );
    // A .bin has no class names.
    for (const instance of found.flat()) delete instance.class_name;
    assert.equal(found[0]!.length, 5);
    assert.deepEqual(found[0], found[1]);
  });

  it('leaves no partial recording behind', async () => {
    const half = join(folder, 'half.bin');
    const info = join(folder, 'info.json');
    writeFileSync(info, '[]');
    const { code, stderr } = await cli(['record', onnx, picture, '-o', half, '--model-info', info]);
    assert.equal(code, 2);
    assert.match(stderr, /Expected float32 outputs/);
    assert.ok(!existsSync(half));
    const cut = join(folder, 'cut_64x64.nv12');
    writeFileSync(cut, new Uint8Array(7000));
    assert.equal((await cli(['record', onnx, cut, '-o', half])).code, 2);
    assert.ok(!existsSync(half));
  });

  it('says what to do if there is no libdnn', async () => {
    const { code, stderr } = await cli(['perf', '/nowhere.bin', '--library', '/nowhere/libdnn.so']);
    assert.equal(code, 2);
    assert.match(stderr, /Expected a loadable libdnn at \/nowhere\/libdnn\.so .* use the onnx engine/s);
  });
});
