import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  QUANTI_TYPE_NAMES,
  TENSOR_TYPE_NAMES,
  tensorData,
  tensorInfo,
} from '../../../src/engine/bpu/bpu-tensor.js';
import { ExpectationError } from '../../../src/base/expect.js';
import type { NativeTensorProperties } from '../../../src/native/bpu.js';

/** An output of 1x2x3x4, int32 as on RDK X5, whose rows of channels are padded to 8. */
function properties(changes: Partial<NativeTensorProperties> = {}): NativeTensorProperties {
  return {
    name: 'box8',
    validShape: [1, 2, 3, 4],
    alignedShape: [1, 2, 3, 8],
    stride: [192, 96, 32, 4],
    alignedByteSize: 192,
    tensorLayout: 0,
    tensorType: type('S32'),
    quantiType: QUANTI_TYPE_NAMES.indexOf('NONE'),
    quantizeAxis: 0,
    scale: [],
    zeroPoint: [],
    shift: [],
    ...changes,
  };
}

function type(name: string): number {
  return TENSOR_TYPE_NAMES.indexOf(`HB_DNN_TENSOR_TYPE_${name}`);
}

const SCALE = QUANTI_TYPE_NAMES.indexOf('SCALE');
const SHIFT = QUANTI_TYPE_NAMES.indexOf('SHIFT');

describe('an output of libdnn', () => {
  it('has the enum values of the ABI', () => {
    // hb_dnn.h: HB_DNN_IMG_TYPE_NV12 1, HB_DNN_TENSOR_TYPE_S8 8, F32 13, S32 14.
    assert.equal(TENSOR_TYPE_NAMES[1], 'HB_DNN_IMG_TYPE_NV12');
    assert.deepEqual([type('S8'), type('F32'), type('S32'), type('U64')], [8, 13, 14, 18]);
    assert.deepEqual([SHIFT, SCALE], [1, 2]);
  });

  it('has strides in elements, given by libdnn or by the aligned shape', () => {
    assert.deepEqual(tensorInfo(properties()).stride, [48, 24, 8, 1]);
    assert.deepEqual(tensorInfo(properties({ stride: [0, 0, 0, 0] })).stride, [48, 24, 8, 1]);
    const info = tensorInfo(properties());
    assert.deepEqual([info.name, info.shape, info.type], ['box8', [1, 2, 3, 4], 'int32']);
    assert.deepEqual(info.quantization, { kind: 'none' });
  });

  it('is viewed, not copied, in its element type', () => {
    const buffer = new ArrayBuffer(400);
    for (const [name, bytes, View] of [
      ['S8', 1, Int8Array],
      ['U8', 1, Uint8Array],
      ['S16', 2, Int16Array],
      ['U16', 2, Uint16Array],
      ['F32', 4, Float32Array],
      ['S32', 4, Int32Array],
    ] as const) {
      const data = tensorData(properties({ tensorType: type(name) }), buffer, 16);
      assert.ok(data instanceof View, name);
      assert.deepEqual([data.buffer, data.byteOffset, data.length], [buffer, 16, 192 / bytes]);
    }
  });

  it('is refused with an element type that the decoder cannot read', () => {
    for (const name of ['F16', 'S64', 'U4']) {
      assert.throws(
        () => tensorInfo(properties({ tensorType: type(name) })),
        new RegExp(`output box8 to be F32, S32, .* but received HB_DNN_TENSOR_TYPE_${name}\\.`),
      );
    }
    assert.throws(() => tensorInfo(properties({ tensorType: 99 })), /but received type 99/);
  });

  it('is refused when it would reach beyond its memory or between elements', () => {
    for (const changes of [
      { alignedByteSize: 188 - 32 },
      { stride: [192, 96, 30, 4] },
      { stride: [192, 116, 32, 4] },
    ]) {
      assert.throws(
        () => tensorInfo(properties(changes)),
        (error) =>
          error instanceof ExpectationError &&
          /strides of output box8 that fit its \d+ bytes .*another struct layout/.test(error.message),
        JSON.stringify(changes),
      );
    }
    // The padding behind the last element need not be there.
    assert.doesNotThrow(() => tensorInfo(properties({ alignedByteSize: 176 })));
  });

  it('has one scale, or one for each channel, with zero points where there are any', () => {
    const scaled = (changes: Partial<NativeTensorProperties>): unknown =>
      tensorInfo(properties({ quantiType: SCALE, quantizeAxis: 3, ...changes })).quantization;
    assert.deepEqual(scaled({ scale: [0.5] }), {
      kind: 'scale',
      scale: Float32Array.of(0.5),
      zeroPoint: undefined,
      axis: 3,
    });
    assert.deepEqual(scaled({ scale: [1, 2, 3, 4], zeroPoint: [-1, 0, 1, 2] }), {
      kind: 'scale',
      scale: Float32Array.of(1, 2, 3, 4),
      zeroPoint: Int8Array.of(-1, 0, 1, 2),
      axis: 3,
    });
    // An axis that the tensor has not: one scale for all needs none, several have the last.
    assert.deepEqual(scaled({ scale: [0.5], quantizeAxis: 7 }), {
      kind: 'scale',
      scale: Float32Array.of(0.5),
      zeroPoint: undefined,
      axis: 3,
    });
  });

  it('has shifts in older models', () => {
    assert.deepEqual(
      tensorInfo(properties({ quantiType: SHIFT, quantizeAxis: 3, shift: [4, 5, 6, 7] })).quantization,
      {
        kind: 'shift',
        shift: Uint8Array.of(4, 5, 6, 7),
        axis: 3,
      },
    );
  });

  it('is refused when its scales do not fit its channels', () => {
    for (const changes of [
      { quantiType: SCALE, scale: [1, 2, 3] },
      { quantiType: SCALE, scale: [] },
      { quantiType: SCALE, scale: [1, 2, 3, 4], zeroPoint: [1, 2] },
      { quantiType: SHIFT, scale: [1], shift: [] },
      { quantiType: 7, scale: [1] },
    ]) {
      assert.throws(
        () => tensorInfo(properties({ quantizeAxis: 3, ...changes })),
        /quantization of output box8: one value, or one for each of 4 on axis 3 but received type \d with \d scales/,
        JSON.stringify(changes),
      );
    }
  });
});
