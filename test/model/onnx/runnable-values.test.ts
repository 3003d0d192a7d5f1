import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import { inspectOnnx } from '../../../src/model/onnx/inspect-onnx.js';
import { runnableModel } from '../../../src/model/prepare/heads-cache.js';
import { floats, modelFile, node, type Value } from '../../engine/tiny-onnx.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { stockModel } from './stock-model.js';

type Input = Pick<Value, 'shape' | 'type'>;

describe('models that the CPU engine refuses are refused by a description, too', () => {
  const folder = temporaryFolder('runnable-values');

  /** A model whose outputs do not depend on its input. */
  function constant(
    shapes: Readonly<Record<string, readonly number[]>>,
    inputs: readonly Input[],
  ): Uint8Array {
    const outputs = Object.entries(shapes).map(([name, shape]) => ({ name, shape }));
    return modelFile({
      inputs: inputs.map((input, i) => ({ name: `input${i}`, ...input })),
      outputs,
      nodes: outputs.map(({ name }) => node('Identity', [`${name}.values`], name)),
      initializers: outputs.map(({ name, shape }) =>
        floats(`${name}.values`, shape, new Float32Array(shape.reduce((a, b) => a * b))),
      ),
    });
  }

  const queries = (...inputs: Input[]): Uint8Array =>
    constant({ dets: [1, 9, 4], labels: [1, 9, 2], masks: [1, 9, 16, 16] }, inputs);
  const heads = (...inputs: Input[]): Uint8Array => {
    const shapes: Record<string, readonly number[]> = {};
    for (const stride of [8, 16, 32]) {
      for (const [role, channels] of Object.entries({ class: 3, box: 64, mask: 32 })) {
        shapes[`${role}${stride}`] = [1, 64 / stride, 64 / stride, channels];
      }
    }
    return constant({ ...shapes, proto: [1, 16, 16, 32] }, inputs);
  };

  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ...Object.entries({ queries, 'ten heads': heads }).flatMap(([what, make]) =>
      (
        [
          ['grayscale', [{ shape: [1, 1, 64, 64] }], /\[1, 1, 64, 64\]\. .*one channel \(grayscale\)/],
          ['two pictures', [{ shape: [2, 3, 64, 64] }], /\[2, 3, 64, 64\]\. It takes 2 pictures at once/],
          ['half precision', [{ shape: [1, 3, 64, 64], type: 'float16' }], /float16 .*\(half=False\)/],
          ['no fixed batch', [{ shape: ['b', 3, 64, 64] }], /\[(\?|b), 3, 64, 64\]\. .*\(dynamic=False\)/],
          ['no fixed size', [{ shape: [1, 3, 'h', 'w'] }], /\[1, 3, (\?|h), (\?|w)\]\. .*\(dynamic=False\)/],
          ['channels last', [{ shape: [1, 64, 64, 3] }], /Its channels come last/],
          ['no batch', [{ shape: [3, 64, 64] }], /\[3, 64, 64\]\. The model must have exactly one input/],
          [
            'two inputs',
            [{ shape: [1, 3, 64, 64] }, { shape: [1] }],
            /input1: float32 \[1\]\. The model must/,
          ],
        ] as const
      ).map(([kind, inputs, reason]) => [`${what}, ${kind}`, make(...inputs), reason] as const),
    ),
    ['queries, an odd size', queries({ shape: [1, 3, 63, 63] }), /63, 63\]\. .*must be multiples of 2/],
    ['queries, too large', queries({ shape: [1, 3, 16400, 16400] }), /must be .*at most 16384/],
    ['heads that cannot be cut, in half precision', stockModel({ matrix: true, half: true }), /half=False/],
    [
      'instances that cannot be cut, in half precision',
      stockModel({ matrix: true, rows: 20, regMax: 1, half: true }),
      /\(half=False\)/,
    ],
  ];

  for (const [i, [what, bytes, reason]] of cases.entries()) {
    it(what, async () => {
      const path = join(folder, `${i}.onnx`);
      writeFileSync(path, bytes);
      const refusal = (error: unknown): true => {
        assert.ok(error instanceof ExpectationError, String(error));
        assert.match(error.message, /^Expected one input, float32 \[1, 3, height, width\], in /);
        assert.match(error.message, reason);
        return true;
      };
      assert.throws(() => inspectOnnx(path), refusal);
      await assert.rejects(async () => OnnxEngine.open(runnableModel(path)), refusal);
    });
  }

  it('except those that only ONNX Runtime can describe', async () => {
    const path = join(folder, 'shapeless.onnx');
    writeFileSync(path, stockModel({ matrix: true, rows: 20, regMax: 1, outputShapes: 'none' }));
    assert.throws(
      () => inspectOnnx(path),
      /^ExpectationError: Expected the outputs' shapes in .* received output0 \[\?\], output1 \[\?\]\. .*can be run/,
    );
    const engine = await OnnxEngine.open(runnableModel(path));
    await engine.close();
  });
});
