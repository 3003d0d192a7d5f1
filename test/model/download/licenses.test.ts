import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { License } from '../../../src/model/catalog.js';
import { AcceptedLicenses } from '../../../src/model/download/licenses.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('licenses that were accepted', () => {
  const root = temporaryFolder('licenses');
  const license = (id: string, holder = 'Somebody'): License => ({
    id,
    holder,
    name: id,
    url: 'https://x.test',
  });

  it('stay accepted, individually and for their holder', () => {
    const folder = join(root, 'new');
    const accepted = new AcceptedLicenses(folder);
    assert.equal(accepted.has(license('AGPL-3.0')), false);
    accepted.accept(license('AGPL-3.0'), new Date(0));
    accepted.accept(license('MIT'));
    const later = new AcceptedLicenses(folder);
    assert.deepEqual(
      [license('AGPL-3.0'), license('MIT'), license('GPL-3.0'), license('AGPL-3.0', 'Somebody else')].map(
        (one) => later.has(one),
      ),
      [true, true, false, false],
    );
    assert.match(
      readFileSync(join(folder, 'accepted-licenses.json'), 'utf8'),
      /"AGPL-3.0 of Somebody": "1970-/,
    );
  });

  it('stay accepted where version 0.1.0 wrote them down', () => {
    const folder = join(root, 'former');
    mkdirSync(folder);
    const file = join(folder, 'accepted-licences.json');
    writeFileSync(file, '{"MIT of Somebody":"2026-11-26T00:00:00.000Z"}');
    const accepted = new AcceptedLicenses(folder);
    assert.equal(accepted.has(license('MIT')), true);
    accepted.accept(license('GPL-3.0'));
    assert.deepEqual([accepted.has(license('MIT')), accepted.has(license('GPL-3.0'))], [true, true]);
  });

  it('must be accepted again if their file cannot be read', () => {
    const folder = join(root, 'damaged');
    const accepted = new AcceptedLicenses(folder);
    accepted.accept(license('MIT'));
    for (const text of ['{', '[]', 'null', '"MIT of Somebody"']) {
      writeFileSync(join(folder, 'accepted-licenses.json'), text);
      assert.equal(accepted.has(license('MIT')), false, text);
      accepted.accept(license('MIT'));
      assert.equal(accepted.has(license('MIT')), true, text);
    }
  });
});
