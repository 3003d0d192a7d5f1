import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Decoder } from '../../vision/decode/decoder.js';
import type { HeadLayout } from '../../vision/decode/heads.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import { BpuEngine } from '../../engine/bpu/bpu-engine.js';
import type { Engine } from '../../engine/engine.js';
import { boxArea, boxIntersection } from '../../vision/evaluate/overlap.js';
import { messageOf } from '../../base/expect.js';
import { openInputs } from '../../media/inputs.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import { Scene, type SceneTruth } from '../../media/scene/index.js';
import { isBadFrame } from '../../vision/picture/frame-source.js';
import { withBin } from '../../model/bin/bin-model.js';
import { addon } from '../../native/addon.js';
import { measureThroughput } from '../../pipeline/throughput.js';
import type { Board } from './board.js';
import type { Finding, Section } from './finding.js';
import { findKnownResult, isKnownModel, publishedRow } from './published.js';
import { type ModelHints, recognizeModel, type RecognizedModel } from '../../pipeline/recognize-model.js';
import { headsText } from '../info-heads.js';

/** Opens the model with this many frames in flight. */
export type Opener = (slots: number) => Promise<Engine>;

export interface ModelCheck {
  readonly file: string;
  readonly open: Opener;
  readonly board: Board | undefined;
  /** @default a generated scene */
  readonly picture?: string | undefined;
  /** What the user specifies about the model. */
  readonly hints?: ModelHints;
  /** Frames of each measurement; 0 for none. */
  readonly frames: number;
  /** Whether the model is this package's own, which is trained on the shapes of the scene. */
  readonly demo: boolean;
}

/** Below this fraction of the published rate, something slows the BPU down. */
const SLOW = 0.9;
/** Fraction of the objects in the built-in scene that the demo model has to find. The scene was not used for training. */
const FOUND = 0.8;

/** The model's file, its engine, what it finds in a picture, and how fast it is. */
export async function modelSection(check: ModelCheck): Promise<Section> {
  const findings: Finding[] = [];
  try {
    const sum = await fileSum(check.file);
    findings.push(fileFinding(check.file, sum), ...marchFindings(check));
    await measured(check, 1, findings, sum.sha256);
    if (check.frames > 0) await measured(check, 2, findings, sum.sha256);
  } catch (error) {
    findings.push({ what: 'model', verdict: 'failure', text: messageOf(error).replace(/\n+/g, ' ') });
  }
  return { title: 'Model', findings };
}

/** With one frame in flight, also reports the engine, the heads and the instances found. */
async function measured(
  check: ModelCheck,
  slots: number,
  findings: Finding[],
  sha256: string,
): Promise<void> {
  const engine = await check.open(slots);
  try {
    if (slots === 1) findings.push(...engineFindings(engine, check));
    const recognized = recognizeModel(engine.model, check.hints);
    if (slots === 1) {
      findings.push(headsFinding(recognized.layout, engine));
      for (const text of recognized.warnings) findings.push({ what: 'heads', verdict: 'warning', text });
    }
    const { frame, truth } = await pictureOf(check.picture);
    if (slots === 1) findings.push(await resultFinding(check, engine, recognized, frame, truth, sha256));
    if (check.frames > 0) findings.push(await speedFinding(check, engine, recognized.layout, frame));
  } finally {
    await engine.close();
  }
}

interface FileSum {
  readonly size: number;
  readonly sha256: string;
}

async function fileSum(file: string): Promise<FileSum> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}

function fileFinding(file: string, { size, sha256 }: FileSum): Finding {
  return { what: 'file', verdict: 'ok', text: `${file}, ${size} bytes, sha256 ${sha256}` };
}

/** libdnn rejects a model for another board's BPU with nothing but a number. */
function marchFindings({ file, board }: ModelCheck): Finding[] {
  if (!file.toLowerCase().endsWith('.bin')) return [];
  let march: string;
  try {
    march = withBin(file, (model) => (model.metadata.get('MARCH') ?? '').trim());
  } catch {
    return [{ what: 'march', verdict: 'unknown', text: 'not in the file' }];
  }
  if (board?.march === undefined || march === '')
    return [{ what: 'march', verdict: 'note', text: march || 'not in the file' }];
  if (march === board.march) return [{ what: 'march', verdict: 'ok', text: march }];
  return [
    {
      what: 'march',
      verdict: 'failure',
      text: `${march}, but ${board.name} runs ${board.march}`,
      hint: 'Use the model that was compiled for this board.',
    },
  ];
}

function engineFindings(engine: Engine, { board, hints }: ModelCheck): Finding[] {
  const { note, warnings = [] } = engine.model;
  // These warnings concern the model's own class names.
  const notes = [note, ...(hints?.labelFile === undefined ? warnings : [])];
  return [
    engineFinding(engine, board),
    ...notes.flatMap((text): Finding[] =>
      text === undefined ? [] : [{ what: 'engine', verdict: 'note', text }],
    ),
  ];
}

function engineFinding(engine: Engine, board: Board | undefined): Finding {
  const what = 'engine';
  if (!(engine instanceof BpuEngine)) {
    const text = 'ONNX Runtime on the CPU';
    return board?.march === undefined
      ? { what, verdict: 'ok', text }
      : { what, verdict: 'note', text, hint: 'Name a .bin to check libdnn and the BPU.' };
  }
  const { version, library } = engine.properties;
  const text = `libdnn ${version} at ${library}`;
  if (!isEmulator(library)) return { what, verdict: 'ok', text };
  return { what, verdict: 'note', text: `${text}: the emulator, whose speed is a setting` };
}

function isEmulator(library: string): boolean {
  try {
    addon().openEmulator(library);
    return true;
  } catch {
    return false;
  }
}

function headsFinding(layout: HeadLayout, { model: { input } }: Engine): Finding {
  const strides = layout.levels.map(({ stride }) => stride).join(', ');
  return {
    what: 'heads',
    verdict: 'ok',
    text: `${input.width}x${input.height}, ${headsText(layout)}${layout.form === 'heads' ? `, strides ${strides}` : ''}`,
  };
}

interface Picture {
  readonly frame: Nv12Frame;
  /** Place of the generated picture. */
  readonly truth?: SceneTruth;
}

/** The frame of a file, or the generated one. */
export async function pictureOf(file: string | undefined): Promise<Picture> {
  if (file === undefined) return new Scene({ seed: 7, width: 1280, height: 720 }).render(30);
  const { sources, failed } = await openInputs([file]);
  if (failed[0]) throw failed[0].error;
  for await (const item of sources[0]!.frames()) {
    if (isBadFrame(item)) throw item.error;
    return { frame: item.frame };
  }
  throw new Error(`Expected a picture but received ${file}, which has none.`);
}

async function resultFinding(
  check: ModelCheck,
  engine: Engine,
  { layout, labels }: RecognizedModel,
  frame: Nv12Frame,
  truth: SceneTruth | undefined,
  sha256: string,
): Promise<Finding> {
  const inference = await engine.submit(frame);
  try {
    const decoder = new Decoder(layout, {}, engine.kernels);
    let strange = '';
    decoder.onWarning = (text) => (strange = `. ${text}`);
    const found = decoder.decode(inference.tensors, inference.letterbox);
    if (strange !== '')
      return { what: 'picture', verdict: 'warning', text: `${listing(found, labels)}${strange}` };
    const text = `${check.picture === undefined ? 'the built-in scene' : basename(check.picture)}: ${listing(found, labels)}`;
    const what = 'picture';
    if (truth && check.demo) return sceneFinding(text, found, truth);
    const known =
      check.picture === undefined
        ? undefined
        : findKnownResult((await fileSum(check.picture)).sha256, basename(check.file), layout);
    if (!known) return { what, verdict: 'note', text };
    if (found.instances.length === known.instances) {
      return { what, verdict: 'ok', text: `${text}; ${known.instances} are known to be in it` };
    }
    // A model of that family with other training may find different instances.
    const certain = isKnownModel(known, basename(check.file), sha256);
    return {
      what,
      verdict: certain ? 'failure' : 'warning',
      text: `${text}; ${known.instances} instances are known to be found`,
      hint: certain
        ? 'Send us this report: the outputs are decoded wrongly.'
        : 'If this is the stock model, send us this report: its outputs may be decoded wrongly.',
    };
  } finally {
    inference.release();
  }
}

function sceneFinding(text: string, found: Segmentation, truth: SceneTruth): Finding {
  const wanted = truth.objects.filter(({ ignore }) => !ignore);
  const hits = wanted.filter((object) =>
    found.instances.some(({ classId, box }) => {
      const shared = boxIntersection(box, object.box);
      return classId === object.classId && shared > 0.5 * (boxArea(box) + boxArea(object.box) - shared);
    }),
  );
  const result = `${text}; ${hits.length} of the ${wanted.length} shapes in it found`;
  if (hits.length >= FOUND * wanted.length) return { what: 'picture', verdict: 'ok', text: result };
  return { what: 'picture', verdict: 'failure', text: result, hint: 'Send us this report.' };
}

/** `6 instances: person 0.89, person 0.88, …` */
function listing({ instances }: Segmentation, names: readonly string[]): string {
  const best = instances
    .slice(0, 6)
    .map(({ classId, score }) => `${names[classId] ?? classId} ${score.toFixed(2)}`);
  const count = `${instances.length} ${instances.length === 1 ? 'instance' : 'instances'}`;
  return instances.length === 0 ? count : `${count}: ${best.join(', ')}${instances.length > 6 ? ', …' : ''}`;
}

async function speedFinding(
  check: ModelCheck,
  engine: Engine,
  layout: HeadLayout,
  frame: Nv12Frame,
): Promise<Finding> {
  const { slots } = engine;
  await measureThroughput(engine, Math.min(check.frames, 2 * slots), frame); // warms caches up
  let network = 0;
  const { frames, elapsed, latency } = await measureThroughput(engine, check.frames, frame, ({ timings }) => {
    network += timings.inference;
  });
  const rate = (1000 * frames) / elapsed;
  const what = `${slots} ${slots === 1 ? 'thread' : 'threads'}`;
  const text = `${rate.toFixed(1)} frames/s, ${(latency / frames).toFixed(1)} ms per frame, ${(network / frames).toFixed(1)} ms in the network`;
  const row =
    engine instanceof BpuEngine ? publishedRow(check.board?.name, basename(check.file), layout) : undefined;
  if (!row) return { what, verdict: 'note', text };
  const published = slots === 1 ? row.one : row.two;
  const comparison = `${text}; published: ${published} frames/s of the network alone (${row.model} on ${row.board}, ${row.source})`;
  // With two frames in flight, one is letterboxed while the network runs on the other.
  const comparable = slots === 1 ? (1000 * frames) / network : rate;
  if (comparable >= SLOW * published) return { what, verdict: 'ok', text: comparison };
  return {
    what,
    verdict: 'warning',
    text: comparison,
    hint: 'Stop other programs that use the BPU (see hrut_somstatus), and check governor and temperatures above.',
  };
}
