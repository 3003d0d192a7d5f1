import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { messageOf } from '../src/base/expect.js';
import { packageRoot } from '../src/base/package-root.js';
import { isLocalOnly } from '../src/node/ros/distribution.js';

/** The emulated libdnn. */
export function emulator(): string {
  return join(packageRoot, 'build/native/emulator/libdnn.so');
}

/** Why a script cannot measure the node in a running graph; undefined where it can. */
export function whatIsMissing(script: string): string | undefined {
  const prefixes = (process.env['AMENT_PREFIX_PATH'] ?? '').split(delimiter);
  if (!prefixes.some((prefix) => existsSync(join(prefix, 'lib/tros_yolo_seg/segment')))) {
    return 'no workspace with tros_yolo_seg is sourced; see "On a robot" in the README';
  }
  return [script, emulator()].find((file) => !existsSync(file))?.concat(' is not there');
}

/** The last line of a program's output is its error. */
export function lastLine(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  return stderr?.trim().split('\n').at(-1) ?? messageOf(error);
}

/**
 * The environment that the launch file gives its nodes (`dds:=auto`): our profiles, unless the user has his own. And a domain that others
 * on this machine hardly use: a reliable reader that does not read slows a camera down.
 */
export function launchEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const profiles = join(packageRoot, 'config/dds');
  const fast = join(profiles, isLocalOnly(env) ? 'fastdds-localhost.xml' : 'fastdds.xml');
  const names = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'];
  const own = [...names, 'RMW_FASTRTPS_USE_QOS_FROM_XML'].some((name) => env[name]);
  return {
    ROS_DOMAIN_ID: String(1 + (process.pid % 100)),
    CYCLONEDDS_URI: `file://${join(profiles, 'cyclonedds.xml')}`,
    ROS_DISABLE_LOANED_MESSAGES: '0',
    ...(own
      ? {}
      : { RMW_FASTRTPS_USE_QOS_FROM_XML: '1', ...Object.fromEntries(names.map((name) => [name, fast])) }),
    ...env,
  };
}
