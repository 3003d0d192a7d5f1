import { closeSync, openSync, readSync } from 'node:fs';
import { ExpectationError, messageOf } from '../expect.js';
import type { DequantizeNode } from './dequantize.js';

const OP_TYPE = 'Dequantize';
/** What has to be said beside everything that was read from a .bin. */
export const BIN_CAUTION =
  "Read from the .bin's structure, whose format is not published: check it against hb_model_modifier.log.";

/** The operator's name as protobuf writes a text: its length, then its letters. */
const PATTERN = Buffer.from(`${String.fromCharCode(OP_TYPE.length)}${OP_TYPE}`, 'latin1');
const STEP = 1 << 20;
/** Bytes before the operator's name that may belong to its node. */
const REACH = 4096;

/**
 * Finds the de-quantise nodes in a quantised .bin by their structure.
 *
 * The file's format is not published. What is known, from the logs of hb_model_modifier: it is protobuf, and a node holds its
 * inputs, outputs, name and operator as texts, in that order. So texts are looked for that stand so before the text "Dequantize".
 * The log remains the authority.
 *
 * @returns an empty list where nothing of that form is found
 * @throws ExpectationError when the file cannot be read
 */
export function readBinNodes(path: string): DequantizeNode[] {
  const nodes = new Map<string, DequantizeNode>();
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const buffer = Buffer.allocUnsafe(REACH + STEP);
    // Each window begins with the end of the one before, so that no node is divided.
    for (let kept = 0, position = 0; ;) {
      const count = readSync(descriptor, buffer, kept, buffer.length - kept, position);
      if (count === 0) break;
      position += count;
      const window = buffer.subarray(0, kept + count);
      for (let at = window.indexOf(PATTERN); at >= 0; at = window.indexOf(PATTERN, at + 1)) {
        const node = nodeBefore(window, at - 1);
        if (node) nodes.set(node.name, node);
      }
      kept = Math.min(REACH, window.length);
      buffer.copyWithin(0, window.length - kept, window.length);
    }
  } catch (error) {
    throw new ExpectationError('a readable .bin model', messageOf(error), undefined, { cause: error });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return [...nodes.values()];
}

/** The node whose operator's field begins at `end`: the longest run of text fields that leads there. */
function nodeBefore(bytes: Buffer, end: number): DequantizeNode | undefined {
  if (end < 1 || !isTextTag(bytes[end]!)) return undefined;
  let found: DequantizeNode | undefined;
  for (let start = end - 1; start >= Math.max(0, end - REACH); start--) {
    if (isTextTag(bytes[start]!)) found = nodeIn(bytes, start, end) ?? found;
  }
  return found;
}

/** Reads inputs, outputs and name, three fields of rising numbers, that fill [start, end) exactly. */
function nodeIn(bytes: Buffer, start: number, end: number): DequantizeNode | undefined {
  const texts: string[][] = [];
  let last = 0;
  for (let at = start; at < end;) {
    const tag = bytes[at]!;
    if (!isTextTag(tag) || tag < last || tag >= bytes[end]!) return undefined;
    let length = bytes[at + 1]!;
    at += 2;
    if (length >= 0x80) length = (length & 0x7f) + 128 * bytes[at++]!;
    if (length === 0 || length >= 128 * 128 || at + length > end) return undefined;
    const text = bytes.toString('latin1', at, at + length);
    if (!/^[\x20-\x7e]+$/.test(text)) return undefined;
    if (tag === last) texts.at(-1)!.push(text);
    else texts.push([text]);
    last = tag;
    at += length;
  }
  const [, outputs, names] = texts;
  if (texts.length !== 3 || outputs?.length !== 1 || names?.length !== 1) return undefined;
  return { name: names[0]!, output: outputs[0]! };
}

/** The tag of a length-delimited field with a number up to 15. */
function isTextTag(byte: number): boolean {
  return byte < 0x80 && byte % 8 === 2 && byte > 2;
}
