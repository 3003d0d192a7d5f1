import { intAttribute, intsAttribute } from '../../../src/model/onnx/opset11.js';
import type { GraphBuilder } from './graph-builder.js';

export interface DecodingTail {
  readonly width: number;
  readonly height: number;
  readonly strides: readonly number[];
  readonly classes: number;
  readonly coefficients: number;
  readonly regMax: number;
  /** How the heads are joined: `role` as Ultralytics 8.4 does, `level` as it did before. */
  readonly layout: 'role' | 'level';
  /** Rows that the graph chooses itself. */
  readonly rows: number | undefined;
}

/**
 * The part of a stock export behind its heads: `cv2.0`, `cv3.0`, `cv4.0` (boxes, classes, coefficients of the finest level), `cv2.1`, ...,
 * channels first, become `output0`.
 */
export function addDecodingTail(graph: GraphBuilder, options: DecodingTail): void {
  const { width, height, strides: levels, classes, coefficients, regMax, layout, rows } = options;
  const { opset, type } = graph;
  const total = levels.reduce((sum, stride) => sum + (height / stride) * (width / stride), 0);
  for (const i of levels.keys()) {
    graph.reshape(`cv4.${i}`, `mc.${i}`, [1, coefficients, -1]);
    if (layout === 'role') {
      graph.reshape(`cv2.${i}`, `box.${i}`, [1, 4 * regMax, -1]);
      graph.reshape(`cv3.${i}`, `cls.${i}`, [1, classes, -1]);
    } else {
      graph.concat([`cv2.${i}`, `cv3.${i}`], `both.${i}`, 1);
      graph.reshape(`both.${i}`, `level.${i}`, [1, 4 * regMax + classes, -1]);
    }
  }
  const join = (name: string): string =>
    graph.add(
      'Concat',
      levels.map((_, i) => `${name}.${i}`),
      name,
      intAttribute('axis', 2),
    );
  join('mc');
  if (layout === 'role') {
    join('box');
    join('cls');
  } else {
    join('level');
    graph.split('level', ['box', 'cls'], [4 * regMax, classes]);
  }
  let sides = 'box';
  if (regMax > 1) {
    graph.reshape('box', 'dfl.in', [1, 4, regMax, total]);
    graph.add('Transpose', ['dfl.in'], 'dfl.bins', intsAttribute('perm', [0, 2, 1, 3]));
    // Before opset 13 a softmax takes all axes from its own on together: bins last, then back.
    if (opset >= 13) graph.add('Softmax', ['dfl.bins'], 'dfl.soft', intAttribute('axis', 1));
    else {
      graph.add('Transpose', ['dfl.bins'], 'dfl.last', intsAttribute('perm', [0, 2, 3, 1]));
      graph.add('Softmax', ['dfl.last'], 'dfl.softlast', intAttribute('axis', 3));
      graph.add('Transpose', ['dfl.softlast'], 'dfl.soft', intsAttribute('perm', [0, 3, 1, 2]));
    }
    const bins = graph.floats(
      'dfl.weight',
      [1, regMax, 1, 1],
      Array.from({ length: regMax }, (_, bin) => bin),
    );
    graph.add('Conv', ['dfl.soft', bins], 'dfl.out');
    sides = graph.reshape('dfl.out', 'dfl', [1, 4, total]);
  }
  graph.split(sides, ['lt', 'rb'], [2, 2]);
  const centers: number[][] = [[], []];
  const strides: number[] = [];
  for (const stride of levels) {
    for (let y = 0; y < height / stride; y++) {
      for (let x = 0; x < width / stride; x++) {
        centers[0]!.push(x + 0.5);
        centers[1]!.push(y + 0.5);
        strides.push(stride);
      }
    }
  }
  const anchors = graph.floats('anchors', [1, 2, total], centers.flat());
  graph.add('Sub', [anchors, 'lt'], 'x1y1');
  graph.add('Add', [anchors, 'rb'], 'x2y2');
  graph.add('Add', ['x1y1', 'x2y2'], 'twice');
  graph.add('Div', ['twice', graph.floats('two', [1], [2])], 'center');
  graph.add('Sub', ['x2y2', 'x1y1'], 'size');
  if (rows === undefined) graph.add('Concat', ['center', 'size'], 'xywh', intAttribute('axis', 1));
  else graph.add('Concat', ['x1y1', 'x2y2'], 'xywh', intAttribute('axis', 1));
  graph.add('Mul', ['xywh', graph.floats('strides', [1, total], strides)], 'boxes');
  graph.add('Sigmoid', ['cls'], 'scores');
  const all = rows === undefined ? 'output0' : 'cells';
  if (layout === 'role') graph.add('Concat', ['boxes', 'scores', 'mc'], all, intAttribute('axis', 1));
  else {
    graph.add('Concat', ['boxes', 'scores'], 'detect', intAttribute('axis', 1));
    graph.add('Concat', ['detect', 'mc'], all, intAttribute('axis', 1));
  }
  if (rows !== undefined) choose(rows);

  /** The operators of torch's export of YOLO26's postprocess(), in its order. */
  function choose(count: number): void {
    const last = intAttribute('axis', -1);
    const gather = (from: string, index: string, to: string, channels: number): string => {
      graph.add('Tile', [index, graph.integers(`${to}.repeats`, [1, 1, channels])], `${to}.index`);
      return graph.add('GatherElements', [from, `${to}.index`], to, intAttribute('axis', 1));
    };
    graph.add('Transpose', ['cells'], 'rows', intsAttribute('perm', [0, 2, 1]));
    graph.split('rows', ['rows.box', 'rows.score', 'rows.mc'], [4, classes, coefficients], -1);
    if (opset >= 18)
      graph.add(
        'ReduceMax',
        ['rows.score', graph.integers('max.axes', [-1])],
        'rows.max',
        intAttribute('keepdims', 0),
      );
    else
      graph.add(
        'ReduceMax',
        ['rows.score'],
        'rows.max',
        intAttribute('keepdims', 0),
        intsAttribute('axes', [-1]),
      );
    graph.add('TopK', ['rows.max', graph.integers('top.k', [count])], ['top.value', 'top.index'], last);
    graph.unsqueeze('top.index', 'top.cell', -1);
    gather('rows.box', 'top.cell', 'top.box', 4);
    gather('rows.score', 'top.cell', 'top.scores', classes);
    gather('rows.mc', 'top.cell', 'top.mc', coefficients);
    graph.add('Flatten', ['top.scores'], 'top.flat', intAttribute('axis', 1));
    graph.add('TopK', ['top.flat', graph.integers('pair.k', [count])], ['pair.score', 'pair.index'], last);
    const classTotal = graph.integers('pair.classes', [classes]);
    graph.add('Div', ['pair.index', classTotal], 'pair.row');
    graph.add('Mod', ['pair.index', classTotal], 'pair.class', intAttribute('fmod', 0));
    graph.unsqueeze('pair.row', 'pair.cell', -1);
    gather('top.box', 'pair.cell', 'out.box', 4);
    gather('top.mc', 'pair.cell', 'out.mc', coefficients);
    graph.unsqueeze('pair.score', 'out.score', -1);
    graph.unsqueeze('pair.class', 'pair.id', -1);
    graph.add('Cast', ['pair.id'], 'out.class', intAttribute('to', type));
    graph.add('Concat', ['out.box', 'out.score', 'out.class', 'out.mc'], 'output0', last);
  }
}
