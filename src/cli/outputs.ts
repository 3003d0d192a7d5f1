import { accessSync, constants, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import { isFileName } from '../media/file-kind.js';
import { isDevice } from '../base/files/device.js';
import { writeError } from '../base/files/write-error.js';
import type { CliOption } from './options.js';

/** An output of a command. */
export interface Output {
  /** The option that named it: `--json`. */
  readonly option: string;
  readonly path: string;
  /** A `folder` is created or added to; a `bag` is a new file, or a new folder in the layout of `ros2 bag record`. */
  readonly kind: 'file' | 'folder' | 'bag';
  /** Whether it continues a file that exists. */
  readonly continued?: boolean | undefined;
}

/** The option of every command that writes files. */
export const FORCE_OPTION = {
  type: 'boolean',
  help: 'replace files that exist (never an input or the model)',
} as const satisfies CliOption;

/** Suffixes, besides those of inputs, that nobody would give a folder. */
const FILE_ENDINGS = ['.json', '.jsonl', '.onnx', '.bin', '.yaml', '.txt'];

/**
 * The files that a command reads, by device and inode, so that they are recognized by any path, through symbolic and hard
 * links.
 */
export class ReadFiles {
  readonly #names = new Map<string, string>();

  /**
   * @param recursive whether folders in folders are read
   * @param paths files, folders whose files are read, and anything that does not exist (`scene:`), which is ignored
   */
  constructor(
    paths: readonly (string | undefined)[],
    private readonly recursive = false,
  ) {
    for (const path of paths) {
      if (path === undefined) continue;
      const hash = path.lastIndexOf('#/');
      for (const name of hash > 0 ? [path, path.slice(0, hash)] : [path]) this.#add(name, name, true);
    }
  }

  #add(path: string, name: string, within: boolean): void {
    const found = statIfAny(path);
    if (found === undefined) return;
    if (found.isFile()) this.#names.set(identity(found), name);
    else if (found.isDirectory() && within) {
      for (const entry of list(path) ?? []) this.#add(join(path, entry), join(name, entry), this.recursive);
    }
  }

  /** The input at this path, as named by the user. */
  at(path: string): string | undefined {
    const found = statIfAny(path);
    return found && this.#names.get(identity(found));
  }
}

/**
 * Rejects outputs that would destroy something, or that cannot be written, before anything starts.
 *
 * - An input or the model is never written to, under any name or link.
 * - Files that exist are kept, unless `force` is given. Devices and pipes may be written to.
 * - Two outputs never have the same name, and none lies below a file or a bag.
 * - A folder is never called `-` or `clip.mp4`: such a name asks for an output that does not exist.
 *
 * @throws ExpectationError for the first invalid output
 */
export function checkOutputs(outputs: readonly Output[], read: ReadFiles, force: boolean): void {
  const places = outputs.map((output) => ({ output, place: placeOf(output.path) }));
  for (const { output } of places) checkOutput(output, read, force);
  for (const [i, { output, place }] of places.entries()) {
    for (const other of places.slice(0, i)) {
      if (place !== other.place && !isSame(output.path, other.output.path)) continue;
      throw new ExpectationError(
        `different names for ${other.output.option} and ${output.option}`,
        output.path,
        'Choose another name for one of them.',
      );
    }
    const around = places.find(
      (other) => other.output.kind !== 'folder' && place.startsWith(`${other.place}${sep}`),
    );
    if (around) {
      throw new ExpectationError(
        `a place for ${output.option} outside of ${around.output.option}`,
        `${output.path} in ${around.output.path}`,
        'Choose another folder for one of them.',
      );
    }
  }
}

function checkOutput(output: Output, read: ReadFiles, force: boolean): void {
  const { option, path, kind, continued = false } = output;
  if (path === '' || path === '-') {
    throw new ExpectationError(`a name for ${option}`, path === '' ? 'none' : path, meantDash(output));
  }
  const input = read.at(path);
  if (input !== undefined) {
    throw new ExpectationError(
      `a file for ${option} that is not an input`,
      path === input ? `${path}, which is an input` : `${path}, the same file as ${input}, which is an input`,
      'Choose another name.',
    );
  }
  const found = statIfAny(path);
  if (found === undefined) {
    if (kind !== 'file') checkFolderName(output);
    checkFolderAbove(path);
    return;
  }
  if (kind === 'folder') {
    if (found.isDirectory()) return checkWritable(path);
    throw new ExpectationError(`a folder for ${option}`, `${path}, a file`, 'Choose another name.');
  }
  if (kind === 'file' && found.isDirectory()) {
    const hint = `Name a file in it, for example ${join(path, 'results')}.`;
    throw new ExpectationError(`a file for ${option}`, `${path}, a folder`, hint);
  }
  if (kind === 'bag' && found.isDirectory() && list(path)?.length === 0) return checkWritable(path);
  if (kind === 'file' && isDevice(path, found)) return;
  if (!force && !continued) {
    throw new ExpectationError(
      `a new ${kind} for ${option}`,
      `${path}, which exists`,
      'Choose another name, or add --force to replace it.',
    );
  }
  if (kind === 'bag' && found.isDirectory()) checkBagFolder(path, read, option);
  else checkWritable(path);
}

/** With --force a bag in a folder is replaced, file by file. */
function checkBagFolder(folder: string, read: ReadFiles, option: string): void {
  for (const name of list(folder) ?? []) {
    const input = read.at(join(folder, name));
    if (input !== undefined) {
      throw new ExpectationError(
        `a bag for ${option} that is not an input`,
        `${folder}, which contains the input ${input}`,
        'Choose another name.',
      );
    }
  }
  checkWritable(folder);
}

function meantDash({ option }: Output): string {
  return option === '--json'
    ? 'Name a file; the figures are printed in any case.'
    : `Only --json of run writes to standard output; a file or folder of that name is ./-`;
}

function checkFolderName({ option, path, kind }: Output): void {
  if (path.endsWith('/') || (kind === 'bag' && path.endsWith('.mcap'))) return;
  if (!isFileName(path) && !FILE_ENDINGS.includes(extname(path).toLowerCase())) return;
  throw new ExpectationError(
    kind === 'bag'
      ? `a file NAME.mcap or the name of a folder for ${option}`
      : `the name of a folder for ${option}`,
    path,
    kind === 'bag'
      ? 'Bags are written as MCAP.'
      : `Pictures are written, one for each frame, into a folder; for a folder of that name write ${basename(path)}/ with a slash.`,
  );
}

/** The nearest existing parent must be a writable folder. */
function checkFolderAbove(path: string): void {
  let folder = dirname(resolve(path));
  let found = statIfAny(folder);
  while (found === undefined) {
    folder = dirname(folder);
    found = statIfAny(folder);
  }
  if (!found.isDirectory()) {
    throw new ExpectationError(
      `a place to write to at ${path}`,
      `the file ${folder}`,
      'Choose another folder.',
    );
  }
  checkWritable(folder, path);
}

function checkWritable(path: string, named = path): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw writeError(named, error);
  }
}

function statIfAny(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Below a file, or in an unreadable folder: writing will report it.
    return undefined;
  }
}

/** Names in a folder; undefined if they cannot be listed, which reading or writing will report. */
function list(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}

function identity({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [statIfAny(a), statIfAny(b)];
  return one !== undefined && other !== undefined && identity(one) === identity(other);
}

/** The path with its existing part resolved through links. */
function placeOf(path: string): string {
  let folder = resolve(path);
  const missing: string[] = [];
  while (statIfAny(folder) === undefined && dirname(folder) !== folder) {
    missing.unshift(basename(folder));
    folder = dirname(folder);
  }
  return join(realpathSync(folder), ...missing);
}
