import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { ExpectationError, messageOf } from '../../base/expect.js';
import type { PartOrigin } from './part.js';

/** Redirects to follow: GitHub has one, content networks two or three. */
const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Models are protobuf files, which are limited to 2 GiB. */
const LARGEST = 2 ** 31;

/** This machine cannot reach the file; another one might. */
export class UnreachableError extends ExpectationError {}

/** A file on a server, from a certain byte on. */
export interface Answer {
  /** Position of the first byte; 0 if the server starts from the beginning. */
  readonly start: number;
  readonly origin: PartOrigin;
  readonly body: AsyncIterable<Buffer>;
}

/** The beginning of the requested file that was received before. */
export interface Beginning {
  readonly length: number;
  readonly validator?: string | undefined;
  /** Size of the whole file in bytes, if the server reported it. */
  readonly total?: number | undefined;
}

/**
 * Connections as configured by the environment: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in upper or lower case. Only
 * StallWatch has time-outs, so that there is one clock.
 *
 * @throws ExpectationError when a proxy's address is invalid
 */
export function openConnections(): Dispatcher {
  try {
    return new EnvHttpProxyAgent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 0 } });
  } catch (error) {
    throw new ExpectationError(
      'an address like http://proxy:3128 in HTTP_PROXY and HTTPS_PROXY',
      messageOf(error),
      'Correct these variables, or unset them if this network has no proxy.',
      { cause: error },
    );
  }
}

/**
 * Requests a file, or what is missing of it.
 *
 * @param beginning what was received before; the server sends the rest, or everything if the file changed
 * @throws ExpectationError when the server has no such file, or sends something else; the signal's reason when it is aborted
 */
export async function ask(
  url: string,
  beginning: Beginning | undefined,
  signal: AbortSignal,
  dispatcher: Dispatcher,
): Promise<Answer> {
  const headers: Record<string, string> = {
    accept: 'application/octet-stream, */*;q=0.5',
    // With compression, ranges and lengths would refer to something else.
    'accept-encoding': 'identity',
    'user-agent': 'tros-yolo-seg',
  };
  if (beginning) {
    headers['range'] = `bytes=${beginning.length}-`;
    if (beginning.validator !== undefined) headers['if-range'] = beginning.validator;
  }
  let at = new URL(url);
  for (let redirects = 0; ; redirects++) {
    const response = await send(at, headers, signal, dispatcher);
    if (!REDIRECTS.includes(response.statusCode)) {
      if (!beginning || !isOfAnother(response, beginning)) return read(url, at, response, beginning, signal);
      await drain(response);
      return ask(url, undefined, signal, dispatcher);
    }
    await drain(response);
    const next = nextAddress(at, one(response.headers['location']));
    if (redirects === MOST_REDIRECTS) {
      throw new ExpectationError(
        `at most ${MOST_REDIRECTS} redirects from ${url}`,
        `another one, to ${shown(next)}`,
        'Open the address in a browser: the network may ask for a login first.',
      );
    }
    at = next;
  }
}

/** Whether the server's answer is about another file than the one received before. */
function isOfAnother({ statusCode, headers }: Dispatcher.ResponseData, beginning: Beginning): boolean {
  // The partial file is longer than the file on the server.
  if (statusCode === 416) return true;
  if (statusCode !== 206) return false;
  // Some servers and caches ignore If-Range and send the rest of whatever they have now.
  const total = rangeOf(one(headers['content-range']))?.total;
  return differ(validatorOf(headers), beginning.validator) || differ(total, beginning.total);
}

/** A value that one side lacks proves nothing. */
function differ<T>(one: T | undefined, other: T | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

/** The page that comes with a redirect or an error is discarded. */
async function drain({ body }: Dispatcher.ResponseData): Promise<void> {
  await body.dump({ limit: 1 << 16 }).catch(() => undefined);
}

/** An address without its query. The query of a content network is a signature, which must not end up in a bug report. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/**
 * The target of a redirect.
 *
 * @throws ExpectationError when it has no target, or leads from https to an insecure address
 */
export function nextAddress(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new ExpectationError(
      `a redirect from ${shown(from)} to an address`,
      location?.replace(/[?#].*/s, '') ?? 'none',
      'The server is at fault: try again later, or download the file with a browser and give its path.',
    );
  }
  const to = new URL(location, from);
  if (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:')) return to;
  throw new ExpectationError(
    `a redirect from ${shown(from)} to an address with https`,
    shown(to),
    'Something between here and the server may have put it there; try another network.',
  );
}

async function send(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
  dispatcher: Dispatcher,
): Promise<Dispatcher.ResponseData> {
  try {
    return await request(url, { dispatcher, headers, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw networkError(url, error);
  }
}

function read(
  url: string,
  at: URL,
  { statusCode, headers, body }: Dispatcher.ResponseData,
  beginning: Beginning | undefined,
  signal: AbortSignal,
): Answer {
  try {
    if (statusCode !== 200 && !(statusCode === 206 && beginning)) throw statusError(at, statusCode);
    const encoding = one(headers['content-encoding']) ?? 'identity';
    if (encoding !== 'identity') {
      throw new ExpectationError(
        `the bytes of ${shown(at)} as they are`,
        `content-encoding ${encoding}`,
        'A proxy may have changed them: try another network, or download the file with a browser and give its path.',
      );
    }
    const type = one(headers['content-type']) ?? '';
    if (/^text\/html\b/i.test(type)) {
      throw new ExpectationError(
        `a model at ${shown(at)}`,
        `a web page (${type})`,
        'Does this network ask for a login first?',
      );
    }
    const length = count(one(headers['content-length']));
    const range = statusCode === 206 ? readRange(at, one(headers['content-range']), beginning!) : undefined;
    const total = range?.total ?? (range === undefined ? length : undefined);
    if ((total ?? 0) > LARGEST) {
      throw new ExpectationError(
        `a model of at most 2 GiB at ${shown(at)}`,
        `${total} bytes`,
        'Is this the address of a model? Open it in a browser to see what is there.',
      );
    }
    const origin = { url, validator: validatorOf(headers), total };
    return { start: range?.start ?? 0, origin, body: received(at, body, signal) };
  } catch (error) {
    body.on('error', () => undefined).destroy();
    throw error;
  }
}

/** The body, with readable errors for an interruption. */
async function* received(
  at: URL,
  body: Dispatcher.ResponseData['body'],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let length = 0;
  try {
    for await (const bytes of body) {
      length += (bytes as Buffer).length;
      if (length > LARGEST)
        throw new ExpectationError(
          `a model of at most 2 GiB at ${shown(at)}`,
          'more',
          'Is this the address of a model? Open it in a browser to see what is there.',
        );
      yield bytes as Buffer;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ExpectationError ? error : networkError(at, error);
  }
}

function readRange(at: URL, text: string | undefined, { length }: Beginning): ByteRange {
  const range = rangeOf(text);
  if (range?.start !== length) {
    throw new ExpectationError(
      `bytes from ${length} on from ${shown(at)}`,
      text ?? 'no content-range',
      'The server is at fault: start over with --force, or download the file with a browser and give its path.',
    );
  }
  return range;
}

interface ByteRange {
  readonly start: number;
  readonly total?: number;
}

/** bytes START-END/TOTAL */
function rangeOf(text: string | undefined): ByteRange | undefined {
  const [, start, , total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text ?? '') ?? [];
  if (start === undefined) return undefined;
  return total === '*' ? { start: Number(start) } : { start: Number(start), total: Number(total) };
}

/**
 * What identifies this version of a file: a strong ETag, else its modification time. A weak ETag also matches similar files.
 */
function validatorOf(headers: Dispatcher.ResponseData['headers']): string | undefined {
  const etag = one(headers['etag']);
  return etag !== undefined && /^"/.test(etag) ? etag : one(headers['last-modified']);
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'object' ? value[0] : value;
}

function statusError(at: URL, status: number): ExpectationError {
  const gone = [404, 410].includes(status);
  const refused = [401, 403, 407, 451].includes(status);
  const hint = gone
    ? 'The publisher has moved or removed it.'
    : refused
      ? 'The server, or a proxy in front of it, refuses this network.'
      : 'Try again later.';
  return new UnreachableError(`a file at ${shown(at)}`, `HTTP status ${status}`, hint);
}

const TRY_AGAIN = 'Try again: what was received is kept, and the download continues from there.';

function networkError(at: URL, error: unknown): ExpectationError {
  const { code = '', message } = deepest(error);
  const expected = `an answer from ${at.origin}`;
  const found = message.includes(code) || code === '' ? message : `${message} (${code})`;
  let hint = TRY_AGAIN;
  if (/ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ECONNREFUSED|ETIMEDOUT/.test(code)) {
    hint = 'Is this machine online? Behind a proxy set HTTPS_PROXY.';
  } else if (/CERT|SIGNED|UNABLE_TO_|TLS|SSL/.test(code)) {
    hint = 'If your network inspects connections, name its certificate with NODE_EXTRA_CA_CERTS.';
  } else if (/proxy|407/i.test(message)) {
    hint = 'Check HTTP_PROXY and HTTPS_PROXY: their address, name and password.';
  }
  return new UnreachableError(expected, found, hint, { cause: error });
}

/** The cause behind "fetch failed" and lists of attempts. */
function deepest(error: unknown): { code?: string; message: string } {
  const { cause, errors, code, message } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  if (errors?.[0] !== undefined) return deepest(errors[0]);
  if (cause instanceof Error) return deepest(cause);
  return { ...(code === undefined ? {} : { code }), message: message || String(error) };
}
