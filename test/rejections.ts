import { after, before } from 'mocha';

const fail = (reason: unknown): never => {
  throw reason;
};

/**
 * Makes a promise that is rejected without a handler fail the suite's test, as it would end a program: Node.js ends one by default, but
 * mocha ignores these.
 */
export function failOnUnhandledRejections(): void {
  before(() => void process.on('unhandledRejection', fail));
  after(() => void process.off('unhandledRejection', fail));
}
