/**
 * Cuts each model of a folder (see export.py), and compares the cut with the stock model tensor by tensor, and the decoder's
 * results for both. Networks with queries, which cannot be cut, are compared with a reference written from RF-DETR's own code.
 * Prints a Markdown table with one line per model.
 *
 *     node dist/tools/families/check.js FOLDER
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Decoder } from '../../src/vision/decode/decoder.js';
import type { DecodeOptions } from '../../src/vision/decode/options.js';
import type { Instance, Segmentation } from '../../src/vision/mask/segmentation.js';
import type { Engine } from '../../src/engine/engine.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { messageOf } from '../../src/base/expect.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { Tensor } from '../../src/vision/tensor/tensor.js';
import { SceneSource } from '../../src/media/scene/index.js';
import { cutModel } from '../../src/model/prepare/cut.js';
import { proveCut } from '../../src/engine/onnx/prove-cut.js';
import { recognizeModel } from '../../src/pipeline/recognize-model.js';
import { compareQueries, queryReference } from './reference.js';

/** Number of candidates of random heads to compare. */
const MOST = 60;

async function main(folder: string): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'families-'));
  const frame = await sceneFrame();
  process.stdout.write(
    '| model | classes | heads | largest difference: prototypes, coefficients, boxes, log of scores | decoded |\n|---|---|---|---|---|\n',
  );
  try {
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.onnx'))) {
      const row = await check(join(folder, name), join(temporary, name), frame).catch(messageOf);
      process.stdout.write(`| ${basename(name, '.onnx')} | ${row} |\n`);
    }
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

async function check(stock: string, cut: string, frame: Nv12Frame): Promise<string> {
  let cells: string[];
  try {
    const report = cutModel(stock, cut, { opset: 11 });
    const proof = await proveCut(stock, cut, report);
    const { proto, coefficient, box, score } = proof!;
    const shown = [proto, coefficient, box, score].map((value) => value.toExponential(0)).join(', ');
    cells = [String(report.classCount), String(report.heads.length), shown];
  } catch (error) {
    const { layout, instances } = await segment(stock, frame, { score: 0, maxDetections: MOST });
    if (layout.form === 'queries') return checkQueries(stock, frame);
    return `${layout.classCount} | not cut: ${messageOf(error).split('\n')[0]} | | ${instances.length} as it is`;
  }
  const best = await segment(cut, frame, { score: 0, nms: 'never', masks: 'none', maxDetections: MOST });
  // A little lower, so that rounding does not decide about the last one.
  const options = { score: 0.9999 * best.instances.at(-1)!.score, nms: 'always' } as const;
  const found = await segment(cut, frame, options);
  try {
    const wanted = await segment(stock, frame, options);
    cells.push(`${account(wanted.instances, found.instances, best.instances)} (${wanted.layout.form})`);
  } catch (error) {
    cells.push(`${found.instances.length}; the stock model does not run: ${messageOf(error).split('\n')[0]}`);
  }
  return cells.join(' | ');
}

/** The best queries, all mask cells within their boxes. */
async function checkQueries(file: string, frame: Nv12Frame): Promise<string> {
  const { width, height } = frame;
  let difference = { same: 0, cells: 0, wrong: 0 };
  const options = { score: 0, maxDetections: MOST };
  const { layout, instances } = await segment(file, frame, options, (found, tensors) => {
    difference = compareQueries(found, queryReference(tensors, width, height));
  });
  const { same, cells, wrong } = difference;
  return `${layout.classCount} | 3, not cut | | ${same} of ${instances.length} the same, ${wrong} of ${cells} mask cells differ`;
}

/**
 * Tells of each instance of the stock model whether the cut one has it. An end-to-end export selects pairs of a cell and a class, so
 * a cell may come twice; the decoder gives a cell only its best class.
 *
 * @param cells of the cut model, without NMS
 */
function account(
  wanted: readonly Instance[],
  found: readonly Instance[],
  cells: readonly Instance[],
): string {
  const missing = wanted.filter((instance) => !found.some((other) => isSame(instance, other)));
  const second = missing.filter((instance) =>
    cells.some(
      (cell) =>
        cell.classId !== instance.classId && cell.score > instance.score - 1e-3 && isSameBox(cell, instance),
    ),
  );
  const more = found.filter((instance) => !wanted.some((other) => isSame(instance, other)));
  const texts = [`${wanted.length - missing.length} of ${wanted.length} the same`];
  if (second.length > 0) texts.push(`${second.length} second classes of a cell`);
  if (missing.length > second.length) texts.push(`${missing.length - second.length} missing`);
  if (more.length > 0) texts.push(`${more.length} more`);
  return texts.join(', ');
}

async function segment(
  file: string,
  frame: Nv12Frame,
  options: DecodeOptions,
  use: (found: Segmentation, tensors: readonly Tensor[]) => void = () => undefined,
): Promise<Segmentation & Pick<Decoder, 'layout'>> {
  const engine: Engine = await OnnxEngine.open({ file });
  try {
    const decoder = new Decoder(recognizeModel(engine.model).layout, options);
    const inference = await engine.submit(frame);
    const found = decoder.decode(inference.tensors, inference.letterbox);
    use(found, inference.tensors);
    inference.release();
    return { ...found, layout: decoder.layout };
  } finally {
    await engine.close();
  }
}

function isSameBox(a: Instance, b: Instance): boolean {
  return (['x1', 'y1', 'x2', 'y2'] as const).every((side) => Math.abs(a.box[side] - b.box[side]) < 0.1);
}

function isSame(a: Instance, b: Instance): boolean {
  const inside = ({ mask }: Instance): number => mask.data.reduce((sum, cell) => sum + cell, 0);
  return (
    a.classId === b.classId &&
    Math.abs(a.score - b.score) < 1e-3 &&
    isSameBox(a, b) &&
    Math.abs(inside(a) - inside(b)) <= 0.01 * inside(a) + 2
  );
}

/** Square, as the networks: no candidates in the padding. */
async function sceneFrame(): Promise<Nv12Frame> {
  const source = new SceneSource({ seed: 1, count: 1, width: 640, height: 640 });
  for await (const { frame } of source.frames()) return frame;
  throw new Error('no frame');
}

await main(process.argv[2]!);
