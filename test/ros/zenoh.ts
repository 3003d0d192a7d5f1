import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstPort } from './domain.js';

export const ZENOH = 'rmw_zenoh_cpp';

/** Milliseconds between attempts to reach a router. */
const ATTEMPT = 50;

/** Where the router of a domain listens: a TCP port that only this machine reaches, in the range of the domain's UDP ports. */
function endpoint(domain: number): { readonly port: number; readonly locator: string } {
  const port = firstPort(domain) + 1;
  return { port, locator: `["tcp/127.0.0.1:${port}"]` };
}

/**
 * What the nodes of a domain need to find its router. By default all of a machine share the one on port 7447, which may be a robot's.
 *
 * The syntax is that of rmw_zenoh's README: key=value;key=value, with values in JSON.
 */
export function sessionEnvironment(domain: number): NodeJS.ProcessEnv {
  return {
    // They wait for the router, and do not start alone.
    ZENOH_ROUTER_CHECK_ATTEMPTS: '0',
    ZENOH_CONFIG_OVERRIDE: `connect/endpoints=${endpoint(domain).locator}`,
  };
}

/** The command line of a domain's router, and its environment. @param prefix where rmw_zenoh_cpp is installed */
export function routerOf(
  domain: number,
  prefix: string,
  env: NodeJS.ProcessEnv,
): { readonly line: readonly string[]; readonly env: NodeJS.ProcessEnv } {
  const { locator } = endpoint(domain);
  return {
    line: [join(prefix, 'lib', ZENOH, 'rmw_zenohd')],
    env: { ...env, ZENOH_CONFIG_OVERRIDE: `listen/endpoints=${locator};connect/endpoints=[]` },
  };
}

/** Waits until a domain's router accepts connections. @param over says when to give up @throws Error then */
export async function routerAnswers(domain: number, over: () => boolean): Promise<void> {
  const { port } = endpoint(domain);
  while (!over()) {
    const socket = connect({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(ATTEMPT);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`Expected the Zenoh router to listen on port ${port} but it has ended.`);
}
