import { textTable } from '../base/text-table.js';
import { ExpectationError, expectInteger, expectNumber } from '../base/expect.js';
import { compareTrackers, TRACK_SETTINGS, type TrackComparison } from '../pipeline/compare-trackers.js';
import {
  compareSteadiness,
  STEADY_SETTINGS,
  type SteadyComparison,
  type SteadyQuality,
} from '../pipeline/compare-steadiness.js';
import { TRACK_SCENES } from '../media/scene/walkers.js';
import { EVAL_COCO_OPTIONS, evaluateCoco } from './eval-coco.js';
import { command } from './program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';

const TRACK_OPTIONS = {
  tracks: {
    type: 'boolean',
    help: "tracking of generated scenes with known identities, ours beside ByteTrack's rule on the same detections",
  },
  scenes: { type: 'string', value: 'N', help: 'scenes of each kind, 1 to 1000 (default 5)' },
  seed: {
    type: 'string',
    value: 'N',
    help: 'seed of the first scene (default 101; 1 to 20 were used for tuning)',
  },
  seconds: { type: 'string', value: 'S', help: 'length of a scene, 1 to 600 (default 20)' },
  'steady-shapes': {
    type: 'string',
    value: 'S',
    help: 'seconds over which shapes are smoothed, 0.01 to 2 (default 0.3)',
  },
  ...COMMON_OPTIONS,
} as const satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg eval ANNOTATIONS FOUND [options]
       tros-yolo-seg eval ANNOTATIONS --images DIR [--model FILE] [options]
       tros-yolo-seg eval --tracks [options]

Measures how good results are, where the truth is known.

ANNOTATIONS is a file of COCO's (instances_val2017.json, or a set of yours in that form). FOUND is what run --json or
--coco wrote, or COCO results of another program; with --images, a model segments the pictures. The figures are those
of pycocotools: average precision and recall of masks and boxes.

${optionHelp(EVAL_COCO_OPTIONS)}

--tracks: detections are drawn at random around what is visible in generated scenes, with noise, gaps and errors, and
both trackers get the same. IDF1 and HOTA are TrackEval's, in percent.

The second table: boxes and masks as they were found, and smoothed (parameter steady_shapes). Flicker is 100 percent
less the IoU of an object's masks, or boxes, in consecutive frames, so a still object has none. IoU and AP are those
with the truth, in percent. Lag: pixels by which boxes of moving objects are behind.

${optionHelp(TRACK_OPTIONS)}
`;

/** `tros-yolo-seg eval`: how good results are. */
export const evaluate = command({
  summary: 'measure how good masks, boxes and tracks are',
  usage: USAGE,
  options: { ...EVAL_COCO_OPTIONS, ...TRACK_OPTIONS },
  run(args) {
    if (!args.flag('tracks')) return evaluateCoco(args);
    if (args.positionals.length > 0) {
      throw new ExpectationError(
        'no files with --tracks',
        args.positionals.join(' '),
        'The scenes are generated.',
      );
    }
    const count = expectInteger('--scenes', args.number('scenes') ?? 5, 1, 1000);
    const seed = expectInteger('--seed', args.number('seed') ?? 101, 0, 1e9);
    const seconds = expectNumber('--seconds', args.number('seconds') ?? 20, 1, 600);
    const smoothed = expectNumber('--steady-shapes', args.number('steady-shapes') ?? 0.3, 0.01, 2);
    const seeds = Array.from({ length: count }, (_, i) => seed + i);
    const rows: string[][] = [];
    for (const kind of TRACK_SCENES) {
      const compared = TRACK_SETTINGS.map((setting) => compareTrackers({ kind, ...setting }, seeds, seconds));
      compared.forEach((comparison, i) => rows.push(row(kind, settingText(TRACK_SETTINGS[i]!), comparison)));
      rows.push(row(kind, 'mean', meanOf(compared)));
    }
    const heads = ['IDF1', 'HOTA', 'switches'];
    const titles = ['scene', 'frames', ...heads, ...heads.map((name) => `ByteTrack ${name}`), 'IDF1 ahead'];
    const steady = STEADY_SETTINGS.map((setting) =>
      steadyRow(
        setting.kind,
        settingText({ ...setting, dropped: 0 }),
        compareSteadiness(setting, seeds, seconds, smoothed),
      ),
    );
    const tables = [
      [titles, ...rows],
      [['scene', 'frames', ...STEADY_COLUMNS.map(([title]) => title)], ...steady],
    ].map((table) => textTable(table).join('\n'));
    process.stdout.write(`${tables.join('\n\n')}\n`);
    return Promise.resolve(0);
  },
});

/** Title, value, factor. */
const STEADY_COLUMNS: readonly [string, keyof SteadyQuality, number][] = [
  ['mask flicker', 'maskFlicker', 100],
  ['box flicker', 'boxFlicker', 100],
  ['mask IoU', 'maskIou', 100],
  ['box IoU', 'boxIou', 100],
  ['mask AP', 'ap', 100],
  ['lag', 'lag', 1],
];

function steadyRow(kind: string, setting: string, { asFound, steady }: SteadyComparison): string[] {
  const text = (value: number, factor: number): string =>
    Number.isNaN(value) ? '-' : (factor * value).toFixed(factor === 1 ? 2 : 1);
  return [
    ...[kind, setting],
    ...STEADY_COLUMNS.map(([, of, factor]) => `${text(asFound[of], factor)} > ${text(steady[of], factor)}`),
  ];
}

function settingText({ rate, dropped }: { rate: number; dropped: number }): string {
  return `${rate} FPS${dropped > 0 ? `, ${100 * dropped} % lost` : ''}`;
}

function row(kind: string, setting: string, { ours, byteTrack }: TrackComparison): string[] {
  const percent = (share: number): string => (100 * share).toFixed(1);
  const numbers = [ours, byteTrack].flatMap(({ idf1, hota, switches }) => [
    percent(idf1),
    percent(hota),
    switches.toFixed(1),
  ]);
  return [kind, setting, ...numbers, percent(ours.idf1 - byteTrack.idf1)];
}

function meanOf(all: readonly TrackComparison[]): TrackComparison {
  const mean = (of: keyof TrackComparison, name: 'idf1' | 'hota' | 'switches'): number =>
    all.reduce((sum, comparison) => sum + comparison[of][name], 0) / all.length;
  const side = (of: keyof TrackComparison): TrackComparison['ours'] => ({
    idf1: mean(of, 'idf1'),
    hota: mean(of, 'hota'),
    switches: mean(of, 'switches'),
  });
  return { ours: side('ours'), byteTrack: side('byteTrack') };
}
