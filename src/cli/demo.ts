import { textTable } from '../base/text-table.js';
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { OnnxEngine } from '../engine/onnx/onnx-engine.js';
import { AveragePrecision } from '../vision/evaluate/average-precision.js';
import { expectInteger } from '../base/expect.js';
import { makeFolder } from '../base/files/folder.js';
import { writeWhole } from '../base/files/whole-file.js';
import { writeError } from '../base/files/write-error.js';
import { nv12ToRgb } from '../native/convert.js';
import { SceneSource } from '../media/scene/index.js';
import { Labels } from '../message/write/labels.js';
import { chooseLabels } from '../model/labels.js';
import { demoModel } from '../model/demo-model.js';
import { isResult, Segmenter } from '../pipeline/segmenter.js';
import { contactSheet } from '../media/render/contact-sheet.js';
import { encodeJpeg, shrinkToFit } from '../media/render/encode.js';
import { Overlay } from '../media/render/overlay.js';
import { type RgbPicture, rgbPicture } from '../media/render/rgb-picture.js';
import { command } from './program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { checkOutputs, ReadFiles } from './outputs.js';
import { Progress } from './progress.js';
import { BagSink } from './sinks/bag-file.js';
import { JsonLinesSink } from './sinks/json-lines.js';
import { Stop } from './stop.js';
import { Summary } from './summary.js';

const DEMO_OPTIONS = {
  out: {
    type: 'string',
    value: 'DIR',
    help: 'output folder (default out); the results of an earlier demo are replaced',
  },
  frames: { type: 'string', value: 'N', help: 'number of frames (default 150)' },
  seed: { type: 'string', value: 'N', help: 'seed of the scene (default 5)' },
  ...COMMON_OPTIONS,
} as const satisfies CliOptions;

/** Number of tiles of the contact sheet. */
const SHEET_TILES = 6;
const SHEET = { columns: 3, tileWidth: 480, tileHeight: 270 };
const SCORE = 0.25;

/** `tros-yolo-seg demo`: runs the whole pipeline on this machine, on a scene with known ground truth. */
export const demo = command({
  summary: 'segment a generated camera scene and measure speed and quality',
  usage: `Usage: tros-yolo-seg demo [options]\n\n${optionHelp(DEMO_OPTIONS)}\n`,
  options: DEMO_OPTIONS,
  async run(args) {
    const out = args.text('out') ?? 'out';
    const count = expectInteger('--frames', args.number('frames') ?? 150, 1, 100_000);
    const source = new SceneSource({
      count,
      seed: expectInteger('--seed', args.number('seed') ?? 5, 0, 0xffffffff),
    });
    checkOutputs([{ option: '--out', path: out, kind: 'folder' }], new ReadFiles([demoModel()]), false);
    const engine = await OnnxEngine.open({ file: demoModel() });
    const stop = Stop.listen();
    try {
      await runDemo(source, engine, out, stop);
      return stop.exitCode ?? 0;
    } finally {
      await engine.close();
      stop.release();
    }
  },
});

async function runDemo(source: SceneSource, engine: OnnxEngine, out: string, stop: Stop): Promise<void> {
  const segmenter = new Segmenter(engine, { score: SCORE });
  const labels = chooseLabels(segmenter.decoder.layout.classCount, engine.model.labels);
  const files = {
    sheet: join(out, 'contact-sheet.jpg'),
    bag: join(out, 'results.mcap'),
    json: join(out, 'results.jsonl'),
  };
  makeFolder(out);
  // Removed rather than overwritten, so that the target of a symbolic link is kept.
  for (const file of Object.values(files)) {
    try {
      rmSync(file, { force: true });
    } catch (error) {
      throw writeError(file, error);
    }
  }

  const json = await JsonLinesSink.open(files.json, new Labels(labels));
  // The instances contain the masks; maps of 150 frames would take 280 MB more.
  const bag = await BagSink.open(files.bag, {
    labels,
    threshold: SCORE,
    images: false,
    jpeg: true,
    omit: ['instance_map'],
  });
  const overlay = new Overlay({ labels });
  const quality = new AveragePrecision(segmenter.decoder.layout.classCount);
  const summary = new Summary();
  const tiles: { picture: RgbPicture; caption: string }[] = [];
  const every = Math.max(1, Math.floor(source.count / SHEET_TILES));

  const progress = new Progress('segmenting', source.count);
  summary.begin(source.name);
  try {
    for await (const result of segmenter.segment(stop.until(source.frames()))) {
      if (!isResult(result)) throw result.error;
      summary.add(result);
      quality.add(result.segmentation, result.frame.truth);
      await json.write(result);
      await bag.write(result);
      const { index } = result.frame;
      if (index % every === 0 && tiles.length < SHEET_TILES) {
        const { frame } = result.frame;
        const picture = rgbPicture(frame.width, frame.height);
        nv12ToRgb(frame, undefined, picture.data);
        // Drawn at its final size, so that lines and labels stay crisp.
        const tile = await shrinkToFit(picture, SHEET.tileWidth, SHEET.tileHeight);
        overlay.draw(tile, result.segmentation);
        tiles.push({
          picture: tile,
          caption: `frame ${index}: ${result.segmentation.instances.length} instances`,
        });
      }
      progress.step();
    }
  } finally {
    progress.end();
    summary.end();
    try {
      await json.close();
    } finally {
      await bag.close();
    }
  }
  const { mask, box } = quality.evaluate();
  const { width, height } = source.scene;
  if (tiles.length > 0) {
    const sheet = await contactSheet(tiles, {
      ...SHEET,
      title: 'tros-yolo-seg on the generated camera',
      subtitle: `${width}x${height} NV12, bundled demo model on ONNX Runtime: ${summary.rate.toFixed(0)} frames/s, mask AP50 ${mask.ap50.toFixed(2)}`,
    });
    await writeWhole(files.sheet, await encodeJpeg(sheet));
  }
  const written = Object.values(files).filter((file) => tiles.length > 0 || file !== files.sheet);
  const rows = [
    ['frames', `${summary.frames} of ${width}x${height}`],
    ['frames/s, including everything', summary.rate.toFixed(1)],
    ...Object.entries(summary.stages).map(([name, times]) => [
      `${name} ms (median)`,
      times.quantile(0.5).toFixed(2),
    ]),
    ['mask AP50', mask.ap50.toFixed(3)],
    ['mask AP50-95', mask.ap.toFixed(3)],
    ['box AP50', box.ap50.toFixed(3)],
    ...written.map((file) => ['written', relative('.', file)]),
  ];
  process.stdout.write(`${textTable(rows).join('\n')}\n${stop.text}`);
}
