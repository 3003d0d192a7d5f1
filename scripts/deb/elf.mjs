// Programs and libraries in a Debian package: their processor, and what they need from other packages.
import { Buffer } from 'node:buffer';
import { existsSync, openSync, readSync, closeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filesBelow } from '../ros-common.mjs';
import { compare, needs } from '../prebuild/symbols.mjs';

/** e_machine of ELF headers, by Debian's names. */
const MACHINES = { amd64: 62, arm64: 183 };

/** First release of GCC whose libstdc++ has a version of its symbols (GCC's ABI policy and guidelines). */
const LIBSTDCXX = {
  '3.4.26': 9,
  '3.4.28': 10,
  '3.4.29': 11,
  '3.4.30': 12,
  '3.4.31': 13,
  '3.4.32': 13,
  '3.4.33': 14,
};

/** Libraries of the packages libc6, libgcc-s1 and libstdc++6. */
const OF_SYSTEM = /^(lib(c|m|dl|pthread|rt|resolv|gcc_s|stdc\+\+)\.so\.\d+|ld-linux-[\w-]+\.so\.\d+)$/;

/** Paths of the ELF files below `folder`, each with whether it is for `architecture`. */
export function elfFiles(folder, architecture) {
  return filesBelow(folder).flatMap((path) => {
    const header = Buffer.alloc(20);
    const file = openSync(join(folder, path), 'r');
    readSync(file, header, 0, 20, 0);
    closeSync(file);
    if (header.readUInt32BE(0) !== 0x7f454c46) return [];
    return [{ path, fits: header.readUInt16LE(18) === MACHINES[architecture] }];
  });
}

/**
 * What the ELF files `paths` below `folder` need from outside: Debian's dependencies, names of ROS packages, and libraries whose
 * package is not known.
 *
 * @param prefixes folders of ROS installs: a library lib<package>.so or lib<package>__... is that package's if it is in one
 */
export function elfDepends(folder, paths, prefixes) {
  const own = new Set(paths.map((path) => basename(path)));
  const ros = new Set();
  const other = new Set();
  const unknown = new Set();
  let [glibc, gcc] = ['2.31', 10];
  for (const path of paths) {
    const { libraries, others, glibc: version } = needs(join(folder, path));
    if (compare(version, glibc) > 0) glibc = version;
    for (const name of others) {
      const release = LIBSTDCXX[name.replace('GLIBCXX_', '')];
      if (release > gcc) gcc = release;
    }
    for (const library of libraries) {
      if (own.has(library) || OF_SYSTEM.test(library)) continue;
      // Debian names the package after the library; the messages' Python modules need it.
      const [python] = /^libpython3\.\d+/.exec(library) ?? [];
      if (python !== undefined) {
        other.add(python);
        continue;
      }
      const [, name] = /^lib(.*?)(?:__.*)?\.so/.exec(library) ?? [];
      if (prefixes.some((prefix) => existsSync(join(prefix, 'share', name)))) ros.add(name);
      else unknown.add(`${library} (${path})`);
    }
  }
  return {
    system: [`libc6 (>= ${glibc})`, 'libgcc-s1', `libstdc++6 (>= ${gcc})`, ...other],
    ros: [...ros],
    unknown: [...unknown],
  };
}
