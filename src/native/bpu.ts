import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { Content } from './nv12.js';
import type { NativeDone, NativeSlots } from './camera.js';

/** Options of openBpu(); native/bpu checks their ranges, too. */
export interface NativeBpuOptions {
  /** Path of libdnn.so; undefined for the paths where RDK X5 and X3 have it. */
  readonly library?: string | undefined;
  readonly file: string;
  /** Model within the file; may be undefined if the file has only one. */
  readonly model?: string | undefined;
  /** Frames processed at the same time, 1 to 32. */
  readonly slots: number;
  /** Additional slots for results that are still being read, 0 to 8. */
  readonly spare: number;
  /** 0 any, 1 and 2 the cores of X3. */
  readonly core: number;
  /** 0 to 255. */
  readonly priority: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** An hbDNNTensorProperties as returned by libdnn; numbers are those of the ABI (native/bpu/hbdnn_abi.h). */
export interface NativeTensorProperties {
  readonly name: string;
  readonly validShape: readonly number[];
  readonly alignedShape: readonly number[];
  /** In bytes; all 0 for NV12 inputs. */
  readonly stride: readonly number[];
  readonly alignedByteSize: number;
  readonly tensorLayout: number;
  readonly tensorType: number;
  readonly quantiType: number;
  readonly quantizeAxis: number;
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly shift: readonly number[];
}

export interface NativeBpu extends NativeSlots {
  /** The path libdnn was loaded from, and its version. */
  readonly library: string;
  readonly version: string;
  readonly model: string;
  /** All models of the file. */
  readonly models: readonly string[];
  readonly inputs: readonly NativeTensorProperties[];
  readonly outputs: readonly NativeTensorProperties[];
  /** Microseconds; negative when libdnn reports none. */
  readonly estimatedLatency: number;
  /** Input size in pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * Views of BPU memory, by slot and output; detached by close(). After a timeout a slot has new memory, because the
   * BPU may still write to the old one. Its array is then replaced here before `done` is called for the slot, and the
   * old views are detached.
   */
  readonly buffers: readonly (readonly ArrayBuffer[])[];
  /**
   * Starts a frame. Its bytes must stay in place until `done` is called for the slot: resizable buffers are rejected,
   * and a buffer that is transferred in the meantime is reported as a failure.
   *
   * @param slot one that was taken or granted and not used since, or -1 @returns the slot, or -1 when none is free
   * @throws TypeError, also when a getter of the arguments closes the engine
   */
  run(frame: Nv12Frame, content: Content, slot: number): number;
  /**
   * Sets the plan by which slots' threads decode, from the next finished frame on (src/vision/decode/ahead.ts). Without arguments,
   * they stop doing so.
   *
   * @returns the results, by slot: the same buffers each time, written while the slot processes a frame
   * @throws TypeError for heads beyond the outputs
   */
  planAhead(
    version: number,
    numbers: Int32Array,
    blocks: readonly Int32Array[],
    scales: readonly Float64Array[],
    limits: Float64Array,
    lowest: number,
    iou: number,
  ): readonly ArrayBuffer[];
  planAhead(): void;
  /** Waits for frames in flight (blocking), detaches the buffers and frees everything. Idempotent. */
  close(): void;
  /** Like close(), but keeps the buffers: their memory is freed when they are garbage-collected. */
  closeKeepingBuffers(): void;
}

export interface BpuAddon {
  /**
   * Loads libdnn and a model. Failures are thrown as an Error with a property `failure`.
   *
   * @param done called on the JS thread, once for each run() and each frame of attached cameras
   */
  openBpu(options: NativeBpuOptions, done: NativeDone): NativeBpu;

  /**
   * The paths and names where libdnn is looked for, in this order, and the folders of the libraries that it needs
   * (native/bpu/libdnn_paths.h).
   */
  libdnnPaths(): { readonly libraries: readonly string[]; readonly companionFolders: readonly string[] };
}
