/** Fails the test that runs, if one does. */
let fail: ((reason: unknown) => void) | undefined;
const watched = new WeakSet<Mocha.Func | Mocha.AsyncFunc>();

/**
 * Makes a promise that is rejected without a handler fail the test that runs, as it would end a program: Node.js ends one by default, but
 * mocha passes over it in silence. scripts/test.mjs has mocha load this in each of its processes, before any test.
 */
export function failOnRejection(reason: unknown): void {
  // Between tests, in hooks and while files are loaded there is nothing to fail but what mocha makes of an exception.
  if (fail === undefined) throw reason;
  fail(reason);
}

function listen(): void {
  if (!process.listeners('unhandledRejection').includes(failOnRejection))
    process.on('unhandledRejection', failOnRejection);
}

/**
 * Has a test end with the first promise that is rejected while it runs. An exception in the listener would fail the test as well, but mocha
 * then takes the test's own end, later, for a second one, and its process may crash of that with exit code 0.
 */
function watch(test: Mocha.Test | undefined): void {
  const run = test?.fn;
  // A test that takes `done` ends by that, and is failed by the exception.
  if (test === undefined || run === undefined || run.length > 0 || watched.has(run)) return;
  const whole = async (context: Mocha.Context): Promise<void> => {
    await (run as Mocha.AsyncFunc).call(context);
    // Rejections are told after the microtasks, so this turn of the event loop has to end.
    await new Promise((resolve) => setImmediate(resolve));
  };
  test.fn = async function (this: Mocha.Context) {
    const rejected = new Promise<never>((_resolve, reject) => (fail = reject));
    try {
      await Promise.race([whole(this), rejected]);
    } finally {
      fail = undefined;
    }
  };
  watched.add(test.fn);
}

listen();

export const mochaHooks = {
  /** mocha's workers remove all listeners after each file, so they are needed again before the next one. */
  beforeAll: listen,
  beforeEach(this: Mocha.Context): void {
    watch(this.currentTest);
  },
};
