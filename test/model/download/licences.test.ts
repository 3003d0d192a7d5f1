import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import type { Licence } from '../../../src/model/catalog.js';
import { AcceptedLicences } from '../../../src/model/download/licences.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('licences that were accepted', () => {
  const root = temporaryFolder('licences');
  const licence = (id: string, holder = 'Somebody'): Licence => ({
    id,
    holder,
    name: id,
    url: 'https://x.test',
  });

  it('stay accepted, each for itself and its holder', () => {
    const folder = join(root, 'new');
    const accepted = new AcceptedLicences(folder);
    assert.equal(accepted.has(licence('AGPL-3.0')), false);
    accepted.accept(licence('AGPL-3.0'), new Date(0));
    accepted.accept(licence('MIT'));
    const later = new AcceptedLicences(folder);
    assert.deepEqual(
      [licence('AGPL-3.0'), licence('MIT'), licence('GPL-3.0'), licence('AGPL-3.0', 'Somebody else')].map(
        (one) => later.has(one),
      ),
      [true, true, false, false],
    );
    assert.match(
      readFileSync(join(folder, 'accepted-licences.json'), 'utf8'),
      /"AGPL-3.0 of Somebody": "1970-/,
    );
  });

  it('are asked for again where their file cannot be read', () => {
    const folder = join(root, 'damaged');
    const accepted = new AcceptedLicences(folder);
    accepted.accept(licence('MIT'));
    for (const text of ['{', '[]', 'null', '"MIT of Somebody"']) {
      writeFileSync(join(folder, 'accepted-licences.json'), text);
      assert.equal(accepted.has(licence('MIT')), false, text);
      accepted.accept(licence('MIT'));
      assert.equal(accepted.has(licence('MIT')), true, text);
    }
  });
});
