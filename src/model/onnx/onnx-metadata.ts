import { ExpectationError } from '../../base/expect.js';
import { MODEL, OPSET } from './onnx-model.js';
import { LENGTH_DELIMITED, type Span, VARINT, WireFile } from './wire.js';

/** An ONNX file's metadata. */
export interface OnnxMetadata {
  readonly irVersion: number;
  /** Program that wrote the file and its version: `pytorch 2.1.0`; empty if unknown. */
  readonly producer: string;
  /** Version of the standard operator set, if there is one. */
  readonly opset: number | undefined;
  /** metadata_props: for Ultralytics exports author, names, stride, task, imgsz and others. */
  readonly properties: Readonly<Record<string, string>>;
}

/** Fields of ModelProto besides those that a graph needs. */
const PRODUCER_VERSION = 3;
/** Maximum length of a string; names of ten thousand classes take a tenth of it. */
const LONGEST_TEXT = 4 << 20;

/**
 * Reads a model's metadata without reading the model: only the top-level fields of the file are visited, and the graph,
 * which may take hundreds of megabytes, is skipped. (onnxruntime-node does not provide metadata.)
 *
 * @throws ExpectationError when the file cannot be read, ends early or is not an ONNX model
 */
export function readOnnxMetadata(path: string): OnnxMetadata {
  const file = new WireFile(path);
  try {
    return readModel(file);
  } finally {
    file.close();
  }
}

function readModel(file: WireFile): OnnxMetadata {
  let irVersion: number | undefined;
  let hasGraph = false;
  let [name, version] = ['', ''];
  let opset: number | undefined;
  const properties = new Map<string, string>();
  const foreign = (what: string): ExpectationError =>
    new ExpectationError(
      'an ONNX model',
      `${file.path}: ${what}`,
      'The file may be truncated, or have another format.',
    );

  for (const { number, wireType, varint, payload } of file.fields({ start: 0, end: file.size })) {
    const isText = wireType === LENGTH_DELIMITED;
    if (number === MODEL.irVersion && wireType === VARINT) irVersion = Number(varint);
    else if (number === MODEL.graph) hasGraph = true;
    else if (number === MODEL.producer && isText) name = file.text(payload, LONGEST_TEXT);
    else if (number === PRODUCER_VERSION && isText) version = file.text(payload, LONGEST_TEXT);
    else if (number === MODEL.opsetImport || number === MODEL.metadata) {
      if (!isText) throw foreign(`field ${number} is not a message`);
      const pair = readPair(file, payload);
      if (number === MODEL.metadata) properties.set(pair.key, pair.text);
      else if (pair.key === '' || pair.key === 'ai.onnx') opset = pair.number;
    }
  }
  if (irVersion === undefined) throw foreign('no ir_version');
  if (!hasGraph) throw foreign('no graph');
  return {
    irVersion,
    producer: `${name} ${version}`.trim(),
    opset,
    properties: Object.fromEntries(properties),
  };
}

/** OperatorSetIdProto (domain = 1, version = 2) or StringStringEntryProto (key = 1, value = 2). */
function readPair(file: WireFile, span: Span): { key: string; number: number | undefined; text: string } {
  let [key, text] = ['', ''];
  let version: number | undefined;
  for (const { number, wireType, varint, payload } of file.fields(span)) {
    const isText = wireType === LENGTH_DELIMITED;
    if (number === OPSET.domain && isText) key = file.text(payload, LONGEST_TEXT);
    else if (number === OPSET.version && wireType === VARINT) version = Number(varint);
    else if (number === OPSET.version && isText) text = file.text(payload, LONGEST_TEXT);
  }
  return { key, number: version, text };
}
