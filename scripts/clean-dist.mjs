#!/usr/bin/env node
// Removes files from dist/ whose TypeScript source no longer exists. tsc leaves them, and they would be packed, tested and
// imported. `npm run build:ts` runs it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

const stale = (existsSync(dist) ? readdirSync(dist, { recursive: true, encoding: 'utf8' }) : []).filter(
  (file) => {
    const [, source] = /^(.*)\.(?:js|js\.map|d\.ts|d\.ts\.map)$/.exec(file) ?? [];
    return source !== undefined && !existsSync(join(root, `${source}.ts`));
  },
);
// Otherwise tsc would not write them again when their sources come back before it has run once.
if (stale.length > 0) rmSync(join(dist, '.tsbuildinfo'), { force: true });
for (const file of stale) rmSync(join(dist, file), { force: true });
