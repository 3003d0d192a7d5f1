import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { LiveResult } from '../../src/web/feed/camera-feed.js';
import type { LiveSource } from '../../src/web/source.js';
import { livePages, sender, TestClient, TestSource, truthFrame } from './fixture.js';
import { eventually } from './patience.js';

/** An object that may not be looked at. */
function untouchable(what: string): never {
  const refuse = (_target: object, name: string | symbol): never =>
    assert.fail(`${what}.${String(name)} is read`);
  return new Proxy(
    {},
    { get: refuse, has: refuse, ownKeys: () => assert.fail(`${what} is listed`) },
  ) as never;
}

/** Timers and threads of this process. A thread is listed as the port of its messages. */
function running(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'MessagePort')
    .length;
}

describe('a live page that nobody looks at', () => {
  const open = livePages();

  it('reads nothing of a result and asks nothing of its source, before somebody comes and after all have gone', async () => {
    let silent = false;
    const source: LiveSource = new Proxy(new TestSource(), {
      get: (target, name) => {
        if (silent) assert.fail(`the source's ${String(name)} is read`);
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const clock = Object.assign(() => (silent ? assert.fail('the clock is read') : performance.now()), {});
    const page = await open({ source, clock });
    const nothing = (): void => {
      silent = true;
      const before = running();
      for (let frame = 0; frame < 100; frame++) {
        page.result(0, untouchable('the result'));
        assert.equal(page.wants(0), false);
      }
      assert.equal(running(), before, 'nothing is begun');
      silent = false;
    };
    nothing();
    const quiet = running();
    const client = await (await TestClient.connect(page)).watch(page, 0);
    assert.throws(() => page.result(0, untouchable('the result')), /the result\.\w+ is read/);
    const found = truthFrame();
    sender(page)(0, found);
    await client.until(() => client.frames.length > 0);
    assert.ok(running() > quiet);
    await client.close();
    await eventually('an end of what was begun', () => page.clients === 0 && running() <= quiet);
    nothing();
    // What the test relies on: reading is noticed.
    assert.throws(() => (untouchable('the result') as LiveResult).header, /the result.header is read/);
  });
});
