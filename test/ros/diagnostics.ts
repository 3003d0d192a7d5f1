import type { Peer, PeerMessage } from './peer.js';

interface Status {
  readonly name: string;
  readonly message: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

/** Waits for diagnostics of one part of a node that are as wanted. @param part end of its name: a topic, or "engine" */
export async function diagnosticsOf(
  peer: Peer,
  part: string,
  what: string,
  wanted: (values: Readonly<Record<string, string>>, message: string) => boolean,
): Promise<Readonly<Record<string, string>>> {
  let found: Record<string, string> = {};
  await peer.find('/diagnostics', what, (received) => {
    const status = statusOf(received).find(({ name }) => name.endsWith(`: ${part}`));
    if (!status) return false;
    found = Object.fromEntries(status.values.map(({ key, value }) => [key, value]));
    return wanted(found, status.message);
  });
  return found;
}

function statusOf({ message }: PeerMessage): readonly Status[] {
  return (message as unknown as { status: readonly Status[] }).status;
}
