import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { before, describe, it } from 'mocha';
import { McapFile } from '../../src/message/bag/mcap-file.js';
import { cocoPolygonMask } from '../../src/vision/mask/coco-polygon.js';
import { decodeRle } from '../../src/vision/mask/rle.js';
import { maskIntersection, maskArea } from '../../src/vision/evaluate/overlap.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

interface Line {
  source: string;
  index: number;
  width: number;
  height: number;
  instances: {
    class_id: number;
    class_name: string;
    score: number;
    box: number[];
    mask: { size: [number, number]; counts: string };
  }[];
}

describe('tros-yolo-seg run, in other formats', () => {
  const folder = temporaryFolder('formats');
  const path = (...names: string[]): string => join(folder, ...names);
  let lines: Line[] = [];

  before(async () => {
    const image = { width: 320, height: 181, channels: 3 as const, background: '#456' };
    await sharp({ create: image }).png().toFile(path('000000000042.png'));
    await sharp({ create: image }).png().toFile(path('街道 1.png'));
    const scene = 'scene:?frames=3&size=320x180&seed=3';
    const { code, stderr } = await cli(
      [
        ...['run', scene, path('000000000042.png'), path('街道 1.png'), '-q', '--json', 'found.jsonl'],
        ...['--coco', 'coco.json', '--csv', 'found.csv', '--yolo', 'yolo', '--maps', 'maps'],
        ...['--mcap', 'zstd.mcap', '--mcap-jpeg', '--mcap-images'],
      ],
      folder,
    );
    assert.equal(code, 0, stderr);
    const text = readFileSync(path('found.jsonl'), 'utf8').trimEnd().split('\n');
    lines = text.map((line) => JSON.parse(line) as Line);
    assert.equal(lines.length, 5);
    assert.ok(lines[0]!.instances.length > 1);
  });

  /** A frame's name in the files. */
  const nameOf = ({ source, index }: Line): string => {
    if (source.startsWith('scene:')) return `scene_00000${index}`;
    return source.endsWith('42.png') ? '000000000042' : '街道 1';
  };

  it("writes COCO's results", () => {
    const results = JSON.parse(readFileSync(path('coco.json'), 'utf8')) as Record<string, unknown>[];
    const expected = lines.flatMap((line) =>
      line.instances.map(({ class_id, score, box, mask }) => ({
        ...{ image_id: nameOf(line) === '000000000042' ? 42 : nameOf(line), category_id: class_id + 1 },
        ...{ bbox: box, score, segmentation: mask },
      })),
    );
    assert.deepEqual(results, expected);
  });

  it('distinguishes pictures whose names are the same number in COCO results, and does not break lines of the summary', async () => {
    const source = 'scene:?frames=1&size=320x180&seed=3';
    const picture = await cli(
      ['run', source, '-q', '--overlay', 'numbers', '--overlay-format', 'png'],
      folder,
    );
    assert.equal(picture.code, 0, picture.stderr);
    const [drawn] = readdirSync(path('numbers'));
    const inputs = ['1.png', '01.png', 'a\nb.png'];
    for (const name of inputs) copyFileSync(path('numbers', drawn!), path('numbers', name));
    const files = inputs.map((name) => join('numbers', name));
    const { code, stderr } = await cli(['run', ...files, '--coco', 'numbers.json'], folder);
    assert.equal(code, 0, stderr);
    const results = JSON.parse(readFileSync(path('numbers.json'), 'utf8')) as { image_id: unknown }[];
    assert.deepEqual([...new Set(results.map(({ image_id }) => image_id))], [1, '01', 'a_b']);
    assert.match(stderr, /^numbers\/a\\u000ab\.png +1 /m);
  });

  it('writes a line of CSV for each instance', () => {
    const [head, ...rows] = readFileSync(path('found.csv'), 'utf8').trimEnd().split('\n');
    assert.equal(head, 'source,index,stamp,class_id,class_name,track_id,score,x,y,width,height,area');
    const all = lines.flatMap((line) => line.instances.map((instance) => ({ line, instance })));
    assert.equal(rows.length, all.length);
    all.forEach(({ line, instance }, i) => {
      const cells = rows[i]!.split(',');
      assert.deepEqual(cells.slice(0, 2), [line.source, String(line.index)]);
      assert.match(cells[2]!, /^\d+\.\d{9}$/);
      assert.deepEqual(cells.slice(3, 6), [String(instance.class_id), instance.class_name, '']);
      assert.deepEqual(cells.slice(6, 11).map(Number), [instance.score, ...instance.box]);
      assert.equal(Number(cells[11]), maskArea(decodeRle(instance.mask)));
    });
  });

  it('writes YOLO labels whose outlines enclose the masks', () => {
    assert.deepEqual(readdirSync(path('yolo')).sort(), lines.map((line) => `${nameOf(line)}.txt`).sort());
    for (const line of lines) {
      const rows = readFileSync(path('yolo', `${nameOf(line)}.txt`), 'utf8').split('\n');
      assert.equal(rows.pop(), '');
      assert.equal(rows.length, line.instances.length);
      line.instances.forEach(({ class_id, mask }, i) => {
        const [id, ...shares] = rows[i]!.split(' ').map(Number);
        assert.equal(id, class_id);
        assert.ok(shares.length >= 6 && shares.every((share) => share >= 0 && share <= 1));
        const corners = shares.map((share, k) => share * (k % 2 === 0 ? line.width : line.height));
        const drawn = cocoPolygonMask([corners], line.width, line.height);
        const whole = decodeRle(mask);
        const shared = maskIntersection(drawn, whole);
        assert.ok(shared / (maskArea(drawn) + maskArea(whole) - shared) > 0.9, `${nameOf(line)}, ${i}`);
      });
    }
  });

  it('writes class maps and instance maps', async () => {
    assert.equal(readdirSync(path('maps')).length, 10);
    for (const line of lines) {
      const raw = async (
        kind: string,
      ): Promise<{ width: number; data: Buffer; depth: string | undefined }> => {
        const picture = sharp(path('maps', `${nameOf(line)}_${kind}.png`));
        const { depth } = await picture.metadata();
        const gray = kind === 'instances' ? picture.toColourspace('grey16') : picture.toColourspace('b-w');
        const { data, info } = await gray
          .raw({ depth: kind === 'instances' ? 'ushort' : 'uchar' })
          .toBuffer({ resolveWithObject: true });
        assert.equal(info.channels, 1);
        return { width: info.width, data, depth };
      };
      const [classes, instances] = [await raw('classes'), await raw('instances')];
      assert.deepEqual([classes.depth, instances.depth], ['uchar', 'ushort']);
      assert.equal(classes.width, line.width);
      const masks = line.instances.map(({ mask }) => decodeRle(mask).data);
      for (let at = 0; at < line.width * line.height; at++) {
        const rank = masks.findIndex((data) => data[at] === 1);
        assert.equal(instances.data.readUInt16LE(2 * at), rank + 1);
        assert.equal(classes.data[at], rank < 0 ? 255 : line.instances[rank]!.class_id);
      }
    }
  });

  it('compresses bags with zstd by default', async () => {
    const plain = ['run', 'scene:?frames=3&size=320x180&seed=3', '-q', '--mcap'];
    for (const [name, ...more] of [['a.mcap'], ['b.mcap', '--mcap-compression', 'none']] as const) {
      assert.equal((await cli([...plain, name, ...more], folder)).code, 0);
    }
    assert.ok(statSync(path('a.mcap')).size < statSync(path('b.mcap')).size / 4);
    const contents = async (name: string): Promise<string[]> => {
      const file = await McapFile.open(path(name));
      const messages: string[] = [];
      for (const topic of file.topics) {
        for await (const message of file.messages(topic.name)) {
          if (message instanceof Error) throw message;
          messages.push(`${topic.name} ${Buffer.from(message.data).subarray(0, 200).toString('hex')}`);
        }
      }
      return messages;
    };
    const [a, b] = [await contents('a.mcap'), await contents('b.mcap')];
    assert.ok(a.length > 10);
    // Timings differ from run to run.
    const same = (list: string[]): string[] => list.filter((text) => !/instances|hobot/.test(text));
    assert.deepEqual(same(a), same(b));
    assert.equal(a.length, b.length);
  });

  it('writes the frames to the bag as JPEG', async () => {
    const { code, stderr } = await cli(
      ['run', 'zstd.mcap#/camera/image_raw/compressed', '-q', '--json', 'again.jsonl'],
      folder,
    );
    assert.equal(code, 0, stderr);
    const again = readFileSync(path('again.jsonl'), 'utf8').trimEnd().split('\n');
    assert.equal(again.length, 5);
    const { instances } = JSON.parse(again[0]!) as Line;
    // JPEG changes scores a little, and what is barely found.
    const best = lines[0]!.instances[0]!;
    const same = instances.find(
      ({ class_id, box }) => class_id === best.class_id && Math.abs(box[0]! - best.box[0]!) < 4,
    );
    assert.ok(same, JSON.stringify([best.box, instances.map(({ box }) => box)]));
  });

  it('replaces files only on request', async () => {
    const targets = [
      ...[
        ['--coco', 'coco.json'],
        ['--csv', 'found.csv'],
        ['--yolo', 'yolo'],
        ['--maps', 'maps'],
      ],
    ];
    for (const target of targets) {
      const { code, stderr } = await cli(['run', path('街道 1.png'), '-q', ...target], folder);
      assert.equal(code, 2, target[0]);
      assert.match(stderr, /which exists/);
    }
    // What is refused leaves nothing behind that would be in the way of the next run.
    const refused = ['--json', 'new.jsonl', '--coco', 'new.json', '--mcap', 'new.mcap', '--yolo', 'yolo'];
    assert.equal((await cli(['run', path('街道 1.png'), '-q', ...refused], folder)).code, 2);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('new')),
      [],
    );
    const { code, stderr } = await cli(
      ['run', path('街道 1.png'), '-q', ...targets.flat(), '--force'],
      folder,
    );
    assert.equal(code, 0, stderr);
  });

  it('refuses an unknown compression', async () => {
    const { code, stderr } = await cli(
      ['run', 'scene:', '--mcap', 'c.mcap', '--mcap-compression', 'lz5'],
      folder,
    );
    assert.equal(code, 2);
    assert.match(stderr, /zstd, none/);
  });
});
