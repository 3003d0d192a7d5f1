import assert from 'node:assert/strict';
import { openSync, rmSync, truncateSync, writeFileSync, closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { readOnnxMetadata } from '../../../src/model/onnx/onnx-metadata.js';
import { sharedData } from '../../data.js';
import { Message, tenHeads } from '../../engine/tiny-onnx.js';
import { itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('metadata');
const file = join(folder, 'model.onnx');

const read = (bytes: Uint8Array): ReturnType<typeof readOnnxMetadata> => {
  writeFileSync(file, bytes);
  return readOnnxMetadata(file);
};

const pair = (key: string, value: string): Message => new Message().text(1, key).text(2, value);
const graph = new Message().text(2, 'graph');
const model = (): Message => new Message().integer(1, 8).message(7, graph);

describe('readOnnxMetadata', () => {
  it('reads the metadata of a model', () => {
    assert.deepEqual(read(tenHeads(64, 64, ['cat', 'dog'])), {
      irVersion: 8,
      producer: 'tiny-onnx 1.0',
      opset: 13,
      properties: { names: "{0: 'cat', 1: 'dog'}", task: 'segment' },
    });
  });

  it('reads a model with little metadata', () => {
    assert.deepEqual(read(model().finish()), {
      irVersion: 8,
      producer: '',
      opset: undefined,
      properties: {},
    });
  });

  it('accepts fields of any kind in any order, and the standard operator set only', () => {
    const bytes = new Message()
      .message(14, pair('key', 'ü'))
      .message(8, new Message().text(1, 'com.microsoft').integer(2, 1))
      .message(8, new Message().integer(2, 17))
      .message(14, pair('__proto__', 'x'))
      .message(14, pair('', ''))
      .message(7, graph)
      .integer(5, 2 ** 52) // model_version
      .message(25, new Message().text(1, 'a function'))
      .integer(1, 10)
      .finish();
    const { properties, ...rest } = read(bytes);
    assert.deepEqual(rest, { irVersion: 10, producer: '', opset: 17 });
    assert.deepEqual(Object.entries(properties), [
      ['key', 'ü'],
      ['__proto__', 'x'],
      ['', ''],
    ]);
  });

  it('skips a graph of gigabytes', () => {
    // A sparse file: 3 GiB of graph that are on no disk.
    const size = 3 * 2 ** 30;
    const head = Uint8Array.of(8, 8, 7 * 8 + 2, 0x80, 0x80, 0x80, 0x80, 0x0c);
    const tail = new Message().message(14, pair('key', 'value')).finish();
    writeFileSync(file, head);
    truncateSync(file, head.length + size);
    const handle = openSync(file, 'r+');
    writeSync(handle, tail, 0, tail.length, head.length + size);
    closeSync(handle);
    assert.deepEqual(readOnnxMetadata(file).properties, { key: 'value' });
    rmSync(file);
  });

  for (const [name, bytes, message] of [
    ['an empty file', Uint8Array.of(), /which is empty/],
    ['a file without a version', new Message().message(7, graph).finish(), /: no ir_version/],
    ['a model without a graph', new Message().integer(1, 8).finish(), /: no graph/],
    ['field 0', Uint8Array.of(0, 1), /field number 0 at byte 0/],
    ['a group', Uint8Array.of(8, 8, 0x0b), /wire type 3 at byte 2/],
    ['a varint of eleven bytes', new Uint8Array(12).fill(0xff), /unfinished number at byte 0/],
    ['a varint that ends with the file', Uint8Array.of(8, 0x80), /unfinished number at byte 1/],
    [
      'a huge length',
      Uint8Array.of(58, ...new Uint8Array(8).fill(0xff), 0x7f),
      /at byte 0 that is \d+ bytes too/,
    ],
    ['a fixed field cut off', Uint8Array.of(8, 8, 9, 1, 2), /at byte 2 that is 6 bytes too long/],
    ['metadata that is a number', model().integer(14, 1).finish(), /: field 14 is not a message/],
    ['metadata that is no message', model().bytes(14, Uint8Array.of(10, 200)).finish(), /unfinished number/],
    [
      'endless metadata',
      model()
        .message(14, pair('key', 'x'.repeat((4 << 20) + 1)))
        .finish(),
      /a name of 4194305 bytes/,
    ],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.throws(() => read(bytes), { name: 'ExpectationError', message });
    });
  }

  it('refuses files truncated anywhere except between two fields', () => {
    const whole = tenHeads(64, 64, ['cat']);
    const complete = new Set<number>();
    for (let length = whole.length - 120; length < whole.length; length++) {
      try {
        read(whole.subarray(0, length));
        complete.add(length);
      } catch (error) {
        assert.equal((error as Error).name, 'ExpectationError');
      }
    }
    assert.ok(complete.size <= 4, [...complete].join());
  });

  it('never fails in another way', () => {
    const whole = new Message().integer(1, 8).message(7, graph).message(14, pair('names', 'x')).finish();
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          read(bytes);
        } catch (error) {
          assert.equal((error as Error).name, 'ExpectationError');
        }
      }),
      { numRuns: 300 },
    );
  });

  itUnless(sharedData.skip, 'reads Ultralytics exports', () => {
    const { properties, opset } = readOnnxMetadata(sharedData.path('models/yolov8n-seg-rdk.onnx'));
    assert.equal(opset, 11);
    assert.equal(properties['task'], 'segment');
    assert.match(properties['names']!, /^\{0: 'person', 1: 'bicycle'/);
  });
});
