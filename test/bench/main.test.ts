import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Report } from '../../bench/report.js';
import { temporaryFolder } from '../temporary-folder.js';
import { cli } from '../cli/cli.js';

describe('npm run bench', () => {
  const folder = temporaryFolder('bench');

  it('runs the named benches, writes a report and compares it', async () => {
    const file = join(folder, 'old.json');
    const first = await cli(['bench', 'cdr', '--quick', '--json', file]);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^cdr: sensor_msgs\/Image, nv12 +[\d.]+ [mun]s .* x memcpy$/m);
    const { machine, figures, date } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    assert.equal(machine.node, process.version);
    assert.ok(Date.parse(date) > 0);
    assert.equal(figures.length, 2);
    for (const { times, ratios, bytes } of figures) {
      assert.ok(times!.median > 0 && times!.p99! >= times!.median && ratios['memcpy']! > 0 && bytes! >= 0);
    }
    const second = await cli(['bench', 'cdr', '--quick', '--compare', file]);
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /\nSince [0-9a-f]*\+? ?.*:\n[^]*of \d+ figures as before/);
  });

  it('measures the decoder without test material', async () => {
    const nowhere = { TROS_YOLO_SEG_DATA: '/nowhere' };
    const { code, stdout, stderr } = await cli(['bench', 'decode', '--quick'], undefined, nowhere);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^decode: scene, int32, 100 instances, masks at source resolution .* x linear$/m);
  });

  it('lists the benches', async () => {
    const { code, stdout } = await cli(['bench', '--list']);
    assert.equal(code, 0);
    for (const name of ['cdr', 'color', 'contours', 'decode', 'letterbox', 'messages', 'overlay', 'pipeline'])
      assert.match(stdout, new RegExp(`^ {2}${name} +\\S`, 'm'));
  });

  it('lists the benches for an unknown name, before measuring anything', async () => {
    const { code, stdout, stderr } = await cli(['bench', 'cdr', 'decoed']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /Expected a bench \(cdr, .*decode.*\) but received decoed/);
  });

  it('refuses a file that is not a report', async () => {
    const { code, stderr } = await cli(['bench', 'cdr', '--compare', '/nowhere.json']);
    assert.equal(code, 2);
    assert.match(stderr, /Expected a report of bench in \/nowhere.json/);
  });
});
