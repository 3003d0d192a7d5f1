import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type Clock, steadyClock } from '../../base/clock.js';
import { ExpectationError } from '../../base/expect.js';

/** Shortest token that is accepted: shorter ones can be guessed. */
const LEAST_TOKEN = 8;
/** Wrong tokens within a minute, after which all tokens are refused for the rest of it. */
const MOST_FAILURES = 20;
const MINUTE = 60_000;

export const READ_ONLY = 'Nobody may change anything while web_token (--token) is not set.';

export interface GuardOptions {
  /** With which clients may change something; empty: nobody may. */
  readonly token: string;
  /** Names under which the page may be opened, besides localhost, IP addresses and the machine's own name. */
  readonly hosts: readonly string[];
  /** Origins of other programs' pages that may read /foxglove. */
  readonly origins: readonly string[];
}

/**
 * Who may talk to the server.
 *
 * A page of another site can send requests to any address that the user's browser reaches, and by DNS rebinding even read the
 * answers, under a name of its own. So requests must name us by a name that is ours, or by an IP address, which cannot be rebound;
 * and WebSockets, to which browsers apply no same-origin policy, must come from our own page.
 */
export class Guard {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #token: Buffer | undefined;
  #failures = 0;
  #since = -Infinity;

  /** @throws ExpectationError for a token that is too short */
  constructor(
    { token, hosts, origins }: GuardOptions,
    private readonly clock: Clock = steadyClock,
  ) {
    if (token !== '' && token.length < LEAST_TOKEN) {
      throw new ExpectationError(
        `a token of at least ${LEAST_TOKEN} characters`,
        `one of ${token.length}`,
        'For example the output of: openssl rand -hex 16.',
      );
    }
    const own = hostname().toLowerCase();
    this.#hosts = new Set(['localhost', own, `${own}.local`, ...hosts.map((name) => name.toLowerCase())]);
    this.#origins = new Set(origins);
    this.#token = token === '' ? undefined : digest(token);
  }

  /** Whether there is a token at all. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** @param host the header Host: a name or address, and a port */
  allowsHost(host: string | undefined): boolean {
    const name = hostName(host);
    if (name === undefined) return false;
    return isIP(name) !== 0 || this.#hosts.has(name) || name.endsWith('.localhost');
  }

  /**
   * Whether a request may come from a page of this origin. Programs other than browsers send none.
   *
   * @param host the header Host, which was allowed
   */
  allowsOrigin(origin: string | undefined, host: string): boolean {
    if (origin === undefined) return true;
    // https: a proxy in front of us.
    return origin === `http://${host}` || origin === `https://${host}`;
  }

  /** The same for /foxglove, which other programs' pages read. */
  allowsReader(origin: string | undefined, host: string): boolean {
    return this.allowsOrigin(origin, host) || this.#origins.has(origin!);
  }

  /** Whether it is the token. Takes equally long for every wrong one. */
  accepts(token: string): boolean {
    const now = this.clock();
    if (now - this.#since > MINUTE) {
      this.#since = now;
      this.#failures = 0;
    }
    if (this.#token === undefined || this.#locked) return false;
    if (timingSafeEqual(digest(token), this.#token)) return true;
    this.#failures++;
    return false;
  }

  /** The error for a token that accepts() has just refused. */
  refusal(): ExpectationError {
    if (this.#token === undefined)
      return new ExpectationError('a page that may be changed', 'none', READ_ONLY);
    if (this.#locked) {
      const hint = 'Wait a minute. Until then the right one is refused, too.';
      return new ExpectationError(`fewer than ${MOST_FAILURES} wrong tokens a minute`, 'more', hint);
    }
    const hint = 'It is what web_token (--token) was set to.';
    return new ExpectationError('the token of the live page', 'another one', hint);
  }

  get #locked(): boolean {
    return this.#failures >= MOST_FAILURES;
  }
}

/** The name or address in a Host header, IPv6 without brackets; undefined if it is malformed. */
function hostName(host: string | undefined): string | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host ?? '');
  return (parts?.[1] ?? parts?.[2])?.toLowerCase();
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
