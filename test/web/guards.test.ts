import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'mocha';
import { WebSocket } from 'ws';
import type { CameraStats } from '../../src/web/protocol/messages.js';
import { temporaryFolder } from '../temporary-folder.js';
import { livePages, sender, TestClient, TestSource, TOKEN, truthFrame } from './fixture.js';
import { eventually, within } from './patience.js';

const found = truthFrame();
/** One whose bytes were taken away. */
const empty = { ...found, frame: { ...found.frame, data: new Uint8Array(0) } };

/** A source that fails at times. */
class FailingSource extends TestSource {
  fails = false;
  asked: () => void = () => undefined;

  override model(): ReturnType<TestSource['model']> {
    if (this.fails) throw new Error('the model is gone');
    return super.model();
  }

  override stats(camera: number): CameraStats {
    this.asked();
    if (this.fails) throw new Error('no counts');
    return super.stats(camera);
  }

  demand(): void {
    if (this.fails) throw new Error('no demand');
  }
}

/** Resolves when the page has noted what it had sent before, and knows what the client had drawn. */
async function noted(client: TestClient): Promise<void> {
  await client.roundTrip();
  // It sends these and then notes it, before anybody hears.
  const before = client.messages.length;
  await client.until(() => client.messages.length > before);
}

describe('what fails in the live page', () => {
  const open = livePages();
  const folder = temporaryFolder('guards');

  it('is one picture, after which others come, and which is reported once until then', async () => {
    let now = 0;
    const lines: string[] = [];
    const log = (line: string, failed: boolean): unknown => failed && lines.push(line);
    const page = await open({ clock: () => now, statsPeriod: 30, log });
    const client = await (await TestClient.connect(page)).watch(page, 0);
    const send = sender(page);
    // More than may be on their way at once.
    for (let frame = 0; frame < 5; frame++) {
      now += 100;
      send(0, empty);
      // Its failure is on its way by then.
      await new Promise(setImmediate);
      await client.roundTrip();
    }
    now += 100;
    send(0, found);
    await client.until(() => client.frames.length > 0);
    assert.equal(client.frames[0]!.sec, 105);
    const reported =
      /^The live page cannot show frames of front: Expected at least 345600 bytes .* received 0/;
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines.pop()!, reported);
    // Until it is acknowledged, the next but one would not be sent.
    await noted(client);
    // Sooner it would not be reported again.
    now += 5000;
    // One that fails while the one before it is still being made leaves room for another.
    for (const frame of [found, empty, found]) {
      now += 100;
      send(0, frame);
      await Promise.resolve();
    }
    await client.until(() => client.frames.length > 2);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines.pop()!, reported);
    // At times it succeeds, at times not.
    await noted(client);
    now += 100;
    send(0, empty);
    await noted(client);
    assert.deepEqual(lines, []);
    await client.close();
  });

  it('is a picture still, when an earlier one is sent late', async () => {
    const file = join(folder, 'held.mjs');
    // Its frames are held until the test says otherwise.
    writeFileSync(
      file,
      `import { work } from '${import.meta.resolve('../../src/web/feed/thread-work.js')}';
      const channel = new BroadcastChannel('frames of guards.test.ts');
      const released = new Promise((resolve) => (channel.onmessage = resolve));
      work(() => released.then(() => new Uint8Array(3)));`,
    );
    const lines: string[] = [];
    let now = 0;
    const page = await open({
      ...{ thread: pathToFileURL(file), statsPeriod: 30, clock: () => now },
      log: (line, failed) => failed && lines.push(line),
    });
    const client = await (await TestClient.connect(page)).watch(page, 0);
    const send = sender(page);
    const show = async (frame: typeof found): Promise<void> => {
      now += 5000;
      send(0, frame);
      await noted(client);
    };
    await show(found);
    await show(empty);
    const channel = new BroadcastChannel('frames of guards.test.ts');
    channel.postMessage('go on');
    channel.close();
    await client.until(() => client.frames.length === 1);
    await noted(client);
    assert.equal(lines.length, 1, lines.join('\n'));
    await show(empty);
    assert.equal(lines.length, 1, lines.join('\n'));
    // Now it has succeeded.
    await show(found);
    await client.until(() => client.frames.length === 2);
    await noted(client);
    await show(empty);
    assert.equal(lines.length, 2, lines.join('\n'));
    await client.close();
  });

  it('is one answer: 500 with the reason', async () => {
    const source = new FailingSource();
    const page = await open({ source });
    source.fails = true;
    const failed = await within('an answer', fetch(`${page.address}metrics`));
    assert.deepEqual([failed.status, await failed.text()], [500, 'the model is gone\n']);
    source.fails = false;
    assert.equal((await within('an answer', fetch(`${page.address}metrics`))).status, 200);
  });

  it('is each connection, which is reported once until one is opened', async () => {
    const lines: string[] = [];
    const source = new FailingSource();
    let now = 0;
    const log = (line: string, failed: boolean): unknown => failed && lines.push(line);
    const page = await open({ source, clock: () => now, log });
    for (let round = 0; round < 2; round++) {
      source.fails = true;
      for (let attempt = 0; attempt < 2; attempt++) {
        now += 5000;
        const socket = new WebSocket(`ws://127.0.0.1:${page.port}/ws`);
        await within('the end of the connection', once(socket, 'close'));
        // The client may hear of it before the thread that has the page.
        await eventually('no client', () => page.clients === 0);
      }
      assert.deepEqual(
        lines.splice(0).filter((line) => line.includes('connect')),
        ['The live page cannot connect a page: the model is gone'],
      );
      source.fails = false;
      await (await TestClient.connect(page)).close();
    }
  });

  it('is the thread of pages, which is reported once until frames are sent again', async () => {
    const file = join(folder, 'thread.mjs');
    // It ends with a frame of 64x64.
    writeFileSync(
      file,
      `import { work } from '${import.meta.resolve('../../src/web/feed/thread-work.js')}';
      work(({ frame }) => {
        if (frame.width === 64) setImmediate(() => { throw new Error('out of memory'); });
        return frame.width === 64 ? new Promise(() => {}) : Promise.resolve(new Uint8Array(3));
      });`,
    );
    const lines: string[] = [];
    const log = (line: string, failed: boolean): unknown => failed && lines.push(line);
    let now = 0;
    const page = await open({ thread: pathToFileURL(file), statsPeriod: 30, clock: () => now, log });
    const send = sender(page);
    const fatal = truthFrame(10, { width: 64, height: 64 });
    const show = (frame: typeof found): void => {
      now += 5000;
      send(0, frame);
    };
    for (let round = 0; round < 2; round++) {
      for (const [shows, ends] of [
        [true, false],
        [true, true],
        [false, true],
      ] as const) {
        const client = await (await TestClient.connect(page)).watch(page, 0);
        await noted(client);
        if (shows) {
          show(found);
          await client.until(() => client.frames.length === 1);
        }
        // At once, before the page notes what was sent: that was before the failure.
        if (ends) {
          show(fatal);
          await assert.rejects(
            client.until(() => false),
            /closed with 1006/,
          );
        } else {
          await noted(client);
          await client.close();
        }
      }
      assert.deepEqual(lines.splice(0), ['The live page cannot keep pages connected: out of memory']);
    }
  });

  it('is a thread that cannot begin, which is reported once', async () => {
    const lines: string[] = [];
    const log = (line: string, failed: boolean): unknown => failed && lines.push(line);
    // Not a file, which is all that a thread can be of.
    let now = 0;
    const page = await open({ thread: new URL('http://localhost/'), clock: () => (now += 5000), log });
    for (let attempt = 0; attempt < 2; attempt++)
      await assert.rejects(TestClient.connect(page), /socket hang up/);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0]!, /^The live page cannot connect a page: .*scheme/);
  });

  it('is a source that cannot be asked for a while, which is reported once', async () => {
    let now = 0;
    const lines: string[] = [];
    const source = new FailingSource();
    const page = await open({
      ...{ source, statsPeriod: 5, clock: () => now },
      log: (line, failed) => failed && lines.push(line),
    });
    const client = await TestClient.connect(page);
    const stats = (): number => client.messages.filter(({ type }) => type === 'stats').length;
    for (let failure = 1; failure <= 2; failure++) {
      source.fails = true;
      for (let asked = 0; asked < 3; asked++) {
        now += 2500;
        await within('a question', new Promise<void>((resolve) => (source.asked = resolve)));
      }
      assert.deepEqual(lines.splice(0).sort(), [
        'The live page cannot send statistics: no counts',
        'The live page cannot tell what is watched: no demand',
      ]);
      source.fails = false;
      const before = stats();
      await client.until(() => stats() > before);
    }
    await client.close();
  });

  it('is what a page wants to watch, while the source cannot be told', async () => {
    const lines: string[] = [];
    const source = new FailingSource();
    // No statistics meanwhile, which would fail as well.
    const page = await open({
      ...{ source, statsPeriod: 3_600_000 },
      log: (line, failed) => failed && lines.push(line),
    });
    const client = await TestClient.connect(page);
    source.fails = true;
    await client.watch(page, 0);
    assert.deepEqual(lines, ['The live page cannot tell what is watched: no demand']);
    source.fails = false;
    sender(page)(0, found);
    await client.until(() => client.frames.length === 1);
    await client.close();
  });

  it('is a recording whose folder cannot be made, and the next one begins', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const page = await open({ token: TOKEN, recordings: join(file, 'bags') });
    const client = await TestClient.connect(page);
    await client.request({ type: 'authorize', token: TOKEN });
    for (let round = 0; round < 2; round++) {
      const { ok, message } = await client.request({ type: 'record', camera: 0, seconds: 1 });
      assert.equal(ok, false);
      assert.doesNotMatch(message, /one recording at a time/);
    }
    await client.close();
  });

  it('is a recording with a picture that cannot be made; what failed is told when it ends', async () => {
    const lines: string[] = [];
    const page = await open({
      ...{ token: TOKEN, recordings: folder },
      log: (line, failed) => failed && lines.push(line),
    });
    const client = await TestClient.connect(page);
    await client.request({ type: 'authorize', token: TOKEN });
    assert.equal((await client.request({ type: 'record', camera: 0, seconds: 300 })).ok, true);
    const send = sender(page);
    send(0, empty);
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    send(0, found);
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
    await page.close();
    assert.match(lines.join(), /at least 345600 bytes/);
  });

  it('is a port that another program has', async () => {
    const { port } = await open();
    await assert.rejects(
      open({ port }),
      /Expected port \d+ of 127.0.0.1 to be free.*EADDRINUSE.*Choose another/s,
    );
  });
});
