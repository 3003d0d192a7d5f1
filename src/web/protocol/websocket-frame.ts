/** Bytes of a WebSocket frame as a server sends it, and where the file begins in them. */
export interface FramedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fileAt: number;
}

/**
 * A whole binary message as one WebSocket frame, not masked, as servers send it (RFC 6455, 5.2). The bytes have a buffer of their own,
 * which can be transferred to another thread.
 *
 *     socket.write(framed(head, file).bytes);
 *
 * @param head the first part of the message
 * @param file the second; both together are less than 4 GiB
 */
export function framed(head: Uint8Array, file: Uint8Array): FramedFile {
  const length = head.length + file.length;
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = new Uint8Array(headerBytes + length);
  const view = new DataView(bytes.buffer);
  // FIN, and the opcode of binary data.
  bytes[0] = 0x82;
  if (headerBytes === 2) bytes[1] = length;
  else if (headerBytes === 4) {
    bytes[1] = 126;
    view.setUint16(2, length);
  } else {
    bytes[1] = 127;
    // The upper half of eight bytes stays 0.
    view.setUint32(6, length);
  }
  bytes.set(head, headerBytes);
  const fileAt = headerBytes + head.length;
  bytes.set(file, fileAt);
  return { bytes, fileAt };
}
