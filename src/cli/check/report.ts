import { type Color, colored } from '../color.js';
import { printable } from '../printable.js';
import type { Section, Verdict } from './finding.js';

const VERDICTS: readonly Verdict[] = ['failure', 'warning', 'note', 'unknown', 'ok'];

const COLORS: Partial<Record<Verdict, Color>> = { failure: 'red', warning: 'yellow', ok: 'green' };

/** Number of findings for each verdict. */
export function countOf(sections: readonly Section[], verdict: Verdict): number {
  return sections.flatMap(({ findings }) => findings).filter((finding) => finding.verdict === verdict).length;
}

/** The verdict in the first column, which a terminal shows in color. */
function mark(verdict: Verdict, colors: boolean): string {
  const [text, color] = [verdict.padEnd(9), COLORS[verdict]];
  return color === undefined || !colors ? text : colored(text, color, process.stdout);
}

/**
 * The report as text to paste into an issue: one line per finding, hints below.
 *
 * @param colors whether it is for standard output, which may be a terminal
 */
export function reportText(title: string, sections: readonly Section[], colors = true): string {
  const width = Math.max(...sections.flatMap(({ findings }) => findings.map(({ what }) => what.length)));
  const lines = [title];
  for (const section of sections) {
    lines.push('', section.title);
    for (const { what, verdict, text, hint } of section.findings) {
      lines.push(`  ${mark(verdict, colors)}${what.padEnd(width + 2)}${printable(text)}`);
      if (hint) lines.push(`${' '.repeat(width + 13)}-> ${printable(hint)}`);
    }
  }
  const counts = VERDICTS.map((verdict) => [countOf(sections, verdict), verdict] as const)
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`);
  return `${[...lines, '', counts.join(', ')].join('\n')}\n`;
}
