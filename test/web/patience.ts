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
    timer = setTimeout(() => {
      const awaited = typeof what === 'string' ? what : what();
      reject(new Error(`Expected ${awaited} within ${PATIENCE / 1000} s.`));
    }, PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
