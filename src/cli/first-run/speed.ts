import { messageOf } from '../../base/expect.js';
import type { Engine } from '../../engine/engine.js';
import { measureThroughput } from '../../pipeline/throughput.js';
import { type ModelHints, recognizeModel } from '../../pipeline/recognize-model.js';
import { Decoder } from '../../vision/decode/decoder.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Finding, Section } from '../check/finding.js';

/** What is measured, and how it is opened. */
export interface Subject {
  /** Opens the model with this many frames in flight. */
  readonly open: (slots: number) => Promise<Engine>;
  readonly frame: Nv12Frame;
  readonly hints?: ModelHints;
}

/** Frames in flight of each measurement. */
const FLIGHTS = [1, 2];

/**
 * The whole path of a frame in memory, by stages: letterbox, network, decoding with masks. The stages of one frame in flight add up to its
 * time; with two, the letterbox and the decoding of one frame take place beside the network of the other.
 */
export async function speedSection({ open, frame, hints }: Subject, frames: number): Promise<Section> {
  const findings: Finding[] = [];
  for (const slots of FLIGHTS) {
    const what = slots === 1 ? '1 frame in flight' : `${slots} frames in flight`;
    try {
      const engine = await open(slots);
      try {
        findings.push({ what, verdict: 'note', text: await measured(engine, frame, frames, hints) });
      } finally {
        await engine.close();
      }
    } catch (error) {
      findings.push({ what, verdict: 'failure', text: messageOf(error).replace(/\n+/g, ' ') });
    }
  }
  return { title: 'Whole path of a frame', findings };
}

async function measured(
  engine: Engine,
  frame: Nv12Frame,
  frames: number,
  hints: ModelHints | undefined,
): Promise<string> {
  const { layout } = recognizeModel(engine.model, hints);
  const decoder = new Decoder(layout, {}, engine.kernels);
  engine.planAhead?.(decoder.plan);
  await measureThroughput(engine, 2 * engine.slots, frame); // warms caches and compilers up
  let letterbox = 0;
  let network = 0;
  const m = await measureThroughput(engine, frames, frame, ({ tensors, letterbox: box, ahead, timings }) => {
    letterbox += timings.preprocess;
    network += timings.inference;
    decoder.decode(tensors, box, undefined, undefined, ahead);
  });
  const mean = (total: number): string => `${(total / frames).toFixed(2)} ms`;
  const rate = ((1000 * frames) / m.elapsed).toFixed(1);
  return (
    `${rate} frames/s; letterbox ${mean(letterbox)}, network ${mean(network)}, decoding with masks ${mean(m.used)}; ` +
    `JS thread ${(100 * m.busy).toFixed(0)} % busy`
  );
}
