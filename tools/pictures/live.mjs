#!/usr/bin/env node
// Makes the picture of the live page in docs/web.md: two generated cameras, a zone and a line, after some seconds, so that the plots have
// curves.
//
//     npm run build && node tools/pictures/live.mjs docs/images/live.jpg
//
// Needs chromium, and a font with Chinese characters for the button of the languages (apt install chromium fonts-wqy-microhei).
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const [out] = process.argv.slice(2);
if (!out) {
  console.error('Expected the name of the picture, such as docs/images/live.jpg.');
  process.exit(2);
}
/** Milliseconds of the plots, and how long anything may take. */
const SHOWN = 20_000;
const PATIENCE = 120_000;

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const cameras = ['scene:?seed=4', 'scene:?seed=11'];
const zones = [
  '--track',
  '--zone',
  'door=0.1,0.2 0.45,0.2 0.45,0.8 0.1,0.8',
  '--line',
  'gate=0.55,0.9 0.95,0.3',
];
const live = spawn(
  process.execPath,
  [program, 'live', ...cameras, ...zones, '--port', '0', '--token', 'for-pictures'],
  {
    stdio: ['ignore', 'pipe', 'pipe'],
  },
);
try {
  const address = await addressOf(live);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(address);
  await page.locator('#connection[data-state="connected"]').waitFor();
  await setTimeout(SHOWN);
  const picture = await page.screenshot();
  await browser.close();
  await sharp(picture).jpeg({ quality: 85, mozjpeg: true }).toFile(out);
  console.log(out);
} finally {
  live.kill('SIGINT');
}

/** The first address that the program prints, with its token. */
async function addressOf({ stdout, stderr }) {
  const seen = [];
  const found = (line) => /http:\/\/\S+/.exec(line)?.[0];
  return Promise.race(
    [stdout, stderr].map(async (stream) => {
      for await (const line of createInterface({ input: stream })) {
        seen.push(line);
        if (found(line)) return found(line);
      }
      throw new Error(`Expected an address but received ${seen.join('\n')}`);
    }),
  );
}
