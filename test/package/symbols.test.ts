import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/base/package-root.js';
import { describeUnless, itUnless } from '../skips.js';

interface Symbols {
  needs: (file: string) => { libraries: string[]; others: string[]; glibc: string };
  compare: (a: string, b: string) => number;
}

const module = join(packageRoot, 'scripts/prebuild/symbols.mjs');
const { needs, compare } = (await import(pathToFileURL(module).href)) as Symbols;
const hasObjdump = spawnSync('objdump', ['--version']).status === 0;

describeUnless(hasObjdump ? false : 'needs objdump', 'what the prebuilt addons need', () => {
  const prebuilt = (arch: string): string =>
    join(packageRoot, 'prebuilds', `linux-${arch}`, 'tros_yolo_seg.node');
  const own = join(packageRoot, 'build/native/Release/tros_yolo_seg.node');

  for (const [arch, machine] of [
    ['x64', 62],
    ['arm64', 183],
  ] as const) {
    const reason = existsSync(prebuilt(arch)) ? false : 'npm run prebuilds makes it';
    itUnless(reason, `is glibc 2.31 on ${arch}, and nothing else`, () => {
      const { libraries, others, glibc } = needs(prebuilt(arch));
      assert.ok(compare(glibc, '2.31') <= 0, glibc);
      assert.deepEqual(others, []);
      for (const name of libraries)
        assert.match(name, /^(libc|libm|libdl|libpthread|ld-linux-[\w-]+)\.so\.\d$/);
      assert.equal(readFileSync(prebuilt(arch)).readUInt16LE(18), machine, 'e_machine of its ELF header');
    });
  }

  it('reports an ordinary build, which fits this machine only', () => {
    const { libraries, others } = needs(own);
    assert.ok(libraries.includes('libstdc++.so.6'), libraries.join());
    assert.ok(
      others.some((version) => version.startsWith('GLIBCXX_')),
      others.join(),
    );
    const code = `import { check } from ${JSON.stringify(pathToFileURL(module).href)}; check(${JSON.stringify(own)});`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    assert.equal(run.status, 1);
    assert.match(
      run.stderr,
      /Expected .*to need only glibc, of version 2\.31 or older but .*libstdc\+\+\.so\.6/,
    );
  });

  it('orders versions by number', () => {
    assert.deepEqual(['2.4', '2.31', '2.2.5', '2.17'].sort(compare), ['2.2.5', '2.4', '2.17', '2.31']);
  });
});

describe('the sysroot of the prebuilt addons', () => {
  it('is the same release for both architectures, with a hash for each file', () => {
    const packages = JSON.parse(
      readFileSync(join(packageRoot, 'scripts/prebuild/packages.json'), 'utf8'),
    ) as Record<string, { name: string; version: string; sha256: string }[]>;
    const versions = (architecture: string): string[] =>
      packages[architecture]!.map(({ name, version }) => `${name} ${version}`);
    assert.deepEqual(versions('amd64'), versions('arm64'));
    assert.ok(versions('amd64').some((line) => line.startsWith('libc6 2.31-')));
    const hashes = Object.values(packages).flatMap((list) => list.map(({ sha256 }) => sha256));
    assert.equal(new Set(hashes).size, hashes.length);
    for (const hash of hashes) assert.match(hash, /^[0-9a-f]{64}$/);
  });
});
