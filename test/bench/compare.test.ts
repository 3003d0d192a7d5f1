import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Figure } from '../../bench/bench.js';
import { changeTable, compareFigures, onlyIn } from '../../bench/compare.js';
import { makeReport, readReport, writeReport } from '../../bench/report.js';
import { figureTable } from '../../bench/table.js';
import { temporaryFolder } from '../temporary-folder.js';

const BOXES: Figure = {
  bench: 'decode',
  name: 'boxes',
  times: { runs: 100, median: 0.5, p95: 0.75, p99: 1.5 },
  bytes: 2000,
  ratios: { linear: 1 },
  values: {},
};

function verdicts(now: Partial<Figure>, was: Partial<Figure> = {}): [string, string][] {
  const changes = compareFigures([{ ...BOXES, ...was }], [{ ...BOXES, ...now }]);
  return changes.map(({ what, verdict }) => [what, verdict]);
}

describe('comparison of bench reports', () => {
  it('compares ratios, not times that depend on the machine', () => {
    const slow = { runs: 100, median: 5, p95: 7, p99: 9 };
    assert.deepEqual(verdicts({ times: slow }), [['x linear', 'noise']]);
    assert.deepEqual(verdicts({ ratios: { linear: 1.08 } }), [['x linear', 'noise']]);
    assert.deepEqual(verdicts({ ratios: { linear: 1.2 } }), [['x linear', 'slower']]);
    assert.deepEqual(verdicts({ ratios: { linear: 0.7 } }), [['x linear', 'faster']]);
  });

  it('compares times if either report lacks a yardstick', () => {
    const times = { runs: 100, median: 1, p95: 1, p99: 1 };
    assert.deepEqual(verdicts({ times, ratios: {} }, { ratios: {} }), [['median', 'slower']]);
    assert.deepEqual(verdicts({ times, ratios: { libyuv: 1 } }), [['median', 'slower']]);
  });

  it('reports instruction counts, which do not vary', () => {
    const counted = (js: number): Partial<Figure> => ({ values: { 'M instructions, JS thread': js } });
    assert.deepEqual(verdicts(counted(10), counted(10.1))[1], ['M instructions, JS thread', 'noise']);
    assert.deepEqual(verdicts(counted(9.5), counted(10))[1], ['M instructions, JS thread', 'less']);
    assert.deepEqual(verdicts(counted(10.5), counted(10))[1], ['M instructions, JS thread', 'more']);
  });

  it('reports memory and other values', () => {
    assert.deepEqual(verdicts({ bytes: 2100 }), [['x linear', 'noise']]);
    assert.deepEqual(verdicts({ bytes: 4000 })[1], ['bytes', 'more']);
    assert.deepEqual(verdicts({ values: { FPS: 170 } }, { values: { FPS: 120 } })[1], ['FPS', 'changed']);
  });

  it('skips and names what was not measured in the former report', () => {
    const masks = { ...BOXES, name: 'masks' };
    assert.equal(compareFigures([BOXES], [masks]).length, 0);
    assert.deepEqual(onlyIn([BOXES, masks], [BOXES]), ['decode: masks']);
  });

  it('prints the changes', () => {
    const text = changeTable(compareFigures([BOXES], [{ ...BOXES, ratios: { linear: 1.5 }, bytes: 2001 }]));
    assert.match(text, /decode: boxes +x linear +1\.00 +1\.50 +\+50 % +slower\n/);
    assert.match(text, /^0 of 1 figures as before/m);
    assert.equal(
      changeTable(compareFigures([BOXES], [BOXES])),
      '1 of 1 figures as before, within the noise\n',
    );
  });
});

describe('bench table', () => {
  it('lines up times, bytes and ratios', () => {
    const network: Figure = { bench: 'pipeline', name: 'network', ratios: {}, values: { FPS: 174.25 } };
    const lines = figureTable([BOXES, network]).split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(/ {2,}/)),
      [
        ['', 'median', 'p95', 'p99', 'bytes', 'ratio'],
        ['decode: boxes', '500 us', '750 us', '1.50 ms', '1.95 KiB', '1.00 x linear'],
        ['pipeline: network', 'FPS 174'],
        [''],
      ],
    );
    assert.equal(new Set(lines.slice(0, 3).map((line) => line.length)).size, 1);
  });
});

describe('bench report', () => {
  const folder = temporaryFolder('report');

  it('is read back as it was written, with the machine it was measured on', () => {
    const file = join(folder, 'report.json');
    const report = makeReport([BOXES]);
    assert.ok(report.machine.cpu.length > 0 && report.machine.cores > 0);
    assert.equal(report.machine.node, process.version);
    writeReport(file, report);
    assert.deepEqual(readReport(file), report);
    writeFileSync(file, '{"format":"other"}');
    assert.throws(() => readReport(file), /a report of bench in .*report.json but received format other/);
    writeFileSync(file, 'x');
    assert.throws(() => readReport(file), /a report of bench/);
    assert.throws(() => readReport(join(folder, 'none.json')), /Write one with/);
  });
});
