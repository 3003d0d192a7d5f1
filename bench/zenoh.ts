import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const ZENOH = 'rmw_zenoh_cpp';

/** Milliseconds between attempts to reach a router. */
const ATTEMPT = 50;

/** A locator that only this machine reaches, as a list in JSON. */
function locator(port: number): string {
  return `["tcp/127.0.0.1:${port}"]`;
}

/**
 * What nodes need to find the router on a TCP port. By default all of a machine share the one on port 7447, which may be a robot's.
 *
 * The syntax is that of rmw_zenoh's README: key=value;key=value, with values in JSON.
 */
export function sessionEnvironment(port: number): NodeJS.ProcessEnv {
  return {
    // They wait for the router, and do not start alone.
    ZENOH_ROUTER_CHECK_ATTEMPTS: '0',
    ZENOH_CONFIG_OVERRIDE: `connect/endpoints=${locator(port)}`,
  };
}

/** The command line of a router on a TCP port, and its environment. @param prefix where rmw_zenoh_cpp is installed */
export function routerOn(
  port: number,
  prefix: string,
  env: NodeJS.ProcessEnv,
): { readonly line: readonly string[]; readonly env: NodeJS.ProcessEnv } {
  return {
    line: [join(prefix, 'lib', ZENOH, 'rmw_zenohd')],
    env: { ...env, ZENOH_CONFIG_OVERRIDE: `listen/endpoints=${locator(port)};connect/endpoints=[]` },
  };
}

/** Waits until a router accepts connections. @param over says when to give up @throws Error then */
export async function routerAnswers(port: number, over: () => boolean): Promise<void> {
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

/**
 * Runs `work` with the environment that its processes need: this one's, and where RMW_IMPLEMENTATION is Zenoh's, with a router of
 * their own while it runs.
 */
export async function withMiddleware<T>(
  work: (env: NodeJS.ProcessEnv) => Promise<T>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<T> {
  if (env['RMW_IMPLEMENTATION'] !== ZENOH) return work(env);
  const prefixes = (env['AMENT_PREFIX_PATH'] ?? '').split(delimiter);
  const prefix = prefixes.find((path) => existsSync(join(path, 'lib', ZENOH, 'rmw_zenohd')));
  if (prefix === undefined) throw new Error(`Expected ${ZENOH} to be installed but there is no rmw_zenohd.`);
  const port = await freePort();
  const router = routerOn(port, prefix, env);
  const child = spawn(router.line[0]!, router.line.slice(1), { env: router.env, stdio: 'ignore' });
  let over = false;
  const ended = new Promise<void>((resolve) => {
    for (const event of ['error', 'exit']) {
      child.on(event, () => {
        over = true;
        resolve();
      });
    }
  });
  try {
    await routerAnswers(port, () => over);
    return await work({ ...env, ...sessionEnvironment(port) });
  } finally {
    child.kill('SIGINT');
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
