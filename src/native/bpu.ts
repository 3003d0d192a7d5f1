import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import type { Content } from './nv12.js';
import type { NativeDone, NativeSlots } from './camera.js';

/** What native/bpu is asked for; ranges are checked there, too. */
export interface NativeBpuOptions {
  /** Path of libdnn.so; undefined for the places where RDK X5 and X3 have it. */
  readonly library?: string | undefined;
  readonly file: string;
  /** Model within the file; undefined where it has only one. */
  readonly model?: string | undefined;
  /** Frames at work at once, 1 to 32. */
  readonly slots: number;
  /** Slots beside them, for results that are being read, 0 to 8. */
  readonly spare: number;
  /** 0 any, 1 and 2 the cores of X3. */
  readonly core: number;
  /** 0 to 255. */
  readonly priority: number;
  /** Milliseconds. */
  readonly timeout: number;
}

/** An hbDNNTensorProperties as libdnn gives it: numbers are those of the ABI (native/bpu/hbdnn_abi.h). */
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
  /** Path of libdnn as it was found, and its version. */
  readonly library: string;
  readonly version: string;
  readonly model: string;
  /** All models of the file. */
  readonly models: readonly string[];
  readonly inputs: readonly NativeTensorProperties[];
  readonly outputs: readonly NativeTensorProperties[];
  /** Microseconds; negative when libdnn does not say. */
  readonly estimatedLatency: number;
  /** Input size in pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * Views on BPU memory, by slot and output; detached by close(). After a frame that timed out its slot has other memory,
   * as the BPU may still write to what it had: before `done` is told of the slot, the slot's array is replaced here, and
   * the former views are detached.
   */
  readonly buffers: readonly (readonly ArrayBuffer[])[];
  /**
   * Begins a frame, whose bytes must stay until `done` was called for the slot: resizable buffers are refused, and one
   * that was transferred meanwhile is told as a failure.
   *
   * @param slot one that was taken or granted and not used since, or -1 @returns the slot, or -1 when none is free
   * @throws TypeError also when a getter of the arguments closed the engine
   */
  run(frame: Nv12Frame, content: Content, slot: number): number;
  /** Waits for frames in flight (blocking), detaches the buffers and frees everything. Idempotent. */
  close(): void;
  /** As close(), but leaves the buffers to whoever looks at them: their memory is freed when they are collected. */
  closeKeepingBuffers(): void;
}

export interface BpuAddon {
  /**
   * Loads libdnn and a model. An Error with a `failure` says what is wrong with them.
   *
   * @param done called on the JS thread, once for each run() and for each frame of attached cameras
   */
  openBpu(options: NativeBpuOptions, done: NativeDone): NativeBpu;
}
