import { basename } from 'node:path';
import type { HeadLayout } from '../../vision/decode/head-layout.js';
import { type CatalogModel, loadCatalog } from '../../model/catalog.js';

/**
 * Published figures of a model on a board. Rates are frames per second of the network alone, as measured by hrt_model_exec
 * perf, with one thread and with two.
 */
export interface PublishedRow {
  readonly board: string;
  /** Name in the catalog. */
  readonly model: string;
  readonly one: number;
  readonly two: number;
  readonly source: string;
}

/**
 * The row for exactly this file if there is one, else for a file of the same family and size.
 *
 * @param layout of the model; another input size or number of classes means another speed
 */
export function publishedRow(
  board: string | undefined,
  file: string,
  layout: Pick<HeadLayout, 'inputWidth' | 'inputHeight' | 'classCount'>,
): PublishedRow | undefined {
  const catalog = loadCatalog('');
  const rows = catalog.models.filter(
    ({ board: its, speed, input, classes }) =>
      its === board &&
      speed?.fps !== undefined &&
      input?.[0] === layout.inputWidth &&
      input[1] === layout.inputHeight &&
      classes === layout.classCount,
  );
  const found = rows.find((model) => isFile(model, file)) ?? rows.find((model) => isLike(model, file));
  if (!found) return undefined;
  const [one, two] = found.speed!.fps!;
  return {
    board: found.board,
    model: found.name,
    one,
    two,
    source: catalog.sources.get(found.speed!.source)!.url,
  };
}

function isFile({ name, url }: CatalogModel, file: string): boolean {
  return [`${name}.bin`, basename(new URL(url).pathname)].includes(file);
}

/** yolov8n-seg-x5 matches yolov8n_seg.bin and my-yolov8n-parts-seg.bin. */
function isLike({ name }: CatalogModel, file: string): boolean {
  const [stem] = name.split('-seg');
  return new RegExp(`${stem!.replaceAll('-', '[-_]?')}(?!\\d).*seg`, 'i').test(file);
}

/** The instances that a model is known to find in a picture, by the picture's checksum and the model's name. */
export interface KnownResult {
  /** SHA-256 of the picture's file. */
  readonly picture: string;
  readonly name: string;
  readonly pattern: RegExp;
  /** The files known to find them: a .bin by its SHA-256, an export by its name. Other files are only of the same family. */
  readonly sums: readonly string[];
  readonly exports: readonly string[];
  readonly classes: number;
  /** Width and height of the model's input; results depend on it. */
  readonly input: readonly [width: number, height: number];
  /** Instances with a score of 0.25 or more. */
  readonly instances: number;
}

export const KNOWN_RESULTS: readonly KnownResult[] = [
  {
    picture: 'c02019c4979c191eb739ddd944445ef408dad5679acab6fd520ef9d434bfbc63',
    name: 'bus.jpg',
    pattern: /yolov8n.*seg/i,
    // yolov8n_instance_seg_bayese_640x640_nv12_modified.bin of rdk_model_zoo.
    sums: ['d8eef15640b93b91a1b8e4182da58db3aef7dc7ba424f701dbf3f711682a2d11'],
    exports: ['yolov8n-seg.onnx'],
    classes: 80,
    input: [640, 640],
    // Found by the zoo's model on RDK X5, and by the float model on ONNX Runtime.
    instances: 6,
  },
];

/** @param picture SHA-256 of the picture's file @param model name of the model's file */
export function findKnownResult(
  picture: string,
  model: string,
  { classCount, inputWidth, inputHeight }: Pick<HeadLayout, 'classCount' | 'inputWidth' | 'inputHeight'>,
): KnownResult | undefined {
  return KNOWN_RESULTS.find(
    ({ picture: sum, pattern, classes, input }) =>
      sum === picture &&
      pattern.test(model) &&
      classes === classCount &&
      input[0] === inputWidth &&
      input[1] === inputHeight,
  );
}

/** Whether a model is exactly the one that finds them. */
export function isKnownModel({ sums, exports }: KnownResult, file: string, sha256: string): boolean {
  return sums.includes(sha256) || exports.includes(file.toLowerCase());
}
