import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { distribution } from '../../src/node/ros/distribution.js';
import { repository } from '../data.js';
import { sessionEnvironment, ZENOH } from './zenoh.js';

/** The package as `colcon build` makes it of this source folder, in build/ros, or build/ros-jazzy. */
export interface RosWorkspace {
  /** Install prefix. */
  readonly prefix: string;
  /** Environment with ROS and the workspace sourced, for one middleware and only this machine. */
  env(middleware: string, domain: number): NodeJS.ProcessEnv;
}

/** Why tests with ROS are skipped, or false. */
export const rosSkip: string | false =
  process.env['ROS_DISTRO'] && process.env['AMENT_PREFIX_PATH']
    ? hasColcon()
      ? false
      : 'colcon is not installed'
    : 'ROS 2 is not sourced';

/**
 * The middlewares to test with that are installed, or the only one that TROS_YOLO_SEG_MIDDLEWARE names. Never empty, so that skipped
 * tests are seen.
 */
export const middlewares = ['rmw_cyclonedds_cpp', 'rmw_fastrtps_cpp', ZENOH]
  .filter(rosPackage)
  .filter((name) => [undefined, '', name].includes(process.env['TROS_YOLO_SEG_MIDDLEWARE']));
if (middlewares.length === 0) middlewares.push('ROS 2');

/** Set by scripts/test.mjs once prepare.ts has built the workspace, so that it is built once for all files. */
const BUILT = 'TROS_YOLO_SEG_ROS_WORKSPACE';

const { name: RELEASE, localOnly, fastDdsProfiles } = distribution();
/** Each release of ROS has its own: the addon, rclnodejs and the messages are compiled for it. */
const FOLDER = join(repository, RELEASE === 'humble' ? 'build/ros' : `build/ros-${RELEASE}`);
const PREFIX = join(FOLDER, 'install');

let workspace: RosWorkspace | undefined;

/** Whether rosWorkspace() takes no time. */
export function workspaceIsBuilt(): boolean {
  return workspace !== undefined || process.env[BUILT] === 'built';
}

/** Builds the workspace unless that has been done. @throws what colcon said when the build fails */
export function rosWorkspace(): RosWorkspace {
  if (!workspaceIsBuilt()) buildWorkspace();
  return (workspace ??= source());
}

/** Builds what has changed. @throws what colcon said when the build fails */
export function buildWorkspace(): void {
  mkdirSync(FOLDER, { recursive: true });
  const colcon = spawnSync(
    // Test files that are run by themselves may build at the same time.
    'flock',
    [
      join(FOLDER, 'lock'),
      'colcon',
      '--log-base',
      join(FOLDER, 'log'),
      'build',
      '--base-paths',
      repository,
      '--build-base',
      join(FOLDER, 'build'),
      '--install-base',
      PREFIX,
      '--merge-install',
      '--event-handlers',
      'console_direct+',
      '--cmake-args',
      '-DTROS_YOLO_SEG_ONNX=ON',
      '-DPython3_EXECUTABLE=/usr/bin/python3',
      '-DPYTHON_EXECUTABLE=/usr/bin/python3',
    ],
    {
      encoding: 'utf8',
      env: { ...process.env, PATH: `/usr/bin:${process.env['PATH']}` },
      maxBuffer: 1 << 26,
    },
  );
  if (colcon.status !== 0) throw new Error(`colcon build failed:\n${colcon.stdout}${colcon.stderr}`);
}

function source(): RosWorkspace {
  const sourced = execFileSync('bash', ['-c', `source ${PREFIX}/setup.bash && env -0`], { encoding: 'utf8' });
  const base = Object.fromEntries(
    sourced
      .split('\0')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const profiles = join(PREFIX, 'share/tros_yolo_seg/config/dds');
  return {
    prefix: PREFIX,
    env: (middleware, domain) => ({
      ...base,
      RMW_IMPLEMENTATION: middleware,
      ROS_DOMAIN_ID: String(domain),
      [localOnly.name]: localOnly.value,
      PYTHONUNBUFFERED: '1',
      // As the launch files do: with their defaults the middlewares lose large messages, or send them again seconds later.
      [fastDdsProfiles]: join(profiles, 'fastdds-localhost.xml'),
      CYCLONEDDS_URI: `file://${join(profiles, 'cyclonedds.xml')}`,
      ...(middleware === ZENOH ? sessionEnvironment(domain) : {}),
      // Frames that were not recorded play the first one.
      TROS_YOLO_SEG_EMULATOR: 'play_unknown=1',
    }),
  };
}

function hasColcon(): boolean {
  return spawnSync('colcon', ['--help'], { stdio: 'ignore' }).status === 0;
}

/** @returns whether a package is installed in the sourced ROS */
export function rosPackage(name: string): boolean {
  return rosPrefix(name) !== undefined;
}

/** @returns where a package is installed in the sourced ROS */
export function rosPrefix(name: string): string | undefined {
  return (process.env['AMENT_PREFIX_PATH'] ?? '')
    .split(':')
    .find((prefix) => prefix !== '' && existsSync(join(prefix, 'share', name)));
}

/** A middleware and what takes the images (parameter camera_transport). */
export interface Setup {
  readonly middleware: string;
  readonly transport: 'native' | 'rclnodejs';
  /** For the titles of tests. */
  readonly name: string;
}

/**
 * The setups that one suite of tests runs on: Cyclone DDS and Zenoh with rclnodejs, and Fast DDS with native subscriptions; with
 * TROS_YOLO_SEG_ROS_MATRIX=full all, which takes twice as long.
 */
export const setups: readonly Setup[] = middlewares
  .flatMap((middleware) =>
    (['rclnodejs', 'native'] as const).map((transport) => ({
      middleware,
      transport,
      name: `${middleware} with ${transport} cameras`,
    })),
  )
  .filter(
    ({ middleware, transport }) =>
      process.env['TROS_YOLO_SEG_ROS_MATRIX'] === 'full' ||
      (middleware === 'rmw_fastrtps_cpp') === (transport === 'native'),
  );

/** Those with features of DDS: SROS2, discovery servers. */
export const ddsSetups = setups.filter(({ middleware }) => middleware !== ZENOH);
