import { ExpectationError, expectInteger, reportOf } from '../base/expect.js';
import { openInputs } from '../media/inputs.js';
import { defaultsOf } from '../parameters/parameter.js';
import { SEGMENT_PARAMETERS, type SegmentParameters } from '../parameters/segment.js';
import { parseRegion } from '../vision/picture/region.js';
import { LivePage } from '../web/live-page.js';
import { BPU_OPTIONS } from './bpu-options.js';
import { FileCamera } from './live/file-camera.js';
import { expectInputs, inputNames, LiveSession } from './live/live-session.js';
import { Timer } from './live/timer.js';
import { type Arguments, type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { choiceOption, fromParameter, numberOption } from './parameter-options.js';
import { printable } from './printable.js';
import { command } from './program.js';
import { colorRange, headRoles, imageReading, pictureSize, RUN_OPTIONS } from './run-options.js';
import { Stop } from './stop.js';

/** Default of --port. */
const DEFAULT_PORT = 8080;
/** Frames of a scene: practically endless. */
const ENDLESS = 0xffffffff;

const { model, engine, labels, heads, threads, range, score, iou, nms, classes, masks, track } = RUN_OPTIONS;
const { zone, line, roi } = RUN_OPTIONS;
const { size, topic, rate, seed, quiet } = RUN_OPTIONS;

const LIVE_OPTIONS = {
  port: {
    type: 'string',
    value: 'N',
    help: `port of the page (default ${DEFAULT_PORT}; 0: any that is free)`,
  },
  host: fromParameter('web_host', 'ADDRESS'),
  token: fromParameter('web_token', 'TOKEN', {
    help: 'with which the page may change settings and load models (default: read only)',
  }),
  'host-name': fromParameter('web_hosts', 'NAME', { multiple: true }),
  origin: fromParameter('web_origins', 'ORIGIN', { multiple: true }),
  recordings: fromParameter('web_recordings', 'DIR', {
    help: 'folder of bags that the page records (default .)',
  }),
  ...{ model, engine, labels, heads, threads, range, score, iou, nms },
  'max-detections': RUN_OPTIONS['max-detections'],
  classes,
  'class-score': RUN_OPTIONS['class-score'],
  ...{ masks, track, zone, line },
  'zone-anchor': RUN_OPTIONS['zone-anchor'],
  ...{ roi, size, topic },
  rate: {
    ...rate,
    help: 'frames per second of scene: (default 30), NV12 files (default 10) and pictures (default 1)',
  },
  ...{ seed, quiet },
  ...COMMON_OPTIONS,
} as const satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg live INPUT... [options]

Opens a page that shows the inputs, what is found in them, rates and latencies in a browser. Each input is a
camera: pictures, raw NV12 files, videos (needs ffmpeg), rosbag2 bags (MCAP), folders of these, and scene: (a
generated camera). They are played at their own pace, again and again; a camera that is faster than the model
loses frames, as on a robot.

${optionHelp(LIVE_OPTIONS)}

Models for the BPU (.bin):
${optionHelp(BPU_OPTIONS)}
`;

/** `tros-yolo-seg live`: files as cameras, in a browser. */
export const live = command({
  summary: 'show pictures, videos, bags or the generated scene live in a browser',
  usage: USAGE,
  options: { ...LIVE_OPTIONS, ...BPU_OPTIONS },
  async run(args) {
    const inputs = args.positionals;
    expectInputs(inputs);
    const region = parseRegion('--roi', args.text('roi') ?? '');
    const port = expectInteger('--port', args.number('port') ?? DEFAULT_PORT, 0, 65_535);
    const parameters = parametersOf(args);
    const opened = await openCameras(args);
    const silent = args.flag('quiet');
    const warn = (line: string): void => void process.stderr.write(`tros-yolo-seg: ${printable(line)}\n`);
    const session = await LiveSession.open(inputNames(inputs), parameters, region, warn);
    const timing = new Timer();
    let page: LivePage | undefined;
    const stop = Stop.listen(silent);
    try {
      page = session.page = await LivePage.open({
        ...{ source: session, port, host: parameters.web_host, token: parameters.web_token },
        ...{ hosts: parameters.web_hosts, origins: parameters.web_origins },
        recordings: args.text('recordings') ?? '.',
        log: warn,
      });
      const open = parameters.web_token === '' ? '' : `#token=${encodeURIComponent(parameters.web_token)}`;
      process.stdout.write(`${page.address}${open}\n`);
      const cameras = opened.map(
        (sources, camera) =>
          new FileCamera(session.cameras[camera]!, sources, {
            ...{ timing, rate: args.number('rate') },
            offer: (frame) => session.offer(camera, frame),
            report: (where, error) => warn(`${where}: ${reportOf(error)}`),
          }),
      );
      const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
      const ended = Promise.all(cameras.map((camera) => camera.play())).then(() => {
        if (!stop.requested)
          throw new ExpectationError(
            'an input with frames',
            'none that can be read',
            'The lines above say why. To try the page without an input of your own: tros-yolo-seg live scene:',
          );
      });
      try {
        if (!stop.requested) await Promise.race([stopped, ended]);
      } finally {
        for (const camera of cameras) camera.stop();
        timing.end();
        await ended.catch(() => undefined);
      }
      return stop.exitCode ?? 0;
    } finally {
      await page?.close();
      await session.close();
      stop.release();
    }
  },
});

/** Opens each input; one that cannot be opened ends the command. */
async function openCameras(args: Arguments): Promise<Awaited<ReturnType<typeof openInputs>>['sources'][]> {
  const cameras = [];
  for (const input of args.positionals) {
    const { sources, failed } = await openInputs([input], {
      size: pictureSize(args),
      topic: args.text('topic'),
      frames: ENDLESS,
      rate: args.number('rate'),
      seed: args.number('seed'),
      reading: imageReading(args),
    });
    const [first] = failed;
    if (sources.length === 0 && first) throw first.error;
    cameras.push(sources);
  }
  return cameras;
}

/** The corresponding parameters of the node. */
function parametersOf(args: Arguments): SegmentParameters {
  const number = (option: keyof typeof LIVE_OPTIONS, name: Parameters<typeof numberOption>[2]): number =>
    numberOption(args, option, name);
  const given = args.texts('origin');
  return {
    ...defaultsOf(SEGMENT_PARAMETERS),
    model: args.text('model') ?? '',
    engine: choiceOption(args, 'engine', SEGMENT_PARAMETERS.engine),
    labels: args.text('labels') ?? '',
    heads: headRoles(args) ?? [],
    threads: number('threads', 'threads'),
    model_name: args.text('name') ?? '',
    library: args.text('library') ?? '',
    bpu_core: numberOption(args, 'core', 'bpu_core'),
    bpu_priority: numberOption(args, 'priority', 'bpu_priority'),
    bpu_timeout: numberOption(args, 'timeout', 'bpu_timeout'),
    color_range: colorRange(args),
    score: number('score', 'score'),
    iou: number('iou', 'iou'),
    nms: choiceOption(args, 'nms', SEGMENT_PARAMETERS.nms),
    max_detections: number('max-detections', 'max_detections'),
    classes: args.text('classes')?.split(',') ?? [],
    class_scores: args.texts('class-score'),
    masks: choiceOption(args, 'masks', SEGMENT_PARAMETERS.masks),
    tracking: args.flag('track'),
    zones: args.texts('zone'),
    lines: args.texts('line'),
    zone_anchor: choiceOption(args, 'zone-anchor', SEGMENT_PARAMETERS.zone_anchor),
    web_host: args.text('host') ?? SEGMENT_PARAMETERS.web_host.default,
    web_token: args.text('token') ?? '',
    web_hosts: args.texts('host-name'),
    web_origins: given.length > 0 ? given : SEGMENT_PARAMETERS.web_origins.default,
  };
}
