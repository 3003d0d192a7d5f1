import assert from 'node:assert/strict';
import type { Writable } from 'node:stream';
import { describe, it } from 'mocha';
import * as ws from 'ws';
import { framed } from '../../src/web/protocol/websocket-frame.js';

/** What a client's library reads; the types of ws do not have it. */
const { Receiver } = ws as unknown as { readonly Receiver: new (options: object) => Writable };

function read(bytes: Uint8Array): Buffer[] {
  const messages: Buffer[] = [];
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true });
  receiver.on('message', (data: Buffer, binary: boolean) => {
    assert.equal(binary, true);
    messages.push(Buffer.from(data));
  });
  receiver.on('error', (error) => assert.fail(error));
  receiver.write(bytes);
  return messages;
}

describe('framed()', () => {
  // Around the lengths at which the header grows.
  for (const length of [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 70_000, 20_000_000]) {
    it(`is read as one binary message of ${length} bytes`, () => {
      const head = Uint8Array.from({ length: Math.min(76, length) }, (_, i) => i);
      const file = new Uint8Array(length - head.length).fill(7);
      const { bytes, fileAt } = framed(head, file);
      const messages = read(bytes);
      assert.equal(messages.length, 1);
      assert.ok(Buffer.concat([head, file]).equals(messages[0]!));
      assert.equal(bytes.length - fileAt, file.length);
      assert.equal(bytes.buffer.byteLength, bytes.length, 'the buffer can be transferred');
    });
  }
});
