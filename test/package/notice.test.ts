import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly license?: string }>>;
}

describe('NOTICE', () => {
  const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');
  const notice = read('NOTICE');
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json')) as Manifest;
  const { packages } = JSON.parse(read('package-lock.json')) as Lock;

  it('names the packages that the program depends on, each with its license, and no others', () => {
    const table = [...notice.matchAll(/^ {4}(@?[a-z][\w/.-]+)(?: \*)? +(MIT|ISC|Apache-2\.0) /gm)];
    const listed = table.map(([, name, license]) => `${name} ${license}`);
    const names = Object.keys({ ...dependencies, ...optionalDependencies });
    const wanted = names.map((name) => `${name} ${packages[`node_modules/${name}`]!.license}`);
    assert.deepEqual(listed.sort(), wanted.sort());
  });

  it('names the licenses of all that these bring along', () => {
    for (const [path, { dev, license }] of Object.entries(packages)) {
      if (dev || path === '') continue;
      // walk's and foreachasync's authors write Apache-2.0 in another way.
      const choices = (license ?? 'none').replace('Apache2', 'Apache-2.0').split(/ OR /);
      const known = choices.some((choice) =>
        choice.split(/ AND /).every((name) => notice.includes(name.replace(/[()]/g, ''))),
      );
      assert.ok(known, `${path}: ${license}`);
    }
  });
});
