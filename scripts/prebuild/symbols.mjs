// What a prebuilt addon asks of the machine it runs on.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fail } from '../ros-common.mjs';

/** The glibc of Debian 11 and Ubuntu 20.04. */
export const GLIBC = '2.31';

/** Libraries that glibc is made of; all others are not on every machine, or not in a fitting version. */
const OF_GLIBC = /^(lib(c|m|dl|pthread|rt)\.so\.\d+|ld-linux-[\w-]+\.so\.\d+)$/;

/** The libraries that `file` needs, and the newest version of glibc whose symbols it uses, as objdump lists them. */
export function needs(file) {
  // Any objdump reads these parts of files for any processor.
  const { status, stdout, stderr, error } = spawnSync('objdump', ['-p', file], { encoding: 'utf8' });
  if (status !== 0) {
    fail(`objdump to read ${file}`, error?.message ?? stderr, ['sudo apt install binutils']);
  }
  const libraries = [...stdout.matchAll(/^ +NEEDED +(\S+)$/gm)].map(([, name]) => name);
  const versions = [...stdout.matchAll(/^ +0x\w+ 0x\w+ \d+ (\S+)$/gm)].map(([, name]) => name);
  const glibc = versions.filter((name) => name.startsWith('GLIBC_')).map((name) => name.slice(6));
  return {
    libraries,
    others: versions.filter((name) => !name.startsWith('GLIBC_')),
    glibc: glibc.sort(compare).at(-1) ?? '0',
  };
}

/** Orders versions such as 2.4 and 2.31. */
export function compare(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Ends the process unless the file runs wherever glibc is new enough. Returns a line about it. */
export function check(file) {
  const { libraries, others, glibc } = needs(file);
  const foreign = [...libraries.filter((name) => !OF_GLIBC.test(name)), ...others];
  if (foreign.length > 0 || compare(glibc, GLIBC) > 0 || libraries.length === 0) {
    fail(
      `${file} to need only glibc, of version ${GLIBC} or older`,
      `it needs glibc ${glibc}, ${[...libraries, ...others].join(', ')}`,
      [`objdump -T ${file} lists the symbols`],
    );
  }
  return `${statSync(file).size} bytes, glibc ${glibc}, ${libraries.join(' ')}`;
}
