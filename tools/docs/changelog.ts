import { ExpectationError } from '../../src/base/expect.js';

const PACKAGE = 'tros_yolo_seg';
const MAINTAINERS = 'The tros_yolo_seg authors';

/**
 * CHANGELOG.rst, as catkin_pkg and bloom read it (REP-132), made from CHANGELOG.md (Keep a Changelog).
 *
 *     ## [0.1.0] - 2026-11-26          0.1.0 (2026-11-26)
 *     ### Added                 =>     ------------------
 *     - Uses `x`.                      * Added: Uses ``x``.
 *
 * The text above the first version and the addresses at the end are omitted: they are for readers on the web.
 *
 * @throws ExpectationError for a heading that is neither a version nor a kind of change
 */
export function changelogRst(markdown: string): string {
  const lines = [underlined(`Changelog for package ${PACKAGE}`, '^')];
  for (const version of markdown
    .replace(/^\[[^\]]+\]: .*$/gm, '')
    .split(/^(?=## )/m)
    .slice(1)) {
    const [heading = '', ...body] = version.split('\n');
    const items = itemsOf(body).map((item) => `* ${item}`);
    lines.push('', underlined(versionOf(heading), '-'), ...items, `* Contributors: ${MAINTAINERS}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Items and paragraphs of a version, each in one line, items with the kind of change in front. */
function itemsOf(lines: readonly string[]): string[] {
  const items: string[] = [];
  let kind = '';
  let open = false;
  for (const line of lines) {
    if (line.startsWith('#')) {
      const [, name] = /^### (Added|Changed|Deprecated|Removed|Fixed|Security)$/.exec(line) ?? refuse(line);
      kind = `${name}: `;
    } else if (line.startsWith('- ')) {
      items.push(kind + line.slice(2));
    } else if (open && line.trim() !== '') {
      items.push(`${items.pop()} ${line.trim()}`);
    } else if (line.trim() !== '') {
      items.push(line.trim());
    }
    open = line.trim() !== '' && !line.startsWith('#');
  }
  return items.map(inline);
}

/** `0.1.0 (2026-11-26)` for `## [0.1.0] - 2026-11-26`, and catkin's name of a future version for `## [Unreleased]`. */
function versionOf(line: string): string {
  if (line === '## [Unreleased]') return 'Forthcoming';
  const [, version, date] = /^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$/.exec(line) ?? refuse(line);
  return `${version} (${date})`;
}

function refuse(line: string): never {
  throw new ExpectationError('## [VERSION] - DATE, ## [Unreleased] or ### Added in CHANGELOG.md', line);
}

/** Code is between two backquotes in reStructuredText, links are `text <address>`_, those within the repository only text. */
function inline(text: string): string {
  return text
    .replace(/`([^`]+)`/g, '``$1``')
    .replace(/\[([^\]]+)\]\((https?:[^)]+)\)/g, '`$1 <$2>`_')
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1');
}

function underlined(title: string, character: string): string {
  return `${title}\n${character.repeat(title.length)}`;
}
