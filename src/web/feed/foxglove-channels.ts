import protocol, { type IWebSocket } from '@foxglove/ws-protocol';
import type { WebSocket } from 'ws';
import { type Clock, steadyClock } from '../../base/clock.js';
import type { FrameContent } from '../../message/frame-content.js';
import { type MessageType, messageType, shortName } from '../../message/message-type.js';
import { type FrameOutput, type OutputPlace, outputTopic } from '../../message/output.js';
import { FRAME_OUTPUTS, MODEL_OUTPUTS, OUTPUTS } from '../../message/outputs.js';
import { DiagnosticArrayWriter } from '../../message/write/diagnostic-array.js';
import { CompressedImageWriter } from '../../message/write/image.js';
import { Labels } from '../../message/write/labels.js';
import { ColorBook } from '../../vision/picture/color-book.js';
import { stampFromNanoseconds, stampToNanoseconds } from '../../vision/picture/frame-source.js';
import { liveDiagnostics } from '../live-diagnostics.js';
import type { LiveSource } from '../source.js';
import { BoundedSocket } from './bounded-socket.js';
import type { Listener } from './camera-feed.js';

/** The package is CommonJS; Node.js does not detect its named exports. */
const { FoxgloveServer } = protocol;

export const FOXGLOVE_PROTOCOL = FoxgloveServer.SUPPORTED_SUBPROTOCOL;

/** Pictures of a camera that are compressed at the same time for Foxglove. */
const MOST_PICTURES = 2;

/** A topic of a camera with a message for each frame. */
interface FrameChannel {
  readonly id: number;
  /** Whether there is a message for a frame; absent: for all. */
  readonly has: FrameOutput['has'];
  readonly write: (content: FrameContent) => Uint8Array;
}

interface CameraChannels {
  readonly picture: number;
  readonly frames: readonly FrameChannel[];
  /** Pictures on their way. */
  underway: number;
}

/**
 * The topics of bags, without ROS: the Foxglove WebSocket protocol, which Foxglove and Lichtblick read. Topics are named like the node's,
 * so that the shipped layout (rviz/foxglove.json) shows them.
 */
export class FoxgloveChannels implements Listener {
  readonly #server: InstanceType<typeof FoxgloveServer>;
  readonly #subscribed = new Set<number>();
  readonly #image = new CompressedImageWriter();
  #cameras: readonly CameraChannels[] = [];
  /** Those that are sent once a second. */
  #periodic: readonly { readonly id: number; readonly write: () => Uint8Array }[] = [];
  readonly #clients = new Set<BoundedSocket>();

  constructor(
    private readonly source: LiveSource,
    private readonly clock: Clock = steadyClock,
  ) {
    this.#server = new FoxgloveServer({ name: 'tros_yolo_seg', capabilities: [] });
    this.#server.on('subscribe', (id) => void this.#subscribed.add(id));
    this.#server.on('unsubscribe', (id) => void this.#subscribed.delete(id));
    this.announce();
  }

  get clients(): number {
    return this.#clients.size;
  }

  connect(socket: WebSocket, name: string): void {
    const client = new BoundedSocket(socket, this.clock);
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
    this.#server.handleConnection(client as unknown as IWebSocket, name);
  }

  /** To be called every few seconds: ends connections that have not answered since the last call. */
  checkAlive(): void {
    for (const client of this.#clients) client.checkAlive();
  }

  /** Makes the topics again, for another model. */
  announce(): void {
    const { source } = this;
    for (const { picture, frames } of this.#cameras) {
      this.#server.removeChannel(picture);
      for (const { id } of frames) this.#server.removeChannel(id);
    }
    for (const { id } of this.#periodic) this.#server.removeChannel(id);
    this.#subscribed.clear();
    const { labels: names, name: modelName } = source.model();
    const labels = new Labels(names);
    const several = source.cameras.length > 1;
    const add = (topic: string, { name, definition }: MessageType): number =>
      this.#server.addChannel({
        topic,
        encoding: 'cdr',
        schemaName: name,
        schema: definition,
        schemaEncoding: 'ros2msg',
      });
    this.#cameras = source.cameras.map((camera) => {
      const place: OutputPlace = { prefix: several ? `~/${camera}/` : '~/', trosTopic: '' };
      const frames = FRAME_OUTPUTS.filter(({ inBags }) => inBags).map((row) => {
        const type = messageType(shortName(row.type));
        const write = row.open(type, {
          ...{ labels, modelName, trosMasks: 'none' },
          book: new ColorBook(),
          coloredBy: () => source.coloredBy(),
          classMapSize: () => 'picture',
        });
        return { id: add(outputTopic(row, place)!.replace('~', '/segment'), type), has: row.has, write };
      });
      const topic = several ? `/${camera}/image/compressed` : '/image/compressed';
      return { picture: add(topic, this.#image.type), frames, underway: 0 };
    });
    const diagnostics = new DiagnosticArrayWriter();
    const state = {
      id: add(OUTPUTS.diagnostics.topic, diagnostics.type),
      write: () => {
        const header = { stamp: stampFromNanoseconds(BigInt(Date.now()) * 1_000_000n), frameId: '' };
        return source.diagnostics?.() ?? diagnostics.write(header, liveDiagnostics(source));
      },
    };
    const ofModel = MODEL_OUTPUTS.filter(({ inBags }) => inBags).map((row) => {
      const type = messageType(shortName(row.type));
      const write = row.open(type);
      const topic = outputTopic(row, { prefix: '~/', trosTopic: '' })!.replace('~', '/segment');
      return {
        id: add(topic, type),
        write: () => {
          const { score, classes } = source.model();
          return write({ header: { stamp: { sec: 0, nanosec: 0 }, frameId: '' }, labels, score, classes });
        },
      };
    });
    this.#periodic = [...ofModel, state];
  }

  /** Once a second: the state, and messages about the model, for clients that came later. */
  repeat(): void {
    for (const { id, write } of this.#periodic) if (this.#subscribed.has(id)) this.#send(id, 0n, write());
  }

  wants(camera: number): { readonly results: boolean; readonly picture: boolean } {
    if (this.#subscribed.size === 0) return NOTHING;
    const { picture, frames, underway } = this.#cameras[camera]!;
    const wantsPicture = this.#subscribed.has(picture);
    return {
      results: wantsPicture || frames.some(({ id }) => this.#subscribed.has(id)),
      picture: wantsPicture && underway < MOST_PICTURES,
    };
  }

  result(camera: number, content: FrameContent, picture: Promise<Buffer> | undefined): void {
    const channels = this.#cameras[camera]!;
    const { stamp, frameId } = content.header;
    const time = stampToNanoseconds(stamp);
    for (const { id, has, write } of channels.frames) {
      if (this.#subscribed.has(id) && (has?.(content.segmentation) ?? true))
        this.#send(id, time, write(content));
    }
    if (!picture) return;
    const header = { stamp: { ...stamp }, frameId };
    channels.underway++;
    picture
      .then((file) => this.#send(channels.picture, time, this.#image.write(header, 'jpeg', file)))
      .catch(() => undefined)
      .finally(() => channels.underway--);
  }

  #send(id: number, time: bigint, bytes: Uint8Array): void {
    // The library throws nothing, and copies the bytes.
    this.#server.sendMessage(id, time, bytes);
  }
}

const NOTHING = { results: false, picture: false } as const;
