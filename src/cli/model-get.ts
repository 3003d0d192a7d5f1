import { ExpectationError } from '../base/expect.js';
import { type CatalogModel, type License, loadCatalog } from '../model/catalog.js';
import { AcceptedLicenses } from '../model/download/licenses.js';
import type { GotModel } from '../model/download/get-model.js';
import { cachedFile } from '../model/model-cache.js';
import { askLine, isYes } from './ask.js';
import { command } from './program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { Progress, sizeText } from './progress.js';
import { Stop } from './stop.js';

const OPTIONS = {
  'accept-license': {
    type: 'boolean',
    alias: 'accept-licence',
    help: "accept the models' licenses; asked once for each license",
  },
  force: {
    type: 'boolean',
    help: 'download again what is in the cache, and accept a file that its publisher has changed',
  },
  quiet: { type: 'boolean', short: 'q', help: 'no progress; errors only' },
  ...COMMON_OPTIONS,
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg model get NAME... [options]

Downloads models by name into $XDG_CACHE_HOME/tros-yolo-seg/models (default ~/.cache) and prints their paths.
Models in the cache are checked without any request. An interrupted download continues where it ended. Proxies
are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY. tros-yolo-seg model list shows the names; --model NAME
and the node's parameter model accept them.

${optionHelp(OPTIONS)}
`;

/** `tros-yolo-seg model get`: downloads models by name. */
export const get = command({
  summary: 'download a model by name',
  usage: USAGE,
  options: OPTIONS,
  async run(args) {
    if (args.positionals.length === 0) {
      throw new ExpectationError('names of models', 'none', 'tros-yolo-seg model list shows them.');
    }
    const catalog = loadCatalog();
    // Check all names before the first download.
    const models = args.positionals.map((name) => catalog.get(name));
    const [force, quiet] = [args.flag('force'), args.flag('quiet')];
    for (const model of models) {
      if (force || !cachedFile(model)) {
        await consent(model, catalog.licenseOf(model), args.flag('accept-license'));
      }
    }
    const stop = Stop.listen(true);
    try {
      for (const model of models) {
        const got = await download(model, force, quiet, stop.signal);
        if (!quiet) process.stderr.write(`${resultText(model, got)}\n`);
        process.stdout.write(`${got.path}\n`);
      }
      return 0;
    } catch (error) {
      if (stop.exitCode === undefined) throw error;
      if (!quiet)
        process.stderr.write(
          `${stop.text}What was received is kept; the same command continues from there.\n`,
        );
      return stop.exitCode;
    } finally {
      stop.release();
    }
  },
});

/** @throws ExpectationError if the license has not been accepted and nobody can be asked */
async function consent(model: CatalogModel, license: License, given: boolean): Promise<void> {
  const accepted = new AcceptedLicenses();
  if (accepted.has(license)) return;
  const { stdin, stderr } = process;
  stderr.write(
    `${model.name} by ${license.holder} is under ${license.id}, the ${license.name}: ${license.url}\n`,
  );
  const asked = !given && stdin.isTTY && stderr.isTTY;
  if (given || (asked && isYes(await askLine('Do you accept this license? [y/N] ', stdin, stderr)))) {
    return accepted.accept(license);
  }
  throw new ExpectationError(
    `your consent to ${license.id} for ${model.name}`,
    asked ? 'no' : 'none',
    `Read ${license.url} and add --accept-license.`,
  );
}

async function download(
  model: CatalogModel,
  force: boolean,
  quiet: boolean,
  signal: AbortSignal,
): Promise<GotModel> {
  // Only a download needs the network.
  const { getModel } = await import('../model/download/get-model.js');
  let progress: Progress | undefined;
  try {
    return await getModel(model, {
      force,
      signal,
      onResume: (done) => {
        if (!quiet) process.stderr.write(`${model.name}: continuing after ${sizeText(done)}\n`);
      },
      onProgress: (done, total) => {
        if (quiet) return;
        progress ??= new Progress(model.name, total, process.stderr, 'bytes', done);
        progress.reach(done);
      },
    });
  } finally {
    progress?.end();
  }
}

function resultText(
  { name, sha256, tried }: CatalogModel,
  { record, downloaded, changedFrom }: GotModel,
): string {
  const size = sizeText(record.size);
  if (!downloaded) return `${name}: in the cache, ${size}, unchanged`;
  const sum = `sha256 ${record.sha256}`;
  const whose = sha256 !== undefined ? 'as published' : 'kept to detect changes; its publisher gives none';
  const lines = [`${name}: ${size}, ${sum} (${whose})`];
  if (changedFrom !== undefined)
    lines.push(`This file differs from the previous one, which had sha256 ${changedFrom}.`);
  if (!tried)
    lines.push('This project has not tried this file: compare its first results with what you expect.');
  return lines.join('\n');
}
