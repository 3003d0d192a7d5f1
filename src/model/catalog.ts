import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ExpectationError, messageOf } from '../base/expect.js';
import { nearest } from '../base/nearest.js';
import { packageRoot } from '../base/package-root.js';
import { MARCHES, type March } from './march.js';

/** What to do about an error in a list of models. */
const FORM = 'config/models.json is an example of such a list; docs/models.md tells of it.';

/** The target of a model: a board's BPU, or any machine's CPU with ONNX Runtime. */
const BOARDS = ['RDK X5', 'RDK X3', 'CPU'] as const;
export type Board = (typeof BOARDS)[number];

/** The BPU of each board. */
const MARCH_OF: Readonly<Record<Board, March | undefined>> = {
  'RDK X5': 'bayes-e',
  'RDK X3': 'bernoulli2',
  CPU: undefined,
};

/** A web page from which addresses or figures were taken. */
export interface Source {
  readonly what: string;
  readonly url: string;
}

export interface License {
  /** SPDX identifier: AGPL-3.0. */
  readonly id: string;
  readonly name: string;
  readonly holder: string;
  readonly url: string;
}

/** Average precision over IoU 0.50 to 0.95, as a fraction. */
export interface PublishedAccuracy {
  readonly mask: number;
  readonly box?: number;
  readonly source: string;
}

export interface PublishedSpeed {
  /** Milliseconds for a single frame. */
  readonly ms: number;
  /** Frames per second with one frame in flight, and with two. */
  readonly fps?: readonly [number, number];
  readonly source: string;
}

/** A model that can be downloaded by name. */
export interface CatalogModel {
  readonly name: string;
  readonly url: string;
  /** The source of the address. */
  readonly readIn?: string;
  /** Whether this project has downloaded it from this address. */
  readonly tried: boolean;
  /** SHA-256 as published, in hexadecimal digits. */
  readonly sha256?: string;
  /** Bytes, as published. */
  readonly size?: number;
  readonly board: Board;
  /** The BPU that it was compiled for. */
  readonly march?: March;
  readonly family: string;
  /** Width and height. */
  readonly input?: readonly [number, number];
  readonly classes?: number;
  readonly license: string;
  readonly accuracy?: PublishedAccuracy;
  readonly speed?: PublishedSpeed;
  readonly note?: string;
}

const FIELDS: readonly (keyof CatalogModel)[] = [
  'name',
  'url',
  'readIn',
  'tried',
  'sha256',
  'size',
  'board',
  'march',
  'family',
  'input',
  'classes',
  'license',
  'accuracy',
  'speed',
  'note',
];

/**
 * The named models: those of config/models.json and those of your own file (TROS_YOLO_SEG_MODELS), which take precedence.
 */
export class Catalog {
  readonly #models = new Map<string, CatalogModel>();

  constructor(
    models: readonly CatalogModel[],
    readonly licenses: ReadonlyMap<string, License>,
    readonly sources: ReadonlyMap<string, Source>,
  ) {
    for (const model of models) this.#models.set(model.name, model);
  }

  get models(): readonly CatalogModel[] {
    return [...this.#models.values()];
  }

  find(name: string): CatalogModel | undefined {
    return this.#models.get(name);
  }

  /** @throws ExpectationError that suggests models of a similar name */
  get(name: string): CatalogModel {
    const model = this.find(name);
    if (model) return model;
    throw new ExpectationError('the name of a model', name, this.advice(name));
  }

  /** The hint for an unknown name. */
  advice(name: string): string {
    const alike = nearest(name, [...this.#models.keys()], 4).slice(0, 3);
    const list = 'tros-yolo-seg model list shows the names.';
    return alike.length === 0 ? list : `Did you mean ${alike.join(' or ')}? ${list}`;
  }

  licenseOf({ license }: CatalogModel): License {
    return this.licenses.get(license)!;
  }

  /** This catalog's models, and the other's for names that this one lacks. For licenses, the other's take precedence. */
  before(other: Catalog): Catalog {
    const mine = this.models;
    const names = new Set(mine.map(({ name }) => name));
    return new Catalog(
      [...mine, ...other.models.filter(({ name }) => !names.has(name))],
      // A license accepted by name must be the same text in every list.
      new Map([...this.licenses, ...other.licenses]),
      new Map([...other.sources, ...this.sources]),
    );
  }
}

/** Suffix of a model's file: .onnx or .bin. */
export function endingOf({ url }: CatalogModel): '.onnx' | '.bin' {
  return extname(new URL(url).pathname).toLowerCase() === '.bin' ? '.bin' : '.onnx';
}

/**
 * The catalog of this installation.
 *
 * @throws ExpectationError when the file that TROS_YOLO_SEG_MODELS names is not a catalog
 */
export function loadCatalog(own = process.env['TROS_YOLO_SEG_MODELS']): Catalog {
  const ours = readCatalog(join(packageRoot, 'config/models.json'));
  return own === undefined || own === '' ? ours : readCatalog(own, ours).before(ours);
}

/** @param base catalog whose licenses and sources may be referenced, too */
export function readCatalog(path: string, base?: Catalog): Catalog {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ExpectationError(
      `a readable list of models at ${path}`,
      messageOf(error),
      'TROS_YOLO_SEG_MODELS names it: correct the path, or unset it to use the models that are known anyway.',
      {
        cause: error,
      },
    );
  }
  return parseCatalog(text, path, base);
}

/**
 * Reads a catalog and checks every field.
 *
 * @throws ExpectationError at the first error
 */
export function parseCatalog(text: string, path: string, base?: Catalog): Catalog {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ExpectationError(`JSON in ${path}`, messageOf(error), FORM, { cause: error });
  }
  const root = record(json, path);
  const sources = new Map<string, Source>();
  for (const [key, value] of Object.entries(record(root['sources'] ?? {}, `sources in ${path}`))) {
    const where = `source ${key} in ${path}`;
    const fields = record(value, where);
    sources.set(key, { what: textOf(fields, 'what', where), url: textOf(fields, 'url', where) });
  }
  const licenses = new Map<string, License>();
  for (const [id, value] of Object.entries(record(formerly(root, 'licenses') ?? {}, `licenses in ${path}`))) {
    const where = `license ${id} in ${path}`;
    const fields = record(value, where);
    const [name, holder, url] = ['name', 'holder', 'url'].map((field) => textOf(fields, field, where));
    licenses.set(id, { id, name: name!, holder: holder!, url: url! });
  }
  if (!Array.isArray(root['models'])) {
    throw new ExpectationError(`a list "models" in ${path}`, root['models'], FORM);
  }
  const known = {
    sources: new Set([...sources.keys(), ...(base?.sources.keys() ?? [])]),
    licenses: new Set([...licenses.keys(), ...(base?.licenses.keys() ?? [])]),
  };
  const names = new Set<string>();
  const models = (root['models'] as unknown[]).map((entry, i) => {
    const model = readModel(entry, `model ${i + 1} in ${path}`, known);
    if (names.has(model.name)) throw new ExpectationError(`each name once in ${path}`, model.name, FORM);
    names.add(model.name);
    return model;
  });
  return new Catalog(models, licenses, sources);
}

interface Known {
  readonly sources: ReadonlySet<string>;
  readonly licenses: ReadonlySet<string>;
}

/** Users' lists may have the spelling of version 0.1.0: licence, licences. */
function formerly(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  return fields[name] ?? fields[name.replace('license', 'licence')];
}

function readModel(entry: unknown, place: string, known: Known): CatalogModel {
  const { licence, ...own } = record(entry, place);
  const fields = licence === undefined ? own : { license: licence, ...own };
  const name = textOf(fields, 'name', place);
  // A name is also a file name in the cache. Anything with a dot or a slash is a path.
  if (!/^[a-z\d][\w-]*$/i.test(name)) {
    throw new ExpectationError(`a name of letters, digits, - and _ for ${place}`, name, FORM);
  }
  const where = `${name} in ${place.slice(place.indexOf(' in ') + 4)}`;
  for (const key of Object.keys(fields)) {
    if (!(FIELDS as readonly string[]).includes(key))
      throw new ExpectationError(`one of ${FIELDS.join(', ')} for ${where}`, key, FORM);
  }
  const { sha256, size, tried = true, input, classes, note } = fields;
  expect(sha256 === undefined || (typeof sha256 === 'string' && /^[\da-f]{64}$/.test(sha256)), {
    what: `64 hexadecimal digits for sha256 of ${where}`,
    found: sha256,
  });
  const counts = [size, classes, ...(Array.isArray(input) ? (input as unknown[]) : [])];
  for (const count of counts) {
    expect(count === undefined || (Number.isSafeInteger(count) && (count as number) > 0), {
      what: `whole numbers for size, classes and input of ${where}`,
      found: count,
    });
  }
  expect(input === undefined || (Array.isArray(input) && input.length === 2), {
    what: `[width, height] for input of ${where}`,
    found: input,
  });
  expect(typeof tried === 'boolean', { what: `true or false for tried of ${where}`, found: tried });
  const board = fields['board'];
  expect(BOARDS.includes(board as Board), {
    what: `one of ${BOARDS.join(', ')} for board of ${where}`,
    found: board,
  });
  const url = checkUrl(textOf(fields, 'url', where), sha256 !== undefined, where);
  const march = fields['march'];
  const wanted = MARCH_OF[board as Board];
  expect(url.pathname.toLowerCase().endsWith(wanted === undefined ? '.onnx' : '.bin'), {
    what: `a file that ends in ${wanted === undefined ? '.onnx' : '.bin'} for the ${board as string} of ${where}`,
    found: url.href,
  });
  expect(march === wanted, {
    what: `${wanted ?? 'no march'} for march of ${where} (of ${MARCHES.join(', ')})`,
    found: march,
  });
  const license = textOf(fields, 'license', where);
  expect(known.licenses.has(license), { what: `a license that is listed for ${where}`, found: license });
  for (const source of [fields['readIn'], inner(fields, 'accuracy', where), inner(fields, 'speed', where)]) {
    expect(source === undefined || known.sources.has(source as string), {
      what: `a source that is listed for ${where}`,
      found: source,
    });
  }
  expect(note === undefined || typeof note === 'string', {
    what: `a text for note of ${where}`,
    found: note,
  });
  textOf(fields, 'family', where);
  return { ...(fields as unknown as CatalogModel), tried: tried as boolean };
}

/** Checks the source of a field's figures. */
function inner(fields: Readonly<Record<string, unknown>>, key: 'accuracy' | 'speed', where: string): unknown {
  if (fields[key] === undefined) return undefined;
  const values = record(fields[key], `${key} of ${where}`);
  const { source, fps, ...numbers } = values;
  const wanted = key === 'accuracy' ? 'mask' : 'ms';
  const all = [values[wanted], ...Object.values(numbers), ...(fps === undefined ? [] : [fps].flat())];
  for (const number of all) {
    expect(typeof number === 'number' && number > 0, {
      what: `numbers for ${key} of ${where}`,
      found: number,
    });
  }
  return textOf({ source }, 'source', `${key} of ${where}`);
}

/**
 * Addresses must be https. http is accepted with a published checksum, which shows whether the file was changed on the way,
 * and on the local machine.
 */
function checkUrl(text: string, hasSum: boolean, where: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const right = url?.protocol === 'https:' || (url?.protocol === 'http:' && (hasSum || local));
  if (url && right && url.username === '' && url.password === '') return url;
  throw new ExpectationError(
    `an address with https for url of ${where}`,
    text,
    url?.protocol === 'http:' ? 'http is accepted with sha256 only.' : FORM,
  );
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ExpectationError(`an object for ${where}`, value, FORM);
}

function textOf(fields: Readonly<Record<string, unknown>>, key: string, where: string): string {
  const value = fields[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new ExpectationError(`a text for ${key} of ${where}`, value, FORM);
}

function expect(right: boolean, { what, found }: { what: string; found: unknown }): void {
  if (!right) throw new ExpectationError(what, found, FORM);
}
