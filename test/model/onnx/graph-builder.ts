import { ELEMENT } from '../../../src/model/onnx/onnx-model.js';
import { toHalf } from '../../../src/model/onnx/half.js';
import { intAttribute, intsAttribute } from '../../../src/model/onnx/opset11.js';
import { type Chunk, integerField, messageField, textField } from '../../../src/model/onnx/wire.js';

/** Nodes and weights of an ONNX graph that is being written, in the forms that its opset has. */
export class GraphBuilder {
  readonly nodes: Chunk[][] = [];
  readonly initializers: Chunk[] = [];
  /** Of real numbers. */
  readonly type: number;
  #state = 7;

  constructor(
    readonly opset: number,
    private readonly half = false,
  ) {
    this.type = half ? ELEMENT.float16 : ELEMENT.float32;
  }

  /** From -1 to 1, the same numbers each time. */
  readonly random = (): number => {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 31 - 1;
  };

  tensor(name: string, dims: readonly number[], elementType: number, raw: Uint8Array): string {
    this.initializers.push(
      ...messageField(5, [
        ...dims.flatMap((dim) => integerField(1, dim)),
        ...integerField(2, elementType),
        ...textField(8, name),
        ...messageField(9, [raw]),
      ]),
    );
    return name;
  }

  floats(name: string, dims: readonly number[], values: readonly number[]): string {
    const array = this.half ? Uint16Array.from(values, toHalf) : Float32Array.from(values);
    return this.tensor(name, dims, this.type, new Uint8Array(array.buffer));
  }

  integers(name: string, values: readonly number[]): string {
    const array = BigInt64Array.from(values.map(BigInt));
    return this.tensor(name, [values.length], ELEMENT.int64, new Uint8Array(array.buffer));
  }

  /** @returns the first output */
  add(
    opType: string,
    inputs: readonly string[],
    outputs: string | readonly string[],
    ...attributes: Chunk[][]
  ): string {
    const names = typeof outputs === 'string' ? [outputs] : outputs;
    this.nodes.push(
      messageField(1, [
        ...inputs.flatMap((name) => textField(1, name)),
        ...names.flatMap((name) => textField(2, name)),
        ...textField(3, `node_${names[0]}`),
        ...textField(4, opType),
        ...attributes.flat(),
      ]),
    );
    return names[0]!;
  }

  conv(from: string, to: string, inputs: number, outputs: number, stride = 1): string {
    const count = outputs * inputs * stride * stride;
    const scale = 2 / Math.sqrt(inputs * stride * stride);
    const weight = this.floats(
      `${to}.weight`,
      [outputs, inputs, stride, stride],
      Array.from({ length: count }, () => this.random() * scale),
    );
    const bias = this.floats(`${to}.bias`, [outputs], Array.from({ length: outputs }, this.random));
    return this.add(
      'Conv',
      [from, weight, bias],
      to,
      intsAttribute('strides', [stride, stride]),
      intsAttribute('kernel_shape', [stride, stride]),
    );
  }

  split(from: string, outputs: readonly string[], sizes: readonly number[], axis = 1): void {
    const along = intAttribute('axis', axis);
    if (this.opset >= 13)
      this.add('Split', [from, this.integers(`${outputs[0]}.sizes`, sizes)], outputs, along);
    else this.add('Split', [from], outputs, along, intsAttribute('split', sizes));
  }

  reshape(from: string, to: string, shape: readonly number[]): string {
    const zeros = this.opset >= 14 ? [intAttribute('allowzero', 0)] : [];
    return this.add('Reshape', [from, this.integers(`${to}.shape`, shape)], to, ...zeros);
  }

  concat(from: readonly string[], to: string, axis: number): string {
    return this.add('Concat', from, to, intAttribute('axis', axis));
  }

  transpose(from: string, to: string, order: readonly number[]): string {
    return this.add('Transpose', [from], to, intsAttribute('perm', order));
  }

  unsqueeze(from: string, to: string, axis: number): string {
    return this.opset >= 13
      ? this.add('Unsqueeze', [from, this.integers(`${to}.axes`, [axis])], to)
      : this.add('Unsqueeze', [from], to, intsAttribute('axes', [axis]));
  }

  /** ValueInfoProto as the graph's field `field`: 11 inputs, 12 outputs. Texts are extents without a number; undefined: no shape. */
  value(
    field: number,
    name: string,
    shape: readonly (number | string)[] | undefined,
    type = this.type,
  ): Chunk[] {
    const dims = shape?.map((dim) => (typeof dim === 'number' ? integerField(1, dim) : textField(2, dim)));
    const extents = dims
      ? messageField(
          2,
          dims.flatMap((dim) => messageField(1, dim)),
        )
      : [];
    return messageField(field, [
      ...textField(1, name),
      ...messageField(2, messageField(1, [...integerField(1, type), ...extents])),
    ]);
  }
}
