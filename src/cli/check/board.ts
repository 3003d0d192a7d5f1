import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './finding.js';
import type { Host } from './host.js';

export interface Board {
  readonly name: string;
  /** The MARCH of .bin models for this board; undefined if this project cannot run them. */
  readonly march: string | undefined;
}

/**
 * Files that identify the board on D-Robotics' images, in order (rdk_model_zoo, utils/py_utils/platforms.py): RDK S has
 * boardinfo, X5 has x5u in socinfo, older images only have the device tree.
 */
const SOURCES = ['sys/class/boardinfo/soc_name', 'sys/class/socinfo/soc_name', 'proc/device-tree/model'];

const BOARDS: readonly (Board & { readonly pattern: RegExp })[] = [
  { pattern: /\bx5/i, name: 'RDK X5', march: 'bayes-e' },
  { pattern: /\bx3/i, name: 'RDK X3', march: 'bernoulli2' },
  { pattern: /\bs(100|600)/i, name: 'RDK S100 or S600', march: undefined },
];

/** @returns undefined if the machine is not one of D-Robotics' boards */
export function findBoard(host: Host): Board | undefined {
  for (const source of SOURCES) {
    const text = host.text(source);
    const board = text === undefined ? undefined : BOARDS.find(({ pattern }) => pattern.test(text));
    if (board) return board;
  }
  return undefined;
}

export function boardFinding(host: Host, board: Board | undefined): Finding {
  const what = 'board';
  const model = host.text('proc/device-tree/model');
  const soc = host.text(SOURCES[0]!) ?? host.text(SOURCES[1]!);
  const found = [model, soc && `SoC ${soc}`].filter(Boolean).join(', ');
  if (!board) {
    return {
      what,
      verdict: 'note',
      text: `${found || 'no device tree'}: not one of D-Robotics' boards, so no BPU. Models run on the CPU or the emulator.`,
    };
  }
  if (board.march === undefined) {
    return {
      what,
      verdict: 'failure',
      text: `${board.name} (${found})`,
      hint: 'This version runs .bin models of RDK X5 and X3; the .hbm models of RDK S run on another runtime.',
    };
  }
  return { what, verdict: 'ok', text: `${board.name} (${found}), march ${board.march}` };
}

/** Where TROS installs the models of its packages. */
export const BOARD_MODELS = 'opt/hobot/model';

/** The first segmentation model among those installed with TROS. */
export function boardModel(host: Host): string | undefined {
  const found = filesBelow(host.path(BOARD_MODELS)).sort();
  return found.find((file) => /yolo[^/]*seg[^/]*\.bin$/i.test(file));
}

/** An unreadable folder counts as empty. */
function filesBelow(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
