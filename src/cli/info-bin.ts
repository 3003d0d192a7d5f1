import { packedStride } from '../vision/tensor/tensor.js';
import { messageOf } from '../base/expect.js';
import { quote } from '../model/prepare/dequantize.js';
import type { BinModel } from '../model/bin/bin-model.js';
import { binHeads, binInput, type BinOutput, binOutputs } from '../model/bin/bin-tensors.js';
import { readDeleted } from '../model/bin/dequantize-bin.js';
import { roleTexts, verdictText } from './info-heads.js';
import { printable } from './printable.js';

/** Metadata to print: hb_mapper's key, and its meaning. */
const FACTS: readonly (readonly [string, string])[] = [
  ['MARCH', 'march'],
  ['BUILDER_VERSION', 'builder'],
  ['HBDK_VERSION', 'compiler'],
  ['HBDK_RUNTIME_VERSION', 'runtime'],
  ['ONNX_MODEL', 'made of'],
  ['CALI_TYPE', 'calibration'],
  ['COMPILE_MODE', 'optimized for'],
];

/** Boards by march. */
const BOARDS: Readonly<Record<string, string>> = {
  'bayes-e': 'RDK X5',
  bernoulli2: 'RDK X3',
  bayes: 'RDK Ultra',
};

/** Describes a .bin on any machine, in the form of hrt_model_exec model_info. */
export function binModelText(model: BinModel): string {
  const { file, name } = model;
  const { layout, reason, roles } = binHeads(model);
  const texts = layout && roleTexts(layout);
  const lines = [
    `${file.path}: model ${name}, read from the file alone`,
    ...factLines(model),
    ...inputLines(model),
    ...binOutputs(model).flatMap((output, i) => outputLines(i, output, texts?.get(i))),
    ...nodeLines(model, roles),
    ...(layout ? [verdictText(layout)] : `The decoder cannot run it. ${reason}`.split('\n')),
    'Aligned shapes, strides and times are only known on the board:',
    `  hrt_model_exec model_info --model_file ${quote(file.path)}`,
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

/** What the file contains and libdnn does not report: its origin, and the nodes on the CPU that it has or had. */
export function binFactsText(model: BinModel): string {
  const lines = [...factLines(model), ...nodeLines(model, binHeads(model).roles)];
  return `From the file:\n${lines.map(printable).join('\n')}\n`;
}

function factLines(model: BinModel): string[] {
  const { program } = model;
  const facts = FACTS.flatMap(([key, label]) => {
    const text = (model.metadata.get(key) ?? '').trim();
    const board = key === 'MARCH' && BOARDS[text] ? ` (${BOARDS[text]})` : '';
    return text === '' ? [] : [`  ${label.padEnd(13)} ${text}${board}`];
  });
  return program ? [...facts, `  ${'program'.padEnd(13)} ${program.kind}, ${program.bytes} bytes`] : facts;
}

function inputLines(model: BinModel): string[] {
  try {
    const { name, shape, typeName, range, source } = binInput(model);
    const entry = (key: string): string => model.firstEntry(key) || 'none';
    // One for all channels or one for each, and a comma behind the last.
    const numbers = (key: string): string => entry(key).split(',').filter(Boolean).join(', ');
    return [
      'input[0]:',
      `  name: ${name}`,
      ...(source === '' ? [] : [`  input source: HB_DNN_INPUT_FROM_${source.toUpperCase()}`]),
      `  valid shape: (${shape.join(',')})`,
      `  tensor type: ${typeName}`,
      `  tensor layout: HB_DNN_LAYOUT_NCHW`,
      `  quanti type: NONE`,
      `  range of the samples: ${range === undefined ? 'not in the file' : range === 'full' ? 'full (0 to 255)' : 'limited (16 to 235)'}`,
      `  trained with: ${entry('INPUT_TYPE_TRAIN')}, mean ${numbers('MEAN_VALUE')}, scale ${numbers('SCALE_VALUE')}`,
    ];
  } catch (error) {
    return [`input: ${messageOf(error)}`];
  }
}

function outputLines(index: number, output: BinOutput, role?: string): string[] {
  const { name, shape, typeName, quantization, dequantizedBy } = output;
  const lines = [
    `output[${index}]:${role ? ` ${role}` : ''}`,
    `  name: ${name}`,
    `  valid shape: (${shape.join(',')})`,
    `  tensor type: ${typeName}`,
    `  quanti type: ${quantization.kind === 'scale' ? 'SCALE' : 'NONE'}`,
  ];
  if (quantization.kind === 'scale') {
    const scale = Array.from(quantization.scale, (value) => Number(value.toPrecision(6)));
    lines.push(`  scale: ${scale.join(',')}`, `  quantizeAxis: ${quantization.axis}`);
  }
  if (dequantizedBy) lines.push(`  made float on the CPU by: ${dequantizedBy.name}`);
  const values = packedStride([...shape, 1])[0]! * shape[0]!;
  if (dequantizedBy) lines.push(`  values a frame: ${values}`);
  return lines;
}

function nodeLines(model: BinModel, roles: ReadonlyMap<number, string>): string[] {
  const outputs = binOutputs(model);
  const left = outputs.flatMap(({ dequantizedBy }, i) =>
    dequantizedBy ? [`${dequantizedBy.name}${roles.has(i) ? ` (${roles.get(i)})` : ''}`] : [],
  );
  const removed = [...readDeleted(model)].map(([name, opType]) =>
    opType === 'Dequantize' ? name : `${name} (${opType})`,
  );
  const list = (label: string, names: readonly string[]): string[] => [
    `${label}: ${names.length === 0 ? 'none' : ''}`.trimEnd(),
    ...names.map((name) => `  ${name}`),
  ];
  return [...list('de-quantize nodes left', left), ...list('nodes that were removed', removed)];
}
