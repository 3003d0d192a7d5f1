import { after, before } from 'mocha';

/** Sets variables of this process while the tests of a suite run. Call it in the suite. */
export function withVariables(variables: Readonly<Record<string, string>>): void {
  const found = new Map<string, string | undefined>();
  before(() => {
    for (const [name, value] of Object.entries(variables)) {
      found.set(name, process.env[name]);
      process.env[name] = value;
    }
  });
  after(() => {
    for (const [name, value] of found) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}
