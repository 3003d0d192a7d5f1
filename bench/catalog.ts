import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ExpectationError } from '../src/base/expect.js';
import type { Bench } from './bench.js';

const folder = new URL('./benches/', import.meta.url);

/** Names of all benches, from their files, in alphabetical order. */
export function benchNames(): string[] {
  return readdirSync(fileURLToPath(folder))
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.slice(0, -'.js'.length))
    .sort();
}

/** @throws ExpectationError for an unknown name */
export async function loadBench(name: string): Promise<Bench> {
  const known = benchNames();
  if (!known.includes(name)) {
    throw new ExpectationError(`a bench (${known.join(', ')})`, name, 'See npm run bench -- --list.');
  }
  const { bench } = (await import(new URL(`${name}.js`, folder).href)) as { bench: Bench };
  return bench;
}
