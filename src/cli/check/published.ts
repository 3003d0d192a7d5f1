import { basename } from 'node:path';
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

/** The row of this very file where there is one, else that of a file of the same family and size. */
export function publishedRow(board: string | undefined, file: string): PublishedRow | undefined {
  const catalog = loadCatalog('');
  const rows = catalog.models.filter((model) => model.board === board && model.speed?.fps !== undefined);
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
  readonly classes: number;
  /** Instances with a score of 0.25 or more. */
  readonly instances: number;
}

export const KNOWN_RESULTS: readonly KnownResult[] = [
  {
    picture: 'c02019c4979c191eb739ddd944445ef408dad5679acab6fd520ef9d434bfbc63',
    name: 'bus.jpg',
    pattern: /yolov8n.*seg/i,
    classes: 80,
    // Of the zoo's model on RDK X5, and of the float model on ONNX Runtime.
    instances: 6,
  },
];
