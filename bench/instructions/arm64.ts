import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ExpectationError } from '../../src/base/expect.js';
import { packageRoot } from '../../src/base/package-root.js';
import { demoHeads, recordedHeads, saveHeads } from '../material.js';
import { headCases, type InstructionCase, pixelCases } from './cases.js';
import { type Counts, sumOfOthers } from './counter.js';

export interface CountedCase extends Counts {
  readonly name: string;
}

/** Where scripts/arm64-build.sh puts what it makes. */
const root = join(packageRoot, 'build/arm64');

/**
 * Builds what is counted as arm64.
 *
 * @throws ExpectationError where a tool is missing, with how to get it
 */
export async function buildArm64(): Promise<void> {
  try {
    await promisify(execFile)('bash', [join(packageRoot, 'scripts/arm64-build.sh')], { maxBuffer: 1 << 26 });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new ExpectationError(
      'scripts/arm64-build.sh to build build/arm64',
      stderr?.trim() || String(error),
    );
  }
}

/**
 * Counts arm64 instructions under QEMU, two processes at once: what others do does not change the counts.
 *
 * @param wanted says by its name whether a case is counted
 * @param tell called with each as it comes
 */
export async function countInstructions(
  wanted: (name: string) => boolean,
  tell: (counted: CountedCase) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-instructions-'));
  try {
    const programs: string[][] = programsOf('-', pixelCases(), wanted);
    // Made here: ONNX Runtime crashes under QEMU.
    for (const [index, heads] of [await demoHeads(), recordedHeads()].entries()) {
      if (!heads) continue;
      const file = join(folder, `heads-${index}`);
      saveHeads(file, heads);
      programs.push(...programsOf(file, headCases(heads), wanted));
    }
    const tellWanted = (counted: CountedCase): void => {
      if (wanted(counted.name)) tell(counted);
    };
    const lane = async (number: number): Promise<void> => {
      for (let next = programs.shift(); next; next = programs.shift()) {
        await runProgram(join(folder, `counts-${number}`), next, tellWanted);
      }
    };
    await Promise.all([lane(1), lane(2)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Arguments of program.js, one list for each group with a case that is wanted. The others of the group run, too: how V8 has compiled a
 * case depends on those before it.
 */
function programsOf(
  heads: string,
  cases: readonly InstructionCase[],
  wanted: (name: string) => boolean,
): string[][] {
  const groups = new Map<string, string[]>();
  for (const { name, group } of cases) groups.set(group, [...(groups.get(group) ?? []), name]);
  return [...groups]
    .filter(([, names]) => names.some(wanted))
    .map(([group, names]) => [heads, group, ...names]);
}

async function runProgram(
  counts: string,
  argumentsOfProgram: readonly string[],
  tell: (counted: CountedCase) => void,
): Promise<void> {
  const program = spawn(
    'qemu-aarch64',
    [
      ...['-plugin', `${join(root, 'instructions.so')},out=${counts}`, '-L', '/usr/aarch64-linux-gnu'],
      join(root, 'node/package/bin/node'),
      // V8 compiles and collects on the one thread, and as nearly the same way each time as it can.
      ...['--single-threaded', '--random-seed=1', '--hash-seed=1'],
      join(root, 'dist', 'bench/instructions/program.js'),
      ...[counts, ...argumentsOfProgram],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-4000)));
  const ended = new Promise<string | undefined>((resolve) => {
    program.on('error', (error) => resolve(error.message));
    program.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : `${signal ?? `status ${code}`}: ${said}`),
    );
  });
  for await (const line of createInterface(program.stdout)) tell(JSON.parse(line) as CountedCase);
  const failure = await ended;
  if (failure !== undefined) {
    throw new ExpectationError('the cases to run under qemu-aarch64', failure, 'See scripts/arm64-build.sh.');
  }
}

/** Million instructions of a run: on the JavaScript thread, and on others that are the processor's work. */
export function millions(counts: Counts): { readonly js: number; readonly others: number } {
  return { js: counts.own / 1e6, others: sumOfOthers(counts) / 1e6 };
}
