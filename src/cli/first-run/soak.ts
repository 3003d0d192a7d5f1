import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, steadyClock } from '../../base/clock.js';
import { messageOf } from '../../base/expect.js';
import type { Engine } from '../../engine/engine.js';
import { BoardHealth } from '../../node/segment/board-health.js';
import { recognizeModel } from '../../pipeline/recognize-model.js';
import { Decoder } from '../../vision/decode/decoder.js';
import type { Finding, Section } from '../check/finding.js';
import type { Subject } from './speed.js';

const MINUTE = 60_000;
/** A board that gets slower by more than this from the first to the last minute is too hot, or something else runs on it. */
const SLOWER = 0.1;
/** Growth of memory from the second to the last minute that is worth a warning: MiB. Node.js itself keeps some. */
const GROWN = 40;

export interface SoakOptions {
  readonly minutes: number;
  /** Ends the soak early; what was measured until then stays in the report. */
  readonly signal: AbortSignal;
  /** After each minute. */
  readonly onMinute?: (line: string) => void;
  /** Root folder of the machine, for temperatures. */
  readonly root?: string | undefined;
  /** Milliseconds. */
  readonly clock?: Clock;
  /** MiB of memory that the process holds. */
  readonly memory?: () => number;
}

interface Minute {
  /** Frames a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  readonly memory: number;
  /** Temperatures, clocks, throttling. */
  readonly board: string;
}

/**
 * Runs the model at full speed, with two frames in flight and all masks decoded, and reports each minute: a board that throttles
 * shows it within ten minutes.
 */
export async function soakSection({ open, frame, hints }: Subject, options: SoakOptions): Promise<Section> {
  const { minutes, signal, onMinute } = options;
  const title = `Soak of ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} at full speed, 2 frames in flight`;
  const findings: Finding[] = [];
  try {
    const engine = await open(2);
    try {
      const { layout } = recognizeModel(engine.model, hints);
      const decoder = new Decoder(layout, {}, engine.kernels);
      engine.planAhead?.(decoder.plan);
      const soak = new Soak(engine, decoder, frame, options);
      const done: Minute[] = [];
      while (done.length < minutes && !signal.aborted) {
        const minute = await soak.minute();
        done.push(minute);
        const text = textOf(minute);
        findings.push({
          what: `minute ${done.length}`,
          verdict: minute.failed > 0 ? 'warning' : 'note',
          text,
        });
        onMinute?.(`minute ${done.length} of ${minutes}: ${text}`);
      }
      findings.push(...verdict(done, soak.lastFailure));
    } finally {
      await engine.close();
    }
  } catch (error) {
    findings.push({ what: 'soak', verdict: 'failure', text: messageOf(error).replace(/\n+/g, ' ') });
  }
  return { title, findings };
}

class Soak {
  lastFailure: string | undefined;
  readonly #health: BoardHealth;
  readonly #clock: Clock;
  readonly #memory: () => number;

  constructor(
    private readonly engine: Engine,
    private readonly decoder: Decoder,
    private readonly frame: Subject['frame'],
    private readonly options: SoakOptions,
  ) {
    this.#health = new BoardHealth(options.root);
    this.#clock = options.clock ?? steadyClock;
    this.#memory = options.memory ?? ((): number => process.memoryUsage.rss() / 2 ** 20);
  }

  /** A minute, or what is left of it until the signal. */
  async minute(): Promise<Minute> {
    const begin = this.#clock();
    const end = begin + MINUTE;
    const times: number[] = [];
    let failed = 0;
    const lane = async (): Promise<void> => {
      while (!this.options.signal.aborted && this.#clock() < end) {
        const submitted = this.#clock();
        try {
          const inference = await this.engine.submit(this.frame);
          try {
            this.decoder.decode(
              inference.tensors,
              inference.letterbox,
              undefined,
              undefined,
              inference.ahead,
            );
          } finally {
            inference.release();
          }
          times.push(this.#clock() - submitted);
        } catch (error) {
          failed++;
          this.lastFailure = messageOf(error).replace(/\n+/g, ' ');
          // A board that refuses each frame at once would keep Ctrl+C waiting until the minute is over.
          await turn();
        }
      }
    };
    await Promise.all(Array.from({ length: this.engine.slots }, lane));
    const elapsed = Math.max(this.#clock() - begin, 1);
    times.sort((a, b) => a - b);
    await this.#health.read();
    const board = Object.entries(this.#health.status('soak')?.values ?? {}).map(
      ([name, value]) => `${name} ${value}`,
    );
    return {
      rate: (1000 * times.length) / elapsed,
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      failed,
      memory: this.#memory(),
      board: board.join(', '),
    };
  }
}

function textOf({ rate, p50, p99, failed, memory, board }: Minute): string {
  const parts = [
    `${rate.toFixed(1)} frames/s`,
    `${p50.toFixed(1)} / ${p99.toFixed(1)} ms per frame (p50 / p99)`,
    `${memory.toFixed(0)} MiB`,
    failed > 0 ? `${failed} frames failed` : '',
    board,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function verdict(minutes: readonly Minute[], lastFailure: string | undefined): Finding[] {
  const [first, second] = minutes;
  const last = minutes.at(-1);
  if (!first || !last) return [{ what: 'soak', verdict: 'unknown', text: 'stopped in the first minute' }];
  const findings: Finding[] = [];
  if (lastFailure !== undefined) {
    const failed = minutes.reduce((sum, minute) => sum + minute.failed, 0);
    findings.push({ what: 'failed frames', verdict: 'failure', text: `${failed}, the last: ${lastFailure}` });
  }
  if (last === first) {
    findings.push({ what: 'steadiness', verdict: 'unknown', text: 'only one minute was measured' });
    return findings;
  }
  if (first.rate === 0) {
    findings.push({ what: 'steadiness', verdict: 'unknown', text: 'no frame in the first minute' });
    return findings;
  }
  const slower = 1 - last.rate / first.rate;
  findings.push(
    slower > SLOWER
      ? {
          what: 'steadiness',
          verdict: 'warning',
          text: `the last minute is ${(100 * slower).toFixed(0)} % slower than the first`,
          hint: 'See temperatures and throttling above; cool the board, and stop other programs.',
        }
      : {
          what: 'steadiness',
          verdict: 'ok',
          text: `the last minute is at most ${100 * SLOWER} % slower than the first`,
        },
  );
  if (second && last !== second) {
    const grown = last.memory - second.memory;
    findings.push({
      what: 'memory',
      verdict: grown > GROWN ? 'warning' : 'ok',
      text: `${grown >= 0 ? '+' : ''}${grown.toFixed(0)} MiB since the second minute`,
    });
  }
  return findings;
}

/** @param sorted in ascending order */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
