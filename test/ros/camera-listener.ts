import assert from 'node:assert/strict';
import { join } from 'node:path';
import { repository } from '../data.js';
import type { RosSuite } from './suite.js';

/** A message as camera-peer.py tells it. */
export interface HeardImage {
  /** Seconds since the epoch when it came. */
  readonly at: number;
  readonly stamp: readonly [sec: number, nanosec: number];
  readonly width: number;
  readonly height: number;
  readonly step: number;
  readonly encoding: string;
  readonly length: number;
  readonly sum: number;
  /** Of HbmMsg. */
  readonly index?: number;
  /** Of Image. */
  readonly frame_id?: string;
}

/** What camera-peer.py tells. */
export interface Heard {
  readonly came: readonly HeardImage[];
  readonly publishers: readonly {
    readonly node: string;
    readonly type: string;
    readonly reliability: string;
  }[];
}

/** A subscriber of rclpy that is there before the call returns, and ends after `count` messages, which it tells then. */
export async function listen(
  ros: RosSuite,
  [topic, type, count, reliability]: readonly [string, string, number, 'reliable' | 'best_effort'],
  env?: NodeJS.ProcessEnv,
): Promise<() => Promise<Heard>> {
  const script = join(repository, 'test/ros/camera-peer.py');
  const peer = ros.start(['/usr/bin/python3', script, topic, type, String(count), reliability], env);
  await peer.said(/ready/);
  return async () => {
    await peer.said(/^\{.*\}$/m);
    assert.equal(await peer.ended(), 0, peer.output);
    return JSON.parse(/^\{.*\}$/m.exec(peer.output)![0]) as Heard;
  };
}

/** Images that are stamped with the time: after `begin`, one after the other, before they came. @param begin Date.now() */
export function checkStamps(came: readonly HeardImage[], begin: number): void {
  let last = begin / 1000;
  for (const { at, stamp } of came) {
    const time = stamp[0] + stamp[1] / 1e9;
    assert.ok(last < time && time < at, `${last} < ${time} < ${at}`);
    last = time;
  }
}
