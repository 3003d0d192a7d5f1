import { rowNames } from '../base/row-names.js';
import { textTable } from '../base/text-table.js';
import { ExpectationError, expectOneOf } from '../base/expect.js';
import { type Board, type Catalog, type CatalogModel, endingOf, loadCatalog } from '../model/catalog.js';
import { leftLength } from '../model/download/part.js';
import { cachedFile, cachedPath, readRecord } from '../model/model-cache.js';
import { command } from './program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { sizeText } from './progress.js';
import { printable } from './printable.js';

/** Values of --board. */
const CHOICES = { x5: 'RDK X5', x3: 'RDK X3', cpu: 'CPU' } as const satisfies Record<string, Board>;

const OPTIONS = {
  board: { type: 'string', value: Object.keys(CHOICES).join('|'), help: 'only models for this board' },
  json: { type: 'boolean', help: 'print everything as JSON' },
  ...COMMON_OPTIONS,
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg model list [options]

Lists the models that tros-yolo-seg model get downloads: their board, published accuracy and speed, license,
and whether they are in the cache. Does not use the network.

${optionHelp(OPTIONS)}
`;

/** The cached part of a model. */
interface Cached {
  readonly path: string;
  /** Bytes of the file; undefined if it is not in the cache. */
  readonly size?: number;
  /** Bytes of an interrupted download. */
  readonly part?: number;
  /** Bytes of the whole file, published or learned from a download. */
  readonly whole?: number;
}

/** `tros-yolo-seg model list`: lists the models that can be downloaded. */
export const list = command({
  summary: 'list the models that can be downloaded',
  usage: USAGE,
  options: OPTIONS,
  run(args) {
    if (args.positionals.length > 0) {
      throw new ExpectationError(
        'no name',
        args.positionals.join(' '),
        'See tros-yolo-seg model list --help.',
      );
    }
    const given = args.text('board');
    const board =
      given === undefined
        ? undefined
        : CHOICES[expectOneOf('--board', given.toLowerCase(), rowNames(CHOICES))];
    const catalog = loadCatalog();
    const models = catalog.models.filter((model) => board === undefined || model.board === board);
    process.stdout.write(args.flag('json') ? jsonText(models, catalog) : listText(models, catalog));
    return Promise.resolve(0);
  },
});

function cached(model: CatalogModel): Cached {
  const path = cachedPath(model);
  const found = cachedFile(model);
  const left = leftLength(path);
  const whole = model.size ?? found?.size ?? readRecord(path)?.size ?? left?.total;
  return {
    path,
    ...(found ? { size: found.size } : {}),
    ...(left ? { part: left.length } : {}),
    ...(whole === undefined ? {} : { whole }),
  };
}

function jsonText(models: readonly CatalogModel[], catalog: Catalog): string {
  const entries = models.map((model) => ({
    ...model,
    license: catalog.licenseOf(model),
    // Spelling of version 0.1.0.
    licence: catalog.licenseOf(model),
    readIn: source(model.readIn, catalog),
    accuracy: model.accuracy && { ...model.accuracy, source: source(model.accuracy.source, catalog) },
    speed: model.speed && { ...model.speed, source: source(model.speed.source, catalog) },
    cache: cached(model),
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}

function source(key: string | undefined, catalog: Catalog): unknown {
  return key === undefined ? undefined : catalog.sources.get(key);
}

function listText(models: readonly CatalogModel[], catalog: Catalog): string {
  const letters = new Map<string, string>();
  const mark = (key: string): string => {
    if (!letters.has(key)) letters.set(key, String.fromCharCode(97 + letters.size));
    return letters.get(key)!;
  };
  const head = [
    'name',
    'for',
    'family',
    'size',
    'mask AP',
    'ms',
    'frames/s',
    'figures',
    'license',
    'address',
    'cache',
  ];
  const rows = models.map((model) => {
    const { name, board, march, family, accuracy, speed, license, tried } = model;
    const figures = new Set([accuracy?.source, speed?.source].filter((key) => key !== undefined).map(mark));
    const state = cached(model);
    return [
      name,
      march === undefined ? `${board} (ONNX)` : `${board} (${march})`,
      family,
      state.whole === undefined ? '' : sizeText(state.whole),
      accuracy?.mask.toFixed(3) ?? '',
      speed?.ms.toFixed(1) ?? '',
      speed?.fps?.map((fps) => fps.toFixed(1)).join(' / ') ?? '',
      [...figures].join(' '),
      license,
      tried ? '' : 'untried',
      state.size !== undefined ? 'there' : state.part !== undefined ? `part, ${sizeText(state.part)}` : '',
    ].map(printable);
  });
  const notes = [
    'Mask AP is over IoU 0.50 to 0.95; ms and frames/s are for the network alone, with one frame in flight and with two.',
    'Figures were published in:',
    ...[...letters].map(([key, letter]) => {
      const { what, url } = catalog.sources.get(key)!;
      return `  ${letter}  ${what}\n     ${url}`;
    }),
    'untried: this project has not downloaded from this address; --json shows its source.',
    ...(models.some((model) => endingOf(model) === '.bin')
      ? ['A model for a BPU only runs on that board: bayes-e is RDK X5, bernoulli2 is RDK X3.']
      : []),
    'Download one: tros-yolo-seg model get NAME',
  ];
  return `${textTable([head, ...rows]).join('\n')}\n\n${notes.map((line) => `${line}\n`).join('')}`;
}
