/** Brings docs/parameters.md, config/*.yaml, CHANGELOG.rst and pictures up to date with what they are made from: npm run docs */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.js';
import { documents } from './documents.js';

for (const { file, text } of await documents()) {
  writeFileSync(join(packageRoot, file), text);
  process.stdout.write(`${file}\n`);
}
