/** ai_msgs as their readers see them. */

interface Stamp {
  readonly sec: number;
  readonly nanosec: number;
}

export interface Rect {
  readonly x_offset: number;
  readonly y_offset: number;
  readonly width: number;
  readonly height: number;
}

export interface Target {
  readonly type: string;
  /** 0: none. */
  readonly track_id: bigint;
  readonly rois: readonly { readonly type: string; readonly rect: Rect; readonly confidence: number }[];
  readonly attributes: readonly { readonly type: string; readonly value: number }[];
  readonly points: readonly {
    readonly type: string;
    readonly point: readonly { readonly x: number; readonly y: number }[];
  }[];
  readonly captures: readonly {
    readonly img: { readonly width: number; readonly height: number };
    readonly features: Float32Array;
  }[];
}

export interface PerceptionTargets {
  readonly header: { readonly stamp: Stamp; readonly frame_id: string };
  readonly fps: number;
  readonly targets: readonly Target[];
}

export interface PerceptionInfo {
  readonly width: number;
  readonly height: number;
  readonly class_names: readonly string[];
}

export const TARGETS = 'ai_msgs/msg/PerceptionTargets';
export const INFO = 'ai_msgs/msg/PerceptionInfo';
/** Type of the target that carries the map of classes. */
export const MAP = 'parking_space';
