/** Updates docs/parameters.md, config/*.yaml and CHANGELOG.rst from their sources: npm run docs */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.js';
import { documents } from './documents.js';

for (const { file, text } of documents()) {
  writeFileSync(join(packageRoot, file), text);
  process.stdout.write(`${file}\n`);
}
