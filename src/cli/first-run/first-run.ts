import { dirname } from 'node:path';
import { makeFolder } from '../../base/files/folder.js';
import { writeWholeSync } from '../../base/files/whole-file.js';
import type { Section } from '../check/finding.js';
import { reportText } from '../check/report.js';

/** What the owner of the board writes by hand. */
const FORM = ['Board and revision', 'Camera', 'Cooling and power supply', 'What I saw that is not below'];

/** One part of a first run: its name for the progress, and what makes its section of the report. */
export interface Part {
  readonly name: string;
  readonly run: () => Promise<Section>;
}

/**
 * Runs the parts one after the other, and writes the file after each: what is known so far is in it, whatever happens.
 *
 * @param title first line of the report
 * @param tell receives lines for the user
 * @returns the sections of the parts that were run
 */
export async function firstRun(
  file: string,
  title: string,
  parts: readonly Part[],
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<Section[]> {
  makeFolder(dirname(file));
  const sections: Section[] = [];
  const write = (): void => writeWholeSync(file, formText(title, sections, parts.length));
  write();
  for (const [index, { name, run }] of parts.entries()) {
    if (signal.aborted) break;
    tell(`${index + 1} of ${parts.length}: ${name} ...`);
    sections.push(await run());
    write();
  }
  return sections;
}

/** The file: a form for the owner, and the report below. */
function formText(title: string, sections: readonly Section[], parts: number): string {
  const missing = parts - sections.length;
  const state: Section = {
    title: 'First run',
    findings: [
      missing === 0
        ? { what: 'parts', verdict: 'ok', text: `all ${parts}` }
        : {
            what: 'parts',
            verdict: 'unknown',
            text: `${sections.length} of ${parts}; it was stopped, or is running`,
          },
    ],
  };
  const report = reportText(title, [...sections, state], false);
  return [...FORM.map((question) => `${question}:`), '', '```text', report.trimEnd(), '```', ''].join('\n');
}
