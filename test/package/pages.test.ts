import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'mocha';
import { cli } from '../cli/cli.js';
import { repository } from '../data.js';

/** Pages for people, by their path in the repository. */
const PAGES = [
  ...readdirSync(repository).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(repository, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'models/README.md',
];

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** Files of TROS, the vendor's compiler or the reader that pages name. */
const OTHERS = new Set(['config/yolo26esegworkconfig.json']);

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('README.md and the pages of docs/', () => {
  it('link to files and headings that exist', () => {
    let links = 0;
    for (const page of PAGES) {
      for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)) {
        if (/^$|^https?:/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? page : normalize(join(dirname(page), file));
        assert.ok(existsSync(join(repository, path)), `${page}: ${target}`);
        if (anchor !== undefined) assert.ok(anchors(read(path)).includes(anchor), `${page}: ${target}`);
        links++;
      }
    }
    assert.ok(links > 20);
  });

  it('name files that exist', () => {
    const named =
      /(?<![\w/.$-])(?:src|test|tools|scripts|docs|config|native|models|cmake|rviz)\/[\w./-]+\.\w+/g;
    let files = 0;
    for (const page of PAGES) {
      for (const [path] of read(page).matchAll(named)) {
        assert.ok(OTHERS.has(path) || existsSync(join(repository, path)), `${page}: ${path}`);
        files++;
      }
    }
    assert.ok(files > 50);
  });

  it('name commands and options that exist', async () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const uses: { command: string; options: string[]; where: string }[] = [];
    for (const page of PAGES) {
      const text = read(page);
      const lines = [...text.split('\n'), ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)];
      for (const line of lines.map((each) => each.trim())) {
        const where = `${page}: ${line}`;
        const [, script] = /^npm run (?:-s )?([\w:]+)/.exec(line) ?? [];
        if (script !== undefined) assert.ok(script in scripts, where);
        const [, command, rest = ''] = /^tros-yolo-seg (model [a-z]+|[a-z]+)( .*)?$/.exec(line) ?? [];
        if (command === undefined) continue;
        const options = [...rest.replace(/ #.*/, '').matchAll(/ (--?[a-z][a-z-]*)/g)].map(
          ([, name]) => name!,
        );
        uses.push({ command, options, where });
      }
    }
    const commands = [...new Set(uses.map(({ command }) => command))];
    assert.ok(commands.length >= 8, commands.join());
    const helps = await Promise.all(commands.map((command) => cli([...command.split(' '), '--help'])));
    for (const { command, options, where } of uses) {
      const { code, stdout } = helps[commands.indexOf(command)]!;
      assert.equal(code, 0, where);
      for (const option of options) {
        assert.match(stdout, new RegExp(`^ .*(^|[ ,])${option}[ ,\\n]`, 'm'), where);
      }
    }
  });
});
