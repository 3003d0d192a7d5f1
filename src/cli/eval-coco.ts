import { closeSync, createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ExpectationError, messageOf } from '../base/expect.js';
import { writeWhole } from '../base/files/whole-file.js';
import { textTable } from '../base/text-table.js';
import { openInputs } from '../media/inputs.js';
import { curvePicture, type NamedCurve } from '../media/render/curve-picture.js';
import { encodePng } from '../media/render/encode.js';
import { demoModel } from '../model/demo-model.js';
import { findModel } from '../model/find-model.js';
import { openRecognized } from '../pipeline/open-segmenter.js';
import { isResult } from '../pipeline/segmenter.js';
import {
  AveragePrecision,
  type CocoFigures,
  type Evaluation,
  type Quality,
} from '../vision/evaluate/average-precision.js';
import { CocoResults } from '../vision/evaluate/coco-results.js';
import { CocoTruth } from '../vision/evaluate/coco-truth.js';
import { MaskScaler } from '../vision/mask/mask-scale.js';
import type { Instance } from '../vision/mask/segmentation.js';
import { BPU_OPTIONS, engineSettings } from './bpu-options.js';
import type { Arguments, CliOptions } from './options.js';
import { checkOutputs, FORCE_OPTION, type Output, ReadFiles } from './outputs.js';
import { printable } from './printable.js';
import { Progress } from './progress.js';
import { decodeOptions, headRoles, RUN_OPTIONS } from './run-options.js';

/** Lowest score when a model is evaluated: the curve needs unlikely detections, too. */
const LOWEST_SCORE = '0.001';

/** Options of `eval` with COCO annotations. */
export const EVAL_COCO_OPTIONS = {
  images: { type: 'string', value: 'DIR', help: 'pictures of the annotations, for the model to segment' },
  model: RUN_OPTIONS.model,
  engine: RUN_OPTIONS.engine,
  labels: RUN_OPTIONS.labels,
  heads: RUN_OPTIONS.heads,
  threads: RUN_OPTIONS.threads,
  range: RUN_OPTIONS.range,
  score: {
    type: 'string',
    value: 'P',
    help: `lowest score of the model's instances (default ${LOWEST_SCORE})`,
  },
  iou: RUN_OPTIONS.iou,
  nms: RUN_OPTIONS.nms,
  'max-detections': RUN_OPTIONS['max-detections'],
  curve: { type: 'string', value: 'FILE', help: 'write a picture (PNG) of precision over recall' },
  json: { type: 'string', value: 'FILE', help: 'write all figures as JSON' },
  force: FORCE_OPTION,
  ...BPU_OPTIONS,
} as const satisfies CliOptions;

/** What is evaluated. */
interface Evaluated {
  readonly figures: Evaluation;
  readonly boxes: boolean;
  readonly masks: boolean;
}

/**
 * Evaluates detections, or a model, against COCO annotations.
 *
 * @throws ExpectationError for annotations or detections that cannot be read, or do not fit each other
 */
export async function evaluateCoco(args: Arguments): Promise<number> {
  const [annotations, found, ...more] = args.positionals;
  const images = args.text('images');
  if (annotations === undefined || more.length > 0 || (found === undefined) === (images === undefined)) {
    throw new ExpectationError(
      'ANNOTATIONS and a file of detections, or ANNOTATIONS and --images',
      args.positionals.join(' ') || 'nothing',
      'See --help.',
    );
  }
  const outputs: Output[] = (['curve', 'json'] as const).flatMap((name) => {
    const path = args.text(name);
    return path === undefined ? [] : [{ option: `--${name}`, path, kind: 'file' as const }];
  });
  const given = args.text('model');
  const model = images === undefined ? undefined : given === undefined ? demoModel() : findModel(given);
  checkOutputs(outputs, new ReadFiles([annotations, found, images, model]), args.flag('force'));

  const truth = new CocoTruth(parseFile(annotations));
  const evaluated =
    found !== undefined
      ? await evaluateFile(truth, found)
      : await evaluateModel(truth, images!, model!, args);
  const { figures, boxes, masks } = evaluated;
  process.stdout.write(`${report(truth, evaluated)}\n`);
  const json = args.text('json');
  if (json !== undefined) {
    const kinds = {
      ...(boxes ? { box: record(figures.box, truth) } : {}),
      ...(masks ? { mask: record(figures.mask, truth) } : {}),
    };
    const all = { images: figures.frames, objects: figures.objects, ...kinds };
    await writeWhole(json, Buffer.from(`${JSON.stringify(all, null, 2)}\n`), args.flag('force'));
  }
  const curve = args.text('curve');
  if (curve !== undefined) {
    const picture = drawCurves(truth, masks ? figures.mask : figures.box, masks ? 'masks' : 'boxes');
    await writeWhole(curve, await encodePng(picture), args.flag('force'));
  }
  return 0;
}

function parseFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ExpectationError(
      `a readable file ${path}`,
      messageOf(error),
      'Check its name and its permissions.',
      { cause: error },
    );
  }
  return parse(text, path);
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ExpectationError(
      `JSON in ${where}`,
      messageOf(error),
      'It may be cut off, or of another kind: write or download it again.',
      { cause: error },
    );
  }
}

async function evaluateFile(truth: CocoTruth, path: string): Promise<Evaluated> {
  const results = new CocoResults(truth);
  if (beginsWithList(path)) for (const entry of parseFile(path) as unknown[]) results.addResult(entry);
  else {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      number++;
      if (line.trim() !== '') results.addLine(parse(line, `${path}, line ${number}`));
    }
  }
  warnUnknown(results.unknown);
  const quality = new AveragePrecision(truth.names.length);
  for (const image of truth.images) quality.add(results.of(image), truth.of(image));
  const nothing = results.count === 0;
  return {
    figures: quality.evaluate(),
    boxes: nothing || results.boxes,
    masks: nothing || results.masks,
  };
}

/** Whether the file is COCO's results, which are one list. */
function beginsWithList(path: string): boolean {
  return /^\s*\[/.test(startOf(path));
}

/** Its first bytes: JSON lines may be larger than a string can be. */
function startOf(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(64);
      return bytes.toString('utf8', 0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ExpectationError(
      `a readable file ${path}`,
      messageOf(error),
      'Check its name and its permissions.',
      { cause: error },
    );
  }
}

async function evaluateModel(
  truth: CocoTruth,
  images: string,
  model: string,
  args: Arguments,
): Promise<Evaluated> {
  const { engine, segmenter, labels } = await openRecognized(
    model,
    engineSettings(args),
    { roles: headRoles(args), labelFile: args.text('labels') },
    (names, warnings) => {
      for (const text of warnings) process.stderr.write(`tros-yolo-seg: ${printable(text)}\n`);
      return { ...decodeOptions(args, names), score: Number(args.text('score') ?? LOWEST_SCORE) };
    },
  );
  try {
    const classOf = labels.map((name) => truth.names.indexOf(name));
    if (!classOf.some((id) => id >= 0)) {
      throw new ExpectationError(
        `a model whose classes are categories of the annotations (${truth.names.slice(0, 5).join(', ')} ...)`,
        labels.slice(0, 5).join(', '),
        'Give the names of its classes with --labels.',
      );
    }
    warnUnknown(new Set(labels.filter((_, i) => classOf[i]! < 0)));
    const paths = truth.images.map(({ fileName }) => join(images, fileName));
    const { sources, failed } = await openInputs(paths);
    if (failed.length > 0) {
      const { name, error } = failed[0]!;
      throw new ExpectationError(
        `the annotated picture ${name}`,
        messageOf(error),
        '--images DIR is the folder that file_name of the annotations starts from.',
        {
          cause: error,
        },
      );
    }
    if (
      sources.length !== paths.length ||
      sources.some(({ name, still }, i) => name !== paths[i] || !still)
    ) {
      const other = paths.find((path, i) => sources[i]?.name !== path || !sources[i].still);
      throw new ExpectationError(
        'a picture for each file_name of the annotations',
        other,
        'Videos and folders are not scored: name their pictures in the annotations.',
      );
    }
    const quality = new AveragePrecision(truth.names.length);
    const progress = new Progress('evaluating', sources.length);
    const scaler = new MaskScaler();
    try {
      for (const [i, source] of sources.entries()) {
        const image = truth.images[i]!;
        for await (const result of segmenter.segment(source.frames())) {
          if (!isResult(result)) throw result.error;
          const { segmentation } = result;
          const instances = segmentation.instances.flatMap((instance): Instance[] => {
            const classId = classOf[instance.classId]!;
            const { x, y, width, height, data } = scaler.toPicture(instance.mask, segmentation);
            return classId < 0
              ? []
              : [{ ...instance, classId, mask: { x, y, width, height, data: data.slice() } }];
          });
          const { width, height } = segmentation;
          if (width !== image.width || height !== image.height) {
            throw new ExpectationError(
              `${source.name} with ${image.width}x${image.height} pixels, as the annotations say`,
              `${width}x${height}`,
              'Give the pictures that were annotated.',
            );
          }
          quality.add({ width, height, maskWidth: width, maskHeight: height, instances }, truth.of(image));
        }
        progress.step();
      }
    } finally {
      progress.end();
    }
    return { figures: quality.evaluate(), boxes: true, masks: true };
  } finally {
    await engine.close();
  }
}

function warnUnknown(names: ReadonlySet<string>): void {
  if (names.size === 0) return;
  const list = [...names].slice(0, 10).map(printable).join(', ');
  process.stderr.write(
    `tros-yolo-seg: left out ${names.size} classes that the annotations do not have: ${list}${names.size > 10 ? ' ...' : ''}\n`,
  );
}

const FIGURES = [
  ['AP, IoU 0.50:0.95', 'ap'],
  ['AP50', 'ap50'],
  ['AP75', 'ap75'],
  ['AP small (up to 32x32 pixels)', 'apSmall'],
  ['AP medium (up to 96x96)', 'apMedium'],
  ['AP large', 'apLarge'],
  ['AR 1 detection per picture and class', 'ar1'],
  ['AR 10', 'ar10'],
  ['AR 100', 'ar100'],
  ['AR small', 'arSmall'],
  ['AR medium', 'arMedium'],
  ['AR large', 'arLarge'],
] as const satisfies readonly (readonly [string, keyof CocoFigures])[];

function report(truth: CocoTruth, { figures, boxes, masks }: Evaluated): string {
  const kinds = [
    ...(masks ? [['mask', figures.mask] as const] : []),
    ...(boxes ? [['box', figures.box] as const] : []),
  ];
  const main = masks ? figures.mask : figures.box;
  const rows = truth.names.flatMap((name, i) => {
    const { objects, best } = main.classes[i]!;
    if (objects === 0) return [];
    const aps = kinds.flatMap(([, quality]) => {
      const { ap, ap50 } = quality.classes[i]!;
      return [figure(ap), figure(ap50)];
    });
    return [
      [
        printable(name),
        String(objects),
        ...aps,
        figure(best.precision),
        figure(best.recall),
        figure(best.score),
      ],
    ];
  });
  const titles = kinds.flatMap(([kind]) => [`${kind} AP`, `${kind} AP50`]);
  const means = kinds.flatMap(([, { ap, ap50 }]) => [figure(ap), figure(ap50)]);
  const table = textTable([
    ['class', 'objects', ...titles, 'precision', 'recall', 'at score'],
    ...rows,
    ['all', String(figures.objects), ...means, '', '', ''],
  ]);
  const summary = textTable([
    [`${figures.frames} pictures`, ...kinds.map(([kind]) => kind)],
    ...FIGURES.map(([name, key]) => [name, ...kinds.map(([, quality]) => figure(quality[key]))]),
  ]);
  return [...table, '', ...summary].join('\n');
}

function figure(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(3);
}

/** All figures by their names; null if there is nothing to find. */
function record(quality: Quality, truth: CocoTruth): object {
  const figures = Object.fromEntries(FIGURES.map(([, key]) => [key, orNull(quality[key])]));
  const classes = truth.names.map((name, i) => {
    const { objects, ap, ap50, ap75, best } = quality.classes[i]!;
    const numbers = { ap: orNull(ap), ap50: orNull(ap50), ap75: orNull(ap75) };
    return { name, category_id: truth.categoryIds[i], objects, ...numbers, best };
  });
  return { ...figures, classes };
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function drawCurves(truth: CocoTruth, quality: Quality, what: string): ReturnType<typeof curvePicture> {
  const curves = truth.names.flatMap((name, i): NamedCurve[] => {
    const { objects, curve, ap50 } = quality.classes[i]!;
    return objects === 0 ? [] : [{ name, curve, ap: ap50 }];
  });
  const mean = Array.from(
    { length: 101 },
    (_, i) => curves.reduce((sum, { curve }) => sum + curve[i]!, 0) / Math.max(1, curves.length),
  );
  return curvePicture(curves, {
    title: `Precision and recall of ${what}`,
    subtitle: `IoU 0.5, ${truth.images.length} pictures, ${curves.length} classes; AP50 behind each name`,
    mean: { name: 'all classes', curve: mean, ap: quality.ap50 },
  });
}
