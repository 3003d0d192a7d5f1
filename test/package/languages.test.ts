import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { repository } from '../data.js';

/** Pages that exist in both languages; `whole`: with all figures. The page on models leaves its tables of measurements to the English one. */
const PAIRS = [
  { english: 'README.md', chinese: 'README.zh-CN.md', whole: true },
  { english: 'docs/models.md', chinese: 'docs/models.zh-CN.md', whole: false },
] as const;

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const unique = (words: Iterable<string>): string[] => [...new Set(words)].sort();

/** Commands in blocks of code, without the comments beside them. */
function commands(page: string): string[] {
  const lines = page.split('\n');
  const starts =
    /^(tros-yolo-seg|ros2|npm|node|colcon|source|mkdir|CAM_TYPE|hb_|hrt_|yolo|pip|python|sudo)\b/;
  return unique(
    lines
      .filter((line) => /^( {4}|\S)/.test(line) && starts.test(line.trim()))
      .map((line) => line.replace(/ +#.*/, '').trim()),
  );
}

/** Words between back quotes outside of blocks: options, parameters, files, commands. */
function code(page: string): string[] {
  const prose = page.replace(/^```[\s\S]*?^```$/gm, '');
  return unique([...prose.matchAll(/`([^`\n]+)`/g)].map(([, word]) => word!));
}

/** Options of commands, wherever they stand. */
function options(page: string): string[] {
  return unique([...page.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([word]) => word));
}

describe('the pages in Chinese', () => {
  for (const { english, chinese, whole } of PAIRS) {
    it(`${chinese} has the commands and options of ${english}`, () => {
      const [from, to] = [read(english), read(chinese)];
      assert.deepEqual(commands(to), commands(from));
      assert.deepEqual(options(to), options(from));
      assert.deepEqual(code(to), code(from));
    });

    it(`${chinese} has the figures, pictures and chapters of ${english}`, () => {
      const [from, to] = [read(english), read(chinese)];
      const pictures = (page: string): string[] =>
        [...page.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, at]) => at!);
      assert.deepEqual(pictures(to), pictures(from));
      const levels = (page: string): string[] =>
        [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^(#+) /gm)].map(([, level]) => level!);
      assert.deepEqual(levels(to), levels(from));
      const figures = (page: string): string[] =>
        unique([...page.matchAll(/\d+(?:[.,]\d+)*/g)].map(([word]) => word));
      const missing = figures(from).filter((figure) => !figures(to).includes(figure));
      if (whole) assert.deepEqual(missing, []);
      assert.deepEqual(
        figures(to).filter((figure) => !figures(from).includes(figure)),
        [],
      );
    });

    it(`${chinese} links to the pages that ${english} links to`, () => {
      const targets = (page: string): string[] =>
        unique(
          [...page.matchAll(/\]\(([\w/.-]+\.md)(?:#[^)]*)?\)/g)].map(([, at]) =>
            at!.replace('.zh-CN.md', '.md'),
          ),
        ).filter((at) => at !== english.split('/').at(-1));
      const linked = targets(read(chinese));
      assert.deepEqual(
        targets(read(english)).filter((at) => !linked.includes(at)),
        [],
      );
    });

    it(`${chinese} links to ${english}, and the other way round, and prefers Chinese pages`, () => {
      assert.match(read(chinese).slice(0, 200), /\[English\]\(/);
      assert.match(read(english).slice(0, 200), /\[简体中文\]\(/);
      for (const [, target = ''] of read(chinese).matchAll(/\]\(([\w/.-]+\.md)(?:#[^)]*)?\)/g)) {
        const translated = target.replace(/\.md$/, '.zh-CN.md');
        const known = target.endsWith('.zh-CN.md') || !existsSync(join(repository, translated));
        // Where the Chinese page leaves something out, it says where that is.
        assert.ok(
          known || read(chinese).includes(translated) || target === english.split('/').at(-1),
          target,
        );
      }
    });
  }
});
