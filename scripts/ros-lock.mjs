// Dependencies between packages, from package-lock.json.

/**
 * Dependencies that only install scripts and compilers use: [package, dependency]; they are not installed with the program.
 */
const BUILD_ONLY = [
  ['rclnodejs', 'node-gyp'],
  ['rclnodejs', 'node-addon-api'],
  ['onnxruntime-node', 'adm-zip'],
  ['onnxruntime-node', 'global-agent'],
  ['protobufjs', '@types/node'],
];
const BUILD_ROOTS = ['cmake-js', 'node-addon-api'];

/** Names of the packages that the program itself imports; rclnodejs, which an install by npm may leave out, is a peer. */
export function runtimeRoots(manifest, onnx) {
  const { dependencies, peerDependencies } = manifest;
  const names = Object.keys({ ...dependencies, ...peerDependencies }).filter(
    (name) => !BUILD_ROOTS.includes(name),
  );
  return onnx ? [...names, 'onnxruntime-node'] : names;
}

/**
 * Paths ("node_modules/a/node_modules/b") of all packages that `roots` need, sorted.
 *
 * @param only.machine skip those for other machines; sharp has one for each
 * @param only.runtime skip those that are only needed to build others
 */
export function closure(lock, roots, only = {}) {
  const found = new Set();
  const visit = (from, name, optional) => {
    const path = resolve(lock, from, name);
    if (path === undefined) {
      if (optional) return;
      throw new Error(`package-lock.json lacks ${name}, which ${from || 'package.json'} needs`);
    }
    const entry = lock.packages[path];
    if (found.has(path) || (only.machine && !forThisMachine(entry))) return;
    found.add(path);
    const { dependencies = {}, optionalDependencies = {} } = entry;
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const skipped = only.runtime && BUILD_ONLY.some(([who, whom]) => who === name && whom === next);
      if (!skipped) visit(path, next, next in optionalDependencies);
    }
  };
  for (const name of roots) visit('', name, false);
  return [...found].sort();
}

/** Where Node.js finds `name` when the package at `from` imports it: in its own node_modules, or in one above. */
function resolve(lock, from, name) {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    const path = base === '' ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    if (path in lock.packages) return path;
    if (base === '') return undefined;
  }
}

/** Whether npm installs the package on this machine. */
function forThisMachine({ os, cpu, libc }) {
  return (
    (os === undefined || os.includes(process.platform)) &&
    (cpu === undefined || cpu.includes(process.arch)) &&
    (libc === undefined || libc.includes(libcOfThisMachine()))
  );
}

let knownLibc;

/** Created once, and only if a package needs it: a report takes a tenth of a second, and more with the network. */
function libcOfThisMachine() {
  if (knownLibc === undefined) {
    const { excludeNetwork } = process.report;
    process.report.excludeNetwork = true;
    const glibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
    process.report.excludeNetwork = excludeNetwork;
    knownLibc = glibc ? 'glibc' : 'musl';
  }
  return knownLibc;
}
