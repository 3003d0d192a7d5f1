import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { it } from 'mocha';
import type { Page } from 'playwright-core';
import { LiveSession } from '../../src/cli/live/live-session.js';
import { Scene, SceneSource } from '../../src/media/scene/index.js';
import { defaultsOf } from '../../src/parameters/parameter.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';
import { isBadFrame, type SourceFrame } from '../../src/vision/picture/frame-source.js';
import { paletteColor } from '../../src/vision/picture/palette.js';
import { describeUnless } from '../skips.js';
import { canvasPixels, drawn, noBrowser, TestBrowser } from './browser.js';
import { grayFrame, livePages, sender, TestClient, TestSource, TOKEN, truthFrame } from './fixture.js';
import { eventually } from './patience.js';

const GRAY = 128;
const FILL = 0.35;

describeUnless(noBrowser, 'the live page in a browser', () => {
  const open = livePages();
  const browser = new TestBrowser();

  /** Resolves when somebody watches a camera: if only one page is open, that page. */
  const watched = (live: Awaited<ReturnType<typeof open>>, camera = 0): Promise<void> =>
    eventually('somebody who watches', () => live.wants(camera));

  /** Sends a frame once the page watches, and waits until it is drawn. */
  const show = async (
    live: Awaited<ReturnType<typeof open>>,
    page: Page,
    send: () => void,
    frames: number,
    camera = 0,
  ): Promise<void> => {
    await watched(live, camera);
    send();
    await drawn(page, frames, camera);
  };

  it('draws the outlines of a known scene at its pixels', async () => {
    const live = await open();
    const page = await browser.open(live.address, { viewport: { width: 1700, height: 900 } });
    const { truth, segmentation } = truthFrame(10, { width: 1280, height: 720 });
    const frame = grayFrame(truth.width, truth.height, GRAY);
    await show(live, page, () => sender(live)(0, { frame, segmentation }), 1);
    const { data, width, height } = await canvasPixels(page);
    assert.ok(width > 600);
    for (const { classId, mask, trackId, box } of segmentation.instances) {
      const fill = paletteColor(trackId ?? classId).map((channel) => GRAY + (channel - GRAY) * FILL);
      const masked = (x: number, y: number): boolean => {
        const column = Math.floor(((x + 0.5) / width) * truth.width) - mask.x;
        const row = Math.floor(((y + 0.5) / height) * truth.height) - mask.y;
        const within = column >= 0 && row >= 0 && column < mask.width && row < mask.height;
        return within && mask.data[row * mask.width + column] === 1;
      };
      // A line is blended with what is beside it, which may give the color of the mask.
      const lines = [box.x1, box.x2].map((x) => (x / truth.width) * width);
      const rows = [box.y1, box.y2].map((y) => (y / truth.height) * height);
      const onLine = (x: number, y: number): boolean =>
        lines.some((line) => Math.abs(x + 0.5 - line) < 2) ||
        rows.some((line) => Math.abs(y + 0.5 - line) < 2) ||
        [-2, 0, 2].some((dx) => [-2, 0, 2].some((dy) => masked(x + dx, y + dy)));
      let inside = 0;
      let found = 0;
      let outside = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const at = 3 * (y * width + x);
          const filled = fill.every((value, channel) => Math.abs(data[at + channel]! - value) < 8);
          if (masked(x, y)) {
            inside++;
            if (filled) found++;
          } else if (filled && !onLine(x, y)) outside++;
        }
      }
      const name = `${Scene.classes[classId]} at ${box.x1},${box.y1}`;
      // Its own line covers the edge, and names of others may lie on it; letters are blended, too.
      assert.ok(found > 0.6 * inside, `${name}: ${found} of ${inside} pixels`);
      assert.ok(outside < 0.01 * inside, `${name}: ${outside} pixels beside ${inside}`);
    }
    await browser.clean();
  });

  it('shows the object under the pointer, and steps through objects by keyboard', async () => {
    const live = await open();
    const page = await browser.open(live.address);
    const found = truthFrame();
    await show(live, page, () => sender(live)(0, found), 1);
    const { instances, width, height } = found.segmentation;
    const box = (await page.locator('canvas').boundingBox())!;
    const { mask, classId } = instances[0]!;
    // A pixel in the middle of the mask's longest run.
    const cell = middle(mask.data);
    const x = mask.x + (cell % mask.width) + 0.5;
    const y = mask.y + Math.floor(cell / mask.width) + 0.5;
    await page.mouse.move(box.x + (x / width) * box.width, box.y + (y / height) * box.height);
    const tip = page.locator('.tip');
    await tip.waitFor();
    assert.match(await tip.innerText(), new RegExp(`${Scene.classes[classId]}[^]*0.950[^]*px`));
    await page.mouse.move(0, 0);
    await tip.waitFor({ state: 'hidden' });
    await page.keyboard.press('Tab');
    for (let i = 0; i < 20 && !(await page.locator('canvas:focus').count()); i++)
      await page.keyboard.press('Tab');
    for (const { classId: next } of [instances[0]!, instances[1]!]) {
      await page.keyboard.press('ArrowRight');
      assert.match(await tip.innerText(), new RegExp(Scene.classes[next]!));
      assert.match(await page.locator('#said').innerText(), new RegExp(Scene.classes[next]!));
    }
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
    await browser.clean();
  });

  it('draws zones and lines with what they count, crisp at any zoom, by wheel, drag, keys and fingers', async () => {
    const live = await open();
    const page = await browser.open(live.address, { hasTouch: true });
    const { segmentation } = truthFrame();
    const count = { classId: 0, present: 2, entered: 5, left: 3, meanDwell: 0, longestStay: 0 };
    const zones = [
      { name: 'door', kind: 'zone', corners: [160, 90, 480, 90, 480, 270, 160, 270], classes: [count] },
      { name: 'gate', kind: 'line', corners: [40, 320, 600, 320], classes: [count] },
    ] as const;
    const found = {
      frame: grayFrame(640, 360, GRAY),
      segmentation: { ...segmentation, instances: [], zones },
    };
    await show(live, page, () => sender(live)(0, found), 1);
    assert.deepEqual(await page.locator('.zones li').allInnerTexts(), [
      ...['door: 2 present, 5 entered, 3 left', 'gate: 5 entered, 3 left'],
    ]);
    const canvas = page.locator('canvas');
    const zoom = async (): Promise<number> => Number(await canvas.getAttribute('data-zoom'));
    /** Rows of the canvas, of the column at this share of its width, that are white between black ones: how thick a line is. */
    const lines = async (share: number): Promise<{ y: number; thick: number }[]> => {
      const { data, width, height } = await canvasPixels(page);
      const at = (y: number): number => data[3 * (y * width + Math.round(share * width))]!;
      const found: { y: number; thick: number }[] = [];
      for (let y = 0; y < height; y++) {
        if (at(y) < 250) continue;
        const from = y;
        while (y < height && at(y) >= 250) y++;
        found.push({ y: (from + y) / 2 / height, thick: y - from });
      }
      return found;
    };
    const near = (found: readonly { y: number; thick: number }[], wanted: readonly number[]): void => {
      assert.equal(found.length, wanted.length, JSON.stringify(found));
      for (const [i, { y, thick }] of found.entries()) {
        assert.ok(Math.abs(y - wanted[i]!) < 0.01, `${y}, not ${wanted[i]}`);
        assert.ok(thick <= 3, `${thick} pixels`);
      }
    };
    // Beside the names, which stand at the left corners, and the arrow in the middle.
    near(await lines(0.7), [90 / 360, 270 / 360, 320 / 360]);
    // In the middle, so that shares are easily told: from 0.25 to 0.75 of the picture.
    const box = (await canvas.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await canvas.focus();
    for (const key of ['+', '=']) await page.keyboard.press(key);
    assert.equal(await zoom(), 2.25);
    const seen = (y: number, from = 0.5 - 0.5 / 2.25): number => (y - from) * 2.25;
    near(await lines(0.6), []);
    await page.keyboard.press('Shift+ArrowDown');
    near(await lines(0.6), [seen(0.75, 0.5 - 0.5 / 2.25 + 0.2 / 2.25)]);
    // Dragged to the upper end.
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height - 5, { steps: 4 });
    await page.mouse.move(box.x + box.width / 2, box.y + box.height * 2, { steps: 4 });
    await page.mouse.up();
    near(await lines(0.6), [seen(0.25, 0)]);
    // Another button, or one whose release is never reported, drags nothing.
    const middleOf = [box.x + box.width / 2, box.y + box.height / 2] as const;
    await page.mouse.move(...middleOf);
    await page.mouse.down({ button: 'right' });
    await page.mouse.move(middleOf[0], box.y + 5, { steps: 4 });
    await page.mouse.up({ button: 'right' });
    near(await lines(0.6), [seen(0.25, 0)]);
    await page.mouse.move(...middleOf);
    await page.mouse.down();
    // A capture begins with the first movement.
    await page.mouse.move(middleOf[0] + 1, middleOf[1]);
    await page.evaluate('document.querySelector("canvas").releasePointerCapture(1)');
    await page.mouse.move(middleOf[0], box.y + 5, { steps: 4 });
    near(await lines(0.6), [seen(0.25, 0)]);
    await page.mouse.up();
    await page.keyboard.press('0');
    assert.equal(await zoom(), 1);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.wheel(0, -200);
    await page.locator('canvas[data-zoom="1.56"]').waitFor();
    await page.mouse.wheel(0, 1000);
    await page.locator('canvas[data-zoom="1.00"]').waitFor();
    assert.equal(await page.getByLabel('Zoom out').isDisabled(), true);
    await page.getByLabel('Zoom in').click();
    assert.equal(await zoom(), 1.5);
    await page.keyboard.press('Enter');
    assert.equal(await zoom(), 2.25);
    await canvas.press('0');
    // Two fingers.
    const touch = await page.context().newCDPSession(page);
    const fingers = async (type: 'touchStart' | 'touchMove' | 'touchEnd', apart?: number): Promise<void> => {
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const touchPoints =
        apart === undefined ? [] : [-1, 1].map((side, id) => ({ x: x + side * apart, y, id }));
      await touch.send('Input.dispatchTouchEvent', { type, touchPoints });
    };
    await fingers('touchStart', 40);
    await fingers('touchMove', 60);
    await fingers('touchMove', 80);
    await fingers('touchEnd');
    await page.locator('canvas[data-zoom="2.00"]').waitFor();
    await browser.clean();
  });

  it('shows a second camera, each with its own frames', async () => {
    const live = await open({ source: new TestSource(['front', 'rear']) });
    const page = await browser.open(live.address);
    const send = sender(live);
    await show(live, page, () => send(0, truthFrame(1)), 1, 0);
    const rear = truthFrame(40);
    await show(live, page, () => send(1, rear), 1, 1);
    assert.deepEqual(await page.locator('section.camera h2').allInnerTexts(), ['front', 'rear']);
    const counts = await page.evaluate(
      '[...document.querySelectorAll("canvas")].map((canvas) => canvas.dataset.objects)',
    );
    assert.deepEqual(
      counts,
      [truthFrame(1), rear].map(({ segmentation }) => String(segmentation.instances.length)),
    );
    await browser.clean();
  });

  it('reconnects automatically', async () => {
    const live = await open();
    const page = await browser.open(live.address);
    await show(live, page, () => sender(live)(0, truthFrame()), 1);
    const { port } = live;
    await live.close();
    await page.locator('#connection[data-state="lost"]').waitFor();
    assert.match(await page.locator('#connection').innerText(), /lost/);
    const again = await open({ port });
    await page.locator('#connection[data-state="connected"]').waitFor();
    await show(again, page, () => sender(again)(0, truthFrame()), 2);
    // The browser itself reports connections that fail.
    assert.ok(browser.errors.splice(0).every((text) => /WebSocket|ERR_CONNECTION/.test(text)));
    await browser.clean();
  });

  it('changes results by sliders and classes, and only with the token', async () => {
    const parameters = defaultsOf(SEGMENT_PARAMETERS);
    const session = await LiveSession.open(['scene'], parameters, undefined, () => undefined);
    const live = (session.page = await open({ source: session, token: TOKEN }));
    try {
      const frame = await sceneFrame();
      const page = await browser.open(live.address);
      let frames = 0;
      const objects = async (): Promise<number> => {
        await show(live, page, () => session.offer(0, frame), ++frames);
        return Number(await page.locator('canvas').getAttribute('data-objects'));
      };
      const all = await objects();
      assert.ok(all >= 4, `${all} objects`);
      const score = page.getByLabel('Minimum score');
      assert.equal(await score.isDisabled(), true);
      await page.getByLabel('Token').fill(TOKEN);
      await page.keyboard.press('Enter');
      await page.locator('#parameter-score:enabled').waitFor();
      await score.focus();
      await page.keyboard.press('End');
      await changed(live, () => session.parameters().find(({ name }) => name === 'score')?.value === 1);
      assert.equal(await objects(), 0);
      await page.keyboard.press('Home');
      await changed(live, () => session.parameters().find(({ name }) => name === 'score')?.value === 0);
      assert.ok((await objects()) > all);
      session.set('score', 0.25);
      live.changed(false);
      await page.locator('#parameter-score-value', { hasText: '0.25' }).waitFor();
      await page.getByLabel('circle').uncheck();
      await changed(
        live,
        () => (session.parameters().find(({ name }) => name === 'classes')?.value as string[]).length === 5,
      );
      const others = await objects();
      assert.ok(others > 0 && others < all, `${others} of ${all}`);
      await browser.clean();
    } finally {
      await live.close();
      await session.close();
    }
  });

  it('finds a class by part of its name', async () => {
    class ManyClasses extends TestSource {
      override model(): ReturnType<TestSource['model']> {
        return { ...super.model(), labels: Array.from({ length: 80 }, (_, id) => `class-${id}`) };
      }
    }
    const page = await browser.open((await open({ source: new ManyClasses() })).address);
    await page.getByLabel('Find a class').fill('SS-7');
    const shown = await page.locator('.classes > div:visible').allInnerTexts();
    assert.equal(shown.length, 11, shown.join());
    assert.ok(shown.every((name) => name.includes('class-7')));
    await browser.clean();
  });

  it('shows ten clients the newest frames, although one of them does not read', async () => {
    let now = 0;
    const live = await open({ clock: () => now });
    const page = await browser.open(live.address);
    await watched(live);
    const slow = await (await TestClient.connect(live, { acknowledges: false })).watch(live, 0);
    const quick = await Promise.all(
      Array.from({ length: 8 }, async () => (await TestClient.connect(live)).watch(live, 0)),
    );
    const send = sender(live);
    const found = truthFrame();
    for (let sent = 1; sent <= 12; sent++) {
      now += 100;
      send(0, found);
      await Promise.all(quick.map((client) => client.until(() => client.frames.length === sent)));
      await drawn(page, sent);
      // A client is sent no frame while it has two that the server does not know to be drawn.
      await Promise.all(quick.map((client) => client.roundTrip()));
    }
    await slow.roundTrip();
    assert.equal(slow.frames.length, 2);
    await Promise.all([slow, ...quick].map((client) => client.close()));
    await browser.clean();
  });

  for (const [scheme, width] of [
    ['light', 1100],
    ['dark', 1100],
    ['dark', 390],
  ] as const) {
    it(`passes axe-core, ${scheme}, ${width} pixels wide, in English and Chinese`, async () => {
      const live = await open({ source: new TestSource(['front', 'rear']), token: TOKEN });
      const page = await browser.open(`${live.address}#token=${encodeURIComponent(TOKEN)}`, {
        colorScheme: scheme,
        viewport: { width, height: 800 },
      });
      await page.locator('#parameter-score:enabled').waitFor();
      await show(live, page, () => sender(live)(0, truthFrame()), 1);
      const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
      await page.evaluate(axe);
      for (const language of ['English', 'Chinese']) {
        const faults = await page.evaluate(
          'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" ")))',
        );
        assert.deepEqual(faults, [], language);
        if (language === 'English') await page.locator('#language').click();
      }
      assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      assert.equal(overflow, 0, 'nothing is wider than the screen');
      await browser.clean();
    });
  }
});

async function sceneFrame(): Promise<SourceFrame> {
  for await (const item of new SceneSource({ width: 640, height: 360, count: 1 }).frames())
    if (!isBadFrame(item)) return item;
  throw new Error('no frame');
}

/** Resolves when the server has heard of something, which clients are told after. */
async function changed(live: Parameters<typeof TestClient.connect>[0], done: () => boolean): Promise<void> {
  const client = await TestClient.connect(live);
  await client.until(done);
  await client.close();
}

/** The index of the middle of the longest run of ones. */
function middle(cells: Uint8Array): number {
  let best = 0;
  let longest = 0;
  for (let start = cells.indexOf(1); start >= 0;) {
    let end = cells.indexOf(0, start);
    if (end < 0) end = cells.length;
    if (end - start > longest) {
      longest = end - start;
      best = start + Math.floor((end - start) / 2);
    }
    start = cells.indexOf(1, end);
  }
  return best;
}
