import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

/**
 * UDP ports of a domain, by RTPS 2.5, 9.6.2.3: 7400 + 250 for each domain. The domains from 102 on lie among the ports that
 * Linux gives to anybody.
 */
const BASE = 7400;
const GAIN = 250;
const LAST = 101;

/** A ROS_DOMAIN_ID that nobody on this machine uses, until it is released. */
export interface Domain {
  readonly id: number;
  release(): void;
}

/**
 * Takes a domain that no process on this machine speaks in and no other test has taken.
 *
 * Tests hold theirs by listening on a TCP port, which the system lets go of when they end, however they end.
 *
 * @throws Error when all are in use
 */
export async function takeDomain(): Promise<Domain> {
  // Each begins elsewhere, so that two that begin at once seldom ask for the same one. 0 is where robots live.
  for (let turn = 0; turn < LAST; turn++) {
    const id = 1 + ((process.pid + turn) % LAST);
    const server = createServer();
    if (!(await listens(server, firstPort(id)))) continue;
    server.unref();
    if (inUse(id)) server.close();
    else return { id, release: () => void server.close() };
  }
  throw new Error(`Expected a ROS domain from 1 to ${LAST} to be free but all are in use.`);
}

/** The ports of a domain are those from here on, 250 of them. Fast DDS numbers its shared memory by them, too. */
export function firstPort(domain: number): number {
  return BASE + GAIN * domain;
}

/** Files in /dev/shm that Fast DDS's participants of a domain meet at. */
export function sharedMemoryPorts(domain: number): string[] {
  return readdirSync('/dev/shm').filter((name) => {
    const port = /^(?:sem\.)?fast(?:rtps|dds)_port(\d+)/.exec(name)?.[1];
    return port !== undefined && inDomain(Number(port), domain);
  });
}

function inDomain(port: number, domain: number): boolean {
  return port >= firstPort(domain) && port < firstPort(domain + 1);
}

function inUse(domain: number): boolean {
  const ports = ['/proc/net/udp', '/proc/net/udp6'].flatMap(boundPorts);
  return ports.some((port) => inDomain(port, domain)) || sharedMemoryPorts(domain).length > 0;
}

/** Ports of a table of sockets: the second column is the local address, as hexadecimal ADDRESS:PORT. */
function boundPorts(table: string): number[] {
  const [, ...rows] = readFileSync(table, 'utf8').trim().split('\n');
  return rows.map((row) => parseInt(row.trim().split(/\s+/)[1]!.split(':')[1]!, 16));
}

async function listens(server: Server, port: number): Promise<boolean> {
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  }
}
