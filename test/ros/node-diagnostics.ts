import type { Peer, PeerMessage } from './peer.js';

const DIAGNOSTICS = '/diagnostics';

/** What the node said of one of its parts. */
export interface Diagnostics {
  /** When, on the node's clock. */
  readonly seconds: number;
  readonly level: number;
  readonly message: string;
  readonly values: Readonly<Record<string, string>>;
}

interface Status {
  /** A byte, which Python has as a string. */
  readonly level: string | readonly number[];
  readonly name: string;
  readonly message: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

export async function listenToDiagnostics(peer: Peer): Promise<void> {
  await peer.subscribe(DIAGNOSTICS, 'diagnostic_msgs/msg/DiagnosticArray');
}

/** Everything that was said so far of the part whose name ends so. */
export function diagnosticsOf(peer: Peer, part: string): Diagnostics[] {
  return peer.messages(DIAGNOSTICS).flatMap((message) => ofPart(message, part));
}

/** Waits until something is said of the part that meets the condition. @returns that */
export function diagnosticsThat(
  peer: Peer,
  part: string,
  what: string,
  condition: (now: Diagnostics) => boolean,
): Promise<Diagnostics> {
  return peer.process.until(`receive diagnostics of ${part}: ${what}`, () =>
    diagnosticsOf(peer, part).find(condition),
  );
}

function ofPart({ stamp, message }: PeerMessage, part: string): Diagnostics[] {
  const { status } = message as unknown as { status: readonly Status[] };
  return status
    .filter(({ name }) => name.endsWith(part))
    .map(({ level, message: text, values }) => ({
      seconds: stamp[0] + stamp[1] / 1e9,
      level: typeof level === 'string' ? level.charCodeAt(0) : level[0]!,
      message: text,
      values: Object.fromEntries(values.map(({ key, value }) => [key, value])),
    }));
}
