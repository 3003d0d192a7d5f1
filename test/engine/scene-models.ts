import { join } from 'node:path';
import { ELEMENT, GRAPH, MODEL } from '../../src/model/onnx/onnx-model.js';
import { intAttribute } from '../../src/model/onnx/opset11.js';
import { type Chunk, messageField, WireFile, writeChunks } from '../../src/model/onnx/wire.js';
import { repository } from '../data.js';
import { addDecodingTail } from '../model/onnx/decoding-tail.js';
import { GraphBuilder } from '../model/onnx/graph-builder.js';

/** The demo model, which is part of the repository. */
export const SCENE_MODEL = join(repository, 'models/scene-n-seg.onnx');
export const SCENE = { width: 512, height: 288, classes: 6, coefficients: 32, cells: 3024 };
const STRIDES = [8, 16, 32];
/** Of the demo model. */
const OPSET = 11;

/**
 * The demo model with other outputs.
 *
 * - `detections`: as a stock export has them, [1, 4 + 6 + 32, 3024] and prototypes, channels first
 * - `instances`: as an end-to-end export has them, [1, 100, 6 + 32]
 * - `plain`: ten heads whose boxes are four distances, as those of YOLO26, level by level in the order of the model zoo
 */
export const SCENE_FORMS = ['detections', 'instances', 'plain'] as const;
export type SceneForm = (typeof SCENE_FORMS)[number];
export const SCENE_ROWS = 100;

/** Writes it. */
export function writeSceneModel(form: SceneForm, file: string): void {
  const graph = new GraphBuilder(OPSET);
  const outputs = form === 'plain' ? addPlainHeads(graph) : addDecoding(graph, form);
  const wire = new WireFile(SCENE_MODEL);
  try {
    const chunks: Chunk[] = [];
    for (const field of wire.fields({ start: 0, end: wire.size })) {
      if (field.number !== MODEL.graph) {
        chunks.push(field.whole);
        continue;
      }
      const kept = [...wire.fields(field.payload)].filter(({ number }) => number !== GRAPH.output);
      const added = [...graph.nodes.flat(), ...graph.initializers, ...outputs];
      chunks.push(...messageField(MODEL.graph, [...kept.map(({ whole }) => whole), ...added]));
    }
    writeChunks(file, chunks, wire);
  } finally {
    wire.close();
  }
}

function addDecoding(graph: GraphBuilder, form: 'detections' | 'instances'): Chunk[] {
  for (const [i, stride] of STRIDES.entries()) {
    for (const [name, part] of [
      ['box', 'cv2'],
      ['cls', 'cv3'],
      ['mc', 'cv4'],
    ]) {
      graph.transpose(`${name}${stride}`, `${part}.${i}`, [0, 3, 1, 2]);
    }
  }
  graph.transpose('proto', 'output1', [0, 3, 1, 2]);
  const { width, height, classes, coefficients, cells } = SCENE;
  const rows = form === 'instances' ? SCENE_ROWS : undefined;
  const sizes = { width, height, strides: STRIDES, classes, coefficients, regMax: 16 };
  addDecodingTail(graph, { ...sizes, layout: 'role', rows });
  const shape = rows === undefined ? [1, 4 + classes + coefficients, cells] : [1, rows, 6 + coefficients];
  return [
    ...graph.value(GRAPH.output, 'output0', shape, ELEMENT.float32),
    ...graph.value(GRAPH.output, 'output1', [1, coefficients, height / 4, width / 4]),
  ];
}

function addPlainHeads(graph: GraphBuilder): Chunk[] {
  const { width, height, classes, coefficients } = SCENE;
  const outputs = STRIDES.flatMap((stride) => {
    const [rows, columns] = [height / stride, width / stride];
    graph.reshape(`box${stride}`, `bins${stride}`, [1, 4 * rows * columns, 16]);
    graph.add('Softmax', [`bins${stride}`], `soft${stride}`, intAttribute('axis', 2));
    const weights = Array.from({ length: 16 }, (_, bin) => bin);
    graph.add(
      'MatMul',
      [`soft${stride}`, graph.floats(`weights${stride}`, [16, 1], weights)],
      `mean${stride}`,
    );
    graph.reshape(`mean${stride}`, `box${stride}.plain`, [1, rows, columns, 4]);
    return [
      ...graph.value(GRAPH.output, `cls${stride}`, [1, rows, columns, classes]),
      ...graph.value(GRAPH.output, `box${stride}.plain`, [1, rows, columns, 4]),
      ...graph.value(GRAPH.output, `mc${stride}`, [1, rows, columns, coefficients]),
    ];
  });
  return [...outputs, ...graph.value(GRAPH.output, 'proto', [1, height / 4, width / 4, coefficients])];
}
