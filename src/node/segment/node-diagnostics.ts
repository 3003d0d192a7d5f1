import { installedType } from '../../message/installed-type.js';
import { shortName } from '../../message/message-type.js';
import { OUTPUTS } from '../../message/outputs.js';
import { DiagnosticArrayWriter } from '../../message/write/diagnostic-array.js';
import { stampFromNanoseconds } from '../../vision/picture/frame-source.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';
import { BoardHealth } from './board-health.js';
import type { CameraHealth } from './camera-health.js';
import { type EngineFacts, EngineHealth } from './engine-health.js';

const DIAGNOSTICS = OUTPUTS.diagnostics;

/** The node's messages on /diagnostics: the engine, each camera, and the board. */
export class NodeDiagnostics {
  readonly #publisher: RawPublisher;
  readonly #writer = new DiagnosticArrayWriter(installedType(shortName(DIAGNOSTICS.type)));
  readonly #engine = new EngineHealth();
  readonly #board = new BoardHealth();
  #latest: Uint8Array | undefined;

  constructor(private readonly ros: RosNode) {
    this.#publisher = ros.publish(DIAGNOSTICS.type, DIAGNOSTICS.topic, DIAGNOSTICS.qos);
  }

  /** What was published last, as CDR, until the next; undefined: nothing yet. */
  get latest(): Uint8Array | undefined {
    return this.#latest;
  }

  /** @param cameras while the node is active */
  publish(facts: Omit<EngineFacts, 'middleware'>, cameras: readonly CameraHealth[]): void {
    const { ros } = this;
    const name = ros.fullName.slice(1);
    const board = this.#board.status(name);
    const statuses = [
      this.#engine.status(name, { ...facts, middleware: ros.middleware }),
      ...cameras.map((health) => health.status(name, facts.engine?.kind ?? '', facts.enabled)),
      ...(board ? [board] : []),
    ];
    this.#latest = this.#writer.write({ stamp: stampFromNanoseconds(ros.now()), frameId: '' }, statuses);
    this.#publisher.publish(this.#latest);
  }
}
