import { existsSync, statfsSync } from 'node:fs';
import { messageOf } from '../../base/expect.js';
import { missingLoanSettings } from '../../node/ros/loaned-messages.js';
import { loadRcl } from '../../node/ros/rclnodejs.js';
import type { Finding, Section } from './finding.js';
import type { Host } from './host.js';

/** Socket buffer that 1080p frames need, as measured (config/dds/cyclonedds.xml). Bytes. */
const RECEIVE_BUFFER = 4 * 2 ** 20;
/** Enough for some 1080p frames for each of a few subscribers. Bytes. */
const SHARED_MEMORY = 64 * 2 ** 20;

/** ROS 2, the middleware, its profile and the limits of the kernel. */
export async function rosSection(host: Host): Promise<Section> {
  const { ROS_DISTRO: distro } = host.env;
  if (!distro) {
    const places = ['opt/tros/humble/setup.bash', 'opt/ros/humble/setup.bash'].filter((file) =>
      existsSync(host.path(file)),
    );
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
  const middleware = host.env['RMW_IMPLEMENTATION'] ?? 'rmw_fastrtps_cpp';
  return {
    title: 'ROS 2',
    findings: [
      distribution(distro),
      await library(),
      {
        what: 'middleware',
        verdict: 'ok',
        text: `${middleware}${host.env['RMW_IMPLEMENTATION'] ? '' : ' (the default)'}`,
      },
      domain(host),
      profile(host, middleware),
      loans(host, middleware),
      sharedMemory(host),
      receiveBuffer(host, middleware),
    ],
  };
}

function distribution(distro: string): Finding {
  const what = 'distribution';
  if (distro === 'humble') return { what, verdict: 'ok', text: distro };
  return { what, verdict: 'note', text: `${distro}: the tests run on humble only` };
}

async function library(): Promise<Finding> {
  const what = 'rclnodejs';
  try {
    await loadRcl();
    return { what, verdict: 'ok', text: 'loads' };
  } catch (error) {
    return { what, verdict: 'warning', text: messageOf(error) };
  }
}

function domain({ env }: Host): Finding {
  const local = env['ROS_LOCALHOST_ONLY'] === '1' ? ', this machine only (ROS_LOCALHOST_ONLY=1)' : '';
  return { what: 'domain', verdict: 'ok', text: `${env['ROS_DOMAIN_ID'] ?? '0'}${local}` };
}

/** The launch files use our profiles if none is set. */
function profile({ env }: Host, middleware: string): Finding {
  const what = 'DDS profile';
  const name = middleware === 'rmw_cyclonedds_cpp' ? 'CYCLONEDDS_URI' : 'FASTRTPS_DEFAULT_PROFILES_FILE';
  const value = env[name] ?? (name === 'CYCLONEDDS_URI' ? undefined : env['FASTDDS_DEFAULT_PROFILES_FILE']);
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
      hint: 'Fast DDS passes frames through it: remove what killed processes left (fastrtps_*), or docker run --shm-size=512m.',
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
