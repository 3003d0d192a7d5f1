import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'mocha';
import { repository } from '../data.js';
import { temporaryFolder } from '../temporary-folder.js';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/**
 * A project that has installed the npm package: what `npm pack` packs, and the packages that it declares, but no others. The addon is
 * that of this checkout in place of the prebuilt one. `npm run test:package` does the same with npm and the registry.
 */
describe('the npm package', function () {
  const project = temporaryFolder('tarball');
  const installed = join(project, 'node_modules', 'tros-yolo-seg');
  const prebuilt = join(installed, 'prebuilds', `${process.platform}-${process.arch}`, 'tros_yolo_seg.node');
  let manifest: Manifest;
  let files: string[];

  before(() => {
    const options = ['--ignore-scripts', '--json', '--pack-destination', project];
    const said = execFileSync('npm', ['pack', ...options], {
      cwd: repository,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    const [{ filename }] = JSON.parse(said) as [{ filename: string }];
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(project, filename), '-C', installed, '--strip-components=1']);
    manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      const link = join(project, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(repository, 'node_modules', name), link);
    }
    mkdirSync(dirname(prebuilt), { recursive: true });
    copyFileSync(join(repository, 'build/native/Release/tros_yolo_seg.node'), prebuilt);
    writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true }\n');
    files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  });

  const text = (file: string): string => readFileSync(join(installed, file), 'utf8');

  /** Runs Node.js in the project, without what only this checkout has, ROS included. */
  function node(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): { status: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: project,
      encoding: 'utf8',
      env: { PATH: '/nowhere', HOME: project, ...env },
    });
    return { status, said: `${stdout}${stderr}` };
  }

  it('contains the program, its pages and the sources of the addon, but no tests or tools', () => {
    const { bin, exports } = manifest;
    for (const path of [...Object.values(bin), ...Object.values(exports['.']!)])
      assert.ok(existsSync(join(installed, path)), path);
    for (const path of [
      'README.md',
      'LICENSE',
      'NOTICE',
      'docs/models.md',
      'native/CMakeLists.txt',
      'srv/LoadModel.srv',
    ])
      assert.ok(files.includes(path), path);
    for (const path of files)
      assert.doesNotMatch(path, /^(dist\/(test|tools|bench)|test|tools|bench|src|build)\b|\.test\./);
  });

  it('contains every file that it refers to: imports, declarations, source maps', () => {
    let references = 0;
    for (const file of files.filter((name) => /^dist\/.*\.(js|d\.ts)$/.test(name))) {
      const content = text(file);
      const [, map] = /\n\/\/# sourceMappingURL=(.*)/.exec(content) ?? [];
      if (map !== undefined) {
        const { sources, sourcesContent } = JSON.parse(text(join(dirname(file), map))) as Record<
          string,
          unknown[]
        >;
        assert.equal(sourcesContent?.length, sources!.length, `${file}: the map has no copy of the source`);
        references++;
      }
      for (const [, path] of content.matchAll(/(?:from |import\()'(\.[^']*\.js)'/g)) {
        const target = join(dirname(file), file.endsWith('.d.ts') ? path!.replace(/\.js$/, '.d.ts') : path!);
        assert.ok(files.includes(target), `${file}: ${path}`);
        references++;
      }
    }
    for (const file of files.filter((name) => name.endsWith('.map')))
      assert.ok(files.includes(file.replace(/\.map$/, '')), file);
    assert.ok(references > 500, String(references));
  });

  it('runs the example of its README', () => {
    const [, example] = /```ts\n(.*?)```/s.exec(text('README.md'))!;
    writeFileSync(join(project, 'example.mjs'), example!);
    const { status, said } = node(['example.mjs']);
    assert.match(said, /^(scene:\S* \d+\n){10}$/);
    assert.equal(status, 0);
  });

  it('has types that compile in a strict project without skipLibCheck', () => {
    const [, example] = /```ts\n(.*?)```/s.exec(text('README.md'))!;
    writeFileSync(join(project, 'example.mts'), example!);
    mkdirSync(join(project, 'node_modules', '@types'));
    symlinkSync(join(repository, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'));
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
    const { status, said } = node([
      join(repository, 'node_modules/typescript/bin/tsc'),
      ...options,
      'example.mts',
    ]);
    assert.equal(said, '');
    assert.equal(status, 0);
  });

  it('runs its command, and needs rclnodejs only with ROS', () => {
    const main = join(installed, manifest.bin['tros-yolo-seg']!);
    const run = node([main, 'run', 'scene:?frames=2', '--json', 'found.jsonl']);
    assert.equal(run.status, 0, run.said);
    assert.equal(readFileSync(join(project, 'found.jsonl'), 'utf8').trim().split('\n').length, 2);
    const ros = { ROS_DISTRO: 'humble', AMENT_PREFIX_PATH: join(project, 'ros') };
    const segment = node([join(installed, 'dist/src/node/segment/segment.js')], ros);
    assert.match(segment.said, /Expected the package rclnodejs but received none .*npm install rclnodejs/s);
    assert.notEqual(segment.status, 0);
  });

  describe('once installed', () => {
    const install = join(installed, 'native/install.mjs');

    it('uses the prebuilt addon, without a compiler', () => {
      assert.deepEqual(node([install]), { status: 0, said: '' });
    });

    it('says what is missing if the addon does not load and there is no compiler', () => {
      writeFileSync(prebuilt, 'for another machine');
      const { status, said } = node([install]);
      assert.equal(status, 1);
      assert.match(
        said,
        /Expected a native addon for linux-\w+ but none .*prebuilds\/linux-\w+\/tros_yolo_seg\.node: /s,
      );
      assert.match(
        said,
        /cannot be compiled without cmake, c\+\+, make\. .*sudo apt install cmake g\+\+ make/s,
      );
    });
  });
});
