import type { HeadRole } from '../../vision/decode/heads.js';
import { ExpectationError } from '../../base/expect.js';

/** A node that converts the BPU's integers to floats, as listed in hb_model_modifier.log. */
export interface DequantizeNode {
  /** The name for `hb_model_modifier -r`. */
  readonly name: string;
  /** The model's output behind it. */
  readonly output: string;
}

/** A de-quantize node and the head it belongs to. */
export interface HeadNode extends DequantizeNode {
  readonly role: HeadRole;
}

/**
 * Reads the removable de-quantize nodes from the log that `hb_model_modifier MODEL.bin` writes: text-format protobuf, one
 * node after a time stamp, with `input:`, `output:`, `name:` and `op_type:` lines. Everything else in the log is ignored.
 *
 * @throws ExpectationError when there is none
 */
export function readModifierLog(log: string, path: string): DequantizeNode[] {
  const nodes = new Map<string, DequantizeNode>();
  let output: string | undefined;
  let name: string | undefined;
  for (const line of log.split(/\r?\n/)) {
    // The first line of a node begins with time stamp and source line. It ends an unfinished node before it.
    const [, key, text] = /(?:^|\s)(input|output|name|op_type): "((?:[^"\\]|\\.)*)"\s*$/.exec(line) ?? [];
    if (key === undefined || text === undefined) {
      [output, name] = [undefined, undefined];
    } else if (key === 'input') {
      if (name !== undefined) [output, name] = [undefined, undefined];
    } else if (key === 'output') output = unescape(text);
    else if (key === 'name') name = unescape(text);
    else {
      if (text === 'Dequantize' && name !== undefined && output !== undefined)
        nodes.set(name, { name, output });
      [output, name] = [undefined, undefined];
    }
  }
  if (nodes.size === 0) {
    throw new ExpectationError(
      'nodes with op_type: "Dequantize" in the log of hb_model_modifier',
      `none in ${path}`,
      'Run hb_model_modifier MODEL.bin without -r; it writes hb_model_modifier.log in the current folder. ' +
        'A model whose nodes were removed before has none left.',
    );
  }
  return [...nodes.values()];
}

function unescape(text: string): string {
  return text.replace(/\\(["'\\])/g, '$1');
}

/**
 * Determines which head each node belongs to: by the output's name, as given by `model cut`; else by the node's name, which
 * contains Ultralytics' names of the parts (cv2 boxes, cv3 classes, cv4 coefficients).
 *
 * @param roles role of each output by name, if known from a model
 * @throws ExpectationError when a node fits no head
 */
export function assignRoles(
  nodes: readonly DequantizeNode[],
  roles: ReadonlyMap<string, HeadRole> = new Map(),
): HeadNode[] {
  return nodes.map((node) => {
    const role = roles.get(node.output) ?? roleOfOutput(node.output) ?? roleOfNode(node.name);
    if (role === undefined) {
      throw new ExpectationError(
        'names that identify the head of each de-quantize node',
        `${node.name} with output ${node.output}`,
        'Give the ONNX model that was quantized with --onnx FILE; its outputs identify the heads.',
      );
    }
    return { ...node, role };
  });
}

function roleOfOutput(output: string): HeadRole | undefined {
  const [, word] = /^(mc|box|cls)\d+_*$|^proto_*$/.exec(output) ?? [];
  if (word === undefined) return /^proto_*$/.test(output) ? 'proto' : undefined;
  return ({ mc: 'coefficient', box: 'box', cls: 'class' } as const)[word as 'mc' | 'box' | 'cls'];
}

function roleOfNode(name: string): HeadRole | undefined {
  if (/\bproto\b/.test(name)) return 'proto';
  const parts = [...name.matchAll(/(?:\b|_)cv([2345])\.\d+/g)];
  const part = parts.at(-1)?.[1];
  return part === undefined
    ? undefined
    : ({ 2: 'box', 3: 'class', 4: 'coefficient', 5: 'coefficient' } as const)[part as '2' | '3' | '4' | '5'];
}

/**
 * The heads that the decoder de-quantizes itself, for the few cells that survive. Classes, all of whose values are compared,
 * and prototypes stay float. Detections, which contain everything, are integers with one scale and can be compared as such.
 */
export const USUAL_HEADS: readonly HeadRole[] = ['coefficient', 'box', 'detections'];

/** The heads of models for the BPU, in the order in which their nodes are named. */
export const BIN_HEADS = ['coefficient', 'box', 'class', 'proto', 'detections', 'instances'] as const;

/**
 * The nodes of some heads, coefficients first, as on D-Robotics' page.
 *
 * @throws ExpectationError when a level has a box head's node and no coefficient head's, or the other way round
 */
export function nodesOfHeads<Node extends HeadNode>(
  nodes: readonly Node[],
  heads: readonly HeadRole[] = USUAL_HEADS,
): Node[] {
  const of = (role: HeadRole): Node[] => nodes.filter((node) => node.role === role);
  const both = heads.includes('box') && heads.includes('coefficient');
  if (both && of('box').length !== of('coefficient').length) {
    throw new ExpectationError(
      'as many de-quantize nodes of box heads as of coefficient heads',
      nodes.map(({ name, role }) => `${name} (${role})`).join(', '),
      'Some may be removed already: name those to remove with --node. Or the model is not cut into its heads.',
    );
  }
  return BIN_HEADS.flatMap((role) => (heads.includes(role) ? of(role) : []));
}

/** The command that removes the nodes, ready for a POSIX shell. */
export function modifierCommand(bin: string, nodes: readonly DequantizeNode[]): string {
  return [
    `hb_model_modifier ${quote(bin)}`,
    ...nodes.map(({ name }) => `-r "${name.replace(/["\\$`]/g, '\\$&')}"`),
  ].join(' \\\n');
}

/** A shell word, quoted if necessary. */
export function quote(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
