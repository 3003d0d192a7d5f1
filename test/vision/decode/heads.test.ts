import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { type HeadRole, recognizeHeads } from '../../../src/vision/decode/heads.js';
import { packedStride, type TensorInfo, UNQUANTIZED } from '../../../src/vision/tensor/tensor.js';
import { sharedData } from '../../data.js';
import { itUnless } from '../../skips.js';

const SIZE = { width: 640, height: 640 };

interface Described {
  role: Exclude<HeadRole, 'detections' | 'instances'>;
  level: number;
  channels: number;
}

function info(shape: number[], name = 'x'): TensorInfo {
  return { name, shape, stride: packedStride(shape), type: 'float32', quantization: UNQUANTIZED };
}

/** Outputs by role, or by level, with names that say nothing. */
function outputs(
  order: 'role' | 'level',
  classCount: number,
  box = 64,
  size = SIZE,
  coefficients = 32,
): [TensorInfo[], Described[]] {
  const described: Described[] = [];
  const channels = { class: classCount, box, coefficient: coefficients };
  const levels = [8, 16, 32];
  if (order === 'role') {
    for (const role of ['coefficient', 'box', 'class'] as const) {
      for (const level of levels) described.push({ role, level, channels: channels[role] });
    }
  } else {
    for (const level of levels) {
      for (const role of ['class', 'box', 'coefficient'] as const)
        described.push({ role, level, channels: channels[role] });
    }
  }
  described.push({ role: 'proto', level: 4, channels: coefficients });
  const infos = described.map(({ level, channels }, i) =>
    info([1, size.height / level, size.width / level, channels], String(300 + i)),
  );
  return [infos, described];
}

function assertRoles(infos: TensorInfo[], described: Described[], hints = {}, size = SIZE): void {
  const layout = recognizeHeads(infos, size, hints);
  for (const level of layout.levels) {
    for (const role of ['class', 'box', 'coefficient'] as const) {
      const found = described[level[role]!.output]!;
      assert.deepEqual({ role, level: level.stride }, { role: found.role, level: found.level });
    }
  }
  assert.equal(described[layout.proto.output]!.role, 'proto');
}

describe('head recognition', () => {
  it('finds the heads of the published YOLOv8n-seg models in any order', () => {
    for (const order of ['role', 'level'] as const) {
      const [infos, described] = outputs(order, 80);
      fc.assert(
        fc.property(fc.shuffledSubarray([...infos.keys()], { minLength: 10 }), (shuffle) => {
          assertRoles(
            shuffle.map((i) => infos[i]!),
            shuffle.map((i) => described[i]!),
          );
        }),
        { numRuns: 50 },
      );
    }
  });

  it('resolves 1 to thousands of classes by channel counts, in any order', () => {
    for (const classCount of [1, 2, 3, 6, 10, 31, 33, 60, 65, 80, 128, 4585]) {
      for (const order of ['role', 'level'] as const) {
        for (const box of [64, 4]) assertRoles(...outputs(order, classCount, box));
      }
    }
  });

  it('never guesses if channel counts coincide: it uses the label count or names, or requires a setting', () => {
    for (const order of ['role', 'level'] as const) {
      for (const [classCount, box] of [
        [64, 64],
        [4, 64],
        [64, 4],
        [4, 4],
        [32, 64],
        [32, 4],
        [32, 32],
      ] as const) {
        const [infos, described] = outputs(order, classCount, box);
        const what = `${classCount} classes, ${box} box channels`;
        assert.throws(() => recognizeHeads(infos, SIZE), /setting heads/, what);
        if (classCount !== box && classCount !== 32) assertRoles(infos, described, { classCount });
        const layer = { class: 'cv3', box: 'cv2', coefficient: 'cv4', proto: 'proto' };
        const level = (stride: number): number => [8, 16, 32].indexOf(stride);
        assertRoles(
          infos.map((output, i) => {
            const { role, level: stride } = described[i]!;
            return {
              ...output,
              layer: `/model.22/${layer[role as keyof typeof layer]}.${level(stride)}/Conv_output_0`,
            };
          }),
          described,
        );
      }
    }
  });

  it('accepts any number of levels, including a first one of stride 4', () => {
    for (const strides of [[4, 8, 16, 32], [8, 16, 32, 64], [16], [4, 8, 16], [4, 8, 16, 32, 64, 128]]) {
      const size = { width: 640, height: 384 };
      const described = strides.flatMap((level) => [
        { role: 'class' as const, level, channels: 80 },
        { role: 'box' as const, level, channels: 64 },
        { role: 'coefficient' as const, level, channels: 32 },
      ]);
      const all = [...described, { role: 'proto' as const, level: 4, channels: 32 }];
      const infos = all.map(({ role, level, channels }) =>
        info([1, size.height / level, size.width / level, channels], `${role}${level}`),
      );
      assertRoles(infos, all, {}, size);
      assertRoles([...infos].reverse(), [...all].reverse(), {}, size);
      if (!strides.includes(4)) continue;
      // Coefficients and prototypes of the same grid look alike.
      const silent = infos.map((output, i) => ({ ...output, name: String(i) }));
      assert.throws(() => recognizeHeads(silent, size), /setting heads/);
      assertRoles(silent, all, { roles: all.map(({ role }) => role) }, size);
    }
  });

  it('ends its search quickly, whatever the outputs', () => {
    const alike = [8, 16, 32, 64, 128, 2, 1].flatMap((stride) =>
      Array.from({ length: 3 }, () => info([1, 640 / stride, 640 / stride, 32])),
    );
    assert.throws(() => recognizeHeads([...alike, info([1, 160, 160, 32])], SIZE), /setting heads/);
  });

  it('uses the label count if class and box heads could be swapped', () => {
    const [infos, described] = outputs('role', 8, 4);
    const order = [9, 3, 6, 0, 7, 4, 1, 2, 5, 8];
    assertRoles(
      order.map((i) => infos[i]!),
      order.map((i) => described[i]!),
      { classCount: 8 },
    );
  });

  it('distinguishes 32 float classes from 32 quantized coefficients in any order', () => {
    const [infos, described] = outputs('role', 32);
    const typed = infos.map((output, i): TensorInfo => {
      const role = described[i]!.role;
      if (role !== 'box' && role !== 'coefficient') return output;
      return {
        ...output,
        type: 'int32',
        quantization: { kind: 'scale', scale: Float32Array.of(0.1), axis: 3 },
      };
    });
    const order = [6, 0, 3, 9, 1, 7, 4, 8, 5, 2];
    assertRoles(
      order.map((i) => typed[i]!),
      order.map((i) => described[i]!),
    );
  });

  it('requires the setting heads if 32 classes are ambiguous, and follows it', () => {
    const [infos, described] = outputs('role', 32);
    const order = [6, 0, 3, 9, 1, 7, 4, 8, 5, 2];
    const shuffled = order.map((i) => infos[i]!);
    const roles = order.map((i) => described[i]!.role);
    assert.throws(() => recognizeHeads(shuffled, SIZE), /setting heads/);
    assertRoles(
      shuffled,
      order.map((i) => described[i]!),
      { roles },
    );
    assert.throws(() => recognizeHeads(shuffled, SIZE, { roles: [...roles].reverse() }), /does not fit/);
  });

  it('reads names that exporters set deliberately', () => {
    const [infos, described] = outputs('role', 32);
    const named = infos.map((output, i) => ({
      ...output,
      name: `${described[i]!.role}_${described[i]!.level}`,
    }));
    const order = [6, 0, 3, 9, 1, 7, 4, 8, 5, 2];
    assertRoles(
      order.map((i) => named[i]!),
      order.map((i) => described[i]!),
    );
  });

  it('accepts non-square inputs and channels-first outputs', () => {
    const size = { width: 512, height: 288 };
    const [infos, described] = outputs('level', 6, 64, size);
    assertRoles(infos, described, {}, size);
    const planar = infos.map((output) => {
      const [n, h, w, c] = output.shape as [number, number, number, number];
      return info([n, c, h, w], output.name);
    });
    assertRoles(planar, described, {}, size);
    const layout = recognizeHeads(planar, size);
    assert.equal(layout.proto.strideX, 1);
    assert.equal(layout.proto.strideC, 72 * 128);
  });

  itUnless(sharedData.skip, 'recognizes the X5 model of the source document', () => {
    const file = sharedData.path('rdk/yolov8n_instance_seg_bayese_640x640_nv12_modified.model_info.json');
    const slots = JSON.parse(readFileSync(file, 'utf8')) as {
      slot: string;
      name: string;
      validShape: number[];
      quantiType: string;
      scale?: number[];
    }[];
    const infos = slots
      .filter(({ slot }) => slot.startsWith('output'))
      .map(({ name, validShape, quantiType, scale }): TensorInfo => ({
        ...info(validShape, name),
        quantization:
          quantiType === 'SCALE' ? { kind: 'scale', scale: Float32Array.from(scale!), axis: 3 } : UNQUANTIZED,
      }));
    const layout = recognizeHeads(infos, SIZE);
    assert.deepEqual(
      layout.levels.map((level) => [level.coefficient!.output, level.box.output, level.class.output]),
      [
        [0, 3, 6],
        [1, 4, 7],
        [2, 5, 8],
      ],
    );
    assert.equal(layout.proto.output, 9);
    assert.deepEqual(
      [layout.classCount, layout.regMax, layout.coefficientCount, layout.protoStride],
      [80, 16, 32, 4],
    );
  });

  it('shows expected and found heads if a model does not fit', () => {
    const [infos] = outputs('role', 80);
    assert.throws(
      () => recognizeHeads(infos.slice(1), SIZE),
      /received 9 outputs[^]*class +\[1, 80, 80, C\][^]*Found:[^]*301/,
    );
    assert.throws(() => recognizeHeads([...infos, info([1, 80, 80, 3])], SIZE), /received 11 outputs/);
    assert.throws(
      () => recognizeHeads([info([1, 25200, 117], 'output0'), info([1, 32, 160, 160], 'output1')], SIZE),
      /Two outputs must be detections/,
    );
    const [odd] = outputs('role', 79, 63);
    assert.throws(() => recognizeHeads(odd, SIZE), /multiple of 4/);
    const uneven = infos.map((output, i) => (i === 6 ? info([1, 80, 80, 79]) : output));
    assert.throws(() => recognizeHeads(uneven, SIZE), /agree on the channel counts/);
    const rank = infos.map((output, i) => (i === 9 ? info([32, 160, 160]) : output));
    assert.throws(() => recognizeHeads(rank, SIZE), /must be a grid/);
    const grids = infos.map((output, i) => (i >= 8 ? info([1, 80, 80, 32]) : output));
    assert.throws(() => recognizeHeads(grids, SIZE), /Each grid must carry three/);
  });
});
