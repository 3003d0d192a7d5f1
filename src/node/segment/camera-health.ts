import { type Clock, steadyClock } from '../../base/clock.js';
import { regionText } from '../../vision/picture/region.js';
import type { DiagnosticLevel, DiagnosticStatus } from '../../message/write/diagnostic-array.js';
import { type CameraCounts, type LiveTimings } from '../../pipeline/live-segmenter.js';
import type { ZoneCount } from '../../vision/mask/zone-counts.js';
import type { PairingCounts } from '../../pipeline/depth-pairing.js';
import type { CameraTracking, TrackCounts } from '../../pipeline/tracking.js';
import type { CameraStats } from '../../web/protocol/messages.js';
import { Durations } from '../../base/durations.js';
import type { ImageSubscription } from './image-subscription.js';
import { StampAge } from './stamp-age.js';
import type { SentFrames } from './stamp-gaps.js';

/** Number of durations for quantiles: the last 10 s of a camera at 30 FPS. */
const KEPT = 300;
/** Seconds without a frame after which a camera counts as silent. */
const SILENCE = 2;
/** Milliseconds for which the last error is reported after it occurred. */
const ERROR_MEMORY = 60_000;
/** Share of dropped frames above which a camera counts as faster than the engine. */
const MANY_DROPS = 0.1;
/** Share of lost frames above which there is a warning. */
const MANY_LOST = 0.05;

const STAGES = ['wait', 'preprocess', 'inference', 'decode', 'publish'] as const;

/** Events per second since the last update. */
class Rate {
  #count = 0;
  value = 0;

  update(count: number, seconds: number): void {
    this.value = (count - this.#count) / seconds;
    this.#count = count;
  }
}

/** Frames without a picture of a kind because all its packers were busy. */
export interface PackedCounts {
  readonly overlay: { readonly skipped: number };
  readonly maps: { readonly skipped: number };
}

/** The state of tracks, and of the zones that count them. */
type CameraTracks = Pick<CameraTracking, 'counts' | 'zones' | 'warning'>;
const NO_TRACKS: CameraTracks = { counts: undefined, zones: [], warning: undefined };

/** Of a camera with depth: its pairs, and why depth cannot be used. */
export interface DepthHealth {
  readonly topic: string;
  readonly problem: string | undefined;
  readonly counts: PairingCounts & { readonly refused: number; readonly skipped: number };
}

/** The diagnostics of one camera: rates, latencies, recent errors. */
export class CameraHealth {
  readonly #latency = new Durations(KEPT);
  readonly #added = new Durations(KEPT);
  readonly #stages = Object.fromEntries(STAGES.map((stage) => [stage, new Durations(KEPT)])) as Record<
    (typeof STAGES)[number],
    Durations
  >;
  readonly #input = new Rate();
  readonly #output = new Rate();
  readonly #dropped = new Rate();
  readonly #refused = new Rate();
  readonly #age = new StampAge();
  #bad = 0;
  #lastError: string | undefined;
  #lastErrorAt = 0;
  #lastMalformed: string | undefined;
  #updated: number;
  #lastReceived = 0;
  #silentFor = 0;

  /** @param name of the camera: its topic */
  constructor(
    private readonly input: ImageSubscription,
    private readonly counts: () => Readonly<CameraCounts>,
    private readonly packed: () => PackedCounts,
    private readonly alive: () => boolean,
    private readonly clock: Clock = steadyClock,
    private readonly tracking: CameraTracks = NO_TRACKS,
    private readonly depth: () => DepthHealth | undefined = () => undefined,
  ) {
    this.#updated = clock();
  }

  /** Results per second. */
  get fps(): number {
    return this.#output.value;
  }

  /**
   * @param stamp of the frame and @param now when its messages were sent, in nanoseconds on the clock of ROS
   * @param total milliseconds from its reception to its messages
   * @param publish milliseconds spent on messages
   */
  addResult(timings: LiveTimings, stamp: bigint, now: bigint, total: number, publish: number): void {
    const latency = this.#age.of(stamp, now);
    if (latency !== undefined) this.#latency.add(latency);
    this.#added.add(total - timings.preprocess - timings.inference);
    for (const stage of STAGES) this.#stages[stage].add(stage === 'publish' ? publish : timings[stage]);
  }

  addError(error: string): void {
    this.#lastError = error;
  }

  /** Number of frames that could not be used so far, and the reason for the last one; undefined if that is long ago. */
  errors(): { readonly count: number; readonly last: string | undefined } {
    const { input } = this;
    const count = this.counts().failed + input.malformed;
    const now = this.clock();
    if (count !== this.#bad) {
      this.#bad = count;
      this.#lastErrorAt = now;
      const { lastMalformed } = input;
      if (lastMalformed !== this.#lastMalformed || this.#lastError === undefined)
        this.#lastError = this.#lastMalformed = lastMalformed;
    } else if (now - this.#lastErrorAt > ERROR_MEMORY) {
      this.#lastError = undefined;
    }
    return { count, last: this.#lastError };
  }

  /** Counts and latencies for the live page. */
  stats(): CameraStats {
    const { received, skipped } = this.input;
    const { answered, dropped, discarded } = this.counts();
    const failed = this.counts().failed + this.input.malformed;
    const stages = STAGES.filter((stage) => this.#stages[stage].count > 0).map((stage) => {
      const durations = this.#stages[stage];
      return [stage, [durations.quantile(0.5), durations.quantile(0.95), durations.quantile(0.99)]] as const;
    });
    return { received, answered, dropped, skipped, failed, discarded, stages: Object.fromEntries(stages) };
  }

  /** The state since the last call. @param enabled whether frames are processed at all */
  status(node: string, hardwareId: string, enabled: boolean): DiagnosticStatus {
    const now = this.clock();
    const seconds = Math.max(1e-3, (now - this.#updated) / 1000);
    this.#updated = now;
    const { input } = this;
    const counts = this.counts();
    const { count: bad, last: lastError } = this.errors();
    this.#input.update(input.received, seconds);
    this.#output.update(counts.answered, seconds);
    this.#dropped.update(counts.dropped, seconds);
    this.#refused.update(bad, seconds);
    this.#silentFor = input.received === this.#lastReceived ? this.#silentFor + seconds : 0;
    this.#lastReceived = input.received;
    const { sent } = input;
    const { level, message } = this.#summary(enabled, lastError, sent);
    return {
      level,
      name: `${node}: ${input.topic}`,
      message,
      hardwareId,
      values: {
        topic: input.topic,
        message_type: input.messageType ?? 'unknown: no publisher yet',
        qos: input.qos,
        roi: regionText(input.region),
        ...input.transport,
        input_fps: this.#input.value.toFixed(1),
        ...sentValues(sent),
        output_fps: this.#output.value.toFixed(1),
        dropped_fps: this.#dropped.value.toFixed(1),
        received: String(input.received),
        skipped: String(input.skipped),
        answered: String(counts.answered),
        dropped: String(counts.dropped),
        bad: String(bad),
        discarded: String(counts.discarded),
        overlays_skipped: String(this.packed().overlay.skipped),
        maps_skipped: String(this.packed().maps.skipped),
        ...trackValues(this.tracking.counts),
        ...zoneValues(this.tracking.zones),
        ...depthValues(this.depth()),
        ...quantiles('latency_from_stamp', this.#latency),
        ...quantiles('added_latency', this.#added),
        ...Object.fromEntries(
          STAGES.flatMap((stage) => Object.entries(quantiles(stage, this.#stages[stage]))),
        ),
        alive: String(this.alive()),
        stamps: this.#age.text,
        last_error: lastError ?? '',
        ...(lastError === undefined
          ? {}
          : { last_error_age_s: ((now - this.#lastErrorAt) / 1000).toFixed(0) }),
        image_warning: input.warning ?? '',
      },
    };
  }

  #summary(
    enabled: boolean,
    lastError: string | undefined,
    sent: SentFrames | undefined,
  ): { level: DiagnosticLevel; message: string } {
    const { input } = this;
    const lost = sent && sent.missing > MANY_LOST * (sent.received + sent.missing) ? sent.missing : 0;
    if (!enabled) return { level: 'ok', message: 'disabled' };
    const bad = this.#refused.value > 0;
    if (bad && this.#output.value === 0) {
      return { level: 'error', message: `No frame can be used. ${lastError ?? ''}` };
    }
    if (input.problem !== undefined) {
      return { level: this.#output.value === 0 ? 'error' : 'warn', message: input.problem };
    }
    if (input.messageType === undefined || (input.publisherCount === 0 && this.#silentFor > 0)) {
      return { level: 'warn', message: `Waiting for a publisher on ${input.topic}` };
    }
    if (this.#silentFor >= SILENCE) {
      return { level: 'warn', message: `No frame for ${this.#silentFor.toFixed(0)} s` };
    }
    if (lost > 0) {
      const { missing, received } = sent!;
      return {
        level: 'warn',
        message:
          `Frames are lost on their way: by their stamps ${received + missing} were sent lately and ${received} came. ` +
          'Set image_qos to match or reliable, or see docs/ros.md.',
      };
    }
    if (bad) return { level: 'warn', message: `Some frames cannot be used. ${lastError ?? ''}` };
    const depth = this.depth()?.problem;
    if (depth !== undefined) return { level: 'warn', message: `Depth cannot be used. ${depth}` };
    const warning = input.warning ?? this.tracking.warning;
    if (warning !== undefined) return { level: 'warn', message: warning };
    if (this.#dropped.value > MANY_DROPS * this.#input.value) {
      const { value: dropped } = this.#dropped;
      return {
        level: 'warn',
        message: `The camera is faster than the engine: ${dropped.toFixed(1)} of ${this.#input.value.toFixed(1)} frames a second dropped`,
      };
    }
    return { level: 'ok', message: `${this.#output.value.toFixed(1)} frames a second` };
  }
}

/** What the camera sent in the last ten seconds, by stamps. */
function sentValues(sent: SentFrames | undefined): Record<string, string> {
  if (!sent) return {};
  return { sent_fps: (1000 / sent.period).toFixed(1), lost_lately: String(sent.missing) };
}

function trackValues(counts: TrackCounts | undefined): Record<string, string> {
  if (!counts) return {};
  return {
    tracks_live: String(counts.live),
    tracks_lost: String(counts.lost),
    tracks_switched: String(counts.switched),
    track_resets: String(counts.resets),
  };
}

/** Counts of all classes. */
function zoneValues(zones: readonly ZoneCount[]): Record<string, string> {
  const sum = (values: readonly number[]): string => String(values.reduce((all, value) => all + value, 0));
  return Object.fromEntries(
    zones.flatMap(({ name, kind, classes }) => [
      [`${kind}_${name}_entered`, sum(classes.map(({ entered }) => entered))],
      [`${kind}_${name}_left`, sum(classes.map(({ left }) => left))],
      ...(kind === 'zone'
        ? [[`${kind}_${name}_present`, sum(classes.map(({ present }) => present))] as const]
        : []),
    ]),
  );
}

function depthValues(depth: DepthHealth | undefined): Record<string, string> {
  if (!depth) return {};
  const { received, paired, unpaired, late, refused, skipped } = depth.counts;
  return {
    depth_topic: depth.topic,
    depth_received: String(received),
    depth_paired: String(paired),
    depth_unpaired: String(unpaired),
    depth_late: String(late),
    depth_skipped: String(skipped),
    depth_refused: String(refused),
    depth_problem: depth.problem ?? '',
  };
}

/** Median, 95th and 99th percentile as values of a DiagnosticStatus; nothing before the first duration. */
function quantiles(name: string, durations: Durations): Record<string, string> {
  if (durations.count === 0) return {};
  return {
    [`${name}_p50_ms`]: durations.quantile(0.5).toFixed(2),
    [`${name}_p95_ms`]: durations.quantile(0.95).toFixed(2),
    [`${name}_p99_ms`]: durations.quantile(0.99).toFixed(2),
  };
}
