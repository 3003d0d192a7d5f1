import type { LivePictureSize } from './frame-format.js';

/** The text messages between server and page, as JSON (docs/web.md). */

/** Bytes of a message of a client; one that sends more is disconnected. */
export const MOST_MESSAGE = 16_384;

/** Rates and latencies of a camera. */
export interface CameraStats {
  /** Frames so far. */
  readonly received: number;
  readonly answered: number;
  readonly dropped: number;
  readonly skipped: number;
  readonly failed: number;
  readonly discarded: number;
  /** Milliseconds by stage: median, 95th and 99th percentile of the latest results. Stages without results are left out. */
  readonly stages: Readonly<Record<string, readonly [p50: number, p95: number, p99: number]>>;
}

/** A setting that the page shows. */
export interface ShownParameter {
  readonly name: string;
  readonly type: 'bool' | 'integer' | 'double' | 'string' | 'string_array';
  readonly value: unknown;
  readonly range?: readonly [number, number] | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly help: string;
}

/** What changes rarely. Sent at the beginning, and again when it has changed. */
export interface StateMessage {
  readonly type: 'state';
  readonly version: string;
  readonly cameras: readonly string[];
  readonly model: {
    readonly name: string;
    readonly engine: string;
    readonly width: number;
    readonly height: number;
  };
  /** Class names by class id. */
  readonly labels: readonly string[];
  /** Colors of the palette, 0xrrggbb. */
  readonly palette: readonly number[];
  readonly parameters: readonly ShownParameter[];
  /** Models that may be loaded. */
  readonly models: readonly string[];
  /** Whether there is a token with which the page may change something. */
  readonly controllable: boolean;
  /** Whether this client has given it. */
  readonly authorized: boolean;
}

/** Once a second. */
export interface StatsMessage {
  readonly type: 'stats';
  /** Milliseconds on the server's clock. */
  readonly time: number;
  readonly cameras: readonly CameraStats[];
  /** Pages that are connected. */
  readonly clients: number;
  /** Frames that this client did not get because it was behind. */
  readonly behind: number;
  /** The recording that is running, if any. */
  readonly recording?: { readonly camera: number; readonly seconds: number } | undefined;
  /** What is wrong, if anything. */
  readonly problem?: string | undefined;
}

/** The answer to a request with an `id`. */
export interface AnswerMessage {
  readonly type: 'answer';
  readonly id: number;
  readonly ok: boolean;
  readonly message: string;
}

export type ServerMessage = StateMessage | StatsMessage | AnswerMessage;

/** Asks for the frames of some cameras; those not named are not sent. */
export interface WatchMessage {
  readonly type: 'watch';
  readonly cameras: Readonly<Record<string, LivePictureSize>>;
}

/** The page has drawn a frame: the server may send the next. */
export interface AckMessage {
  readonly type: 'ack';
  readonly camera: number;
  readonly sequence: number;
}

/** Requests that are answered. All but `authorize` need the token. */
export type RequestMessage =
  | { readonly type: 'authorize'; readonly id: number; readonly token: string }
  | { readonly type: 'set'; readonly id: number; readonly name: string; readonly value: unknown }
  | { readonly type: 'load_model'; readonly id: number; readonly model: string }
  | { readonly type: 'record'; readonly id: number; readonly camera: number; readonly seconds: number };

export type ClientMessage = WatchMessage | AckMessage | RequestMessage;
