import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../data.js';

/**
 * The package as `colcon build` makes it of this source folder, in build/ros; built once by the first test that asks, and
 * only what has changed.
 */
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

/** The middlewares to test with that are installed: Cyclone DDS and Fast DDS. Never empty, so that skipped tests are seen. */
export const middlewares = ['rmw_cyclonedds_cpp', 'rmw_fastrtps_cpp'].filter(rosPackage);
if (middlewares.length === 0) middlewares.push('ROS 2');

let built: RosWorkspace | undefined;

/** @throws what colcon said when the build fails */
export function rosWorkspace(): RosWorkspace {
  return (built ??= build());
}

function build(): RosWorkspace {
  const folder = join(repository, 'build/ros');
  const prefix = join(folder, 'install');
  mkdirSync(folder, { recursive: true });
  const colcon = spawnSync(
    // Test files run in processes of their own, at the same time.
    'flock',
    [
      join(folder, 'lock'),
      'colcon',
      '--log-base',
      join(folder, 'log'),
      'build',
      '--base-paths',
      repository,
      '--build-base',
      join(folder, 'build'),
      '--install-base',
      prefix,
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
  const sourced = execFileSync('bash', ['-c', `source ${prefix}/setup.bash && env -0`], { encoding: 'utf8' });
  const base = Object.fromEntries(
    sourced
      .split('\0')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const profiles = join(prefix, 'share/tros_yolo_seg/config/dds');
  return {
    prefix,
    env: (middleware, domain) => ({
      ...base,
      RMW_IMPLEMENTATION: middleware,
      ROS_DOMAIN_ID: String(domain),
      ROS_LOCALHOST_ONLY: '1',
      PYTHONUNBUFFERED: '1',
      // As the launch files do: with their defaults the middlewares lose large messages, or send them again seconds later.
      FASTRTPS_DEFAULT_PROFILES_FILE: join(profiles, 'fastdds-localhost.xml'),
      CYCLONEDDS_URI: `file://${join(profiles, 'cyclonedds.xml')}`,
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
  return (process.env['AMENT_PREFIX_PATH'] ?? '')
    .split(':')
    .some((prefix) => existsSync(join(prefix, 'share', name)));
}

/** A middleware and what takes the images (parameter camera_transport). */
export interface Setup {
  readonly middleware: string;
  readonly transport: 'native' | 'rclnodejs';
  /** For the titles of tests. */
  readonly name: string;
  /** Tells setups apart that are tested at the same time. */
  readonly index: number;
}

/**
 * The setups that one suite of tests runs on: Cyclone DDS with rclnodejs and Fast DDS with native cameras; with
 * TROS_YOLO_SEG_ROS_MATRIX=full all four, which takes twice as long.
 */
export const setups: readonly Setup[] = middlewares
  .flatMap((middleware) =>
    (['rclnodejs', 'native'] as const).map((transport) => ({
      middleware,
      transport,
      name: `${middleware} with ${transport} cameras`,
    })),
  )
  .map((setup, index) => ({ ...setup, index }))
  .filter(
    ({ middleware, transport }) =>
      process.env['TROS_YOLO_SEG_ROS_MATRIX'] === 'full' ||
      (middleware === 'rmw_fastrtps_cpp') === (transport === 'native'),
  );
