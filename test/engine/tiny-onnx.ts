/** Writes small ONNX models, which the real ONNX Runtime runs quickly on every machine. */

/** A protobuf message being written: https://protobuf.dev/programming-guides/encoding/ */
export class Message {
  readonly #bytes: number[] = [];

  integer(field: number, value: number): this {
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    for (const byte of value) this.#bytes.push(byte);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  messages(field: number, values: readonly Message[]): this {
    for (const value of values) this.message(field, value);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes.push((rest % 128) + 128);
    this.#bytes.push(rest);
  }
}

/** TensorProto.DataType. */
export const TYPE = { float32: 1, int64: 7, float16: 10 } as const;
type TypeName = keyof typeof TYPE;

export interface Value {
  readonly name: string;
  readonly type?: TypeName;
  /** A text is a dimension of unknown extent. */
  readonly shape: readonly (number | string)[];
}

export interface Model {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Message[];
  readonly initializers?: readonly Message[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** ModelProto: IR version 8, operator set 13. */
export function modelFile({ inputs, outputs, nodes, initializers = [], metadata = {} }: Model): Uint8Array {
  const graph = new Message()
    .messages(1, nodes)
    .text(2, 'tiny')
    .messages(5, initializers)
    .messages(11, inputs.map(valueInfo))
    .messages(12, outputs.map(valueInfo));
  return new Message()
    .integer(1, 8)
    .text(2, 'tiny-onnx')
    .text(3, '1.0')
    .message(7, graph)
    .message(8, new Message().text(1, '').integer(2, 13))
    .messages(
      14,
      Object.entries(metadata).map(([key, value]) => new Message().text(1, key).text(2, value)),
    )
    .finish();
}

/** ValueInfoProto. */
function valueInfo({ name, type = 'float32', shape }: Value): Message {
  const dimensions = shape.map((extent) =>
    typeof extent === 'number' ? new Message().integer(1, extent) : new Message().text(2, extent),
  );
  const tensor = new Message().integer(1, TYPE[type]).message(2, new Message().messages(1, dimensions));
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

/** NodeProto; integer attributes are INT, lists INTS. */
export function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  message.text(2, output).text(3, output).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) {
    const attribute = new Message().text(1, name);
    if (typeof value === 'number') attribute.integer(3, value).integer(20, 2);
    else {
      for (const item of value) attribute.integer(8, item);
      attribute.integer(20, 7);
    }
    message.message(5, attribute);
  }
  return message;
}

/** TensorProto of float32 values. */
export function floats(name: string, shape: readonly number[], values: Float32Array): Message {
  const message = new Message();
  for (const extent of shape) message.integer(1, extent);
  return message.integer(2, TYPE.float32).text(8, name).bytes(9, new Uint8Array(values.buffer));
}

/** A small, fixed, irregular weight for each index. */
const weights = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 0.37 * i) / 20);

/**
 * The layout of a YOLOv8 segmentation model cut for the BPU, [1, H, W, C] float32 in this order: for each of the strides
 * 8, 16, 32 class, box and coefficient heads, then prototypes at stride 4. Each is one convolution of the picture.
 */
export function tenHeads(width: number, height: number, classes: readonly string[]): Uint8Array {
  const outputs: Value[] = [];
  const nodes: Message[] = [];
  const initializers: Message[] = [];
  const head = (name: string, channels: number, stride: number): void => {
    const kernel = [channels, 3, stride, stride];
    initializers.push(floats(`${name}.weight`, kernel, weights(channels * 3 * stride ** 2, outputs.length)));
    const strides = [stride, stride];
    nodes.push(
      node('Conv', ['images', `${name}.weight`], `${name}.nchw`, { kernel_shape: strides, strides }),
      node('Transpose', [`${name}.nchw`], name, { perm: [0, 2, 3, 1] }),
    );
    outputs.push({ name, shape: [1, height / stride, width / stride, channels] });
  };
  for (const stride of [8, 16, 32]) {
    head(`class${stride}`, classes.length, stride);
    head(`box${stride}`, 64, stride);
    head(`coefficients${stride}`, 32, stride);
  }
  head('prototypes', 32, 4);
  const names = `{${classes.map((name, id) => `${id}: '${name}'`).join(', ')}}`;
  const inputs = [{ name: 'images', shape: [1, 3, height, width] }];
  return modelFile({ inputs, outputs, nodes, initializers, metadata: { names, task: 'segment' } });
}

/** What queryModel() returns; see there. */
export interface QueryModel {
  readonly width: number;
  readonly height: number;
  /** By query: center x, center y, width, height as fractions of the picture. */
  readonly boxes: readonly (readonly number[])[];
  /** By query: a logit for each class. */
  readonly logits: readonly (readonly number[])[];
  /** By query: rows of logits, `columns` wide. */
  readonly masks: readonly Float32Array[];
  readonly columns: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A network that returns given outputs as RF-DETR's segmentation export has them (its masks have a number as a name), but that the
 * mean of the normalized input's channels is added to the first three classes' logits.
 */
export function queryModel({
  width,
  height,
  boxes,
  logits,
  masks,
  columns,
  metadata = {},
}: QueryModel): Uint8Array {
  const queries = boxes.length;
  const classes = logits[0]!.length;
  const maskShape = [1, queries, masks[0]!.length / columns, columns];
  const constant = (name: string, shape: readonly number[], values: readonly number[]): Message =>
    floats(name, shape, Float32Array.from(values));
  return modelFile({
    inputs: [{ name: 'input', shape: [1, 3, height, width] }],
    outputs: [
      { name: 'dets', shape: [1, queries, 4] },
      { name: 'labels', shape: [1, queries, classes] },
      { name: '4186', shape: maskShape },
    ],
    nodes: [
      node('ReduceMean', ['input'], 'means', { axes: [2, 3], keepdims: 0 }),
      node('MatMul', ['means', 'spread'], 'added'),
      node('Add', ['logits', 'added'], 'labels'),
      node('Identity', ['boxes'], 'dets'),
      node('Identity', ['masks'], '4186'),
    ],
    initializers: [
      constant('boxes', [1, queries, 4], boxes.flat()),
      constant('logits', [1, queries, classes], logits.flat()),
      constant(
        'masks',
        maskShape,
        masks.flatMap((mask) => [...mask]),
      ),
      constant(
        'spread',
        [3, classes],
        Array.from({ length: 3 * classes }, (_, i) => (i % classes === Math.floor(i / classes) ? 1 : 0)),
      ),
    ],
    metadata,
  });
}

/** Returns its input, channels last, to show how the engine converted the frame. */
export function echo(width: number, height: number): Uint8Array {
  return modelFile({
    inputs: [{ name: 'images', shape: [1, 3, height, width] }],
    outputs: [{ name: 'pixels', shape: [1, height, width, 3] }],
    nodes: [node('Transpose', ['images'], 'pixels', { perm: [0, 2, 3, 1] })],
  });
}

/** The mean of its input: large in, one number out. */
export function mean(width: number, height: number): Uint8Array {
  return modelFile({
    inputs: [{ name: 'images', shape: [1, 3, height, width] }],
    outputs: [{ name: 'mean', shape: [1, 1, 1, 1] }],
    nodes: [node('ReduceMean', ['images'], 'mean', { keepdims: 1 })],
  });
}

/** Fails at run time for bright pictures: it looks up entry floor(100 * mean) of a table of 50. */
export function failsWhenBright(width: number, height: number): Uint8Array {
  return modelFile({
    inputs: [{ name: 'images', shape: [1, 3, height, width] }],
    outputs: [{ name: 'entry', shape: [1, 1, 1, 1] }],
    nodes: [
      node('ReduceMean', ['images'], 'mean', { keepdims: 0 }),
      node('Mul', ['mean', 'hundred'], 'scaled'),
      node('Cast', ['scaled'], 'index', { to: TYPE.int64 }),
      node('Gather', ['table', 'index'], 'entry', { axis: 1 }),
    ],
    initializers: [
      floats('hundred', [], Float32Array.of(100)),
      floats(
        'table',
        [1, 50, 1, 1, 1],
        Float32Array.from({ length: 50 }, (_, i) => i),
      ),
    ],
  });
}
