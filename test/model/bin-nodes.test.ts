import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { readBinNodes } from '../../src/model/bin-nodes.js';
import { messageField, textField } from '../../src/model/wire.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder('bin');

function read(bytes: Uint8Array): { name: string; output: string }[] {
  const path = join(folder, 'model.bin');
  writeFileSync(path, bytes);
  return readBinNodes(path);
}

/** A node as protobuf writes it, within a message of its own; `first` is the number of its first field. */
function node(name: string, output: string, opType = 'Dequantize', first = 1): Uint8Array {
  const message = [
    ...textField(first, `${name}_quantized`),
    ...textField(first, `${name}_x_scale`),
    ...textField(first + 1, output),
    ...textField(first + 2, name),
    ...textField(first + 3, opType),
    ...messageField(first + 4, [Buffer.from([1, 2, 3])]),
  ] as Uint8Array[];
  return Buffer.concat(messageField(1, message) as Uint8Array[]);
}

describe('de-quantise nodes in a .bin', () => {
  it('are found by structure, wherever they are and however the fields are numbered', () => {
    const long = `/model.22/${'x'.repeat(200)}`;
    for (const first of [1, 3]) {
      const bytes = Buffer.concat([
        Buffer.from('header'),
        node('a', 'mc8', 'Dequantize', first),
        node('q', 'input', 'Quantize', first),
        node(long, 'box8', 'Dequantize', first),
      ]);
      assert.deepEqual(read(bytes), [
        { name: 'a', output: 'mc8' },
        { name: long, output: 'box8' },
      ]);
    }
  });

  it('are found where windows of the file meet', () => {
    const whole = node('at the border', 'cls8');
    for (let shift = 0; shift <= whole.length + 1; shift++) {
      const before = Buffer.alloc(4096 + 2 ** 20 - shift, 0xaa);
      assert.deepEqual(read(Buffer.concat([before, whole])), [{ name: 'at the border', output: 'cls8' }]);
    }
  });

  it('are not made up from other bytes', () => {
    assert.deepEqual(read(new Uint8Array(0)), []);
    assert.deepEqual(read(Buffer.from('\nDequantize"\nDequantize the Dequantize node')), []);
    // Without its inputs, output and name alone are no node.
    const inputs = 2 + 'n_quantized'.length + 2 + 'n_x_scale'.length;
    assert.deepEqual(read(node('n', 'o').subarray(2 + inputs)), []);
    const noise = Uint8Array.from({ length: 100_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 0xff);
    assert.deepEqual(read(noise), []);
  });
});
