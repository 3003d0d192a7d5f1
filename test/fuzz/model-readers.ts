import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binModelText } from '../../src/cli/info-bin.js';
import { ExpectationError } from '../../src/base/expect.js';
import { type BinModel, withBin } from '../../src/model/bin/bin-model.js';
import { dequantizeNodes } from '../../src/model/bin/bin-tensors.js';
import {
  readDeleted,
  removeDequantizeNodes,
  restoreDequantizeNodes,
} from '../../src/model/bin/dequantize-bin.js';
import { cutModel } from '../../src/model/prepare/cut.js';
import { inspectOnnx } from '../../src/model/onnx/inspect-onnx.js';
import { readOnnxMetadata } from '../../src/model/onnx/onnx-metadata.js';
import { binFile } from '../model/bin/bin-file.js';
import { queryModel } from '../engine/tiny-onnx.js';
import { stockModel } from '../model/onnx/stock-model.js';
import { mutate, randomNumbers } from './mutate.js';

/** What a run of the fuzzer saw. */
export interface FuzzCounts {
  files: number;
  /** Files that were read in spite of what was changed. */
  read: number;
  /** Milliseconds of the slowest file, and its number. */
  slowest: number;
  slowestFile: number;
}

interface Target {
  readonly bytes: Uint8Array;
  readonly structure: readonly (readonly [number, number])[];
  readonly use: (path: string, output: string) => unknown;
}

/**
 * Reads damaged .bin and .onnx files with everything here that reads them: the same for the same seed.
 *
 * @param more files to damage beside those that are made here
 * @param going called before each file with its number; false ends the run
 * @throws the first error that is no ExpectationError, with the number of its file
 */
export function fuzzModelReaders(
  folder: string,
  seed: number,
  going: (file: number) => boolean,
  more: readonly Uint8Array[] = [],
): FuzzCounts {
  const targets = [...madeTargets(folder), ...more.map(binTarget)];
  const counts: FuzzCounts = { files: 0, read: 0, slowest: 0, slowestFile: 0 };
  const [path, output] = [join(folder, 'damaged'), join(folder, 'edited')];
  for (let file = 0; going(file); file++) {
    const random = randomNumbers(seed * 1_000_003 + file);
    const { bytes, structure, use } = targets[file % targets.length]!;
    writeFileSync(path, mutate(bytes, random, structure));
    const start = performance.now();
    try {
      use(path, output);
      counts.read++;
    } catch (error) {
      if (!(error instanceof ExpectationError)) {
        throw new Error(`file ${file} of seed ${seed} fails in another way`, { cause: error });
      }
    }
    const took = performance.now() - start;
    if (took > counts.slowest) [counts.slowest, counts.slowestFile] = [took, file];
    counts.files++;
  }
  rmSync(output, { force: true });
  return counts;
}

function madeTargets(folder: string): Target[] {
  const float = binFile();
  const path = join(folder, 'whole.bin');
  writeFileSync(path, float);
  const raw = withBin(path, (model) => {
    const names = [...dequantizeNodes(model).values()].map(({ name }) => name);
    removeDequantizeNodes(model, names, path);
    return names;
  });
  if (raw.length !== 10) throw new Error(`${raw.length} nodes`);
  const masks = [new Float32Array(4).fill(1)];
  const queries = { width: 8, height: 8, boxes: [[0.5, 0.5, 1, 1]], logits: [[1, 2, 3]], masks, columns: 2 };
  const stocks = [stockModel(), stockModel({ layout: 'level', half: true, opset: 11 }), queryModel(queries)];
  return [
    binTarget(float),
    ...stocks.map((bytes): Target => ({ bytes, structure: [[0, bytes.length]], use: useOnnx })),
  ];
}

function binTarget(bytes: Uint8Array): Target {
  // The program is nearly all of a real file, and nobody reads it.
  const program = Buffer.from(bytes).indexOf('#B2Ehbm#');
  const end = program + Math.max(0, bytes.length - program);
  const structure: [number, number][] = [
    [0, program],
    [Math.max(program, end - 16_384), end],
  ];
  return { bytes, structure, use: useBin };
}

/** Everything that is done with a .bin. */
function useBin(path: string, output: string): void {
  withBin(path, (model) => {
    binModelText(model);
    const names = [...dequantizeNodes(model).values()].map(({ name }) => name);
    editBin(model, () => removeDequantizeNodes(model, names, output), output);
    if (readDeleted(model).size > 0) editBin(model, () => restoreDequantizeNodes(model, output), output);
  });
}

/** What is written can be read again. */
function editBin(model: BinModel, edit: () => void, output: string): void {
  edit();
  const again = withBin(output, ({ outputs }) => outputs.length);
  if (again !== model.outputs.length) throw new Error(`${again} outputs of ${model.outputs.length}`);
}

function useOnnx(path: string, output: string): void {
  let failed: unknown;
  for (const use of [
    () => inspectOnnx(path),
    () => cutModel(path, output),
    () => cutModel(path, output, { opset: 11 }),
    () => readOnnxMetadata(path),
  ]) {
    try {
      use();
    } catch (error) {
      if (!(error instanceof ExpectationError)) throw error;
      failed ??= error;
    }
  }
  if (failed instanceof Error) throw failed;
}
