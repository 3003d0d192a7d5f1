#!/usr/bin/env node
// Removes files from dist/ whose TypeScript source no longer exists. tsc leaves them, and they would be packed, tested and
// imported. `npm run build:ts` runs it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

for (const file of existsSync(dist) ? readdirSync(dist, { recursive: true, encoding: 'utf8' }) : []) {
  const [, source] = /^(.*)\.(?:js|js\.map|d\.ts|d\.ts\.map)$/.exec(file) ?? [];
  if (source !== undefined && !existsSync(join(root, `${source}.ts`))) rmSync(join(dist, file));
}
