import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { endingOf, loadCatalog, parseCatalog, readCatalog } from '../../src/model/catalog.js';
import { packageRoot } from '../../src/base/package-root.js';
import { temporaryFolder } from '../temporary-folder.js';

const FILE = join(packageRoot, 'config/models.json');

describe('config/models.json', () => {
  const catalog = readCatalog(FILE);
  const { models } = catalog;

  it('names models for every board', () => {
    const boards = new Map<string, number>();
    for (const { board } of models) boards.set(board, (boards.get(board) ?? 0) + 1);
    assert.deepEqual(Object.fromEntries(boards), { CPU: 15, 'RDK X5': 25, 'RDK X3': 1 });
  });

  it('has each name and each address once', () => {
    const entries = (JSON.parse(readFileSync(FILE, 'utf8')) as { models: { name: string; url: string }[] })
      .models;
    for (const key of ['name', 'url'] as const) {
      assert.equal(new Set(entries.map((entry) => entry[key].toLowerCase())).size, entries.length, key);
    }
  });

  it('has https addresses, each with the page that lists it', () => {
    for (const { name, url, readIn } of models) {
      assert.match(url, /^https:\/\/[\w./-]+$/, name);
      assert.match(
        catalog.sources.get(readIn!)!.url,
        /^https:\/\/github\.com\/.+\/blob\/[\da-f]{40}\//,
        name,
      );
    }
  });

  it('has a march for every .bin, the same as in the file name', () => {
    for (const model of models) {
      assert.equal(endingOf(model) === '.bin', model.march !== undefined, model.name);
      if (model.march) assert.ok(model.url.includes(model.march.replace('-', '')), model.name);
    }
  });

  it('has a size, classes and a license for every model, and the board in each name', () => {
    for (const { name, input, classes, license, board } of models) {
      assert.ok(input !== undefined && classes !== undefined, name);
      assert.match(catalog.licenses.get(license)!.url, /^https:/);
      assert.match(name, { 'RDK X5': /-x5(-\d{4})?$/, 'RDK X3': /-x3$/, CPU: /-seg$/ }[board]);
    }
  });

  it('uses every source that it lists', () => {
    const used = models.flatMap(({ readIn, accuracy, speed }) => [readIn, accuracy?.source, speed?.source]);
    for (const key of catalog.sources.keys()) assert.ok(used.includes(key), key);
  });

  it('marks no address as tried that was not', () => {
    // Whoever has downloaded one says so here, too.
    assert.deepEqual(
      models.filter(({ tried }) => tried).map(({ name }) => name),
      [],
    );
  });
});

describe('a catalog', () => {
  const root = temporaryFolder('catalog');
  const good = {
    name: 'my-seg',
    url: 'https://models.test/my.onnx',
    board: 'CPU',
    family: 'Mine',
    license: 'MIT',
  };
  const licenses = { MIT: { name: 'MIT License', holder: 'Me', url: 'https://mit.test' } };
  const parse = (...models: unknown[]): ReturnType<typeof parseCatalog> =>
    parseCatalog(JSON.stringify({ licenses, models }), 'my.json');

  it('has few required fields', () => {
    assert.deepEqual(parse(good).models, [{ ...good, tried: true }]);
  });

  it('is refused for any invalid field', () => {
    const sha256 = '0'.repeat(64);
    for (const [change, expected] of [
      [{ name: '../x' }, /a name of letters, digits, - and _ for model 1 in my\.json but received \.\.\/x/],
      [{ name: 'x.onnx' }, /a name of letters/],
      [{ name: undefined }, /a text for name of model 1 in my\.json but received undefined/],
      [{ url: 'models.test/my.onnx' }, /an address with https for url of my-seg in my\.json/],
      [{ url: 'http://models.test/my.onnx' }, /http is accepted with sha256 only/],
      [{ url: 'ftp://models.test/my.onnx' }, /an address with https/],
      [{ url: 'https://me:secret@models.test/my.onnx' }, /an address with https/],
      [{ url: 'https://models.test/my.bin' }, /a file that ends in \.onnx for the CPU/],
      [{ board: 'RDK X9' }, /one of RDK X5, RDK X3, CPU for board/],
      [
        { board: 'RDK X5', url: 'https://models.test/my.bin' },
        /bayes-e for march of my-seg .* but received undefined/,
      ],
      [{ march: 'bayes-e' }, /no march for march/],
      [{ license: 'GPL' }, /a license that is listed/],
      [{ readIn: 'somewhere' }, /a source that is listed/],
      [{ sha256: 'ABC' }, /64 hexadecimal digits/],
      [{ size: -1 }, /whole numbers for size/],
      [{ input: [640] }, /\[width, height\]/],
      [{ input: [640, 0.5] }, /whole numbers/],
      [{ accuracy: { mask: 'good', source: 'x' } }, /numbers for accuracy/],
      [{ accuracy: { mask: 0.3 } }, /a text for source of accuracy/],
      [{ speed: { ms: 3, fps: [1, null], source: 'x' } }, /numbers for speed/],
      [{ tried: 'yes' }, /true or false for tried/],
      [{ note: 3 }, /a text for note/],
      [{ family: '' }, /a text for family/],
      [{ sha265: sha256 }, /one of name, url, .* but received sha265/],
    ] as const) {
      assert.throws(() => parse({ ...good, ...change }), expected, JSON.stringify(change));
    }
    parse({ ...good, url: 'http://models.test/my.onnx', sha256 });
    parse({ ...good, url: 'http://127.0.0.1:80/my.onnx' });
    assert.throws(
      () => parse(good, { ...good, family: 'Other' }),
      /each name once in my\.json but received my-seg/,
    );
  });

  it('is refused if it is not a catalog', () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{}',
      '{"models":{}}',
      '{"models":[3]}',
      '{"models":[],"sources":[]}',
    ]) {
      assert.throws(() => parseCatalog(text, 'my.json'), { name: 'ExpectationError' }, text);
    }
    assert.throws(
      () => loadCatalog(join(root, 'absent.json')),
      /a readable list of models at .*absent\.json/,
    );
  });

  it('of the user comes first, and may name our licenses but not change them', () => {
    const file = join(root, 'own.json');
    const mirror = { ...good, name: 'yolov8n-seg', license: 'AGPL-3.0' };
    const licenses = { 'AGPL-3.0': { name: 'Free for all', holder: 'Nobody', url: 'https://nobody.test' } };
    writeFileSync(file, JSON.stringify({ licenses, models: [mirror] }));
    const both = loadCatalog(file);
    assert.equal(both.get('yolov8n-seg').url, good.url);
    assert.equal(both.licenseOf(both.get('yolov8n-seg')).holder, 'Ultralytics');
    assert.equal(both.models.length, loadCatalog('').models.length);
    assert.match(both.get('yolo11n-seg').url, /ultralytics/);
  });

  it('may spell its licenses as version 0.1.0 did', () => {
    const { license: licence, ...rest } = good;
    const read = parseCatalog(
      JSON.stringify({ licences: licenses, models: [{ ...rest, licence }] }),
      'my.json',
    );
    const model = read.get(good.name);
    assert.equal(read.licenseOf(model).holder, 'Me');
    assert.ok(!('licence' in model));
  });

  it('suggests names similar to an unknown one', () => {
    const catalog = loadCatalog('');
    assert.throws(() => catalog.get('yolo11-seg'), /Did you mean yolo11n-seg or /);
    assert.throws(() => catalog.get('constructor'), /received constructor\. tros-yolo-seg model list shows/);
  });
});
