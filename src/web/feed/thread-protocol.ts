import type { IncomingHttpHeaders } from 'node:http';
import type { ColorRange } from '../../vision/picture/color-range.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';

/** What the thread of pages is given when it begins. */
export interface ThreadData {
  /** Of FrameCounts. */
  readonly counts: SharedArrayBuffer;
}

/** What is asked of the thread of pages. A number is that of the memory (FrameMemory) of a frame to be made. */
export type ThreadOrder = number | MemoryOrder | OpenOrder | PageOrder;

/** Memory in which frames come (FrameMemory); none: no more frames come in the one of that number. */
export interface MemoryOrder {
  readonly kind: 'memory';
  readonly number: number;
  readonly memory: SharedArrayBuffer | undefined;
}

/** A frame to be made: for pages, to which the thread sends it, or as a file, which it returns. */
export interface FrameOrder {
  readonly id: number;
  readonly camera: number;
  readonly sequence: number;
  readonly start: MessageStart;
  /** Absent: the message has no picture. */
  readonly picture: PictureOrder | undefined;
  /** Numbers of the pages that get the message. */
  readonly pages: readonly number[];
  /** Whether the file is wanted back. */
  readonly file: boolean;
}

/** What comes before the JPEG file in a message for pages. */
export interface MessageStart {
  /** Of writeFrame(); no bytes: the file alone is wanted. */
  readonly frame: Uint8Array;
  /** The masks of the frame, whose contours the thread adds (MaskPacker), at least their sizes; absent: it adds none. */
  readonly masks: Int32Array | undefined;
  /** Of the contours, in pixels of the picture. */
  readonly tolerance: number;
}

/** A picture to be compressed. */
export interface PictureOrder {
  /** In the size of the file. Its `picture` is the part to be compressed, if that is smaller. */
  readonly frame: Nv12Frame;
  readonly range: ColorRange;
  /** Of JPEG, 1 to 100. */
  readonly quality: number;
}

/** A connection that becomes a page's WebSocket. Its descriptor belongs to the thread that claims it first (PageState.claim). */
export interface OpenOrder {
  readonly kind: 'open';
  readonly page: number;
  readonly descriptor: number;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** What the client sent after its request. */
  readonly head: Uint8Array;
  /** Of PageState. */
  readonly state: SharedArrayBuffer;
}

/** What is done with the WebSocket of a page. */
export type PageOrder = { readonly page: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong'; readonly data: Uint8Array }
  /** A message was taken: another may follow. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'terminate' }
);

/** What the thread tells. */
export type ThreadEvent = FileEvent | FailedEvent | PageEvent;

/** The file of a frame, or the reason why there is none. */
export interface FileEvent {
  readonly kind: 'file';
  readonly id: number;
  readonly file: Uint8Array<ArrayBuffer> | undefined;
  readonly failure: string;
}

/** Pages do not get a frame, because it could not be made. */
export interface FailedEvent {
  readonly kind: 'failed';
  readonly camera: number;
  readonly sequence: number;
  readonly pages: readonly number[];
  /** The reason. */
  readonly failure: string;
}

/** What happens at the WebSocket of a page. */
export type PageEvent = { readonly page: number } & (
  | { readonly kind: 'opened' }
  /** A message other than an acknowledgement of a frame; without a text, it was binary. The thread waits for `taken`. */
  | { readonly kind: 'message'; readonly text: string | undefined }
  /** To be answered with the data. The thread waits for `taken`. */
  | { readonly kind: 'pinged'; readonly data: Uint8Array }
  | { readonly kind: 'ponged' }
  | { readonly kind: 'closed' }
);
