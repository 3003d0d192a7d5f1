import type { KnownDistance } from '../message/write/perception-targets.js';
import type { PackedSegmentation } from '../vision/depth/kept-segmentation.js';
import type { Stamp } from '../vision/picture/frame-source.js';
import type { DepthNames, DepthOrder } from './depth-work.js';

/** Messages to the thread. */
export type DepthRequest =
  | { readonly names: DepthNames }
  | {
      readonly order: DepthOrder;
      readonly segmentation: PackedSegmentation;
      readonly stamp: Stamp;
      readonly frameId: string;
      readonly encoding: string;
      readonly width: number;
      readonly height: number;
      /** Uint16Array or Float32Array on memory that is transferred. */
      readonly data: Uint16Array | Float32Array;
    };

/** What it answers to each order. The memory of the depth picture goes back, to be used again. */
export interface DepthAnswer {
  readonly messages: readonly { readonly topic: string; readonly cdr: Uint8Array }[];
  readonly distances: readonly KnownDistance[] | undefined;
  readonly failure: string | undefined;
  readonly memory: ArrayBuffer;
}
