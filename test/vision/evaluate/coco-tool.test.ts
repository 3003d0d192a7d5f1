import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'mocha';
import { RleEncoder } from '../../../src/vision/mask/rle.js';
import { repository } from '../../data.js';
import { describeUnless, itUnless } from '../../skips.js';
import { temporaryFolder } from '../../temporary-folder.js';

const TOOLS = join(repository, 'tools/evaluate');

function python(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('python3', args, {
    encoding: 'utf8',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
}

const noPython = python('--version').status !== 0 && 'there is no python3';
const noCocotools = python('-c', 'import pycocotools.coco').status !== 0 && 'pycocotools is not installed';

interface Detection {
  image_id: number;
  category_id: number;
  segmentation?: object;
}

describeUnless(noPython, 'tools/evaluate/coco.py', () => {
  const folder = temporaryFolder('coco-tool');
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  const annotations = (...names: string[]): string =>
    JSON.stringify({
      images: names.map((file_name, i) => ({ id: i + 1, file_name, width: 8, height: 4 })),
      categories: [{ id: 7, name: 'cat' }],
      annotations: names.map((_, i) => ({
        ...{ id: i + 1, image_id: i + 1, category_id: 7, iscrowd: 0, area: 8 },
        ...{ bbox: [0, 0, 4, 2], segmentation: [[0, 0, 4, 0, 4, 2, 0, 2]] },
      })),
    });
  const data = new Uint8Array(8).fill(1);
  const MASK = new RleEncoder().encode({ x: 0, y: 0, width: 4, height: 2, data }, 8, 4);
  const line = (source: string, more: object = {}, mask: object | undefined = MASK): string => {
    const instance = { class_name: 'cat', score: 0.5, box: [0, 0, 4, 2], ...(mask && { mask }) };
    const other = { ...instance, class_name: 'dog' };
    return `${JSON.stringify({ source, width: 8, height: 4, instances: [instance, other], ...more })}\n`;
  };

  function detections(truth: string, lines: string): Detection[] | string {
    const script =
      'import coco, json, sys; print(json.dumps(coco.detections(json.load(open(sys.argv[1])), open(sys.argv[2]))))';
    const { status, stdout, stderr } = spawnSync(
      'python3',
      ['-c', script, file('gt.json', truth), file('x.jsonl', lines)],
      { encoding: 'utf8', cwd: TOOLS, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' } },
    );
    return status === 0 ? (JSON.parse(stdout) as Detection[]) : stderr;
  }

  const refusal = (lines: string): string => {
    const found = detections(annotations('g.png'), lines);
    assert.ok(typeof found === 'string');
    return found;
  };

  const imageOf = (truth: string, source: string): number | string => {
    const found = detections(truth, line(source));
    return typeof found === 'string' ? found : found[0]!.image_id;
  };

  it('finds pictures by the part of their names that identifies them', () => {
    assert.equal(imageOf(annotations('g.png', 'images/g.png'), 'g.png'), 1);
    assert.equal(imageOf(annotations('g.png', 'images/g.png'), '/data/images/g.png'), 2);
    assert.equal(imageOf(annotations('images/g.png'), 'g.png'), 1);
    assert.equal(imageOf(annotations('images/g.png'), 'photos/g.png'), 1);
    assert.equal(imageOf(annotations('a/g.png', 'b/g.png'), '../b/g.png'), 2);
    assert.match(
      String(imageOf(annotations('a/g.png', 'b/g.png'), 'c/g.png')),
      /received 2: a\/g.png, b\/g.png/,
    );
    assert.match(String(imageOf(annotations('g.png'), 'other.png')), /other\.png but received none/);
  });

  it('accepts lines without detections and without masks', () => {
    assert.deepEqual(detections(annotations('g.png'), `${line('g.png', { instances: [] })}\n`), []);
    const [boxed] = detections(
      annotations('g.png'),
      line('g.png', {}, {}).replace(',"mask":{}', ''),
    ) as Detection[];
    assert.deepEqual([boxed!.category_id, 'segmentation' in boxed!], [7, false]);
  });

  it('refuses masks and pictures of another size', () => {
    const small = line('g.png', {}, { size: [2, 4], counts: '' });
    assert.match(refusal(small), /masks of 8x4 .* received 4x2.*--masks source/);
    assert.match(refusal(line('g.png', { width: 9 })), /received 9x4/);
  });

  itUnless(noCocotools, 'scores the detections', () => {
    const score = (lines: string): string => {
      const truth = file('gt.json', annotations('images/g.png'));
      const { status, stdout, stderr } = python(join(TOOLS, 'coco.py'), truth, file('x.jsonl', lines));
      assert.equal(status, 0, stderr);
      return stdout;
    };
    assert.equal(score(line('g.png')).match(/= 1\.000/g)?.length, 2 * 8);
    assert.equal(score('').match(/= +all \| maxDets=100 \] = 0\.000/g)?.length, 2 * 4);
    assert.match(score(line('g.png').replaceAll(/,"mask":\{[^}]*\}/g, '')), /= 1\.000[^]*boxes only/);
  });
});
