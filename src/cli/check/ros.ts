import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { messageOf } from '../../base/expect.js';
import { distribution, isLocalOnly, testedDistributions } from '../../node/ros/distribution.js';
import { missingLoanSettings } from '../../node/ros/loaned-messages.js';
import { loadRcl } from '../../node/ros/rclnodejs.js';
import type { Finding, Section } from './finding.js';
import type { Host } from './host.js';

/** Socket buffer that 1080p frames need, as measured (config/dds/cyclonedds.xml). Bytes. */
const RECEIVE_BUFFER = 4 * 2 ** 20;
/** Enough for some 1080p frames for each of a few subscribers. Bytes. */
const SHARED_MEMORY = 64 * 2 ** 20;

const ZENOH = 'rmw_zenoh_cpp';
/** Where rmw_zenohd listens and sessions look for it, by the default configuration of both. */
const ZENOH_PORT = 7447;

/** ROS 2, the middleware, its profile and the limits of the kernel. */
export async function rosSection(host: Host): Promise<Section> {
  const { ROS_DISTRO: distro } = host.env;
  if (!distro) {
    const places = installed(host);
    return {
      title: 'ROS 2',
      findings: [
        {
          what: 'ROS 2',
          verdict: 'unknown',
          text: places.length > 0 ? 'installed, but not sourced' : 'not installed; not needed for files',
          hint:
            places.length > 0
              ? `source /${places[0]} and that of your workspace, then check again.`
              : undefined,
        },
      ],
    };
  }
  // Set to nothing is the same as not set, to rcl and to rmw_zenoh.
  const middleware = host.env['RMW_IMPLEMENTATION'] || 'rmw_fastrtps_cpp';
  return {
    title: 'ROS 2',
    findings: [
      release(distro),
      await library(),
      {
        what: 'middleware',
        verdict: 'ok',
        text: `${middleware}${host.env['RMW_IMPLEMENTATION'] ? '' : ' (the default)'}`,
      },
      domain(host),
      ...(middleware === ZENOH ? zenoh(host) : [profile(host, middleware), loans(host, middleware)]),
      sharedMemory(host),
      receiveBuffer(host, middleware),
    ],
  };
}

/** The setup files of TROS and ROS on this machine, TROS's first. */
function installed(host: Host): string[] {
  return ['opt/tros', 'opt/ros'].flatMap((folder) => {
    try {
      return readdirSync(host.path(folder))
        .sort()
        .map((name) => `${folder}/${name}/setup.bash`)
        .filter((file) => existsSync(host.path(file)));
    } catch {
      return [];
    }
  });
}

function release(distro: string): Finding {
  const what = 'distribution';
  if (distribution(distro).tested) return { what, verdict: 'ok', text: distro };
  return {
    what,
    verdict: 'note',
    text: `${distro}: all tests have passed on ${testedDistributions().join(' and ')}`,
  };
}

async function library(): Promise<Finding> {
  const what = 'rclnodejs';
  try {
    await loadRcl();
    return { what, verdict: 'ok', text: 'loads' };
  } catch (error) {
    return { what, verdict: 'warning', text: messageOf(error).replace(/\n+/g, ' ') };
  }
}

function domain({ env }: Host): Finding {
  const { name, value } = distribution(env['ROS_DISTRO']).localOnly;
  const by = env[name] === value ? name : 'ROS_LOCALHOST_ONLY';
  const local = isLocalOnly(env) ? `, this machine only (${by})` : '';
  return { what: 'domain', verdict: 'ok', text: `${env['ROS_DOMAIN_ID'] || '0'}${local}` };
}

/** The launch files use our profiles if none is set. */
function profile({ env }: Host, middleware: string): Finding {
  const what = 'DDS profile';
  const name =
    middleware === 'rmw_cyclonedds_cpp' ? 'CYCLONEDDS_URI' : distribution(env['ROS_DISTRO']).fastDdsProfiles;
  const value = env[name];
  if (value === undefined) {
    return {
      what,
      verdict: 'note',
      text: `${name} is not set: the launch files set ours, ros2 run does not`,
    };
  }
  const path = value.replace(/^file:\/\//, '');
  if (!path.startsWith('/') || existsSync(path)) return { what, verdict: 'ok', text: `${name}=${value}` };
  return {
    what,
    verdict: 'failure',
    text: `${name}=${value}: no such file`,
    hint: 'Set it to an existing file, or unset it.',
  };
}

/** Whether frames of a camera that lends messages can be read in place. */
function loans({ env }: Host, middleware: string): Finding {
  const what = 'zero copy';
  const missing = missingLoanSettings(middleware, env);
  if (env['ROS_DISABLE_LOANED_MESSAGES'] !== '0') missing.push('export ROS_DISABLE_LOANED_MESSAGES=0');
  if (missing.length === 0) return { what, verdict: 'ok', text: 'all switches are set' };
  return {
    what,
    verdict: 'note',
    text: `not set (the launch files set them for Fast DDS): ${missing.join('; ')}`,
  };
}

/** The settings of rmw_zenoh, and whether its router runs. Without a router, nodes do not discover each other. */
function zenoh(host: Host): Finding[] {
  const { env } = host;
  const override = env['ZENOH_CONFIG_OVERRIDE'] ?? '';
  return [zenohConfig(host), zenohRouter(host), zenohMemory(override)];
}

function zenohConfig({ env }: Host): Finding {
  const what = 'Zenoh session';
  const file = env['ZENOH_SESSION_CONFIG_URI'];
  const override = env['ZENOH_CONFIG_OVERRIDE'];
  if (file && !existsSync(file)) {
    return {
      what,
      verdict: 'failure',
      text: `ZENOH_SESSION_CONFIG_URI=${file}: no such file`,
      hint: 'Set it to an existing file, or unset it.',
    };
  }
  const parts = [file || "rmw_zenoh_cpp's own settings", override && `ZENOH_CONFIG_OVERRIDE=${override}`];
  return { what, verdict: 'ok', text: parts.filter(Boolean).join(', ') };
}

function zenohRouter(host: Host): Finding {
  const what = 'Zenoh router';
  const { env } = host;
  const own = env['ZENOH_SESSION_CONFIG_URI'] ?? '';
  if (own !== '' || /connect\/endpoints|multicast\/enabled/.test(env['ZENOH_CONFIG_OVERRIDE'] ?? '')) {
    return { what, verdict: 'unknown', text: 'the settings of the session say where it is' };
  }
  if (listens(host, ZENOH_PORT))
    return { what, verdict: 'ok', text: `a program listens on port ${ZENOH_PORT}` };
  return {
    what,
    verdict: 'warning',
    text: `no program listens on port ${ZENOH_PORT}: nodes do not discover each other`,
    hint: 'ros2 run rmw_zenoh_cpp rmw_zenohd',
  };
}

function zenohMemory(override: string): Finding {
  const what = 'zero copy';
  const on = /shared_memory\/enabled\s*=\s*true/.test(override);
  return {
    what,
    verdict: 'note',
    text: `rmw_zenoh lends no messages; its shared memory is ${on ? 'on' : 'off unless the session file says otherwise'}`,
    hint: on
      ? undefined
      : "export ZENOH_CONFIG_OVERRIDE='transport/shared_memory/enabled=true' in every process, the router included",
  };
}

/** Whether a TCP socket listens on a port, by the kernel's tables: state 0A, the local address as hexadecimal ADDRESS:PORT. */
function listens(host: Host, port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return ['proc/net/tcp', 'proc/net/tcp6'].some((table) =>
    (host.text(table) ?? '').split('\n').some((row) => {
      const [, local = '', , state] = row.trim().split(/\s+/);
      return state === '0A' && local.endsWith(`:${wanted}`);
    }),
  );
}

function sharedMemory(host: Host): Finding {
  const what = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(host.path('dev/shm'));
    const free = bavail * bsize;
    const text = `${(free / 2 ** 20).toFixed(0)} MiB free`;
    if (free >= SHARED_MEMORY) return { what, verdict: 'ok', text };
    return {
      what,
      verdict: 'warning',
      text,
      hint: 'Fast DDS passes frames through it: remove what killed processes left (fastrtps_*, fastdds_*), or docker run --shm-size=512m.',
    };
  } catch (error) {
    return { what, verdict: 'unknown', text: messageOf(error) };
  }
}

function receiveBuffer(host: Host, middleware: string): Finding {
  const what = 'net.core.rmem_max';
  const most = Number(host.text('proc/sys/net/core/rmem_max'));
  if (!Number.isInteger(most)) return { what, verdict: 'unknown', text: 'the kernel does not report it' };
  if (most >= RECEIVE_BUFFER || middleware !== 'rmw_cyclonedds_cpp')
    return { what, verdict: 'ok', text: `${most}` };
  return {
    what,
    verdict: 'warning',
    text: `${most}: 1080p frames get lost with Cyclone DDS`,
    hint: 'sudo sysctl -w net.core.rmem_max=33554432',
  };
}
