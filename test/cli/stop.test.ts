import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type FSWatcher,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { after, describe, it } from 'mocha';
import sharp from 'sharp';
import { McapFile } from '../../src/message/bag/mcap-file.js';
import { repository } from '../data.js';
import { tenHeads } from '../engine/tiny-onnx.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli, MAIN, scriptOf, Watched } from './cli.js';

/** More frames than any test waits for. */
const ENDLESS = ['scene:', '--frames', '100000'];
const SMALL = ['--size', '320x192'];
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

const root = temporaryFolder('stop');
let count = 0;
function newFolder(): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  return folder;
}

/** Number of JSON lines; each must be whole. */
function countLines(text: string): number {
  assert.ok(text.endsWith('\n'));
  const lines = text.trimEnd().split('\n');
  lines.forEach((line, i) => assert.equal((JSON.parse(line) as { index: number }).index, i));
  return lines.length;
}

async function messagesIn(bag: string): Promise<number | undefined> {
  const { topics, damage } = await McapFile.open(bag);
  assert.equal(damage, undefined);
  return topics.find(({ name }) => name === '/segment/instances')?.count;
}

/** Waits until a file in a folder has more than so many bytes. @throws when the child that writes it ends before */
async function grown(child: Watched, folder: string, name: RegExp, bytes: number): Promise<void> {
  const watcher: FSWatcher = watch(folder);
  try {
    const large = (): boolean =>
      readdirSync(folder).some((file) => {
        return (
          name.test(file) && (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0) > bytes
        );
      });
    const ended = child.end().then(() => true);
    while (!large()) {
      const over = await Promise.race([ended, once(watcher, 'change').then(() => false)]);
      if (over && !large()) throw new Error(`Expected ${name.source} to grow but received: ${child.stderr}`);
    }
  } finally {
    watcher.close();
  }
}

/** Waits until a process is gone, or dead and only not yet asked for by its parent. */
async function gone(pid: number): Promise<void> {
  const state = (): string => {
    try {
      return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1]!;
    } catch {
      return '';
    }
  };
  while (!['', 'Z'].includes(state())) await setTimeout(10);
}

describe('a command that is stopped', () => {
  after(() => Watched.endAll());

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`run finishes its frames and files on ${signal}`, async () => {
      const folder = newFolder();
      const outputs = ['--json', '-', '--mcap', 'bag', '--overlay', 'pictures'];
      const child = Watched.start([MAIN, 'run', ...ENDLESS, ...SMALL, ...outputs], folder);
      await child.says('stdout', /\n/);
      child.kill(signal);
      assert.deepEqual(await child.end(), { code: EXIT_CODES[signal], signal: null }, child.stderr);
      const frames = countLines(child.stdout);
      assert.match(child.stderr, new RegExp(`${signal}: finishing frames in flight`));
      assert.match(
        child.stderr,
        new RegExp(`^scene: +${frames} +\\d+.*\\n(.*\\n)*stopped by ${signal}\\n$`, 'm'),
      );
      assert.deepEqual(readdirSync(join(folder, 'bag')).sort(), ['bag_0.mcap', 'metadata.yaml']);
      assert.equal(await messagesIn(join(folder, 'bag/bag_0.mcap')), frames);
      const pictures = readdirSync(join(folder, 'pictures'));
      assert.equal(pictures.length, frames);
      for (const name of pictures) {
        assert.equal((await sharp(join(folder, 'pictures', name)).stats()).channels.length, 3);
      }
    });
  }

  it('demo keeps what it has, and says how many frames that is', async () => {
    const folder = newFolder();
    const out = join(folder, 'out');
    mkdirSync(out);
    const child = Watched.start([MAIN, 'demo', '--frames', '100000'], folder);
    await grown(child, out, /^results\.jsonl$/, 0);
    child.kill('SIGINT');
    assert.deepEqual(await child.end(), { code: 130, signal: null }, child.stderr);
    const frames = countLines(readFileSync(join(out, 'results.jsonl'), 'utf8'));
    assert.equal(await messagesIn(join(out, 'results.mcap')), frames);
    assert.match(child.stdout, new RegExp(`^frames +${frames} of 1280x720\\n`));
    assert.match(child.stdout, /stopped by SIGINT\n$/);
    assert.equal((await sharp(join(out, 'contact-sheet.jpg')).metadata()).format, 'jpeg');
    assert.deepEqual(readdirSync(out).sort(), ['contact-sheet.jpg', 'results.jsonl', 'results.mcap']);
  });

  it('record keeps the frames it has in a complete file', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'heads.onnx'), tenHeads(64, 64, ['cat']));
    const out = join(folder, 'new');
    mkdirSync(out);
    const record = (name: string, frames: string): string[] => {
      const inputs = ['heads.onnx', 'scene:', '--frames', frames, '--size', '64x64'];
      return ['record', ...inputs, '--name', 'x', '-o', `new/${name}`];
    };
    const child = Watched.start(scriptOf(record('x.bin', '100000')), folder);
    await grown(child, out, /\.part$/, 100_000);
    child.kill('SIGTERM');
    assert.deepEqual(await child.end(), { code: 143, signal: null }, child.stderr);
    const frames = /x\.bin: (\d+) frames?\nstopped by SIGTERM\n$/.exec(child.stderr)?.[1];
    assert.deepEqual(readdirSync(out), ['x.bin']);
    const again = await cli(record('y.bin', frames!), folder);
    assert.equal(again.code, 0, again.stderr);
    assert.ok(readFileSync(join(out, 'x.bin')).equals(readFileSync(join(out, 'y.bin'))));
  });

  it('leaves no hanging ffmpeg behind', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const folder = newFolder();
      const program = (name: string, script: string): void =>
        writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const stream = '{"width":64,"height":64,"avg_frame_rate":"25/1"}';
      program('ffprobe', `echo '{"program_version":{"version":"6.0"},"streams":[${stream}]}'`);
      // One frame, and then nothing, as from a camera that went away.
      program(
        'ffmpeg',
        `echo 'frame:0    pts:0' >&3
        head -c 6144 /dev/zero
        echo $$ >pid
        sleep 20 >&- 2>&- 3>&-
        echo >survived`,
      );
      writeFileSync(join(folder, 'clip.mp4'), '\0\0\0\x18ftypisom0000');
      const variables = { PATH: `${folder}:${process.env['PATH']}` };
      const child = Watched.start([MAIN, 'run', 'clip.mp4', '--json', 'x'], folder, variables);
      await grown(child, folder, /^pid$/, 0);
      child.kill(signal);
      assert.deepEqual(await child.end(), { code: EXIT_CODES[signal], signal: null }, child.stderr);
      await gone(Number(readFileSync(join(folder, 'pid'), 'utf8')));
      assert.ok(!readdirSync(folder).includes('survived'));
    }
  });

  it('ends normally when its output is no longer read', async () => {
    const folder = newFolder();
    const child = Watched.start(
      [MAIN, 'run', ...ENDLESS, ...SMALL, '--json', '-', '--mcap', 'x.mcap'],
      folder,
    );
    await child.says('stdout', /\n/);
    child.process.stdout!.destroy();
    assert.deepEqual(await child.end(), { code: 0, signal: null }, child.stderr);
    assert.doesNotMatch(child.stderr, /EPIPE| {4}at /);
    assert.ok((await messagesIn(join(folder, 'x.mcap')))! > 0);
  });

  it('reports failed inputs although its output is no longer read', async () => {
    const child = Watched.start(
      [MAIN, 'run', 'absent.jpg', ...ENDLESS, ...SMALL, '--json', '-'],
      newFolder(),
    );
    await child.says('stdout', /\n/);
    child.process.stdout!.destroy();
    assert.deepEqual(await child.end(), { code: 1, signal: null }, child.stderr);
    assert.match(child.stderr, /absent\.jpg, which cannot be found/);
  });
});

describe('Stop', () => {
  after(() => Watched.endAll());

  const module = (name: string): string => JSON.stringify(join(repository, 'dist/src', name));

  function child(script: string, cwd?: string): Watched {
    const imports = `import { Stop } from ${module('cli/stop.js')};`;
    return Watched.start(['--input-type=module', '-e', imports + script], cwd);
  }

  it('ends the process at once at the second signal, without partial files', async () => {
    for (const [first, second] of [
      ['SIGINT', 'SIGINT'],
      ['SIGINT', 'SIGTERM'],
      ['SIGTERM', 'SIGINT'],
    ] as const) {
      const folder = newFolder();
      const hanging = child(
        `import { WholeFile } from ${module('base/files/whole-file.js')};
        import { endWithUs } from ${module('base/child-processes.js')};
        import { spawn } from 'node:child_process';
        import { writeFileSync } from 'node:fs';
        const { pid } = endWithUs(spawn('sleep', ['1000'], { stdio: 'ignore' }));
        writeFileSync(new WholeFile('x').part, 'half');
        Stop.listen();
        setInterval(() => {}, 1e6);
        console.log('listens', pid);`,
        folder,
      );
      await hanging.says('stdout', /listens \d+\n/);
      assert.equal(readdirSync(folder).length, 1);
      hanging.kill(first);
      await hanging.says(
        'stderr',
        new RegExp(`${first}: finishing frames in flight; a second signal ends at once`),
      );
      hanging.kill(second);
      assert.deepEqual(await hanging.end(), { code: null, signal: second });
      await gone(Number(/\d+/.exec(hanging.stdout)![0]));
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  it('does not wait for a source that hangs', async () => {
    const hanging = child(`
      async function* source() {
        yield 1;
        await new Promise(() => setInterval(() => {}, 1e6));
      }
      const stop = Stop.listen();
      for await (const item of stop.until(source())) console.log('item', item);
      console.log('over', stop.exitCode);
      process.exit(7);`);
    await hanging.says('stdout', /item 1\n/);
    hanging.kill('SIGTERM');
    assert.deepEqual(await hanging.end(), { code: 7, signal: null });
    assert.match(hanging.stdout, /over 143\n$/);
  });

  it('passes on items, errors and the end of the source', async () => {
    const plain = child(`
      let ended = 0;
      async function* source(error) {
        try {
          yield* [1, 2, 3];
          if (error) throw new Error('broken');
        } finally {
          ended++;
        }
      }
      const stop = Stop.listen();
      const items = [];
      for await (const item of stop.until(source(false))) items.push(item);
      for await (const item of stop.until(source(false))) break;
      try {
        for await (const item of stop.until(source(true))) items.push(item);
      } catch (error) {
        items.push(error.message);
      }
      stop.release();
      console.log(JSON.stringify([items, ended, stop.exitCode ?? null]));`);
    assert.deepEqual(await plain.end(), { code: 0, signal: null }, plain.stderr);
    assert.deepEqual(JSON.parse(plain.stdout), [[1, 2, 3, 1, 2, 3, 'broken'], 3, null]);
  });
});
