import { basename } from 'node:path';
import type { HeadLayout } from '../../vision/decode/head-layout.js';
import { type CatalogModel, loadCatalog } from '../../model/catalog.js';

/**
 * What others have published of a model on a board. Rates are frames per second of the network alone, as hrt_model_exec perf
 * measures it, with one thread and with two.
 */
export interface PublishedRow {
  readonly board: string;
  /** Its name in the catalog. */
  readonly model: string;
  readonly one: number;
  readonly two: number;
  readonly source: string;
}

/**
 * The row of this very file where there is one, else that of a file of the same family and size.
 *
 * @param layout of the model: one of another input size or number of classes has another speed
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

/** yolov8n-seg-x5 is like yolov8n_seg.bin and my-yolov8n-parts-seg.bin. */
function isLike({ name }: CatalogModel, file: string): boolean {
  const [stem] = name.split('-seg');
  return new RegExp(`${stem!.replaceAll('-', '[-_]?')}(?!\\d).*seg`, 'i').test(file);
}

/** What a model is known to find in a picture: by the sum of the picture and the name of the model. */
export interface KnownResult {
  /** SHA-256 of the picture's file. */
  readonly picture: string;
  readonly name: string;
  readonly pattern: RegExp;
  /** The files that are known to find that: a .bin by its SHA-256, an export by its name. Others are of its family only. */
  readonly sums: readonly string[];
  readonly exports: readonly string[];
  readonly classes: number;
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
    // Of the zoo's model on RDK X5, and of the float model on ONNX Runtime.
    instances: 6,
  },
];

/** Whether a model is the very one that finds that. */
export function isKnownModel({ sums, exports }: KnownResult, file: string, sha256: string): boolean {
  return sums.includes(sha256) || exports.includes(file.toLowerCase());
}
