import { ExpectationError, expectInteger, expectNumber, expectOneOf } from '../../base/expect.js';
import { COLOR_RANGES, DEFAULT_COLOR_RANGE, type ColorRange } from '../../vision/picture/color-range.js';
import type { Intrinsics } from '../../vision/depth/intrinsics.js';
import { nv12Frame, nv12Size, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import { Actor, CLUTTER, shadeFrom } from './actor.js';
import { BACKDROP_MARGIN, drawBackdrop } from './backdrop.js';
import { castShadow, paint, type Canvas, type Shade } from './canvas.js';
import { Coverage, type Pose } from './coverage.js';
import { objectPatterns } from './material.js';
import { Random } from './random.js';
import { Sensor } from './sensor.js';
import { SCENE_CLASSES } from './shapes.js';
import {
  LEAST_SIDE,
  LEAST_VISIBILITY,
  OwnerMap,
  type Rectangle,
  type SceneTruth,
  type TruthObject,
} from './truth.js';

export interface SceneOptions {
  /** Size in pixels, even, 64 to 4096. */
  width?: number | undefined;
  height?: number | undefined;
  /** Decides everything that is drawn: an integer from 0 to 2^32 - 1. */
  seed?: number | undefined;
  /** Frames per second, 1 to 1000. */
  rate?: number | undefined;
  /** Number of moving objects, 0 to 64; with six or more, every class appears. */
  objects?: number | undefined;
  /** Range of the samples. @default 'full', as everywhere in this program */
  range?: ColorRange | undefined;
}

/** A rendered frame and its ground truth. */
export interface RenderedFrame {
  readonly frame: Nv12Frame;
  readonly truth: SceneTruth;
}

/** Frames that stay valid while later ones are rendered. */
export const SCENE_RING = 6;

/** Depths in meters: of the first and last shape, and of the floor at the picture's top and bottom. */
const FARTHEST = 6;
const NEAREST = 1.2;
const FLOOR_TOP = 10;
const FLOOR_BOTTOM = 8;
/** Tangent of the angle by which each shape is turned away from the camera, to a side of its own. */
const TILT = 0.36;

/** Memory of one rendered frame, reused. */
interface Slot {
  readonly canvas: Canvas;
  readonly frame: Nv12Frame;
  /** Mask bytes by actor, enlarged when an object needs more. */
  readonly masks: Uint8Array[];
}

/**
 * The generated camera: textured, lit shapes that move over a cluttered floor, as NV12 with exact ground truth.
 *
 * The same options and index give the same bytes, on any machine and in any order of rendering. A frame and its truth are
 * overwritten by the SCENE_RING-th `render` call after it.
 */
export class Scene {
  static readonly classes: readonly string[] = SCENE_CLASSES;

  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly rate: number;

  readonly #backdrop: Canvas;
  readonly #actors: Actor[];
  readonly #sensor: Sensor;
  readonly #coverage: Coverage;
  readonly #owners: OwnerMap;
  readonly #slots: Slot[] = [];
  #nextSlot = 0;
  readonly #pose: Pose = { x: 0, y: 0, radius: 0, angle: 0 };
  readonly #shade: Shade = { base: 0, alongX: 0, alongY: 0 };
  /** Where each actor was painted in the current frame. */
  readonly #painted: Rectangle[] = [];

  /** @throws ExpectationError for sizes, counts or names outside their range */
  constructor(options: SceneOptions = {}) {
    this.width = expectEven('the scene width', options.width ?? 1280);
    this.height = expectEven('the scene height', options.height ?? 720);
    this.seed = expectInteger('the scene seed', options.seed ?? 1, 0, 0xffffffff);
    this.rate = expectNumber('the scene rate', options.rate ?? 30, 1, 1000);
    const count = expectInteger('the number of objects', options.objects ?? 8, 0, 64);
    const range = expectOneOf('the color range', options.range ?? DEFAULT_COLOR_RANGE, COLOR_RANGES);

    const random = new Random(this.seed);
    this.#backdrop = drawBackdrop(random, this.width, this.height);
    this.#actors = cast(random, count, this.width, this.height);
    this.#sensor = new Sensor(random, this.seed, this.width, this.height, range);
    this.#coverage = new Coverage(this.width, this.height);
    this.#owners = new OwnerMap(this.width, this.height);
  }

  /** Renders the frame with this index, from 0. Frames are equally spaced in time. */
  render(index: number): RenderedFrame {
    expectInteger('the frame index', index, 0, 0xffffffff);
    const seconds = index / this.rate;
    const slot = this.#slot();
    this.#copyBackdrop(slot.canvas, seconds);
    this.#drawActors(slot.canvas, seconds);
    this.#sensor.expose(slot.canvas, index, seconds);
    return { frame: slot.frame, truth: this.#truth(slot, seconds) };
  }

  /** Of a camera that would see this: 64 degrees across. */
  get intrinsics(): Intrinsics {
    const { width, height } = this;
    const f = 0.8 * width;
    return { width, height, fx: f, fy: f, cx: (width - 1) / 2, cy: (height - 1) / 2 };
  }

  /**
   * The depth of each pixel of a frame along the camera's axis, in meters: exact. Each shape is a flat, slightly turned plate, those
   * that are painted later nearer; the floor is a wall behind them all. The shape of a pixel is that of the truth's masks.
   *
   * @param target a number for each pixel
   */
  renderDepth(index: number, target: Float32Array): void {
    expectInteger('the frame index', index, 0, 0xffffffff);
    const { width, height } = this;
    const seconds = index / this.rate;
    const pose = this.#pose;
    this.#owners.clear();
    this.#actors.forEach((actor, i) => {
      actor.poseAt(seconds, pose);
      const coverage = this.#coverage.fill(actor.outline, pose);
      if (coverage.width > 0) this.#owners.mark(coverage, i + 1);
    });
    // On a plane, 1 / depth is linear in the picture's coordinates.
    const planes = [{ base: 1 / FLOOR_TOP, alongX: 0, alongY: (1 / FLOOR_BOTTOM - 1 / FLOOR_TOP) / height }];
    this.#actors.forEach((actor, i) => {
      actor.poseAt(seconds, pose);
      const inverse = 1 / (FARTHEST - ((FARTHEST - NEAREST) * (i + 1)) / this.#actors.length);
      const slope = (TILT * inverse) / this.intrinsics.fx;
      const alongX = slope * Math.cos(3 * i);
      const alongY = slope * Math.sin(3 * i);
      planes.push({ base: inverse - alongX * pose.x - alongY * pose.y, alongX, alongY });
    });
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const { base, alongX, alongY } = planes[this.#owners.at(at)]!;
        target[at] = 1 / (base + alongX * (x + 0.5) + alongY * (y + 0.5));
      }
    }
  }

  #slot(): Slot {
    const { width, height } = this;
    const turn = this.#nextSlot;
    this.#nextSlot = (turn + 1) % SCENE_RING;
    if (!this.#slots[turn]) {
      const data = new Uint8Array(nv12Size(width, height));
      const luma = data.subarray(0, width * height);
      const chroma = data.subarray(width * height);
      const frame = nv12Frame(data, { width, height });
      this.#slots[turn] = { canvas: { width, height, luma, chroma }, frame, masks: [] };
    }
    return this.#slots[turn];
  }

  /** The camera sways a little over the floor. */
  #copyBackdrop(canvas: Canvas, seconds: number): void {
    const backdrop = this.#backdrop;
    const sway = 0.7 * BACKDROP_MARGIN;
    const left = Math.round(BACKDROP_MARGIN + sway * Math.sin(0.5 * seconds + this.seed));
    const top = Math.round(BACKDROP_MARGIN + sway * Math.cos(0.37 * seconds + this.seed));
    for (let y = 0; y < this.height; y++) {
      const from = (top + y) * backdrop.width + left;
      canvas.luma.set(backdrop.luma.subarray(from, from + this.width), y * this.width);
    }
    for (let y = 0; y < this.height / 2; y++) {
      const from = ((top >> 1) + y) * backdrop.width + (left & ~1);
      canvas.chroma.set(backdrop.chroma.subarray(from, from + this.width), y * this.width);
    }
  }

  #drawActors(canvas: Canvas, seconds: number): void {
    const light = this.#sensor.lightAt(seconds);
    const pose = this.#pose;
    shadeFrom(light, this.#shade);
    this.#owners.clear();
    this.#actors.forEach((actor, i) => {
      actor.poseAt(seconds, pose);
      const coverage = this.#coverage.fill(actor.outline, pose);
      const { x, y, width, height } = coverage;
      this.#painted[i] = { x, y, width, height };
      if (width === 0) return;
      const drop = 0.12 * pose.radius;
      const dropX = Math.round(-drop * Math.cos(light));
      const dropY = Math.round(-drop * Math.sin(light));
      castShadow(canvas, coverage, dropX, dropY, 90);
      paint(canvas, coverage, actor.material, pose, this.#shade);
      this.#owners.mark(coverage, i + 1);
    });
  }

  #truth(slot: Slot, seconds: number): SceneTruth {
    const objects: TruthObject[] = [];
    this.#actors.forEach((actor, i) => {
      if (actor.classId === CLUTTER) return;
      const bounds = this.#owners.bounds(i + 1, this.#painted[i]!);
      const { x, y, width, height } = bounds;
      if (width === 0) return;
      if (!((slot.masks[i]?.length ?? 0) >= width * height)) {
        slot.masks[i] = new Uint8Array(width * height * 2);
      }
      const data = slot.masks[i]!.subarray(0, width * height);
      const area = this.#owners.crop(i + 1, bounds, data);
      actor.poseAt(seconds, this.#pose);
      const visibility = Math.min(1, area / (actor.outline.area * this.#pose.radius ** 2));
      objects.push({
        trackId: i + 1,
        classId: actor.classId,
        box: { x1: x, y1: y, x2: x + width, y2: y + height },
        mask: { x, y, width, height, data },
        area,
        visibility,
        ignore: visibility < LEAST_VISIBILITY || Math.min(width, height) < LEAST_SIDE,
      });
    });
    return { width: this.width, height: this.height, objects };
  }
}

/** The moving shapes from back to front: every class in turn, and some clutter among them. */
function cast(random: Random, count: number, width: number, height: number): Actor[] {
  const patterns = objectPatterns(random);
  const classIds = Array.from({ length: count }, (_, i) => i % SCENE_CLASSES.length);
  const clutter = Array.from({ length: count === 0 ? 0 : 1 + Math.ceil(count / 6) }, () => CLUTTER);
  return random
    .shuffle([...classIds, ...clutter])
    .map((classId) => new Actor(random, classId, width, height, patterns));
}

function expectEven(name: string, value: unknown): number {
  const length = expectInteger(name, value, 64, 4096);
  if (length % 2 === 0) return length;
  throw new ExpectationError(`an even number for ${name}`, value, `Take ${length - 1} or ${length + 1}.`);
}
