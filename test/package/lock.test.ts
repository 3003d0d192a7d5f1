import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/base/package-root.js';

interface Lock {
  packages: Record<string, object>;
}
interface Module {
  closure: (
    lock: Lock,
    roots: readonly string[],
    only?: { machine?: boolean; runtime?: boolean },
  ) => string[];
  runtimeRoots: (manifest: object, onnx: boolean) => string[];
}

const file = pathToFileURL(join(packageRoot, 'scripts/ros-lock.mjs')).href;
const { closure, runtimeRoots } = (await import(file)) as Module;

describe('packages in the ROS install', () => {
  const json = (name: string): unknown => JSON.parse(readFileSync(join(packageRoot, name), 'utf8'));
  const manifest = json('package.json') as object;
  const lock = json('package-lock.json') as Lock;
  const installed = (onnx: boolean): string[] =>
    closure(lock, runtimeRoots(manifest, onnx), { machine: true, runtime: true });

  it('include everything that the program imports', () => {
    const imported = new Set<string>();
    for (const entry of readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue;
      const text = readFileSync(join(packageRoot, 'src', entry), 'utf8');
      for (const [, name] of text.matchAll(
        /(?:from|import\(|require\(|import\.meta\.url\)(?:\.resolve)?\(|resolve\()\s*'((?:@[\w-]+\/)?[\w-]+)/g,
      ))
        imported.add(name!);
    }
    for (const name of imported) {
      if (builtinModules.includes(name) || name === 'node' || name === 'tros-yolo-seg') continue;
      assert.ok(installed(true).includes(`node_modules/${name}`), name);
    }
    // A dependency that nothing imports is installed for nothing; what only tests need is a devDependency.
    for (const name of runtimeRoots(manifest, true)) assert.ok(imported.has(name), `no import of ${name}`);
  });

  it('contain no compilers, and nothing for other machines', () => {
    for (const path of installed(true)) {
      assert.doesNotMatch(path, /\/typescript|node-gyp|cmake-js|eslint|@types|darwin|win32|musl/);
    }
  });

  it('leave out ONNX Runtime and its dependencies for a robot, and nothing else', () => {
    const extra = installed(true).filter((path) => !installed(false).includes(path));
    assert.deepEqual(extra, ['node_modules/onnxruntime-common', 'node_modules/onnxruntime-node']);
  });

  it('are complete; a package that is missing in package-lock.json is named', () => {
    const broken = { packages: { ...lock.packages } };
    delete broken.packages['node_modules/debug'];
    assert.throws(() => closure(broken, ['rclnodejs']), /lacks debug, which .*needs/);
  });
});
