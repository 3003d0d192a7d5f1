/** Milliseconds after which a wait has failed: far more than any takes on a busy machine, and less than mocha waits for a test. */
export const PATIENCE = 120_000;

/**
 * Rejects if a promise does not settle. A test that hangs without it fails with mocha's limit, which does not tell for what it waited.
 *
 *     await within('a page of chromium', browser.newPage());
 *     await within(() => `${left.size} connections to close`, closed);
 */
export async function within<Value>(what: string | (() => string), promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate(what)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again, because nothing tells when it is so. Its own timer does not run while `done` is called, which may count timers.
 *
 *     await eventually('the server to know of the end', () => page.clients === 0);
 */
export async function eventually(what: string | (() => string), done: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!done()) {
    if (performance.now() > end) throw tooLate(what);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function tooLate(what: string | (() => string)): Error {
  return new Error(`Expected ${typeof what === 'string' ? what : what()} within ${PATIENCE / 1000} s.`);
}
