import type { FrameHeader } from '../../vision/picture/frame-source.js';
import { CdrEncoder, cdrText, type CdrText } from './cdr-encoder.js';
import { HeaderEncoder, type HeaderMessage } from './header.js';
import { messageType } from '../message-type.js';

/** Levels of diagnostic_msgs/DiagnosticStatus; the worst of several is the highest number. */
export const DIAGNOSTIC_LEVELS = { ok: 0, warn: 1, error: 2, stale: 3 } as const;
export type DiagnosticLevel = keyof typeof DIAGNOSTIC_LEVELS;

/** The status of one part of a node. */
export interface DiagnosticStatus {
  readonly level: DiagnosticLevel;
  /** "node: part"; tools group by the part before the colon. */
  readonly name: string;
  /** A sentence for users. */
  readonly message: string;
  readonly hardwareId: string;
  readonly values: Readonly<Record<string, string>>;
}

interface DiagnosticArrayMessage {
  header: HeaderMessage;
  status: readonly {
    level: number;
    name: CdrText;
    message: CdrText;
    hardware_id: CdrText;
    values: readonly { key: CdrText; value: CdrText }[];
  }[];
}

/** Writes diagnostic_msgs/msg/DiagnosticArray for /diagnostics. */
export class DiagnosticArrayWriter {
  readonly #encoder: CdrEncoder<DiagnosticArrayMessage>;
  readonly #header = new HeaderEncoder();

  constructor(readonly type = messageType('diagnostic_msgs/DiagnosticArray')) {
    this.#encoder = new CdrEncoder(type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, status: readonly DiagnosticStatus[]): Uint8Array {
    return this.#encoder.write({
      header: this.#header.encode(header),
      status: status.map(({ level, name, message, hardwareId, values }) => ({
        level: DIAGNOSTIC_LEVELS[level],
        name: cdrText(name),
        message: cdrText(message),
        hardware_id: cdrText(hardwareId),
        values: Object.entries(values).map(([key, value]) => ({ key: cdrText(key), value: cdrText(value) })),
      })),
    });
  }
}
