/**
 * Makes a promise that is rejected without a handler fail the test that runs, as it would end a program: Node.js ends one by default, but
 * mocha passes over it in silence. scripts/test.mjs has mocha load this in each of its processes, before any test.
 */
export function failOnRejection(reason: unknown): never {
  throw reason;
}

process.on('unhandledRejection', failOnRejection);
