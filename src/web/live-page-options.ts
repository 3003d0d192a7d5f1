import type { Clock } from '../base/clock.js';
import type { LiveSource } from './source.js';

export interface LivePageOptions {
  readonly source: LiveSource;
  /** 0: any that is free. */
  readonly port: number;
  readonly host: string;
  /** Empty: nobody may change anything. */
  readonly token: string;
  readonly hosts?: readonly string[];
  readonly origins?: readonly string[];
  /** Folder of bags that the page records. */
  readonly recordings: string;
  /** Called for each change that a client makes, each recording, and what fails. @param failed whether the line tells of a failure */
  readonly log?: (line: string, failed: boolean) => void;
  readonly clock?: Clock;
  /** Milliseconds for which a request may take to arrive. */
  readonly requestTimeout?: number | undefined;
  /** Milliseconds for which a page that is being closed may take to answer. @default 1000 */
  readonly closeTimeout?: number | undefined;
  /** Milliseconds between statistics. @default 1000 */
  readonly statsPeriod?: number | undefined;
  /** The program of the pages' thread; tests pass their own. */
  readonly thread?: URL | undefined;
}
