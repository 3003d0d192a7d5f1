import type { Kernels } from '../vision/tensor/kernels.js';
import type { ColorRange } from '../vision/picture/color-range.js';
import type { Instance } from '../vision/mask/segmentation.js';
import type { ColoredBy } from '../vision/picture/palette.js';
import type { CameraStats, ShownParameter } from './protocol/messages.js';

/** What the live page shows: the node `segment`, or `tros-yolo-seg live`. Called only while there is a client. */
export interface LiveSource {
  /** Names of the cameras; fixed while the page is open. */
  readonly cameras: readonly string[];
  readonly colorRange: ColorRange;
  model(): LiveModel;
  /** The settings that the page shows. */
  parameters(): readonly ShownParameter[];
  stats(camera: number): CameraStats;
  /** The reason why there are no results, as a sentence; undefined: there are results. */
  problem(): string | undefined;
  /** What determines the colors of annotations. */
  coloredBy(): ColoredBy;
  /** Pixels by which contours may be simplified. */
  tolerance(): number;
  /** Meters to an object that a camera has just seen; undefined: unknown. Absent: there is no depth. */
  distanceOf?(camera: number, instance: Instance): number | undefined;
  /** A diagnostic_msgs/DiagnosticArray as CDR, valid until the next call; absent: it is made from the other members. */
  diagnostics?(): Uint8Array | undefined;
  /** Called when the cameras that clients need may have changed; LivePage.wants() says which they are. */
  demand?(): void;
  /** Changes a setting. @throws or rejects with an ExpectationError, and changes nothing then */
  set(name: string, value: unknown): void | Promise<void>;
  /** Files of the models that may be loaded, by the names that the page shows. */
  models(): ReadonlyMap<string, string>;
  /** Loads another model: a value of `models`. Rejects with an ExpectationError, and the former model stays in use then. @returns a sentence */
  load(model: string): Promise<string>;
}

/** The model in use. */
export interface LiveModel {
  readonly name: string;
  /** The kind of engine that it runs on. */
  readonly engine: string;
  /** Size of its input. */
  readonly width: number;
  readonly height: number;
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Lowest score that is reported, and the classes that are; absent: all. */
  readonly score: number;
  readonly classes?: readonly number[] | undefined;
  /** A faster form of tracing contours. */
  readonly kernels?: Kernels | undefined;
}
