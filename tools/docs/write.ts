/** Brings the README's tables and config/*.yaml up to date with the tables they are made from: npm run docs */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.js';
import { documents } from './documents.js';

for (const { file, text } of documents()) {
  writeFileSync(join(packageRoot, file), text);
  process.stdout.write(`${file}\n`);
}
