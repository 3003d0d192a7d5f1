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
 * then takes the test's own end, which comes later, for a second one, and its process may crash of that, in parallel runs with exit code 0. Hooks are
 * still failed in that way.
 */
function watch(test: Mocha.Test | undefined): void {
  const run = test?.fn;
  // A test that takes `done` ends by that; it is failed like a hook.
  if (test === undefined || run === undefined || run.length > 0 || watched.has(run)) return;
  const whole = async (context: Mocha.Context): Promise<void> => {
    await (run as Mocha.AsyncFunc).call(context);
    // Node.js reports rejections after the microtasks, so this turn of the event loop has to end.
    await new Promise((resolve) => setImmediate(resolve));
  };
  test.fn = async function (this: Mocha.Context) {
    let mine: typeof fail;
    const rejected = new Promise<never>((_resolve, reject) => (mine = fail = reject));
    try {
      await Promise.race([whole(this), rejected]);
    } finally {
      // A test that mocha gave up may end while a later one runs.
      if (fail === mine) fail = undefined;
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
