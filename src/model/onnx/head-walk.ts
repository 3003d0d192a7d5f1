import { ExpectationError } from '../../base/expect.js';
import type { Node, OnnxModel, StoredTensor } from './onnx-model.js';

/** What the graph does to a convolution's output on the way to the detections. */
interface Path {
  /** Softmax: the DFL of the boxes. */
  readonly softmax: boolean;
  readonly sigmoid: boolean;
  /** Anchors and strides are added and multiplied. */
  readonly arithmetic: boolean;
  /** The channels [from, to) that remain after a Split or Slice; undefined for all. */
  readonly channels: readonly [number, number] | undefined;
}

/** Operators that pass on their first input and keep its channels in place. */
const PASSES_ON = new Set([
  'Identity',
  'Cast',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Expand',
  // Selections of cells: their source is followed, their indices are not.
  'GatherElements',
  'GatherND',
  'ReduceMax',
]);
/** Operators that keep the number of channels (axis 1). */
const KEEPS_CHANNELS = new Set(['Identity', 'Cast', 'Sigmoid', 'Concat']);
/**
 * Maximum steps of a walk for each input or output of a node: a stock export needs less than three. A graph of n nodes can
 * have 2^n paths.
 */
const MOST_STEPS = 64;
const ARITHMETIC = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** The convolutions of the heads, finest level first, and what was found on the way to them. */
export interface WalkedHeads {
  readonly class: readonly Node[];
  readonly box: readonly Node[];
  readonly coefficient: readonly Node[];
  /** Whether the graph selects some of the cells (TopK), as end-to-end exports do. */
  readonly chosen: boolean;
  /** Number of cells of all levels, from the anchors that are added to the boxes; 0 if unknown. */
  readonly cells: number;
}

/**
 * Follows every path from the detections back to a convolution. Convolutions whose outputs go through a sigmoid are the
 * class heads; through softmax (DFL), or anchors and strides, the box heads; unchanged, the coefficient heads.
 *
 * @throws ExpectationError when a head has weights that are computed at run time
 */
export function walkToHeads(model: OnnxModel, detections: string): WalkedHeads {
  return new HeadWalk(model).from(detections);
}

export function foreign(model: OnnxModel, expected: string, found: string, hint?: string): ExpectationError {
  return new ExpectationError(
    `${expected} in ${model.file.path}`,
    found,
    hint ??
      'Give a stock segmentation export (YOLOv8-seg, YOLOv9-seg, YOLO11-seg): yolo export model=X-seg.pt format=onnx. ' +
        'Exports with nms=True or other tasks cannot be cut.',
  );
}

/** Walks from the detections back to the convolutions of the heads. */
class HeadWalk {
  readonly #heads = { class: new Set<Node>(), box: new Set<Node>(), coefficient: new Set<Node>() };
  #chosen = false;
  #cells = 0;
  readonly #seen = new Set<string>();
  /** Channels (axis 1) of the values, as far as the head's operators show them. */
  readonly #channels = new Map<string, number>();
  /** Values that are reshaped outputs of a softmax. The DFL's own convolution, a weighted sum over the bins, reads one. */
  readonly #behindSoftmax = new Set<string>();

  constructor(private readonly model: OnnxModel) {
    // Nodes come after those that make their inputs, so one pass is enough, however long the chains are.
    for (const node of model.nodes) {
      const count = this.#countChannels(node);
      const soft =
        node.opType === 'Softmax' ||
        (PASSES_ON.has(node.opType) && this.#behindSoftmax.has(node.inputs[0] ?? ''));
      for (const output of node.outputs) {
        if (count !== undefined) this.#channels.set(output, count);
        if (soft) this.#behindSoftmax.add(output);
      }
    }
  }

  from(output: string): WalkedHeads {
    this.#walk(output, { softmax: false, sigmoid: false, arithmetic: false, channels: undefined });
    const { class: scores, box, coefficient } = this.#heads;
    return {
      ...{ class: [...scores], box: [...box], coefficient: [...coefficient] },
      ...{ chosen: this.#chosen, cells: this.#cells },
    };
  }

  /** An explicit stack follows the paths, first inputs first, so that levels keep their order. */
  #walk(output: string, start: Path): void {
    const stack: [string, Path][] = [[output, start]];
    const ends = ({ inputs, outputs }: Node): number => inputs.length + outputs.length;
    let left = MOST_STEPS * this.model.nodes.reduce((sum, node) => sum + ends(node), 0);
    for (let next = stack.pop(); next; next = stack.pop()) {
      const [value, path] = next;
      const key = JSON.stringify(next);
      const node = this.model.producers.get(value);
      if (!node || this.#seen.has(key)) continue;
      this.#seen.add(key);
      left -= ends(node);
      if (left < 0) {
        throw foreign(
          this.model,
          'detections that are a few steps behind their convolutions',
          `more than ${MOST_STEPS} ways through each node`,
        );
      }
      if (node.opType === 'Conv' && !this.#behindSoftmax.has(node.inputs[0] ?? '')) this.#arrive(node, path);
      else stack.push(...this.#back(value, node, path).reverse());
    }
  }

  #back(value: string, node: Node, path: Path): [string, Path][] {
    const [first = ''] = node.inputs;
    const all = (changed: Path): [string, Path][] => node.inputs.map((name) => [name, changed]);
    const { opType } = node;
    if (opType === 'Sigmoid') return [[first, { ...path, sigmoid: true }]];
    // A selection behind the DFL concerns box sides, not channels of the convolution.
    if (opType === 'Softmax') return [[first, { ...path, softmax: true, channels: undefined }]];
    if (opType === 'Conv') return [[first, { ...path, channels: undefined }]];
    if (ARITHMETIC.has(opType)) {
      for (const name of node.inputs) {
        for (const extent of this.model.constant(name)?.dims ?? []) {
          this.#cells = Math.max(this.#cells, extent);
        }
      }
      return all({ ...path, arithmetic: true });
    }
    if (opType === 'TopK') {
      this.#chosen = true;
      return value === node.outputs[0] ? [[first, path]] : [];
    }
    if (PASSES_ON.has(opType)) return [[first, path]];
    if (opType === 'Split' || opType === 'Slice') {
      const part = this.#part(value, node);
      return part === 'elsewhere' ? [[first, path]] : [[first, narrow(path, part)]];
    }
    if (opType === 'Concat') {
      if (this.#axis(node) !== 1 || !path.channels) return all(path);
      return this.#within(node, path, path.channels);
    }
    return [];
  }

  /** The inputs of a channel concatenation that overlap the used channels, each with its used range. */
  #within(node: Node, path: Path, [from, to]: readonly [number, number]): [string, Path][] {
    let offset = 0;
    const inputs: [string, Path][] = [];
    for (const name of node.inputs) {
      const count = this.#channels.get(name);
      if (count === undefined) return node.inputs.map((input) => [input, { ...path, channels: undefined }]);
      const [low, high] = [Math.max(from - offset, 0), Math.min(to - offset, count)];
      if (low < high) {
        inputs.push([name, { ...path, channels: low === 0 && high === count ? undefined : [low, high] }]);
      }
      offset += count;
    }
    return inputs;
  }

  /** The channels of its input that a Split's or Slice's output contains; `elsewhere` if it works on another axis. */
  #part(value: string, node: Node): readonly [number, number] | 'elsewhere' {
    if (node.opType === 'Slice') {
      const [starts, ends, axes] = [1, 2, 3].map((i) => this.model.integers(node.inputs[i] ?? ''));
      return axes?.[0] === 1 && axes.length === 1 && starts && ends && starts[0]! >= 0
        ? [starts[0]!, ends[0]! < 0 ? Infinity : ends[0]!]
        : 'elsewhere';
    }
    if (this.#axis(node) !== 1) return 'elsewhere';
    const given = node.attributes.get('split')?.ints ?? this.model.integers(node.inputs[1] ?? '');
    const index = node.outputs.indexOf(value);
    let sizes = given;
    if (!sizes) {
      const total = this.#channels.get(node.inputs[0] ?? '');
      if (total === undefined) return 'elsewhere';
      sizes = node.outputs.map(() => Math.ceil(total / node.outputs.length));
    }
    const from = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    return [from, from + (sizes[index] ?? 0)];
  }

  #countChannels(node: Node): number | undefined {
    const before = this.#channels.get(node.inputs[0] ?? '');
    if (node.opType === 'Conv') return weightOf(this.model, node)?.dims[0];
    if (node.opType === 'Reshape') {
      const count = this.model.integers(node.inputs[1] ?? '')?.[1];
      return count !== undefined && count > 0 ? count : before;
    }
    if (node.opType === 'Concat' && this.#axis(node) === 1) {
      let sum = 0;
      // NaN for unknown ones.
      for (const name of node.inputs) sum += this.#channels.get(name) ?? NaN;
      return Number.isNaN(sum) ? undefined : sum;
    }
    return KEEPS_CHANNELS.has(node.opType) ? before : undefined;
  }

  #axis(node: Node): number {
    return node.attributes.get('axis')?.int ?? 0;
  }

  #arrive(node: Node, { softmax, sigmoid, arithmetic }: Path): void {
    const role = sigmoid ? 'class' : softmax || arithmetic ? 'box' : 'coefficient';
    if (!weightOf(this.model, node)) {
      throw foreign(
        this.model,
        `constant weights for ${node.name || node.outputs[0]!}`,
        `${node.inputs[1] ?? 'none'}, computed at run time`,
        'Quantized exports cannot be cut; export it in single or half precision.',
      );
    }
    this.#heads[role].add(node);
  }
}

function narrow(path: Path, [from, to]: readonly [number, number]): Path {
  const [low, high] = path.channels ?? [0, Infinity];
  return { ...path, channels: [from + low, Math.min(from + high, to)] };
}

export function weightOf(model: OnnxModel, node: Node): StoredTensor | undefined {
  const weight = model.constant(node.inputs[1] ?? '');
  return weight && weight.dims.length === 4 ? weight : undefined;
}
