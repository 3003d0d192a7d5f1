import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before } from 'mocha';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { PATIENCE, within } from './patience.js';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executable = process.env['TROS_YOLO_SEG_CHROMIUM'] ?? EXECUTABLES.find((path) => existsSync(path));

export const noBrowser =
  executable === undefined ? 'no chromium at /usr/bin/chromium (apt install chromium)' : (false as const);

/** A browser for the tests of a suite. What its pages report as errors fails the test that calls `clean`. */
export class TestBrowser {
  #browser: Browser | undefined;
  readonly errors: string[] = [];
  readonly #pages: Page[] = [];

  constructor() {
    before(async () => {
      this.#browser = await chromium.launch({
        executablePath: executable!,
        args: ['--no-sandbox'],
        timeout: PATIENCE,
      });
    });
    after(() => this.#browser?.close());
  }

  async open(address: string, options: BrowserContextOptions = {}): Promise<Page> {
    const made = this.#browser!.newPage({
      viewport: { width: 1100, height: 700 },
      locale: 'en-US',
      ...options,
    });
    const page = await within('a page of chromium', made);
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript(KEEP_SOCKET);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.message));
    await page.goto(address);
    await page.locator('#connection[data-state="connected"]').waitFor();
    this.#pages.push(page);
    return page;
  }

  /** Closes the pages. @throws if one of them had anything to complain of */
  async clean(): Promise<void> {
    for (const page of this.#pages.splice(0)) await within('a page of chromium to close', page.close());
    assert.deepEqual(this.errors.splice(0), []);
  }
}

/** The pixels of a camera's canvas. */
export async function canvasPixels(
  page: Page,
  camera = 0,
): Promise<{ data: Buffer; width: number; height: number }> {
  const address = await page.evaluate(
    `document.querySelectorAll('canvas')[${camera}].toDataURL('image/png')`,
  );
  const file = Buffer.from(String(address).split(',')[1]!, 'base64');
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Resolves when a camera's canvas has drawn that many frames, and the server knows: it sends none while two are not drawn. */
export async function drawn(page: Page, frames: number, camera = 0): Promise<void> {
  await page.locator(`section.camera:nth-of-type(${camera + 1}) canvas[data-frames="${frames}"]`).waitFor();
  await within('an answer to the page', page.evaluate(ROUND_TRIP));
}

/** Run before the page's own scripts: keeps the newest WebSocket within reach. */
const KEEP_SOCKET = `{
  const Plain = WebSocket;
  globalThis.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      globalThis.newestSocket = this;
    }
  };
}`;

/** Asks for what is not there. The answer comes when the server has read all that the page had sent before. */
const ROUND_TRIP = `new Promise((resolve) => {
  const id = -1 - Math.floor(Math.random() * 1e9);
  newestSocket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string' && JSON.parse(data).id === id) resolve();
  });
  newestSocket.send(JSON.stringify({ type: 'set', id, name: 'nothing', value: 0 }));
})`;
