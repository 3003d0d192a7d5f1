import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { setImmediate as settle } from 'node:timers/promises';
import { promisify } from 'node:util';
import { OnnxEngine, type OnnxEngineOptions } from '../../../src/engine/onnx/onnx-engine.js';
import { Letterbox } from '../../../src/vision/picture/letterbox.js';
import { noiseFrame, packedFrame, plainFrame } from '../../native/frames.js';
import { letterboxed, rgbOf } from '../../native/reference.js';
import { infer, testEngine } from '../conformance.js';
import { testCameraEngine } from '../camera-conformance.js';
import { echo, failsWhenBright, floats, mean, type Model, modelFile, node, tenHeads } from '../tiny-onnx.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('onnx');

let files = 0;
function write(bytes: Uint8Array): string {
  const file = join(folder, `${files++}.onnx`);
  writeFileSync(file, bytes);
  return file;
}

const heads = write(tenHeads(64, 64, ['cat', 'dog', 'bird']));

testEngine('onnx', (slots) => OnnxEngine.open({ file: heads, slots, threads: 1 }));
testCameraEngine('onnx', (slots) => OnnxEngine.open({ file: heads, slots, threads: 1 }));

describe('OnnxEngine', () => {
  async function withEngine(
    options: OnnxEngineOptions,
    use: (engine: OnnxEngine) => Promise<void>,
  ): Promise<void> {
    const engine = await OnnxEngine.open(options);
    try {
      await use(engine);
    } finally {
      await engine.close();
    }
  }

  it('describes the model from its file', async () => {
    await withEngine({ file: heads }, async ({ model, slots, kind }) => {
      assert.equal(kind, 'onnx');
      assert.equal(slots, 2);
      assert.equal(model.file, heads);
      assert.deepEqual(model.input, { width: 64, height: 64 });
      assert.deepEqual(model.labels, ['cat', 'dog', 'bird']);
      assert.equal(model.metadata['producer'], 'tiny-onnx 1.0');
      assert.equal(model.metadata['opset'], '13');
      assert.equal(model.metadata['task'], 'segment');
      assert.equal(model.outputs.length, 10);
      assert.deepEqual(model.outputs[1], {
        name: 'box8',
        layer: 'box8.nchw box8.weight',
        shape: [1, 8, 8, 64],
        stride: [4096, 512, 64, 1],
        type: 'float32',
        quantization: { kind: 'none' },
      });
      return Promise.resolve();
    });
  });

  it('feeds the network the letterboxed frame as RGB from 0 to 1, by the given color range', async () => {
    const file = write(echo(96, 64));
    for (const colorRange of ['full', 'limited'] as const) {
      await withEngine({ file, colorRange }, async (engine) => {
        const frame = noiseFrame(50, 70, 3, { luma: 6 });
        const letterbox = new Letterbox(50, 70, 96, 64);
        const seen = { ...packedFrame(96, 64), data: letterboxed(frame, letterbox, 96, 64) };
        const expected = Array.from(rgbOf(seen, colorRange), (value) =>
          Math.fround(value * Math.fround(1 / 255)),
        );
        assert.deepEqual(await infer(engine, frame), [expected]);
      });
    }
  });

  it('reports a failure of the network in order, and frees its slot', async () => {
    await withEngine({ file: write(failsWhenBright(64, 64)) }, async (engine) => {
      const dark = plainFrame(64, 64, 20, 128, 128);
      const bright = plainFrame(64, 64, 200, 128, 128);
      for (let i = 0; i < 4; i++) {
        const settled: string[] = [];
        const note = (name: string) => (): void => void settled.push(name);
        const failing = engine.submit(bright);
        const good = engine.submit(dark);
        failing.catch(note('failure'));
        good.then(note('success'), note('unexpected failure'));
        await assert.rejects(failing, {
          name: 'ExpectationError',
          message: /^Expected an inference but .*out of/s,
        });
        const inference = await good;
        assert.equal(inference.tensors[0]!.data[0], 7); // floor(100 * 20 / 255)
        inference.release();
        assert.deepEqual(settled, ['failure', 'success']);
      }
    });
  });

  it('settles in order of submission, although a later frame is prepared before an earlier one', async () => {
    await withEngine({ file: write(mean(2048, 2048)) }, async (engine) => {
      const large = plainFrame(2048, 2048, 255, 128, 128);
      const strip = plainFrame(2, 2048, 114, 128, 128); // the gray of its padding
      for (let i = 0; i < 3; i++) {
        const settled: [width: number, mean: string][] = [];
        await Promise.all(
          [large, strip].map(async (frame) => {
            const inference = await engine.submit(frame);
            settled.push([inference.letterbox.sourceWidth, inference.tensors[0]!.data[0]!.toFixed(1)]);
            inference.release();
          }),
        );
        assert.deepEqual(settled, [
          [2048, '1.0'],
          [2, '0.4'],
        ]);
      }
    });
  });

  it('invalidates tensors with their slot: after its next use they are empty', async () => {
    await withEngine({ file: heads, slots: 1 }, async (engine) => {
      const first = await engine.submit(noiseFrame(64, 64));
      const { data } = first.tensors[0]!;
      first.release();
      assert.ok(data.length > 0);
      (await engine.submit(noiseFrame(64, 64))).release();
      assert.equal(data.length, 0);
    });
  });

  it('leaves the JS thread free while the network runs', async () => {
    await withEngine({ file: heads, slots: 1 }, async (engine) => {
      /** Whether the event loop turns between the memory's way to the worker and the inference. */
      const turns = async (): Promise<boolean> => {
        const first = await engine.submit(noiseFrame(64, 64));
        const { data } = first.tensors[0]!;
        first.release();
        let there = false;
        let free = false;
        const pending = engine.submit(noiseFrame(64, 64)).finally(() => (there = true));
        while (!there) {
          await settle();
          free ||= !there && data.length === 0;
        }
        (await pending).release();
        return free;
      };
      // A small network may be through before a busy machine comes back here, but not a thousand times.
      let free = false;
      for (let i = 0; i < 1000 && !free; i++) free = await turns();
      assert.ok(free);
    });
  });

  it('determines the shapes of outputs with symbolic dimensions', async () => {
    const size = [1, 3, 64, 96];
    const file = write(
      modelFile({
        inputs: [{ name: 'images', shape: size }],
        outputs: [{ name: 'out', shape: [1, 'channels', 'rows', 'columns'] }],
        nodes: [
          // Repeats that only a run tells: one of each.
          node('ReduceMean', ['images'], 'mean', { keepdims: 0 }),
          node('Mul', ['mean', 'none'], 'nothing'),
          node('Add', ['nothing', 'ones'], 'floats'),
          node('Cast', ['floats'], 'repeats', { to: 7 }),
          node('Tile', ['images', 'repeats'], 'out'),
        ],
        initializers: [
          floats('none', [], Float32Array.of(0)),
          floats('ones', [4], Float32Array.of(1, 1, 1, 1)),
        ],
      }),
    );
    await withEngine({ file }, async (engine) => {
      assert.deepEqual(engine.model.outputs[0]!.shape, size);
      const [values] = await infer(engine, noiseFrame(96, 64));
      assert.equal(values!.length, 3 * 64 * 96);
    });
  });

  it('ignores class names that cannot be read, and says so', async () => {
    const file = write(
      modelFile({
        inputs: [{ name: 'images', shape: [1, 3, 64, 64] }],
        outputs: [{ name: 'out', shape: [1, 3, 64, 64] }],
        nodes: [node('Relu', ['images'], 'out')],
        metadata: { names: "{0: 'driver's seat'}" },
      }),
    );
    await withEngine({ file }, ({ model }) => {
      assert.equal(model.labels, undefined);
      assert.match(model.warnings!.join(), /names cannot be read/);
      return Promise.resolve();
    });
  });

  it('runs several engines at once', async () => {
    const engines = await Promise.all([heads, heads].map((file) => OnnxEngine.open({ file, threads: 1 })));
    const [a, b] = await Promise.all(engines.map((engine) => infer(engine, noiseFrame(64, 64))));
    assert.deepEqual(a, b);
    await Promise.all(engines.map((engine) => engine.close()));
  });
});

describe('OnnxEngine.open refuses', () => {
  const image = { name: 'images', shape: [1, 3, 64, 64] };
  const model = (change: Partial<Model>): string =>
    write(
      modelFile({
        inputs: [image],
        outputs: [{ name: 'out', shape: [1, 3, 64, 64] }],
        nodes: [node('Relu', ['images'], 'out')],
        ...change,
      }),
    );
  const shaped = (shape: (number | string)[], type: 'float32' | 'float16' = 'float32'): string =>
    model({ inputs: [{ name: 'images', shape, type }], outputs: [{ name: 'out', shape, type }] });
  const text = join(folder, 'text.onnx');
  writeFileSync(text, 'This is no model.\n');
  const truncated = join(folder, 'truncated.onnx');
  writeFileSync(truncated, tenHeads(64, 64, ['cat']).subarray(0, 5000));

  for (const [name, file, message] of [
    [
      'a missing file',
      join(folder, 'nothing.onnx'),
      /^Expected a readable model file but received .*nothing\.onnx/,
    ],
    ['a folder', folder, /^Expected a model file but received .* which is no file/],
    [
      'a file that is no model',
      text,
      /^Expected a whole ONNX file .* received .*text\.onnx .* of another kind/,
    ],
    ['a truncated model', truncated, /^Expected a whole ONNX file .* too long\. It is truncated/],
    [
      'an operator nobody knows',
      model({ nodes: [node('Nonsense', ['images'], 'out')] }),
      /^Expected a model that ONNX Runtime can load in .*Nonsense/s,
    ],
    [
      'a dynamic size',
      shaped([1, 3, 'height', 'width']),
      /images: float32 \[1, 3, height, width\]\. .*dynamic=False/,
    ],
    ['a dynamic batch', shaped(['batch', 3, 64, 64]), /dynamic=False/],
    ['half precision', shaped([1, 3, 64, 64], 'float16'), /images: float16 \[1, 3, 64, 64\]\. .*half=False/],
    ['a batch of two', shaped([2, 3, 64, 64]), /batch=1/],
    ['channels last', shaped([1, 64, 64, 3]), /channels first/],
    ['an odd size', shaped([1, 3, 64, 72]), /multiples of 32/],
    ['three dimensions', shaped([3, 64, 64]), /exactly one input, a picture/],
    [
      'two inputs',
      model({
        inputs: [image, { name: 'other', shape: [1] }],
        nodes: [node('Add', ['images', 'other'], 'out')],
      }),
      /received images: float32 .* and other: float32 \[1\]\. The model must have exactly one input, a picture/,
    ],
    [
      'an output that is not float32',
      model({
        outputs: [{ name: 'out', type: 'int64', shape: [1, 3, 64, 64] }],
        nodes: [node('Cast', ['images'], 'out', { to: 7 })],
      }),
      /^Expected float32 outputs of fixed size in .* but received out: int64 \[1, 3, 64, 64\]/,
    ],
  ] as const) {
    it(name, async () => {
      await assert.rejects(OnnxEngine.open({ file }), { name: 'ExpectationError', message });
    });
  }

  for (const [option, message] of [
    [{ slots: 0 }, /an integer from 1 to 8 for slots but received 0/],
    [{ slots: 9 }, /for slots but received 9/],
    [{ threads: 0 }, /an integer from 1 to 256 for threads but received 0/],
    [{ threads: 1.5 }, /for threads but received 1.5/],
    [{ colorRange: 'pc' as 'full' }, /one of full, limited for the color range but received pc/],
  ] as const) {
    it(`${JSON.stringify(option)}`, async () => {
      await assert.rejects(OnnxEngine.open({ file: heads, ...option }), {
        name: 'ExpectationError',
        message,
      });
    });
  }
});

describe('a process with an OnnxEngine', () => {
  const module = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

  /** Runs a script to the end of its process. */
  async function run(script: string, nodeOptions = ''): Promise<string> {
    const code = `
      import { OnnxEngine } from ${module('../../../src/engine/onnx/onnx-engine.js')};
      import { noiseFrame } from ${module('../../native/frames.js')};
      const open = () => OnnxEngine.open({ file: ${JSON.stringify(heads)} });
      ${script}`;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', code],
      { env: { ...process.env, NODE_OPTIONS: nodeOptions } },
    );
    assert.equal(stderr, '');
    return stdout;
  }

  it('ends when the engine is idle, closed or not', async () => {
    await run('await open();');
    await run(
      'const engine = await open(); await engine.submit(noiseFrame(64, 64)); await engine.submit(noiseFrame(64, 64));',
    );
    await run(
      'const engine = await open(); (await engine.submit(noiseFrame(64, 64))).release(); await engine.close();',
    );
  });

  it('does not end while a frame is in flight', async () => {
    const script = `const engine = await open(); void engine.submit(noiseFrame(640, 480)).then(() => console.log('settled'));`;
    assert.equal(await run(script), 'settled\n');
  });

  it('can end at once with a frame in flight', async () => {
    await run('const engine = await open(); void engine.submit(noiseFrame(64, 64)); process.exit(0);');
  });

  it('says how to install ONNX Runtime if it is missing', async () => {
    const hook = `export function resolve(name, context, next) {
      if (name === 'onnxruntime-node') throw Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    }`;
    const file = join(folder, 'without-onnxruntime.mjs');
    const url = JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`);
    // Node.js 20 has register() only, and 26 warns of it.
    const without = `import module from 'node:module';
      ${hook}
      if (module.registerHooks) module.registerHooks({ resolve });
      else module.register(${url});`;
    writeFileSync(file, without.replace('export ', ''));
    const script = 'await open().catch((error) => console.log(`${error.name}: ${error.message}`));';
    const message = await run(script, `--import ${file}`);
    assert.equal(
      message,
      'ExpectationError: Expected ONNX Runtime (the optional npm package onnxruntime-node) but received ' +
        "Cannot find package 'onnxruntime-node'. Install it: npm install --ignore-scripts onnxruntime-node@1.30.0\n",
    );
  });
});
