import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { packageRoot } from '../../base/package-root.js';
import { Font } from './harfbuzz.js';

/** The fonts of the package (fonts/README.md). Chinese takes 1.5 MB of memory, and is read at the first text that needs it. */
const FONT_FILES = { latin: 'latin.ttf.br', chinese: 'chinese.otf.br' } as const;
export type FontName = keyof typeof FONT_FILES;

const fonts = new Map<FontName, Font>();

function fontOf(name: FontName): Font {
  let font = fonts.get(name);
  if (font) return font;
  const path = join(packageRoot, 'fonts', FONT_FILES[name]);
  try {
    font = new Font(brotliDecompressSync(readFileSync(path)));
  } catch (error) {
    throw new ExpectationError(`a font at ${path}`, messageOf(error), 'Install the package again.', {
      cause: error,
    });
  }
  fonts.set(name, font);
  return font;
}

/** A part of a text that has glyphs of one font. */
export interface FontRun {
  readonly font: Font;
  readonly name: FontName;
  readonly text: string;
}

/** Chinese characters, kana, and the punctuation and wide forms among them. */
const CHINESE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u;
const characters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Splits a text into characters as people count them. */
export function graphemes(text: string): string[] {
  return Array.from(characters.segment(text), ({ segment }) => segment);
}

/**
 * Splits a text by the font that has its characters; what none has is left to the first, as its box for missing ones.
 */
export function fontRuns(text: string): FontRun[] {
  const runs: { name: FontName; text: string }[] = [];
  for (const character of graphemes(text)) {
    const name = choose(character);
    const last = runs.at(-1);
    if (last?.name === name) last.text += character;
    else runs.push({ name, text: character });
  }
  return runs.map((run) => ({ ...run, font: fontOf(run.name) }));
}

function choose(character: string): FontName {
  const [first, second]: [FontName, FontName] = CHINESE.test(character)
    ? ['chinese', 'latin']
    : ['latin', 'chinese'];
  if (character >= ' ' && character <= '~') return first;
  const has = (name: FontName): boolean =>
    fontOf(name)
      .shape(character)
      .glyphs.every(({ id }) => id !== 0);
  return has(first) || !has(second) ? (has(first) ? first : 'latin') : second;
}
