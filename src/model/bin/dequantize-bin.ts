import { ExpectationError } from '../../base/expect.js';
import { type BinEdit, emptyEdit, nodeChunks, valueChunks, writeEdited } from './bin-edit.js';
import type { BinModel, BinNode, BinValue } from './bin-model.js';
import { DEQUANTIZE, dequantizeNodes } from './bin-tensors.js';

/** Element types of a de-quantize node's output and of its possible inputs (TensorProto.DataType). */
const FLOAT32 = 1;
const INTEGERS: readonly number[] = [2, 3, 4, 5, 6];

/** Metadata keys under which hb_model_modifier records what it removed. */
const DELETED_NODES = 'DELETED_NODES';
const DELETED_INFO = 'DELETED_NODE_INFO';

/**
 * Writes a model without some of its de-quantize nodes, so that libdnn returns the BPU's integers. Graph and metadata become
 * the same as after hb_model_modifier (docs/bin-format.md); the rest is copied byte by byte.
 *
 * @param names of nodes, in the order in which they are recorded
 * @throws ExpectationError when there is no such node, or it cannot be removed alone
 *
 * @example
 * removeDequantizeNodes(model, ['output0_HzDequantize'], 'raw.bin');
 */
export function removeDequantizeNodes(model: BinModel, names: readonly string[], output: string): void {
  const nodes = new Map([...dequantizeNodes(model)].map(([head, node]) => [node.name, { head, node }]));
  const edit = emptyEdit();
  const deleted = readDeleted(model);
  for (const name of new Set(names)) {
    const found = nodes.get(name);
    if (!found) {
      throw new ExpectationError(
        `a de-quantize node before an output of ${model.file.path}`,
        name,
        `It has ${[...nodes.keys()].join(', ') || 'none'}.`,
      );
    }
    remove(model, found.node, found.head, edit);
    deleted.set(name, DEQUANTIZE);
  }
  noteDeleted(edit, deleted);
  writeEdited(model, edit, output);
}

function remove(model: BinModel, node: BinNode, head: string, edit: BinEdit): void {
  const fail = (expected: string, found: string): never => {
    throw new ExpectationError(
      expected,
      found,
      `${node.name} has an unknown form; remove it with hb_model_modifier.`,
    );
  };
  const [source = '', scale = '', ...more] = node.inputs;
  if (more.length > 0 || node.outputs.length !== 1) {
    fail('a de-quantize node of one tensor and its scale', `inputs ${node.inputs.join(', ')}`);
  }
  const value = model.values.get(source);
  if (!value || !INTEGERS.includes(value.elementType)) {
    return fail(`the integer type of ${source}`, value ? `type ${value.elementType}` : 'none');
  }
  const others = model.nodes.filter(
    (other) => other !== node && other.inputs.some((input) => input === source || input === head),
  );
  if (others.length > 0) fail(`${source} to be used once`, `${others[0]!.name}, which reads it too`);
  if (!model.nodes.some(({ outputs }) => outputs.includes(source)))
    fail(`a node that makes ${source}`, 'none');
  const scales = model.floats(scale);
  const axis = scaleAxis(value, scales.length);

  edit.dropNodes.add(node);
  edit.renameOutputs.set(source, head);
  edit.outputTypes.set(head, value.elementType);
  edit.dropValues.add(source);
  edit.metadata.set(`DN_D_${source}_valueinfo`, head);
  edit.metadata.set(`DN_D_${source}_scale`, scale);
  edit.metadata.set(`DN_D_${source}_axis`, String(axis));
  edit.metadata.set(`DN_D_${source}_zeropoint`, '');
  edit.metadata.set(`DN_M_${head}`, source);
  // The braces are the vendor's: a placeholder that its tool never fills.
  edit.metadata.set(
    `NODE_${node.name}`,
    `${node.name}: scale: [${scales.map(pythonFloat).join(', ')}]; zero point: {zero_point}`,
  );
}

/** Channels are the last axis, unless only another axis is as long as the list of scales. */
function scaleAxis({ name, shape }: BinValue, scales: number): number {
  if (scales === 1 || shape.at(-1) === scales) return shape.length - 1;
  const axis = shape.lastIndexOf(scales);
  if (axis >= 0) return axis;
  throw new ExpectationError(
    `one scale, or one for each channel of ${name} [${shape.join(', ')}]`,
    scales,
    'The record in the file is damaged: convert the model again.',
  );
}

/**
 * Writes a model with its removed de-quantize nodes restored, from the file's own record.
 *
 * @returns names of the nodes, in the order in which they were removed
 * @throws ExpectationError when the record does not show what a node read, or nothing was removed
 */
export function restoreDequantizeNodes(model: BinModel, output: string): string[] {
  const deleted = readDeleted(model);
  const names = [...deleted].filter(([, opType]) => opType === DEQUANTIZE).map(([name]) => name);
  if (names.length === 0) {
    throw new ExpectationError(
      `a record of removed de-quantize nodes (${DELETED_NODES}) in ${model.file.path}`,
      'none',
      'It has all its nodes, or was edited by another tool.',
    );
  }
  const edit = emptyEdit();
  for (const [name, { source, head }] of matchDeleted(model, names)) {
    const scale = model.metadata.get(`DN_D_${source}_scale`) ?? '';
    const value = model.outputs.find((candidate) => candidate.name === head)!;
    edit.addNodes.push(nodeChunks({ name, opType: DEQUANTIZE, inputs: [source, scale], output: head }));
    edit.addValues.push(valueChunks(source, value.elementType, value.shape));
    edit.renameOutputs.set(head, source);
    edit.outputTypes.set(head, FLOAT32);
    for (const key of ['valueinfo', 'scale', 'axis', 'zeropoint']) {
      edit.metadata.set(`DN_D_${source}_${key}`, undefined);
    }
    edit.metadata.set(`DN_M_${head}`, undefined);
    edit.metadata.set(`NODE_${name}`, undefined);
    deleted.delete(name);
  }
  noteDeleted(edit, deleted);
  writeEdited(model, edit, output);
  return names;
}

interface Removed {
  /** The tensor that the node read. */
  readonly source: string;
  /** The graph output behind it. */
  readonly head: string;
}

/**
 * The record names nodes and tensors, but not which belong together. Nodes are usually named after one of their tensors;
 * otherwise the scales in the node's own text decide.
 */
function matchDeleted(model: BinModel, names: readonly string[]): Map<string, Removed> {
  const open = model.outputs.flatMap(({ name: head, elementType }): Removed[] => {
    const source = model.metadata.get(`DN_M_${head}`);
    const whole = source !== undefined && model.metadata.has(`DN_D_${source}_scale`);
    return whole && INTEGERS.includes(elementType) ? [{ source, head }] : [];
  });
  const matched = new Map<string, Removed>();
  const rules: ((name: string, removed: Removed) => boolean)[] = [
    (name, { source }) => source === `${stem(name)}_quantized`,
    (name, { head }) => head === stem(name),
    (name, { source }) => scalesOf(model, name) === scalesText(model, source),
  ];
  for (const rule of rules) {
    for (const name of names) {
      if (matched.has(name)) continue;
      const fitting = open.filter((removed) => rule(name, removed));
      if (fitting.length !== 1) continue;
      matched.set(name, fitting[0]!);
      open.splice(open.indexOf(fitting[0]!), 1);
    }
  }
  const lost = names.filter((name) => !matched.has(name));
  if (lost.length > 0) {
    throw new ExpectationError(
      `a record of what each removed node of ${model.file.path} read`,
      `none for ${lost.join(', ')}`,
      'Use the model as hb_mapper wrote it, before its nodes were removed.',
    );
  }
  return new Map(names.map((name) => [name, matched.get(name)!]));
}

function stem(name: string): string {
  return name.replace(/_HzDequantize$/, '');
}

function scalesOf(model: BinModel, name: string): string | undefined {
  return /scale: (\[.*?\])/s.exec(model.metadata.get(`NODE_${name}`) ?? '')?.[1];
}

function scalesText(model: BinModel, source: string): string {
  const scales = model.floats(model.metadata.get(`DN_D_${source}_scale`) ?? '');
  return `[${scales.map(pythonFloat).join(', ')}]`;
}

/**
 * The nodes that were removed before, with their operators, in order.
 *
 * @throws ExpectationError when the record is damaged
 */
export function readDeleted(model: BinModel): Map<string, string> {
  const text = model.metadata.get(DELETED_INFO) ?? '';
  const damaged = (): ExpectationError =>
    new ExpectationError(
      `a JSON object of names in ${DELETED_INFO} of ${model.file.path}`,
      text.slice(0, 100),
      'The model is damaged, or was edited by another tool.',
    );
  const deleted = new Map<string, string>();
  if (text.trim() === '') return deleted;
  let types: unknown;
  try {
    types = JSON.parse(text);
  } catch {
    throw damaged();
  }
  if (typeof types !== 'object' || types === null || Array.isArray(types)) throw damaged();
  for (const [name, opType] of Object.entries(types)) {
    if (typeof opType !== 'string') throw damaged();
    deleted.set(name, opType);
  }
  return deleted;
}

function noteDeleted(edit: BinEdit, deleted: ReadonlyMap<string, string>): void {
  const names = [...deleted.keys()];
  const empty = names.length === 0;
  edit.metadata.set(DELETED_NODES, empty ? undefined : names.map((name) => `${name} `).join(''));
  const pairs = [...deleted].map(([name, opType]) => `${pythonJson(name)}: ${pythonJson(opType)}`);
  edit.metadata.set(DELETED_INFO, empty ? undefined : `{${pairs.join(', ')}}`);
}

/** Formats a string like Python's json.dumps: non-ASCII characters become escapes. */
function pythonJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Formats a number like Python's repr: 6.4e-05, not 0.000064 as in JavaScript. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = String(Object.is(value, -0) ? '-0' : value);
  return text.includes('.') ? text : `${text}.0`;
}
