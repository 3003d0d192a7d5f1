// Shared by the scripts that build the ROS package (cmake/app.cmake).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ends the process with an error in the form of src/base/expect.ts. */
export function fail(expected, received, solutions) {
  const list = solutions.map((solution) => `  - ${solution}\n`).join('');
  process.stderr.write(`\nExpected ${expected} but ${received}. Possible solutions:\n${list}\n`);
  process.exit(1);
}

/** Prints one line during the build. */
export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** The object in a JSON file, without its members `except`. */
export function readJson(file, ...except) {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  for (const key of except) delete json[key];
  return json;
}

/** SHA-256 of strings and buffers, each with its length, so that different lists have different hashes. */
export function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** All files below `folder`, as paths relative to it, sorted. Links are not followed. */
export function filesBelow(folder, prefix = '') {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(prefix, entry.name);
      return entry.isDirectory() ? filesBelow(folder, path) : [path];
    })
    .sort();
}

/** Names and contents of all files below `folder`. */
export function digestOf(folder) {
  return digest(filesBelow(folder).flatMap((path) => [path, readFileSync(join(folder, path))]));
}

/**
 * Runs `step` unless `file` says that it has been done with the same `key`. The file is written last, so that an
 * interrupted step is done again.
 */
export async function once(file, key, step) {
  if (existsSync(file) && readFileSync(file, 'utf8') === key) return false;
  writeFileSync(file, '');
  await step();
  writeFileSync(file, key);
  return true;
}
