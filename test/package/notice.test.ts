import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly license?: string }>>;
}
interface RosLock {
  closure: (lock: Lock, roots: readonly string[]) => string[];
}

const { closure } = (await import(pathToFileURL(join(packageRoot, 'scripts/ros-lock.mjs')).href)) as RosLock;

describe('NOTICE', () => {
  const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8');
  const notice = read('NOTICE');
  const manifest = JSON.parse(read('package.json')) as Manifest;
  // The ROS install brings the peer, rclnodejs, along.
  const names = Object.keys({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  });
  const lock = JSON.parse(read('package-lock.json')) as Lock;
  const { packages } = lock;

  it('names the packages that the program depends on, each with its license, and no others', () => {
    const table = [...notice.matchAll(/^ {4}(@?[a-z][\w/.-]+)(?: [*+])? +(MIT|ISC|Apache-2\.0) /gm)];
    const listed = table.map(([, name, license]) => `${name} ${license}`);
    const wanted = names.map((name) => `${name} ${packages[`node_modules/${name}`]!.license}`);
    assert.deepEqual(listed.sort(), wanted.sort());
  });

  it('names the licenses of their dependencies', () => {
    for (const path of closure(lock, names)) {
      const { license } = packages[path]!;
      // walk's and foreachasync's authors write Apache-2.0 in another way.
      const choices = (license ?? 'none').replace('Apache2', 'Apache-2.0').split(/ OR /);
      const known = choices.some((choice) =>
        choice.split(/ AND /).every((name) => notice.includes(name.replace(/[()]/g, ''))),
      );
      assert.ok(known, `${path}: ${license}`);
    }
  });
});
