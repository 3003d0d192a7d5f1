import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, it } from 'mocha';
import { decodeRle } from '../../src/vision/mask/rle.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

interface Line {
  width: number;
  height: number;
  instances: { class_name: string; score: number; mask: { size: [number, number]; counts: string } }[];
}

/** Mean difference between neighbors in a row, within the mask. */
function contrast(data: Uint8Array, { width }: Line, mask: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (let at = 0; at + 1 < mask.length; at++) {
    if ((at + 1) % width === 0 || mask[at] === 0 || mask[at + 1] === 0) continue;
    sum += Math.abs(data[at]! - data[at + 1]!);
    count++;
  }
  return sum / count;
}

describe('tros-yolo-seg run --blur', () => {
  const folder = temporaryFolder('blur');
  const path = (...names: string[]): string => join(folder, ...names);
  const lines = (name: string): Line[] =>
    readFileSync(path(name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  const run = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await cli(['run', ...args, '-q'], folder);
    assert.equal(code, 0, stderr);
  };
  const gray = (file: string): Promise<Uint8Array> => sharp(path(file)).toColourspace('b-w').raw().toBuffer();

  it('hides the classes in every picture that is written', async () => {
    const scene = 'scene:?frames=2&size=640x360&seed=5';
    await run(scene, '--json', 'plain.jsonl', '--mcap', 'plain.mcap', '--mcap-images', '--overlay', 'plain');
    const found = lines('plain.jsonl');
    const classes = [...new Set(found[0]!.instances.map(({ class_name }) => class_name))].join(',');
    const blurred = [
      '--blur',
      classes,
      '--json',
      'blurred.jsonl',
      '--mcap',
      'blurred.mcap',
      '--overlay',
      'blurred',
    ];
    await run(scene, ...blurred, '--mcap-images', '--mcap-jpeg', '--mcap-overlay');
    const results = (all: Line[]): unknown => all.map(({ instances }) => instances);
    assert.deepEqual(results(lines('blurred.jsonl')), results(found), 'results are those of the input');

    // The pictures of the bags, drawn without anything upon them.
    const bare = ['--score', '1', '--overlay'];
    await run('plain.mcap#/camera/image_raw', ...bare, 'plain-raw');
    await run('blurred.mcap#/camera/image_raw', ...bare, 'blurred-raw');
    await run('blurred.mcap#/camera/image_raw/compressed', ...bare, 'blurred-jpeg');
    const [line] = found as [Line];
    const mask = decodeRle(line.instances[0]!.mask).data;
    const picture = async (of: string): Promise<number> =>
      contrast(await gray(join(of, readdirSync(path(of)).sort()[0]!)), line, mask);
    const sharpness = await picture('plain-raw');
    for (const of of ['blurred-raw', 'blurred-jpeg']) {
      const left = await picture(of);
      assert.ok(left < sharpness / 2, `${of}: ${left} of ${sharpness}`);
    }
  });

  it('names classes that cannot be blurred', async () => {
    const wrong = ['run', 'scene:?frames=1', '--blur', 'circle', '--classes', 'square', '--overlay', 'never'];
    const { code, stderr } = await cli(wrong, folder);
    assert.equal(code, 2);
    assert.match(stderr, /among the reported classes but received circle/);
    const mistyped = await cli(['run', 'scene:?frames=1', '--blur', 'circl'], folder);
    assert.equal(mistyped.code, 2);
    assert.match(mistyped.stderr, /for --blur but received circl\. Did you mean circle/);
  });
});
