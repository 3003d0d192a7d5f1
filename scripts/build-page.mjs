#!/usr/bin/env node
// Bundles the live page (src/web/page) into dist/src/web/page, from where the server sends it. `npm run build:ts` runs it.
//
//   node scripts/build-page.mjs [--source FOLDER] [--dist FOLDER]
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { source: { type: 'string' }, dist: { type: 'string' } } });
const source = join(values.source ?? root, 'src/web/page');
const target = join(values.dist ?? join(root, 'dist'), 'src/web/page');

const { outputFiles } = await build({
  entryPoints: [join(source, 'live.ts'), join(source, 'live.css')],
  bundle: true,
  minify: true,
  format: 'esm',
  // light-dark() in CSS: the browsers of 2024.
  target: ['chrome123', 'firefox120', 'safari17.5'],
  charset: 'utf8',
  outdir: target,
  write: false,
});
mkdirSync(target, { recursive: true });
for (const { path, contents } of outputFiles) replace(path, contents);
for (const name of ['index.html', 'icon.svg']) replace(join(target, name), readFileSync(join(source, name)));

/** A test that runs meanwhile reads the file as it was, or as it will be. */
function replace(path, contents) {
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, contents);
  renameSync(part, path);
}
