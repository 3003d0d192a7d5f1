import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { imageMessage } from '../../message/image-messages.js';
import type { CameraTransport } from '../../native/camera.js';
import { packageRoot } from '../../base/package-root.js';
import { distribution, isLocalOnly } from './distribution.js';

/**
 * The settings that are still missing for messages to be lent in shared memory: those of TROS that the environment lacks. They must be
 * set before either side is started.
 *
 * @returns shell commands: export NAME=VALUE; empty if everything is set
 */
export function missingLoanSettings(middleware: string, env: NodeJS.ProcessEnv = process.env): string[] {
  const settings: string[] = [];
  if (middleware !== 'rmw_fastrtps_cpp') settings.push('RMW_IMPLEMENTATION=rmw_fastrtps_cpp');
  if (env['RMW_FASTRTPS_USE_QOS_FROM_XML'] !== '1') settings.push('RMW_FASTRTPS_USE_QOS_FROM_XML=1');
  const { fastDdsProfiles } = distribution(env['ROS_DISTRO']);
  const profiles = env[fastDdsProfiles];
  if (!profiles || !existsSync(profiles)) {
    const file = isLocalOnly(env) ? 'fastdds-localhost.xml' : 'fastdds.xml';
    settings.push(`${fastDdsProfiles}=${join(packageRoot, 'config/dds', file)}`);
  }
  return settings.map((setting) => `export ${setting}`);
}

/** How a publisher's messages are transported, for the log. */
export interface PublisherLoans {
  readonly middleware: string;
  readonly loans: boolean;
  readonly shared: boolean;
  readonly refusal: string;
}

/** @returns whether frames are sent without a copy; if not, how they are sent and what to set, in a sentence or two */
export function describeLoans(
  publisher: PublisherLoans,
  env?: NodeJS.ProcessEnv,
): { zeroCopy: boolean; text: string } {
  const { middleware, loans, shared, refusal } = publisher;
  if (loans && shared) {
    return {
      zeroCopy: true,
      text: `Loaned messages in shared memory (${middleware}): subscribers with ROS_DISABLE_LOANED_MESSAGES=0 read them in place.`,
    };
  }
  const missing = missingLoanSettings(middleware, env);
  const advice =
    missing.length > 0
      ? `For zero copy, set before everything is started: ${missing.join('; ')}`
      : 'The switches are set: the profile must ask for data_sharing AUTOMATIC and PREALLOCATED_WITH_REALLOC, in ' +
        'data_writer and data_reader profiles that are the default, and /dev/shm must have room.';
  const found = !loans
    ? `No loaned messages (${middleware} as it is set up lends none)`
    : refusal
      ? `No loaned messages (${refusal})`
      : `Loaned messages, but not in shared memory (${middleware})`;
  return { zeroCopy: false, text: `${found}: frames are copied on their way. ${advice}` };
}

/**
 * How a native subscription's messages arrive, and which settings are missing for them to be lent.
 *
 * @param message type of the messages
 */
export function describeArrival(
  { canLoan, sharedMemory }: CameraTransport,
  message: string,
  middleware: string,
  env: NodeJS.ProcessEnv = process.env,
): string {
  if (canLoan && sharedMemory === true) return 'yes: read where the publisher wrote them';
  if (canLoan && sharedMemory === undefined) return 'yes, when there are messages';
  if (imageMessage(message)?.hbm === undefined) return `no: ${message} has no fixed size`;
  const missing = missingLoanSettings(middleware, env);
  if (env['ROS_DISABLE_LOANED_MESSAGES'] !== '0') missing.push('export ROS_DISABLE_LOANED_MESSAGES=0');
  return missing.length > 0
    ? `no: ${missing.join('; ')}`
    : `no: the publisher, or the profile in ${distribution(env['ROS_DISTRO']).fastDdsProfiles}, has no data_sharing`;
}
