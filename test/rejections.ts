/**
 * Makes a promise that is rejected without a handler fail the test that runs, as it would end a program: Node.js ends one by default, but
 * mocha passes over it in silence. scripts/test.mjs has mocha load this in each of its processes, before any test.
 */
export function failOnRejection(reason: unknown): never {
  throw reason;
}

function listen(): void {
  if (!process.listeners('unhandledRejection').includes(failOnRejection))
    process.on('unhandledRejection', failOnRejection);
}

listen();

/** mocha's workers remove all listeners after each file, so they are needed again before the next one. */
export const mochaHooks = { beforeAll: listen };
