import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { ExpectationError, messageOf } from '../src/base/expect.js';
import { makeFolder } from '../src/base/files/folder.js';
import { writeWholeSync } from '../src/base/files/whole-file.js';
import { packageRoot } from '../src/base/package-root.js';
import type { Figure } from './bench.js';

const FORMAT = 'tros-yolo-seg bench 1';

/** Where and when figures were measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** MiB */
  readonly memory: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
}

/** A run of the suite, as --json writes it. */
export interface Report {
  readonly format: typeof FORMAT;
  readonly date: string;
  /** Git commit, with a + if files differ from it; empty outside of a repository. */
  readonly commit: string;
  readonly machine: Machine;
  readonly figures: readonly Figure[];
}

export function makeReport(figures: readonly Figure[]): Report {
  const processors = cpus();
  return {
    format: FORMAT,
    date: new Date().toISOString(),
    commit: commit(),
    machine: {
      cpu: processors[0]?.model.trim() ?? 'unknown',
      cores: processors.length,
      memory: Math.round(totalmem() / 2 ** 20),
      platform: `${platform()}-${arch()}`,
      node: process.version,
      v8: process.versions.v8,
    },
    figures,
  };
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '-uno') === '' ? '' : '+');
  } catch {
    return '';
  }
}

export function writeReport(file: string, report: Report): void {
  makeFolder(dirname(file));
  writeWholeSync(file, `${JSON.stringify(report, null, 1)}\n`);
}

/** @throws ExpectationError unless `file` was written by writeReport() */
export function readReport(file: string): Report {
  const hint = 'Write one with npm run bench -- --json FILE.';
  let found: Partial<Report> | null;
  try {
    found = JSON.parse(readFileSync(file, 'utf8')) as Partial<Report> | null;
  } catch (error) {
    throw new ExpectationError(`a report of bench in ${file}`, messageOf(error), hint, { cause: error });
  }
  if (found?.format !== FORMAT || !Array.isArray(found.figures)) {
    throw new ExpectationError(`a report of bench in ${file}`, `format ${found?.format ?? 'unknown'}`, hint);
  }
  return found as Report;
}
