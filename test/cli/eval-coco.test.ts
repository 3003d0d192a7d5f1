import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, it } from 'mocha';
import { repository, sharedData } from '../data.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from './cli.js';

const SET = join(repository, 'test/vision/evaluate/coco-set');
const INSTANCES = join(SET, 'instances.json');
const TOOL = join(repository, 'tools/evaluate/pycocotools_figures.py');

type Figure = number | null;
interface Figures {
  classes: { name: string; ap: Figure; ap50: Figure; ap75: Figure }[];
  [name: string]: unknown;
}
type Kinds = Record<'box' | 'mask', Figures>;

function python(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  return spawnSync('python3', args, { encoding: 'utf8', env, maxBuffer: 1 << 26 });
}
const noCocotools = python('-c', 'import pycocotools.coco').status !== 0 && 'pycocotools is not installed';

/** All figures of both kinds are equal to 1e-6, those of each class, too. @returns how many */
function assertEqual(ours: Kinds, theirs: Kinds): number {
  let count = 0;
  const equal = (a: Figure, b: Figure, what: string): void => {
    count++;
    if (a === null || b === null) assert.equal(a, b, what);
    else assert.ok(Math.abs(a - b) < 1e-6, `${what}: ${a}, not ${b}`);
  };
  for (const kind of ['box', 'mask'] as const) {
    const { classes, ...figures } = theirs[kind];
    for (const [name, figure] of Object.entries(figures)) {
      equal(ours[kind][name] as Figure, figure as Figure, `${kind} ${name}`);
    }
    classes.forEach((expected, i) => {
      const found = ours[kind].classes[i]!;
      assert.equal(found.name, expected.name);
      for (const name of ['ap', 'ap50', 'ap75'] as const) {
        equal(found[name], expected[name], `${kind} ${name} of ${expected.name}`);
      }
    });
  }
  return count;
}

describe('tros-yolo-seg eval with COCO annotations', () => {
  const folder = temporaryFolder('eval-coco');
  const path = (name: string): string => join(folder, name);
  const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
  const evaluated = async (annotations: string, found: string): Promise<Kinds> => {
    const json = path('figures.json');
    const { code, stderr } = await cli(['eval', annotations, found, '--json', json, '--force']);
    assert.equal(code, 0, stderr);
    return read<Kinds>(json);
  };

  for (const found of ['found.jsonl', 'results.json']) {
    it(`gives the figures of pycocotools for ${found} of the small set`, async () => {
      const ours = await evaluated(INSTANCES, join(SET, found));
      assert.equal(assertEqual(ours, read<Kinds>(join(SET, 'expected.json'))), 2 * (12 + 5 * 3));
    });
  }

  itUnless(noCocotools, 'gives what pycocotools gives for them now', async () => {
    const { status, stdout, stderr } = python(TOOL, INSTANCES, join(SET, 'found.jsonl'));
    assert.equal(status, 0, stderr);
    assertEqual(await evaluated(INSTANCES, join(SET, 'found.jsonl')), JSON.parse(stdout) as Kinds);
  });

  itUnless(sharedData.skip || noCocotools, 'gives what pycocotools gives for real pictures', async () => {
    const annotations = sharedData.path('coco/instances.json');
    interface Truth {
      images: { id: number; file_name: string; width: number; height: number }[];
      annotations: { image_id: number; category_id: number; bbox: number[] }[];
    }
    // Detections without a model: each object's box, moved by a twelfth of its width.
    const truth = read<Truth>(annotations);
    const results = truth.annotations.map(({ image_id, category_id, bbox: [x, y, width, height] }, i) => ({
      ...{ image_id, category_id, score: ((i * 37) % 20) / 20 },
      bbox: [x! + width! / 12, y!, width!, height!],
      segmentation: [[x!, y!, x! + width!, y!, x! + width!, y! + height!, x!, y! + height! * 0.9]],
    }));
    // loadRes takes only RLE of pycocotools' own for masks, so boxes become masks through its encoder.
    const file = path('real.json');
    writeFileSync(file, JSON.stringify(results));
    const script =
      'import json, sys; from pycocotools import mask; truth, file = sys.argv[1:]; ' +
      'sizes = {i["id"]: (i["height"], i["width"]) for i in json.load(open(truth))["images"]}; found = json.load(open(file))\n' +
      'for d in found:\n  d["segmentation"] = mask.frPyObjects(d["segmentation"], *sizes[d["image_id"]])[0]\n' +
      '  d["segmentation"]["counts"] = d["segmentation"]["counts"].decode()\n' +
      'json.dump(found, open(file, "w"))';
    assert.equal(python('-c', script, annotations, file).status, 0);
    const { status, stdout, stderr } = python(TOOL, annotations, file);
    assert.equal(status, 0, stderr);
    assert.equal(assertEqual(await evaluated(annotations, file), JSON.parse(stdout) as Kinds), 504);
  });

  it('prints a table of classes and draws the curves', async () => {
    const curve = path('curve.png');
    const { code, stdout, stderr } = await cli([
      ...['eval', INSTANCES, join(SET, 'found.jsonl')],
      ...['--curve', curve],
    ]);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^class +objects +mask AP +mask AP50 +box AP +box AP50 +precision +recall +at score$/m,
    );
    assert.match(stdout, /^person +30 +0\.262 +0\.608 +0\.238 +0\.547 +0\.800 +0\.667 +0\.300$/m);
    assert.doesNotMatch(stdout, /toothbrush/);
    assert.match(stdout, /^AP, IoU 0\.50:0\.95 +0\.197 +0\.202$/m);
    const { width, height, format } = await sharp(curve).metadata();
    assert.equal(format, 'png');
    assert.ok(width > 600 && height > 600);
  });

  it('accepts boxes without masks', async () => {
    const lines = readFileSync(join(SET, 'found.jsonl'), 'utf8').replaceAll(/,"mask":\{[^}]*\}/g, '');
    writeFileSync(path('boxes.jsonl'), lines);
    const { code, stdout, stderr } = await cli(['eval', INSTANCES, path('boxes.jsonl')]);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /mask/);
    assert.match(stdout, /^AP, IoU 0\.50:0\.95 +0\.202$/m);
  });

  it('segments the annotated pictures with a model', async () => {
    const pixels = { width: 64, height: 48, channels: 3 as const, background: '#777' };
    await sharp({ create: pixels }).jpeg().toFile(path('a b.jpg'));
    const truth = {
      images: [{ id: 1, file_name: 'a b.jpg', width: 64, height: 48 }],
      categories: [{ id: 5, name: 'circle' }],
      annotations: [{ id: 1, image_id: 1, category_id: 5, iscrowd: 0, area: 4, bbox: [0, 0, 2, 2] }],
    };
    writeFileSync(path('truth.json'), JSON.stringify(truth));
    const { code, stdout, stderr } = await cli(['eval', path('truth.json'), '--images', folder]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^all +1 +0\.000/m);
    assert.match(stderr, /left out \d+ classes that the annotations do not have/);
  });

  it('reports annotations and detections that do not fit together', async () => {
    const wrong = async (args: string[], expected: RegExp): Promise<void> => {
      const { code, stderr } = await cli(['eval', ...args]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    };
    const file = (name: string, text: string): string => {
      writeFileSync(path(name), text);
      return path(name);
    };
    const found = join(SET, 'found.jsonl');
    await wrong([INSTANCES], /ANNOTATIONS and a file of detections/);
    await wrong([INSTANCES, found, '--images', folder], /ANNOTATIONS and a file of detections/);
    await wrong([found, found], /JSON in/);
    await wrong([file('none.json', '[]'), found], /an object for COCO annotations/);
    await wrong([INSTANCES, path('missing.jsonl')], /a readable file .*missing\.jsonl/);
    await wrong([INSTANCES, file('broken.jsonl', '{"source":')], /JSON in .*broken\.jsonl, line 1/);
    await wrong(
      [INSTANCES, file('other.jsonl', '{"source":"x.jpg","width":1,"height":1,"instances":[]}')],
      /an annotated picture for x\.jpg/,
    );
    await wrong(
      [INSTANCES, file('size.jsonl', '{"source":"000000001000.jpg","width":1,"height":1,"instances":[]}')],
      /640x480 pixels, as the annotations say/,
    );
    await wrong(
      [INSTANCES, file('id.json', '[{"image_id":5,"category_id":1,"score":1,"bbox":[0,0,1,1]}]')],
      /image_id 5/,
    );
    await wrong([INSTANCES, found, '--json', INSTANCES, '--force'], /input/);
    await wrong([INSTANCES, file('five.jsonl', '5')], /a line of run --json but received 5\. Give what run/);
  });

  it('names damaged parts of annotations, and does not hang', async () => {
    interface Truth {
      images: Record<string, unknown>[];
      categories: Record<string, unknown>[];
      annotations: Record<string, unknown>[];
    }
    const damaged = async (change: (truth: Truth) => void, expected: RegExp): Promise<void> => {
      const truth = read<Truth>(INSTANCES);
      change(truth);
      writeFileSync(path('damaged.json'), JSON.stringify(truth));
      const { code, stderr } = await cli(['eval', path('damaged.json'), join(SET, 'results.json')]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
    };
    const [{ id, segmentation }] = read<Truth>(INSTANCES).annotations as [Record<string, unknown>];
    const first = (fields: object) => (truth: Truth) => Object.assign(truth.annotations[0]!, fields);
    const of = `annotation ${String(id)}\\b`;
    assert.notEqual(segmentation, undefined);
    await damaged(first({ bbox: [1, 2, 3] }), new RegExp(`four numbers in the ${of}`));
    await damaged(first({ image_id: { no: 1 } }), new RegExp(`"no":1.* in the ${of}`));
    await damaged(first({ segmentation: [[0, 0, 1e8, 0, 1e8, 1e8]] }), new RegExp(`polygons of .*${of}`));
    await damaged(first({ segmentation: [[0, 0, 'a', 1, 2, 3]] }), new RegExp(`polygons of .*${of}`));
    await damaged(first({ segmentation: 'x' }), new RegExp(`segmentation of the ${of}`));
    await damaged((truth) => truth.images.push({ ...truth.images[0] }), /images with ids of their own/);
    await damaged(
      (truth) => truth.categories.push({ ...truth.categories[0] }),
      /categories with ids of their/,
    );
    await damaged((truth) => (truth.categories = []), /at least one of the categories/);
    await damaged(
      (truth) => Object.assign(truth.images[0]!, { width: 1e9 }),
      /at most \d+ pixels in the image/,
    );
  });

  it('names a picture that is not the annotated one', async () => {
    const pixels = { width: 64, height: 48, channels: 3 as const, background: '#777' };
    await sharp({ create: pixels }).jpeg().toFile(path('small.jpg'));
    for (const [fileName, expected] of [
      ['small.jpg', /small\.jpg with 640x480 pixels, as the annotations say but received 64x48/],
      ['', /a picture for each file_name|annotated picture/],
    ] as const) {
      const truth = {
        images: [{ id: 1, file_name: fileName, width: 640, height: 480 }],
        categories: [{ id: 5, name: 'circle' }],
        annotations: [],
      };
      writeFileSync(path('other.json'), JSON.stringify(truth));
      const { code, stderr } = await cli(['eval', path('other.json'), '--images', folder]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
    }
  });
});
