import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ObjectInSpace } from '../../vision/depth/objects-in-space.js';
import { MaskScaler } from '../../vision/mask/mask-scale.js';
import { RleEncoder } from '../../vision/mask/rle.js';
import type { Instance, Segmentation } from '../../vision/mask/segmentation.js';
import type { ZoneCount, ZoneEvent } from '../../vision/mask/zone-counts.js';
import { isDevice } from '../../base/files/device.js';
import { makeFolder } from '../../base/files/folder.js';
import { writeError } from '../../base/files/write-error.js';
import type { Labels } from '../../message/write/labels.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { claimStdout } from '../stdout.js';
import type { ResultSink } from './sink.js';

export interface JsonLinesOptions {
  /** Whether to replace a file of that name. @default false */
  readonly replace?: boolean | undefined;
  /** Whether to write masks. @default true */
  readonly masks?: boolean | undefined;
  /** Bytes of an earlier run's file that are kept and continued. What follows them is removed. */
  readonly keep?: number | undefined;
}

/**
 * Writes one JSON object per line and frame. Masks are COCO RLE of the picture's size, which pycocotools reads directly.
 *
 * The file contains only complete lines, except while one is being written. If the disk is full, the incomplete line is
 * removed.
 */
export class JsonLinesSink implements ResultSink {
  readonly #rle = new RleEncoder();
  readonly #scaler = new MaskScaler();
  /** Bytes of complete lines. */
  #length: number;

  private constructor(
    readonly target: string,
    private readonly labels: Labels,
    private readonly masks: boolean,
    /** Undefined for standard output. */
    private readonly file: FileHandle | undefined,
    /** Whether no other program writes to it. */
    private readonly own: boolean,
    length = 0,
  ) {
    this.#length = length;
  }

  /** @param target a path, or `-` for standard output */
  static async open(target: string, labels: Labels, options: JsonLinesOptions = {}): Promise<JsonLinesSink> {
    const { replace = false, masks = true, keep = 0 } = options;
    let file: FileHandle | undefined;
    let own = false;
    if (target === '-') claimStdout();
    else {
      makeFolder(dirname(target));
      try {
        own = !isDevice(target);
        file = await open(target, !own || keep > 0 ? 'a' : replace ? 'w' : 'wx');
        if (keep > 0) await file.truncate(keep);
      } catch (error) {
        throw writeError(target, error);
      }
    }
    return new JsonLinesSink(target, labels, masks, file, own, keep);
  }

  async write(result: FrameResult): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(this.#record(result))}\n`);
    if (!this.file) return writeStdout(line);
    try {
      await this.file.appendFile(line);
      this.#length += line.length;
    } catch (error) {
      // An incomplete line is not JSON. A device cannot be truncated, and a log that others write to must not be.
      if (this.own) await this.file.truncate(this.#length).catch(() => undefined);
      throw writeError(this.target, error);
    }
  }

  async close(): Promise<void> {
    try {
      await this.file?.close();
    } catch (error) {
      throw writeError(this.target, error);
    }
  }

  #record({ frame, segmentation, timings, depth }: FrameResult): object {
    const { width, height, instances, ended, zones, zoneEvents } = segmentation;
    return {
      source: frame.source,
      index: frame.index,
      stamp: frame.stamp,
      width,
      height,
      instances: instances.map((instance, index) => ({
        ...this.#instance(instance, segmentation),
        ...(depth ? inSpace(depth.objects[index]!) : {}),
      })),
      ...(ended?.length ? { ended_tracks: ended.map(({ trackId }) => trackId) } : {}),
      ...(zones ? { zones: zones.map((zone) => this.#zone(zone)) } : {}),
      ...(zoneEvents?.length ? { zone_events: zoneEvents.map((event) => this.#event(event)) } : {}),
      timings_ms: {
        preprocess: round(timings.preprocess, 1e3),
        inference: round(timings.inference, 1e3),
        decode: round(timings.decode, 1e3),
      },
    };
  }

  #zone({ name, kind, classes }: ZoneCount): object {
    return {
      name,
      kind,
      classes: classes.map(({ classId, present, entered, left, meanDwell, longestStay }) => ({
        class_id: classId,
        class_name: this.labels.name(classId),
        ...(kind === 'zone' ? { present } : {}),
        ...{ entered, left },
        ...(kind === 'zone'
          ? { mean_dwell_s: round(meanDwell, 1e3), longest_stay_s: round(longestStay, 1e3) }
          : {}),
      })),
    };
  }

  #event({ zone, type, trackId, classId, dwell }: ZoneEvent): object {
    return {
      ...{ zone, type, track_id: trackId, class_id: classId, class_name: this.labels.name(classId) },
      ...(dwell > 0 ? { dwell_s: round(dwell, 1e3) } : {}),
    };
  }

  #instance({ classId, score, box, mask, trackId }: Instance, segmentation: Segmentation): object {
    const { width, height } = segmentation;
    const instance = {
      class_id: classId,
      class_name: this.labels.name(classId),
      ...(trackId ? { track_id: trackId } : {}),
      score: round(score, 1e6),
      box: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map((value) => round(value, 1e3)),
    };
    if (!this.masks) return instance;
    return { ...instance, mask: this.#rle.encode(this.#scaler.toPicture(mask, segmentation), width, height) };
  }
}

/** Meters, in the optical frame of the depth camera. Nothing if too few pixels have a depth. */
function inSpace({ points, distance, centroid, center, size, orientation }: ObjectInSpace): object {
  if (points === 0) return {};
  const rounded = (values: readonly number[]): number[] => values.map((value) => round(value, 1e4));
  return {
    distance: round(distance, 1e4),
    position: rounded([centroid.x, centroid.y, centroid.z]),
    box_3d: {
      center: rounded([center.x, center.y, center.z]),
      size: rounded([size.x, size.y, size.z]),
      orientation: rounded([orientation.x, orientation.y, orientation.z, orientation.w]),
    },
  };
}

/** Waits for a slow reader. A closed pipe is handled by the listener on standard output. */
function writeStdout(line: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.stdout.destroyed) return resolve();
    process.stdout.write(line, (error) => {
      const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
      if (!error || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') resolve();
      else reject(writeError('standard output', error));
    });
  });
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
